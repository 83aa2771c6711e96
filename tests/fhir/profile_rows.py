"""Faults told in a row each: what one is planted in, where, what it is, and what is said of it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from making import R4
from plan_kinds import valid
from profile_faults import LABELS, THO, Spoil, at, instead

from planting import GONE

DEVICE = {"reference": "Device/1"}
ROLE = {"reference": "PractitionerRole/1"}
EAST = {"reference": "Organization/1"}
GROUP = {"reference": "Group/1"}
MEDICATION = {"reference": "Medication/1"}
VISIT = {"reference": "Appointment/1"}
OBSERVATION = {"reference": "Observation/1"}
CODED = {"coding": [{"system": "urn:example:x", "code": "x"}], "text": "x"}
NO_WORDS = {"coding": [{"system": "urn:example:x", "code": "x"}]}
WORDS = {"text": "x"}
CONCEPT = "https://alliance-fhir.github.io/ig/CodeSystem/concept"
OUTREACH = {"coding": [{"system": CONCEPT, "code": "outreach-after-no-show"}]}
EXAM = {"coding": [{"system": f"{THO}/observation-category", "code": "exam"}]}
DAY = {"start": "2026-03-02"}
UCUM = {"unit": "d", "system": "http://unitsofmeasure.org", "code": "d"}
TAKEN_DAYS, ASKED_DAYS = (
    {"code": {"coding": [{"system": CONCEPT, "code": code}]}, "valueQuantity": UCUM | {"value": 1}}
    for code in ("days-taken-as-agreed", "days-asked-about")
)
CARE_PLAN = {"coding": [{"system": "http://snomed.info/sct", "code": "734163000"}]}
US_CORE = "http://hl7.org/fhir/us/core/CodeSystem"
ASSESS_PLAN = {"coding": [{"system": f"{US_CORE}/careplan-category", "code": "assess-plan"}]}
NOT_OURS = [{"system": "urn:example:x", "value": "1"}]
MORE = {"linkId": "x", "answer": [{"valueString": "x"}]}


class Instead(NamedTuple):
    """What stands in the place of an element under another name."""

    name: str
    value: Any


def changed(kind: str, way: str, value: object) -> Spoil:
    """A resource of this kind that says something else at the end of a way. It comes of the example
    plans, or of those that tests write, where the examples have none of its kind."""
    spoilt = instead(way, *value) if isinstance(value, Instead) else at(way, value)
    return lambda _: spoilt(json.loads(valid(kind, R4).json()))


Row = tuple[str, str, Any, str]
"""Of which kind, where, what is put there, and a part of what is said of it."""


def sealed(kind: str) -> list[Row]:
    """What is of all."""
    return [(kind, *told) for told in LABELS]


def of_one_identifier(kind: str, type_: str) -> list[Row]:
    return [
        *sealed(kind),
        (kind, "identifier", GONE, f"{type_}.identifier: minimum"),
        (kind, "identifier", NOT_OURS, "plan-identifier"),
    ]


def of_identifiers(kind: str, type_: str) -> list[Row]:
    return [
        *sealed(kind),
        (kind, "identifier", GONE, f"{type_}.identifier: minimum"),
        (kind, "identifier", NOT_OURS, "plan-identified"),
        (kind, "identifier.+", {"value": "1"}, "identifier.system: minimum"),
        (kind, "identifier.+", {"system": "urn:example:x"}, "identifier.value: minimum"),
    ]


def faults(rows: dict[str, list[Row]]) -> list[tuple[str, Spoil, str]]:
    """The faults of these rows by profile, as those of `profile_faults`."""
    return [
        (profile, changed(kind, way, value), named)
        for profile, told in rows.items()
        for kind, way, value, named in told
    ]
