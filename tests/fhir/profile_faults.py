"""Faults that a profile alone finds, planted in the examples; and what claims which profile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from typing import Any

from making import R4, everything, of_outreach, of_visits
from measured import measured
from sited import of_a_site

from package_examples import golden_lines
from planting import GONE, copied

IG = "https://alliance-fhir.github.io/ig/StructureDefinition"
THO = "http://terminology.hl7.org/CodeSystem"
RATERS = ("Practitioner", "Patient", "RelatedPerson")
Json = dict[str, Any]
Spoil = Callable[[Json], Json]


_OF_PLANS = {
    ("CarePlan", "plan"): "shared-care-plan",
    ("CareTeam", "team"): "shared-care-team",
    ("Goal", "goal"): "agreed-goal",
    ("MedicationRequest", "task"): "plan-medication-request",
    ("ServiceRequest", "task"): "plan-service-request",
    ("ServiceRequest", "next"): "plan-service-request",
    ("Task", "task"): "plan-task",
    ("CommunicationRequest", "task"): "plan-communication-request",
    ("CommunicationRequest", "contact"): "plan-communication-request",
    ("QuestionnaireResponse", "first"): "plan-response",
    ("QuestionnaireResponse", "review"): "plan-response",
    ("Observation", "barrier"): "plan-barrier",
    ("Observation", "preference"): "plan-preference",
    ("Observation", "review"): "plan-score",
}
"""By type, and by what a resource is in its plan; what has components counts days."""
_OF_RECORDS = {
    ("QuestionnaireResponse", "qr"): "alliance-response",
    ("Observation", "panel"): "alliance-panel",
    ("Appointment", "appointment"): "visit-appointment",
    ("ServiceRequest", "referral"): "visit-referral",
    ("Task", "outreach"): "outreach-task",
}
"""By type, and by what a resource is of its record."""
_OF_TYPE = {
    "Device": "alliance-device",
    "Measure": "engagement-measure",
    "MeasureReport": "engagement-report",
    "Provenance": "alliance-provenance",
    "Questionnaire": "alliance-questionnaire",
}


def profiles_of(body: Json) -> list[str]:
    """The profiles that a resource of ours is to fit, by their ids; none is for people."""
    identifiers = body.get("identifier", [])
    listed = identifiers if isinstance(identifiers, list) else [identifiers]
    what = listed[0]["value"].partition("-")[2] if listed else ""
    type_ = body["resourceType"]
    if of_plan := _OF_PLANS.get((type_, what.partition("-")[0])):
        return [of_plan if "component" not in body else "plan-adherence"]
    if found := _OF_RECORDS.get((type_, what)) or _OF_TYPE.get(type_):
        missed = ["no-show-appointment"] if body.get("status") == "noshow" else []
        return [found, *missed]
    return ["alliance-score"] if type_ == "Observation" else []


def claims(body: Json) -> list[str]:
    """The profiles that a resource says that it fits, as they stand in it."""
    return body.get("meta", {}).get("profile", [])


def claiming(body: Json, profiles: list[str]) -> bytes:
    """The resource as one that says that it fits these profiles, and no others."""
    about = {name: value for name, value in body.get("meta", {}).items() if name != "profile"}
    claimed = {"profile": [f"{IG}/{one}" for one in profiles]} if profiles else {}
    return json.dumps({**body, "meta": {**about, **claimed}}).encode()


def of_the_examples(version: str = "R4") -> Iterator[Json]:
    """All resources of the golden files of a version."""
    yield from map(json.loads, golden_lines(version.lower()))


@cache
def _of_each() -> dict[str, list[Json]]:
    """What is to fit each profile: of the examples, then of what tests make. R4."""
    made = [make(R4) for make in (of_visits, of_outreach, everything, of_a_site)]
    made += [tuple(measured(R4)), tuple(measured(R4, bare=True))]
    found: dict[str, list[Json]] = {}
    for body in (*of_the_examples(), *(json.loads(r.json()) for some in made for r in some)):
        for profile in profiles_of(body):
            found.setdefault(profile, []).append(body)
    return found


def planted_in(profile: str, spoil: Spoil) -> tuple[Json, Json]:
    """The first that is to fit a profile and has what is spoilt: as it is, and with the fault."""
    for right in _of_each()[profile]:
        with suppress(LookupError):
            return right, spoil(right)
    raise LookupError(f"nothing that is to fit {profile} has what is to be spoilt")


def at(way: str, value: object) -> Spoil:
    """Something else at the end of a way, or nothing (GONE); at `+` one more, at `*` the last one
    twice. Raises LookupError where the way leads nowhere."""
    *steps, last = _steps(way)

    def spoil(body: Json) -> Json:
        whole = copied(body)
        parent: Any = whole
        for step in steps:
            parent = parent[step]
        if value is GONE:
            del parent[last]
        elif last in ("+", "*"):
            parent.append(value if last == "+" else parent[-1])
        else:
            parent[last] = value
        return whole

    return spoil


def instead(way: str, name: str, value: object) -> Spoil:
    """An element under another name, in the place of the one at the end of a way."""
    place = way.rpartition(".")[0]
    return both(at(way, GONE), at(f"{place}.{name}".lstrip("."), value))


def beside(way: str, name: str, value: object) -> Spoil:
    """An element more, beside the one at the end of a way, which has to be there."""
    place = way.rpartition(".")[0]
    put = at(f"{place}.{name}".lstrip("."), value)

    def spoil(body: Json) -> Json:
        at(way, GONE)(body)  # LookupError where it is not
        return put(body)

    return spoil


def _steps(way: str) -> list[str | int]:
    return [int(s) if s.lstrip("-").isdigit() else s for s in way.split(".")]


def both(*spoils: Spoil) -> Spoil:
    """One after the other."""

    def spoil(body: Json) -> Json:
        for one in spoils:
            body = one(body)
        return body

    return spoil


def without_extension(name: str, way: str = "") -> Spoil:
    """An extension that is not there, of the resource or of what a way leads to."""
    return _extensions(name, way, lambda others, _: others)


def twice(name: str, way: str = "") -> Spoil:
    """An extension that is there twice."""
    return _extensions(name, way, lambda others, one: [*others, one, one])


def extended(name: str, key: str, value: object, way: str = "") -> Spoil:
    """An extension with another value."""
    return _extensions(name, way, lambda others, one: [*others, {"url": one["url"], key: value}])


def within_extension(name: str, way: str, value: object, of: str = "") -> Spoil:
    """An extension with something else at the end of a way within, or with nothing."""
    return _extensions(name, of, lambda others, one: [*others, at(way, value)(one)])


def _extensions(name: str, way: str, change: Callable[[list[Json], Json], list[Json]]) -> Spoil:
    def spoil(body: Json) -> Json:
        whole = copied(body)
        parent: Any = whole
        for step in _steps(way) if way else ():
            parent = parent[step]
        there = parent["extension"]
        one = next((e for e in there if e["url"].rpartition("/")[2] == name), None)
        if one is None:
            raise LookupError(name)
        parent["extension"] = change([e for e in there if e is not one], one)
        if not parent["extension"]:  # FHIR has no empty lists
            del parent["extension"]
        return whole

    return spoil


Fault = tuple[str, Spoil, str]
"""A profile, what is wrong, and a part of what is said of it."""
Row = tuple[str | Spoil, object, str]
"""The same of one profile: a way to where it is, and what is put there; or the fault itself."""


def faults(profile: str, *rows: Row) -> list[Fault]:
    """The faults of a profile."""
    return [
        (profile, at(way, value) if isinstance(way, str) else way, named)
        for way, value, named in rows
    ]


def gone(*ways: str) -> list[Row]:
    """Elements that have to be there, and are not."""
    return [(way, GONE, f"{_named(way)}: minimum") for way in ways]


def _named(way: str) -> str:
    """How an element is called: the last two parts of a way, without places in lists."""
    steps = [step for step in way.split(".") if not step.lstrip("-").isdigit()]
    return ".".join(steps[-2:])


def astray(way: str, *types: str) -> Row:
    """A reference to what is of none of these types; the validator lists them."""
    return way, {"reference": "Group/1"}, f"must be one of [{', '.join(types)}]"


def named(*ways: str) -> list[Row]:
    """References that do not say whom or what they mean."""
    parts = ("type", "identifier", "identifier.system", "identifier.value")
    return gone(*(f"{way}.{part}" for way in ways for part in parts))


def told(*ways: str) -> list[Row]:
    """Codings without a system, or without a code."""
    return gone(*(f"{way}.{part}" for way in ways for part in ("system", "code")))


def coded(*ways: str) -> list[Row]:
    """Concepts without a code."""
    rows = [(way, {"text": "x"}, f"{_named(way)}.coding: minimum") for way in ways]
    return [*rows, *told(*(f"{way}.coding.0" for way in ways))]


LABELS: list[tuple[str, list[Json], str]] = [
    (f"meta.{of}", [{key: "urn:x"}], f"meta.{of}.{other}: minimum")
    for of in ("security", "tag")
    for key, other in (("system", "code"), ("code", "system"))
]
"""Labels and marks that are no whole codes."""


def sealed() -> list[Row]:
    """What is wrong in every resource."""
    return [
        (twice("content-digest"), None, "extension:digest: max"),
        *LABELS,
    ]
