"""Faults in extensions of ratings, visits and reports, that their definitions find, whichever
profile a resource claims."""

from __future__ import annotations

from collections.abc import Iterable

from profile_faults import THO, Fault, Row, both, extended, faults, gone, within_extension

from planting import GONE

KINDS = "https://alliance-fhir.github.io/ig/CodeSystem/attendance"
FAX = {"coding": [{"system": f"{THO}/v3-ParticipationMode", "code": "FAXWRIT"}]}
GROUP = {"type": "Group", "identifier": {"system": "urn:example:x", "value": "1"}}
HALF = {"url": "x", "valueString": "x"}


def _whole(name: str, key: str) -> list[Row]:
    """An extension without its value, and with one of another type."""
    return [
        (within_extension(name, key, GONE), None, "Extension.value[x]: minimum"),
        (extended(name, "valueBase64Binary", "AAAA"), None, "Extension"),
    ]


def _referring(*names: str) -> list[Row]:
    """References that do not say whom or what they mean, and such as mean something else."""
    parts = ("type", "identifier", "identifier.system", "identifier.value")
    rows: list[Row] = []
    for name in names:
        rows += _whole(name, "valueReference")
        rows += [
            (within_extension(name, f"valueReference.{part}", GONE), None, f"{part}: minimum")
            for part in parts
        ]
        rows.append((extended(name, "valueReference", {"reference": "Group/1"}), None, "Group"))
    return rows


def _parts(name: str, parts: Iterable[str], way: str = "") -> list[Row]:
    """Parts that say nothing, that say it by another type, that hold others, and come twice."""
    rows: list[Row] = []
    for place, part in enumerate(parts):
        at_part = f"extension.{place}"
        bare = {"url": part}
        rows += [
            (within_extension(name, at_part, bare | {"id": "x"}, way), None,
             f"{part}.value[x]: minimum"),
            (within_extension(name, at_part, bare | {"valueBase64Binary": "AAAA"}, way), None,
             "allows for the type"),
            (within_extension(name, at_part, bare | {"extension": [HALF]}, way), None,
             f"{part}.extension: max"),
            (within_extension(name, f"extension.+", bare | {"id": "x"}, way), None,
             f"{part}: max"),
        ]  # fmt: skip
    return rows
