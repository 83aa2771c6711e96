"""Faults in what is to be done by a plan, that a profile alone finds."""

from __future__ import annotations

from profile_rows import (
    CODED,
    DAY,
    DEVICE,
    GROUP,
    MEDICATION,
    NO_WORDS,
    OBSERVATION,
    OUTREACH,
    WORDS,
    Instead,
    Row,
    of_identifiers,
)

from planting import GONE


def _request(kind: str, type_: str, status: str) -> list[Row]:
    return [
        *of_identifiers(kind, type_),
        (kind, "status", "unknown" if type_ != "Task" else "requested", status),
        (kind, "authoredOn", GONE, f"{type_}.authoredOn: minimum"),
        (kind, "authoredOn", "2026-03-02T10:00:00Z", "plan-day"),
        (kind, "requester", DEVICE, f"{type_}.requester"),
    ]


def _noted(kind: str, type_: str) -> list[Row]:
    about = {"url": "http://hl7.org/fhir/StructureDefinition/annotationType"}
    return [
        (kind, "note.0.extension", GONE, "note.extension:annotationType'"),
        (kind, "note.0.extension.0", {**about, "valueCodeableConcept": CODED}, "plan-note"),
    ]


def _intended(kind: str, type_: str) -> list[Row]:
    return [
        (kind, "intent", "order", f"{type_}.intent"),
    ]


def _why(kind: str, type_: str) -> list[Row]:
    return [
        (kind, "statusReason", CODED, f"{type_}.statusReason.coding: max"),
        (kind, "statusReason", NO_WORDS, f"{type_}.statusReason.text: minimum"),
        (kind, "status", "draft", "request-left"),
    ]


BY_REFERENCE = Instead("medicationReference", MEDICATION)
MEDICINE: list[Row] = [
    *_request("medicine", "MedicationRequest", "plan-medication-status"),
    *_noted("medicine", "MedicationRequest"),
    *_intended("medicine", "MedicationRequest"),
    *_why("medicine left", "MedicationRequest"),
    ("medicine", "extension.0", GONE, "extension:agreement'"),
    ("medicine", "extension.0.extension.1.valueCode", "disagree", "request-agreed"),
    ("medicine", "medicationCodeableConcept", BY_REFERENCE, "MedicationRequest.medication"),
    ("medicine", "medicationCodeableConcept", CODED, "medication[x].coding: max"),
    ("medicine", "medicationCodeableConcept", NO_WORDS, "medication[x].text: minimum"),
    ("medicine", "subject", GROUP, "MedicationRequest.subject"),
    ("medicine", "performer", DEVICE, "MedicationRequest.performer"),
    ("medicine", "dosageInstruction.+", {"timing": {"code": WORDS}}, "dosageInstruction: max"),
    ("medicine", "dosageInstruction.0", WORDS, "dosageInstruction.timing: minimum"),
    ("medicine", "dosageInstruction.0.timing.event", ["2026-03-02"], "timing.event: max"),
    ("medicine", "dosageInstruction.0.timing.repeat", {"count": 1}, "timing.repeat: max"),
    ("medicine", "dosageInstruction.0.timing", {"repeat": {"count": 1}}, "timing.code: minimum"),
    ("medicine", "dosageInstruction.0.timing.code", CODED, "timing.code.coding: max"),
    ("medicine", "dosageInstruction.0.timing.code", NO_WORDS, "timing.code.text: minimum"),
]
SERVICE: list[Row] = [
    *_request("service", "ServiceRequest", "plan-request-status"),
    *_noted("service", "ServiceRequest"),
    *_intended("service", "ServiceRequest"),
    ("service", "category", GONE, "service-of-task"),
    ("service", "extension.0", GONE, "service-asked"),
    ("service", "extension.0.extension.1.valueCode", "disagree", "request-agreed"),
    ("service", "category", [OUTREACH], "plan-service-category"),
    ("service", "category.+", OUTREACH, "ServiceRequest.category: max"),
    ("service", "code", GONE, "ServiceRequest.code: minimum"),
    ("service", "code", NO_WORDS, "ServiceRequest.code.text: minimum"),
    ("service", "code", CODED, "ServiceRequest.code.coding"),
    ("service", "subject", GROUP, "ServiceRequest.subject"),
    ("service", "performer.+", {"reference": "Patient/1"}, "ServiceRequest.performer: max"),
    ("service", "performer.0", DEVICE, "ServiceRequest.performer"),
    ("service", "occurrenceTiming", {"repeat": {"count": 1}}, "service-timing"),
    (
        "service",
        "occurrenceTiming",
        Instead("occurrencePeriod", DAY),
        "occurrencePeriod is not known",
    ),
    ("service left", "extension.-2.valueCodeableConcept", CODED, "value[x].coding: max"),
    ("service left", "extension.-2.valueCodeableConcept", NO_WORDS, "value[x].text: minimum"),
    ("next review", "requester", {"reference": "Patient/1"}, "service-of-review"),
    ("next review", "code.text", "Sleep", "service-code"),
]
TASK: list[Row] = [
    *_request("task", "Task", "plan-task-status"),
    *_noted("task", "Task"),
    *_intended("task", "Task"),
    *_why("task left", "Task"),
    ("task agreed", "extension.0", GONE, "extension:agreement'"),
    ("task", "status", "accepted", "request-agreed"),
    ("task", "code", OUTREACH, "plan-task-code"),
    ("task", "code", GONE, "Task.code: minimum"),
    ("task", "description", GONE, "Task.description: minimum"),
    ("task", "for", GONE, "Task.for: minimum"),
    ("task", "for", GROUP, "Task.for"),
    ("task", "owner", DEVICE, "Task.owner"),
]
MESSAGE: list[Row] = [
    *_request("message", "CommunicationRequest", "plan-request-status"),
    *_noted("contact left", "CommunicationRequest"),
    *_why("contact left", "CommunicationRequest"),
    ("message", "extension.0.extension.1.valueCode", "disagree", "request-agreed"),
    ("message", "extension.0", GONE, "contact-asked"),
    ("contact", "requester", {"reference": "Patient/1"}, "contact-alone"),
    ("message", "category", [OUTREACH], "plan-contact-category"),
    ("message", "category.+", OUTREACH, "CommunicationRequest.category: max"),
    ("message", "category", GONE, "CommunicationRequest.category: minimum"),
    ("message", "subject", GONE, "CommunicationRequest.subject: minimum"),
    ("message", "subject", GROUP, "CommunicationRequest.subject"),
    ("message", "payload", GONE, "CommunicationRequest.payload: minimum"),
    ("message", "payload.+", {"contentString": "x"}, "CommunicationRequest.payload: max"),
    ("message", "payload", [{"contentReference": OBSERVATION}], "payload[0].content"),
    ("message", "sender", DEVICE, "CommunicationRequest.sender"),
]
