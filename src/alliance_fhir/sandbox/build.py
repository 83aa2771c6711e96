"""Builds the server's jar with Maven, once for each version of the Maven project in `hapi`."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from alliance_fhir.errors import Unavailable
from alliance_fhir.room import writing
from alliance_fhir.sandbox import places
from alliance_fhir.sandbox.log import tail
from alliance_fhir.sandbox.tools import find_maven

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = Path(__file__).parent / "hapi"
JAR = "sandbox.jar"


def key(project: Path = PROJECT) -> str:
    """16 hexadecimal digits that change with the names and contents of the project's files."""
    digest = hashlib.blake2b(digest_size=8)
    for file in _files(project):
        for part in (file.relative_to(project).as_posix().encode(), file.read_bytes()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def server_jar(ways_out: str, progress: Callable[[str], None]) -> Path:
    """The server's jar in the cache, its libraries in `lib` beside it; built if not there yet.

    Builds that run at the same time wait for the first of them. Raises ConfigError, ending in
    `ways_out`, when Maven or the compiler is missing, and where there is no room; Unavailable when
    Maven fails.
    """
    home = places.home()
    done = home / key()
    if (done / JAR).exists():
        return done / JAR
    maven = find_maven(ways_out)
    with places.locked(home / "build.lock"):
        if not (done / JAR).exists():  # another process may have built it while we waited
            progress("building the server with Maven (once; downloads up to 263 MB) ...")
            with writing(home, "nothing is left of what was built"):
                _build(maven, home, done)
    return done / JAR


def _build(maven: Path, home: Path, done: Path) -> None:
    for left in [*home.glob("build-*/"), done]:  # only a killed build leaves one: we hold the lock
        shutil.rmtree(left, ignore_errors=True)
    log = home / "maven.log"
    with tempfile.TemporaryDirectory(prefix="build-", dir=home) as folder:
        for file in _files(PROJECT):
            copy = Path(folder) / file.relative_to(PROJECT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
        with log.open("wb") as output:
            # The user's own Maven on our own project; nothing on the line comes from elsewhere.
            outcome = subprocess.run(  # noqa: S603
                [maven, "--batch-mode", "--no-transfer-progress", "--quiet", "package"],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if outcome.returncode:
            raise Unavailable(
                f"Maven could not build the sandbox's server (is Maven Central within reach?); "
                f"the end of {log}:\n{tail(log)}"
            )
        target = Path(folder, "target")
        ready = Path(folder, "ready")
        ready.mkdir()
        for part in (JAR, "lib"):
            (target / part).rename(ready / part)
        ready.rename(done)  # in one step: whoever sees the folder sees all of it


def _files(project: Path) -> list[Path]:
    sources = (file for file in project.joinpath("src").rglob("*") if file.is_file())
    return [project / "pom.xml", *sorted(sources)]
