"""The concept maps say of others' codes what the software makes of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any, get_args

import pytest

from alliance_fhir.domain.attendance import classify
from alliance_fhir.sources.hl7v2.statuses import TABLE_0278
from alliance_fhir.visit_words import Side
from shorthand import BUILDS, Build

from .asked import PROFILES

if TYPE_CHECKING:
    from alliance_fhir.visit_words import Status

START = datetime(2026, 3, 2, 14, tzinfo=UTC)
HOURS_BEFORE = (48, 2)
"""Of notice: in time, and within the window of a day. After the start it is none."""
every_build = pytest.mark.parametrize("build", BUILDS)


def targets(name: str, build: Build) -> dict[str, set[str]]:
    """What each code may become; nothing where it has no map."""
    body: Any = json.loads((PROFILES / build / f"ConceptMap-{name}.json").read_bytes())
    [group] = body["group"]
    assert group["target"] == "https://alliance-fhir.github.io/ig/CodeSystem/attendance"
    return {
        each["code"]: {target["code"] for target in each.get("target", []) if "code" in target}
        for each in group["element"]
    }


def kinds(status: Status) -> set[str]:
    """What a visit of such a status may be, whatever notice is known and from whom."""
    notices = [START - timedelta(hours=hours) for hours in HOURS_BEFORE]
    called = product((None, *notices), (None, *get_args(Side)))
    # a no-show of which notice was given is a cancellation: SCH-25 alone says no-show
    told = [(None, None)] if status == "no-show" else called
    return {classify(status, START, called_off=when, by=by).kind for when, by in told}


@every_build
def test_table_0278_becomes_what_messages_of_it_become(build: Build) -> None:
    said = targets("v2-0278-to-attendance", build)
    meant = {code: TABLE_0278.get(code.casefold()) for code in said}
    assert said == {code: kinds(status) if status else set() for code, status in meant.items()}
    assert {code.casefold() for code in said} == {
        *TABLE_0278,
        "discontinued",
        "blocked",
        "overbook",
    }


@every_build
def test_the_codes_of_the_nhs_are_told_apart_as_it_tells_them(build: Build) -> None:
    """By its data dictionary, ATTENDED OR DID NOT ATTEND CODE, June 2026: 5 attended on time, or
    late before somebody was ready; 6 late, and seen; 7 late, and not seen; 2 cancelled by the
    patient, in whatever time; 3 did not attend, no warning; 4 cancelled by the provider; 0 to come.
    """
    assert targets("nhs-attended-to-attendance", build) == {
        "0": {"unknown"},
        "2": {"patient-cancellation", "late-cancellation"},
        "3": {"no-show"},
        "4": {"provider-cancellation"},
        "5": {"attended"},
        "6": {"late-arrival"},
        "7": {"late-arrival"},
    }
