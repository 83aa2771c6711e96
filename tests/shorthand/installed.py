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
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from validator.packages import cache, fetch_packages, made_whole, run, tool

HERE = Path(__file__).parent
DIGESTS = {
    "hl7.fhir.r4.examples-4.0.1.tgz": (
        "dce87f1b5b9341867033f7d1f544fa1b5232503f6d62813887ac6b8a8b6cb682"
    ),
    "hl7.terminology.r4-7.0.1.tgz": (
        "170c546f761fb51b3355788ca500206f6b772b21c57348c29205de85a6612baa"
    ),
    "hl7.fhir.uv.extensions.r4-5.3.0-ballot-tc1.tgz": (
        "54f70616bbd444ba0259d5fc5a5c978d463971865f23dcef3103081f529ad213"
    ),
    "hl7.fhir.uv.sdc-4.0.0-ballot.tgz": (
        "e535112cea10f581cd3aba233c065b221d8aad24104f3532466daf938de8d4f9"
    ),
    "hl7.fhir.r5.core-5.0.0.tgz": (
        "09f22107bef64313545a50d2c127d20f81173c499a395672fae089bc23e72fab"
    ),
    "hl7.terminology.r5-7.0.1.tgz": (
        "b34d9c6bdf108884e1d5ba535765e7b5cd93009f0af9f3b7e5eba38e5ae7a70b"
    ),
    "hl7.fhir.uv.extensions.r5-5.3.0-ballot-tc1.tgz": (
        "33a55f290663f3f9d61c9dbdeb0be6ef10d0e64b54af539d1d557585c8f9e1c2"
    ),
}
"""The packages as pinned content, SHA-256. That of SDC, of R4, goes with both versions: of its
extensions, which have the same shape in R5, we use few."""
_CORE = {
    "hl7.fhir.r4.examples#4.0.1": "hl7.fhir.r4.core#4.0.1",
    "hl7.fhir.r5.core#5.0.0": "hl7.fhir.r5.core#5.0.0",
}
"""The core packages. That of R4 is not on npm; its examples hold all of its definitions."""
_TOOLS = ("hl7.fhir.uv.tools.r4#0.0.1", "hl7.fhir.uv.tools.r5#0.0.1")
"""Which SUSHI asks for by itself, and of which we use nothing: empty ones."""
_DEFINITIONS = {
    *("StructureDefinition", "ValueSet", "CodeSystem", "SearchParameter", "OperationDefinition"),
    *("CompartmentDefinition", "CapabilityStatement", "ConceptMap", "NamingSystem"),
}
_CACHE = "[cache]\nversion = 4\n\n[urls]\n\n[local]\n\n[packages]\n"
"""packages.ini of the version that SUSHI and HL7's engine have: another one, and they wipe the
folder."""


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
    with made_whole(folder) as whole:
        for file in HERE.glob("*.json"):
            shutil.copy(file, whole)
        run(npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", folder=whole)
        fill_home(npm, whole / "home", DIGESTS, _TOOLS)


def fill_home(npm: str, home: Path, digests: Mapping[str, str], empty: Iterable[str]) -> None:
    """A home of the user with these packages of FHIR, as tools look for them; those that are
    `empty` (name#version) are there by name alone."""
    packages = home / ".fhir" / "packages"
    packages.mkdir(parents=True)
    (packages / "packages.ini").write_text(_CACHE, encoding="utf-8")
    with tempfile.TemporaryDirectory() as archives:
        fetch_packages(npm, Path(archives), digests)
        for archive in digests:
            _unpack(Path(archives) / archive, packages)
    for one in empty:
        _write_package(packages / one, {"type": "fhir.ig"})


def _unpack(archive: Path, packages: Path) -> None:
    """The definitions of a package, as one that needs no others."""
    name = "#".join(archive.name.removesuffix(".tgz").split("-", 1))
    core = _CORE.get(name)
    folder = packages / (core or name)
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
        "fhirVersions": ["5.0.0" if ".r5" in name else "4.0.1"],
        "dependencies": {},
        **told,
    }
    (folder / "package").mkdir(parents=True)
    (folder / "package" / "package.json").write_text(json.dumps(package), encoding="utf-8")
