"""What is said where a file cannot be written: one line, with the remedy where there is no room."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from alliance_fhir.errors import ConfigError

_FULL = {
    number
    for name in ("ENOSPC", "EDQUOT", "EFBIG")
    if (number := getattr(errno, name, None)) is not None
}
"""No room on the disk, no more of it for this user, or no larger file for this process."""
_SIGNS = ("is full", "disk I/O error")
"""SQLite says the second of a file that may not grow; it may be a broken disk too."""


def unwritable(place: Path, error: OSError | sqlite3.Error, after: str) -> ConfigError:
    """The error to raise where `place` could not be written.

    `after` says what happens when there is room again, and the same is run once more.
    """
    if isinstance(error, OSError):
        said, full = str(error.strerror or error), error.errno in _FULL
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
