"""Real servers, read page by page: what was sent comes back, and later what came since."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from alliance_fhir.targets import reading
from alliance_fhir.targets.reading import TYPES
from contract.kinds import HELIOS, MEDPLUM, R4, R5, UNSAID
from contract.places import ServerPlace, name_of

from . import rows
from .test_assessments import one_row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran

Json = dict[str, Any]
SIZE = 5
"""Resources in a page."""
SENT = [
    one_row(record_id=f"r-{n}", patient=f"{rows.MRN}|10{n:02}", item_1=f"{n % 10}.5")
    for n in range(12)
]
PEOPLE = "--create-people"
LATER = one_row(record_id="r-12", patient=f"{rows.MRN}|1012", item_1="0.5")
COUNTS = {"Device": 1, "Questionnaire": 1, "QuestionnaireResponse": 12, "Observation": 24}


class Clinic(NamedTuple):
    """A clinic, and the server that it sends to."""

    folder: Path
    server: ServerPlace
    run: Callable[..., Ran]

    def sync(self, *told: rows.Row, ledger: str = "a.sqlite") -> dict[str, int]:
        """How many resources came to each state, after these rows were sent."""
        source = rows.write(self.folder / "rows.csv", told)
        return self.states(source, ledger)

    def states(self, source: Path, ledger: str) -> dict[str, int]:
        """The same of a file."""
        ran = self.ran("sync", source, "--to", self.server.address, "--ledger", ledger, PEOPLE)
        assert ran.code == 0, ran.out
        return {state: number for state, number in ran.json["resources"].items() if number}

    def pull(self, *words: object) -> Json:
        """The proof of each type, all of them complete."""
        ran = self.ran("pull", "--from", self.server.address, *words)
        assert (ran.code, ran.err) == (0, "")
        told = ran.json["pull"]
        assert all(proof["complete"] for proof in told.values()), told
        return told

    def ran(self, *words: object) -> Ran:
        """A command, as JSON."""
        fhir = ("--fhir", self.server.fhir) if self.server.fhir else ()
        return self.run(*words, *fhir, "--config", self.folder / "alliance.toml", "--json")

    def same(self) -> None:
        """What was pulled is what the server holds, each once and to the digit."""
        files = list((self.folder / "pulled").glob("*.ndjson"))
        lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
        got = [json.loads(line, parse_float=str) for line in lines]
        there = [body for body in self.server.everything if body["resourceType"] in TYPES]
        assert sorted(got, key=name_of) == sorted(there, key=name_of)


@pytest.fixture(params=[R4, R5, MEDPLUM, HELIOS])
def clinic(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    command: Callable[..., Ran],
    naps: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    """Twelve records at an empty server, whose pages are small."""
    monkeypatch.setattr(reading, "_SIZE", SIZE)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "alliance.toml").write_text('source = "clinic-east"\nsynthetic = true\n')
    server = ServerPlace(request.getfixturevalue(request.param))
    server.fhir = UNSAID.get(request.param, "")
    clinic = Clinic(tmp_path, server, command)
    assert clinic.sync(*SENT).keys() == {"created"}
    yield clinic
    server.close()


def found(told: Json) -> dict[str, tuple[int, int]]:
    """How many of each type were counted and found."""
    return {type_: (proof["counted"], proof["found"]) for type_, proof in told.items()}


def test_all_pages_come_and_then_what_is_new(clinic: Clinic) -> None:
    told = clinic.pull("--out", "pulled")
    assert found(told) == {
        **{type_: (number, number) for type_, number in COUNTS.items()},
        "Provenance": (12, 12),
    }
    clinic.same()
    assert clinic.sync(*SENT, LATER)["created"] == 5
    since = clinic.pull("--out", "pulled", "--since-last")
    assert all(proof["since"] for proof in since.values())
    clinic.same()


def test_a_table_of_more_than_one_page(clinic: Clinic) -> None:
    told = clinic.pull("--assessments", "back.csv")
    assert found(told) == {"QuestionnaireResponse": (12, 12), "Observation": (24, 24)}
    back = clinic.folder / "back.csv"
    assert rows.read(back) == rows.canonical(SENT)
    for ledger in ("a.sqlite", "lost.sqlite"):
        assert clinic.states(back, ledger).keys() == {"unchanged"}
