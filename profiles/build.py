"""`make profiles` writes r4/ and r5/ beside this file anew: all definitions of the package.

Code systems, value sets, Questionnaires and Measures are made of the data files and the code that
uses them; profiles, extensions and the rest of the FHIR Shorthand in input/, by SUSHI.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from alliance_fhir.fhir.definitions import definitions, file_content
from alliance_fhir.fhir.versions import VERSIONS
from alliance_fhir.instruments.catalog import Catalog
from shorthand import BUILDS, Build, compiled

ROOT = Path(__file__).parent
_VERSIONS = {"r4": VERSIONS["4.0"], "r5": VERSIONS["5.0"]}
_REFERRED_TO = ("CodeSystem", "ValueSet")
"""What the Shorthand refers to of what code makes."""


def made_of_code(build: Build) -> dict[str, bytes]:
    """What the data files and the code give, by the names of the files."""
    made = definitions(Catalog(), _VERSIONS[build])
    return {name: file_content(resource) for name, resource in made.items()}


def made(build: Build) -> dict[str, bytes]:
    """All definitions. Raises what `shorthand.compiled` does."""
    code = made_of_code(build)
    with tempfile.TemporaryDirectory() as folder:
        known = {name: text for name, text in code.items() if name.startswith(_REFERRED_TO)}
        return code | compiled(ROOT, build, write(Path(folder), known))


def write(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Writes these into a folder, in which no other definitions are left."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        if old.name not in files:
            old.unlink()
    for name, text in files.items():
        (folder / name).write_bytes(text)
    return [folder / name for name in files]


if __name__ == "__main__":
    for each in BUILDS:
        write(ROOT / each, made(each))
