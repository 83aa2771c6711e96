"""The versions of one plan, in their order: what contradicts it, and what was agreed to when.

A version says what holds from the day on which it was written. What parties said is gathered from
all versions: an agreement that a later version does not repeat was given all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import compress, pairwise
from typing import NamedTuple

from alliance_fhir.domain.agreement import Position, Voice, Wording, positions, words_digest
from alliance_fhir.domain.plan.document import (
    ENDED,
    Agreement,
    Goal,
    SharedPlan,
    Status,
    Task,
)
from alliance_fhir.domain.plan.rules import Place, Slip, parties
from alliance_fhir.domain.records import Identifier, Moment


class Milestone(NamedTuple):
    """What of a version matters to the others of its plan, and to a plan in its place.

    `said` are the days on which something was agreed to or not, each with its place; `replaces`
    is the name of the plan whose place it takes, empty where there is none.
    """

    version: int
    written: Moment
    patient: Identifier
    said: tuple[tuple[str, Place], ...]
    status: Status
    replaces: str


def milestone(plan: SharedPlan) -> Milestone:
    """What the other versions of its plan have to know of this one."""
    said = [
        (agreement.on, (list_, index, "agreement", number, "on"))
        for list_, told in (("goals", plan.goals), ("tasks", plan.tasks))
        for index, one in enumerate(told)
        for number, agreement in enumerate(one.agreement)
    ]
    replaces = plan.replaces or ""
    return Milestone(plan.version, plan.written, plan.patient, tuple(said), plan.status, replaces)


def contradictions(milestones: Iterable[Milestone]) -> Iterator[tuple[int, Slip]]:
    """What is wrong with the order of the versions of one plan, each of which comes once: the
    version with the slip.

    Which of two versions has the wrong date nobody can tell: the later one is the one named, as
    the earlier may have been sent long ago. Of two patients it cannot be told either, and none of
    the versions is sent to the wrong one.
    """
    ordered = sorted(milestones, key=lambda one: one.version)
    if len({one.patient for one in ordered}) > 1:
        for one in ordered:
            yield one.version, Slip(("patient",), "patient-differs")
    for one, following in pairwise(ordered):
        if following.written.comes_before(one.written):
            yield following.version, Slip(("written",), "version-goes-back")
            continue  # by its date nothing else is to be judged
        for on, place in one.said:
            if on > following.written.day:
                yield one.version, Slip(place, "agreed-too-late")


def reworded(before: SharedPlan, after: SharedPlan) -> Place:
    """Where a version that was sent says something else now, to which a word that stood in it
    would be taken to have been said; empty where nobody's word is.

    Who has spoken since has spoken to the words of now.
    """
    words, said = wording(before).words, _said(before)
    new, voiced = wording(after).words, _said(after)
    named = [(goal_key(one.goal), ("goals", n)) for n, one in enumerate(after.goals)]
    named += [(task_key(one.task), ("tasks", n)) for n, one in enumerate(after.tasks)]
    for key, place in named:
        kept = set(said.get(key, ())) & set(voiced[key])
        if kept and words[key] != new[key]:
            return (*place, "text")
    return ()


def wrongly_replaced(one: Milestone, replaced: Milestone) -> Iterator[Slip]:
    """What is wrong with the plan whose place a version takes; `replaced` is the newest version of
    it that is known. A plan takes the place of one that was completed or revoked (CarePlan.replaces
    of FHIR), and of nobody else's."""
    if replaced.patient != one.patient:
        yield Slip(("replaces",), "replaces-another-patients")
    elif replaced.status not in ENDED:
        yield Slip(("replaces",), "replaces-unfinished")


# --- since when something is said -----------------------------------------------------------------


def last_said(said: Sequence[Mapping[str, object]]) -> dict[str, tuple[int, int]]:
    """Since which of these versions something has been said without a break, and which is the last
    to say it: their positions, by what it goes by. `said` is what each of them says."""
    last = {name: number for number, told in enumerate(said) for name in told}
    return {name: (_since(said, name, number), number) for name, number in last.items()}


def _since(said: Sequence[Mapping[str, object]], name: str, number: int) -> int:
    while number and name in said[number - 1]:
        number -= 1
    return number


# --- who agreed to what ---------------------------------------------------------------------------


def goal_key(goal: str) -> str:
    """By what a goal goes in a Wording: goals and tasks may have one name."""
    return f"goal:{goal}"


def task_key(task: str) -> str:
    """By what a task goes in a Wording."""
    return f"task:{task}"


def in_order(plans: Iterable[SharedPlan]) -> list[SharedPlan]:
    """The versions of one plan, the oldest first."""
    return sorted(plans, key=lambda plan: plan.version)


def wording(plan: SharedPlan) -> Wording:
    """What a version says, as what is agreed to: of a goal its text and measure, of a task its
    kind, its text, who does it and when. Priorities, and what was considered, bind nobody."""
    words = {goal_key(goal.goal): goal_words(goal) for goal in plan.goals}
    words |= {task_key(task.task): task_words(task) for task in plan.tasks}
    return Wording(plan.written.day, words, plan.version)


def goal_words(goal: Goal) -> str:
    """The digest of what is agreed to with a goal."""
    measure = goal.measure
    told = (measure.code, measure.target, measure.unit, measure.due) if measure else ()
    return words_digest(goal.text, *(one or "" for one in told))


def task_words(task: Task) -> str:
    """The digest of what is agreed to with a task."""
    who = task.who or ""
    return words_digest(
        task.kind, task.text, who if isinstance(who, str) else "|".join(who), task.when or ""
    )


_Said = dict[str, tuple[Voice, ...]]
"""What stands in a version, by the keys of its goals and tasks."""


def standing(plans: Iterable[SharedPlan]) -> dict[str, list[Position]]:
    """Where each party of the last version stands on each of its goals and tasks, by their keys.

    `plans` are the versions of one plan, one at least.
    """
    ordered = in_order(plans)
    return standing_on([wording(plan) for plan in ordered], ordered)


def standing_on(
    wordings: Sequence[Wording], ordered: Sequence[SharedPlan]
) -> dict[str, list[Position]]:
    """The same, of versions in their order whose wordings are known already.

    Where the same was said to several, in versions that have their words of today or not alike,
    each party stands on them alike: mostly on all, so that it is found out once.
    """
    asked = parties(ordered[-1])
    said = [_said(plan) for plan in ordered]
    alike: dict[object, list[Position]] = {}
    found: dict[str, list[Position]] = {}
    for key, words in wordings[-1].words.items():
        same = [one.words.get(key) == words for one in wordings]
        history = (*same, *[version.get(key) for version in said])
        if history not in alike:
            beside = None if len(same) == 1 else _told(compress(said, same), key)
            alike[history] = positions(asked, _told(said, key), key, wordings, beside)
        found[key] = alike[history]
    return found


def voices(ordered: Iterable[SharedPlan], key: str) -> list[Voice]:
    """All that was said to a goal or task, in the order of the versions, and nothing twice."""
    return _told(map(_said, ordered), key)


def _told(said: Iterable[_Said], key: str) -> list[Voice]:
    return list(dict.fromkeys(voice for version in said for voice in version.get(key, ())))


def _said(plan: SharedPlan) -> _Said:
    told = {goal_key(goal.goal): tuple(map(_voice, goal.agreement)) for goal in plan.goals}
    return told | {task_key(task.task): tuple(map(_voice, task.agreement)) for task in plan.tasks}


def _voice(agreement: Agreement) -> Voice:
    return Voice(agreement.party, agreement.status, agreement.on)
