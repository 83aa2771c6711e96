"""What becomes of plans on their way to FHIR and back: the normal form of the reference, computed
from the documents alone; and what servers do to resources meanwhile."""

from __future__ import annotations

import random
import re
from datetime import datetime
from decimal import Decimal
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, Any

from alliance_fhir.domain.agreement import Position
from alliance_fhir.domain.plan.document import Adolescent, Agreement, Goal, Measure, Review, Task
from alliance_fhir.domain.plan.history import goal_key, standing, task_key
from alliance_fhir.domain.plan.lookback import held
from alliance_fhir.domain.plan.rules import parties
from alliance_fhir.domain.records import Moment
from alliance_fhir.received import parsed

from .making import mapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alliance_fhir.domain.plan.document import SharedPlan
    from alliance_fhir.fhir.versions import Version

    from .making import Json

REQUESTS = {
    "medication": "MedicationRequest",
    "psychotherapy": "ServiceRequest",
    "visit": "ServiceRequest",
    "self-care": "Task",
    "social": "Task",
    "other": "Task",
    "contact": "CommunicationRequest",
}
NUMBER = re.compile(r"(>=|<=|>|<)?\s*(-?)0*([0-9]+?)(\.[0-9]+?)??(0*)")


def resources(versions: list[SharedPlan], version: Version) -> list[Json]:
    """What comes of the versions of a plan, as JSON that was read."""
    return [parsed(one.json()) for one in mapped(versions, version)]


# --- the normal form ------------------------------------------------------------------------------


