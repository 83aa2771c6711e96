"""The server's process: launched, waited for, ended."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx

from alliance_fhir.errors import Unavailable
from alliance_fhir.room import writing
from alliance_fhir.sandbox import archive, places, state
from alliance_fhir.sandbox.log import tail
from alliance_fhir.sandbox.state import FhirVersion, Running

if TYPE_CHECKING:
    from pathlib import Path

    from alliance_fhir.sandbox.tools import Java

HEAP = {FhirVersion.R4: "1g", FhirVersion.R4B: "1g", FhirVersion.R5: "2g"}

# A start is much class loading and little repetition: the quick compiler alone takes a quarter less
# of it than with the thorough one, and the serial collector the least memory.
JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")

GRACE = 120.0
"""Seconds from SIGTERM to SIGKILL: writing a class archive takes 10, on a busy machine 40."""

GRACE_UNREADY = 2.0
"""The same for a server that never answered: it holds nothing, and its archive would be partial."""

PAUSE = 0.2
"""Seconds between two looks at a server that starts or ends."""


def launch(server: Running, java: Java, jar: Path) -> Running:
    """Launch the server that `server` describes, and remember it; its pid is filled in.

    Raises ConfigError, and leaves none running, where it cannot be remembered.
    """
    archive.drop(server.port)
    command = [
        str(java.command),
        f"-Xmx{HEAP[server.fhir_version]}",
        *JVM,
        *archive.options(archive.path(jar, server.fhir_version, java), server),
        *([f"-Ddb.folder={server.disk}"] if server.disk else []),
        *server.java_options,  # last, as the last word counts
        *("-jar", str(jar), str(server.port), server.fhir_version),
    ]
    with writing(server.log, "nothing was begun"):
        output = server.log.open("wb")
    with output as log:
        # The user's own Java; what else is on the line was checked, or is the caller's own option.
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=places.run(),  # not the user's folder, which would then be busy for as long
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # no Ctrl-C and no closed terminal ends it
        )
    state.children[process.pid] = process
    launched = replace(server, pid=process.pid)
    try:
        state.write(launched)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return launched


def answering(server: Running, wait: float) -> Running:
    """The server, once its /metadata answers 200; asked for `wait` seconds.

    Raises Unavailable, with the end of the log, when it ends before that or takes longer.
    """
    deadline = time.monotonic() + wait
    # A proxy in the environment has no business with this machine's own address.
    with httpx.Client(trust_env=False) as client:
        while (left := deadline - time.monotonic()) > 0:
            if not state.alive(server):
                break
            if _answers(client, server, left) and state.alive(server):
                return replace(server, ready=True)
            time.sleep(PAUSE)
    how = f"did not answer within {wait:g} s" if state.alive(server) else "ended before it answered"
    raise Unavailable(
        f"the sandbox on port {server.port} {how}; the end of {server.log}:\n{tail(server.log)}"
    )


def end(server: Running) -> None:
    """End the process, by force when it takes too long, and forget it.

    Only one that has answered and ended by itself leaves a class archive worth keeping.
    """
    os.kill(server.pid, signal.SIGTERM)
    if _gone(server, GRACE if server.ready else GRACE_UNREADY):
        if server.ready:
            archive.keep(server.port)
    else:
        os.kill(server.pid, signal.SIGKILL)
        _gone(server, GRACE)
    archive.drop(server.port)
    state.forget(server)


def _answers(client: httpx.Client, server: Running, timeout: float) -> bool:
    try:
        return client.get(f"{server.url}/metadata", timeout=timeout).status_code == 200
    except httpx.TransportError:
        return False


def _gone(server: Running, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while state.alive(server):
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)
    return True
