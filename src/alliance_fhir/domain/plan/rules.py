"""What the places of one plan document must say of each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from alliance_fhir.domain.agreement import PATIENT, Party
from alliance_fhir.domain.plan.document import Agreement, Review, SharedPlan

Place = tuple[str | int, ...]
"""Keys and positions, from the document down."""


class Slip(NamedTuple):
    """A place in a document, and the rule that it breaks; never what stands there."""

    place: Place
    rule: str
    remedy: str = ""


def parties(plan: SharedPlan) -> tuple[Party, ...]:
    """Who may propose, do and agree: the patient, the clinicians, the guardians, each once."""
    return (PATIENT, *dict.fromkeys((*plan.clinicians, *plan.guardians)))


def slips(plan: SharedPlan) -> Iterator[Slip]:
    """All slips, in the order of the model's keys."""
    if plan.replaces == plan.plan:
        yield Slip(("replaces",), "replaces-itself")
    yield from _people(plan)
    yield from _names(plan)
    known = set(parties(plan))
    for place, party in _named(plan):
        if party == plan.patient:
            yield Slip(place, "unknown-party", "Write patient, and not the patient's number.")
        elif party not in known:
            yield Slip(place, "unknown-party")
    if plan.next_review and plan.next_review.comes_before(plan.written):
        yield Slip(("next_review",), "next-review-past")
    yield from _reviews(plan)


def to_come(plan: SharedPlan, today: str) -> Iterator[Slip]:
    """What is told as if it had been, and is still to come: nobody has agreed tomorrow, and what is
    written then would forbid all versions before it. `today` is the day, as in ISO 8601, that it is
    where it is latest."""
    if plan.written.day > today:
        yield Slip(("written",), "still-to-come")
    for index, review in enumerate(plan.reviews):
        if review.on.day > today:
            yield Slip(("reviews", index, "on"), "still-to-come")
    entries = [(("goals", n), one.agreement) for n, one in enumerate(plan.goals)]
    entries += [(("tasks", n), one.agreement) for n, one in enumerate(plan.tasks)]
    for place, said in entries:
        for index, one in enumerate(said):
            if one.on > today:
                yield Slip((*place, "agreement", index, "on"), "still-to-come")


def of_ours(plan: SharedPlan, system: str) -> Iterator[Slip]:
    """The identifiers in the `system` of those that we give: by none of them others know anything,
    and two resources would go by one."""
    entries = [(("goals", n), one.identifiers) for n, one in enumerate(plan.goals)]
    entries += [(("tasks", n), one.identifiers) for n, one in enumerate(plan.tasks)]
    for place, known in entries:
        for index, one in enumerate(known):
            if one.system == system:
                yield Slip((*place, "identifiers", index), "identifier-of-ours")


def _people(plan: SharedPlan) -> Iterator[Slip]:
    yield from _twice(plan.clinicians, ("clinicians",), (), "person-twice")
    yield from _twice(plan.guardians, ("adolescent", "guardians"), (), "person-twice")
    if plan.patient in plan.clinicians:
        place = ("clinicians", plan.clinicians.index(plan.patient))
        yield Slip(place, "person-twice", "Nobody is patient and clinician of one plan.")
    for index, guardian in enumerate(plan.guardians):
        if guardian == plan.patient or guardian in plan.clinicians:
            yield Slip(("adolescent", "guardians", index), "not-a-guardian")


def _names(plan: SharedPlan) -> Iterator[Slip]:
    wanted = [one.key for one in plan.preferences]
    yield from _twice(wanted, ("preferences",), ("text",), "said-twice")
    goals = [goal.goal for goal in plan.goals]
    yield from _twice(goals, ("goals",), ("goal",), "goal-twice")
    yield from _twice([task.task for task in plan.tasks], ("tasks",), ("task",), "task-twice")
    for index, task in enumerate(plan.tasks):
        for place, goal in enumerate(task.goals):
            if goal not in goals:
                yield Slip(("tasks", index, "goals", place), "unknown-goal")


def _twice(names: Iterable[object], before: Place, after: Place, rule: str) -> Iterator[Slip]:
    seen: set[object] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield Slip((*before, index, *after), rule)
        seen.add(name)


def _named(plan: SharedPlan) -> Iterator[tuple[Place, Party]]:
    """Every place where a party is named, but for the lists of parties."""
    for index, one in enumerate(plan.preferences):
        yield ("preferences", index, "said_by"), one.said_by
    for index, goal in enumerate(plan.goals):
        yield from _given(("goals", index, "proposed_by"), goal.proposed_by)
        yield from _agreeing(("goals", index), goal.agreement)
    for index, task in enumerate(plan.tasks):
        yield from _given(("tasks", index, "proposed_by"), task.proposed_by)
        yield from _given(("tasks", index, "who"), task.who)
        yield from _agreeing(("tasks", index), task.agreement)
    for index, review in enumerate(plan.reviews):
        for name, told in review.adherence.items():
            yield ("reviews", index, "adherence", name, "said_by"), told.said_by


def _given(place: Place, party: Party | None) -> Iterator[tuple[Place, Party]]:
    if party is not None:
        yield place, party


def _agreeing(place: Place, told: Iterable[Agreement]) -> Iterator[tuple[Place, Party]]:
    for index, agreement in enumerate(told):
        yield (*place, "agreement", index, "party"), agreement.party


def _reviews(plan: SharedPlan) -> Iterator[Slip]:
    goals = {goal.goal for goal in plan.goals}
    medicines = {task.task for task in plan.tasks if task.kind == "medication"}
    before: Review | None = None
    for index, review in enumerate(plan.reviews):
        place = ("reviews", index)
        if before and review.on.comes_before(before.on):
            yield Slip((*place, "on"), "review-order")
        if plan.written.comes_before(review.on):
            yield Slip((*place, "on"), "review-later")
        for name in review.goals:
            if name not in goals:
                yield Slip((*place, "goals", name), "unknown-goal")
        for name, told in review.adherence.items():
            if name not in medicines:
                yield Slip((*place, "adherence", name), "not-a-medicine")
            if told.taken_as_agreed > told.of_days:
                yield Slip((*place, "adherence", name, "taken_as_agreed"), "more-than-days")
        before = review
