"""Which visits were attended, over all visits of a run: so that of each it is known whether its
patient came to that service before.

They go to SQLite's temporary file, patients and services as digests only, so that memory stays flat
and nothing readable is laid down.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Self

from alliance_fhir.config import Settings
from alliance_fhir.domain.attendance import ATTENDED, Place, place
from alliance_fhir.domain.keys import digest
from alliance_fhir.domain.visit import Visit
from alliance_fhir.room import Spool


class History:
    """The visits that were attended. All have to be added before the first is asked about."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database = Spool(cache=4000)
        self._database.execute(
            "CREATE TABLE attended (who TEXT, start TEXT, key TEXT, PRIMARY KEY (who, start, key)) "
            "WITHOUT ROWID"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._database.close()

    def add(self, key: str, visit: Visit) -> None:
        """A visit by its business key; one that was not attended is no history."""
        if visit.status in ATTENDED:
            row = (self._who(visit), visit.start.utc.removesuffix("Z"), key)
            self._database.execute("INSERT OR IGNORE INTO attended VALUES (?, ?, ?)", row)

    def drop(self, keys: Iterable[str]) -> None:
        """Forgets visits of which the sources say several things."""
        if rows := [(key,) for key in keys]:
            self._database.execute("CREATE INDEX IF NOT EXISTS by_key ON attended (key)")
            self._database.executemany("DELETE FROM attended WHERE key = ?", rows)

    def place(self, visit: Visit) -> Place:
        """Which visit to its service it is."""
        query = "SELECT min(start) FROM attended WHERE who = ?"
        first = self._database.execute(query, (self._who(visit),)).fetchone()[0]
        return place(
            datetime.fromisoformat(visit.start.text),
            [datetime.fromisoformat(f"{first}Z")] if first else [],
            said=visit.first,
            complete_from=self._settings.history_from,
            look_back_days=self._settings.look_back_days,
        )

    def _who(self, visit: Visit) -> str:
        return comer(visit, self._settings.secret)


def comer(visit: Visit, secret: bytes) -> str:
    """A digest of patient and service; a service by its words, in upper or lower case."""
    service = " ".join((visit.service or "").casefold().split())
    return digest([*visit.patient, service], secret)
