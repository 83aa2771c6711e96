"""Definitions by their URLs: ours first, then those of FHIR's own packages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from shorthand import BUILDS, Build
from shorthand.installed import installation

Json = dict[str, Any]
Coded = tuple[str, str]
"""A system and a code of it."""


_CORE = {"r4": "hl7.fhir.r4.core#4.0.1", "r5": "hl7.fhir.r5.core#5.0.0"}


def packages(build: Build) -> list[Path]:
    """The folders of FHIR's own packages of a version, first that of its own definitions. Raises
    ToolMissing, SetupFailed."""
    here = installation() / "home" / ".fhir" / "packages"
    others = [f".{one}" for one in BUILDS if one != build]
    beside = [one for one in here.glob("*#*") if not any(other in one.name for other in others)]
    return [here / _CORE[build], *sorted(one for one in beside if one.name != _CORE[build])]


class Definitions:
    """All that profiles refer to."""

    def __init__(self, ours: Iterable[Json], packages: Iterable[Path]) -> None:
        """`packages`: folders of packages as FHIR tools keep them."""
        self._packages = [folder / "package" for folder in packages]
        self._known = {one["url"]: one for one in ours if "url" in one}

    def find(self, type_: str, url: str) -> Json | None:
        """A definition; None if there is none. A version in `url` is not looked at."""
        url = url.partition("|")[0]
        if url not in self._known:
            # The file is named after the id, which is the end of the URL nearly everywhere.
            name = f"{type_}-{url.rpartition('/')[2]}.json"
            files = (folder / name for folder in self._packages)
            read = (json.loads(file.read_bytes()) for file in files if file.is_file())
            found = next((one for one in read if one.get("url") == url), None)
            if found is None:
                return None
            self._known[url] = found
        return self._known[url]

    def structure(self, type_or_url: str) -> Json:
        """The definition of a type of FHIR, of a profile or an extension. Raises KeyError."""
        plain = "/" not in type_or_url
        base = "http://hl7.org/fhir/StructureDefinition/"
        found = self.find("StructureDefinition", base + type_or_url if plain else type_or_url)
        if found is None:
            raise KeyError(type_or_url)
        return found

    def codes(self, value_set: str) -> frozenset[Coded] | None:
        """What a value set holds; None where that is not a list of codes that we have."""
        found = self.find("ValueSet", value_set)
        composed = (found or {}).get("compose", {})
        if not composed or composed.get("exclude"):
            return None
        held: set[Coded] = set()
        for include in composed["include"]:
            told = self._included(include)
            if told is None:
                return None
            held |= told
        return frozenset(held)

    def _included(self, include: Json) -> frozenset[Coded] | None:
        if include.get("filter"):
            return None
        if "system" not in include:
            sets = [self.codes(url) for url in include.get("valueSet", [])]
            # More than one value set in an include means what all of them hold.
            known = [one for one in sets if one is not None]
            return frozenset.intersection(*known) if known and len(known) == len(sets) else None
        system = include["system"]
        if "concept" in include:
            return frozenset((system, one["code"]) for one in include["concept"])
        whole = self.find("CodeSystem", system)
        if whole is None or whole.get("content") != "complete":
            return None
        return frozenset((system, code) for code in _all_codes(whole.get("concept", [])))


def _all_codes(concepts: Iterable[Json]) -> Iterator[str]:
    for one in concepts:
        yield one["code"]
        yield from _all_codes(one.get("concept", []))
