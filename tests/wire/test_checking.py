"""What is sent is checked before, by the level that was asked for; what was sent is not again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alliance_fhir.errors import MappingError
from alliance_fhir.fhir.check import Checker

from .conftest import FIRST, SECOND, Syncing, of_group

if TYPE_CHECKING:
    from alliance_fhir.fhir.group import Resource

BROKEN = "Observation, status: breaks the schema's rule"


def breaks(monkeypatch: pytest.MonkeyPatch, of: str, where: str = "_valid") -> list[str]:
    """From now on our own check finds the scores of one patient to be wrong. What it looked at."""
    looked: list[str] = []
    really = getattr(Checker, where)

    def looking(self: Checker, resource: Resource, *more: object) -> object:
        looked.append(resource.type)
        whose = resource.body.get("subject", {}).get("identifier", {}).get("value")
        if (resource.type, whose) == ("Observation", of):
            raise MappingError(BROKEN)
        return really(self, resource, *more)

    monkeypatch.setattr(Checker, where, looking)
    return looked


@pytest.mark.parametrize(
    ("level", "where"), [("schema", "_valid"), ("models", "_model")], ids=["schema", "models"]
)
def test_what_is_wrong_is_not_sent(
    clinic: Syncing, monkeypatch: pytest.MonkeyPatch, level: str, where: str
) -> None:
    """The first record went; the second is a defect of ours, and stops the run."""
    breaks(monkeypatch, SECOND.patient, where)
    for command in ("plan", "sync"):
        to = ("--to", clinic.little.url, "--ledger", clinic.ledger, "--check", level)
        more = ("--lanes", 1) if command == "sync" else ()
        ran = clinic.run(command, clinic.folder, *to, *more)
        assert ran.code == 6
        assert ran.err == f"error: {BROKEN}\n"
    assert [of_group(r, FIRST) for r in clinic.little.requests if of_group(r, FIRST)] == [True]
    assert not any(of_group(r, SECOND) for r in clinic.little.requests)
    monkeypatch.undo()
    clinic.whole()


def test_what_was_sent_is_not_checked_again(
    clinic: Syncing, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = breaks(monkeypatch, "nobody")
    clinic.sync()
    assert looked.count("Observation") == 10
    assert looked.count("Provenance") == 2
    looked.clear()
    assert clinic.sync().json["resources"]["unchanged"] == 14
    assert set(looked) <= {"Device", "Questionnaire"}
