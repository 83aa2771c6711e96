"""What pages are made of: the built definitions, and the golden files of the examples."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
IG = "https://alliance-fhir.github.io/ig"
Json = dict[str, Any]
Example = tuple[Json, str]
"""A resource, and the file in which it is, as a path of the repository."""


@cache
def definitions(kind: str, build: str = "r4") -> dict[str, Json]:
    """All definitions of a type, by their ids: `definitions("ValueSet")`."""
    files = sorted((ROOT / "profiles" / build).glob(f"{kind}-*.json"))
    return {body["id"]: body for body in (json.loads(file.read_bytes()) for file in files)}


def profiles(build: str = "r4") -> dict[str, Json]:
    """The profiles, by their ids."""
    found = definitions("StructureDefinition", build)
    return {id_: body for id_, body in found.items() if body["type"] != "Extension"}


def extensions() -> dict[str, Json]:
    """The extensions, by their ids."""
    found = definitions("StructureDefinition")
    return {id_: body for id_, body in found.items() if body["type"] == "Extension"}


@cache
def snapshots() -> dict[str, dict[str, Json]]:
    """Of each profile, in FHIR's order: how many there are of each element that we write, and of
    which type."""
    found = json.loads((ROOT / "profiles" / "elements.json").read_bytes())
    return {profile: {one["id"]: one for one in listed} for profile, listed in found.items()}


@cache
def golden() -> tuple[Example, ...]:
    """All resources of the golden files of R4, in the order of the files."""
    files = sorted(ROOT.glob("examples/*/expected/r4/*.ndjson"))
    return tuple(
        (json.loads(line), file.relative_to(ROOT).as_posix())
        for file in files
        for line in file.read_bytes().splitlines()
    )


@cache
def example_of(profile: str) -> tuple[str, str] | None:
    """What shows a profile in the package: its example, or a definition that claims it. As it
    stands in its file, and which that is."""
    home = ROOT / "profiles" / "r4"
    url = f"{IG}/StructureDefinition/{profile}"
    for file in [*home.glob(f"examples/*-{profile}.json"), *sorted(home.glob("[MQ]*.json"))]:
        text = file.read_text(encoding="utf-8")
        if url in json.loads(text).get("meta", {}).get("profile", []):
            return text.rstrip(), file.relative_to(ROOT).as_posix()
    return None
