"""One resource of each kind that comes of plans."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from making import SETTINGS, of_plans
from plan_faults import IG, SD

from alliance_fhir.fhir.plan.forms import forms
from plans.fhir.making import left, mapped, plan, rare

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.fhir.group import Resource
    from alliance_fhir.fhir.versions import Json, Version


def _anything(body: Json) -> bool:
    return bool(body)


def _has(*names: str) -> Callable[[Json], bool]:
    return lambda body: set(names) <= body.keys()


def _standing(code: str, *parts: str) -> Callable[[Json], bool]:
    """Whether the first party stands so, with these parts told of it."""

    def is_so(body: Json) -> bool:
        if "extension" not in body["extension"][0]:  # nobody is asked to agree to it
            return False
        _, status, *told = body["extension"][0]["extension"]
        inner = told[0]["extension"] if told and "extension" in told[0] else told
        return status["valueCode"] == code and [one["url"] for one in inner] == [*parts]

    return is_so


def _left(body: Json) -> bool:
    urls = [one["url"] for one in body["extension"] if "category" in body]
    return f"{SD}/request-statusReason" in urls


def _answers(form: str, *links: str) -> Callable[[Json], bool]:
    """Whether it is a response to this form with answers to all of these, in this order."""

    def does(body: Json) -> bool:
        if not body["questionnaire"].startswith(f"{IG}/Questionnaire/{form}|"):
            return False
        return [item["linkId"] for item in body["item"]] == [*links]

    return does


def _is_form(slug: str) -> Callable[[Json], bool]:
    return lambda body: body["url"] == f"{IG}/Questionnaire/{slug}"


def _category(code: str) -> Callable[[Json], bool]:
    return lambda body: body["category"][0]["coding"][0]["code"] == code


def _agents(*types: str) -> Callable[[Json], bool]:
    return lambda body: [agent["who"]["type"] for agent in body["agent"]] == [*types]


FIRST = ("reason", "hopes", "concerns", "outcome_sought", "barriers", "background", "adolescent")
REVIEW = ("works", "does_not", "changes", "goals", "satisfaction", "doubts", "adherence")
KINDS: dict[str, tuple[str, Callable[[Json], bool]]] = {
    "plan": ("CarePlan", _has("goal", "activity", "supportingInfo")),
    "plan instead": ("CarePlan", _has("replaces")),
    "plan of others": ("CarePlan", lambda body: "extension" in body.get("goal", [{}])[0]),
    "team": ("CareTeam", _anything),
    "team of three": ("CareTeam", lambda body: len(body["participant"]) > 2),
    "goal": ("Goal", _has("target", "statusDate", "achievementStatus", "priority")),
    "goal taken back": ("Goal", _standing("pending", "on", "digest", "withdrawn")),
    "goal of other words": ("Goal", _standing("pending", "earlier", "earlier-on")),
    "goal in words": ("Goal", lambda body: "detailString" in body.get("target", [{}])[0]),
    "goal untold": ("Goal", _standing("pending")),
    "goal left": ("Goal", _has("statusReason")),
    "medicine": ("MedicationRequest", _has("dosageInstruction", "note", "performer", "requester")),
    "medicine agreed": ("MedicationRequest", _standing("agree", "on", "digest")),
    "medicine left": ("MedicationRequest", _has("statusReason")),
    "service": ("ServiceRequest", _has("occurrenceTiming", "note", "performer")),
    "service of other words": ("ServiceRequest", _standing("pending", "earlier", "earlier-on")),
    "service left": ("ServiceRequest", _left),
    "next review": ("ServiceRequest", _has("occurrenceDateTime")),
    "task": ("Task", _has("note", "owner")),
    "task agreed": ("Task", _standing("agree", "on", "digest")),
    "task taken back": ("Task", _standing("pending", "on", "digest", "withdrawn")),
    "task left": ("Task", _has("statusReason")),
    "message": ("CommunicationRequest", _category("contact")),
    "contact": ("CommunicationRequest", _category("contact-urgent")),
    "contact left": ("CommunicationRequest", _has("statusReason")),
    "first": ("QuestionnaireResponse", _answers("first-conversation", *FIRST)),
    "review": ("QuestionnaireResponse", _answers("plan-review", *REVIEW)),
    "barrier": ("Observation", _has("valueString", "note")),
    "preference": ("Observation", _category("treatment-intervention-preference")),
    "care preference": ("Observation", _category("care-experience-preference")),
    "degree": ("Observation", _has("valueQuantity")),
    "adherence": ("Observation", _has("component", "note")),
    "sign-off": ("Provenance", _agents("Patient", "Practitioner")),
    "form": ("Questionnaire", _is_form("first-conversation")),
    "review form": ("Questionnaire", _is_form("plan-review")),
}


@cache
def everything(version: Version) -> tuple[Resource, ...]:
    """All that comes of plans; of earlier versions, too, for what later ones change."""
    earlier = [*mapped(rare()[:1], version, SETTINGS), *mapped(left()[:3], version, SETTINGS)]
    said = {"party": "patient", "status": "agree", "on": "2026-03-02"}
    goal = {"goal": "sleep", "text": "Sleep", "agreement": [said]}
    other = plan(version=2, written="2026-03-09", goals=[goal | {"text": "Sleep well"}])
    changed = mapped([plan(goals=[goal]), other], version, SETTINGS)
    return (*of_plans(version), *earlier, *changed, *forms(version))


@cache
def valid(kind: str, version: Version) -> Resource:
    """A resource as the mapping makes it."""
    type_, fits = KINDS[kind]
    return next(r for r in everything(version) if r.type == type_ and fits(r.body))
