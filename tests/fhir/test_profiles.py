"""The profiles: made of FHIR Shorthand by SUSHI, current, and fit for all that we write."""

from __future__ import annotations

import json
import runpy
from collections import Counter
from collections.abc import Callable, Iterable

import pytest
from making import R4, everything, of_outreach, of_plans, of_visits
from measured import measured
from profile_faults import (
    Json,
    Spoil,
    claiming,
    of_the_examples,
    planted_in,
    profiles_of,
)
from profile_faults_all import BY_EXTENSIONS, BY_PROFILES
from sited import HOME, of_a_site
from written_faults import WRITTEN

from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.versions import Version
from conftest import Official
from shorthand import BUILDS, PROFILES, Build
from validator import Validator

pytestmark = pytest.mark.server


@pytest.mark.parametrize("build", BUILDS)
def test_the_files_are_what_they_are_made_of(build: Build) -> None:
    built = runpy.run_path(str(PROFILES / "build.py"))
    made = built["made"](build)
    folder = PROFILES / build
    there = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*.*json")}
    assert {place: file.read_bytes() for place, file in there.items()} == made
    tight, left_out = built["schema"](build)
    assert (built["SCHEMAS"] / f"{build}.json").read_bytes() == tight
    assert (PROFILES / f"left-out-{build}.txt").read_bytes() == left_out


A_SITES_OWN = f"(codes = {HOME}/CodeSystem/concept#"
"""A warning: a site's own instrument has codes of the site, which no value set of ours can list."""


def refused(profiled: Official, bodies: Iterable[Json]) -> Counter[str]:
    """What the validator says of these when they claim their profiles, and says not without."""
    listed = [body for body in bodies if profiles_of(body)]
    plain = ((body["resourceType"], claiming(body, [])) for body in listed)
    claimed = ((body["resourceType"], claiming(body, profiles_of(body))) for body in listed)
    told = profiled.refused_json(claimed) - profiled.refused_json(plain)
    return Counter({one: count for one, count in told.items() if A_SITES_OWN not in one})


def test_the_examples_fit(profiled: Official) -> None:
    assert refused(profiled, of_the_examples(profiled.version.label)) == {}


Makes = Callable[[Version], Iterable[Resource]]


MAKES: list[Makes] = [everything, of_visits, of_outreach, of_plans, of_a_site, measured]


@pytest.mark.parametrize("make", MAKES)
def test_all_that_we_make_fits(make: Makes, profiled: Official) -> None:
    assert refused(profiled, (json.loads(one.json()) for one in make(profiled.version))) == {}


@pytest.mark.parametrize(("profile", "spoil", "named"), BY_PROFILES)
def test_a_planted_fault_is_found_by_a_profile_alone(
    profile: str, spoil: Spoil, named: str, validator_r4: Validator
) -> None:
    official = Official(R4, validator_r4)
    right, wrong = planted_in(profile, spoil)
    told = official.refused_json([(profile, claiming(wrong, profiles_of(right)))])
    without_claim = official.refused_json([(profile, claiming(wrong, []))])
    assert any(": error" in one and named in one for one in told - without_claim), told


@pytest.mark.parametrize(("profile", "spoil", "named"), BY_EXTENSIONS)
def test_a_planted_fault_is_found_by_an_extension_alone(
    profile: str, spoil: Spoil, named: str, validator_r4: Validator
) -> None:
    official = Official(R4, validator_r4)
    told = official.refused_json([(profile, claiming(planted_in(profile, spoil)[1], []))])
    assert any(": error" in one and named in one for one in told), told


def test_what_we_never_write_others_may(validator_r4: Validator) -> None:
    official = Official(R4, validator_r4)
    for profile, spoil, named in WRITTEN:
        right, other = planted_in(profile, spoil)
        texts = (claiming(body, profiles_of(right)) for body in (other, right))
        told, as_it_is = (official.refused_json([(profile, text)]) for text in texts)
        errors = [one for one in told - as_it_is if ": error" in one]
        assert errors == [], f"{profile}: {named}"
