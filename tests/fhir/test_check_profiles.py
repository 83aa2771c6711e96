"""The run-time check is made of the profiles: it takes what fits them, and refuses what is planted
for them; what of them it does not know is listed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema_rs
import pytest
from making import R4, R5
from profile_faults import of_the_examples, planted_in
from profile_faults_all import BY_EXTENSIONS, BY_PROFILES
from written_faults import WRITTEN

from alliance_fhir.errors import MappingError
from alliance_fhir.fhir.check import Checker
from alliance_fhir.fhir.group import Resource
from shorthand import BUILDS, PROFILES, Build

if TYPE_CHECKING:
    from profile_faults import Json, Spoil

    from alliance_fhir.fhir.versions import Version

SCHEMAS = PROFILES.parent / "src" / "alliance_fhir" / "fhir" / "schema"
PLANS = ("plan-", "shared-", "agreed-")
NOT_REFUSED: set[str] = set()
"""Planted faults that no schema can find, as "profile: what is said of it"."""


def of_plan(profile: str, body: Json) -> bool:
    """Whether a resource is one of a shared plan, as whoever makes it knows."""
    signed = profile == "alliance-provenance" and "occurredDateTime" in body
    asked = profile == "alliance-questionnaire" and "code" not in body
    return profile.startswith(PLANS) or signed or asked


def check(body: Json, version: Version, *, plan: bool) -> None:
    """Raises MappingError."""
    Checker("schema", version).check([Resource(body["resourceType"], "", body, "")], of_plan=plan)


@pytest.mark.parametrize(("profile", "spoil", "named"), BY_PROFILES + BY_EXTENSIONS)
def test_what_profiles_refuse_is_refused(profile: str, spoil: Spoil, named: str) -> None:
    right, wrong = planted_in(profile, spoil)
    plan = of_plan(profile, right)
    check(right, R4, plan=plan)
    if f"{profile}: {named}" in NOT_REFUSED:
        check(wrong, R4, plan=plan)
        return
    with pytest.raises(MappingError, match="schema"):
        check(wrong, R4, plan=plan)


def test_what_is_said_not_to_be_refused_is_planted() -> None:
    assert {f"{one}: {named}" for one, _, named in BY_PROFILES + BY_EXTENSIONS} >= NOT_REFUSED


@pytest.mark.parametrize(("profile", "spoil", "named"), WRITTEN)
def test_what_we_never_write_is_refused(profile: str, spoil: Spoil, named: str) -> None:
    """Others may write it: see `test_profiles.py`."""
    right, wrong = planted_in(profile, spoil)
    plan = of_plan(profile, right)
    check(right, R4, plan=plan)
    with pytest.raises(MappingError, match="schema"):
        check(wrong, R4, plan=plan)


@pytest.mark.parametrize("version", [R4, R5], ids=lambda v: v.label)
def test_all_examples_are_taken(version: Version) -> None:
    # What comes of plans and what does not differs in these types, or by what is in it.
    for body in of_the_examples(version.label):
        taken = []
        for plan in (False, True):
            try:
                check(body, version, plan=plan)
            except (MappingError, jsonschema_rs.ValidationError):
                continue
            taken.append(plan)
        assert len(taken) == 1, body["resourceType"]


@pytest.mark.parametrize("build", BUILDS)
def test_the_schema_is_one(build: Build) -> None:
    """By the schema of schemas, which is not ours."""
    jsonschema_rs.meta.validate(json.loads((SCHEMAS / f"{build}.json").read_bytes()))


@pytest.mark.parametrize("build", BUILDS)
def test_of_our_own_rules_nothing_is_left_out(build: Build) -> None:
    told = (PROFILES / f"left-out-{build}.txt").read_text(encoding="utf-8").splitlines()
    ids = {file.stem.partition("-")[2] for file in (PROFILES / build).glob("StructureDefinition-*")}
    ours = [one for one in told if one.partition(":")[0] in ids or one.startswith("written-")]
    assert ours == []
