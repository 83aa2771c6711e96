"""Tasks: requests of the type that their kind calls for.

All of them say what is planned (`intent` plan), and none is an order: nobody gets a medicine by it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import NamedTuple

from alliance_fhir.domain.agreement import outcome
from alliance_fhir.domain.plan.document import Kind, SharedPlan, Task
from alliance_fhir.domain.plan.history import task_key
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.plan.agreements import agreements
from alliance_fhir.fhir.plan.ending import request_ended
from alliance_fhir.fhir.plan.facts import Facts
from alliance_fhir.fhir.plan.goals import goal_suffix
from alliance_fhir.fhir.plan.statuses import request_status
from alliance_fhir.fhir.versions import Json

TASK = "task-"
"""Before the name of a task, in what its request is known by."""


def task_suffix(facts: Facts, task: str, type_: str) -> str:
    """By what the request of a task is known: `task-<task>`. Where its kind changed so much that it
    became one of another type, that has the type besides, as no two resources have one key."""
    first = _SHAPES[facts.first_kinds[task]].type
    return f"{TASK}{task}" if type_ == first else f"{TASK}{task}:{type_}"


def request_type(task: Task) -> str:
    """The type of resource that a task becomes."""
    return _SHAPES[task.kind].type


def task_reference(facts: Facts, task: str, type_: str) -> Json:
    """A reference to the request of a task."""
    return facts.ref(type_, task_suffix(facts, task, type_))


def tasks(facts: Facts) -> list[Resource]:
    """All tasks of the newest version, in its order."""
    return [_task(facts, task) for task in facts.plan.tasks]


def former_tasks(facts: Facts) -> list[Resource]:
    """The requests that only earlier versions have, ended, with the words that they had last."""
    return [_task(last, task) for last, task in facts.former(_requests)]


def _requests(plan: SharedPlan) -> dict[Hashable, Task]:
    return {(task.task, request_type(task)): task for task in plan.tasks}


def _task(facts: Facts, task: Task) -> Resource:
    shape = _SHAPES[task.kind]
    key = task_key(task.task)
    told = outcome(facts.positions[key])
    since = facts.since(_requests, (task.task, shape.type))
    agreed = agreements(facts, key)
    body: Json = {
        "extension": [*agreed.extensions, *_pertains(facts, task)],
        "status": request_status(shape.type, facts.course, told),
        shape.subject: facts.patient,
        "authoredOn": since.written.day,
        **facts.given("requester", task.proposed_by),
        **shape.build(facts, task),
        "note": [*_notes(task, timed=shape.timed)],
    }
    after = facts.left.tasks if facts.left else ()
    goes_on = any(one.task == task.task for one in after)
    body = request_ended(facts, shape.type, body, goes_on=goes_on)
    suffix = task_suffix(facts, task.task, shape.type)
    return facts.made(shape.type, suffix, body, agreed=agreed.texts, also=task.identifiers)


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
        "code": facts.version.service({"text": task.text}),
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