class Normal:
    """What the newest of these versions of a plan is, once it has been in FHIR: `plan`, and by
    which rules something of it is `left`. `stored` is for servers that put times into UTC and
    shorten decimals; not `dated` is what an earlier release sent, without when it was written."""

    def __init__(
        self, versions: list[SharedPlan], *, stored: bool = False, dated: bool = True
    ) -> None:
        self._versions = versions
        self._new = versions[-1]
        self._stored = stored
        self._positions = standing(versions)
        self._told = [plan for plan in versions if first_said(plan)]
        self._written = self._as_told() if dated else self._at_the_earliest()
        self.left = ["not-found"] if self._new.replaces else []
        self.plan = self._new.model_copy(
            update={
                "written": self._written,
                "status": self._status(),
                "replaces": None,  # the other plan is not there to tell its name
                **self._first_conversation(),
                "goals": tuple(map(self._goal, self._new.goals)),
                "tasks": tuple(map(self._task, self._new.tasks)),
                "kept_by_others": self._goals_first(),
                "contact": unless_empty(self._new.contact),
                "next_review": self._next_review(),
                "reviews": tuple(self._reviews()),
            }
        )

    def _goals_first(self) -> tuple[str, ...]:
        """What others keep stands in two lists of a CarePlan."""
        return tuple(sorted(self._new.kept_by_others, key=lambda one: "/Goal/" not in one))

    def _first_conversation(self) -> dict[str, Any]:
        """As the last version has it that says anything of it."""
        said = self._told[-1] if self._told else self._new
        young = said.adolescent or Adolescent()
        told = young.model_copy(update={"guardians": self._new.guardians})
        names = ("reason", "hopes", "concerns", "outcome_sought", "barriers", "background")
        same = {name: getattr(said, name) for name in names}
        return {**same, "adolescent": unless_empty(told)}

    def _next_review(self) -> Moment | None:
        told = self._new.next_review and self._moment(self._new.next_review)
        if told and told.comes_before(self._written):
            self.left.append("past")
            return None
        return told

    def _status(self) -> str:
        told = [one.standing for those in self._positions.values() for one in those]
        waits = self._new.status == "active" and "agree" not in told
        return "draft" if waits else self._new.status

    def _moment(self, when: Moment) -> Moment:
        return Moment(when.utc, when.utc) if self._stored else when

    def _as_told(self) -> Moment:
        """As it was written, or else after the reviews that are not after the next one."""
        written = self._moment(self._new.written)
        following = self._new.next_review and self._moment(self._new.next_review)
        for when in (self._moment(review.on) for review in held(self._versions)):
            if written.comes_before(when) and not (following and following.comes_before(when)):
                written = when
        return written

    def _at_the_earliest(self) -> Moment:
        return max(self._dates(), key=lambda when: (when.day, when.utc))

    def _dates(self) -> Iterator[Moment]:
        """The latest of these is what is told of it, where it is not told itself."""
        first = self._versions[0].written
        yield self._moment(first)
        following = self._new.next_review and self._moment(self._new.next_review)
        for when in self._evidence(first.day):
            if not (following and following.comes_before(when)):
                yield when

    def _evidence(self, first: str) -> Iterator[Moment]:
        for since in self._beginnings():
            if since.written.day > first:
                yield Moment(since.written.day, since.written.day)
        yield from (self._moment(review.on) for review in held(self._versions))
        same = list(takewhile(lambda one: first_said(one) == first_said(self._told[-1]),
                              reversed(self._told)))  # fmt: skip
        yield from (self._moment(plan.written) for plan in same[-1:])

    def _beginnings(self) -> Iterator[SharedPlan]:
        """The first version of each goal, of each request of a task, of each contact; and the one
        since which the next review is when it is."""
        for goal in self._new.goals:
            yield self._first(lambda plan, goal=goal: goal.goal in [g.goal for g in plan.goals])
        for task in self._new.tasks:
            told = task.task, REQUESTS[task.kind]
            yield self._first(
                lambda plan, told=told: told in [(t.task, REQUESTS[t.kind]) for t in plan.tasks]
            )
        for name, told in (self._new.contact.model_dump() if self._new.contact else {}).items():
            if told:
                yield self._first(lambda plan, name=name: getattr(plan.contact, name, None))
        if when := self._new.next_review:
            same = takewhile(
                lambda plan: plan.next_review and plan.next_review.utc == when.utc,
                reversed(self._versions),
            )
            *_, since = same
            yield since

    def _first(self, there: Callable[[SharedPlan], Any]) -> SharedPlan:
        return next(plan for plan in self._versions if there(plan))

    def _reviews(self) -> Iterator[Review]:
        told = [r.model_copy(update={"on": self._moment(r.on)}) for r in held(self._versions)]
        if any(b.on.comes_before(a.on) for a, b in pairwise(told)):
            told.sort(key=lambda review: (review.on.day, review.on.utc))
        for review in told:
            yield review.model_copy(
                update={
                    "goals": {n: one for n, one in review.goals.items() if self._wants(n)},
                    "adherence": {
                        n: one for n, one in review.adherence.items() if self._has(n, one)
                    },
                    "satisfaction": unless_empty(review.satisfaction),
                    "doubts": unless_empty(review.doubts),
                }
            )

    def _wants(self, goal: str) -> bool:
        there = goal in [one.goal for one in self._new.goals]
        self.left += [] if there else ["not-in-plan"]
        return there

    def _has(self, name: str, taken: Any) -> bool:
        if (name, "medication") not in [(task.task, task.kind) for task in self._new.tasks]:
            self.left.append("not-in-plan")
            return False
        if taken.said_by not in parties(self._new):
            self.left.append("not-a-party")
            return False
        return True

    def _goal(self, goal: Goal) -> Goal:
        key = goal_key(goal.goal)
        spoken = any(one.on for one in self._positions[key])
        measure = goal.measure and (_in_one(goal.measure) if spoken else self._spelt(goal.measure))
        return goal.model_copy(update={"measure": measure, "agreement": self._agreement(key)})

    def _task(self, task: Task) -> Task:
        serves = tuple(goal.goal for goal in self._new.goals if goal.goal in task.goals)
        agreement = self._agreement(task_key(task.task))
        return task.model_copy(update={"goals": serves, "agreement": agreement})

    def _agreement(self, key: str) -> tuple[Agreement, ...]:
        return tuple(filter(None, map(self._said, self._positions[key])))

    def _said(self, one: Position) -> Agreement | None:
        if one.standing != "pending":
            return Agreement(party=one.party, status=one.standing, on=one.on)
        if one.earlier is None:
            return None
        if self._new.version == 1 or one.earlier.on >= self._written.day:
            self.left.append("other-words")
            return None
        return Agreement(party=one.party, status=one.earlier.word, on=one.earlier.on)

    def _spelt(self, measure: Measure) -> Measure:
        """A measure to which nobody has said anything: a number is as FHIR has it, and other words
        stand with their unit."""
        if not measure.target:
            return measure
        if found := NUMBER.fullmatch(measure.target):
            sign, minus, whole, part, zeros = (told or "" for told in found.groups())
            if "." in measure.target:
                part, zeros = (part, zeros) if part else (f".{zeros}", "")
            if "." not in measure.target or not self._stored:
                part += zeros
            target = f"{sign}{' ' if sign else ''}{minus}{whole}{part}"
            return measure.model_copy(update={"target": target})
        whole = " ".join(filter(None, (measure.target, measure.unit)))
        return measure.model_copy(update={"target": whole, "unit": None})


