"""The merged plan as the version that follows: its day, its number, what is told of it. Pure.

A version says what holds from the day on which it was written. Who speaks at a server to words that
somebody has found there speaks before they are merged: dated by the merge, the version would come
after what was said to it. So it is dated by the first day on which somebody spoke to words that are
new there, or since which they are there, if both sides had been written by then; else by the merge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from alliance_fhir.domain.plan.differences import differences, in_short
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.plan.history import goal_key, standing, task_key, wording
from alliance_fhir.domain.plan.merging import Conflict
from alliance_fhir.domain.plan.places import find, is_list
from alliance_fhir.domain.records import Moment

_HAS_IT = "The source has what somebody changed there."


def merged_on(
    base: SharedPlan,
    sides: Sequence[SharedPlan],
    known: Iterable[SharedPlan],
    now: Moment,
    since: Iterable[str] = (),
) -> Moment:
    """When the merge of `sides`, the second of which stands at the server, counts as written: never
    before anything that the sides or the `known` versions tell of. `since` are days since which
    there is something new there."""
    before = [*_told(sides, known)]
    new = (day for day in since if day <= now.day)
    first = min([*_new_words_spoken_to(base, sides[1]), *new], default="")
    if first and all(one.day < first for one in before):
        return Moment(first, first)
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


def as_version(
    plan: SharedPlan, number: int, when: Moment, sides: Iterable[SharedPlan]
) -> tuple[SharedPlan, list[Conflict]]:
    """The plan as the version that it becomes; a next review before that is left out, and told with
    what the `sides`, base, ours and theirs, have there."""
    told: dict[str, object] = {"version": number, "written": when}
    gone_by: list[Conflict] = []
    if plan.next_review and plan.next_review.comes_before(when):
        told["next_review"] = None
        was, here, there = (side.next_review for side in sides)
        gone_by = [Conflict(("next_review",), was, here, there, "gone-by", "next_review")]
    return plan.model_copy(update=told), gone_by


def alike(one: SharedPlan, other: SharedPlan) -> bool:
    """Whether two documents say the same, whichever versions they are."""
    number = {"version": other.version, "written": other.written}
    return one.model_copy(update=number) == other


def is_left_out(conflict: Conflict, plan: SharedPlan) -> bool:
    """Whether the plan has not all that both sides have at the place of a conflict."""
    found = find(plan, conflict.place)
    has: Any = found.value if found else None
    if is_list(has):  # of what a party said, each word by itself
        sides: list[Any] = [conflict.ours or (), conflict.theirs or ()]
        return any(one not in has for side in sides for one in side)
    return any(side not in (None, has) for side in (conflict.ours, conflict.theirs))


def told_of(
    ours: SharedPlan, merged: SharedPlan, plans: Iterable[SharedPlan], left_out: Sequence[Conflict]
) -> str:
    """What was merged into what the source says, and where somebody has still to agree to words
    that are new there: the paths, and no word of it. `plans` are all versions."""
    found = [one for one in differences(ours, merged) if one.place[0] not in ("version", "written")]
    told = [f"Merged with what somebody changed there ({in_short(found)})." if found else _HAS_IT]
    if waiting := [*_waiting(ours, merged, plans)]:
        told.append(f"Somebody has still to agree to {', '.join(waiting)}.")
    if left_out:
        told.append(f"Left out: {in_short(left_out)}.")
    return " ".join(told)


def _waiting(ours: SharedPlan, merged: SharedPlan, plans: Iterable[SharedPlan]) -> Iterator[str]:
    """The goals and tasks with other words than in `ours`, to which somebody has not spoken yet."""
    before, after, now = wording(ours).words, wording(merged).words, standing(plans)
    names = [f"goals[{number}]" for number in range(len(merged.goals))]
    names += [f"tasks[{number}]" for number in range(len(merged.tasks))]
    for name, (key, words) in zip(names, after.items(), strict=True):
        if before.get(key) != words and any(one.standing == "pending" for one in now[key]):
            yield name
