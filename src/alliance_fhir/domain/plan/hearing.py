"""What was said goes along into a merged plan, but not to other words than it was said to.

`alliance_fhir.domain.agreement` goes by days: what is said on a day is said to the words of the
version that held then, if it stands in a version with these words. A merged plan is a version in
which everything stands. So what somebody said at the server on a day on which the source had other
words already would count as said to those, by the mere merge. It is left out, and told. So is how
far a goal has come, which `alliance_fhir.domain.plan.lookback` takes as said of the words that the
version before had: it would be said of words that the other side has found since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple, Self

from alliance_fhir.domain.agreement import Wording, said_to
from alliance_fhir.domain.plan.document import Achievement, Agreement, Goal, SharedPlan, Task
from alliance_fhir.domain.plan.history import goal_key, task_key, wording
from alliance_fhir.domain.plan.places import find, named, party_name
from alliance_fhir.domain.plan.rules import Place


class Side(NamedTuple):
    """A document that is merged: its words, and by the keys of a Wording what was said to them."""

    plan: SharedPlan
    wording: Wording
    said: Mapping[str, Sequence[Agreement]]

    @classmethod
    def of(cls, plan: SharedPlan) -> Self:
        """A plan, with what is asked of it again and again."""
        said = {_key(one): one.agreement for one in (*plan.goals, *plan.tasks)}
        return cls(plan, wording(plan), said)

    def has(self, key: str, one: Agreement, words: str) -> bool:
        """Whether this stands in it, beside these words."""
        return self.wording.words.get(key) == words and one in self.said[key]


Sides = tuple[Side, Side, Side]
"""What both began with, the leading side, the other."""


class Heard(NamedTuple):
    """The plan without what would mislead, and the places where that was left out."""

    plan: SharedPlan
    left_out: tuple[Place, ...]


def only_what_was_said(merged: Side, sides: Sides) -> Heard:
    """A merged plan without what would count as said to words beside which it did not stand,
    whichever of the documents that were merged are known to whoever asks."""
    hearing = _Hearing(merged.wording, sides)
    plan = merged.plan
    left_out: list[Place] = []
    for list_, entries in (("goals", plan.goals), ("tasks", plan.tasks)):
        for position, (name, entry) in enumerate(named(entries).items()):
            misleading = hearing.misleading(_key(entry), entry.agreement)
            if misleading:
                left_out += [
                    (list_, *name, "agreement", party_name(one.party)) for one in misleading
                ]
                kept = tuple(one for one in entry.agreement if one not in misleading)
                changed = entry.model_copy(update={"agreement": kept})
                all_ = getattr(plan, list_)
                plan = plan.model_copy(
                    update={list_: (*all_[:position], changed, *all_[position + 1 :])}
                )
    blind = [place for place in _reached(plan) if hearing.looks_elsewhere(plan, place)]
    return Heard(_without(plan, blind), (*left_out, *blind))


def _reached(plan: SharedPlan) -> list[Place]:
    """Where reviews tell how far a goal has come."""
    return [
        ("reviews", *name, "goals", goal)
        for name, review in named(plan.reviews).items()
        for goal in review.goals
    ]


def _without(plan: SharedPlan, blind: Sequence[Place]) -> SharedPlan:
    """The plan without what its reviews tell at these places."""
    if not blind:
        return plan
    reviews = tuple(
        review.model_copy(
            update={
                "goals": {
                    goal: told
                    for goal, told in review.goals.items()
                    if ("reviews", *name, "goals", goal) not in blind
                }
            }
        )
        for name, review in named(plan.reviews).items()
    )
    return plan.model_copy(update={"reviews": reviews})


def _at(plan: SharedPlan, place: Place) -> Achievement | None:
    found = find(plan, place)
    return found.value if found else None


def _key(entry: Goal | Task) -> str:
    return goal_key(entry.goal) if isinstance(entry, Goal) else task_key(entry.task)


class _Hearing:
    """To which words something in a merged plan would count as said."""

    def __init__(self, merged: Wording, sides: Sides) -> None:
        self._merged = merged
        self._sides, self._changed = sides, sides[1:]
        base = sides[0].wording
        self._alone = [(sides[0], [base]), *((side, [base, side.wording]) for side in sides[1:])]

    def misleading(self, key: str, said: Sequence[Agreement]) -> list[Agreement]:
        """What would count, by standing in the merged plan, for who has not said it."""
        words = self._merged.words[key]
        if all(side.wording.words.get(key) == words for side in self._sides):
            return []  # there never were others
        return [
            one
            for one in said
            if self._counts(key, one, words) and not self._was_said(key, one, words)
        ]

    def looks_elsewhere(self, plan: SharedPlan, place: Place) -> bool:
        """Whether how far a goal has come, as a review has it there, was said of other words than
        the goal has, and would count for these where the side is known that has found them."""
        key = goal_key(str(place[-1]))
        words, told = self._merged.words[key], _at(plan, place)
        holds = [side for side in self._sides if _at(side.plan, place) == told]
        before = self._sides[0].wording.words
        if any(before.get(key, side.wording.words.get(key)) == words for side in holds):
            return False
        others = (side for side in self._changed if _at(side.plan, place) != told)
        return any(side.wording.words.get(key) == words for side in others)

    def _counts(self, key: str, one: Agreement, words: str) -> bool:
        """Whether it would count by standing there, for whoever knows the merged plan alone, or
        with one document that has these words and not this. Who knows more documents takes the
        words from one of them, or cannot tell."""
        beside = (
            [side.wording, self._merged]
            for side in self._sides
            if side.wording.words.get(key) == words and not side.has(key, one, words)
        )
        known = chain(([self._merged],), beside)
        return any(said_to(one.on, key, wordings) == words for wordings in known)

    def _was_said(self, key: str, one: Agreement, words: str) -> bool:
        """Whether it was said to these words, as both sides have it, or as one has by the day."""
        if all(side.has(key, one, words) for side in self._changed):
            return True
        return any(
            side.has(key, one, words) and said_to(one.on, key, wordings) == words
            for side, wordings in self._alone
        )
