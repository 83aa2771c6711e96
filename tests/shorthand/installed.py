"""SUSHI and the FHIR packages that it needs, fetched once into a cache folder.

    installation() -> node_modules/    SUSHI, from npm, as package-lock.json has it
                      home/.fhir/      the FHIR packages below, from npm, as SUSHI looks for them

The folder is named after the digest of these files, as the validator's is. It needs npm.
"""

from __future__ import annotations

import json
import shutil
import tarfile
import tempfile
from hashlib import sha256
from pathlib import Path

from validator.packages import cache, fetch_packages, made_whole, run, tool

HERE = Path(__file__).parent
EXAMPLES = "hl7.fhir.r4.examples-4.0.1.tgz"
"""The core package of R4 is not on npm; this one holds all of its definitions."""
TERMINOLOGY = "hl7.terminology.r4-7.0.1.tgz"
EXTENSIONS = "hl7.fhir.uv.extensions.r4-5.3.0-ballot-tc1.tgz"
SDC = "hl7.fhir.uv.sdc-4.0.0-ballot.tgz"
DIGESTS = {
    EXAMPLES: "dce87f1b5b9341867033f7d1f544fa1b5232503f6d62813887ac6b8a8b6cb682",
    TERMINOLOGY: "170c546f761fb51b3355788ca500206f6b772b21c57348c29205de85a6612baa",
    EXTENSIONS: "54f70616bbd444ba0259d5fc5a5c978d463971865f23dcef3103081f529ad213",
    SDC: "e535112cea10f581cd3aba233c065b221d8aad24104f3532466daf938de8d4f9",
}
"""The packages as pinned content, SHA-256."""
_CORE = "hl7.fhir.r4.core#4.0.1"
_TOOLS = "hl7.fhir.uv.tools.r4#0.0.1"
"""Which SUSHI asks for by itself, and of which we use nothing: an empty one."""
_DEFINITIONS = {
    *("StructureDefinition", "ValueSet", "CodeSystem", "SearchParameter", "OperationDefinition"),
    *("CompartmentDefinition", "CapabilityStatement", "ConceptMap", "NamingSystem"),
}
_CACHE = "[cache]\nversion = 4\n\n[urls]\n\n[local]\n\n[packages]\n"
"""packages.ini of the version that SUSHI has: with another one it wipes the folder."""


def installation() -> Path:
    """The folder with everything in it, made first where it is not there yet. Raises ToolMissing,
    SetupFailed."""
    folder = cache() / f"shorthand-{_digest()}"
    if not folder.is_dir():
        _build(folder)
    return folder


def _digest() -> str:
    files = [Path(__file__), *sorted(HERE.glob("*.json"))]
    return sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:12]


def _build(folder: Path) -> None:
    """Makes the folder."""
    npm = tool("npm")
    with made_whole(folder) as whole, tempfile.TemporaryDirectory() as archives:
        packages = whole / "home" / ".fhir" / "packages"
        packages.mkdir(parents=True)
        for file in HERE.glob("*.json"):
            shutil.copy(file, whole)
        run(npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", folder=whole)
        (packages / "packages.ini").write_text(_CACHE, encoding="utf-8")
        fetch_packages(npm, Path(archives), DIGESTS)
        for archive in DIGESTS:
            _unpack(Path(archives) / archive, packages)
        _write_package(packages / _TOOLS, {"type": "fhir.ig"})


def _unpack(archive: Path, packages: Path) -> None:
    """The definitions of a package, as one that needs no others."""
    core = archive.name == EXAMPLES
    name, version = archive.name.removesuffix(".tgz").split("-", 1)
    folder = packages / (_CORE if core else f"{name}#{version}")
    _write_package(folder, {"type": "fhir.core" if core else "fhir.ig"})
    with tarfile.open(archive) as files:
        for one in files:
            path = Path(one.name)
            if not one.isfile() or path.suffix != ".json" or path.parent.name != "package":
                continue
            if path.name.partition("-")[0] in _DEFINITIONS and (read := files.extractfile(one)):
                (folder / "package" / path.name).write_bytes(read.read())


def _write_package(folder: Path, told: dict[str, str]) -> None:
    name, version = folder.name.split("#")
    package = {
        "name": name,
        "version": version,
        "canonical": "http://hl7.org/fhir",
        "fhirVersions": ["4.0.1"],
        "dependencies": {},
        **told,
    }
    (folder / "package").mkdir(parents=True)
    (folder / "package" / "package.json").write_text(json.dumps(package), encoding="utf-8")
