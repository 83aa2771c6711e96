"""The inbox: every message that was received, as it came, and the appointments that wait for it.

Messages come late, twice and out of order, so an appointment is made anew of all of its messages
whenever another one comes. None is ever changed or taken away. What was stored is on disk, through
a loss of power too: whoever sent it is told so, and forgets it.

It lies beside a ledger in a file, as a file of its own: who waits for a disk here waits for nobody
who is sending. With a ledger on PostgreSQL it is in two tables beside the ledger's.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    func,
    inspect,
    select,
)

from alliance_fhir.ledger.database import Database
from alliance_fhir.ledger.place import Place, place_of
from alliance_fhir.ledger.schema import alone
from alliance_fhir.paths import is_there

metadata = MetaData()
_NUMBER = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER counts by itself there

message = Table(
    "inbox_message",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False, index=True),  # the appointment's business key
    Column("digest", String(64), nullable=False, unique=True),  # SHA-256 of the message
    Column("came", String(32), nullable=False),
    Column("run", String(32), nullable=False),  # that read it from a file; else empty
    Column("told", LargeBinary, nullable=False),  # zlib of the message, its segments parted by CR
)
"""Append-only, but that `undo` takes out what its run read. `told` holds patients' data, which is
why the file is its owner's alone."""

waiting = Table(
    "inbox_waiting",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("number", _NUMBER, nullable=False),  # of the last message that came
    Column("since", Float, nullable=False),  # seconds since 1970, as all times here
    Column("due", Float, nullable=False, index=True),
    Column("tries", Integer, nullable=False),
    Column("rule", String(64), nullable=False),  # why it waits; empty where nothing was tried yet
    sqlite_with_rowid=False,
)
"""The appointments of which the target has not all that was said."""

NEVER = 1e12
"""A moment that does not come: what waits until then waits for another message."""
_FASTEST = 1
_MOST_KEYS = 500


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
    """An appointment that waits: since when, for what, and how often it was tried."""

    key: str
    number: int
    since: float
    tries: int = 0
    rule: str = ""


class Counts(NamedTuple):
    """How many appointments wait: in all, of them for a message that says more (`incomplete`), and
    of them after the target did not take them (`held`); and since when the oldest waits that is
    neither, 0 where none does."""

    waiting: int = 0
    incomplete: int = 0
    held: int = 0
    oldest: float = 0


_DUE = (
    select(waiting)
    .where(waiting.c.due <= bindparam("now"))
    .order_by(waiting.c.due, waiting.c.since, waiting.c.number)
)
_OF = (
    select(message.c.number, message.c.key, message.c.told, message.c.digest)
    .where(message.c.key.in_(bindparam("some", expanding=True)))
    .order_by(message.c.number)
)
_KNOWN = select(message.c.digest).where(
    message.c.digest.in_(bindparam("some", type_=String(), expanding=True))
)
_SAME = (waiting.c.key == bindparam("of_key"), waiting.c.number == bindparam("of_number"))
_SETTLED = waiting.delete().where(*_SAME)
_POSTPONED = (
    waiting.update()
    .where(*_SAME)
    .values(due=bindparam("to_due"), rule=bindparam("to_rule"), tries=waiting.c.tries + 1)
)


