"""What both sides of a plan say, in one form: what was sent last, what the source gives, and what
stands at the target; or why nothing of it can be merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from alliance_fhir.config import Settings
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.fhir.canonical import canonical, content_digest
from alliance_fhir.fhir.elements import PLAN_WRITTEN
from alliance_fhir.fhir.group import Group
from alliance_fhir.fhir.reply import Found
from alliance_fhir.fhir.versions import Json
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.planned import Planned
from alliance_fhir.readback import CHANGED, MOVED, Back, Left, ReadBack
from alliance_fhir.received import parts, text
from alliance_fhir.sources.plans.document import Documents
from alliance_fhir.sources.plans.merged import answers
from alliance_fhir.targets.base import Target

if TYPE_CHECKING:
    from alliance_fhir.additions import Addition

_SIDES = "choose --take source or server."
_LOST = (
    "Somebody changed the plan there, and this ledger has no document of it that was sent: what "
    f"both began with is not known, and nothing is merged; {_SIDES}"
)
NO_PLAN = (
    "Somebody changed the plan there, so that no document can be made of it, or one of another "
    f"plan: nothing is merged. Look at it there, and {_SIDES}"
)
_NO_PLACE = (
    "Somebody put there, or took away, what a plan document has no place for ({}): nothing is "
    "merged, as that would be lost. Say it in the source in words of the plan and choose --take "
    "source; or --take server."
)


class NotMerged(Exception):
    """Nothing is merged; `remedy` says why, and what to do."""

    def __init__(self, remedy: str) -> None:
        super().__init__(remedy)
        self.remedy = remedy


class AnotherDay(Exception):
    """What somebody added is there since another day than it would be in the merged plan: by where
    it is, the elements that say so. It cannot become ours."""

    def __init__(self, places: Mapping[str, Sequence[Left]]) -> None:
        super().__init__()
        self.places = places


class Sides(NamedTuple):
    """What both sides began with, what the source gives, and what stands at the target; `seen` are
    the keys of what was read there, with the digests of its content, and `added` what somebody has
    there as a resource of their own, by the key that ours gets. `kept` is what stays theirs, by its
    address, with what of it a document cannot carry; `undated` is how much was said there without
    a day."""

    base: SharedPlan
    ours: SharedPlan
    theirs: SharedPlan
    seen: frozenset[tuple[str, str]]
    added: Mapping[str, Addition]
    kept: Mapping[str, Sequence[Left]]
    undated: int

    def put(self, over: Group) -> list[Left]:
        """What of that which somebody added is otherwise in what takes its place."""
        taken = [self.added[key.partition(":")[0]] for key, _ in over.added]
        those = [(one.hit.type, element) for one in taken for element in one.put]
        return [Left("", type_, element) for type_, element in dict.fromkeys(those)]

    @property
    def since(self) -> Iterator[str]:
        """The days since which there is what somebody added, as far as that is said."""
        for one in self.added.values():
            yield from one.days.values()

    def over(self, group: Group) -> Group:
        """The group of the merged plan, with what it may be written over. Raises AnotherDay."""
        taken: dict[str, Found] = {}
        other: dict[str, list[Left]] = {}
        for one in group.resources:
            added = self.added.get(one.key.partition(":")[0])  # what follows is the type
            if added and added.hit.type == one.type:
                taken[one.key] = added.hit
                differ = {name for name, day in added.days.items() if one.body.get(name) != day}
                if differ:
                    other[added.place] = [Left("", one.type, name) for name in sorted(differ)]
        if other:
            raise AnotherDay(other)
        seen = self.seen | {(key, hit.digest) for key, hit in taken.items()}
        return group._replace(seen=seen, added=tuple((key, hit.id) for key, hit in taken.items()))


def _none_lost(lost: Iterable[Left]) -> None:
    if places := ", ".join(dict.fromkeys(map(str, lost))):
        raise NotMerged(_NO_PLACE.format(places))


def _dated_anew(base: Back, there: Back) -> Iterator[Left]:
    """The CarePlan, where somebody changed when it says that the version was written: the merged
    one has a day of its own, and theirs would be lost with nobody told."""
    for key, body in there.bodies.items():
        was, now_ = (_written(of.get(key, {})) for of in (base.bodies, there.bodies))
        if now_ and was != now_:
            yield Left(key, text(body, "resourceType"), "extension (plan-written)")


def _written(careplan: Json) -> list[Json]:
    told = parts(canonical(careplan), "extension")
    return [one for one in told if one.get("url") == PLAN_WRITTEN]


class BothSides:
    """Reads both sides of the plans of one run."""

    def __init__(self, ledger: Ledger, target: Target, settings: Settings) -> None:
        self._ledger = ledger
        self._base = target.identity
        self._back = ReadBack(target, settings)
        self._documents = Documents(settings)

    def of(
        self,
        planned: Planned,
        sent: Mapping[int, SharedPlan],
        apart: Mapping[str, Sequence[Left]],
    ) -> Sides:
        """The sides of a plan; `sent` are the versions that were, and what is `apart` stays theirs.
        Raises NotMerged, and ServerError where the target cannot be read."""
        if not sent:
            raise NotMerged(_LOST)
        own = [one for one in planned.decisions if one.resource.type != "Provenance"]
        base = self._back.made(self._back.mapped(sent.values()))
        here = self._back.made(one.resource for one in own)
        there = self._back.there(own, base.plan, apart) if base else None
        if base is None or here is None or there is None:
            raise NotMerged(NO_PLAN)
        if self._back.is_moved(own, base, there):
            raise NotMerged(MOVED)
        lost = [*there.lost_beside(base), *_dated_anew(base, there)]
        unseen = self._unseen(planned, sent, base.plan, there.plan, {one.key for one in lost})
        lost += chain.from_iterable(
            there.elements_of(one, base)
            for one in unseen
            if not self._back.lacks_marks_alone(one.key, base, there)
        )
        _none_lost(lost)
        begun = self._taken_in(planned.group) or base.plan
        seen = ((key, content_digest(body)) for key, body in there.bodies.items())
        added = {one.key: one for one in there.added}
        kept = {f"{self._base}/{place}": left for place, left in there.kept.items()}
        return Sides(begun, here.plan, there.plan, frozenset(seen), added, kept, there.undated)

    def _unseen(
        self,
        planned: Planned,
        sent: Mapping[int, SharedPlan],
        base: SharedPlan,
        theirs: SharedPlan,
        told: set[str],
    ) -> list[Left]:
        """The resources that were changed, and of which the documents tell nothing; but for those
        that are `told` of."""
        newest = max(sent)
        before = [plan for version, plan in sent.items() if version != newest]
        number = {"version": newest}

        def digests(plan: SharedPlan) -> dict[str, str]:
            mapped = self._back.mapped([*before, plan.model_copy(update=number)])
            return {one.key: one.digest for one in mapped}

        was, now_ = digests(base), digests(theirs)
        return [
            Left(one.key, one.type, "")
            for one in (d.resource for d in planned.decisions if d.rule == CHANGED)
            if one.key not in told and was.get(one.key) == now_.get(one.key)
        ]

    def _taken_in(self, group: Group) -> SharedPlan | None:
        """What stood at the target for the newest document, where that is a merged one that was not
        sent yet: it has gone into it, and only what is newer is to be merged."""
        if not group.documents or max(group.documents)[0] != group.edition:
            return None
        try:
            seen = answers(Path(group.origin.path).read_text("utf-8-sig"))
        except (OSError, UnicodeDecodeError):  # it was read before
            return None
        known = map(self._documents.again, self._ledger.seen(group.key) if seen else ())
        return next((plan for plan in known if self._documents.content(plan) == seen), None)
