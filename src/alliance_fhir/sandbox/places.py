"""Where the sandbox keeps its things, and how two processes keep out of each other's way there."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from alliance_fhir.errors import ConfigError
from alliance_fhir.room import writing

if TYPE_CHECKING:
    from collections.abc import Generator


def home() -> Path:
    """The sandbox's folder in the cache: builds, and in `run` what is running; made if missing.

    Raises ConfigError when it cannot be made.
    """
    return made(_cache() / "sandbox")


def run() -> Path:
    """The folder of state files and logs, one of each for a port; made if missing.

    Raises ConfigError when it cannot be made.
    """
    return made(home() / "run")


def made(folder: Path) -> Path:
    """The folder, made if missing, for its owner only: logs and databases are nobody else's.

    Raises ConfigError when it cannot be made or written to.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"{folder}: {reason}: name a folder that can be written to") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"{folder}: cannot be written to: name another folder")
    return folder


@contextmanager
def locked(file: Path) -> Generator[None]:
    """Hold `file` alone, waiting for whoever holds it; a process that dies lets go of it."""
    with writing(file, "nothing was begun"):
        handle = file.open("w", encoding="utf-8")
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _cache() -> Path:
    if ours := os.environ.get("ALLIANCE_FHIR_CACHE"):
        return Path(ours).expanduser().absolute()
    shared = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # A relative one is to be ignored, says the XDG base directory specification.
    return (shared if shared.is_absolute() else Path.home() / ".cache") / "alliance-fhir"
