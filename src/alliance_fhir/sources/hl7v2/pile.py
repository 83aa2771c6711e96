"""What all messages of a run say: those of one appointment, wherever they are, are one visit.

What is heard goes to SQLite's temporary file, by a digest of the appointment's number and packed,
so that memory stays flat, nothing can be read there at a glance, and nothing outlasts the run.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Self

from pydantic import TypeAdapter

from alliance_fhir.config import Settings
from alliance_fhir.domain.receipt import Finding
from alliance_fhir.domain.records import Origin
from alliance_fhir.domain.said import Said, Sent
from alliance_fhir.domain.scheduling import Folded, fold, is_told_too_soon, named
from alliance_fhir.room import Spool
from alliance_fhir.sources.before import NOTHING, Before
from alliance_fhir.sources.hl7v2.lacking import lacking
from alliance_fhir.sources.wide import Read, visit_digest

_SAID = TypeAdapter(Said)
_FASTEST = 1
_SMALLEST = -9
"""The window of zlib for what is short, without header: with the usual one, most of the time goes
into memory that is taken for it."""
_SHORT = 4
"""Memory for what is short: with less it takes half as long again, with more no less."""
_AT_ONCE = 500
"""Messages that are written to the disk together."""
Row = tuple[str, str, int, str, bytes]
"""Business key, path, line and digest of a message, and what it says, packed."""


class Pile:
    """What the messages of a run say, in no order, until all are there; those of the runs `before`
    belong to it, too."""

    def __init__(self, settings: Settings, before: Before = NOTHING) -> None:
        self._before = before
        self._secret = settings.secret
        self._usual = timedelta(minutes=settings.visit_minutes)
        self._database = Spool(cache=4000)
        self._database.execute(
            "CREATE TABLE said (key TEXT, path TEXT, line INT, digest TEXT, told BLOB)"
        )
        self._waiting: list[Row] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._database.close()

    def add(
        self, key: str, path: str, line: int, said: Said, digest: str = "", told: bytes = b""
    ) -> None:
        """One message, by the business key of its appointment, with its bytes; `digest` as `Sent`
        has it."""
        self._before.hear(key, digest, told)
        self._waiting.append((key, path, line, digest, _packed(said)))
        if len(self._waiting) >= _AT_ONCE:
            self._write()

    def records(self) -> Iterator[Read | Finding]:
        """A visit for each appointment, or what is wrong with it, in the order of the keys."""
        self._write()
        now = datetime.now(UTC)
        rows = self._database.execute("SELECT * FROM said ORDER BY key, path, line")
        with closing(rows):
            for key, some in groupby(rows, key=itemgetter(0)):
                yield from self._of_one(key, list(some), now)

    def _of_one(self, key: str, rows: list[Row], now: datetime) -> Iterator[Read | Finding]:
        """It stands where the newest message of this run does; of equal ones, where the first
        does."""
        sent = [Sent(_unpacked(told), digest) for *_, digest, told in rows]
        every = [*sent, *self._before.sent(key, {one.digest for one in sent})]
        folded = fold([one.said for one in every], self._usual)
        _, path, line, *_ = rows[_newest(sent, folded)]
        for number, one in enumerate(lacking(folded, self._usual)):
            yield Finding(path, line, one.place, one.rule, "", key, beside=number > 0)
        visit = folded.visit
        if visit is None:
            return
        if is_told_too_soon(folded, now):
            yield Finding(path, line, "SCH-11.4", "known-too-soon", "", key)
            return
        content = visit_digest(visit, self._secret)
        yield Read(Origin(path, line), key, visit, content, messages=named(folded, every))

    def _write(self) -> None:
        self._database.executemany("INSERT INTO said VALUES (?, ?, ?, ?, ?)", self._waiting)
        self._waiting.clear()


def _newest(sent: list[Sent], folded: Folded) -> int:
    """The place of the newest; the first one's where all were said before in other messages."""
    said = [one.said for one in sent]
    return next((said.index(one) for one in reversed(folded.told) if one in said), 0)


def _packed(said: Said) -> bytes:
    packer = zlib.compressobj(_FASTEST, wbits=_SMALLEST, memLevel=_SHORT)
    return packer.compress(_SAID.dump_json(said)) + packer.flush()


def _unpacked(told: bytes) -> Said:
    return _SAID.validate_json(zlib.decompress(told, wbits=_SMALLEST))
