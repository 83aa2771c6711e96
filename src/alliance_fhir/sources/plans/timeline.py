"""The versions of all plans of a run: which of them cannot have come one after the other.

They go to SQLite's temporary file, as plan names and patients only by digests, so that memory
stays flat and nothing readable is laid down.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from typing import Any, Self

from alliance_fhir.domain.plan.history import Milestone, contradictions
from alliance_fhir.domain.plan.rules import Place
from alliance_fhir.domain.receipt import Finding
from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.room import Spool

At = dict[Place, tuple[int, str]]
"""Line and path of the places of a document."""


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
        text = json.dumps([told.written, told.patient, told.said, places])
        row = (plan, told.version, key, path, text)
        self._database.execute("INSERT OR IGNORE INTO versions VALUES (?, ?, ?, ?, ?)", row)

    def astray(self) -> dict[str, list[Finding]]:
        """What is wrong with the order of versions, by business key."""
        found: dict[str, list[Finding]] = {}
        rows = self._database.execute("SELECT * FROM versions ORDER BY plan, version")
        with closing(rows):
            for plan, versions in groupby(rows, key=itemgetter(0)):
                for key, finding in _of_one(plan, list(versions)):
                    told = found.setdefault(key, [])
                    told.append(finding._replace(beside=bool(told)))
        return found


def _of_one(plan: str, rows: list[tuple[Any, ...]]) -> Iterator[tuple[str, Finding]]:
    by_version = {version: (key, path, json.loads(told)) for _, version, key, path, told in rows}
    milestones = (_milestone(version, told) for version, (_, _, told) in by_version.items())
    for version, slip in contradictions(milestones):
        key, path, told = by_version[version]
        at = {tuple(place): (line, column) for place, line, column in told[3]}
        line, column = at[slip.place]
        yield key, Finding(path, line, column, slip.rule, slip.remedy, plan)


def _milestone(version: int, told: list[Any]) -> Milestone:
    written, patient, said, _ = told
    days = tuple((on, tuple(place)) for on, place in said)
    return Milestone(version, Moment(*written), Identifier(*patient), days)
