"""Which visits are known of whom, over all runs: so that of each it is known whether its patient
came to that service before; and which runs told that, so that it can be taken back.

Patients with their services stand here as digests, and visits by their business keys.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Integer, String, bindparam, func, select

from alliance_fhir.ledger.database import Database, portions
from alliance_fhir.ledger.tables import visit, visit_told

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
_SOME = bindparam("some", type_=String(), expanding=True)
_OF = select(visit).where(visit.c.key.in_(_SOME)).order_by(visit.c.key)
_TOLD = select(visit_told).where(visit_told.c.key.in_(_SOME)).order_by(visit_told.c.number)
_NUMBER = visit_told.c.number == bindparam("of_number", type_=Integer())
_TOLD_BY = visit_told.update().where(_NUMBER).values(runs=bindparam("by_runs"))
_TOLD_BY_NOBODY = visit_told.delete().where(_NUMBER)
_UNKNOWN = visit.delete().where(visit.c.key == bindparam("of_key"))
_AT_ONCE = 500
"""Visits that are written together."""
_MOST_RUNS = 8
"""What more runs tell of a visit alike is no single run's any more, whichever are undone."""
_LATEST = "9999-12-31T23:59:59.999999"


class Known(NamedTuple):
    """A visit: its business key, a digest of its patient and service, its start in UTC without a
    Z, and whether it was attended (1 or 0)."""

    key: str
    who: str
    start: str
    attended: int


class _Told(NamedTuple):
    """What runs told alike of a visit, its number by the order in which that began, and the runs;
    none where nobody knows which."""

    number: int
    known: Known
    runs: tuple[str, ...]


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
        for some in portions(keys):
            for row in self._database.read(_OF, {"some": some}):
                found[row.key] = _known(row)
        return found

    def between(self, who: str, one: str, other: str) -> set[str]:
        """The visits after one of two moments and not after the other; an empty one is the end of
        all time. These are told apart by whether the first attended one was at one or the other."""
        after, until = sorted((one or _LATEST, other or _LATEST))
        asked = {"of_who": who, "after": after, "until": until}
        return {row.key for row in self._database.read(_BETWEEN, asked)}

    def moved_by(self, visits: Sequence[Known], run: str) -> set[str]:
        """Notes these, and says of which others it is thereby known anew which visit of their
        patient's they are."""
        before = self.of([one.key for one in visits])
        changed = [one for one in visits if before.get(one.key) != one]
        old = [before[one.key] for one in changed if one.key in before]
        with self._moving({one.who for one in (*changed, *old)}) as moved:
            self.note(sorted(visits), run)
        return moved - {one.key for one in visits}

    @contextmanager
    def _moving(self, comers: Iterable[str]) -> Generator[set[str]]:
        """What is done within it may change when the first visit was that these attended. The set
        has, after it, the visits that were before the first and are so no more, or the reverse."""
        first = {who: self.first(who) for who in comers}
        moved: set[str] = set()
        yield moved
        for who, then in first.items():
            if (now := self.first(who)) != then:
                moved |= self.between(who, then, now)

    def note(self, visits: Iterable[tuple[str, str, str, int]], run: str) -> None:
        """These are known now by a run, in place of what was known of them: each as `Known` has it.

        Several processes may tell of the same at once, best in one order: by key.
        """
        every = map(Known._make, visits)
        while some := list(islice(every, _AT_ONCE)):
            with self._database.together(commit=False):
                before = self._held([one.key for one in some])
                self._stand([one for one in some if before.get(one.key) != one])
                self._tell(some, run)

    def _held(self, keys: Sequence[str]) -> dict[str, Known]:
        """What is known of these visits; nobody else writes of them from here to our commit, nor of
        those that we note."""
        self._database.begin()
        rows = self._database.read(_OF.with_for_update(), {"some": list(keys)})
        return {row.key: _known(row) for row in rows}

    def _stand(self, visits: Sequence[Known]) -> None:
        if visits:
            self._database.write(self._note, [one._asdict() for one in visits])

    def _tell(self, visits: Sequence[Known], run: str) -> None:
        """Keeps that a run told these, beside the other runs that did alike."""
        told = self._told([one.key for one in visits])
        new: list[dict[str, Any]] = []
        again: list[tuple[int, Sequence[str]]] = []
        for one in visits:
            last = told[one.key][-1] if one.key in told else None
            if last is None or last.known != one:
                new.append({**one._asdict(), "runs": run})
            elif (runs := _with(last.runs, run)) != last.runs:
                again.append((last.number, runs))
        if new:
            self._database.write(visit_told.insert(), new)
        self._told_by(again)

    def _told_by(self, runs: Sequence[tuple[int, Sequence[str]]]) -> None:
        if runs:
            values = [{"of_number": number, "by_runs": " ".join(told)} for number, told in runs]
            self._database.write(_TOLD_BY, values)

    def _told(self, keys: Sequence[str]) -> Mapping[str, list[_Told]]:
        """What was told of these visits, what stands now at the end."""
        found: dict[str, list[_Told]] = {}
        for some in portions(keys):
            for row in self._database.read(_TOLD, {"some": some}):
                told = _Told(row.number, _known(row), tuple(row.runs.split()))
                found.setdefault(row.key, []).append(told)
        return found

    def forget(self, run: str) -> set[str]:
        """Takes back what a run told: of what no other run tells alike, that stands again which was
        told before, or nothing.

        Says of which others it is thereby known anew which visit of their patient's they are.
        """
        query = select(visit_told.c.key).where(visit_told.c.runs.contains(run, autoescape=True))
        keys = sorted({row.key for row in self._database.read(query)})
        moved: set[str] = set()
        with self._database.together(commit=False):
            for some in portions(keys):
                moved |= self._forget(some, run)
        return moved - set(keys)

    def _forget(self, keys: Sequence[str], run: str) -> set[str]:
        self._held(keys)
        told = self._told(keys)
        rest = {
            key: [one._replace(runs=_without(one.runs, run)) for one in rows if one.runs != (run,)]
            for key, rows in told.items()
        }
        comers = {one.known.who for rows in told.values() for one in rows}
        with self._moving(comers) as moved:
            kept = {one.number: one.runs for rows in rest.values() for one in rows}
            before = {one.number: one.runs for rows in told.values() for one in rows}
            self._told_by([(n, runs) for n, runs in kept.items() if runs != before[n]])
            if gone := [{"of_number": number} for number in before.keys() - kept.keys()]:
                self._database.write(_TOLD_BY_NOBODY, gone)
            if unknown := [{"of_key": key} for key, rows in rest.items() if not rows]:
                self._database.write(_UNKNOWN, unknown)
            self._stand([rows[-1].known for rows in rest.values() if rows])
        return moved

    @cached_property
    def _note(self) -> Any:
        statement = self._database.insert(visit)
        others = {c.name: statement.excluded[c.name] for c in visit.c if not c.primary_key}
        return statement.on_conflict_do_update(index_elements=["key"], set_=others)


def _known(row: Any) -> Known:
    return Known(row.key, row.who, row.start, row.attended)


def _with(runs: tuple[str, ...], run: str) -> tuple[str, ...]:
    """The runs that told it, and another one. Nobody who knows them all is known for good."""
    if not runs or run in runs:
        return runs
    return (*runs, run) if len(runs) < _MOST_RUNS else ()


def _without(runs: tuple[str, ...], run: str) -> tuple[str, ...]:
    return tuple(one for one in runs if one != run)
