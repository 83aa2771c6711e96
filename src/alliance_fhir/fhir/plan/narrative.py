"""The plan as its patient can read it: XHTML in plain English, with the document's own words.

Of the first conversation it has hopes and what is sought, and no more: background, concerns and
what stands in the way were said in confidence, and stay in the response. Preferences are there to
be known. What the patient rated
stays out, too. Nothing in the document is markup: all of it is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from html import escape

from alliance_fhir.domain.agreement import PATIENT, Party, Position, Standing, Voice
from alliance_fhir.domain.plan.document import (
    Goal,
    Measure,
    Preference,
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
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_SIGNS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
_TIMES = {
    "s": "second",
    "min": "minute",
    "h": "hour",
    "d": "day",
    "wk": "week",
    "mo": "month",
    "a": "year",
}
"""The units of UCUM for times, as people say them."""
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
_SIGNED = re.compile(r"(>=|<=|>|<)\s*(.+)", re.DOTALL)
_TO_ESCAPE = re.compile("[&<>\"'\n]")
_HAVE = "HAVE"
"""Has, or have."""
_KINDS = {"Practitioner": "clinician", "RelatedPerson": "guardian"}


def narrative(facts: Facts, status: Status) -> str:
    """The `div` of a CarePlan's text."""
    plan = facts.plan
    title = f"Shared plan, version {plan.version}, written on {_day(plan.written.day)}."
    instead = f" It takes the place of the plan {_words(plan.replaces)}." if plan.replaces else ""
    parts = [
        f"<p>{title} {_STATUSES[status]}{instead}</p>",
        *_wanted(plan),
        *_section("Preferences", (_preference(facts, one) for one in plan.preferences)),
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


@lru_cache(maxsize=1024)
def _day(day: str) -> str:
    """A day as people write it, which is not torn apart at the end of a line."""
    year, month, number = day.split("-")
    return f"{int(number)}\N{NO-BREAK SPACE}{_MONTHS[int(month) - 1]}\N{NO-BREAK SPACE}{year}"


def _entry(lines: Iterable[str]) -> str:
    """An entry of several lines, apart from the next one."""
    return f"<p>{'<br/>'.join(lines)}</p>"


def _section(title: str, entries: Iterable[str]) -> Iterator[str]:
    if told := "".join(f"<li>{entry}</li>" for entry in entries):
        yield f"<h2>{title}</h2><ul>{told}</ul>"


def _wanted(plan: SharedPlan) -> Iterator[str]:
    if plan.outcome_sought:
        yield f"<h2>What is sought</h2><p>{_words(plan.outcome_sought)}</p>"
    yield from _section("Hopes", map(_words, plan.hopes))


def _preference(facts: Facts, told: Preference) -> str:
    if told.said_by == PATIENT:
        return _words(told.text)
    return _entry([_words(told.text), f"Said by {_name(facts, told.said_by)}."])


def _goal(facts: Facts, goal: Goal) -> str:
    told = [f"<b>{_words(goal.text)}</b>"]
    if goal.measure:
        told.append(_measure(goal.measure))
    told += _proposed(facts, goal.proposed_by)
    if said := facts.reached.get(goal.goal):
        how = _ACHIEVEMENTS[said.achievement.achievement]
        told.append(f"Looked at on {_day(said.on.day)}: {how}")
    return _entry([*told, *_agreed(facts, facts.positions[goal_key(goal.goal)])])


def _measure(measure: Measure) -> str:
    told = [_words(one) for one in (measure.code, _target(measure)) if one]
    due = [f"until {_day(measure.due)}"] if measure.due else []
    return f"To be seen by: {', '.join([*told, *due])}"


def _target(measure: Measure) -> str:
    """`>= 7` and `h` as "at least 7 hours"; words of the document's own as they are."""
    target, unit = measure.target or "", measure.unit or ""
    what, _, per = unit.partition("/")
    many = "" if re.fullmatch(r"\W*1", target) else "s"
    if what in _TIMES or per in _TIMES:
        what = f"{_TIMES[what]}{many}" if what in _TIMES else what
        unit = f"{what} per {_TIMES.get(per, per)}" if per else what
    if signed := _SIGNED.fullmatch(target):
        target = f"{_SIGNS[signed[1]]} {signed[2]}"
    return " ".join(filter(None, (target, unit.strip())))


def _task(facts: Facts, task: Task) -> str:
    told = [f"<b>{_words(task.text)}</b>"]
    if task.who is not None:
        told.append(f"Who: {_name(facts, task.who)}")
    if task.when:
        told.append(f"When: {_words(task.when)}")
    told += _proposed(facts, task.proposed_by)
    if task.options_considered:
        told.append(f"Also considered: {'; '.join(map(_words, task.options_considered))}")
    return _entry([*told, *_agreed(facts, facts.positions[task_key(task.task)])])


def _proposed(facts: Facts, by: Party | None) -> Iterator[str]:
    if by is not None:
        yield f"Proposed by {_name(facts, by)}."


def _contact(plan: SharedPlan) -> Iterator[str]:
    if plan.contact and plan.contact.between_visits:
        yield _words(plan.contact.between_visits)
    if plan.contact and plan.contact.urgent:
        yield f"<b>When it is urgent:</b> {_words(plan.contact.urgent)}"


def _review(review: Review) -> str:
    lists = (
        ("What works", review.works),
        ("What does not", review.does_not),
        ("What changes", review.changes),
    )
    told = [f"{title}: {'; '.join(map(_words, texts))}" for title, texts in lists if texts]
    return _entry([f"<b>{_day(review.on.day)}</b>", *told])


def _next_review(plan: SharedPlan) -> Iterator[str]:
    if plan.next_review:
        day, _, time = plan.next_review.text.partition("T")
        zone = " UTC" if time.endswith("Z") else ""
        at = f" at {time[:5]}{zone}" if time else ""
        yield f"<h2>When we look at it again</h2><p>On {_day(day)}{at}.</p>"


# --- who agreed -----------------------------------------------------------------------------------


def _agreed(facts: Facts, stand: Iterable[Position]) -> Iterable[str]:
    """Who stands where, a line for each thing that was said, so that a no is not lost among what
    others said."""
    alike = tuple(stand)
    if alike not in facts.stand:
        facts.stand[alike] = [*_lines(facts, alike)]
    return facts.stand[alike]


def _lines(facts: Facts, stand: Iterable[Position]) -> Iterator[str]:
    said: dict[str, list[str]] = {}
    for position in stand:
        words = _said(position.standing, position.on, position.earlier)
        said.setdefault(words, []).append(_name(facts, position.party))
    for words, names in said.items():
        who = _listed(names)
        have = "has" if len(names) == 1 else "have"
        yield f"{who[0].upper()}{who[1:]} {words.replace(_HAVE, have)}."


@lru_cache(maxsize=1024)
def _said(standing: Standing, on: str, earlier: Voice | None) -> str:
    if standing != "pending":
        return _WORDS[standing].format(on=_day(on))
    if earlier:
        other = _TO_OTHER_WORDS[earlier.word].format(on=_day(earlier.on))
        return f"{other}, and {_HAVE} not said anything to these yet"
    return f"{_HAVE} not said anything yet"


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _name(facts: Facts, party: Party) -> str:
    if isinstance(party, str):
        return "the patient"
    if party not in facts.called:
        facts.called[party] = f"{_KINDS[facts.who(party)['type']]} {_words(party.value)}"
    return facts.called[party]
