"""What the validator needs from outside, fetched once into a cache folder.

    installation() -> lib/       HAPI and its core definitions, from Maven (java/pom.xml)
                      classes/   Validate.java, compiled
                      packages/  the FHIR packages below, from npm

The folder is named after the digest of the harness's own files: whoever changes one gets a new
folder, whoever changes none starts at once. It needs Java 17 (a JDK), Maven and npm.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

JAVA = Path(__file__).parent / "java"

EXTENSIONS_R4 = "hl7.fhir.uv.extensions.r4-5.3.0-ballot-tc1.tgz"
EXTENSIONS_R5 = "hl7.fhir.uv.extensions.r5-5.3.0-ballot-tc1.tgz"
SDC = "hl7.fhir.uv.sdc-4.0.0-ballot.tgz"

# The packages that our resources refer to beyond the core definitions, as pinned content.
DIGESTS = {
    EXTENSIONS_R4: "54f70616bbd444ba0259d5fc5a5c978d463971865f23dcef3103081f529ad213",
    EXTENSIONS_R5: "33a55f290663f3f9d61c9dbdeb0be6ef10d0e64b54af539d1d557585c8f9e1c2",
    SDC: "e535112cea10f581cd3aba233c065b221d8aad24104f3532466daf938de8d4f9",
}

# There are no extensions made for R4B: those of R4 have the same shape.
PACKAGES = {
    "4.0.1": (EXTENSIONS_R4, SDC),
    "4.3.0": (EXTENSIONS_R4, SDC),
    "5.0.0": (EXTENSIONS_R5, SDC),
}


class ToolMissing(Exception):
    """A program that the validator needs is not on this machine: install it."""

    def __init__(self, tool: str) -> None:
        super().__init__(f"{tool} is missing: the validator needs Java 17 (a JDK), Maven and npm")
        self.tool = tool


class SetupFailed(Exception):
    """A program that fetches or compiles a part of the validator failed."""


def installation() -> Path:
    """The folder with everything in it, made first where it is not there yet."""
    tool("java")
    folder = cache() / f"validator-{digest()}"
    if not folder.is_dir():
        build(folder)
    return folder


def cache() -> Path:
    """Where the project keeps what it can fetch again."""
    if ours := os.environ.get("ALLIANCE_FHIR_CACHE"):
        return Path(ours).expanduser().absolute()
    shared = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # A relative one is to be ignored, says the XDG base directory specification.
    return (shared if shared.is_absolute() else Path.home() / ".cache") / "alliance-fhir"


def digest() -> str:
    """Twelve digits that change when a file of the harness does."""
    files = [*sorted(JAVA.iterdir()), Path(__file__)]
    return sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:12]


def build(folder: Path) -> None:
    """Makes the folder."""
    javac, maven, npm = tool("javac"), tool("mvn"), tool("npm")
    with made_whole(folder) as whole:
        for name in ("lib", "classes", "packages"):
            (whole / name).mkdir(parents=True)
        fetch_libraries(maven, JAVA, whole / "lib")
        fetch_packages(npm, whole / "packages")
        run(javac, "-nowarn", "-proc:none", "-cp", whole / "lib" / "*",
            "-d", whole / "classes", JAVA / "Validate.java")  # fmt: skip
        # The validator reads its list of OIDs again for every resource. We use none of them, and
        # an empty list that comes first on the class path makes it three times as fast.
        shutil.copy(JAVA / "oidregistry.csv", whole / "classes")


@contextmanager
def made_whole(folder: Path) -> Iterator[Path]:
    """A folder to fill, which then is this one: whole or not at all, whoever else does the same at
    the same time."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}-") as temporary:
        whole = Path(temporary) / "whole"
        whole.mkdir()
        yield whole
        try:
            whole.rename(folder)
        except OSError:
            if not folder.is_dir():  # no one else was faster
                raise


def fetch_libraries(maven: str, java: Path, into: Path) -> None:
    """The jars of `java`/pom.xml and all that they need."""
    plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
    run(maven, "-B", "-q", "-ntp", "-f", java / "pom.xml", plugin,
        "-DincludeScope=runtime", f"-DoutputDirectory={into}")  # fmt: skip


def fetch_packages(npm: str, into: Path, digests: Mapping[str, str] = DIGESTS) -> None:
    """FHIR packages, as the archives that npm gives; their content is checked."""
    for archive, expected in digests.items():
        name, version = archive.removesuffix(".tgz").split("-", 1)
        run(npm, "pack", "--silent", f"{name}@{version}", folder=into)
        found = sha256((into / archive).read_bytes()).hexdigest()
        if found != expected:
            raise SetupFailed(f"{archive} has the digest {found}, expected {expected}")


def tool(name: str) -> str:
    """The path of a program, or ToolMissing."""
    path = shutil.which(name)
    if path is None:
        raise ToolMissing(name)
    return path


def run(*command: str | Path, folder: Path | None = None) -> None:
    """Runs a program to its end; its last words are the error's message."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()[-2000:]
        raise SetupFailed(f"{Path(command[0]).name} failed with {done.returncode}: {said}")
