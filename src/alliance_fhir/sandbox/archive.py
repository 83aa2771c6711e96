"""The JVM's class-data archive: classes already read and verified, a good part of a start.

A server started without one writes it when it ends, once, 10 s or so. The JVM checks that an
archive fits its own build and the jars, and goes on without one that does not. It does not check
that all of it is there, and crashes on half a file: hence a draft, renamed only when its writer has
ended by itself, and hence another start without it after a crash.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from alliance_fhir.sandbox import places
from alliance_fhir.sandbox.log import tail

if TYPE_CHECKING:
    from pathlib import Path

    from alliance_fhir.sandbox.state import Running
    from alliance_fhir.sandbox.tools import Java


_QUIET = ("-Xlog:cds*=error",)  # or a thousand lines about classes that cannot be archived

_CRASH = "A fatal error has been detected by the Java Runtime Environment"


def path(jar: Path, fhir: str, java: Java) -> Path:
    """The archive beside the jar; another JVM, or a cache moved elsewhere, has another one."""
    fits = hashlib.blake2b(digest_size=8)
    fits.update(f"{java.build}\0{jar}\0{jar.stat().st_mtime_ns}".encode())
    return jar.parent / f"{fhir}-{fits.hexdigest()}.jsa"


def options(archive: Path, server: Running) -> list[str]:
    """JVM options that use the archive, or have a draft of it written at the end."""
    if archive.exists():
        return [f"-XX:SharedArchiveFile={archive}", *_QUIET]
    if all(option.startswith("-D") for option in server.java_options):
        draft = archive.with_name(f"{archive.name}.{server.port}.draft")
        return [f"-XX:ArchiveClassesAtExit={draft}", *_QUIET]
    return []  # options of the JVM itself, agents for one, may forbid or change what is written


def blamed(archive: Path, output: Path) -> bool:
    """Whether the JVM, by its output, crashed with this archive; if so, the archive is removed."""
    guilty = archive.exists() and _CRASH in tail(output, lines=200)
    if guilty:
        archive.unlink(missing_ok=True)
    return guilty


def keep(port: int) -> None:
    """Make what the server on this port wrote at its end the archive for the next starts."""
    for draft in _drafts(port):
        draft.replace(draft.with_suffix("").with_suffix(""))


def drop(port: int) -> None:
    """Remove what a server on this port may have left half written."""
    for draft in _drafts(port):
        draft.unlink(missing_ok=True)


def _drafts(port: int) -> list[Path]:
    return list(places.home().glob(f"*/*.jsa.{port}.draft"))