class Inbox:
    """The messages of one ledger. The threads of a process may share it.

    `ledger` is the ledger's place. Raises ConfigError, with its name and a remedy, where it cannot
    be used.
    """

    def __init__(self, ledger: str | Path) -> None:
        place = _beside(place_of(ledger))
        self.name = place.name
        place.touch()
        self._database = Database(place, lasting=True)
        try:
            with self._database.together(), self._database.used() as connection:
                alone(self._database, connection)
                metadata.create_all(connection)
        except BaseException:
            self.close()
            raise

    @classmethod
    def there(cls, ledger: str | Path) -> Inbox | None:
        """The inbox of a ledger, where there is one; nothing is made."""
        place = _beside(place_of(ledger))
        if place.file:
            return cls(ledger) if is_there(place.file) else None
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

        With `wait` their appointments wait from now on to be sent; without, whoever stores them
        sends them as well.
        """
        rows = [{**one._asdict(), "told": zlib.compress(one.told, _FASTEST)} for one in arrived]
        if not rows:
            return 0
        with self._database.together(), self._database.used() as connection:
            self._database.begin()
            keep = self._insert(message).on_conflict_do_nothing().returning(*_STORED)
            new = connection.execute(keep, rows).all()
            if new and wait:
                last = {row.key: row.number for row in sorted(new, key=lambda row: row.number)}
                connection.execute(self._wait(), _waits(last, now))
        return len(new)

    def known(self, digests: Iterable[str]) -> set[str]:
        """Which of these messages are kept."""
        rows = self._database.read(_KNOWN, {"some": list(digests)})
        return {row.digest for row in rows}

    def of(self, keys: Sequence[str], but: Collection[str] = ()) -> dict[str, list[Kept]]:
        """All messages of these appointments, in the order in which they came, without those of
        these digests."""
        found: dict[str, list[Kept]] = {}
        for start in range(0, len(keys), _MOST_KEYS):
            some = list(keys[start : start + _MOST_KEYS])
            for row in self._database.read(_OF, {"some": some}):
                if row.digest not in but:
                    kept = Kept(row.number, row.key, zlib.decompress(row.told), row.digest)
                    found.setdefault(row.key, []).append(kept)
        return found

    def due(self, now: float, most: int) -> list[Waiting]:
        """The appointments that are to be tried now, those that wait longest first."""
        rows = self._database.read(_DUE.limit(most), {"now": now})
        return [Waiting(row.key, row.number, row.since, row.tries, row.rule) for row in rows]

    def next_due(self) -> float:
        """When the next one is to be tried; NEVER where none is."""
        [[due]] = self._database.read(select(func.min(waiting.c.due)))
        return NEVER if due is None else due

    def settle(
        self, settled: Iterable[Waiting], postponed: Iterable[tuple[Waiting, float, str]]
    ) -> None:
        """These wait no longer; those do until a moment, for a rule. Where another message came
        meanwhile, nothing is changed: the appointment is tried with it."""
        gone = [{"of_key": one.key, "of_number": one.number} for one in settled]
        later = [
            {"of_key": one.key, "of_number": one.number, "to_due": due, "to_rule": rule}
            for one, due, rule in postponed
        ]
        with self._database.together():
            if gone:
                self._database.write(_SETTLED, gone)
            if later:
                self._database.write(_POSTPONED, later)

    def again(self, keys: Sequence[str], now: float) -> None:
        """Appointments that are to be made anew, though no message came; of which none is kept,
        those are left alone."""
        numbers = {key: kept[-1].number for key, kept in self.of(keys).items()}
        if numbers:
            with self._database.together():
                self._database.write(self._wait(), _waits(numbers, now))

    def retry(self) -> None:
        """All that was held back is due: whatever stood against it may have been mended."""
        with self._database.together():
            self._database.write(waiting.update().values(due=0.0))

    def forget(self, run: str) -> None:
        """Takes out what a run read from files: it is undone, and the files are still there."""
        with self._database.together():
            self._database.write(message.delete().where(message.c.run == run))

    def counts(self) -> Counts:
        """How many wait, and for what."""
        count = func.count()
        fresh = waiting.c.rule == ""
        stopped = waiting.c.due == NEVER
        query = select(
            count, count.filter(stopped), count.filter(~fresh, ~stopped), func.min(waiting.c.since)
        )
        [(every, incomplete, held, _)] = self._database.read(query)
        [[oldest]] = self._database.read(select(func.min(waiting.c.since)).where(fresh))
        return Counts(every, incomplete, held, oldest or 0)

    def held_for(self) -> dict[str, int]:
        """How many appointments are held by each rule, those of `Counts.held`."""
        stands = (waiting.c.rule != "", waiting.c.due != NEVER)
        query = select(waiting.c.rule, func.count().label("count")).where(*stands)
        rows = self._database.read(query.group_by(waiting.c.rule).order_by(waiting.c.rule))
        return {row.rule: row[1] for row in rows}

    def __len__(self) -> int:
        """How many messages are kept."""
        [[number]] = self._database.read(select(func.count()).select_from(message))
        return number

    def messages(self) -> Iterator[Kept]:
        """All messages, in the order in which they came."""
        columns = (message.c.number, message.c.key, message.c.told, message.c.digest)
        for row in self._database.stream(select(*columns).order_by(message.c.number)):
            yield Kept(row.number, row.key, zlib.decompress(row.told), row.digest)

    def _insert(self, table: Table) -> Any:
        if self._database.is_sqlite:
            from sqlalchemy.dialects.sqlite import insert
        else:
            from sqlalchemy.dialects.postgresql import insert
        return insert(table)

    def _wait(self) -> Any:
        statement = self._insert(waiting)
        return statement.on_conflict_do_update(
            index_elements=["key"],
            set_={"number": statement.excluded.number, "due": 0.0, "tries": 0, "rule": ""},
            where=statement.excluded.number >= waiting.c.number,
        )


def _waits(numbers: Mapping[str, int], now: float) -> list[dict[str, Any]]:
    """Rows of appointments that are due now, by their keys; the numbers of their last messages."""
    rest = {"since": now, "due": 0.0, "tries": 0, "rule": ""}
    return [{"key": key, "number": number, **rest} for key, number in numbers.items()]


_STORED = (message.c.number, message.c.key)


def inbox_of(ledger: str | Path) -> str:
    """What the inbox of a ledger is called, whether it is there or not."""
    return _beside(place_of(ledger)).name


def _beside(ledger: Place) -> Place:
    """Where the inbox of a ledger is."""
    if ledger.file is None:
        return ledger
    file = ledger.file.with_name(f"{ledger.file.stem}.inbox.sqlite")
    return Place(str(file), ledger.url.set(database=str(file)), file)
