"""The smaller parts of what must come out of plan documents."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from .oracle import HL7, IG, THO, concept
from .oracle_plan_words import Json, Stand, Who

_UNITS = {"h", "/wk"}
"""Those of the examples; both are codes of UCUM."""


def person(who: Who) -> Json:
    """A reference to somebody."""
    return {"type": who.type, "identifier": {"system": who.system, "value": who.value}}


def reference(resource: Json) -> Json:
    """A reference to a resource."""
    identifier = resource["identifier"]
    name = identifier[0] if isinstance(identifier, list) else identifier
    return {"type": resource["resourceType"], "identifier": name}


def coded(system: str, code: str) -> Json:
    """A concept of a code system of HL7."""
    return {"coding": [{"system": f"{THO}/{system}", "code": code}]}


def not_since(left: Json) -> Json:
    """Why something is no longer asked for."""
    return {"text": f"Not in the plan since version {left['version']}"}


def note(about: str, text: str) -> Json:
    """A note, with what it is about."""
    told = {"url": f"{HL7}/annotationType", "valueCodeableConcept": concept(about)}
    return {"extension": [told], "text": text}


def instant(written: str) -> str:
    """When a version was written, in UTC; of a day its beginning."""
    if "T" not in written:
        return f"{written}T00:00:00Z"
    return datetime.fromisoformat(written).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def target(measure: Json) -> Json:
    """What the examples have: a sign and a number, with a unit of UCUM."""
    sign, number = measure["target"].split()
    assert sign in (">=", "<=", ">", "<")
    assert measure["unit"] in _UNITS
    unit = {"unit": measure["unit"], "system": "http://unitsofmeasure.org", "code": measure["unit"]}
    quantity = {"comparator": sign, "value": Decimal(number), **unit}
    target = {"measure": {"text": measure["code"]}, "detailQuantity": quantity}
    return target | ({"dueDate": measure["due"]} if "due" in measure else {})


def _standing(stand: Stand) -> list[Json]:
    status = "pending" if stand.status == "withdrawn" else stand.status
    return [
        {"url": "individual", "valueReference": person(stand.who)},
        {"url": "status", "valueCode": status},
    ]


def _said_when(stand: Stand, words: str) -> list[Json]:
    told: list[Json] = []
    if stand.on:
        told.append({"url": "on", "valueDate": stand.on})
        told.append({"url": "digest", "valueString": f"blake2b:{words}"})
    if stand.status == "withdrawn":
        told.append({"url": "withdrawn", "valueBoolean": True})
    status, on = stand.earlier
    if on:
        told.append({"url": "earlier", "valueCode": status})
        told.append({"url": "earlier-on", "valueDate": on})
    return told


def agreed(stand: Stand, words: str) -> Json:
    """Where somebody stands on a task."""
    parts = [*_standing(stand), *_said_when(stand, words)]
    return {"url": f"{IG}/StructureDefinition/agreement", "extension": parts}


def accepted(stand: Stand, words: str) -> Json:
    """Where somebody stands on a goal."""
    parts, told = _standing(stand), _said_when(stand, words)
    if told:
        parts.append({"url": f"{IG}/StructureDefinition/agreement-to", "extension": told})
    return {"url": f"{HL7}/goal-acceptance", "extension": parts}
