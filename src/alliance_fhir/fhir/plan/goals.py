"""Goals: what somebody wants to reach, by what one will see it, and who agreed."""

from __future__ import annotations

import re
from collections.abc import Hashable
from decimal import Decimal

from alliance_fhir.domain.agreement import Outcome, Position, Standing, outcome
from alliance_fhir.domain.plan.document import Goal, Measure, SharedPlan
from alliance_fhir.domain.plan.history import goal_key
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.plan.agreements import acceptances
from alliance_fhir.fhir.plan.ending import goal_ended
from alliance_fhir.fhir.plan.facts import Facts
from alliance_fhir.fhir.plan.statuses import goal_status
from alliance_fhir.fhir.versions import Json

_TARGET = re.compile(r"(>=|<=|>|<)?\s*(-?[0-9]{1,18}(?:\.[0-9]{1,18})?)")
"""A number, with or without one of the comparators that FHIR has (quantity-comparator)."""
UNITS = (
    *("s", "min", "h", "d", "wk", "mo", "a"),
    *("mg", "g", "kg", "mL", "L", "cm", "km", "kcal", "mm[Hg]", "kg/m2", "%", "1"),
)
"""The units that are taken for codes of UCUM (The Unified Code for Units of Measure): those that
plans need. `m` is none of them: whoever writes it may mean minutes."""
_TIMES = UNITS[:7]
_ANNOTATION = r"\{[!-z|~]+\}"
"""Words in braces, which UCUM lets anybody write (section 6): `{nights}` is a unit of one."""
_UCUM = re.compile(
    f"(?:{'|'.join(map(re.escape, UNITS))}|{_ANNOTATION})?(?:/(?:{'|'.join(_TIMES)}))?"
)
"""Each by itself, or how often it is in a time: `/wk`, `{visits}/wk`, `h/d`."""

_DECIDES: dict[Outcome, Standing] = {
    "agreed": "agree",
    "disagreed": "disagree",
    "pending": "withdrawn",
}
"""Whose words made it so; what is pending since nobody has spoken has no day."""


def goal_suffix(goal: str) -> str:
    """By what a goal of a plan is known."""
    return f"goal-{goal}"


def goals(facts: Facts) -> list[Resource]:
    """All goals of the newest version, in its order."""
    return [_goal(facts, goal) for goal in facts.plan.goals]


def former_goals(facts: Facts) -> list[Resource]:
    """Those that only earlier versions have, ended, with the words that they had last."""
    return [_goal(last, goal) for last, goal in facts.former(_by_name)]


def _by_name(plan: SharedPlan) -> dict[Hashable, Goal]:
    return {goal.goal: goal for goal in plan.goals}


def _goal(facts: Facts, goal: Goal) -> Resource:
    key = goal_key(goal.goal)
    told = facts.positions[key]
    status = goal_status(facts.course, outcome(told))
    since = facts.since(_by_name, goal.goal)
    by = goal.proposed_by
    agreed = acceptances(facts, key)
    body: Json = {
        "extension": agreed.extensions,
        "lifecycleStatus": status,
        "achievementStatus": _achievement(facts, goal, status),
        "priority": el.priority(goal.priority) if goal.priority else {},
        "description": {"text": goal.text},
        "subject": facts.patient,
        "startDate": since.written.day,
        "target": [_target(goal.measure)] if goal.measure else [],
        "statusDate": _status_date(facts, goal, told),
        **goal_ended(facts),
        **({} if by is None else facts.version.goal_source(facts.who(by))),
    }
    return facts.made(
        "Goal", goal_suffix(goal.goal), body, agreed=agreed.texts, also=goal.identifiers
    )


def _achievement(facts: Facts, goal: Goal, status: str) -> Json:
    """How far it has come, as a review says of these words; where none does, what is active is in
    progress, and nobody has said more."""
    told = facts.reached.get(goal.goal)
    if told is None and status != "active":
        return {}
    return el.concept(told.achievement.achievement if told else "in-progress", el.GOAL_ACHIEVEMENT)


def _status_date(facts: Facts, goal: Goal, told: list[Position]) -> str:
    """Since when the goal is what it is: FHIR's "when initially created, when achieved, when
    cancelled". A review counts that was held after the lifecycle had come to where it is."""
    decided = _decided(facts, told) if facts.course == "active" else ""
    said = facts.reached.get(goal.goal)
    before = decided or facts.status_since.written.day
    return said.since.day if said and said.since.day >= before else decided


def _decided(facts: Facts, told: list[Position]) -> str:
    """The day of the last word that made the goal what it is; empty where none did, and where a
    plan came into use after all had agreed."""
    word = _DECIDES[outcome(told)]
    day = max((position.on for position in told if position.standing == word), default="")
    in_use = facts.status_since
    waited = word == "agree" and in_use is not facts.plans[0] and day < in_use.written.day
    return "" if waited else day


def _target(measure: Measure) -> Json:
    """Goal.target. The measure is a site's own word, and no code of ours: it stands as text."""
    told: Json = {"measure": {"text": measure.code}}
    number = _TARGET.fullmatch(measure.target or "")
    if number or not measure.target:
        quantity = {**_number(number), **(_unit(measure.unit) if measure.unit else {})}
        told |= {"detailQuantity": quantity} if quantity else {}
    else:
        told["detailString"] = " ".join(filter(None, (measure.target, measure.unit)))
    return told | ({"dueDate": measure.due} if measure.due else {})


def _number(found: re.Match[str] | None) -> Json:
    if found is None:
        return {}
    comparator, number = found.groups()
    return {**({"comparator": comparator} if comparator else {}), "value": Decimal(number)}


def _unit(unit: str) -> Json:
    return el.ucum(unit) if _UCUM.fullmatch(unit) else {"unit": unit}
