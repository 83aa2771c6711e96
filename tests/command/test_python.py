"""The same from Python: paths of every kind, and settings that are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir import (
    AllianceError,
    Catalog,
    Settings,
    check,
    load,
    map_to,
    open_ledger,
    open_target,
    plan,
    pull,
    pull_appointments,
    pull_plans,
    pull_table,
    sync,
    verify,
    version,
)
from alliance_fhir.dead_letters import DeadLetters
from alliance_fhir.errors import ConfigError

from .tables import GOOD, site, srs, write

if TYPE_CHECKING:
    from collections.abc import Callable

R4 = version("R4")


class Other:
    """A path of some other library."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __fspath__(self) -> str:
        """What `open` asks for."""
        return self.name


KINDS: dict[str, Callable[[str], Any]] = {"text": str, "Path": Path, "another": Other}


@pytest.mark.parametrize("kind", KINDS)
def test_paths_are_text_or_paths_of_any_kind(kind: str) -> None:
    """Of sources, folders, ledgers, tables, settings, dead letters and instruments."""
    path = KINDS[kind]
    site('patient_system = "urn:example:mrn"')
    write("a.csv", srs())
    settings = load(path("alliance.toml"))
    assert settings == load(Path("alliance.toml"))
    assert check([path("a.csv")], settings, R4).tally.accepted == 1
    mapped = map_to([path("a.csv")], path("mapped"), settings, R4)
    assert mapped.as_json()["target"] == "mapped"
    assert (Path("mapped") / "Observation.ndjson").is_file()
    target = open_target(path("out"), settings)
    with open_ledger(path("book.sqlite"), target, settings) as ledger:
        assert plan([path("a.csv")], target, ledger, settings).tally.resources["created"] == 6
        letters = DeadLetters(path("letters.jsonl"))
        sent = sync([path("a.csv")], target, ledger, settings, letters=letters)
        assert (sent.exit_code, sent.tally.resources["created"]) == (0, 6)
        verified = verify(target, ledger).verify
    assert verified
    assert verified.equal == 6
    assert Path("book.sqlite").is_file()
    assert pull(target, path("back"), settings).ok
    assert pull_table(target, path("back.csv"), settings, out=path("back")).tally.accepted == 1
    assert GOOD in Path("back.csv").read_text()
    assert pull_appointments(target, path("visits.csv"), settings, out=path("there")).ok
    assert pull_plans(target, path("plans"), settings, out=path("there2")).ok
    assert Path("there2/pull.json").is_file()
    target.close()
    assert Catalog([path("instruments")]).ids == Catalog().ids


@pytest.mark.parametrize("kind", KINDS)
def test_one_source_alone_need_not_be_in_a_list(kind: str) -> None:
    """Text is not taken for its letters."""
    site()
    write("a.csv", srs())
    settings = load("alliance.toml")
    source = KINDS[kind]("a.csv")
    assert check(source, settings, R4).tally.accepted == 1
    assert map_to(source, "out", settings, R4).tally.accepted == 1
    target = open_target("to", settings)
    with open_ledger("book.sqlite", target, settings) as ledger:
        assert plan(source, target, ledger, settings).tally.accepted == 1
        assert sync(source, target, ledger, settings).tally.accepted == 1
    target.close()


def test_a_url_that_became_a_path_makes_no_folder() -> None:
    with pytest.raises(ConfigError, match="a server's URL is text"):
        open_target(Path("https://fhir.example/r4"), Settings(source="clinic-east"))
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"sauce": GOOD}, "sauce: is no key that we know; did you mean source?"),
        ({"source": f"{GOOD} and more"}, "source: must be one word of letters, digits, "),
        ({"synthetic": GOOD}, "synthetic: must be true or false"),
        ({"look_back_days": GOOD}, "look_back_days: must be a whole number"),
        ({"history_from": GOOD}, "history_from: must be a day such as 2026-03-02"),
        ({"sensitivity": GOOD}, "sensitivity: must be a list"),
        ({"sensitivity": [GOOD]}, "sensitivity.0: must be 'MH', 'PSY' or 'BH'"),
        ({"targets": {"live": {}}}, "targets.live.url: is missing; add it"),
        ({"targets": {"live": GOOD}}, "targets.live: must be a table"),
        (
            {"targets": {"live": {"url": "x", "lane": GOOD}}},
            "targets.live.lane: is no key that we know; did you mean lanes?",
        ),
        (
            {"targets": {"live": {"url": "x", "lanes": 99}}},
            "targets.live.lanes: must be 32 or less",
        ),
        ({"targets": {"live": {"url": "x", "rate": GOOD}}}, "targets.live.rate: must be a number"),
        (
            {"targets": {"live": {"url": "x", "tls": {"ca_fil": GOOD}}}},
            "targets.live.tls.ca_fil: is no key that we know; did you mean ca_file?",
        ),
        (
            {"targets": {"live": {"url": "x", "without": [GOOD]}}},
            "targets.live.without.0: must be 'transactions', 'batches', ",
        ),
        ({"zone": GOOD}, "zone: is no time zone of the IANA database, such as Europe/Berlin"),
        ({"folder": 3}, "folder: must be a path"),
    ],
)
def test_settings_that_are_wrong_are_told_in_one_line_without_their_value(
    told: dict[str, Any], message: str
) -> None:
    for make in (lambda: Settings(**told), lambda: Settings.model_validate(told)):
        with pytest.raises(ConfigError) as raised:
            make()
        assert str(raised.value).startswith(f"Settings: {message}")
        assert "\n" not in str(raised.value)
        assert GOOD not in str(raised.value)
        assert isinstance(raised.value, AllianceError)
        assert raised.value.__suppress_context__
