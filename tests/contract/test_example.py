"""The example clinic and its year of visits arrive everywhere, whole, and once."""

from __future__ import annotations

from pathlib import Path

import pytest

from alliance_fhir import load

from .clinic import Clinic, rules
from .kinds import R4, R5

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.long
@pytest.mark.parametrize("place_kind", ["folder", R4, R5])
def test_the_example_clinic_arrives_once(clinic: Clinic) -> None:
    arrives_once(clinic, EXAMPLES / "clinic")


@pytest.mark.parametrize("place_kind", ["folder", R4])
def test_its_year_of_visits_arrives_once(clinic: Clinic) -> None:
    """On a server its first weeks: `make demo-hapi` takes all of it."""
    arrives_once(clinic, EXAMPLES / "year", rows=300 if clinic.place.people else 0)


def arrives_once(clinic: Clinic, example: Path, rows: int = 0) -> None:
    """All of it is created, found again and equal, and then left as it is; of each file so many
    rows, where a number is given."""
    clinic.settings = load(example / "alliance.toml").model_copy(update={"folder": clinic.folder})
    clinic.sources = sorted(example.glob("*.csv"))
    if rows:
        clinic.sources = [part_of(path, clinic.folder, rows) for path in clinic.sources]
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


def part_of(path: Path, folder: Path, rows: int) -> Path:
    """A file of the first rows."""
    lines = path.read_bytes().splitlines(keepends=True)
    part = folder / path.name
    part.write_bytes(b"".join(lines[: rows + 1]))
    return part
