"""The profiles: made of FHIR Shorthand by SUSHI, current, and fit for all that we write."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import pytest
from making import ALL_VERSIONS, R4, everything, of_outreach, of_plans, of_visits
from profile_faults import (
    FAULTS,
    IG,
    Json,
    Spoil,
    claiming,
    claims,
    first,
    of_the_examples,
    profiles_of,
)

from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.versions import Version
from shorthand import BUILT, PROFILES, compiled

if TYPE_CHECKING:
    from conftest import Official

pytestmark = pytest.mark.server


def test_the_files_are_what_sushi_makes() -> None:
    made = compiled(PROFILES)
    assert {file.name: file.read_bytes() for file in BUILT.iterdir()} == made


def refused(profiled: Official, bodies: Iterable[Json]) -> Counter[str]:
    """What the validator says of these as they are, and says not where they claim nothing."""
    listed = [body for body in bodies if claims(body)]
    plain = ((body["resourceType"], claiming(body, [])) for body in listed)
    claimed = ((body["resourceType"], json.dumps(body).encode()) for body in listed)
    return profiled.refused_json(claimed) - profiled.refused_json(plain)


def test_the_examples_fit(profiled: Official) -> None:
    assert refused(profiled, of_the_examples()) == {}


Makes = Callable[[Version], Iterable[Resource]]
MAKERS: list[Makes] = [everything, of_visits, of_outreach, of_plans]


@pytest.mark.parametrize("version", ALL_VERSIONS, ids=lambda version: version.label)
@pytest.mark.parametrize("make", MAKERS)
def test_all_that_we_make_claims_what_it_is_to_fit_on_r4_alone(
    make: Makes, version: Version
) -> None:
    for one in make(version):
        body = json.loads(one.json())
        fit = profiles_of(body) if version is R4 else []
        assert claims(body) == [f"{IG}/{profile}" for profile in fit], one.key


@pytest.mark.parametrize("make", MAKERS)
def test_all_that_we_make_fits(make: Makes, profiled: Official) -> None:
    assert refused(profiled, (json.loads(one.json()) for one in make(R4))) == {}


@pytest.mark.parametrize(("profile", "spoil", "named"), FAULTS)
def test_a_planted_fault_is_found_by_a_profile_alone(
    profile: str, spoil: Spoil, named: str, profiled: Official
) -> None:
    right = first(profile)
    wrong = spoil(right)
    told = profiled.refused_json([(profile, claiming(wrong, profiles_of(right)))])
    without_claim = profiled.refused_json([(profile, claiming(wrong, []))])
    assert any(": error" in one and named in one for one in told - without_claim), told
