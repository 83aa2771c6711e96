"""The versions of plans, gathered over a run: one group a plan, made of all of its versions.

What stands at a target is made from all versions that are known, those of this run and those that
were sent by earlier ones: an older file on its own takes nothing back, and what somebody agreed to
in an earlier version is still known. What contradicts a version that was sent before is named, and
the others go on.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from alliance_fhir.config import Settings
from alliance_fhir.domain.keys import digest
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.plan.history import contradictions, milestone, reworded, wrongly_replaced
from alliance_fhir.domain.plan.rules import Slip
from alliance_fhir.domain.receipt import Finding
from alliance_fhir.domain.records import Origin
from alliance_fhir.fhir.group import Group
from alliance_fhir.fhir.plan.mapper import PlanMapper
from alliance_fhir.fhir.plan.signoff import sign_offs
from alliance_fhir.fhir.versions import Version
from alliance_fhir.sources.plans.document import Documents

Known = Callable[[str], Mapping[int, str]]
"""The documents of a plan that were sent before, by version; the plan by its business key."""


def nothing(key: str) -> Mapping[int, str]:
    """Nothing was sent before."""
    return {}


class _Held(NamedTuple):
    """A version that came: where it stands, and what it says, packed, as plans may be many."""

    origin: Origin
    packed: bytes


class Grouping:
    """Makes the group of a plan, of one site and for one version of FHIR."""

    def __init__(self, settings: Settings, version: Version) -> None:
        self._settings = settings
        self._version = version
        self._documents = Documents(settings)
        self._mapper = PlanMapper(version, settings)

    def read(self, texts: Mapping[int, str]) -> dict[int, SharedPlan]:
        """The documents by version, of their texts."""
        return {version: self._documents.again(text) for version, text in texts.items()}

    def group(
        self,
        key: str,
        origins: Sequence[Origin],
        kept: Mapping[int, str],
        came: Mapping[int, str],
        plans: Mapping[int, SharedPlan],
    ) -> Group:
        """The group of all versions, `plans`: those that were sent before, `kept`, and those that
        `came`, from these origins, the newest of which is the last."""
        versions = [plans[version] for version in sorted(plans)]
        newest = versions[-1]
        resources = self._mapper.resources(versions)
        return Group(
            key,
            origins[-1],
            newest.patient,
            newest.written.utc[:10],
            None,
            digest([self._documents.content(plan) for plan in versions]),
            [*resources, *sign_offs(versions, self._version, self._settings)],
            len(came),
            tuple((v, text) for v, text in sorted(came.items()) if kept.get(v) != text),
            newest.version,
            of_plan=True,
            beside=tuple(origin.path for origin in origins[:-1]),
        )


class Gathering:
    """Takes the versions of plans as they come, and gives a group for each plan at the end."""

    def __init__(self, settings: Settings, version: Version, known: Known) -> None:
        self._known = known
        self._documents = Documents(settings)
        self._grouping = Grouping(settings, version)
        self._held: dict[str, dict[int, _Held]] = {}
        self._came: set[str] = set()

    def add(self, key: str, origin: Origin, plan: SharedPlan) -> None:
        """A version of the plan with this business key; each comes once."""
        packed = zlib.compress(self._documents.text(plan).encode(), 1)
        self._held.setdefault(key, {})[plan.version] = _Held(origin, packed)

    def groups(self) -> Iterator[Group | Finding]:
        """A group for each plan, in the order in which they came first, and what is wrong."""
        self._came = set(self._held)
        for key in list(self._held):
            yield from self._of(key, self._held.pop(key))

    def _of(self, key: str, held: Mapping[int, _Held]) -> Iterator[Group | Finding]:
        kept = dict(self._known(key))
        came = {version: zlib.decompress(one.packed).decode() for version, one in held.items()}
        plans = self._grouping.read(kept | came)
        wrong = self._wrong(kept, came, plans)
        for version, slip in wrong.items():
            del came[version]
            origin = held[version].origin
            row, column = self._documents.again_at(origin, slip.place)
            yield Finding(origin.path, row, column, slip.rule, slip.remedy, key)
        if wrong:  # what was sent counts in their place
            plans = self._grouping.read(kept | came)
        if came:
            origins = [held[version].origin for version in sorted(came)]
            yield self._grouping.group(key, origins, kept, came, plans)

    def _wrong(
        self, kept: Mapping[int, str], came: Mapping[int, str], plans: Mapping[int, SharedPlan]
    ) -> dict[int, Slip]:
        """What of the versions that came cannot be after, or between, the others.

        Those of one run were held against each other before, unless that is done on the way.
        """
        new = {version for version, text in came.items() if kept.get(version) != text}
        corrected = new & kept.keys()
        before = self._grouping.read({version: kept[version] for version in corrected})
        wrong = {
            version: Slip(place, "version-not-raised")
            for version in sorted(corrected)
            if (place := reworded(before[version], plans[version]))
        }
        wrong |= {v: slip for v in sorted(new) for slip in self._replacing(plans[v])}
        while True:
            left = [plans[v] for v in sorted(plans) if v not in wrong]
            found = list(contradictions(map(milestone, left)))
            mine = {v: slip for v, slip in reversed(found) if v in new}
            if found and not mine:  # it is said of what was sent, and because of what came
                mine = {v: Slip((), found[0][1].rule, _SENT_BEFORE) for v in new - wrong.keys()}
            if not mine:
                return dict(sorted(wrong.items()))
            wrong |= mine

    def _replacing(self, plan: SharedPlan) -> Iterator[Slip]:
        """What is wrong with the plan whose place this one takes, if that was sent before; of those
        of one run it was found out before."""
        key = self._documents.whole(plan.replaces) if plan.replaces else ""
        if key and key not in self._came and (sent := self._known(key)):
            newest = self._documents.again(sent[max(sent)])
            yield from wrongly_replaced(milestone(plan), milestone(newest))


_SENT_BEFORE = "It contradicts a version that was sent before; correct version, date or patient."
