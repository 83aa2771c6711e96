"""Which servers run: one small file for each port, believed only if the process is really ours."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from alliance_fhir.room import writing
from alliance_fhir.sandbox import places
from alliance_fhir.sandbox.build import JAR


class FhirVersion(StrEnum):
    """The FHIR versions that the server can speak, one at a time."""

    R4 = "R4"
    R4B = "R4B"
    R5 = "R5"


@dataclass(frozen=True)
class Running:
    """A server: its process, its address, what it was started with, and whether it has answered."""

    pid: int
    port: int
    fhir_version: FhirVersion
    url: str
    log: Path
    disk: Path | None = None
    java_options: tuple[str, ...] = ()
    ready: bool = False


_FORMAT = TypeAdapter(Running)

WORDLESS = 1.0
"""Seconds for which a process may be without a command line; the kernel's own never have one."""

children: dict[int, subprocess.Popen[bytes]] = {}
"""Servers that this very process started: until it has waited for them, the dead seem alive."""


def write(server: Running) -> None:
    """Remember a server, in one step: whoever reads sees all of it or nothing.

    Raises ConfigError where there is no room for it.
    """
    file = _file(server.port)
    draft = file.with_suffix(".new")
    with writing(file, "no server was left running"):
        draft.write_bytes(_FORMAT.dump_json(server))
        draft.replace(file)


def read(port: int) -> Running | None:
    """The server that runs on this port, if one of ours does."""
    return _believed(_file(port))


def read_all() -> list[Running]:
    """All servers that run, by port."""
    found = (_believed(file) for file in places.run().glob("*.json"))
    return sorted((server for server in found if server), key=lambda server: server.port)


def forget(server: Running) -> None:
    """Remove a server's state file; its log stays."""
    _file(server.port).unlink(missing_ok=True)


def alive(server: Running) -> bool:
    """Whether the server's process is there, and is that server rather than a later one's pid."""
    if child := children.get(server.pid):
        if child.poll() is None:
            return True
        del children[server.pid]
        return False
    try:
        os.kill(server.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    if not Path("/proc/self/cmdline").exists():  # no /proc, as on macOS: the pid must do
        return True
    # "... -jar /the/cache/sandbox.jar PORT VERSION"
    match _words(Path(f"/proc/{server.pid}")):
        case [*_, jar, port, version]:
            ours = (str(server.port), server.fhir_version)
            return (port, version) == ours and jar.endswith(f"/{JAR}")
        case _:
            return False


def _words(process: Path) -> list[str]:
    """The command line of the process whose folder in /proc this is; empty where it is gone.

    Just after its launch it reads as empty: the new program is there before its words are.
    """
    deadline = time.monotonic() + WORDLESS
    while True:
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace")
            ended = (process / "stat").read_bytes().rpartition(b") ")[2][:1] in b"ZX"
        except OSError:
            return []
        if command or ended or time.monotonic() > deadline:
            return command.rstrip("\0").split("\0")  # a NUL ends each word
        time.sleep(0.001)


def _believed(file: Path) -> Running | None:
    try:
        server = _FORMAT.validate_json(file.read_bytes())
    except (OSError, ValidationError):  # gone meanwhile, or not written by this version
        return None
    return server if alive(server) else None


def _file(port: int) -> Path:
    return places.run() / f"{port}.json"
