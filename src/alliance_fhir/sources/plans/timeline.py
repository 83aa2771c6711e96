"""The versions of all plans of a run: which of them cannot have come one after the other, which
take the place of a plan that is not theirs to replace, and which plans look like one plan under two
names.

They go to SQLite's temporary file, as plan names and patients only by digests, so that memory
stays flat and nothing readable is laid down.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, groupby
from operator import itemgetter
from typing import NamedTuple, Self

from alliance_fhir.domain.plan.document import ENDED
from alliance_fhir.domain.plan.history import Milestone, contradictions, wrongly_replaced
from alliance_fhir.domain.plan.rules import Place, Slip
from alliance_fhir.domain.receipt import Finding
from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.room import Spool

At = dict[Place, tuple[int, str]]
"""Line and path of the places of a document."""
Row = tuple[str, int, str, str, str, str]
"""Plan, version, business key, path, what is told, as JSON, and by what its goals go."""
_SAME = (
    "{} has these goals under another plan name: under two names they are there twice. Is the name "
    "right? A plan that follows another names it in `replaces`."
)
_NEWEST_ALIKE = """
SELECT * FROM versions WHERE goals IN
    (SELECT goals FROM versions WHERE goals > '' GROUP BY goals HAVING count(DISTINCT plan) > 1)
AND version = (SELECT max(version) FROM versions AS later WHERE later.plan = versions.plan)
ORDER BY goals
"""


class Goals(NamedTuple):
    """The goals of a version, by digests: whose they are and how they are called, and the words of
    each; the first is empty where there are none."""

    names: str
    words: tuple[str, ...]


class Timeline:
    """Takes each version once: a second one of its key is a double, of which others tell."""

    def __init__(self) -> None:
        self._database = Spool(cache=4000)
        self._database.execute(
            "CREATE TABLE versions (plan TEXT, version INT, key TEXT, path TEXT, told TEXT, "
            "goals TEXT, PRIMARY KEY (plan, version))"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._database.close()

    def add(self, plan: str, key: str, path: str, told: Milestone, goals: Goals, at: At) -> None:
        """A version of a plan, both by their business keys; `at` are the places that may be
        wrong."""
        places = [[place, *where] for place, where in at.items()]
        text = json.dumps([*told[1:], goals.words, places])
        row = (plan, told.version, key, path, text, goals.names)
        self._database.execute("INSERT OR IGNORE INTO versions VALUES (?, ?, ?, ?, ?, ?)", row)

    def astray(self) -> dict[str, list[Finding]]:
        """What is wrong with the order of versions, and with what they replace, by business key."""
        found: dict[str, list[Finding]] = {}
        rows = self._database.execute("SELECT * FROM versions ORDER BY plan, version")
        with closing(rows):
            for _, versions in groupby(rows, key=itemgetter(0)):
                for key, finding in self._of_one(list(versions)):
                    told = found.setdefault(key, [])
                    told.append(finding._replace(beside=bool(told)))
        for key, finding in self._under_two_names():
            found.setdefault(key, []).append(finding)
        return found

    def _under_two_names(self) -> Iterator[tuple[str, Finding]]:
        """The plans that have the goals of another plan of the same patient, of which neither is
        over, nor takes the place of the other."""
        rows = self._database.execute(_NEWEST_ALIKE)
        with closing(rows):
            for _, some in groupby(rows, key=itemgetter(5)):
                plans = sorted(some, key=_since)
                for number, row in enumerate(plans):
                    if others := [one for one in plans[:number] if _are_one(one, row)]:
                        told = _SAME.format(others[0][3])
                        yield (
                            row[2],
                            _finding(row, Slip(("plan",), "same-goals", told), beside=True),
                        )

    def _of_one(self, rows: list[Row]) -> Iterator[tuple[str, Finding]]:
        """What is wrong with the versions of one plan."""
        by_version = {row[1]: row for row in rows}
        known = [_milestone(row) for row in rows]
        wrong = chain(contradictions(known), *map(self._replacing, known))
        for version, slip in wrong:
            row = by_version[version]
            yield row[2], _finding(row, slip)

    def _replacing(self, one: Milestone) -> Iterator[tuple[int, Slip]]:
        """What is wrong with what a version replaces, as far as the run has that."""
        if not one.replaces:
            return
        newest = "SELECT * FROM versions WHERE plan = ? ORDER BY version DESC LIMIT 1"
        for row in self._database.execute(newest, (one.replaces,)):
            for slip in wrongly_replaced(one, _milestone(row)):
                yield one.version, slip


def _finding(row: Row, slip: Slip, *, beside: bool = False) -> Finding:
    plan, _, _, path, told, _ = row
    *_, places = json.loads(told)
    at = {tuple(place): (line, column) for place, line, column in places}
    line, column = at[slip.place]
    return Finding(path, line, column, slip.rule, slip.remedy, plan, beside=beside)


def _milestone(row: Row) -> Milestone:
    _, version, _, _, told, _ = row
    written, patient, said, status, replaces, *_ = json.loads(told)
    days = tuple((on, tuple(place)) for on, place in said)
    return Milestone(version, Moment(*written), Identifier(*patient), days, status, replaces)


def _since(row: Row) -> tuple[str, str, int]:
    written = _milestone(row).written
    return written.day, written.utc, row[1]


def _are_one(before: Row, row: Row) -> bool:
    """Whether two plans, whose goals go by the same names, say the same in half of them at least:
    in the others somebody may have chosen other words."""
    one, other = _milestone(before), _milestone(row)
    if other.replaces == before[0] or one.replaces == row[0]:
        return False
    if one.status in ENDED or other.status in ENDED:
        return False
    words, others = (set(json.loads(each[4])[-2]) for each in (before, row))
    return 2 * len(words & others) >= len(words)
