"""Must-support means in our profiles that we write it: all that we write is flagged, and nothing
else is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

import pytest
from making import everything, of_outreach, of_plans, of_visits
from measured import measured
from profile_faults import Json, of_the_examples, profiles_of
from sited import of_a_site

from alliance_fhir.fhir.versions import VERSIONS
from shorthand import BUILDS, PROFILES, Build

_VERSIONS = {"r4": VERSIONS["4.0"], "r5": VERSIONS["5.0"]}
_BY_SERVERS = {"id"}
"""What a resource has once a server has given it, and is then written with."""
_PART = "item.item"
"""A part of a question is one: the same is flagged."""
_OF_RESOURCES = {"resourceType"}


_MAKES = (everything, of_visits, of_outreach, of_plans, of_a_site)


class Flagged(NamedTuple):
    """The elements of a profile that are must-support (the type is not before them); the
    extensions, as (path, URL); and which of the elements have a choice of types."""

    elements: set[str]
    extensions: set[tuple[str, str]]
    choices: set[str]

    def is_structure(self, path: str) -> bool:
        """Whether the parts of an element are flagged one by one, as it is of no data type."""
        return any(one.startswith(f"{path}.") for one in self.elements)


@cache
def flagged(build: Build, profile: str) -> Flagged:
    """What is must-support in a profile and in those of ours that it is made from."""
    body = json.loads((PROFILES / build / f"StructureDefinition-{profile}.json").read_bytes())
    base = body["baseDefinition"].rpartition("/")[2]
    told = Flagged(set(), set(), set())
    if (PROFILES / build / f"StructureDefinition-{base}.json").exists():
        told = Flagged(*map(set, flagged(build, base)))
    for element in body["differential"]["element"]:
        if element.get("mustSupport"):
            name = element["path"].partition(".")[2]
            path = name.replace("[x]", "")
            if "extension." in path:  # what is in an extension its own definition says
                continue
            if path.rpartition(".")[2] == "extension":
                urls = element["type"][0]["profile"]
                told.extensions.update((path.rpartition("extension")[0], url) for url in urls)
            else:
                told.elements.add(path)
                told.choices.update({path} if name.endswith("[x]") else ())
    return told


def written(body: Json, told: Flagged, path: str = "") -> Iterator[str | tuple[str, str]]:
    """The elements of a resource and its extensions, as `Flagged` has them."""
    for name, value in body.items():
        if name == "extension":
            yield from ((path, one["url"]) for one in value)
            continue
        if not path and name in _OF_RESOURCES:
            continue
        place = element(path + name.removeprefix("_"), told)
        yield place
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, dict):
                continue
            if told.is_structure(place):
                yield from written(one, told, f"{place}.")
            elif place == _PART:
                yield from written(one, told, "item.")
            elif any(at == f"{place}." for at, _ in told.extensions):
                yield from ((f"{place}.", of["url"]) for of in one.get("extension", []))


def element(path: str, told: Flagged) -> str:
    """The name of an element: without the type of a choice."""
    rests = ((one, path.removeprefix(one)) for one in told.choices if path.startswith(one))
    return next((one for one, rest in rests if rest[:1].isupper()), path)


@cache
def of_each(build: Build) -> dict[str, list[Json]]:
    """All that we write, by the profile that it is to fit."""
    version = _VERSIONS[build]
    made = [make(version) for make in _MAKES]
    made += [tuple(measured(version)), tuple(measured(version, bare=True))]
    bodies: Iterable[Json] = (
        *of_the_examples(version.label),
        *(json.loads(one.json()) for some in made for one in some),
    )
    found: dict[str, list[Json]] = {}
    for body in bodies:
        for profile in profiles_of(body):
            found.setdefault(profile, []).append(body)
    return found


PROFILED = sorted(of_each("r4"))
_SOME = {"no-show-appointment"}
"""Profiles of some of what another is for: they do without what the others need."""


def told(profile: str, build: Build) -> tuple[set[object], set[object]]:
    """What we write, and what is flagged."""
    of = flagged(build, profile)
    found = {one for body in of_each(build)[profile] for one in written(body, of)}
    return found, (of.elements - _BY_SERVERS) | of.extensions


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("profile", PROFILED)
def test_what_we_write_is_flagged(profile: str, build: Build) -> None:
    found, flags = told(profile, build)
    assert found - flags == set()


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("profile", [one for one in PROFILED if one not in _SOME])
def test_what_is_flagged_we_write(profile: str, build: Build) -> None:
    found, flags = told(profile, build)
    assert flags - found == set()
