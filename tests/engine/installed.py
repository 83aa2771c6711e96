"""HL7's engine and the FHIR packages that it needs, fetched once into a cache folder.

    installation() -> lib/         the engine and all that it needs, from Maven (java/pom.xml)
                      classes/     Engine.java, compiled
                      home/.fhir/  the FHIR packages below, from npm, as the engine looks for them

The folder is named after the digest of the files that make it, as the validator's is. It needs
Java 17 (a JDK), Maven and npm.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from shorthand import installed as shorthand
from validator import packages
from validator.packages import SDC, cache, fetch_libraries, made_whole, run, tool

JAVA = Path(__file__).parent / "java"
DIGESTS = {**shorthand.DIGESTS, SDC: packages.DIGESTS[SDC]}
"""The packages as pinned content: the core ones, terminology, extensions, and SDC's extensions."""
_EMPTY = ("hl7.fhir.xver-extensions#0.1.0",)
"""Extensions for elements of other versions: asked for at each start, and none is in use here."""


def installation() -> Path:
    """The folder with everything in it, made first where it is not there yet. Raises ToolMissing,
    SetupFailed."""
    tool("java")
    folder = cache() / f"engine-{_digest()}"
    if not folder.is_dir():
        _build(folder)
    return folder


def _digest() -> str:
    here = (*sorted(JAVA.iterdir()), Path(__file__))
    of_others = (Path(str(one.__file__)) for one in (shorthand, packages))
    return sha256(b"\0".join(file.read_bytes() for file in (*here, *of_others))).hexdigest()[:12]


def _build(folder: Path) -> None:
    """Makes the folder."""
    javac, maven, npm = tool("javac"), tool("mvn"), tool("npm")
    with made_whole(folder) as whole:
        for name in ("lib", "classes"):
            (whole / name).mkdir()
        fetch_libraries(maven, JAVA, whole / "lib")
        shorthand.fill_home(npm, whole / "home", DIGESTS, _EMPTY)
        run(javac, "-nowarn", "-proc:none", "-cp", whole / "lib" / "*",
            "-d", whole / "classes", JAVA / "Engine.java")  # fmt: skip
