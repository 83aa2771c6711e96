"""`measure --to`: at every kind of target once, and no more than once."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from alliance_fhir.testing import FhirServer

from .oracle import generated
from .site import row, settings, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Ran

Json = dict[str, Any]
RUNGS: dict[str, tuple[str, frozenset[str]]] = {
    "little-r4": ("4.0.1", frozenset()),
    "little-r5": ("5.0.0", frozenset()),
    "batches": ("4.0.1", frozenset({"transactions"})),
    "singles": ("4.0.1", frozenset({"transactions", "batches"})),
    "search-first": ("4.0.1", frozenset({"conditional-create"})),
    "by-patient": ("4.0.1", frozenset({"identifier-search"})),
    "read-and-compare": ("4.0.1", frozenset({"if-match"})),
}
SERVERS = [pytest.param(name, marks=pytest.mark.server) for name in ("hapi_r4", "hapi_r5")]
PERIOD = ("--from", "2020-01-01", "--until", "2022-12-31")
STATES = ("created", "updated", "unchanged")


@pytest.fixture(params=["folder", *RUNGS, *SERVERS])
def to(request: pytest.FixtureRequest) -> Iterator[str]:
    """A target that holds nothing."""
    with ExitStack() as stack:
        if request.param in RUNGS:
            version, lacks = RUNGS[request.param]
            yield stack.enter_context(FhirServer(version, lacks=lacks)).url
        else:
            real = request.param != "folder"
            yield request.getfixturevalue(request.param) if real else "there"


@pytest.fixture
def rows() -> list[dict[str, str]]:
    """A table of visits of three years, in the working folder."""
    settings(smallest=None)
    write(made := generated(1, 400, 60))
    return made


def there(to: str, type_: str) -> list[Json]:
    """All of a type, as somebody else sees it."""
    if to.startswith("http"):
        bundle = httpx.get(f"{to}/{type_}", params={"_count": "100"}).raise_for_status().json()
        return [entry["resource"] for entry in bundle.get("entry", [])]
    files = Path(to).glob(f"{type_}.*ndjson")
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def scores(to: str) -> dict[str, float]:
    """The scores of the reports, by their measures."""
    found: dict[str, float] = {}
    for body in there(to, "MeasureReport"):
        group = body["group"][0]
        score = group.get("measureScore") or group["measureScoreQuantity"]
        assert body["measure"] not in found
        found[body["measure"].partition("|")[0].rpartition("/")[2]] = float(score["value"])
    return found


def measured(command: Callable[..., Ran], to: str, *words: str) -> tuple[Json, tuple[int, ...]]:
    """What a run said, and how much it created, updated and left."""
    ran = command("measure", "visits.csv", "--to", to, "--json", *PERIOD, *words)
    assert ran.code == 0, ran.out
    return ran.json, tuple(ran.json["resources"][state] for state in STATES)


def own(ran: Json) -> dict[str, float]:
    """The rates that a run printed."""
    figures = ran["measures"]["figures"]
    return {one["measure"]: one["rate"] for one in figures if one["group"] == "all"}


def test_once_and_again_and_changed_and_taken_back(
    command: Callable[..., Ran], to: str, rows: list[dict[str, str]]
) -> None:
    first, counts = measured(command, to)
    assert counts == (5, 0, 0)  # this software, two Measures, a report of each
    assert scores(to) == own(first)
    assert len(there(to, "Measure")) == 2
    assert command("verify", "--to", to, "--json").code == 0

    _, counts = measured(command, to)
    assert counts == (0, 0, 5)

    write([*rows, row("p1", "2022-06-02", "no-show", service="Psychotherapy")])
    later, counts = measured(command, to)
    assert counts == (0, 1, 4)
    assert scores(to) == own(later) != own(first)
    assert command("verify", "--to", to, "--json").code == 0

    if to == "there":  # of a folder nothing is taken back
        return
    assert command("undo", later["run"], "--to", to, "--json").code == 0
    assert scores(to) == own(first)
    assert command("undo", first["run"], "--to", to, "--json").code == 0
    assert there(to, "MeasureReport") == there(to, "Measure") == []


def test_another_period_is_another_report(
    command: Callable[..., Ran], rows: list[dict[str, str]]
) -> None:
    with FhirServer() as little:
        measured(command, little.url)
        _, counts = measured(command, little.url, "--until", "2022-06-30")
        assert counts == (2, 0, 3)
        periods = {body["period"]["end"] for body in there(little.url, "MeasureReport")}
        assert periods == {"2022-12-31", "2022-06-30"}


@pytest.mark.parametrize("rung", ["little-r4", "search-first", "by-patient"])
def test_a_ledger_that_was_lost_makes_no_doubles(
    command: Callable[..., Ran], rung: str, rows: list[dict[str, str]]
) -> None:
    with FhirServer(lacks=RUNGS[rung][1]) as little:
        measured(command, little.url, "--ledger", "a.sqlite")
        _, counts = measured(command, little.url, "--ledger", "b.sqlite")
        assert counts == (0, 0, 5)
        assert len(there(little.url, "MeasureReport")) == len(there(little.url, "Measure")) == 2


def test_undo_by_tags_leaves_what_somebody_changed_and_that_alone(
    command: Callable[..., Ran], rows: list[dict[str, str]]
) -> None:
    with FhirServer() as little:
        first, _ = measured(command, little.url, "--ledger", "a.sqlite")
        changed = there(little.url, "Measure")[0] | {"title": "Our own"}
        httpx.put(f"{little.url}/Measure/{changed['id']}", json=changed).raise_for_status()
        words = ("--to", little.url, "--json", "--ledger", "lost.sqlite")
        undone = command("undo", first["run"], *words).json["undone"]
        assert (undone["removed"], undone["left"]) == (4, 1)
        assert [body["title"] for body in there(little.url, "Measure")] == ["Our own"]


def test_beside_what_sync_sent(command: Callable[..., Ran], rows: list[dict[str, str]]) -> None:
    """Neither takes anything of the other's for gone, or for its own."""
    write(rows[:20])
    assert command("sync", "visits.csv", "--to", "there", "--json").code == 0
    appointments = there("there", "Appointment")
    write(rows)
    _, counts = measured(command, "there")
    assert counts == (4, 0, 1)
    assert there("there", "Appointment") == appointments
    write(rows[:20])
    ran = command("sync", "visits.csv", "--to", "there", "--json", "--complete")
    assert (ran.code, ran.json.get("disappeared", [])) == (0, [])
    assert len(there("there", "MeasureReport")) == 2
    assert command("verify", "--to", "there", "--json").code == 0
