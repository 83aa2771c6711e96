"""FHIR back to shared plans: the front of `alliance_fhir.fhir.plan.back`.

What the mapping writes is read here, and what somebody else wrote as far as a plan document has a
place for it. Whatever is not carried is told by its place, and never by what stands there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, get_args

from alliance_fhir.config import Settings
from alliance_fhir.domain.plan.document import Adolescent, SharedPlan, Status
from alliance_fhir.domain.plan.history import wording
from alliance_fhir.domain.records import latest_day
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.plan.back.agreements import Day
from alliance_fhir.fhir.plan.back.dates import version, written
from alliance_fhir.fhir.plan.back.element import LINE, Element, Why
from alliance_fhir.fhir.plan.back.goals import achievements, goals
from alliance_fhir.fhir.plan.back.kept import kept_by_others
from alliance_fhir.fhir.plan.back.people import people
from alliance_fhir.fhir.plan.back.pool import Pool
from alliance_fhir.fhir.plan.back.preferences import preferences
from alliance_fhir.fhir.plan.back.said import Named, first_conversation, reviews
from alliance_fhir.fhir.plan.back.scope import Scope
from alliance_fhir.fhir.plan.back.tasks import requests
from alliance_fhir.fhir.plan.careplan import PLAN
from alliance_fhir.fhir.versions import Json

_KEY = re.compile(rf"(?P<key>[0-9a-f]{{32}})-{PLAN}", re.ASCII)
_STATUSES: tuple[Status, ...] = get_args(Status)
_TITLE = "Shared plan"


class Left(NamedTuple):
    """What of a resource was not carried: `Type/id`, the path of the element, which is empty for
    the resource as a whole, and why. No values are in it."""

    resource: str
    element: str
    why: Why

    def __str__(self) -> str:
        return f"{self.resource} {self.element}".strip()


class Came(NamedTuple):
    """The plan of one CarePlan, None where it cannot be one; and what was not carried."""

    plan: SharedPlan | None
    left: list[Left]


class _NoPlan(Exception):
    """A CarePlan that cannot be a plan of a document, and why."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why: Why = why


def plans_in(
    resources: Iterable[Json],
    settings: Settings | None = None,
    *,
    earlier: bool = True,
    sent: SharedPlan | None = None,
) -> list[Came]:
    """The plans of all CarePlans among these resources, in their order.

    `resources` are as a server of R4, R4B or R5 gives them, in any order, with all that the
    CarePlans list; people have to be there where references have no identifier beside them.
    `settings` are those of the site: its systems tell which of somebody's identifiers counts, and
    its zone in which zone times are told that came in UTC.
    """
    pool = Pool(resources)
    words: Mapping[str, str] = wording(sent).words if sent else {}
    return [
        _came(Scope(pool, name, settings or Settings()), earlier, words)
        for name, body in pool.all.items()
        if body.get("resourceType") == "CarePlan"
    ]


def _came(scope: Scope, earlier: bool, words: Mapping[str, str]) -> Came:
    try:
        plan = _plan(scope, earlier, words)
    except _NoPlan as error:
        return Came(None, [Left(scope.name, "", error.why)])
    return Came(plan, [Left(*one) for one in scope.left()])


def _plan(scope: Scope, earlier: bool, words: Mapping[str, str]) -> SharedPlan:
    careplan = scope.careplan
    if why := scope.unfit(careplan):
        raise _NoPlan(why)
    status = _status(scope)
    _patient(scope)
    name = _name(scope)
    when, number = written(scope), version(scope)
    if when is None:
        raise _NoPlan("no-day")
    who = people(scope, status)
    if not who.clinicians:
        raise _NoPlan("clinician-not-named")
    day = Day(number, when, when.day, latest_day(), earlier, words)
    wanted = goals(scope, status, day)
    named = {key: one.goal.goal for key, one in wanted.items()}
    asked = requests(scope, status, day, named)
    medicines = {key: one.task for key, one in asked.tasks.items() if one.kind == "medication"}
    said = first_conversation(scope)
    looked_back = reviews(scope, Named(named, medicines))
    achievements(wanted.values(), looked_back)
    told: dict[str, Any] = {
        "plan": name,
        "patient": scope.patient,
        "clinicians": who.clinicians,
        "written": when,
        "version": number,
        "status": status,
        "replaces": _replaced(scope, name),
        **said.told,
        "preferences": preferences(scope),
        "goals": tuple(one.goal for one in wanted.values()),
        "tasks": tuple(asked.tasks.values()),
        "kept_by_others": kept_by_others(scope),
        "contact": asked.contact,
        "next_review": asked.next_review,
        "reviews": tuple(looked_back),
    }
    if said.adolescent or who.guardians:
        told["adolescent"] = Adolescent(**said.adolescent, guardians=who.guardians)
    _labels(scope)
    return SharedPlan.model_validate(told)


def _status(scope: Scope) -> Status:
    status = scope.careplan.word("status", _STATUSES)
    for known in _STATUSES:
        if known == status:
            return known
    raise _NoPlan("status-unknown")


def _patient(scope: Scope) -> None:
    subject = scope.careplan.part("subject")
    person = scope.person(subject)
    if person is None or person.type not in ("Patient", ""):
        raise _NoPlan("patient-not-named")
    subject.done()
    scope.patient = person.identifier


def _name(scope: Scope) -> str:
    """The name of the plan, and our key where it is one of ours."""
    careplan = scope.careplan
    if careplan.extension(el.RECORD).value:
        for one in careplan.parts("identifier"):
            if found := _KEY.fullmatch(one.text("value")):
                scope.system, scope.key = one.text("system"), found["key"]
                one.done()
                break
    if name := _named(careplan):
        return name
    raise _NoPlan("no-name")


def _named(careplan: Element) -> str:
    """The name that we wrote, or else an identifier, or else the id; empty where there is none."""
    if name := careplan.extension(el.RECORD).take("valueString", LINE):
        return name
    for one in careplan.parts("identifier"):
        if value := one.look("value", LINE):
            one.done()
            return value
    return careplan.look("id", LINE) or ""


def _replaced(scope: Scope, plan: str) -> str | None:
    """The name of the plan whose place this one takes. A reference does not tell it: the other plan
    has to be there."""
    for reference in scope.careplan.parts("replaces"):
        other = scope.look(reference)
        name = _named(other) if other.text("resourceType") == "CarePlan" else ""
        if name and name != plan:
            reference.done()
            return name
        reference.refuse("not-found")
    return None


def _labels(scope: Scope) -> None:
    """What the CarePlan of every plan says alike."""
    careplan = scope.careplan
    careplan.word("intent", ("plan",))
    if scope.key:
        careplan.word("title", (_TITLE,))
    for concept in careplan.parts("category"):
        for category in el.PLAN_CATEGORIES:
            (coding,) = category["coding"]
            concept.code(coding["system"], [coding["code"]])
