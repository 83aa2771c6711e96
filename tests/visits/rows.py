"""Rows of visits, right and wrong, beside what all tests of tables share."""

from __future__ import annotations

from typing import Any

from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.domain.visit import Visit
from command.tables import GOOD, SECRET, Row
from command.tables import site as of_tables

MINE = f"urn:example:mrn|{SECRET}"
"""A patient who is to be seen nowhere."""

BOOKED: Row = {
    "appointment": "urn:example:visits|1",
    "patient": f"urn:example:mrn|{GOOD}",
    "clinician": "",
    "start": "2026-03-09T14:00:00-04:00",
    "end": "",
    "status": "booked",
    "cancelled_at": "",
    "cancelled_by": "",
    "reason": "",
    "service": "",
    "modality": "",
    "referrer": "",
    "referral": "",
    "first": "",
    "rescheduled_from": "",
    "missed": "",
    "placer": "",
    "other_clinicians": "",
    "location": "",
    "appointment_type": "",
    "appointment_type_code": "",
    "service_code": "",
    "reason_code": "",
    "status_code": "",
    "event_reason": "",
    "event_reason_code": "",
}
FULL: Row = {
    "appointment": "urn:example:visits|2",
    "patient": f"urn:example:mrn|{GOOD}",
    "clinician": "urn:example:staff|kurtz",
    "start": "2026-03-16T14:00:00-04:00",
    "end": "2026-03-16T14:50:00-04:00",
    "status": "no-show",
    "cancelled_at": "2026-03-15",
    "cancelled_by": "patient",
    "reason": "Low mood\nand poor sleep",
    "service": "Psychotherapy",
    "modality": "in-person",
    "referrer": "urn:example:gp|lee",
    "referral": "urn:example:orders|77",
    "first": "yes",
    "rescheduled_from": "2026-03-09T14:00:00-04:00;2026-03-12T09:30:00-04:00",
    "missed": "2026-03-09T14:00:00-04:00",
    "placer": "urn:example:portal|A-7",
    "other_clinicians": "urn:example:staff|lindqvist;urn:example:staff|park",
    "location": "East wing, room 12",
    "appointment_type": "Normal visit",
    "appointment_type_code": "http://terminology.hl7.org/CodeSystem/v2-0277|Normal",
    "service_code": "urn:example:services|PT",
    "reason_code": "http://hl7.org/fhir/sid/icd-10|F32.9",
    "status_code": "http://terminology.hl7.org/CodeSystem/v2-0278|Noshow",
    "event_reason": "Did not attend",
    "event_reason_code": "urn:example:reasons|DNA",
}
BESIDE = [*FULL][[*FULL].index("missed") :]
"""The columns that most tables do not have."""
AS_RECORD = Visit(
    appointment=Identifier("urn:example:visits", "2"),
    patient=Identifier("urn:example:mrn", GOOD),
    clinician=Identifier("urn:example:staff", "kurtz"),
    start=Moment("2026-03-16T14:00:00-04:00", "2026-03-16T18:00:00Z"),
    end=Moment("2026-03-16T14:50:00-04:00", "2026-03-16T18:50:00Z"),
    status="no-show",
    called_off=Moment("2026-03-15", "2026-03-15"),
    by="patient",
    reason="Low mood\nand poor sleep",
    service="Psychotherapy",
    modality="in-person",
    referrer=Identifier("urn:example:gp", "lee"),
    referral=Identifier("urn:example:orders", "77"),
    first=True,
    rescheduled_from=(
        Moment("2026-03-09T14:00:00-04:00", "2026-03-09T18:00:00Z"),
        Moment("2026-03-12T09:30:00-04:00", "2026-03-12T13:30:00Z"),
    ),
    missed=(Moment("2026-03-09T14:00:00-04:00", "2026-03-09T18:00:00Z"),),
    placer=Identifier("urn:example:portal", "A-7"),
    other_clinicians=(
        Identifier("urn:example:staff", "lindqvist"),
        Identifier("urn:example:staff", "park"),
    ),
    location="East wing, room 12",
    appointment_type="Normal visit",
    appointment_type_code=Identifier("http://terminology.hl7.org/CodeSystem/v2-0277", "Normal"),
    service_code=Identifier("urn:example:services", "PT"),
    reason_code=Identifier("http://hl7.org/fhir/sid/icd-10", "F32.9"),
    status_code=Identifier("http://terminology.hl7.org/CodeSystem/v2-0278", "Noshow"),
    event_reason="Did not attend",
    event_reason_code=Identifier("urn:example:reasons", "DNA"),
)
"""What `FULL` says."""


def site(*lines: str) -> None:
    """Settings of a clinic whose visits last 50 minutes where the source says no end."""
    usual = () if any("visit_minutes" in line for line in lines) else ("visit_minutes = 50",)
    of_tables(*usual, *lines)


def visit(number: int = 1, **told: str) -> Row:
    """A row of a visit that is booked, with this number, and whatever else is told of it."""
    return {**BOOKED, "appointment": f"urn:example:visits|{number}", **told}


def as_row(record: Visit) -> Row:
    """The row that says what a record does, as a person would write it by the reference."""

    def who(one: Identifier | None) -> str:
        return f"{one.system}|{one.value}" if one else ""

    def when(one: Moment | None) -> str:
        return one.text if one else ""

    first: dict[Any, str] = {None: "", True: "yes", False: "no"}
    return {
        "appointment": who(record.appointment),
        "patient": who(record.patient),
        "clinician": who(record.clinician),
        "start": record.start.text,
        "end": record.end.text,
        "status": record.status,
        "cancelled_at": when(record.called_off),
        "cancelled_by": record.by or "",
        "reason": record.reason or "",
        "service": record.service or "",
        "modality": record.modality or "",
        "referrer": who(record.referrer),
        "referral": who(record.referral),
        "first": first[record.first],
        "rescheduled_from": ";".join(one.text for one in record.rescheduled_from),
        "missed": ";".join(one.text for one in record.missed),
        "placer": who(record.placer),
        "other_clinicians": ";".join(
            who(one).replace(";", "\\;") for one in record.other_clinicians
        ),
        "location": record.location or "",
        "appointment_type": record.appointment_type or "",
        "appointment_type_code": who(record.appointment_type_code),
        "service_code": who(record.service_code),
        "reason_code": who(record.reason_code),
        "status_code": who(record.status_code),
        "event_reason": record.event_reason or "",
        "event_reason_code": who(record.event_reason_code),
    }
