"""One connection to the ledger's database, which the threads of a process share.

What a thread does is one statement, or a unit of several: nobody else's commit makes half of a
unit durable. No transaction is open unless something was written, so that nobody waits for a
process that is waiting for a server's answer.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, NullPool, Table, create_engine, event
from sqlalchemy.exc import DBAPIError, PendingRollbackError, SQLAlchemyError

from alliance_fhir.errors import ConfigError
from alliance_fhir.ledger.place import Place
from alliance_fhir.ledger.tables import entry, upsert

T = TypeVar("T")
Row = tuple[Any, ...]
"""A row of `entry`, its columns in their order."""

PATIENCE = 30
"""Seconds that we wait for another process that is writing."""
_AT_ONCE = 1000
_MOST_KEYS = 500
"""In one statement: SQLite takes 999 variables."""
_MOST_ROWS = 50
"""In one statement."""


def portions(items: Sequence[T]) -> Iterator[list[T]]:
    """As many at a time as one statement may name."""
    for start in range(0, len(items), _MOST_KEYS):
        yield list(items[start : start + _MOST_KEYS])


class Database:
    """The connection. Raises ConfigError, with the ledger's name and a remedy, where it fails.

    `lasting`: what is committed stays through a loss of power, too.
    """

    def __init__(self, place: Place, *, lasting: bool = False) -> None:
        self.name = place.name
        self._lock = threading.RLock()
        self._written = False
        self._together = False
        self._may_wait = False
        self._alone = False
        """Whether nothing is written but what the unit that is committed now has written."""
        self._waiting: list[Row] = []
        """All that the unit that is going on has written so far, where that is one statement."""
        self._owed: list[Row] = []
        """What units have written that are durable soon; nothing else is open then."""
        self._spoilt = ""
        self._broken = ""
        self.engine = _engine(place)
        self._telling = Telling(self.name, self._failed)
        with Telling(self.name):
            if place.is_file:
                event.listen(self.engine, "connect", _lasting if lasting else _for_sqlite)
            self._connection = self.engine.connect()
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        # what every group needs goes past SQLAlchemy, which takes longer than SQLite itself
        self._sqlite: Any = (
            self._connection.connection.driver_connection if self.is_sqlite else None
        )

    def close(self) -> None:
        """Lets go of it; what was not committed is dropped."""
        with self._lock:
            if self._owed and not self._broken:
                with suppress(ConfigError):  # whoever had a use for it is gone
                    self.commit()
            with suppress(SQLAlchemyError):
                self._connection.close()

    def read(self, statement: Any, values: dict[str, Any] | None = None) -> Sequence[Any]:
        """The rows of a query."""
        with self.used() as connection:
            return connection.execute(statement, values).fetchall()

    def stream(self, statement: Any) -> Iterator[Any]:
        """The rows of a query that may be many."""
        with self.used() as connection:
            result = connection.execute(statement)
        while True:
            with self.used():
                rows = result.fetchmany(_AT_ONCE)
            if not rows:
                return
            yield from rows

    def write(self, statement: Any, values: Sequence[dict[str, Any]] | None = None) -> None:
        """Does what changes something: durable with the next commit."""
        with self.used() as connection:
            self._begin(connection)
            connection.execute(statement, values)

    def insert(self, table: Table) -> Any:
        """An insert that may say what is to be done with what is there under its key."""
        if self.is_sqlite:
            from sqlalchemy.dialects.sqlite import insert
        else:
            from sqlalchemy.dialects.postgresql import insert
        return insert(table)

    def put(self, rows: Sequence[Row]) -> None:
        """Writes rows of `entry`, in place of what is under their keys and versions."""
        with self._lock:
            free = self._may_wait and not self._written and not self._waiting
            if free and len(rows) <= _MOST_ROWS:
                self._waiting = list(rows)
                return
            with self.used() as connection:
                self._begin(connection)
                self._do_put(connection, rows)

    def _do_put(self, connection: Connection, rows: Sequence[Row]) -> None:
        if not self._sqlite:
            names = entry.c.keys()
            values = [dict(zip(names, row, strict=True)) for row in rows]
            connection.exec_driver_sql(upsert("postgresql"), values)
            return
        for start in range(0, len(rows), _MOST_ROWS):  # one statement: each lets other threads in
            some = rows[start : start + _MOST_ROWS]
            self._sqlite.execute(upsert("sqlite", len(some)), tuple(chain.from_iterable(some)))

    @contextmanager
    def used(self) -> Generator[Connection]:
        """The connection, for this thread alone."""
        with self._mine() as connection:
            self._pay(connection)
            if self._waiting:  # it is not all of its unit
                first, self._waiting = self._waiting, []
                self._begin(connection)
                self._do_put(connection, first)
            yield connection

    def _pay(self, connection: Connection, more: Sequence[Row] = ()) -> None:
        """Writes what is owed, and more: one statement, which is a transaction by itself. Where it
        fails, what is owed stays so: nothing can be done before it is written."""
        if self._owed and len(self._owed) + len(more) > _MOST_ROWS:
            self._pay(connection)
        if self._owed or more:
            self._do_put(connection, [*self._owed, *more])
            self._owed = []

    @contextmanager
    def _mine(self) -> Generator[Connection]:
        with self._lock, self._telling:
            self._check()
            yield self._connection

    def _check(self) -> None:
        if self._broken:
            raise ConfigError(self._broken)

    def _failed(self, message: str) -> None:
        """What was written and not committed is gone. If any of it was not of the unit that hears
        of this now, others would go on as if it were there: then nothing works any more."""
        if self._together:
            self._spoilt = message
            return
        if self._written and not self._alone:
            self._broken = message
        self.rollback()

    def begin(self) -> None:
        """Opens a transaction, if none is open; for SQLite at once as a writer's."""
        with self.used() as connection:
            self._begin(connection)

    def _begin(self, connection: Connection) -> None:
        if not self._written:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")
            self._written = True

    def commit(self) -> None:
        """Makes all that was written durable; within a unit that comes at its end."""
        with self._lock, self._telling:  # for each group: not by `_mine`, which takes longer
            self._check()
            if self._together:
                return
            if self._waiting or self._owed:
                unit, self._waiting = self._waiting, []
                self._pay(self._connection, unit)
            else:
                (self._sqlite or self._connection).commit()
                self._written = False

    def rollback(self) -> None:
        """Drops what was written since the last commit."""
        with self._lock:
            self._written, self._waiting = False, []
            with suppress(SQLAlchemyError, sqlite3.Error):  # if it is lost, nothing is to drop
                (self._sqlite or self._connection).rollback()

    def anew(self) -> None:
        """See Ledger.anew."""
        with self._lock:
            self.rollback()
            self._broken = ""

    @contextmanager
    def together(self, *, commit: bool = True, soon: bool = False) -> Generator[None]:
        """One unit of several operations; see Ledger.together."""
        with self._lock:
            if self._together:
                yield
                return
            self._check()
            before = self._written
            if before:
                self._said("SAVEPOINT unit")
            self._together, self._spoilt = True, ""
            self._may_wait = self.is_sqlite and commit
            try:
                yield
            except BaseException:
                self._drop(before)
                raise
            finally:
                self._together = self._may_wait = False
            if soon and self._waiting and len(self._owed) + len(self._waiting) <= _MOST_ROWS:
                self._owed += self._waiting
                self._waiting = []
            elif commit:
                self._alone = not before
                try:
                    self.commit()
                finally:
                    self._alone = False
            elif before:
                self._said("RELEASE SAVEPOINT unit")

    def _drop(self, before: bool) -> None:
        """Undoes a unit, and not what was written before it."""
        self._together = False
        if not before:
            self.rollback()
        elif self._spoilt:  # the database has dropped all of it by itself, or is about to
            self._failed(self._spoilt)
        else:
            self._said("ROLLBACK TO SAVEPOINT unit")

    def _said(self, statement: str) -> None:
        with self.used() as connection:
            connection.exec_driver_sql(statement)


