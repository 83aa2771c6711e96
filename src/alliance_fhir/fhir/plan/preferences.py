"""What somebody wants of treatment and of care, said outright: Observations that stand alone.

They come of no form, so that the CarePlan refers to them. As US Core's profiles Treatment
Intervention Preference and Care Experience Preference have them (7.0.0 to 9.0.0).
"""

from __future__ import annotations

from typing import NamedTuple

from alliance_fhir.domain.plan.document import About, Preference, SharedPlan
from alliance_fhir.domain.plan.history import last_said
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.plan.facts import Facts
from alliance_fhir.fhir.versions import Json


class Coded(NamedTuple):
    """How FHIR calls what a preference is about: a code of LOINC, in words, and US Core's
    category."""

    code: str
    text: str
    category: str


CODED: dict[About, Coded] = {
    "treatment": Coded(
        "75773-2", "Treatment intervention preference", "treatment-intervention-preference"
    ),
    "care-experience": Coded("95541-9", "Care experience preference", "care-experience-preference"),
}


def preferences(facts: Facts) -> list[Resource]:
    """Those of the newest version, in its order; each is dated by the version since which it has
    been said."""
    since = last_said([_by_key(plan) for plan in facts.plans])
    return [
        _observation(facts, one, facts.plans[since[key][0]])
        for key, one in _by_key(facts.plan).items()
    ]


def former_preferences(facts: Facts) -> list[Resource]:
    """Those that only earlier versions have: they were said then, and stay, as barriers do. The
    CarePlan refers to them no more."""
    said = [_by_key(plan) for plan in facts.plans]
    return [
        _observation(facts, said[last][key], facts.plans[since])
        for key, (since, last) in last_said(said).items()
        if last < len(said) - 1
    ]


def _by_key(plan: SharedPlan) -> dict[str, Preference]:
    return {one.key: one for one in plan.preferences}


def _observation(facts: Facts, told: Preference, since: SharedPlan) -> Resource:
    coded = CODED[told.about]
    body: Json = {
        "status": "final",
        "category": [{"coding": [{"system": el.US_CORE_CATEGORY, "code": coded.category}]}],
        "code": {"coding": [{"system": el.LOINC, "code": coded.code}], "text": coded.text},
        "subject": facts.patient,
        "effectiveDateTime": since.written.text,
        "performer": [facts.who(told.said_by)],
        "valueString": told.text,
    }
    suffix = facts.by_words("preference", told.key)
    by = facts.side(told.said_by)
    return facts.made("Observation", suffix, body, by, profile="plan-preference")
