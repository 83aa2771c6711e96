"""Faults in extensions of ratings, visits and reports, that their definitions find, whichever
profile a resource claims."""

from __future__ import annotations

from profile_faults import RATERS, THO, Row, extended, faults, within_extension

from planting import GONE

FAX = {"system": f"{THO}/v3-ParticipationMode", "code": "FAXWRIT"}
OTHER = {"system": "https://alliance-fhir.github.io/ig/CodeSystem/attendance", "code": "said"}
AT_NOON = {"valueTime": "12:00:00"}
NO_VALUE = "Extension.value[x]: max"
_REPORTED = "group.0.measureScore"


def _whole(name: str, key: str, type_: str) -> list[Row]:
    """An extension without its value, and with one of another type."""
    return [
        (within_extension(name, key, GONE), None, "Extension.value[x]: minimum"),
        (extended(name, "valueTime", "12:00:00"), None, f"allows for the types [{type_}]"),
    ]


def _referring(name: str, *types: str) -> list[Row]:
    """The same of references, and those that do not say whom or what they mean."""
    parts = ("type", "identifier", "identifier.system", "identifier.value")
    return [
        *_whole(name, "valueReference", "Reference"),
        *(
            (within_extension(name, f"valueReference.{part}", GONE), None, f"{part}: minimum")
            for part in parts
        ),
        (
            extended(name, "valueReference", {"reference": "Group/1"}),
            None,
            f"must be one of [{', '.join(types)}]",
        ),
    ]


def _part(name: str, place: int, part: str, type_: str, of: str = "") -> list[Row]:
    """A part of an extension that is not there, that says nothing, or by another type."""
    way = f"extension.{place}"
    return [
        (within_extension(name, way, GONE, of), None, f"extension:{part}'"),
        *_optional(name, way, part, type_, of),
    ]


def _optional(name: str, way: str, part: str, type_: str, of: str = "") -> list[Row]:
    """A part that need not be there."""
    bare = {"url": part}
    return [
        (within_extension(name, way, bare | {"id": "x"}, of), None, f"{part}.value[x]: minimum"),
        (within_extension(name, way, bare | AT_NOON, of), None, f"allows for the type {type_}"),
    ]


def _at(name: str, way: str, value: object, told: str, of: str = "") -> Row:
    return (within_extension(name, way, value, of), None, told)


SEAL: list[Row] = [
    *_whole("content-digest", "valueString", "string"),
    _at("content-digest", "valueString", "0123", "digest-digits"),
]
RESPONSE: list[Row] = [
    *_referring("rated-clinician", "Practitioner"),
    *_referring("appointment", "Appointment"),
    *_whole("session-number", "valuePositiveInt", "positiveInt"),
    *_whole("source-record", "valueString", "string"),
]
PANEL: list[Row] = [
    *_referring("rater", *RATERS),
    *_whole("mode", "valueCode", "code"),
    _at("mode", "valueCode", "by-fax", "mode-word"),
]
_CODES, _WORDS = "extension.2.valueCoding", "extension.3.valueCodeableConcept"
VISIT: list[Row] = [
    _at("attendance", "valueString", "x", NO_VALUE),
    *_part("attendance", 0, "kind", "Coding"),
    _at("attendance", "extension.0.valueCoding", OTHER, "attendance-kind"),
    *_part("attendance", 1, "rule", "Coding"),
    _at("attendance", "extension.1.valueCoding", OTHER, "attendance-rule"),
    _at("attendance", "extension.1.valueCoding.code", "no-notice", "attendance-known"),
    *_optional("attendance", "extension.2", "notice", "dateTime"),
    *_optional("attendance", "extension.2", "status-code", "Coding"),
    *(_at("attendance", f"{_CODES}.{of}", GONE, f"{of}: minimum") for of in ("system", "code")),
    *_optional("attendance", "extension.3", "event-reason", "CodeableConcept"),
    _at("attendance", f"{_WORDS}.text", GONE, "text: minimum"),
    _at("attendance", f"{_WORDS}.coding.*", None, "coding: max"),
    *(
        _at("attendance", f"{_WORDS}.coding.0.{of}", GONE, f"{of}: minimum")
        for of in ("system", "code")
    ),
    _at("first-or-follow-up", "valueString", "x", NO_VALUE),
    *_part("first-or-follow-up", 0, "kind", "Coding"),
    _at("first-or-follow-up", "extension.0.valueCoding", OTHER, "first-or-follow-up-kind"),
    *_part("first-or-follow-up", 1, "rule", "Coding"),
    _at(
        "first-or-follow-up",
        "extension.1.valueCoding",
        OTHER | {"code": "first"},
        "first-or-follow-up-rule",
    ),
    _at(
        "first-or-follow-up",
        "extension.1.valueCoding.code",
        "history-too-short",
        "first-or-follow-up-known",
    ),
    *_whole("modality", "valueCodeableConcept", "CodeableConcept"),
    _at("modality", "valueCodeableConcept", {"text": "x"}, "coding: minimum"),
    _at("modality", "valueCodeableConcept.coding.*", None, "coding: max"),
    _at("modality", "valueCodeableConcept.coding.0", FAX, "visit-modality"),
    *(
        row
        for name in ("missed-before", "rescheduled-from")
        for row in (
            *_whole(name, "valueDateTime", "dateTime"),
            _at(name, "valueDateTime", "2026-03-16", "start-time"),
        )
    ),
]
_PARTS = (
    ("level", "decimal"),
    ("method", "CodeableConcept"),
    ("low", "decimal"),
    ("high", "decimal"),
    ("patients", "integer"),
)
REPORT: list[Row] = [
    _at("score-interval", "valueString", "x", NO_VALUE, _REPORTED),
    *(
        row
        for place, told in enumerate(_PARTS)
        for row in _part("score-interval", place, *told, _REPORTED)
    ),
    *(
        _at("score-interval", f"extension.{way}", value, told, _REPORTED)
        for way, value, told in (
            ("0.valueDecimal", 90, "95"),
            ("1.valueCodeableConcept.coding.0.code", "month", "wilson"),
            ("2.valueDecimal", -0.1, "extension[2]"),
            ("2.valueDecimal", 1.1, "extension[2]"),
            ("3.valueDecimal", -0.1, "extension[3]"),
            ("3.valueDecimal", 1.1, "extension[3]"),
            ("4.valueInteger", 0, "extension[4]"),
        )
    ),
]
OF_EXTENSIONS = [
    *faults("alliance-device", *SEAL),
    *faults("alliance-response", *RESPONSE),
    *faults("alliance-panel", *PANEL),
    *faults("visit-appointment", *VISIT),
    *faults("engagement-report", *REPORT),
]
