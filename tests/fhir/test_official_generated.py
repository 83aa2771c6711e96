"""Five hundred generated cases pass the official validator, in every version."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from generated import PLANS, RATINGS, VISITS, write
from profile_faults import claiming, profiles_of

from alliance_fhir.config import FILE, load
from alliance_fhir.story import map_to
from conftest import beyond

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Official

FORMS = ("Questionnaire", "Measure")
"""Which are the same as in the examples, and have their own tests."""


@pytest.mark.server
def test_whatever_comes_is_valid(official: Official, tmp_path: Path) -> None:
    """With the profiles claimed, where there are some of the version."""
    sources = write(tmp_path / "sources")
    out = tmp_path / "out"
    made = map_to([sources], out, load(sources / FILE), official.version)
    assert (made.tally.accepted, made.tally.read) == (500, RATINGS + VISITS + PLANS)
    claims = official.version.label != "R4B"
    bodies = (
        json.loads(line)
        for file in sorted(out.glob("*.ndjson"))
        if file.stem not in FORMS
        for line in file.read_bytes().splitlines()
    )
    told = (
        (one["resourceType"], claiming(one, profiles_of(one) if claims else [])) for one in bodies
    )
    assert beyond(official.refused_json(told)) == []
