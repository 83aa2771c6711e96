"""Starts, stops and lists the servers."""

from __future__ import annotations

import errno
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from alliance_fhir.errors import ConfigError, Unavailable
from alliance_fhir.sandbox import archive, places, process, state
from alliance_fhir.sandbox.build import server_jar
from alliance_fhir.sandbox.state import FhirVersion, Running
from alliance_fhir.sandbox.tools import find_java, remedy

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    Progress = Callable[[str], None]

PATIENCE = 2.0
"""Seconds that a port may stay in use: a killed server's memory is freed before its port is."""


def start(
    fhir: str,
    port: int,
    *,
    disk: Path | None = None,
    java_options: Sequence[str] = (),
    wait: float = 300,
    progress: Progress = lambda _: None,
) -> Running:
    """Start a server of that FHIR version (R4, R4B, R5), and return once its /metadata answers 200.

    `disk` is the folder of its database, in memory without; `wait` is in seconds, from the launch:
    the build, in the first start, comes before. `java_options` go to the JVM: -Dstorage.X=value for
    any property X of HAPI's JpaStorageSettings, -Dvalidate.requests=true, -Dretry.conflicts=true,
    -Dlog.level=INFO, -Dbatch.tick.ms=1000, -Ddb.url=jdbc:postgresql:... `progress` is told of what
    takes long. When this very server runs already, it is returned as it is.

    Raises ConfigError when an argument is wrong, Java or Maven is missing, or the port or the
    folder is in use; Unavailable, with the end of the log, when Maven fails or the server does not
    come up.
    """
    wish = _wish(fhir, port, disk, tuple(java_options))
    if server := _running(wish):  # before the build: a mistake is told at once
        return _join(server, wait, progress)
    ways_out = remedy(wish.fhir_version, port)
    java = find_java(ways_out)
    jar = server_jar(ways_out, progress)
    launched: Running | None = None
    try:
        with _in_one_go(), places.locked(_lock(port)):
            server = _running(wish)  # again, now that nobody else can launch one on this port
            launched = None if server else process.launch(wish, java, jar)
        if launched is None:
            return _join(server or wish, wait, progress)
        progress(f"starting HAPI FHIR, {launched.fhir_version}, on port {port} ...")
        return _ready(process.answering(launched, wait))
    except BaseException as failure:  # Ctrl-C too: what nobody waits for shall not stay
        if launched is None:
            raise
        with places.locked(_lock(port)):
            if state.alive(launched):
                process.end(launched)
        classes = archive.path(jar, wish.fhir_version, java)
        if not (isinstance(failure, Unavailable) and archive.blamed(classes, launched.log)):
            raise
    progress("the JVM crashed on its class archive, which is removed: once more without it")
    return start(fhir, port, disk=disk, java_options=java_options, wait=wait, progress=progress)


def stop(port: int) -> Running | None:
    """End the server on this port and return what it was; None when none of ours runs there.

    It is asked to end, which takes a second, or 10 to 20 the first time, when it writes its class
    archive; after two minutes it is killed.
    """
    with places.locked(_lock(port)):
        server = state.read(port)
        if server:
            process.end(server)
        return server


def status() -> list[Running]:
    """The servers that run, by port; `ready` says whether one has answered yet."""
    return state.read_all()


@contextmanager
def _in_one_go() -> Generator[None]:
    """Ctrl-C waits for the end of this: between a launch and its being remembered nobody would know
    what is to be ended. The JVM lifts the block for itself."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield  # there are no such blocks, or no thread but the main one hears of Ctrl-C
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wish(fhir: str, port: int, disk: Path | None, java_options: tuple[str, ...]) -> Running:
    versions = list(FhirVersion)
    if fhir.upper() not in versions:
        raise ConfigError(f"FHIR version {fhir!r}: choose one of {', '.join(versions)}")
    if not 0 < port < 65536:
        raise ConfigError(f"port {port}: choose one from 1 to 65535")
    if disk:
        disk = disk.expanduser().resolve()
        if ";" in str(disk):
            raise ConfigError(f"{disk}: H2 takes no semicolon in a path: choose another folder")
        places.made(disk)
    return Running(
        pid=0,
        port=port,
        fhir_version=FhirVersion(fhir.upper()),
        url=f"http://127.0.0.1:{port}/fhir",
        log=places.run() / f"{port}.log",
        disk=disk,
        java_options=java_options,
    )


def _running(wish: Running) -> Running | None:
    """The server wished for, if it runs; ConfigError if something else is in its place."""
    for other in state.read_all():
        way_out = f"end it with `alliance-fhir sandbox stop --port {other.port}`, or choose another"
        if other.port == wish.port:
            if replace(other, pid=0, ready=False) == wish:
                return other
            where = f"on disk in {other.disk}" if other.disk else "in memory"
            raise ConfigError(
                f"port {wish.port}: a sandbox with other settings runs there "
                f"({' '.join([other.fhir_version, where, *other.java_options])}): {way_out} --port"
            )
        if wish.disk and (wish.disk, wish.fhir_version) == (other.disk, other.fhir_version):
            raise ConfigError(
                f"{wish.disk}: the sandbox on port {other.port} keeps its data there: "
                f"{way_out} --disk"
            )
    _need_free(wish.port)
    return None


def _need_free(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while error := _why_not_bound(port):
        if error.errno != errno.EADDRINUSE:
            raise ConfigError(f"port {port}: {error.strerror}: choose another --port") from error
        if time.monotonic() > deadline:
            raise ConfigError(
                f"port {port}: in use by another program: choose another --port"
            ) from error
        time.sleep(process.PAUSE)


def _why_not_bound(port: int) -> OSError | None:
    with socket.socket() as probe:
        # As the server will do: a connection that has just been closed is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error
    return None


def _join(server: Running, wait: float, progress: Progress) -> Running:
    progress(f"already running on port {server.port}")
    return _ready(process.answering(server, wait))


def _ready(server: Running) -> Running:
    with places.locked(_lock(server.port)):
        if state.alive(server):
            state.write(server)
    return server


def _lock(port: int) -> Path:
    return places.run() / f"{port}.lock"
