"""The example clinic arrives everywhere, whole, and once."""

from __future__ import annotations

from pathlib import Path

import pytest

from alliance_fhir import load

from .clinic import Clinic, rules
from .kinds import R4, R5

CLINIC = Path(__file__).parents[2] / "examples" / "clinic"
SOURCES = sorted(CLINIC.glob("*.csv"))


@pytest.mark.long
@pytest.mark.parametrize("place_kind", ["folder", R4, R5])
def test_the_example_clinic_arrives_once(clinic: Clinic) -> None:
    clinic.settings = load(CLINIC / "alliance.toml").model_copy(update={"folder": clinic.folder})
    clinic.sources = SOURCES
    first = clinic.sync(create_people=True)
    assert first.exit_code in (0, 4)  # some rows are wrong on purpose
    resources = first.tally.resources
    assert resources["created"] == sum(resources.values())
    assert rules(first, "blocked") == []
    assert clinic.verified() == resources["created"]
    assert len(clinic.place.everything) == resources["created"]

    for again in (clinic.sync(create_people=True), clinic.sync_alone(reread=True)):
        assert again.tally.resources["unchanged"] == sum(again.tally.resources.values())
        assert again.tally.rejected == first.tally.rejected
    assert clinic.wire.writes == []
