"""The versions of all plans of a run: which of them cannot have come one after the other, and
which take the place of a plan that is not theirs to replace.

They go to SQLite's temporary file, as plan names and patients only by digests, so that memory
stays flat and nothing readable is laid down.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, groupby
from operator import itemgetter
from typing import Self

from alliance_fhir.domain.plan.history import Milestone, contradictions, wrongly_replaced
from alliance_fhir.domain.plan.rules import Place, Slip
from alliance_fhir.domain.receipt import Finding
from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.room import Spool

At = dict[Place, tuple[int, str]]
"""Line and path of the places of a document."""
Row = tuple[str, int, str, str, str]
"""Plan, version, business key, path, and what is told, as JSON."""


class Timeline:
    """Takes each version once: a second one of its key is a double, of which others tell."""

    def __init__(self) -> None:
        self._database = Spool()
        self._database.execute("PRAGMA cache_size = -4000")  # kB; beyond it the disk is used
        self._database.execute(
            "CREATE TABLE versions (plan TEXT, version INT, key TEXT, path TEXT, told TEXT, "
            "PRIMARY KEY (plan, version))"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._database.close()

    def add(self, plan: str, key: str, path: str, told: Milestone, at: At) -> None:
        """A version of a plan, both by their business keys; `at` are the places that may be
        wrong."""
        places = [[place, *where] for place, where in at.items()]
        text = json.dumps([*told[1:], places])
        row = (plan, told.version, key, path, text)
        self._database.execute("INSERT OR IGNORE INTO versions VALUES (?, ?, ?, ?, ?)", row)

    def astray(self) -> dict[str, list[Finding]]:
        """What is wrong with the order of versions, and with what they replace, by business key."""
        found: dict[str, list[Finding]] = {}
        rows = self._database.execute("SELECT * FROM versions ORDER BY plan, version")
        with closing(rows):
            for plan, versions in groupby(rows, key=itemgetter(0)):
                for key, finding in self._of_one(plan, list(versions)):
                    told = found.setdefault(key, [])
                    told.append(finding._replace(beside=bool(told)))
        return found

    def _of_one(self, plan: str, rows: list[Row]) -> Iterator[tuple[str, Finding]]:
        """What is wrong with the versions of one plan."""
        by_version = {row[1]: row for row in rows}
        known = [_milestone(row) for row in rows]
        wrong = chain(contradictions(known), *map(self._replacing, known))
        for version, slip in wrong:
            _, _, key, path, told = by_version[version]
            *_, places = json.loads(told)
            at = {tuple(place): (line, column) for place, line, column in places}
            line, column = at[slip.place]
            yield key, Finding(path, line, column, slip.rule, slip.remedy, plan)

    def _replacing(self, one: Milestone) -> Iterator[tuple[int, Slip]]:
        """What is wrong with what a version replaces, as far as the run has that."""
        if not one.replaces:
            return
        newest = "SELECT * FROM versions WHERE plan = ? ORDER BY version DESC LIMIT 1"
        for row in self._database.execute(newest, (one.replaces,)):
            for slip in wrongly_replaced(one, _milestone(row)):
                yield one.version, slip


def _milestone(row: Row) -> Milestone:
    _, version, _, _, told = row
    written, patient, said, status, replaces, _ = json.loads(told)
    days = tuple((on, tuple(place)) for on, place in said)
    return Milestone(version, Moment(*written), Identifier(*patient), days, status, replaces)
