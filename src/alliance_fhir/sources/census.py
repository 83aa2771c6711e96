"""A first pass over the keys: which records stand in the sources more than once.

The keys go to SQLite's own temporary file, which stays in memory while they are few and moves to
disk when they are many, so that memory stays flat.
"""

from __future__ import annotations

from types import TracebackType
from typing import Literal, Self

from alliance_fhir.room import Spool

Repeat = Literal["equal", "different"]


class Census:
    """Counts keys; then tells for each that came twice or more whether its rows were all equal."""

    def __init__(self) -> None:
        self._database = Spool(cache=4000)
        self._database.execute("CREATE TABLE seen (key TEXT, content TEXT)")
        self._waiting: list[tuple[str, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def add(self, key: str, content: str) -> None:
        """One row: its business key, and a digest of its cells."""
        self._waiting.append((key, content))
        if len(self._waiting) >= 2_000:
            self._write()

    def repeats(self) -> dict[str, Repeat]:
        """The keys that came more than once. Its size is that of the repeats, not of the source."""
        self._write()
        found = self._database.execute(
            "SELECT key, count(DISTINCT content) FROM seen GROUP BY key HAVING count(*) > 1"
        )
        return {key: "equal" if contents == 1 else "different" for key, contents in found}

    def _write(self) -> None:
        self._database.executemany("INSERT INTO seen VALUES (?, ?)", self._waiting)
        self._waiting.clear()
