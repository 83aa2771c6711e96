"""One run at a time writes to a folder, or uses a ledger in a file.

The operating system holds the lock, for as long as the process lives: one that was killed never
stands in the way of the next. The lock's file is gone when the run is over.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from alliance_fhir.errors import ConfigError
from alliance_fhir.room import unwritable

if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


_TRIES = 20
"""So many times somebody may end a run, and take the lock's file away, between two steps of us."""


class FileLock:
    """A lock by a file at `path`, whose folder need not be there yet.

    `what` is what it stands for, in messages; `busy` is what is said where another run has it.
    """

    def __init__(self, path: Path, what: str, busy: str) -> None:
        self._folder = path.parent
        self._path = path
        self._what = what
        self._busy = busy
        self._file: IO[bytes] | None = None
        self._made: list[Path] = []

    @property
    def held(self) -> bool:
        """Whether we have it."""
        return self._file is not None

    def take(self) -> None:
        """Makes the folder and locks it.

        Raises ConfigError where another run has it, or where no lock can be had at all.
        """
        try:
            for _ in range(_TRIES):
                self._file = self._file or self._taken()
                if self._file:
                    return
        except OSError as error:
            self._unmake()
            busy = isinstance(error, (BlockingIOError, PermissionError)) and not error.filename
            if not busy:  # a folder that is not to be written, a file system without locks
                raise unwritable(self._what, error, "nothing was begun") from None
        raise ConfigError(f"{self._busy}; wait for it to end, and run again")

    def _taken(self) -> IO[bytes] | None:
        """The lock's file, locked; None where somebody removed it meanwhile."""
        self._made += [p for p in (self._folder, *self._folder.parents) if not p.exists()]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = self._path.open("ab")
        except FileNotFoundError:
            return None
        try:
            _lock(file)
            if os.path.samestat(os.fstat(file.fileno()), self._path.lstat()):
                return file
        except FileNotFoundError:
            pass
        except BaseException:
            file.close()
            raise
        file.close()
        return None

    def release(self) -> None:
        """Lets go of it; its file goes, and the folder where nothing came into it."""
        if self._file is None:
            return
        with suppress(OSError):  # removed while it is ours, so that nobody holds a lock of no file
            self._path.unlink()
        self._file.close()
        self._file = None
        if sys.platform == "win32":  # nothing that is open can be removed there
            with suppress(OSError):
                self._path.unlink()
        self._unmake()

    def _unmake(self) -> None:
        """Removes the folders that we made, where nothing came into them."""
        with suppress(OSError):  # from the innermost on, until one is not empty
            for folder in self._made:
                folder.rmdir()
        self._made.clear()
