"""Somebody who is not there is looked for once a minute, and by each run anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alliance_fhir import Options, load, open_ledger, open_target, registering, sync
from contract.clinic import STAFF, Row

if TYPE_CHECKING:
    import pytest

    from alliance_fhir import Result

    from .conftest import Syncing

ROWS = [Row(record_id=f"r-{n}", clinician=f"{STAFF}|7") for n in range(1, 151)]
SEARCH = "Practitioner/_search"


def searches(clinic: Syncing) -> int:
    return sum(request.path == SEARCH for request in clinic.little.requests)


def warned(result: Result) -> list[str]:
    return [finding.rule for finding in result.tally.warnings]


def test_a_run_looks_once_and_the_next_one_again(clinic: Syncing) -> None:
    settings = load(clinic.folder / "alliance.toml")
    clinic.write(*ROWS[:100])
    target = open_target(clinic.little.url, settings)
    with open_ledger(clinic.ledger, target, settings) as ledger:
        first = sync([clinic.folder], target, ledger, settings, Options(lanes=1))
        assert (first.ok, warned(first)) == (True, ["clinician-not-found"])
        assert searches(clinic) == 1
        someone = [{"system": STAFF, "value": "7"}]
        clinic.little.put(resourceType="Practitioner", identifier=someone)
        clinic.write(*ROWS)
        second = sync([clinic.folder], target, ledger, settings, Options(lanes=1))
        assert (second.ok, warned(second)) == (True, [])
        assert searches(clinic) == 2
    target.close()


def test_after_a_while_they_are_looked_for_again(
    clinic: Syncing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registering, "_ASKED_AGAIN", 0)
    clinic.write(*ROWS)
    assert clinic.sync().code == 0
    assert searches(clinic) > 1
