"""What is said where a file cannot be written: one line, with the remedy where there is no room."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alliance_fhir.errors import ConfigError

_FULL = {
    number
    for name in ("ENOSPC", "EDQUOT", "EFBIG")
    if (number := getattr(errno, name, None)) is not None
}
"""No room on the disk, no more of it for this user, or no larger file for this process."""
_SIGNS = ("is full", "disk I/O error")
"""SQLite says the second of a file that may not grow; it may be a broken disk too."""


def is_full(error: OSError) -> bool:
    """Whether something could not be written for want of room."""
    return error.errno in _FULL


def unwritable(place: Path | str, error: OSError | sqlite3.Error, after: str) -> ConfigError:
    """The error to raise where `place` could not be written.

    `after` says what happens when there is room again, and the same is run once more.
    """
    if isinstance(error, OSError):
        said, full = str(error.strerror or error), is_full(error)
    else:
        said = str(error)
        full = any(sign in said for sign in _SIGNS)
    remedy = (
        f"; where the disk is full, or the size of files limited (ulimit -f), make room, and run "
        f"again: {after}"
        if full
        else ""
    )
    return ConfigError(f"{place} cannot be written: {said}{remedy}")


@contextmanager
def writing(place: Path | str, after: str) -> Generator[None]:
    """Raises ConfigError where what is written meanwhile to `place` cannot be; as `unwritable`."""
    try:
        yield
    except OSError as error:
        raise unwritable(place, error, after) from None


class Spool(sqlite3.Connection):
    """SQLite's temporary file: in memory while it is small, then on a disk, and gone at the end.
    `cache` is how many kB of it stay in memory; where it is 0, as many as SQLite thinks fit.

    Raises ConfigError where it finds no room there.
    """

    def __init__(self, cache: int = 0) -> None:
        super().__init__("", check_same_thread=False)  # one at a time uses it, in whatever thread
        if cache:
            self.execute(f"PRAGMA cache_size = -{cache}")

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """As of any connection."""
        try:
            return super().execute(sql, parameters)
        except sqlite3.OperationalError as error:
            raise _no_spool(error) from None

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        """As of any connection."""
        try:
            return super().executemany(sql, parameters)
        except sqlite3.OperationalError as error:
            raise _no_spool(error) from None


def _no_spool(error: sqlite3.Error) -> ConfigError:
    place = "SQLite's temporary file, whose folder SQLITE_TMPDIR names,"
    return unwritable(place, error, "nothing is lost")