def _in_one(measure: Measure) -> Measure:
    """A measure to which somebody has spoken: as it is, but for blanks before a number, of which a
    digest of words knows no more than whether there are any."""
    if not (measure.target and NUMBER.fullmatch(measure.target)):
        return measure
    return measure.model_copy(update={"target": " ".join(measure.target.split())})


def unless_empty(part: Any) -> Any:
    """A part of a plan, or nothing where it says nothing."""
    return part if part and part.model_dump(exclude_defaults=True) else None


def first_said(plan: SharedPlan) -> list[Any]:
    """The first conversation of a version; empty where nothing was said."""
    young = plan.adolescent or Adolescent()
    told = [plan.reason, plan.hopes, plan.concerns, plan.outcome_sought, plan.barriers]
    told += [plan.background, young.pressured_to_attend, young.options_offered]
    return told if any(one not in (None, ()) for one in told) else []


# --- what servers do ------------------------------------------------------------------------------


TIMES = ("created", "valueDateTime", "authored", "effectiveDateTime", "occurrenceDateTime")


class Server:
    """A server that keeps what it gets, and gives it back as its own habits are: with ids and
    places, with all in another order, with times in UTC and with short decimals."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._ids: dict[tuple[str, str, str], str] = {}
        self._people: dict[str, Json] = {}
        self._bare = chance.random() < 0.5
        self._base = chance.choice(["", "https://east.example/fhir/"])

    def given_back(self, bodies: list[Json]) -> list[Json]:
        """The same resources, after they were stored, and people beside them."""
        for body in bodies:
            told = body["identifier"]
            own = told if isinstance(told, dict) else told[0]
            key = (body["resourceType"], own["system"], own["value"])
            self._ids[key] = str(len(self._ids) + 1)
            body["id"] = self._ids[key]
        stored = [self._stored(body) for body in bodies]
        stored += self._people.values()
        self._chance.shuffle(stored)
        return stored

    def _stored(self, body: Json) -> Json:
        told = self._value(body, "")
        told["meta"] = {"versionId": "3", "lastUpdated": "2026-05-01T10:00:00.000+00:00"}
        told.setdefault("text", {"status": "generated", "div": "<div>of the server</div>"})
        return told

    def _value(self, value: Any, name: str) -> Any:
        if isinstance(value, list):
            told = [self._value(one, name) for one in value]
            if name == "extension":
                self._chance.shuffle(told)
            return told
        if isinstance(value, dict):
            if "identifier" in value and "type" in value and name != "":
                return self._reference(value)
            keys = list(value)
            self._chance.shuffle(keys)
            told = {key: self._value(value[key], key) for key in keys}
            if name == "coding":
                told["display"] = "as the server shows it"
            return told
        if isinstance(value, Decimal):
            short = value.normalize()
            return int(short) if short == short.to_integral_value() else short
        if name in TIMES and "T" in value:
            return Moment.of(datetime.fromisoformat(value)).utc
        return value

    def _reference(self, value: Json) -> Json:
        type_, named = value["type"], value["identifier"]
        key = (type_, named["system"], named["value"])
        if key not in self._ids:
            self._ids[key] = str(len(self._ids) + 1)
            old = {"system": "urn:example:mrn", "value": "0", "use": "old"}
            person = {"resourceType": type_, "id": self._ids[key], "identifier": [old, named]}
            if type_ != "CarePlan":  # the plan before is not asked for
                self._people[self._ids[key]] = person
        place = f"{self._base}{type_}/{self._ids[key]}"
        if self._bare and self._chance.random() < 0.5:
            return {"reference": f"{place}/_history/2" if self._base else place}
        return {"reference": place, "display": "somebody", **value}
