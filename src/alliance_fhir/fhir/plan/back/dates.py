"""Which version of a plan it is, and when that was written."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import TypeAdapter

from alliance_fhir.domain.plan.document import Version
from alliance_fhir.domain.records import Moment
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.plan.back.element import Element
from alliance_fhir.fhir.plan.back.scope import Scope
from alliance_fhir.fhir.plan.careplan import SUPPORTING

_VERSION: TypeAdapter[int] = TypeAdapter(Version)
_LISTS = ("goal", SUPPORTING, "activity")
_DATED = ("startDate", "authoredOn", "authored")


def version(scope: Scope) -> int:
    """The number of the version; the first where the CarePlan is none of ours."""
    return scope.careplan.extension(el.PLAN_VERSION).take("valuePositiveInt", _VERSION) or 1


def written(scope: Scope) -> Moment | None:
    """When the version was written, as far as it can be told.

    A CarePlan of ours says so. One of somebody else was written when it was created, or else at the
    beginning of its period, or else when it was last changed.
    """
    plan = scope.careplan
    created = scope.moment(plan, "created")
    started = scope.moment(plan.part("period"), "start")
    first = created or started or scope.moment(plan.part("meta"), "lastUpdated")
    told = scope.moment(plan.extension(el.PLAN_WRITTEN), "valueDateTime")
    if told:
        return _after_reviews(scope, told)
    if first is None or not scope.key:
        return first
    # that of the site, whatever became of `created`
    return _at_the_earliest(scope, first, started.day if started else first.day)


def _after_reviews(scope: Scope, told: Moment) -> Moment:
    """The same, unless somebody has added a review since: that is in what was written after it."""
    for when in _dates(scope, "authored"):
        told = when if told.comes_before(when) else told
    return told


def _at_the_earliest(scope: Scope, first: Moment, day: str) -> Moment:
    """What earlier releases of ours sent says when the first known version was written, on that
    day. The newest was not written before the latest that is told of what belongs to it: when a
    goal, a task, the next review or the first conversation came to be what it is, and when there
    was a review."""
    told = [one for one in _dates(scope, *_DATED) if "T" in one.text or one.day > day]
    return max([first, *told], key=lambda when: (when.day, when.utc))


def _dates(scope: Scope, *names: str) -> list[Moment]:
    """What these elements tell of what is ours, unless that is after the next review."""
    ours = [*_ours(scope)]
    told = [when for one in ours for name in names if (when := scope.moment(one, name))]
    nexts = [when for one in ours if (when := scope.moment(one, "occurrenceDateTime"))]
    return [one for one in told if not any(when.comes_before(one) for when in nexts)]


def _ours(scope: Scope) -> Iterator[Element]:
    """What the plan lists and we have made, only looked at."""
    for name in _LISTS:
        for entry in scope.careplan.parts(name):
            element = scope.look(_reference(entry))
            if scope.suffix(element):
                yield element


def _reference(entry: Element) -> Element:
    """What an entry of these lists refers to; an activity has its reference within."""
    for name in ("plannedActivityReference", "reference"):
        if isinstance(entry.value.get(name), dict):
            return entry.part(name)
    return entry
