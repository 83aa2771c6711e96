"""What was read of some files, so that each of them is read once in a run.

It is packed and goes to SQLite's temporary file, so that memory stays flat, nothing can be read
there at a glance, and nothing outlasts the run.
"""

from __future__ import annotations

import marshal
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from typing import Any, Self, cast

from alliance_fhir.domain.receipt import Finding
from alliance_fhir.domain.records import Moment, Origin
from alliance_fhir.domain.said import MessageId
from alliance_fhir.domain.visit import Visit
from alliance_fhir.room import Spool
from alliance_fhir.sources.wide import Read

_AT_ONCE = 200
"""Records and findings that are packed together; so many stay in memory."""
_FASTEST = 1


class Kept:
    """Visits and findings of files, which are known by numbers. All of a file comes at once."""

    def __init__(self) -> None:
        self._database = Spool(cache=4000)
        self._database.execute("CREATE TABLE read (file INT, part INTEGER PRIMARY KEY, told BLOB)")
        self._database.execute("CREATE INDEX by_file ON read (file)")
        self._waiting: list[tuple[int, Read | Finding]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._database.close()

    def add(self, number: int, items: Iterable[Read | Finding]) -> None:
        """All of a file."""
        for one in items:
            self._waiting.append((number, one))
            if len(self._waiting) >= _AT_ONCE:
                self._write()

    def of(self, number: int) -> Iterator[Read | Finding]:
        """All of a file, in the order in which it came."""
        rows = self._database.execute(
            "SELECT told FROM read WHERE file = ? ORDER BY part", (number,)
        )
        with closing(rows):
            for (told,) in rows:
                yield from _unpacked(told)
        yield from [one for of, one in self._waiting if of == number]

    def _write(self) -> None:
        files = groupby(self._waiting, key=itemgetter(0))
        rows = [(number, _packed([one for _, one in items])) for number, items in files]
        self._database.executemany("INSERT INTO read (file, told) VALUES (?, ?)", rows)
        self._waiting.clear()


def _packed(items: Iterable[Read | Finding]) -> bytes:
    """What is plain takes half the time of what pickle would make of it."""
    return zlib.compress(marshal.dumps([_plain(one) for one in items]), _FASTEST)


def _unpacked(told: bytes) -> Iterator[Read | Finding]:
    # nobody else can write to a file without a name
    return map(_again, marshal.loads(zlib.decompress(told)))  # noqa: S302


def _plain(one: Read | Finding) -> tuple[Any, ...]:
    if isinstance(one, Finding):
        return (None, *one)
    visit = cast("Visit", one.record)  # files of visits hold nothing else
    path, row, keys = one.origin
    messages = [(*message[:-1], tuple(message.made)) for message in one.messages]
    return visit.plain(), path, row, keys, one.key, one.content, messages


def _again(told: tuple[Any, ...]) -> Read | Finding:
    visit, *rest = told
    if visit is None:
        return Finding(*rest)
    path, row, keys, key, content, messages = rest
    named = [
        MessageId(control, sender, digest, Moment(*made))
        for control, sender, digest, made in messages
    ]
    return Read(Origin(path, row, keys), key, Visit.again(visit), content, messages=tuple(named))
