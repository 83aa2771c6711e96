"""The inbox: every message that was received, as it came, and the appointments that wait for it.

Messages come late, twice and out of order, so an appointment is made anew of all of its messages
whenever another one comes. None is ever changed, and none taken away but what an undone run read
from files. What was stored is on disk, through a loss of power too: whoever sent it is told so, and
forgets it.

It lies beside a ledger in a file, as a file of its own: who waits for a disk here waits for nobody
who is sending. With a ledger on PostgreSQL it is in tables beside the ledger's.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from sqlalchemy import Connection, func, inspect, select

from alliance_fhir.ledger.database import Database, portions
from alliance_fhir.ledger.inbox_tables import (
    CHANGED,
    DUE,
    FORSAKEN,
    LAST,
    LISTED,
    OF,
    OWN,
    POSTPONED,
    RETRIED,
    SETTLED,
    STORED,
    message,
    waiting,
)
from alliance_fhir.ledger.place import Place, place_of
from alliance_fhir.ledger.schema import prepare_inbox
from alliance_fhir.paths import is_there

NEVER = 1e12
"""A moment that does not come."""
INCOMPLETE = "never-said"
"""The rule for what waits for another message, and for nothing else."""
_FASTEST = 1
_MOST_LISTED = 2000


class Arrived(NamedTuple):
    """A message as it came: its appointment's key, the hexadecimal SHA-256 of its bytes, when it
    came (ISO 8601, UTC), its bytes, and the run that read it from a file, if one did."""

    key: str
    digest: str
    came: str
    told: bytes
    run: str = ""


class Kept(NamedTuple):
    """A message that is kept, and its number, by the order in which they came; `digest` as
    `Arrived` has it."""

    number: int
    key: str
    told: bytes
    digest: str


class Waiting(NamedTuple):
    """An appointment that waits: since when, until when, how often it was tried, and for what."""

    key: str
    number: int
    since: float
    due: float = 0
    tries: int = 0
    rule: str = ""


class Listed(NamedTuple):
    """An appointment that waits, and its newest message: when it came, and its bytes."""

    waiting: Waiting
    came: str
    told: bytes


class Counts(NamedTuple):
    """How many appointments wait: in all, of them for a message that says more (`incomplete`), and
    of them after the target did not take them (`held`); and since when the oldest waits that is
    neither, 0 where none does."""

    waiting: int = 0
    incomplete: int = 0
    held: int = 0
    oldest: float = 0


class Inbox:
    """The messages of one ledger. The threads of a process may share it.

    `ledger` is the ledger's place. Raises ConfigError, with its name and a remedy, where it cannot
    be used, or is of a newer version than ours.
    """

    def __init__(self, ledger: str | Path) -> None:
        place = _beside(place_of(ledger))
        self.name = place.name
        place.touch()
        self._database = Database(place, lasting=True)
        try:
            prepare_inbox(self._database)
        except BaseException:
            self.close()
            raise

    @classmethod
    def there(cls, ledger: str | Path) -> Inbox | None:
        """The inbox of a ledger, where there is one; nothing is made."""
        place = _beside(place_of(ledger))
        if place.file and not is_there(place.file):
            return None
        database = Database(place)
        try:
            with database.used() as connection:
                made = inspect(connection).has_table(message.name)
        finally:
            database.close()
        return cls(ledger) if made else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of it."""
        self._database.close()

    def store(self, arrived: Sequence[Arrived], now: float, *, wait: bool = True) -> int:
        """Keeps those messages that are not kept yet, and says how many those are: durable when
        this comes back, or else none of them.

        With `wait` their appointments wait from now on to be sent, those too of what until now was
        a run's alone; without, whoever stores them sends them as well, and those that wait anyway
        are to be sent with them.
        """
        once = {one.digest: one for one in arrived}
        if not once:
            return 0
        rows = [{**o._asdict(), "told": zlib.compress(o.told, _FASTEST)} for o in once.values()]
        with self._database.together(), self._database.used() as connection:
            self._database.begin()
            keep = self._database.insert(message).on_conflict_do_nothing().returning(*STORED)
            new: list[tuple[int, str]] = list(map(tuple, connection.execute(keep, rows).all()))
            own = wait and len(new) < len(once)
            more = connection.execute(OWN, {"some": [*once]}) if own else ()
            every = sorted([*new, *map(tuple, more)])
            self._changed(connection, {key: number for number, key in every}, now, wait=wait)
        return len(new)

    def _changed(
        self, connection: Connection, last: Mapping[str, int], now: float, *, wait: bool
    ) -> None:
        """Of these appointments messages came; `last` are the numbers of the last ones."""
        if last and wait:
            connection.execute(self._wait(), _waits(last, now))
        elif last:
            changed = [{"of_key": key, "to_number": last[key]} for key in sorted(last)]
            connection.execute(CHANGED, changed)

    def of(self, keys: Sequence[str], but: Collection[str] = ()) -> dict[str, list[Kept]]:
        """All messages of these appointments, in the order in which they came, without those of
        these digests."""
        found: dict[str, list[Kept]] = {}
        for some in portions(keys):
            for row in self._database.read(OF, {"some": some}):
                if row.digest not in but:
                    kept = Kept(row.number, row.key, zlib.decompress(row.told), row.digest)
                    found.setdefault(row.key, []).append(kept)
        return found

    def due(self, now: float, most: int) -> list[Waiting]:
        """The appointments that are to be tried now, those that wait longest first."""
        rows = self._database.read(DUE.limit(most), {"now": now})
        return list(map(_waiting, rows))

    def listed(self) -> Iterator[Listed]:
        """The appointments that wait, those that wait longest first. Others may write meanwhile."""
        after, key = 0.0, ""
        while True:
            named = {"after": after, "after_key": key, "most": _MOST_LISTED}
            rows = self._database.read(LISTED, named)
            for row in rows:
                yield Listed(_waiting(row), row.came, zlib.decompress(row.told))
            if len(rows) < _MOST_LISTED:
                return
            after, key = rows[-1].since, rows[-1].key

    def next_due(self) -> float:
        """When the next one is to be tried; NEVER where none is."""
        [[due]] = self._database.read(select(func.min(waiting.c.due)))
        return NEVER if due is None else due

    def settle(
        self, settled: Iterable[Waiting], postponed: Iterable[tuple[Waiting, float, str]]
    ) -> None:
        """These wait no longer; those do until a moment, for a rule. Where another message came
        meanwhile, nothing is changed: the appointment is tried with it. Neither is it where
        somebody said meanwhile that what waits is to be tried again: what was mended may have been
        looked at before."""
        gone = [_of(one) for one in sorted(settled)]
        later = [
            {**_of(one), "of_due": one.due, "to_due": due, "to_rule": rule}
            for one, due, rule in sorted(postponed)
        ]
        with self._database.together():
            if gone:
                self._database.write(SETTLED, gone)
            if later:
                self._database.write(POSTPONED, later)

    def again(self, keys: Sequence[str], now: float) -> None:
        """Appointments that are to be made anew, though no message came; of which none is kept,
        those are left alone."""
        numbers: dict[str, int] = {}
        for some in portions(keys):
            rows = self._database.read(LAST, {"some": some})
            numbers.update((row.key, row.number) for row in rows)
        if numbers:
            with self._database.together():
                self._database.write(self._wait(), _waits(numbers, now))

    def retry(self, now: float) -> int:
        """All that was held back is due: whatever stood against it may have been mended. How many
        appointments that are."""
        with self._database.together(), self._database.used() as connection:
            self._database.begin()
            return connection.execute(RETRIED, {"to_due": now}).rowcount

    def forget(self, run: str) -> None:
        """Takes out what a run read from files: it is undone, and the files are still there."""
        with self._database.together():
            self._database.write(message.delete().where(message.c.run == run))
            self._database.write(FORSAKEN)

    def counts(self) -> Counts:
        """How many wait, and for what."""
        count = func.count()
        fresh = waiting.c.rule == ""
        stopped = waiting.c.rule == INCOMPLETE
        oldest_fresh = func.min(waiting.c.since).filter(fresh)
        query = select(
            count, count.filter(stopped), count.filter(~fresh, ~stopped), oldest_fresh
        ).select_from(waiting)
        [(every, incomplete, held, oldest)] = self._database.read(query)
        return Counts(every, incomplete, held, oldest or 0)

    def held_for(self) -> dict[str, int]:
        """How many appointments are held by each rule, those of `Counts.held`."""
        held = waiting.c.rule.not_in(("", INCOMPLETE))
        query = select(waiting.c.rule, func.count().label("count")).where(held)
        rows = self._database.read(query.group_by(waiting.c.rule).order_by(waiting.c.rule))
        return {row.rule: row[1] for row in rows}

    def __len__(self) -> int:
        """How many messages are kept."""
        [[number]] = self._database.read(select(func.count()).select_from(message))
        return number

    def _wait(self) -> Any:
        """By an older number, too: PostgreSQL may commit it later, when the newer one is sent."""
        statement = self._database.insert(waiting)
        return statement.on_conflict_do_update(
            index_elements=["key"],
            set_={"number": statement.excluded.number, "due": 0.0, "tries": 0, "rule": ""},
        )


def _waiting(row: Any) -> Waiting:
    return Waiting(row.key, row.number, row.since, row.due, row.tries, row.rule)


def _of(one: Waiting) -> dict[str, Any]:
    return {"of_key": one.key, "of_number": one.number}


def _waits(numbers: Mapping[str, int], now: float) -> list[dict[str, Any]]:
    """Rows of appointments that are due now, by their keys; the numbers of their last messages.
    They are in order, as all that is written here: else two processes wait for each other."""
    rest = {"since": now, "due": 0.0, "tries": 0, "rule": ""}
    return [{"key": key, "number": numbers[key], **rest} for key in sorted(numbers)]


def inbox_of(ledger: str | Path) -> str:
    """What the inbox of a ledger is called, whether it is there or not."""
    return _beside(place_of(ledger)).name


def _beside(ledger: Place) -> Place:
    """Where the inbox of a ledger is."""
    if ledger.file is None:
        return ledger
    file = ledger.file.with_name(f"{ledger.file.stem}.inbox.sqlite")
    return Place(str(file), ledger.url.set(database=str(file)), file)
