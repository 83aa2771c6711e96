"""Faults in visits, referrals, and Tasks to reach out."""

from __future__ import annotations

from profile_faults import (
    THO,
    Json,
    Row,
    astray,
    at,
    both,
    coded,
    faults,
    gone,
    instead,
    named,
    sealed,
    told,
    twice,
    without_extension,
)

from planting import GONE

ATTENDANCE = "https://alliance-fhir.github.io/ig/CodeSystem/attendance"
CONCEPT = "https://alliance-fhir.github.io/ig/CodeSystem/concept"
PAT = {"coding": [{"system": f"{THO}/appointment-cancellation-reason", "code": "pat"}]}
CODED = {"coding": [{"system": "urn:example:x", "code": "x"}]}
ROLE = [{"coding": [{"system": f"{THO}/v3-ParticipationType", "code": "ATND"}]}]
PLACE = {"actor": {"display": "x", "type": "Location"}, "status": "accepted"}
NUMBER = {"system": "urn:example:x", "value": "1"}


def _called_off(body: Json) -> Json:
    """A visit that was cancelled: FHIR lets such a one have no times."""
    kind = at("extension.0.extension.0.valueCoding", {"system": ATTENDANCE, "code": "unknown"})
    return at("status", "cancelled")(kind(body))


def _in_their_words(*ways: str) -> list[Row]:
    """Concepts without words, with two codes, or with one that is not whole."""
    return [
        *gone(*(f"{way}.0.text" for way in ways)),
        *((f"{way}.0.coding.*", None, f"{way}.coding: max") for way in ways),
        *told(*(f"{way}.0.coding.0" for way in ways)),
        *((f"{way}.*", None, f"Appointment.{way}: max") for way in ways),
    ]


VISIT: list[Row] = [
    *sealed(),
    (without_extension("attendance"), None, "extension:attendance'"),
    (twice("attendance"), None, "extension:attendance: max"),
    (without_extension("first-or-follow-up"), None, "extension:firstOrFollowUp'"),
    (twice("first-or-follow-up"), None, "firstOrFollowUp: max"),
    (twice("modality"), None, "modality: max"),
    *gone("identifier.0.system", "identifier.0.value"),
    *gone("identifier"),
    (both(_called_off, at("status", "proposed"), at("start", GONE), at("end", GONE)), None,
     "visit-status"),
    (both(_called_off, at("start", GONE), at("end", GONE)), None, "Appointment.start: minimum"),
    (both(_called_off, at("start", GONE), at("end", GONE)), None, "Appointment.end: minimum"),
    ("cancelationReason.coding.0.code", "other", "visit-cancellation"),
    ("cancelationReason", {"text": "x"}, "cancelationReason.coding: minimum"),
    ("cancelationReason.coding.*", None, "cancelationReason.coding: max"),
    *coded("serviceCategory.0", "specialty.0"),
    *((f"{of}.*", None, f"Appointment.{of}: max") for of in ("serviceCategory", "specialty")),
    *_in_their_words("serviceType", "reasonCode"),
    *told("appointmentType.coding.0"),
    ("basedOn.*", None, "Appointment.basedOn: max"),
    *named("basedOn.0"),
    ("participant.1.type.*", None, "participant.type: max"),
    ("participant.1.type.0.coding.0.code", "PPRF", "participant[1].type"),
    ("participant.1", {"type": ROLE, "status": "accepted"}, "participant.actor: minimum"),
    astray("participant.1.actor", "Practitioner", "Patient", "Location"),
    *gone("participant.1.actor.type", "participant.1.actor.identifier.system"),
    *gone("participant.1.actor.identifier.value"),
    ("participant.0.actor.identifier", GONE, "visit-person"),
    ("participant.0.required", "optional", "visit-required"),
    ("participant.0.status", "tentative", "visit-participation"),
    ("participant.+", PLACE | {"status": "declined"}, "visit-place"),
    ("participant.0.type", ROLE, "visit-patient-role"),
    ("participant", [PLACE, PLACE], "visit-one-patient"),
    ("participant", [PLACE, PLACE], "visit-one-place"),
    ("participant.1.type", GONE, "visit-one-attender"),
    ("status", "noshow", "visit-no-show"),
    (both(at("status", "booked"), at("cancelationReason", PAT)), None, "visit-called-off"),
]  # fmt: skip
MISSED: list[Row] = [
    ("status", "fulfilled", "Appointment.status"),
    ("cancelationReason", PAT, "cancelationReason: max"),
]
REFERRAL: list[Row] = [
    *sealed(),
    *gone("identifier", "identifier.0.system", "identifier.0.value", "code"),
    ("identifier", [NUMBER] * 3, "ServiceRequest.identifier: max"),
    ("status", "active", "referral-status"),
    ("intent", "plan", "ServiceRequest.intent"),
    ("code", CODED, "ServiceRequest.code"),
    astray("subject", "Patient"),
    astray("requester", "Practitioner"),
    *named("subject", "requester"),
]
_FIRST, _SECOND = "input.0.type.coding.0.code", "input.1.type.coding.0.code"
OUTREACH: list[Row] = [
    *sealed(),
    *gone("identifier", "identifier.0.system", "identifier.0.value", "code", "description"),
    *gone("focus", "for", "requester", "restriction", "restriction.period.start"),
    ("identifier.*", None, "Task.identifier: max"),
    ("basedOn.*", None, "Task.basedOn: max"),
    ("restriction", {"repetitions": 1}, "restriction.period: minimum"),
    ("statusReason", CODED, "statusReason.text: minimum"),
    ("reasonCode.text", GONE, "reasonCode.text: minimum"),
    ("reasonCode.coding", GONE, "reasonCode.coding: minimum"),
    ("reasonCode.coding.*", None, "reasonCode.coding: max"),
    ("reasonCode.coding.0.code", "270426007", "missed-visit"),
    ("status", "in-progress", "outreach-status"),
    ("intent", "plan", "Task.intent"),
    ("code", CODED, "Task.code"),
    astray("focus", "Appointment"),
    astray("for", "Patient"),
    astray("owner", "Practitioner", "Organization", "CareTeam"),
    astray("requester", "Device"),
    astray("basedOn.0", "ServiceRequest"),
    *named("basedOn.0", "focus", "for", "requester", "owner"),
    (both(*[at("input.*", None)] * 4), None, "Task.input: max"),
    ("input.0.type.coding.0.code", "outreach-after-no-show", "outreach-input"),
    ("input.0.type.coding.*", None, "input.type.coding: max"),
    ("input.0.type", {"text": "x"}, "input.type.coding: minimum"),
    (instead("input.1.valueString", "valueInteger", 1), None, "type of element valueInteger"),
    ("input.0.valueCodeableConcept.coding.0.code", "attended", "outreach-which-visit"),
    (_SECOND, "which-visit", "outreach-which-visit"),
    (_FIRST, "ask-why", "outreach-words"),
    ("input", GONE, "outreach-asked"),
    (both(at("input.0.type.text", "x"), at("status", "cancelled")), None, "outreach-called-off"),
]
OF_VISITS = [
    *faults("visit-appointment", *VISIT),
    *faults("no-show-appointment", *MISSED),
    *faults("visit-referral", *REFERRAL),
    *faults("outreach-task", *OUTREACH),
]
