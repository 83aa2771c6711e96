"""Goals back from FHIR, in the order in which the CarePlan lists them."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import NamedTuple

from alliance_fhir.domain.plan.document import ENDED, Goal, Priority, Review, Status
from alliance_fhir.domain.plan.history import goal_key, goal_words
from alliance_fhir.domain.plan.values import MOST_ENTRIES
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.plan.back.agreements import Day, said, settled
from alliance_fhir.fhir.plan.back.element import DAY, TEXT, Element
from alliance_fhir.fhir.plan.back.kept import is_kept
from alliance_fhir.fhir.plan.back.keys import also, key_of
from alliance_fhir.fhir.plan.back.measures import with_measure
from alliance_fhir.fhir.plan.back.scope import Found, Scope
from alliance_fhir.fhir.plan.goals import goal_suffix
from alliance_fhir.fhir.plan.statuses import goal_status

_PURSUED_NO_MORE = ("completed", "cancelled", "rejected", "revoked", "stopped", "failed")
"""Statuses of Goals and requests."""
_PRIORITIES: tuple[Priority, ...] = ("high", "medium", "low")


class Wanted(NamedTuple):
    """A goal, and the resource that it comes from."""

    goal: Goal
    element: Element


def goals(scope: Scope, status: Status, day: Day) -> dict[str, Wanted]:
    """By the names of their resources."""
    made: dict[str, Wanted] = {}
    for reference in scope.careplan.parts("goal")[:MOST_ENTRIES]:
        found = None if is_kept(reference) else scope.resource(reference, "Goal")
        if found and found.name not in made:
            taken = {one.goal.goal for one in made.values()}
            if goal := _goal(scope, found, status, day, taken):
                made[found.name] = Wanted(goal, found.element)
    return made


def _goal(
    scope: Scope, found: Found, status: Status, day: Day, taken: Container[str]
) -> Goal | None:
    element = found.element
    if has_ended(element.text("lifecycleStatus"), status):
        element.refuse("ended")
        return None
    text = element.part("description").words(TEXT)
    if not text:
        element.refuse("no-words")
        return None
    goal = Goal(
        goal=key_of(found, goal_suffix(""), taken),
        text=text,
        proposed_by=scope.party_in(element, "expressedBy", "source"),
        priority=_priority(element.part("priority")),
        identifiers=also(scope, found),
    )
    told = said(scope, element)
    for target in element.parts("target"):
        goal = with_measure(goal, target, [one.digest for one in told])
        if goal.measure:
            break
    assumed = element.look("statusDate", DAY) or day.assumed
    sent = day.words.get(goal_key(goal.goal), "") if found.suffix else ""
    agreed = settled(scope, told, goal_words(goal), day._replace(assumed=assumed), sent)
    element.word("lifecycleStatus", (goal_status(status, agreed.outcome),))
    if found.suffix:  # days that follow from the versions of the plan
        element.drop("startDate", "statusDate")
    return goal.model_copy(update={"agreement": agreed.agreement})


def has_ended(status: str, plan: Status) -> bool:
    """Whether a Goal or a request has ended while the plan goes on: a document would ask for it
    again."""
    return plan not in ENDED and status in _PURSUED_NO_MORE


def _priority(element: Element) -> Priority | None:
    for priority in _PRIORITIES:
        (coding,) = el.priority(priority)["coding"]
        if element.code(coding["system"], [coding["code"]]):
            return priority
    return None


def achievements(goals: Iterable[Wanted], reviews: Iterable[Review]) -> None:
    """How far a Goal says that it has come is read where a review says the same; and so is that one
    which is active is in progress, which is said of all of them."""
    said = [(goal, told.achievement) for one in reviews for goal, told in one.goals.items()]
    for goal, element in goals:
        known: set[str] = {achievement for named, achievement in said if named == goal.goal}
        if element.text("lifecycleStatus") == "active":
            known.add("in-progress")
        element.part("achievementStatus").code(el.GOAL_ACHIEVEMENT, known)
