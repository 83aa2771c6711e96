"""URLs that Appointments are written with and read by; all others are in `fhir.elements`."""

from __future__ import annotations

IG = "https://alliance-fhir.github.io/ig"
"""The root of all canonicals of this package; fixed for ever."""
THO = "http://terminology.hl7.org/CodeSystem"
SNOMED = "http://snomed.info/sct"

ATTENDANCE_CODES = f"{IG}/CodeSystem/attendance"
"""The code system of what became of visits, and of which visits they are."""
ATTENDANCE = f"{IG}/StructureDefinition/attendance"
FIRST_OR_FOLLOW_UP = f"{IG}/StructureDefinition/first-or-follow-up"
MODALITY = f"{IG}/StructureDefinition/modality"
RESCHEDULED_FROM = f"{IG}/StructureDefinition/rescheduled-from"
MISSED_BEFORE = f"{IG}/StructureDefinition/missed-before"
CANCELLATION_REASON = f"{THO}/appointment-cancellation-reason"
APPOINTMENT_REASONS = f"{THO}/v2-0276"
IDENTIFIER_TYPES = f"{THO}/v2-0203"
PLACER = "PLAC"
"""The type of an Appointment's number at whoever asked for it."""
