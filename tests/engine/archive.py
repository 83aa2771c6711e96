"""Our FHIR package as one file, as a package registry would have it."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

from alliance_fhir import __version__
from shorthand import PROFILES, Build

VERSIONS = {"r4": "4.0.1", "r5": "5.0.0"}
"""The version of FHIR that a package is of."""
CORE = {"r4": ("hl7.fhir.r4.core", "4.0.1"), "r5": ("hl7.fhir.r5.core", "5.0.0")}


def archive(build: Build, into: Path) -> Path:
    """The package of a version in the folder `into`: definitions, and what they depend on."""
    file = into / f"alliance.fhir.{build}.tgz"
    core, version = CORE[build]
    about = {
        "name": "alliance.fhir",
        "version": __version__,
        "type": "fhir.ig",
        "canonical": "https://alliance-fhir.github.io/ig",
        "fhirVersions": [VERSIONS[build]],
        "dependencies": {
            core: version,
            f"hl7.terminology.{build}": "7.0.1",
            f"hl7.fhir.uv.extensions.{build}": "5.3.0-ballot-tc1",
            "hl7.fhir.uv.sdc": "4.0.0-ballot",
        },
    }
    with tarfile.open(file, "w:gz") as files:
        _add(files, "package.json", json.dumps(about).encode())
        for one in sorted((PROFILES / build).glob("*.json")):
            _add(files, one.name, one.read_bytes())
    return file


def _add(files: tarfile.TarFile, name: str, content: bytes) -> None:
    told = tarfile.TarInfo(f"package/{name}")
    told.size = len(content)
    files.addfile(told, io.BytesIO(content))