def _engine(place: Place) -> Engine:
    try:
        return create_engine(
            place.url,
            isolation_level="AUTOCOMMIT",  # where a transaction begins is said by us
            poolclass=NullPool,
            hide_parameters=True,
            connect_args=place.connect_args(PATIENCE),
        )
    except ImportError:
        raise ConfigError(
            "a ledger on PostgreSQL needs psycopg: pip install 'alliance-fhir[postgresql]'"
        ) from None


class Telling:
    """Turns what a database says into one line with a remedy; `failed` hears of it first."""

    def __init__(self, name: str, failed: Callable[[str], None] = lambda message: None) -> None:
        self._name = name
        self._failed = failed

    def __enter__(self) -> None:
        """Nothing; as a class of its own it takes a third of the time of a generator."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, (DBAPIError, PendingRollbackError, sqlite3.Error)):
            reason = _LOST if isinstance(error, PendingRollbackError) else _reason(error)
            message = f"{self._name}: the ledger cannot be used: {reason}"
            self._failed(message)
            raise ConfigError(message) from None


_BUSY = "another process is using it; wait for it to end, and run again"
_LOST = "the connection to it was lost; run again"
_SAFE = "and run again: nothing is lost, and nothing will be there twice"
_FULL = f"there is no room for more; make room, {_SAFE}"
_REASONS = {
    "locked": _BUSY,
    "lock timeout": _BUSY,
    "is full": _FULL,
    "No space left": _FULL,
    "disk I/O error": "its file cannot be written or read (disk I/O error). Where the disk is "
    f"full, or the size of files limited (ulimit -f), make room, {_SAFE}",
}
"""By a sign in what SQLite and PostgreSQL say."""


def _reason(error: DBAPIError | sqlite3.Error) -> str:
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip().partition("\n")[0]
    return next((reason for sign, reason in _REASONS.items() if sign in said), said)


_PAGE = 1024
"""Bytes of a page. A group is a few rows: with small pages, less is written beside them."""
_CACHE = 500
"""Kilobytes. Groups come in no order: with 8 MB, writing 14,000 of them took a sixth longer."""
_MOVED_AT = 16_000_000
"""Bytes in the log, at which they are moved to the file: a row is moved less often."""


def _for_sqlite(connection: Any, record: object) -> None:
    """Readers do not wait for writers, and a commit is on disk but for a power cut."""
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA page_size = {_PAGE}")  # of a file that is made now
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute(f"PRAGMA cache_size = -{_CACHE}")
    [size] = cursor.execute("PRAGMA page_size").fetchone()
    cursor.execute(f"PRAGMA wal_autocheckpoint = {_MOVED_AT // size}")
    cursor.close()


def _lasting(connection: Any, record: object) -> None:
    """The same, and a commit is on disk through a power cut, too."""
    _for_sqlite(connection, record)
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()
