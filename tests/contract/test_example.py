"""The example clinic arrives everywhere, whole, and once."""

from __future__ import annotations

from pathlib import Path

import pytest

from alliance_fhir import load

from .clinic import Clinic, rules

CLINIC = Path(__file__).parents[2] / "examples" / "clinic"
SOURCES = sorted(CLINIC.glob("*.csv"))


@pytest.mark.parametrize("again", [{}, {"reread": True}], ids=["by the ledger", "by the target"])
def test_the_example_clinic_arrives_once(clinic: Clinic, again: dict[str, bool]) -> None:
    clinic.settings = load(CLINIC / "alliance.toml").model_copy(update={"folder": clinic.folder})
    clinic.sources = SOURCES
    first = clinic.sync(create_people=True)
    assert first.exit_code in (0, 4)  # some rows are wrong on purpose
    resources = first.tally.resources
    assert resources["created"] == sum(resources.values())
    assert rules(first, "blocked") == []
    assert clinic.verified() == resources["created"]
    assert len(clinic.place.everything) == resources["created"]

    second = clinic.sync(create_people=True, **again)
    assert clinic.wire.writes == []
    assert second.tally.resources["unchanged"] == sum(second.tally.resources.values())
    assert second.tally.rejected == first.tally.rejected
