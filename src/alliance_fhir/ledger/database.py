"""One connection to the ledger's database, which the threads of a process share.

What a thread does is one statement, or a unit of several: nobody else's commit makes half of a
unit durable. No transaction is open unless something was written, so that nobody waits for a
process that is waiting for a server's answer.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, NullPool, create_engine, event
from sqlalchemy.exc import DBAPIError, PendingRollbackError, SQLAlchemyError

from alliance_fhir.errors import ConfigError
from alliance_fhir.ledger.place import Place

PATIENCE = 30
"""Seconds that we wait for another process that is writing."""
_AT_ONCE = 1000


class Database:
    """The connection. Raises ConfigError, with the ledger's name and a remedy, where it fails."""

    def __init__(self, place: Place) -> None:
        self.name = place.name
        self._lock = threading.RLock()
        self._written = False
        self._together = False
        with told(self.name):
            self.engine = create_engine(
                place.url,
                isolation_level="AUTOCOMMIT",  # where a transaction begins is said by us
                poolclass=NullPool,
                hide_parameters=True,
                connect_args=place.connect_args(PATIENCE),
            )
            if place.is_file:
                event.listen(self.engine, "connect", _for_sqlite)
            self._connection = self.engine.connect()
        self.is_sqlite = self.engine.dialect.name == "sqlite"

    def close(self) -> None:
        """Lets go of it; what was not committed is dropped."""
        with self._lock, suppress(SQLAlchemyError):
            self._connection.close()

    def read(self, statement: Any) -> Sequence[Any]:
        """The rows of a query."""
        with self.used() as connection:
            return connection.execute(statement).fetchall()

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
            self.begin()
            connection.execute(statement, values)

    @contextmanager
    def used(self) -> Generator[Connection]:
        """The connection, for this thread alone."""
        with self._lock, told(self.name):
            yield self._connection

    def begin(self) -> None:
        """Opens a transaction, if none is open; for SQLite at once as a writer's."""
        with self.used() as connection:
            if not self._written:
                connection.exec_driver_sql("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")
                self._written = True

    def commit(self) -> None:
        """Makes all that was written durable; within a unit that comes at its end."""
        with self.used() as connection:
            if not self._together:
                connection.commit()
                self._written = False

    def rollback(self) -> None:
        """Drops what was written since the last commit."""
        with self._lock:
            self._written = False
            with suppress(SQLAlchemyError):  # a connection that is lost has nothing to drop
                self._connection.rollback()

    @contextmanager
    def together(self, *, commit: bool = True) -> Generator[None]:
        """One unit of several operations; see Ledger.together."""
        with self._lock:
            if self._together:
                yield
                return
            before = self._written
            if before:
                self._said("SAVEPOINT unit")
            self._together = True
            try:
                yield
            except BaseException:
                self._together = False
                self._drop(before)
                raise
            self._together = False
            if commit:
                self.commit()
            elif before:
                self._said("RELEASE SAVEPOINT unit")

    def _drop(self, before: bool) -> None:
        """Undoes a unit, and not what was written before it."""
        if before:
            with suppress(ConfigError):  # with the disk full, SQLite has dropped all by itself
                return self._said("ROLLBACK TO SAVEPOINT unit")
        return self.rollback()

    def _said(self, statement: str) -> None:
        with self.used() as connection:
            connection.exec_driver_sql(statement)


@contextmanager
def told(name: str) -> Generator[None]:
    """Turns what a database says into one line with a remedy."""
    try:
        yield
    except DBAPIError as error:
        raise ConfigError(f"{name}: the ledger cannot be used: {_reason(error)}") from None
    except PendingRollbackError:  # what is said of everything after a connection was lost
        raise ConfigError(f"{name}: the connection to the ledger was lost; run again") from None


_BUSY = "another process is using it; wait for it to end, and run again"
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


def _reason(error: DBAPIError) -> str:
    said = str(error.orig).strip().partition("\n")[0]
    return next((reason for sign, reason in _REASONS.items() if sign in said), said)


def _for_sqlite(connection: Any, record: object) -> None:
    """Readers do not wait for writers, and a commit is on disk but for a power cut."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()
