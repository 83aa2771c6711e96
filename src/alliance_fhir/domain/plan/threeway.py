"""The three-way merge of two documents of one plan, place by place, with one of them in the lead.

What one side alone changed is taken, and so is what both changed alike. Where they changed one
place in different ways the leading side stands, and the place is noted. Whether what comes of it
breaks a rule, and who agreed to its words, is looked at in `alliance_fhir.domain.plan.merging`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

from alliance_fhir.domain.plan.document import Agreement, Goal, Part, Review, SharedPlan, Task
from alliance_fhir.domain.plan.history import goal_key, task_key
from alliance_fhir.domain.plan.places import has_names, is_divided, is_list, named, party_name
from alliance_fhir.domain.plan.rules import Place
from alliance_fhir.domain.plan.values import MOST_ENTRIES

Words = Mapping[str, str]
"""As in a Wording: by the keys of goals and tasks the digests of what they say."""
_STAMP: tuple[Place, ...] = (("version",), ("written",))
"""No merge of two numbers is one: the leading side's stay."""
_Entry = TypeVar("_Entry")
_Day = tuple[str, str]
"""A party, and the day on which it said something."""


class ThreeWay:
    """One merge. At the places of `kept` the leading side stands, whatever the other says; in
    `collisions` are the places that both have changed in different ways.

    `ours` and `theirs` are the words of the two sides, that of the lead first.
    """

    def __init__(self, kept: Iterable[Place], ours: Words, theirs: Words) -> None:
        self._kept = {*_STAMP, *kept}
        self._ours, self._theirs = ours, theirs
        self.collisions: dict[Place, None] = {}

    def plan(self, base: SharedPlan, ours: SharedPlan, theirs: SharedPlan) -> SharedPlan:
        """The merged plan, with number and time of `ours`, which leads."""
        return self._part((), base, ours, theirs)

    def _collide(self, place: Place, ours: Any) -> Any:
        self.collisions[place] = None
        return ours

    def _below(self, place: Place) -> bool:
        return any(kept[: len(place)] == place for kept in self._kept)

    def _part(self, place: Place, base: Any, ours: Any, theirs: Any) -> Any:
        one: Part = theirs if ours is None else ours
        told: dict[str, Any] = {}
        for name, field in type(one).model_fields.items():
            sides = [
                field.default if part is None else getattr(part, name)
                for part in (base, ours, theirs)
            ]
            told[name] = self._value((*place, name), *sides)
        return one.model_copy(update=told)

    def _value(self, place: Place, base: Any, ours: Any, theirs: Any) -> Any:
        if place in self._kept or ours == theirs or theirs == base:
            return ours
        alone = ours == base
        if alone and not self._below(place):
            return theirs
        one = theirs if ours is None else ours
        if is_list(one):
            return self._list(place, base, ours, theirs)
        if is_divided(one) and (alone or self._of_one_thing(base, ours, theirs)):
            return self._part(place, base, ours, theirs)
        return self._collide(place, ours)

    def _of_one_thing(self, base: Any, ours: Any, theirs: Any) -> bool:
        """Goals or tasks that both have added under one key are one where their words are."""
        if ours is None or theirs is None:
            return False
        if base is not None or not isinstance(ours, Goal | Task):
            return True
        key = goal_key(ours.goal) if isinstance(ours, Goal) else task_key(ours.task)
        return self._ours.get(key) == self._theirs.get(key)

    # --- lists ------------------------------------------------------------------------------------

    def _list(self, place: Place, base: Any, ours: Any, theirs: Any) -> Any:
        entries = (*ours, *theirs)
        if isinstance(entries[0], Agreement):
            told = self._said(place, base, ours, theirs)
        elif has_names(place, entries):
            told = self._entries(place, base, ours, theirs)
        else:
            told = self._texts(place, base, ours, theirs)
        if len(told) > MOST_ENTRIES or (place == ("clinicians",) and not told):
            return self._collide(place, ours)
        return told

    def _texts(self, place: Place, base: Any, ours: Any, theirs: Any) -> Any:
        was, here, there = (dict.fromkeys(one) for one in (base, ours, theirs))
        told = {**here, **there}
        kept = {one for one in told if one not in was or (one in here and one in there)}
        return tuple(self._order(place, [*was], [*here], [*there], kept))

    def _entries(self, place: Place, base: Any, ours: Any, theirs: Any) -> Any:
        was, here, there = named(base), named(ours), named(theirs)
        told: dict[Place, Any] = {}
        for name in {**here, **there}:
            below = (*place, *name)
            entry = self._value(below, was.get(name), here.get(name), there.get(name))
            if entry is not None:
                told[name] = entry
        if type(ours) is dict:
            return {name[0]: entry for name, entry in told.items()}
        if place == ("reviews",):
            return tuple(_by_time(told.values()))
        order = self._order(place, [*was], [*here], [*there], told)
        return tuple(told[name] for name in order)

    def _said(
        self,
        place: Place,
        base: Sequence[Agreement],
        ours: Sequence[Agreement],
        theirs: Sequence[Agreement],
    ) -> Sequence[Agreement]:
        """What a party said on one day is one thing: the last of it counts."""
        was, here, there = _by_day(base), _by_day(ours), _by_day(theirs)
        taken: dict[_Day, list[Agreement]] = {}
        for day in {**here, **there}:
            before, mine, other = (days.get(day, []) for days in (was, here, there))
            by = (*place, day[0])
            if by in self._kept or other in (mine, before):
                continue
            if mine == before:
                taken[day] = other
            else:
                self._collide(by, mine)
        told: list[Agreement] = []
        for one in ours:
            if _day(one) in taken:
                told += taken[_day(one)]
                taken[_day(one)] = []
            else:
                told.append(one)
        return (*told, *chain.from_iterable(taken.values()))

    def _order(
        self,
        place: Place,
        base: Sequence[_Entry],
        ours: Sequence[_Entry],
        theirs: Sequence[_Entry],
        kept: Collection[_Entry],
    ) -> list[_Entry]:
        """The order of the leading side, unless the other alone has changed it; what only the
        other side has comes behind what is before it there, and behind what the lead has added."""
        common = {*base} & {*ours} & {*theirs}
        was, here, there = ([one for one in s if one in common] for s in (base, ours, theirs))
        lead, other = ours, theirs
        if there not in (was, here):
            if here == was:
                lead, other = theirs, ours
            else:
                self._collide(place, ours)
        told = [one for one in lead if one in kept]
        beside, at = {*other}, 0
        for one in other:
            if one in told:
                at = told.index(one) + 1
            elif one in kept:
                while at < len(told) and told[at] not in beside:
                    at += 1
                told.insert(at, one)
                at += 1
        return told


def _day(one: Agreement) -> _Day:
    return party_name(one.party), one.on


def _by_day(told: Iterable[Agreement]) -> dict[_Day, list[Agreement]]:
    days: dict[_Day, list[Agreement]] = {}
    for one in told:
        days.setdefault(_day(one), []).append(one)
    return days


def _by_time(reviews: Iterable[Review]) -> list[Review]:
    """Each behind the last that it does not come before: by a day alone not all can be sorted."""
    told: list[Review] = []
    for review in reviews:
        behind = [n for n, one in enumerate(told, 1) if not review.on.comes_before(one.on)]
        told.insert(max(behind, default=0), review)
    return told
