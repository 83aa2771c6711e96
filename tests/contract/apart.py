"""A clinic whose folder is synced by processes of their own: they are killed, or in each other's
way.

They come from a server of forks, as the process of the tests has threads: a fork of that may wait
for ever for a lock that one of them had.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alliance_fhir import open_target
from alliance_fhir.errors import ConfigError

from .clinic import Clinic, Wire
from .places import FolderPlace

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from alliance_fhir import Settings

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["alliance_fhir.story"])
_MOST = 60
"""Seconds; without other work beside, a sync is a fraction of one."""


def begin(do: Callable[..., None], clinic: Clinic, *told: object) -> BaseProcess:
    """Begins to do something with a clinic like this one, in another process."""
    folder = clinic.place.address
    like = (clinic.folder, folder, clinic.ledger, clinic.settings)
    process = _SERVER.Process(target=_there, args=(do, like, told))
    process.start()
    return process


def ended(process: BaseProcess) -> int:
    """With which code a process ends; less than 0 where a signal ended it."""
    process.join(_MOST)
    code = process.exitcode
    process.kill()
    process.join()
    assert code is not None, "it hangs"
    process.close()
    return code


def _there(
    do: Callable[..., None], like: tuple[Path, str, Path, Settings], told: tuple[Any, ...]
) -> None:
    folder, out, ledger, settings = like
    clinic = Clinic(folder, FolderPlace(Path(out)), Wire([]))
    clinic.ledger, clinic.settings = ledger, settings
    do(clinic, *told)


def sync_until(clinic: Clinic, step: int) -> None:
    """A sync that is killed before its step: when a file is opened, renamed, removed or written to
    disk in the folder."""
    left = step

    def kill() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def audited(event: str, args: tuple[Any, ...]) -> None:
        if event in ("open", "os.rename", "os.remove") and str(args[0]).startswith(folder):
            kill()

    def to_disk(file: int) -> None:
        kill()
        really(file)

    folder, really = clinic.place.address, os.fsync
    os.fsync = to_disk
    sys.addaudithook(audited)
    clinic.sync_alone()
    os._exit(0)  # what comes at the end of a process is no step


def hold(clinic: Clinic, tell: Connection) -> None:
    """Has the folder for itself, says so, and waits for its end."""
    target = open_target(clinic.place.address, clinic.settings)
    target.begin(writing=True)
    tell.send_bytes(b"locked")
    signal.pause()


def sync_when_it_may(clinic: Clinic) -> None:
    """A sync, again and again until no other has the folder."""
    for _ in range(200):
        with suppress(ConfigError):
            clinic.sync_alone()
            return
        time.sleep(0.05)
    sys.exit("another run is always writing")


def pipe() -> tuple[Connection, Connection]:
    """What one says the other hears."""
    return _SERVER.Pipe(duplex=False)
