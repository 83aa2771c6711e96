"""Goals back from FHIR, in the order in which the CarePlan lists them."""

from __future__ import annotations

from alliance_fhir.domain.agreement import Outcome
from alliance_fhir.domain.plan.document import Goal, Priority, Status
from alliance_fhir.domain.plan.history import goal_words
from alliance_fhir.domain.plan.values import MOST_ENTRIES
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.plan.back.agreements import Day, said, settled
from alliance_fhir.fhir.plan.back.element import DAY, TEXT, Element
from alliance_fhir.fhir.plan.back.keys import key_of
from alliance_fhir.fhir.plan.back.measures import with_measure
from alliance_fhir.fhir.plan.back.scope import Found, Scope
from alliance_fhir.fhir.plan.goals import goal_suffix
from alliance_fhir.fhir.plan.statuses import goal_status

ENDED = frozenset({"completed", "cancelled", "rejected", "revoked", "stopped", "failed"})
"""Statuses of Goals and requests that nobody pursues any more."""
OVER: tuple[Status, ...] = ("completed", "revoked")
"""Those of a plan in which that is what is to be expected."""
_PRIORITIES: tuple[Priority, ...] = ("high", "medium", "low")


def goals(scope: Scope, status: Status, day: Day) -> dict[str, Goal]:
    """By the names of their resources."""
    made: dict[str, Goal] = {}
    for reference in scope.careplan.parts("goal")[:MOST_ENTRIES]:
        found = scope.resource(reference, "Goal")
        if found and found.name not in made and (goal := _goal(scope, found, status, day, made)):
            made[found.name] = goal
    return made


def _goal(
    scope: Scope, found: Found, status: Status, day: Day, made: dict[str, Goal]
) -> Goal | None:
    element = found.element
    if status not in OVER and element.text("lifecycleStatus") in ENDED:
        element.refuse("ended")
        return None
    text = element.part("description").words(TEXT)
    if not text:
        element.refuse("no-words")
        return None
    key = key_of(found, goal_suffix(""), {goal.goal for goal in made.values()})
    goal = Goal(
        goal=key,
        text=text,
        proposed_by=scope.party_in(element, "expressedBy", "source"),
        priority=_priority(element.part("priority")),
    )
    told = said(scope, element)
    for target in element.parts("target"):
        goal = with_measure(goal, target, [one.digest for one in told])
        if goal.measure:
            break
    assumed = element.look("statusDate", DAY) or day.assumed
    agreed = settled(scope, told, goal_words(goal), day._replace(assumed=assumed))
    _statuses(element, status, agreed.outcome)
    if found.suffix:  # days that follow from the versions of the plan
        element.drop("startDate", "statusDate")
    return goal.model_copy(update={"agreement": agreed.agreement})


def _priority(element: Element) -> Priority | None:
    for priority in _PRIORITIES:
        (coding,) = el.priority(priority)["coding"]
        if element.code(coding["system"], [coding["code"]]):
            return priority
    return None


def _statuses(element: Element, status: Status, told: Outcome) -> None:
    """They are read where they say what the plan and its agreements say anyhow."""
    lifecycle = element.word("lifecycleStatus", (goal_status(status, told),))
    (coding,) = el.IN_PROGRESS["coding"]
    if lifecycle == "active":
        element.part("achievementStatus").code(coding["system"], [coding["code"]])
