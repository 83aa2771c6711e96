"""Faults that a profile alone finds, planted in the examples; and what claims which profile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from shorthand import PROFILES

IG = "https://alliance-fhir.github.io/ig/StructureDefinition"
EXAMPLES = PROFILES.parent / "examples"
THO = "http://terminology.hl7.org/CodeSystem"
Json = dict[str, Any]
Spoil = Callable[[Json], Json]


_OF_PLANS = {
    ("CarePlan", "plan"): "shared-care-plan",
    ("CareTeam", "team"): "shared-care-team",
    ("Goal", "goal"): "agreed-goal",
    ("MedicationRequest", "task"): "plan-medication-request",
    ("ServiceRequest", "task"): "plan-service-request",
    ("ServiceRequest", "next"): "plan-service-request",
    ("Task", "task"): "plan-task",
    ("CommunicationRequest", "task"): "plan-communication-request",
    ("CommunicationRequest", "contact"): "plan-communication-request",
    ("QuestionnaireResponse", "first"): "plan-response",
    ("QuestionnaireResponse", "review"): "plan-response",
    ("Observation", "barrier"): "plan-barrier",
    ("Observation", "preference"): "plan-preference",
    ("Observation", "review"): "plan-score",
}
"""By type, and by what a resource is in its plan; what has components counts days."""
_OF_RECORDS = {
    ("QuestionnaireResponse", "qr"): "alliance-response",
    ("Observation", "panel"): "alliance-panel",
    ("Appointment", "appointment"): "visit-appointment",
    ("ServiceRequest", "referral"): "visit-referral",
    ("Task", "outreach"): "outreach-task",
}
"""By type, and by what a resource is of its record."""
_OF_TYPE = {
    "Device": "alliance-device",
    "Measure": "engagement-measure",
    "MeasureReport": "engagement-report",
    "Provenance": "alliance-provenance",
    "Questionnaire": "alliance-questionnaire",
}


def profiles_of(body: Json) -> list[str]:
    """The profiles that a resource of ours is to fit, by their ids; none is for people."""
    identifiers = body.get("identifier", [])
    listed = identifiers if isinstance(identifiers, list) else [identifiers]
    what = listed[0]["value"].partition("-")[2] if listed else ""
    type_ = body["resourceType"]
    if of_plan := _OF_PLANS.get((type_, what.partition("-")[0])):
        return [of_plan if "component" not in body else "plan-adherence"]
    if found := _OF_RECORDS.get((type_, what)) or _OF_TYPE.get(type_):
        missed = ["no-show-appointment"] if body.get("status") == "noshow" else []
        return [found, *missed]
    return ["alliance-score"] if type_ == "Observation" else []


def claiming(body: Json, profiles: list[str] | None = None) -> bytes:
    """The resource as one that says that it fits these profiles, or those that it is to fit."""
    claims = [f"{IG}/{one}" for one in (profiles_of(body) if profiles is None else profiles)]
    claimed = {"profile": claims} if claims else {}
    return json.dumps({**body, "meta": {**body.get("meta", {}), **claimed}}).encode()


def of_the_examples(version: str = "R4") -> Iterator[Json]:
    """All resources of the golden files of a version."""
    for file in sorted(EXAMPLES.glob(f"*/expected/{version.lower()}/*.ndjson")):
        yield from map(json.loads, file.read_bytes().splitlines())


@cache
def first(profile: str) -> Json:
    """The first of the examples that is to fit a profile."""
    return next(one for one in of_the_examples() if profile in profiles_of(one))


def without(name: str) -> Spoil:
    """An element that is not there."""
    return lambda body: {key: value for key, value in body.items() if key != name}


def with_(elements: Json | None = None, **told: Any) -> Spoil:
    """Elements that say something else."""
    return lambda body: {**body, **(elements or {}), **told}


def without_extension(name: str) -> Spoil:
    """An extension of ours that is not there."""
    return lambda body: {
        **body,
        "extension": [one for one in body["extension"] if not one["url"].endswith(f"/{name}")],
    }


SOMEBODY = {"reference": "Group/1"}
PAT = {"coding": [{"system": f"{THO}/appointment-cancellation-reason", "code": "pat"}]}
OTHER = {"coding": [{"system": f"{THO}/observation-category", "code": "exam"}]}


def twice(name: str) -> Spoil:
    """An extension of ours that is there twice."""
    return lambda body: {
        **body,
        "extension": [
            *body["extension"],
            *(one for one in body["extension"] if one["url"].endswith(f"/{name}")),
        ],
    }


def both(*spoils: Spoil) -> Spoil:
    """One after the other."""

    def spoil(body: Json) -> Json:
        for one in spoils:
            body = one(body)
        return body

    return spoil


def within(name: str, spoil: Spoil) -> Spoil:
    """The first of some elements, spoilt."""

    def change(body: Json) -> Json:
        told = body[name]
        return {
            **body,
            name: [spoil(told[0]), *told[1:]] if isinstance(told, list) else spoil(told),
        }

    return change


def extended(name: str, **value: Any) -> Spoil:
    """One more extension of ours, as often as told, which a profile lets stand once."""
    return lambda body: {
        **body,
        "extension": [*body["extension"], *[{"url": f"{IG}/{name}", **value}] * 2],
    }


def called_off(body: Json) -> Json:
    """A visit that was cancelled: FHIR lets such a one have no times."""
    kind = {"system": ATTENDANCE, "code": "unknown"}
    attendance, *rest = body["extension"]
    parts = [{"url": "kind", "valueCoding": kind}, attendance["extension"][1]]
    others = [{**attendance, "extension": parts}, *rest]
    return {**body, "status": "cancelled", "extension": others}


def no_actor(participant: Json) -> Json:
    """Somebody of whom the role alone is said."""
    role = {"coding": [{"system": f"{THO}/v3-ParticipationType", "code": "ATND"}]}
    return {"type": [role], "status": participant["status"]}


def nobody(body: Json) -> Json:
    """A visit of no patient."""
    others = [one for one in body["participant"] if one["actor"]["type"] != "Patient"]
    return {**body, "participant": others}


def at_an_instant(body: Json) -> Json:
    """A score of a moment, and of no day."""
    return {**without("effectiveDateTime")(body), "effectiveInstant": "2026-03-02T12:00:00Z"}


def with_text(component: Json) -> Json:
    """A part of a score that is a text."""
    return {"code": component["code"], "valueString": "x"}


SEAL = "content-digest"
ATTENDANCE = "https://alliance-fhir.github.io/ig/CodeSystem/attendance"
REFERRED = {"reference": "DocumentReference/1"}
MODE = {"coding": [{"system": f"{THO}/v3-ParticipationMode", "code": "FACE"}]}
BY_NUMBER = {"identifier": {"system": "urn:example:x", "value": "1"}}
TEXT = {"text": "x"}
FAULTS: list[tuple[str, Spoil, str]] = [
    # the profile, what is wrong, and a part of what is said of it
    ("visit-appointment", without_extension(SEAL), "extension:digest'"),
    ("visit-appointment", twice(SEAL), "extension:digest: max"),
    ("visit-appointment", without_extension("attendance"), "extension:attendance'"),
    ("visit-appointment", twice("attendance"), "extension:attendance: max"),
    ("visit-appointment", without_extension("first-or-follow-up"), "extension:firstOrFollowUp'"),
    ("visit-appointment", twice("first-or-follow-up"), "firstOrFollowUp: max"),
    ("visit-appointment", extended("modality", valueCodeableConcept=MODE), "modality: max"),
    ("visit-appointment", with_(identifier=[{"value": "1"}]), "identifier.system"),
    ("visit-appointment", with_(identifier=[{"system": "urn:example:x"}]), "identifier.value"),
    ("visit-appointment", without("identifier"), "Appointment.identifier"),
    ("visit-appointment", both(called_off, without("start"), without("end")), "Appointment.start"),
    ("visit-appointment", both(called_off, without("start"), without("end")), "Appointment.end"),
    ("visit-appointment", within("participant", no_actor), "participant.actor"),
    ("visit-appointment", nobody, "visit-one-patient"),
    ("visit-appointment", with_(status="noshow"), "visit-no-show"),
    ("visit-appointment", with_(status="booked", cancelationReason=PAT), "visit-called-off"),
    ("no-show-appointment", with_(status="fulfilled"), "Appointment.status"),
    ("no-show-appointment", with_(cancelationReason=PAT), "cancelationReason: max"),
    ("alliance-response", without_extension(SEAL), "extension:digest'"),
    ("alliance-response", twice(SEAL), "extension:digest: max"),
    ("alliance-response", twice("rated-clinician"), "ratedClinician: max"),
    ("alliance-response", twice("session-number"), "sessionNumber: max"),
    ("alliance-response", twice("appointment"), "extension:appointment: max"),
    ("alliance-response", extended("source-record", valueString="x"), "sourceRecord: max"),
    ("alliance-response", without("identifier"), "QuestionnaireResponse.identifier"),
    ("alliance-response", without("questionnaire"), "QuestionnaireResponse.questionnaire"),
    ("alliance-response", without("subject"), "QuestionnaireResponse.subject"),
    ("alliance-response", with_(subject=SOMEBODY), "QuestionnaireResponse.subject"),
    ("alliance-response", without("authored"), "QuestionnaireResponse.authored"),
    ("alliance-response", without("item"), "QuestionnaireResponse.item"),
    ("alliance-panel", without("hasMember"), "Observation.hasMember"),
    ("alliance-panel", with_(hasMember=[{"reference": "QuestionnaireResponse/1"}]), "hasMember"),
    ("alliance-panel", with_(valueInteger=1), "Observation.value"),
    ("alliance-score", without_extension(SEAL), "extension:digest'"),
    ("alliance-score", twice(SEAL), "extension:digest: max"),
    ("alliance-score", without("identifier"), "Observation.identifier"),
    ("alliance-score", without("category"), "Observation.category: minimum"),
    ("alliance-score", with_(category=[OTHER]), "pattern"),
    ("alliance-score", with_(code=TEXT), "Observation.code.coding"),
    ("alliance-score", without("subject"), "Observation.subject"),
    ("alliance-score", with_(subject=SOMEBODY), "Observation.subject"),
    ("alliance-score", without("effectiveDateTime"), "Observation.effective"),
    ("alliance-score", at_an_instant, "Observation.effective"),
    ("alliance-score", within("component", with_text), "component"),
    ("alliance-score", both(without("valueQuantity"), with_(valueInteger=1)), "Observation.value"),
    ("alliance-score", without("valueQuantity"), "score-value"),
    ("alliance-score", without("method"), "Observation.method"),
    ("alliance-score", with_(hasMember=[BY_NUMBER]), "Observation.hasMember"),
    ("outreach-task", without_extension(SEAL), "extension:digest'"),
    ("outreach-task", twice(SEAL), "extension:digest: max"),
    ("outreach-task", without("identifier"), "Task.identifier"),
    ("outreach-task", with_(intent="plan"), "Task.intent"),
    ("outreach-task", without("code"), "Task.code: minimum"),
    ("outreach-task", with_(code=OTHER), "Task.code"),
    ("outreach-task", without("focus"), "Task.focus: minimum"),
    ("outreach-task", with_(focus=SOMEBODY), "Task.focus"),
    ("outreach-task", without("for"), "Task.for: minimum"),
    ("outreach-task", with_({"for": SOMEBODY}), "Task.for"),
    ("outreach-task", with_(input=[{"type": OTHER, "valueString": "x"}]), "Task.input"),
    ("shared-care-plan", without_extension(SEAL), "extension:digest'"),
    ("shared-care-plan", twice(SEAL), "extension:digest: max"),
    ("shared-care-plan", without_extension("plan-version"), "extension:planVersion'"),
    ("shared-care-plan", twice("plan-version"), "planVersion: max"),
    ("shared-care-plan", without_extension("plan-written"), "extension:planWritten'"),
    ("shared-care-plan", twice("plan-written"), "planWritten: max"),
    ("shared-care-plan", twice("source-record"), "sourceRecord: max"),
    ("shared-care-plan", without("identifier"), "CarePlan.identifier"),
    ("shared-care-plan", without("category"), "CarePlan.category"),
    ("shared-care-plan", with_(intent="order"), "CarePlan.intent"),
    ("shared-care-plan", with_(subject=SOMEBODY), "CarePlan.subject"),
    ("shared-care-plan", without("created"), "CarePlan.created"),
    ("shared-care-plan", without("contributor"), "CarePlan.contributor"),
    ("agreed-goal", without_extension(SEAL), "extension:digest'"),
    ("agreed-goal", twice(SEAL), "extension:digest: max"),
    ("agreed-goal", without("identifier"), "Goal.identifier"),
    ("agreed-goal", with_(description=PAT), "Goal.description.text"),
    ("agreed-goal", with_(subject=SOMEBODY), "Goal.subject"),
    ("agreed-goal", with_(lifecycleStatus="active"), "goal-agreed"),
    ("alliance-provenance", without_extension(SEAL), "extension:digest'"),
    ("alliance-provenance", twice(SEAL), "extension:digest: max"),
    ("alliance-provenance", without("entity"), "Provenance.entity: minimum"),
    ("alliance-provenance", within("entity", with_(role="removal")), "Provenance.entity.role"),
    ("alliance-provenance", within("entity", with_(what=REFERRED)), "entity.what.identifier"),
    ("alliance-provenance", within("agent", without("type")), "agent.type: minimum"),
    ("alliance-provenance", within("agent", with_(type=OTHER)), "agent"),
]
