"""One process at a time deals with a group or a shared resource, on whichever machine it runs; and
what groups refer to is taken away by nobody while a run is on its way that may need it.

A claim is an advisory lock of PostgreSQL. The server holds it for as long as our session lives: it
is free again when the process ends, in whatever way.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from hashlib import blake2b

from sqlalchemy import Connection, Engine, TextClause, text
from sqlalchemy.exc import SQLAlchemyError

from alliance_fhir.errors import ConfigError
from alliance_fhir.ledger.database import Telling

_TAKE = text("SELECT pg_try_advisory_lock(:number)")
_RELEASE = text("SELECT pg_advisory_unlock(:number)")
_JOIN = text("SELECT pg_try_advisory_lock_shared(:number)")
_SCHEMA = text("SELECT current_schema()")
_ALL = ""
"""The key of what all runs use together: no group or resource has it."""
_SAME = "busy with the same record"
_BARRED = "taking back what records refer to"
_SHORTEST, _LONGEST = 0.01, 0.25
"""Seconds between two tries: a group is a request or two."""
MOST = 900.0
"""Seconds until another process that holds a claim is taken to hang: it, too, tries requests again
only for so long."""


class Claims:
    """The claims of one process on one ledger. They have a connection of their own.

    The server knows sessions, not threads: which thread of ours has a claim is kept here.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._name = name
        self._session: Connection | None = None
        self._schema = ""
        self._holders: dict[str, int] = {}
        self._changed = threading.Condition()
        self._hurried = threading.Event()

    @contextmanager
    def claim(self, key: str) -> Generator[None]:
        """Holds the claim on a key. A thread that has it already goes on with it.

        Raises ConfigError where the database is not to be reached, or another process hangs.
        """
        me = threading.get_ident()
        with self._changed:
            if self._holders.get(key) == me:
                ours = False
            else:
                self._changed.wait_for(lambda: key not in self._holders)
                self._holders[key] = me
                ours = True
        if not ours:
            yield
            return
        try:
            number = self._taken(key)
            try:
                yield
            finally:
                with suppress(ConfigError):  # a session that was lost holds nothing any more
                    self._ask(_RELEASE, number)
        finally:
            with self._changed:
                del self._holders[key]
                self._changed.notify_all()

    def join(self) -> None:
        """Uses, beside other runs, what groups refer to, until the session is closed.

        Raises ConfigError as `claim` does: one process may have it alone for some time.
        """
        self._taken(_ALL, _JOIN, _BARRED)

    @contextmanager
    def alone(self) -> Generator[bool]:
        """Whether no other run uses what groups refer to; then none begins to meanwhile.

        Nobody is waited for: a run may take hours. That we have joined does not stand against us.
        """
        number = self._number(_ALL)
        if not self._ask(_TAKE, number):
            yield False
            return
        try:
            yield True
        finally:
            with suppress(ConfigError):  # a session that was lost holds nothing any more
                self._ask(_RELEASE, number)

    def _taken(self, key: str, statement: TextClause = _TAKE, busy: str = _SAME) -> int:
        until = time.monotonic() + MOST
        pause = _SHORTEST
        number = self._number(key)
        while not self._ask(statement, number):
            if time.monotonic() > until:
                raise ConfigError(
                    f"{self._name}: another process has been {busy} for "
                    f"{MOST / 60:.0f} minutes; look whether it hangs, end it, and run again"
                )
            if self._hurried.wait(pause):  # other lanes go on meanwhile
                raise ConfigError(f"{self._name}: broken off while another process was {busy}")
            pause = min(2 * pause, _LONGEST)
        return number

    def _number(self, key: str) -> int:
        """64 bits for a key of this ledger: others of the database have other schemas."""
        with self._changed, Telling(self._name):
            self._schema = self._schema or str(self._connected().scalar(_SCHEMA))
        digest = blake2b(f"{self._schema}\n{key}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big", signed=True)

    def _ask(self, statement: TextClause, number: int) -> bool:
        with self._changed, Telling(self._name):
            return bool(self._connected().scalar(statement, {"number": number}))

    def _connected(self) -> Connection:
        self._session = self._session or self._engine.connect()
        return self._session

    def hurry(self) -> None:
        """Nobody waits for a claim any longer: the run is broken off."""
        self._hurried.set()

    def close(self) -> None:
        """Lets go of every claim."""
        with self._changed:
            if self._session:
                with suppress(SQLAlchemyError):  # it is lost already
                    self._session.close()
                self._session = None
