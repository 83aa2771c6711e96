"""Definitions: what is known by its canonical URL and version, wherever it is, and has no
identifier of ours.
"""

from __future__ import annotations

from alliance_fhir.fhir.versions import Json
from alliance_fhir.received import text

DEFINED = (
    "CodeSystem",
    "ValueSet",
    "StructureDefinition",
    "Questionnaire",
    "Measure",
    "ConceptMap",
    "CapabilityStatement",
)
"""Their types, what others refer to first: a profile names value sets, which name code systems."""


def canonical_of(body: Json) -> str:
    """The canonical of a definition with its version, by which it is known."""
    return f"{text(body, 'url')}|{text(body, 'version')}"


def parted(canonical: str) -> tuple[str, str]:
    """The URL and the version of a canonical."""
    url, _, version = canonical.rpartition("|")
    return url, version
