"""Two sides that changed one shared plan, brought together. Pure: nothing is read or sent.

`base` is what both began with, `ours` the document of the source, `theirs` what stands at the
server. What collides stays as it is in `ours`, and is a Conflict as well, so that whoever finishes
the plan has both. The plan that comes of it breaks no rule that neither side broke: where one side
leans on what the other removed, both places are conflicts.

Nobody's word is made up: of what was said, nothing goes along that would count as said to words
beside which it did not stand (see `alliance_fhir.domain.plan.hearing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Literal, NamedTuple

from alliance_fhir.domain.agreement import Wording
from alliance_fhir.domain.plan.document import LAST_VERSION, SharedPlan
from alliance_fhir.domain.plan.hearing import Side, Sides, only_what_was_said
from alliance_fhir.domain.plan.history import wording
from alliance_fhir.domain.plan.places import by_names, find, party_name
from alliance_fhir.domain.plan.rules import Place, slips
from alliance_fhir.domain.plan.threeway import ThreeWay
from alliance_fhir.domain.records import Moment

Why = Literal["both-changed", "leans-on-removed", "other-words", "gone-by"]
"""Both changed the place in different ways; one side uses what the other took away; something was
said to other words than those that the plan has now; or the merged plan is written after it."""
_NEXT: Place = ("next_review",)


class Conflict(NamedTuple):
    """What each side has at a place where not both can be had; None where it has nothing.

    `place` is by names, which may be words of the document, as all values are. `path` is the same
    place without them, as messages have it; it counts in `ours`, or else in `theirs`, or `base`.
    """

    place: Place
    base: Any
    ours: Any
    theirs: Any
    why: Why
    path: str

    @property
    def told(self) -> str:
        """Path and reason: no word of the documents."""
        return f"{self.path} {self.why}"


class Merged(NamedTuple):
    """The merged plan, and what somebody has to decide."""

    plan: SharedPlan
    conflicts: tuple[Conflict, ...]


def merge(base: SharedPlan, ours: SharedPlan, theirs: SharedPlan, written: Moment) -> Merged:
    """The merge of three documents of one plan, none of which breaks a rule.

    Where one side alone changed something, and where both say the same, it is that very document.
    Else the plan keeps number and time of the side with the higher number, as long as its words are
    that side's and nothing in it is later; if not, it is a version of its own: its number is one
    more than the highest of both, and `written` is when it was written.

    Raises ValueError where the three are of several plans or patients, where `written` comes before
    what is merged, and where there is no higher number.
    """
    if len({(one.plan, one.patient) for one in (base, ours, theirs)}) > 1:
        raise ValueError("the documents are of several plans or patients")
    if theirs in (base, ours):
        return Merged(ours, ())
    if ours == base:
        return Merged(theirs, ())
    reviews = (*ours.reviews, *theirs.reviews)
    before = (ours.written, theirs.written, *(review.on for review in reviews))
    if any(map(written.comes_before, before)):
        raise ValueError("the merged plan cannot be written before what is merged")
    return _merged((Side.of(base), Side.of(ours), Side.of(theirs)), written)


def _merged(sides: Sides, written: Moment) -> Merged:
    """Each side leads once, so that it makes no difference to what is told who does; but for a next
    review, which goes with the number that the plan has."""
    base, ours, theirs = sides
    leaning: dict[Place, None] = {}
    while True:
        tries = [_try(one, leaning) for one in (sides, (base, theirs, ours))]
        found = [place for one in tries for place in _leaning(one.plan, sides)]
        if {*found} <= {*leaning}:
            break
        leaning |= dict.fromkeys(found)
    stamped = [_stamped(one.plan, sides, written) for one in tries]
    heard = [only_what_was_said(one, sides) for one in stamped]
    why: dict[Place, Why] = dict.fromkeys(chain(*(one.collisions for one in tries)), "both-changed")
    for place in leaning:
        why.setdefault(place, "leans-on-removed")
    for place in chain(*(one.left_out for one in heard)):
        why.setdefault(place, "other-words")
    if stamped[0].plan.next_review != tries[0].plan.next_review:
        why[_NEXT] = "gone-by"
    return Merged(heard[0].plan, tuple(_conflicts(why, sides)))


class _Try(NamedTuple):
    """What comes of it where one side leads, and where the other says something else."""

    plan: SharedPlan
    collisions: tuple[Place, ...]


def _try(sides: Sides, kept: Iterable[Place]) -> _Try:
    base, ours, theirs = sides
    merge = ThreeWay(kept, ours.wording.words, theirs.wording.words)
    plan = merge.plan(base.plan, ours.plan, theirs.plan)
    return _Try(plan, tuple(merge.collisions))


# --- what leans on what is gone -------------------------------------------------------------------


def _leaning(plan: SharedPlan, sides: Sides) -> Iterator[Place]:
    """The places that a rule sets against each other: where something is named, and where it would
    have to stand, as far as any side has it."""
    for slip in slips(plan):
        place, value = by_names(plan, slip.place)
        if sources := _sources(slip.rule, place, value):
            for one in (place, *sources):
                if any(find(side.plan, one) for side in sides):
                    yield one


def _sources(rule: str, place: Place, value: Any) -> tuple[Place, ...]:
    match rule:
        case "unknown-goal":
            return (("goals", value if isinstance(value, str) else place[-1]),)
        case "not-a-medicine":
            return (("tasks", place[-1]),)
        case "unknown-party" | "not-a-guardian":
            person = party_name(value)
            return (("clinicians", person), ("adolescent", "guardians", person))
        case _:  # of the three documents themselves, or of a time that is still to be set
            return ()


# --- number, time, conflicts ----------------------------------------------------------------------


def _stamped(plan: SharedPlan, sides: Sides, written: Moment) -> Side:
    """The merged plan with its number and its time: those of the newest side, if it may have been
    written then. A next review before that is none."""
    _, *both = sides
    version = max(side.plan.version for side in both)
    newest = [side for side in both if side.plan.version == version]
    since = newest[0].plan.written
    words = wording(plan).words
    before = (*(side.plan.written for side in both), *(review.on for review in plan.reviews))
    if any(side.plan.written != since or side.wording.words != words for side in newest) or any(
        map(since.comes_before, before)
    ):
        version, since = version + 1, written
    if version > LAST_VERSION:
        raise ValueError("no number is left for a version that follows")
    told: dict[str, Any] = {"version": version, "written": since}
    if plan.next_review and plan.next_review.comes_before(since):
        told["next_review"] = None
    plan = plan.model_copy(update=told)
    return Side(plan, Wording(since.day, words, version), {})


def _conflicts(why: Mapping[Place, Why], sides: Sides) -> Iterator[Conflict]:
    """In the order of the model's keys."""
    keys = [*SharedPlan.model_fields]
    for place in sorted(why, key=lambda place: keys.index(str(place[0]))):
        base, ours, theirs = (find(side.plan, place) for side in sides)
        path = next(one.path for one in (ours, theirs, base) if one)
        was, here, there = (one.value if one else None for one in (base, ours, theirs))
        if why[place] != "leans-on-removed" or here != there:
            yield Conflict(place, was, here, there, why[place], path)
