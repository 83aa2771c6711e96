"""Tasks, and contact between visits: requests of the type that their kind calls for.

All of them say what is planned (`intent` plan), and none is an order: nobody gets a medicine by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from alliance_fhir.domain.agreement import outcome
from alliance_fhir.domain.plan.document import Kind, SharedPlan, Task
from alliance_fhir.domain.plan.history import task_key
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.plan.agreements import agreements
from alliance_fhir.fhir.plan.facts import Facts
from alliance_fhir.fhir.plan.goals import goal_suffix
from alliance_fhir.fhir.plan.statuses import plan_status, request_status
from alliance_fhir.fhir.versions import Json


def task_suffix(task: str) -> str:
    """By what a task of a plan is known."""
    return f"task-{task}"


def request_type(task: Task) -> str:
    """The type of resource that a task becomes."""
    return _SHAPES[task.kind].type


def tasks(facts: Facts) -> list[Resource]:
    """All tasks of the newest version, in its order."""
    return [_task(facts, task) for task in facts.plan.tasks]


def _task(facts: Facts, task: Task) -> Resource:
    shape = _SHAPES[task.kind]
    key = task_key(task.task)
    told = outcome(facts.positions[key])
    since = facts.since(lambda plan: any(one.task == task.task for one in plan.tasks))
    body: Json = {
        "extension": [*agreements(facts, key), *_pertains(facts, task)],
        "status": request_status(shape.type, facts.plan.status, told),
        shape.subject: facts.patient,
        "authoredOn": since.written.day,
        **facts.given("requester", task.proposed_by),
        **shape.build(facts, task),
        "note": [*_notes(task, timed=shape.timed)],
    }
    return facts.made(shape.type, task_suffix(task.task), body)


def _pertains(facts: Facts, task: Task) -> Iterator[Json]:
    for goal in dict.fromkeys(task.goals):
        reference = facts.ref("Goal", goal_suffix(goal))
        yield {"url": el.PERTAINS_TO_GOAL, "valueReference": reference}


def _notes(task: Task, *, timed: bool) -> Iterator[Json]:
    if task.when and not timed:
        yield _note("when", task.when)
    for option in task.options_considered:
        yield _note("option-considered", option)


def _note(about: str, text: str) -> Json:
    type_ = {"url": el.ANNOTATION_TYPE, "valueCodeableConcept": el.concept(about)}
    return {"extension": [type_], "text": text}


# --- what differs by type -------------------------------------------------------------------------


def _medication(facts: Facts, task: Task) -> Json:
    body: Json = {"intent": "plan", **facts.version.medication(task.text)}
    if task.who is not None:
        body["performer"] = facts.version.medication_performer(facts.who(task.who))
    if task.when:
        body["dosageInstruction"] = [{"timing": _timing(task.when)}]
    return body


def _service(facts: Facts, task: Task) -> Json:
    return {
        "intent": "plan",
        "category": [el.concept(task.kind)],
        "code": facts.version.service(task.text),
        "occurrenceTiming": _timing(task.when) if task.when else {},
        "performer": [] if task.who is None else [facts.who(task.who)],
    }


def _timing(when: str) -> Json:
    """When, in somebody's own words."""
    return {"code": {"text": when}}


def _own(facts: Facts, task: Task) -> Json:
    return {
        "intent": "plan",
        "code": el.concept(task.kind),
        "description": task.text,
        **facts.given("owner", task.who),
    }


def _communication(facts: Facts, task: Task) -> Json:
    sender = None if task.who is None else facts.who(task.who)
    return {
        "category": [el.concept(task.kind)],
        **facts.version.communication(task.text, sender),
    }


class _Shape(NamedTuple):
    """A type of requests: its element for the patient, whether it has one for when, the rest."""

    type: str
    subject: str
    timed: bool
    build: Callable[[Facts, Task], Json]


_MEDICATION = _Shape("MedicationRequest", "subject", True, _medication)
_SERVICE = _Shape("ServiceRequest", "subject", True, _service)
_OWN = _Shape("Task", "for", False, _own)
_COMMUNICATION = _Shape("CommunicationRequest", "subject", False, _communication)
_SHAPES: dict[Kind, _Shape] = {
    "medication": _MEDICATION,
    "psychotherapy": _SERVICE,
    "visit": _SERVICE,
    "self-care": _OWN,
    "social": _OWN,
    "other": _OWN,
    "contact": _COMMUNICATION,
}


# --- contact between visits -----------------------------------------------------------------------


def contacts(facts: Facts) -> list[Resource]:
    """How the two reach each other, as far as the plan says so. Nobody is asked to agree to it, so
    that its status is the plan's."""
    return [
        _contact(facts, suffix, told, text)
        for suffix, told in _CONTACTS.items()
        if (text := told(facts.plan))
    ]


def _contact(facts: Facts, suffix: str, told: Callable[[SharedPlan], str], text: str) -> Resource:
    body: Json = {
        "status": plan_status(facts.plan.status, facts.everywhere),
        "category": [el.concept(suffix)],
        "subject": facts.patient,
        "authoredOn": facts.since(lambda plan: bool(told(plan))).written.day,
        **facts.version.communication(text, None),
    }
    return facts.made("CommunicationRequest", suffix, body)


def _between_visits(plan: SharedPlan) -> str:
    return (plan.contact and plan.contact.between_visits) or ""


def _urgent(plan: SharedPlan) -> str:
    return (plan.contact and plan.contact.urgent) or ""


_CONTACTS: dict[str, Callable[[SharedPlan], str]] = {
    "contact-between-visits": _between_visits,
    "contact-urgent": _urgent,
}
"""What the document says, by the code, which is the suffix as well."""
