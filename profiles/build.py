"""`make profiles` writes r4/ and r5/ beside this file anew: all definitions of the package; and
elements.json, of what the pages of docs/ need to know of R4.

Code systems, value sets, Questionnaires and Measures are made of the data files and the code that
uses them; profiles, extensions and the rest of the FHIR Shorthand in input/, by SUSHI.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alliance_fhir.fhir.definitions import definitions, file_content
from alliance_fhir.fhir.versions import VERSIONS
from alliance_fhir.instruments.catalog import Catalog
from shorthand import BUILDS, Build, content, with_snapshots

ROOT = Path(__file__).parent
_VERSIONS = {"r4": VERSIONS["4.0"], "r5": VERSIONS["5.0"]}
_REFERRED_TO = ("CodeSystem", "ValueSet")
"""What the Shorthand refers to of what code makes."""


def made_of_code(build: Build) -> dict[str, bytes]:
    """What the data files and the code give, by the names of the files."""
    made = definitions(Catalog(), _VERSIONS[build])
    return {name: file_content(resource) for name, resource in made.items()}


def made(build: Build) -> dict[str, bytes]:
    """All definitions. Raises what `shorthand.with_snapshots` does."""
    of_shorthand = made_of_shorthand(build)
    return made_of_code(build) | {name: content(body) for name, body in of_shorthand.items()}


def made_of_shorthand(build: Build) -> dict[str, dict[str, Any]]:
    """What SUSHI makes, with snapshots, by the names of the files."""
    code = made_of_code(build)
    with tempfile.TemporaryDirectory() as folder:
        known = {name: text for name, text in code.items() if name.startswith(_REFERRED_TO)}
        return with_snapshots(ROOT, build, write(Path(folder), known))


def elements(of_shorthand: Mapping[str, dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Of each profile the elements that we write, in FHIR's order: how many there are, and of which
    types. What FHIR itself says of them is in no file of ours; pages of docs/ show it."""
    profiles = (body for body in of_shorthand.values() if body.get("type") != "Extension")
    return {
        body["id"]: [
            {"id": one["id"], "many": f"{one['min']}..{one['max']}", "type": _types(one)}
            for one in body["snapshot"]["element"]
            if one.get("mustSupport")
        ]
        for body in profiles
        if "snapshot" in body
    }


def _types(element: dict[str, Any]) -> list[dict[str, Any]]:
    kept = ("code", "targetProfile")
    return [{key: one[key] for key in kept if key in one} for one in element.get("type", [])]


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
        of_shorthand = made_of_shorthand(each)
        told = {name: content(body) for name, body in of_shorthand.items()}
        write(ROOT / each, made_of_code(each) | told)
        if each == "r4":
            (ROOT / "elements.json").write_bytes(content(elements(of_shorthand)))
