"""The reviews of a plan over all its versions, and how far its goals have come by them.

A review looks back at the version before the one that it stands in. How far a goal has come is said
of the words that it had there: of other words it says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from alliance_fhir.domain.agreement import Wording
from alliance_fhir.domain.plan.document import Achievement, Doubts, Review, Satisfaction, SharedPlan
from alliance_fhir.domain.plan.history import goal_key
from alliance_fhir.domain.records import Moment

_Part = TypeVar("_Part", Satisfaction, Doubts)


class Reached(NamedTuple):
    """How far a goal has come, when that was said last, and since when it has been said."""

    achievement: Achievement
    on: Moment
    since: Moment


def held(plans: Sequence[SharedPlan]) -> list[Review]:
    """The reviews of all versions, which are in their order, as they were first told of.

    One that several versions hold is taken from the last of them; what that does not tell stays as
    an earlier one told it. They are known by their times, and of one time by their order. Goals and
    medicines come in the order of the version: that of keys in a document says nothing.
    """
    found: dict[tuple[str, int], Review] = {}
    for plan in plans:
        times = Counter[str]()
        for review in plan.reviews:
            times[review.on.utc] += 1
            name = review.on.utc, times[review.on.utc]
            told = _ordered(review, plan)
            found[name] = _filled_up(told, found[name]) if name in found else told
    return [*found.values()]


def _ordered(review: Review, plan: SharedPlan) -> Review:
    goals = {one.goal: told for one in plan.goals if (told := review.goals.get(one.goal))}
    taken = {one.task: told for one in plan.tasks if (told := review.adherence.get(one.task))}
    return review.model_copy(
        update={"goals": goals | review.goals, "adherence": taken | review.adherence}
    )


def _filled_up(review: Review, before: Review) -> Review:
    """A review with what it does not tell, and was told of it before; and with its time as it was
    told first, whose day it is known by."""
    return review.model_copy(
        update={
            "on": before.on,
            "works": review.works or before.works,
            "does_not": review.does_not or before.does_not,
            "changes": review.changes or before.changes,
            "goals": before.goals | review.goals,
            "satisfaction": _both(review.satisfaction, before.satisfaction),
            "doubts": _both(review.doubts, before.doubts),
            "adherence": before.adherence | review.adherence,
        }
    )


def _both(now: _Part | None, before: _Part | None) -> _Part | None:
    if now is None or before is None:
        return now or before
    return before.model_copy(update=now.model_dump(exclude_none=True))


def reached(plans: Sequence[SharedPlan], wordings: Sequence[Wording]) -> dict[str, Reached]:
    """How far the goals of the last version have come, by their names: as the last review says
    that looks back at the words of today. What the version before said, where none is known, is
    what the review stands beside."""
    today = wordings[-1].words
    found: dict[str, Reached] = {}
    for goal, number, on, told in _in_time(plans):
        if _looked_at(wordings, number, goal) != today.get(goal_key(goal)):
            continue
        known = found.get(goal)
        same = known and known.achievement.achievement == told.achievement
        found[goal] = Reached(told, on, known.since if known and same else on)
    return found


def _in_time(plans: Sequence[SharedPlan]) -> list[tuple[str, int, Moment, Achievement]]:
    """What was said in which review, the oldest first, in its last wording: of which goal, in which
    version first, and when."""
    latest: dict[tuple[str, str], tuple[str, int, Moment, Achievement]] = {}
    for number, plan in enumerate(plans):
        for review in plan.reviews:
            for goal, told in review.goals.items():
                name = goal, review.on.utc
                _, first, on, _ = latest.get(name, (goal, number, review.on, told))
                latest[name] = goal, first, on, told
    return sorted(latest.values(), key=lambda one: one[2].utc.removesuffix("Z"))


def _looked_at(wordings: Sequence[Wording], number: int, goal: str) -> str:
    """The digest of the words at which a review looks back that stands in this version."""
    before = wordings[max(number - 1, 0)].words
    key = goal_key(goal)
    return before[key] if key in before else wordings[number].words[key]
