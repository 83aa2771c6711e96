"""What an Appointment says of a visit in extensions and concepts: what became of it, which visit it
is, and the source's own words and codes. Pure."""

from __future__ import annotations

from alliance_fhir.domain.attendance import Place, Told, Visits
from alliance_fhir.domain.records import Identifier
from alliance_fhir.domain.visit import Modality
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.appointed import Facts
from alliance_fhir.fhir.versions import Json

_TYPES: dict[Visits, list[Json]] = {
    "first": [
        {"system": el.ATTENDANCE_CODES, "code": "first"},
        {"system": el.SNOMED, "code": "185387006"},  # new patient consultation
    ],
    "follow-up": [
        {"system": el.ATTENDANCE_CODES, "code": "follow-up"},
        {"system": el.APPOINTMENT_REASONS, "code": "FOLLOWUP"},
        {"system": el.SNOMED, "code": "185389009"},  # follow-up visit
    ],
}
"""HL7 has a code for follow-up visits, and none for first ones."""
_MODALITIES: dict[Modality, str] = {"in-person": "FACE", "phone": "PHONE", "video": "VIDEOCONF"}


def extensions(told: Told, place: Place, modality: Modality | None, facts: Facts) -> list[Json]:
    """Ours, in the order of their URLs."""
    ours: list[Json] = [
        {"url": el.ATTENDANCE, "extension": _attendance(told, facts)},
        {"url": el.FIRST_OR_FOLLOW_UP, "extension": _parts(place)},
    ]
    missed = ({"url": el.MISSED_BEFORE, "valueDateTime": one.text} for one in facts.missed)
    ours += missed
    if modality:
        coding: Json = {"system": el.PARTICIPATION_MODE, "code": _MODALITIES[modality]}
        ours.append({"url": el.MODALITY, "valueCodeableConcept": {"coding": [coding]}})
    moved = ({"url": el.RESCHEDULED_FROM, "valueDateTime": one.text} for one in facts.moved)
    return [*ours, *moved]


def _attendance(told: Told, facts: Facts) -> list[Json]:
    parts = _parts(told)
    if facts.notice:
        parts.append({"url": "notice", "valueDateTime": facts.notice.text})
    if facts.status_code:
        parts.append({"url": "status-code", "valueCoding": _coding(facts.status_code)})
    if why := words(facts.event_reason, facts.event_reason_code):
        parts.append({"url": "event-reason", "valueCodeableConcept": why})
    return parts


def type_of(place: Place, facts: Facts) -> Json:
    """Which visit it is, and what the source calls its type: one concept, as FHIR has room for one,
    of which the source's words are the text."""
    said = words(facts.appointment_type, facts.appointment_type_code)
    codings = [*_TYPES.get(place.kind, []), *said.get("coding", [])]
    return {**said, "coding": codings} if codings else said


def words(text: str | None, code: Identifier | None) -> Json:
    """The source's own words, and its code for them; empty where it has neither."""
    found: Json = {"coding": [_coding(code)]} if code else {}
    return {**found, "text": text} if text else found


def _coding(code: Identifier) -> Json:
    return {"code": code.value, "system": code.system}


def _parts(known: Told | Place) -> list[Json]:
    return [
        {"url": name, "valueCoding": {"system": el.ATTENDANCE_CODES, "code": code}}
        for name, code in zip(("kind", "rule"), known, strict=True)
    ]
