"""Snapshots as they are published: SUSHI takes over from FHIR's own what is not fit for others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
_OF_BUILD = "http://hl7.org/fhir/tools/"
"""Extensions by which HL7 builds its specification, and which nobody else has."""
_BOUND = {
    *("code", "Coding", "CodeableConcept", "CodeableReference", "Quantity"),
    *("string", "uri", "canonical", "url", "uuid", "oid", "id", "markdown"),
}
"""The types to which values of a value set can be bound, and others that stand for a code."""


def snapshot_content(made: Mapping[str, Any]) -> bytes:
    """The snapshot of what SUSHI made, an element a line."""
    told = (_published(one, made["fhirVersion"]) for one in made["snapshot"]["element"])
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in told).encode()


def _published(element: Json, version: str) -> Json:
    told = dict(element)
    if binding := told.pop("binding", None):
        kept = [one for one in binding.pop("extension", []) if not _is_of_build(one)]
        if _can_be_bound(told):
            told["binding"] = {**binding, **({"extension": kept} if kept else {})}
    if "constraint" in told and version.startswith("5"):  # R5 has no `xpath` any more
        told["constraint"] = [_without_xpath(one) for one in told["constraint"]]
    if "mapping" in told:
        told["mapping"] = [{**one, "map": one["map"].strip()} for one in told["mapping"]]
    return told


def _is_of_build(extension: Json) -> bool:
    return extension["url"].startswith(_OF_BUILD)


def _can_be_bound(element: Json) -> bool:
    """Whether a type is left to which the binding of the base still applies."""
    types = {one["code"] for one in element.get("type", [])}
    return not types or bool(types & _BOUND) or any(one.startswith("http") for one in types)


def _without_xpath(constraint: Json) -> Json:
    return {key: value for key, value in constraint.items() if key != "xpath"}
