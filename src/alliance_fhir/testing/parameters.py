"""What resources are found by: search parameters, and the terms that a resource has for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, NamedTuple, cast

from alliance_fhir.testing.messages import Json

Term = tuple[str, str]
"""(parameter, value) as it is in the index."""


class Parameter(NamedTuple):
    """A search parameter: its kind, and the elements that it looks at."""

    kind: Literal["token", "reference", "uri", "date"]
    elements: tuple[str, ...]


def _parameter(kind: Literal["token", "reference", "uri", "date"], elements: str) -> Parameter:
    return Parameter(kind, tuple(elements.split()))


PARAMETERS: dict[str, Parameter] = {
    "_id": _parameter("token", "id"),
    "_lastUpdated": _parameter("date", "meta.lastUpdated"),
    "_profile": _parameter("uri", "meta.profile"),
    "_security": _parameter("token", "meta.security"),
    "_tag": _parameter("token", "meta.tag"),
    "actor": _parameter("reference", "participant.actor"),
    "agent": _parameter("reference", "agent.who"),
    "appointment": _parameter("reference", "appointment"),
    "author": _parameter("reference", "author"),
    "authored": _parameter("date", "authored"),
    "based-on": _parameter("reference", "basedOn"),
    "category": _parameter("token", "category"),
    "code": _parameter("token", "code"),
    "date": _parameter(
        "date",
        "effectiveDateTime effectiveInstant effectivePeriod period start date performedDateTime "
        "occurrenceDateTime",
    ),
    "derived-from": _parameter("reference", "derivedFrom"),
    "encounter": _parameter("reference", "encounter"),
    "entity": _parameter("reference", "entity.what"),
    "focus": _parameter("reference", "focus"),
    "goal": _parameter("reference", "goal"),
    "has-member": _parameter("reference", "hasMember"),
    "identifier": _parameter("token", "identifier"),
    "link": _parameter("reference", "link.other"),
    "measure": _parameter("uri", "measure"),
    "owner": _parameter("reference", "owner"),
    "part-of": _parameter("reference", "partOf"),
    "participant": _parameter("reference", "participant.member"),
    "patient": _parameter("reference", "subject patient for participant.actor"),
    "performer": _parameter("reference", "performer"),
    "questionnaire": _parameter("uri", "questionnaire"),
    "recorded": _parameter("date", "recorded"),
    "source": _parameter("reference", "source"),
    "status": _parameter("token", "status"),
    "requester": _parameter("reference", "requester"),
    "subject": _parameter("reference", "subject for"),
    "target": _parameter("reference", "target"),
    "url": _parameter("uri", "url"),
    "version": _parameter("token", "version"),
}
"""By name, for whatever type: an element that a type lacks gives no terms."""

_ALL = ("_id", "_lastUpdated", "_profile", "_security", "_tag", "identifier")
_CANONICAL = ("url", "version", "status", "date")
_ASKED = ("patient", "subject", "status", "requester")
_REQUEST = (*_ASKED, "code", "based-on", "encounter")

TYPES: dict[str, tuple[str, ...]] = {
    type_: (*_ALL, *more)
    for type_, more in {
        "Appointment": ("patient", "actor", "date", "status", "based-on"),
        "AppointmentResponse": ("patient", "actor", "appointment"),
        "Basic": ("patient", "subject", "code", "author"),
        "CapabilityStatement": _CANONICAL,
        "CarePlan": ("patient", "subject", "date", "status", "category", "goal", "based-on"),
        "CareTeam": ("patient", "subject", "date", "status", "category", "participant"),
        "CodeSystem": _CANONICAL,
        "Communication": ("patient", "subject", "status", "category", "based-on"),
        "CommunicationRequest": (*_ASKED, "category", "based-on"),
        "ConceptMap": _CANONICAL,
        "Condition": ("patient", "subject", "code", "category"),
        "Consent": ("patient", "date", "status", "category"),
        "Device": ("patient", "status"),
        "Encounter": ("patient", "subject", "date", "status", "part-of", "appointment"),
        "EpisodeOfCare": ("patient", "date", "status"),
        "Goal": ("patient", "subject", "category"),
        "Group": ("code",),
        "Location": ("status", "part-of"),
        "Measure": _CANONICAL,
        "MeasureReport": ("patient", "date", "status", "measure"),
        "MedicationRequest": (*_ASKED, "code", "category"),
        "Organization": ("part-of",),
        "Observation": (
            *("patient", "subject", "code", "date", "status", "category", "derived-from"),
            *("has-member", "performer", "encounter", "focus", "based-on", "part-of"),
        ),
        "Patient": ("link",),
        "Practitioner": (),
        "PractitionerRole": ("date",),
        "Provenance": ("patient", "target", "entity", "agent", "recorded"),
        "Questionnaire": _CANONICAL,
        "QuestionnaireResponse": (
            *("patient", "subject", "author", "authored", "source", "status"),
            *("questionnaire", "encounter", "based-on", "part-of"),
        ),
        "RelatedPerson": ("patient",),
        "ServiceRequest": (*_REQUEST, "performer", "category"),
        "StructureDefinition": _CANONICAL,
        "Task": (*_REQUEST, "focus", "owner", "part-of"),
        "ValueSet": _CANONICAL,
    }.items()
}
"""The types that a test server takes, and the parameters that it claims for each."""

_VERSIONED = re.compile(r"/_history/[^/]*$")


def elements(body: Any, path: str) -> Iterator[Any]:
    """The values of an element, wherever lists are on the way."""
    found: list[Any] = [body]
    for name in path.split("."):
        values = [cast("Json", one).get(name) for one in found if isinstance(one, dict)]
        found = [one for value in values for one in _flat(value)]
    yield from found


def _flat(value: Any) -> list[Any]:
    """The items of a list, or the one value; none where it is absent."""
    if isinstance(value, list):
        return cast("list[Any]", value)
    return [] if value is None else [value]


def terms_of(body: Json) -> frozenset[Term]:
    """All terms that a resource is found by, and where it refers to: `(">", "Patient/1")`."""
    terms: set[Term] = {(">", bare_reference(told)) for told in references(body)}
    for name in TYPES.get(str(body["resourceType"]), ()):
        parameter = PARAMETERS[name]
        for path in parameter.elements:
            for value in elements(body, path):
                terms.update(_terms(name, parameter.kind, value))
    return frozenset(terms)


def references(value: Any) -> Iterator[str]:
    """Every literal reference in a resource."""
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from references(item)
    elif isinstance(value, dict):
        told = cast("Json", value)
        if isinstance(where := told.get("reference"), str):
            yield where
        for part in told.values():
            yield from references(part)


def bare_reference(reference: str) -> str:
    """A reference without a version."""
    return _VERSIONED.sub("", reference)


def _terms(name: str, kind: str, value: Any) -> Iterator[Term]:
    if kind == "token":
        for system, code in _tokens(value):
            yield name, f"{system}|{code}"
            yield name, code
            if system:
                yield name, f"{system}|"
    elif kind == "uri" and isinstance(value, str):
        yield name, value
        if name != "url":
            yield name, value.partition("|")[0]
    elif kind == "reference" and isinstance(value, dict):
        yield from _reference_terms(name, cast("Json", value))


def _reference_terms(name: str, value: Json) -> Iterator[Term]:
    where = bare_reference(str(value.get("reference", "")))
    type_, _, id_ = where.partition("/")
    if where and (name != "patient" or type_ == "Patient"):
        yield name, where
        yield name, id_ or where
    for identifier in elements(value, "identifier"):
        yield from _terms(f"{name}:identifier", "token", identifier)


def _tokens(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str | bool):
        yield "", str(value).lower() if isinstance(value, bool) else value
        return
    for coding in elements(value, "coding"):
        yield from _tokens(coding)
    for key in ("value", "code"):
        for code in elements(value, key):
            if isinstance(code, str):
                yield next((str(s) for s in elements(value, "system")), ""), code


@cache
def known(type_: str, name: str) -> Parameter | None:
    """A parameter by its name, modifier and all, or nothing."""
    plain, _, modifier = name.partition(":")
    parameter = PARAMETERS.get(plain) if plain in TYPES.get(type_, ()) else None
    if parameter and modifier and (parameter.kind != "reference" or modifier != "identifier"):
        return None
    return parameter


def alternatives(value: str) -> list[str]:
    """The alternatives of a search value, escapes undone (FHIR search, 3.2.1.5.7)."""
    return [re.sub(r"\\([,$|\\])", r"\1", part) for part in re.split(r"(?<!\\),", value)]
