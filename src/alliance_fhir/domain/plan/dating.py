"""When a merged plan counts as written. Pure.

A version says what holds from the day on which it was written. Who speaks at a server to words that
somebody has found there speaks before they are merged: dated by the merge, the version would come
after what was said to it. So it is dated by the first day on which somebody spoke to words that are
new there, if both sides had been written by then; else by the merge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.plan.history import goal_key, task_key, wording
from alliance_fhir.domain.records import Moment


def merged_on(
    base: SharedPlan, sides: Sequence[SharedPlan], known: Iterable[SharedPlan], now: Moment
) -> Moment:
    """When the merge of `sides`, the second of which stands at the server, counts as written: never
    before anything that the sides or the `known` versions tell of."""
    before = [*_told(sides, known)]
    spoken = min(_new_words_spoken_to(base, sides[1]), default="")
    if spoken and all(one.day < spoken for one in before):
        return Moment(spoken, spoken)
    late = [one for one in before if now.comes_before(one)]
    return max(late, key=lambda one: (one.day, one.utc)) if late else now


def _told(sides: Iterable[SharedPlan], known: Iterable[SharedPlan]) -> Iterator[Moment]:
    for plan in (*sides, *known):
        yield plan.written
        yield from (review.on for review in plan.reviews)
    for plan in known:
        for entry in (*plan.goals, *plan.tasks):
            yield from (Moment(one.on, one.on) for one in entry.agreement)


def _new_words_spoken_to(base: SharedPlan, theirs: SharedPlan) -> Iterator[str]:
    """The days on which somebody spoke to a goal or task whose words are others than in `base`."""
    before, now = wording(base).words, wording(theirs).words
    entries = {goal_key(one.goal): one.agreement for one in theirs.goals}
    entries |= {task_key(one.task): one.agreement for one in theirs.tasks}
    for key, said in entries.items():
        if before.get(key) != now[key]:
            yield from (one.on for one in said)
