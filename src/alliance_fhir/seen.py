"""The keys that a run came across, in SQLite's temporary file, so that memory stays flat."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from alliance_fhir.room import Spool


class Seen:
    """A set of texts."""

    def __init__(self) -> None:
        self._database = Spool(cache=16000)
        self._database.execute("CREATE TABLE seen (key TEXT PRIMARY KEY) WITHOUT ROWID")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def add(self, key: str) -> None:
        """Puts a key in."""
        self._database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (key,))

    def __contains__(self, key: str) -> bool:
        query = "SELECT 1 FROM seen WHERE key = ?"
        return self._database.execute(query, (key,)).fetchone() is not None
