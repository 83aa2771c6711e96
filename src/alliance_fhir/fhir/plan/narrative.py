"""The plan as its patient can read it: XHTML in plain English, with the document's own words.

Of the first conversation it has hopes and what is sought, and no more: background, concerns and
what stands in the way were said in confidence, and stay in the response. What the patient rated
stays out, too. Nothing in the document is markup: all of it is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape

from alliance_fhir.domain.agreement import Party, Position
from alliance_fhir.domain.plan.document import (
    Goal,
    Measure,
    Progress,
    Review,
    SharedPlan,
    Status,
    Task,
)
from alliance_fhir.domain.plan.history import goal_key, task_key
from alliance_fhir.fhir.plan.facts import Facts

_STATUSES: dict[Status, str] = {
    "draft": "It is a draft.",
    "active": "It is in use.",
    "on-hold": "It rests for now.",
    "completed": "It is over.",
    "revoked": "It was given up.",
}
_WORDS = {
    "agree": "agreed on {on}",
    "disagree": "said no on {on}",
    "withdrawn": "took the agreement back on {on}",
}
_TO_OTHER_WORDS = {
    "agree": "agreed to other words on {on}",
    "disagree": "said no to other words on {on}",
    "withdrawn": "took an agreement to other words back on {on}",
}
_ACHIEVEMENTS: dict[Progress, str] = {
    "in-progress": "under way",
    "improving": "getting better",
    "worsening": "getting worse",
    "no-change": "no change",
    "achieved": "reached",
    "sustaining": "reached, and to be kept up",
    "not-achieved": "not reached",
    "no-progress": "hardly any progress",
    "not-attainable": "cannot be reached",
}
_TO_ESCAPE = re.compile("[&<>\"'\n]")
_KINDS = {"Practitioner": "clinician", "RelatedPerson": "guardian"}


def narrative(facts: Facts, status: Status) -> str:
    """The `div` of a CarePlan's text."""
    plan = facts.plan
    title = f"Shared plan, version {plan.version}, written on {plan.written.day}."
    instead = f" It takes the place of the plan {_words(plan.replaces)}." if plan.replaces else ""
    parts = [
        f"<p>{title} {_STATUSES[status]}{instead}</p>",
        *_wanted(plan),
        *_section("Goals", (_goal(facts, goal) for goal in plan.goals)),
        *_section("What we do", (_task(facts, task) for task in plan.tasks)),
        *_section("Between visits", _contact(plan)),
        *_section("Looking back", (_review(review) for review in plan.reviews)),
        *_next_review(plan),
    ]
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{"".join(parts)}</div>'


def _words(text: str) -> str:
    """Words of the document: no markup, and lines as they are."""
    return escape(text).replace("\n", "<br/>") if _TO_ESCAPE.search(text) else text


def _section(title: str, entries: Iterable[str]) -> Iterator[str]:
    if told := "".join(f"<li>{entry}</li>" for entry in entries):
        yield f"<h2>{title}</h2><ul>{told}</ul>"


def _wanted(plan: SharedPlan) -> Iterator[str]:
    if plan.outcome_sought:
        yield f"<h2>What is sought</h2><p>{_words(plan.outcome_sought)}</p>"
    yield from _section("Hopes", map(_words, plan.hopes))


def _goal(facts: Facts, goal: Goal) -> str:
    told = [f"<b>{_words(goal.text)}</b>"]
    if goal.measure:
        told.append(_measure(goal.measure))
    told += _proposed(facts, goal.proposed_by)
    if said := facts.reached.get(goal.goal):
        told.append(f"On {said.on.day}: {_ACHIEVEMENTS[said.achievement.achievement]}.")
    return "<br/>".join([*told, _agreed(facts, facts.positions[goal_key(goal.goal)])])


def _measure(measure: Measure) -> str:
    told = " ".join(filter(None, (measure.code, measure.target, measure.unit)))
    due = f", until {measure.due}" if measure.due else ""
    return f"To be seen by: {_words(told)}{due}."


def _task(facts: Facts, task: Task) -> str:
    told = [f"<b>{_words(task.text)}</b>"]
    if task.who is not None:
        told.append(f"Who: {_name(facts, task.who)}.")
    if task.when:
        told.append(f"When: {_words(task.when)}")
    told += _proposed(facts, task.proposed_by)
    if task.options_considered:
        told.append(f"Also considered: {'; '.join(map(_words, task.options_considered))}")
    return "<br/>".join([*told, _agreed(facts, facts.positions[task_key(task.task)])])


def _proposed(facts: Facts, by: Party | None) -> Iterator[str]:
    if by is not None:
        yield f"Proposed by {_name(facts, by)}."


def _contact(plan: SharedPlan) -> Iterator[str]:
    if plan.contact and plan.contact.between_visits:
        yield _words(plan.contact.between_visits)
    if plan.contact and plan.contact.urgent:
        yield f"When it is urgent: {_words(plan.contact.urgent)}"


def _review(review: Review) -> str:
    lists = (
        ("What works", review.works),
        ("What does not", review.does_not),
        ("What changes", review.changes),
    )
    told = [f"{title}: {'; '.join(map(_words, texts))}" for title, texts in lists if texts]
    return "<br/>".join([f"On {review.on.day}", *told])


def _next_review(plan: SharedPlan) -> Iterator[str]:
    if plan.next_review:
        day, _, time = plan.next_review.text.partition("T")
        zone = " UTC" if time.endswith("Z") else ""
        at = f" at {time[:5]}{zone}" if time else ""
        yield f"<h2>When we look at it again</h2><p>On {day}{at}.</p>"


# --- who agreed -----------------------------------------------------------------------------------


def _agreed(facts: Facts, told: Iterable[Position]) -> str:
    alike = tuple(told)
    if alike not in facts.called:
        facts.called[alike] = " ".join([_position(facts, position) for position in told])
    return facts.called[alike]


def _position(facts: Facts, position: Position) -> str:
    name = _name(facts, position.party)
    said, earlier = "has not said anything yet", position.earlier
    if position.standing != "pending":
        said = _WORDS[position.standing].format(on=position.on)
    elif earlier:
        other = _TO_OTHER_WORDS[earlier.word].format(on=earlier.on)
        said = f"{other}, and has not said anything to these yet"
    return f"{name[0].upper()}{name[1:]} {said}."


def _name(facts: Facts, party: Party) -> str:
    if isinstance(party, str):
        return "the patient"
    if party not in facts.called:
        facts.called[party] = f"{_KINDS[facts.who(party)['type']]} {_words(party.value)}"
    return facts.called[party]
