"""Which visits are known of whom, over all runs: so that of each it is known whether its patient
came to that service before.

Patients with their services stand here as digests, and visits by their business keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select

from alliance_fhir.ledger.database import Database
from alliance_fhir.ledger.tables import visit

_ATTENDED = select(visit.c.key, visit.c.start).where(
    visit.c.who == bindparam("of_who"), visit.c.attended == 1
)
_FIRST = select(func.min(visit.c.start)).where(
    visit.c.who == bindparam("of_who"), visit.c.attended == 1
)
_BETWEEN = select(visit.c.key).where(
    visit.c.who == bindparam("of_who"),
    visit.c.start > bindparam("after"),
    visit.c.start <= bindparam("until"),
)
_AT_ONCE = 500
"""Visits that are written together."""
_LATEST = "9999-12-31T23:59:59.999999"


class Known(NamedTuple):
    """A visit: its business key, a digest of its patient and service, its start in UTC without a
    Z, and whether it was attended (1 or 0)."""

    key: str
    who: str
    start: str
    attended: int


class Visits:
    """The visits of a ledger. Nothing is durable before the ledger's next commit."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def attended(self, who: str) -> list[tuple[str, str]]:
        """Keys and starts of the visits that were attended."""
        return [(r.key, r.start) for r in self._database.read(_ATTENDED, {"of_who": who})]

    def first(self, who: str) -> str:
        """When the first visit began that was attended; empty where none is known."""
        [[start]] = self._database.read(_FIRST, {"of_who": who})
        return start or ""

    def of(self, keys: Sequence[str]) -> dict[str, Known]:
        """What is known of these visits."""
        found: dict[str, Known] = {}
        for start in range(0, len(keys), 500):
            query = select(visit).where(visit.c.key.in_(list(keys[start : start + 500])))
            for row in self._database.read(query):
                found[row.key] = Known(row.key, row.who, row.start, row.attended)
        return found

    def between(self, who: str, one: str, other: str) -> set[str]:
        """The visits after one of two moments and not after the other; an empty one is the end of
        all time. These are told apart by whether the first attended one was at one or the other."""
        after, until = sorted((one or _LATEST, other or _LATEST))
        asked = {"of_who": who, "after": after, "until": until}
        return {row.key for row in self._database.read(_BETWEEN, asked)}

    def moved_by(self, visits: Sequence[Known]) -> set[str]:
        """Notes these, and says of which others it is thereby known anew which visit of their
        patient's they are."""
        before = self.of([one.key for one in visits])
        changed = [one for one in visits if before.get(one.key) != one]
        old = [before[one.key] for one in changed if one.key in before]
        first = {one.who: self.first(one.who) for one in (*changed, *old)}
        self.note(sorted(changed, key=attrgetter("who")))
        moved: set[str] = set()
        for who, then in first.items():
            if (now := self.first(who)) != then:
                moved |= self.between(who, then, now)
        return moved - {one.key for one in visits}

    def note(self, visits: Iterable[tuple[str, str, str, int]]) -> None:
        """These are known now, in place of what was known of them: each as `Known` has it.

        Several processes may tell of the same at once, best in one order: by patient.
        """
        every = iter(visits)
        while rows := [Known(*one)._asdict() for one in islice(every, _AT_ONCE)]:
            with self._database.together(commit=False):
                self._database.write(self._note, rows)

    @cached_property
    def _note(self) -> Any:
        statement = self._database.insert(visit)
        others = {c.name: statement.excluded[c.name] for c in visit.c if not c.primary_key}
        return statement.on_conflict_do_update(index_elements=["key"], set_=others)
