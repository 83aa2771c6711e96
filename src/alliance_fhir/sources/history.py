"""Which visits were attended, over all visits of a run and those that earlier runs knew: so that of
each it is known whether its patient came to that service before.

They go to SQLite's temporary file, patients and services as digests only, so that memory stays flat
and nothing readable is laid down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Self

from alliance_fhir.config import Settings
from alliance_fhir.domain.attendance import ATTENDED, Place, place
from alliance_fhir.domain.keys import digest
from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.domain.visit import Visit
from alliance_fhir.room import Spool
from alliance_fhir.sources.before import NOTHING, Before, KnownVisit

_TABLE = "CREATE TABLE visit (key TEXT, who TEXT, start TEXT, attended INT)"
_INDICES = (
    "CREATE INDEX by_key ON visit (key)",
    "CREATE INDEX by_who ON visit (who, start) WHERE attended",
)
_FIRST = "SELECT min(start) FROM visit WHERE who = ? AND attended"
_SAID_ONCE = (
    "SELECT key, who, start, attended FROM (SELECT DISTINCT * FROM visit) "
    "GROUP BY key HAVING count(*) = 1 ORDER BY key"
)
_AT_ONCE = 500
"""Visits that are added together."""
_REMEMBERED = 10_000
"""Patients of a service of whom is kept ready who they are and when they came first."""


class History:
    """The visits of a run. All have to be added, and `finish` called, before the first is asked
    about."""

    def __init__(self, settings: Settings, before: Before = NOTHING) -> None:
        self._settings = settings
        self._before = before
        self._waiting: list[KnownVisit] = []
        self._comer = lru_cache(maxsize=_REMEMBERED)(_comer)
        self._first = lru_cache(maxsize=_REMEMBERED)(self._looked_up)
        self._database = Spool(cache=4000)
        self._database.execute(_TABLE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._database.close()

    def add(self, key: str, visit: Visit) -> None:
        """A visit by its business key."""
        self._waiting.append(_known(key, visit, self._who(visit)))
        if len(self._waiting) >= _AT_ONCE:
            self._write()

    def drop(self, keys: Iterable[str]) -> None:
        """Forgets visits of which the sources say several things; all were added before."""
        self._database.executemany("DELETE FROM visit WHERE key = ?", ((key,) for key in keys))
        self._first.cache_clear()

    def finish(self) -> None:
        """When all were added: the runs to come are told of them, but not of those of which the
        sources say several things: of these they know what they knew."""
        self._write()
        for index in _INDICES:  # made at once, they take less than one that grows
            self._database.execute(index)
        self._before.know(self._said_once())

    def place(self, visit: Visit, start: Moment | None = None) -> Place:
        """Which visit to its service it is; or was, when it was to begin at another time."""
        return place_after(self._first(self._who(visit)), visit, self._settings, start)

    def _said_once(self) -> Iterator[KnownVisit]:
        yield from map(KnownVisit._make, self._database.execute(_SAID_ONCE))

    def _who(self, visit: Visit) -> str:
        return self._comer(visit.patient, visit.service, self._settings.secret)

    def _looked_up(self, who: str) -> str:
        """When the first visit began that was attended; empty where none is known. What earlier
        runs knew of visits that are in this one counts no more."""
        here: str | None = self._database.execute(_FIRST, (who,)).fetchone()[0]
        others = [start for key, start in self._before.attended(who) if not self._has(key)]
        return min([here, *others] if here else others, default="")

    def _has(self, key: str) -> bool:
        query = "SELECT 1 FROM visit WHERE key = ?"
        return self._database.execute(query, (key,)).fetchone() is not None

    def _write(self) -> None:
        self._database.executemany("INSERT INTO visit VALUES (?, ?, ?, ?)", self._waiting)
        self._waiting.clear()


def known(key: str, visit: Visit, secret: bytes) -> KnownVisit:
    """What is to be known of a visit for others."""
    return _known(key, visit, comer(visit, secret))


def _known(key: str, visit: Visit, who: str) -> KnownVisit:
    start = visit.start.utc.removesuffix("Z")
    return KnownVisit(key, who, start, int(visit.status in ATTENDED))


def place_after(first: str, visit: Visit, settings: Settings, start: Moment | None = None) -> Place:
    """Which visit to its service it is, `first` being the start of the first that was attended, in
    UTC without a Z; empty where none is known. With `start` as if it began then."""
    return place(
        datetime.fromisoformat((start or visit.start).text),
        [datetime.fromisoformat(f"{first}Z")] if first else [],
        said=visit.first,
        complete_from=settings.history_from,
        look_back_days=settings.look_back_days,
    )


def comer(visit: Visit, secret: bytes) -> str:
    """A digest of patient and service; a service by its words, in upper or lower case."""
    return _comer(visit.patient, visit.service, secret)


def _comer(patient: Identifier, service: str | None, secret: bytes) -> str:
    return digest([*patient, " ".join((service or "").casefold().split())], secret)
