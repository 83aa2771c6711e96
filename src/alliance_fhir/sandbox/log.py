"""The end of a log, for a message about what went wrong."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BYTES = 8192


def tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log, of at most 8 KiB; of one that is empty or gone, says so."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _BYTES))
            end = file.read().decode("utf-8", errors="replace")
    except OSError as error:
        return f"({error.strerror})"
    return "\n".join(end.splitlines()[-lines:]) or "(empty)"
