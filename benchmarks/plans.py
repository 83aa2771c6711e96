"""How fast plans are mapped, a resource, against assessments, and how long it takes to merge two
sides of one: processor time, interleaved rounds.

    python -m benchmarks.plans [--plans 10000] [--rounds 3]

Assessments are WAI-SRs with all answers, mapped by `map --check none` from a file to files, each
with its Provenance, as in benchmarks/map.py. Plans are mapped from what was read of their documents
to the JSON of their resources, without check; a plan has 6 goals and 8 tasks, of all of which
patient and clinician have said something, and a review. Wanted: half the assessments' speed or
more, and a check (`--check schema`) that takes no longer than the mapping. What the mapping of
assessments alone takes, from records in memory, is told beside it. To merge is for two sides that
both changed words, texts and agreements of such a plan, some of them in different ways. Wanted:
5 ms or less. Ends with 1 where something is missed.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from alliance_fhir.domain.plan.document import Agreement, SharedPlan
from alliance_fhir.domain.plan.merging import merge
from alliance_fhir.domain.receipt import Finding
from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.fhir.check import Checker
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.plan.mapper import PlanMapper
from alliance_fhir.mapping import Mapping, site_catalog
from alliance_fhir.sources.supply import Sources
from alliance_fhir.sources.wide import Read
from benchmarks.map import COMPARED, R4, SETTINGS, make_rows, ours, processor
from benchmarks.report import Report

GOALS, TASKS = 6, 8
MERGES = 100
"""Plans that are merged in a round."""
MERGED = Moment("2027-01-01", "2027-01-01")
BATCH = 100
"""Plans that are in memory at a time."""
ROWS = 1_000
"""Assessments that are mapped in the turn of a batch."""
KINDS = ("medication", "psychotherapy", "self-care", "social", "visit", "contact", "other")
WORDS = (
    "sleep",
    "walk",
    "call",
    "rest",
    "eat",
    "work",
    "friends",
    "evening",
    "week",
    "twice",
    "again",
)


class Records(NamedTuple):
    """Records that were read before, in the place of their files."""

    read: list[Read]

    def records(self, *, trusting: bool) -> Iterator[Read]:
        """All of them; none comes twice."""
        assert trusting
        return iter(self.read)


def make_plans(count: int) -> Iterator[SharedPlan]:
    """`count` plans, no two with one name or all the same words."""
    chance = random.Random(20260302)
    for number in range(count):
        yield SharedPlan.model_validate(_plan(number, chance))


def _plan(number: int, chance: random.Random) -> dict[str, Any]:
    day, clinician = (
        f"2026-{number % 12 + 1:02}-02",
        Identifier("urn:example:staff", f"{number % 60}"),
    )
    people = ("patient", clinician)

    def text() -> str:
        return " ".join(chance.choices(WORDS, k=8)).capitalize()

    def one(name: str, number: int) -> dict[str, Any]:
        said = tuple({"party": who, "status": "agree", "on": day} for who in people)
        by = chance.choice(people)
        return {name: f"{name}-{number}", "text": text(), "proposed_by": by, "agreement": said}

    measure = {"code": "log", "target": ">= 7", "unit": "h", "due": "2026-12-31"}
    names = [f"goal-{number}" for number in range(GOALS)]
    return {
        "plan": f"plan-{number}",
        "patient": Identifier("urn:example:mrn", str(number)),
        "clinicians": (clinician,),
        "written": Moment(f"{day}T14:10:00-05:00", f"{day}T19:10:00Z"),
        "version": 1,
        "status": "active",
        "reason": text(),
        "hopes": (text(), text()),
        "goals": tuple({**one("goal", n), "measure": measure} for n in range(GOALS)),
        "tasks": tuple(
            {
                **one("task", n),
                "kind": KINDS[n % len(KINDS)],
                "who": "patient",
                "when": text(),
                "goals": (names[n % GOALS],),
            }
            for n in range(TASKS)
        ),
        "contact": {"between_visits": text()},
        "reviews": (
            {
                "on": Moment(day, day),
                "works": (text(),),
                "does_not": (text(),),
                "satisfaction": {"treatment": 7, "relationship": 8, "plan": 7},
                "adherence": {"task-0": {"taken_as_agreed": 5, "of_days": 7, "said_by": "patient"}},
            },
        ),
    }


def alone(read: list[Read]) -> int:
    """Maps assessments from their records; how many resources there are."""
    mapping = Mapping(SETTINGS, site_catalog(SETTINGS), R4, "none")
    made = 0
    for group in mapping.groups(Records(read), trusting=True):  # pyright: ignore[reportArgumentType]
        assert not isinstance(group, Finding)
        made += sum(1 for one in group.resources if one.json())
    return made


def plans(batch: list[SharedPlan]) -> int:
    """Maps plans; how many resources there are."""
    mapper = PlanMapper(R4, SETTINGS)
    return sum(1 for plan in batch for one in mapper.resources([plan]) if one.json())


def checked(made: list[Resource]) -> int:
    """Checks what comes of plans; how many resources there are."""
    Checker("schema", R4).check(made, of_plan=True)
    return len(made)


def changed(plan: SharedPlan, side: int) -> SharedPlan:
    """One of two sides of a plan, which have the first goal and the first task in common."""
    said = Agreement(party="patient", status="agree", on=f"2026-12-1{side}")
    goals, tasks = [*plan.goals], [*plan.tasks]
    for told, word in ((goals, "text"), (tasks, "when")):
        for place in (0, 1 + side, 3 + side):
            one = told[place]
            update = {word: f"{getattr(one, word)} {side}", "agreement": (*one.agreement, said)}
            told[place] = one.model_copy(update=update)
    more = {"hopes": (*plan.hopes, f"hope {side}"), "reason": f"reason {side}"}
    more |= {"goals": tuple(goals), "tasks": tuple(tasks[: TASKS - side])}
    return plan.model_copy(update=more)


def merging() -> float:
    """Milliseconds that a merge takes, on the average of a round."""
    sides = [(plan, changed(plan, 0), changed(plan, 1)) for plan in make_plans(MERGES)]
    conflicts: list[int] = []

    def work() -> None:
        conflicts.extend(len(merge(*three, MERGED).conflicts) for three in sides)

    took = processor(work)
    assert min(conflicts) > 2
    return took / MERGES * 1e3


class Speeds:
    """Processor time a resource of each kind of work, and the ratios of the rounds."""

    def __init__(self, folder: Path) -> None:
        rows = folder / "rows.csv"
        make_rows(rows, ROWS)
        found = Sources([rows], SETTINGS, site_catalog(SETTINGS)).records(trusting=True)
        read = [one for one in found if not isinstance(one, Finding)]
        (out := folder / "map").mkdir()
        ours(rows, out, "none")
        files = [out / f"{name}.ndjson" for name in COMPARED]
        written = sum(len(file.read_bytes().splitlines()) for file in files)

        def by_map() -> int:
            ours(rows, out, "none")
            return written

        self._assessments = {"map": by_map, "alone": lambda: alone(read)}
        self.ratios: dict[str, list[float]] = {name: [] for name in (*self._assessments, "check")}
        self.merging: list[float] = []

    def round(self, count: int) -> str:
        """One round: all take turns, batch by batch; what each took, as text."""
        took, made = Counter[str](), Counter[str]()
        told = make_plans(count)
        mapper = PlanMapper(R4, SETTINGS)
        while batch := [*islice(told, BATCH)]:
            resources = [one for plan in batch for one in mapper.resources([plan])]
            of_plans = {"plans": partial(plans, batch), "check": partial(checked, resources)}
            for name, work in {**self._assessments, **of_plans}.items():
                found: list[int] = []
                took[name] += processor(lambda: found.append(work()))  # noqa: B023
                made[name] += found[0]
        each = {name: took[name] / made[name] for name in took}
        for name, ratios in self.ratios.items():
            ratios.append(each[name] / each["plans"])
        self.merging.append(merging())
        text = ", ".join(f"{name} {one * 1e6:,.1f} us" for name, one in each.items())
        return f"{text}; a merge: {self.merging[-1]:.2f} ms"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--plans", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    told = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory() as name:
        speeds = Speeds(Path(name))
        for number in range(told.rounds):
            print(f"round {number + 1}, a resource: {speeds.round(told.plans)}", file=sys.stderr)
    print(f"{told.plans:,} plans of {GOALS} goals and {TASKS} tasks, {told.rounds} rounds, medians")
    ratio = {name: statistics.median(ratios) for name, ratios in speeds.ratios.items()}
    report.at_least("plans, a resource, against assessments by map", ratio["map"], 0.5)
    report.at_most("their check, against their mapping", ratio["check"], 1)
    report.line(f"against the mapping of assessments alone: {ratio['alone']:.2f}")
    report.at_most("a merge of two sides, ms", statistics.median(speeds.merging), 5)
    sys.exit(report.code)


if __name__ == "__main__":
    main()
