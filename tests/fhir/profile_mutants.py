"""Profiles with one constraint taken out, each by its name: a planted fault has to miss it.

make mutate-profiles        every one; ends with 1 where nothing misses a constraint
python -m profile_mutants alliance-score alliance-panel        those of these profiles alone
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import NamedTuple

from profile_faults import Json, claiming, planted_in, profiles_of
from profile_faults_all import BY_EXTENSIONS, BY_PROFILES

from shorthand import PROFILES
from validator import Validator

BUILT = PROFILES / "r4"
ALL = BY_PROFILES + BY_EXTENSIONS
_KEYS = ("min", "max", "type", "binding")


class Mutant(NamedTuple):
    """A profile without one of its constraints; `name` says which, and `word` is what is likely to
    be in what is said of a fault that it misses."""

    profile: str
    name: str
    word: str
    body: Json


def mutants() -> Iterator[Mutant]:
    """All of them, in the order of the files."""
    for file in sorted(BUILT.glob("StructureDefinition-*.json")):
        body = json.loads(file.read_bytes())
        for place, element in enumerate(body["differential"]["element"]):
            for key, which in _constraints(element):
                other = deepcopy(body)
                spoilt = other["differential"]["element"][place]
                if which is None:
                    del spoilt[key]
                else:
                    del spoilt[key][which]
                told = key if which is None else element[key][which]["key"]
                word = re.split("[.:]", element["id"])[-1].removesuffix("[x]")
                name = f"{element['id']} {told}"
                yield Mutant(body["id"], name, word if which is None else told, other)


def _constraints(element: Json) -> Iterator[tuple[str, int | None]]:
    """The keys of what an element is held to; of invariants, which of them."""
    if "slicing" in element:  # how many there are at least follows from the slices
        return
    for key in element:
        fixed = key.startswith(("fixed", "pattern", "minValue", "maxValue"))
        held = (fixed or key in _KEYS) and key not in _said_elsewhere(element)
        # that there may be none, or any number, holds nobody to anything
        if held and (key, element[key]) not in (("min", 0), ("max", "*")):
            yield key, None
    for which in range(len(element.get("constraint", []))):
        yield "constraint", which


def _said_elsewhere(element: Json) -> tuple[str, ...]:
    """The keys that are no constraint of their own."""
    path = element["path"]
    if path.endswith(".extension"):  # its type says which one it is, its definition how often it
        # stands, and how many there are in all follows from those that have names
        return ("type", "max") if "sliceName" in element else ("type", "max", "min")
    if path == "Extension":  # and so does each profile that has it
        return ("max",)
    if path.endswith("xtension.url"):  # by which it is found
        return ("fixedUri",)
    if path.endswith(".meta"):  # without one nothing can claim a profile
        return ("min",)
    if element.get("binding", {}).get("strength") in ("extensible", "preferred"):
        return ("binding",)  # which says what is usual
    unfolded = [one["code"] for one in element.get("type", [])] == ["BackboneElement"]
    return ("type",) if unfolded else ()


def missed_by(mutant: Mutant, validator: Validator) -> Planted | None:
    """A fault that is no longer found; the validator knows the profile as it is afterwards."""
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "profile.json"
        file.write_text(json.dumps(mutant.body), encoding="utf-8")
        validator.define(file, *_derived(mutant.body["url"]))
        asked = [one for one in _planted() if one.profile in _mentioning(mutant.body["url"])]
        asked.sort(key=lambda one: mutant.word not in one.named)  # what it is likely to miss first
        lost = next(_not_found(validator, asked), None)
        ours = BUILT / f"StructureDefinition-{mutant.profile}.json"
        validator.define(ours, *_derived(mutant.body["url"]))
    return lost


def _derived(url: str) -> list[Path]:
    """The profiles that derive from one, which have to be known anew."""
    files = sorted(BUILT.glob("StructureDefinition-*.json"))
    return [one for one in files if json.loads(one.read_bytes())["baseDefinition"] == url]


@cache
def _mentioning(url: str) -> frozenset[str]:
    """A profile or an extension, and those that derive from it or have it, by their ids: none of
    the others finds less where it says less."""
    files = [json.loads(one.read_bytes()) for one in BUILT.glob("StructureDefinition-*.json")]
    return frozenset(one["id"] for one in files if f'"{url}"' in json.dumps(one))


class Planted(NamedTuple):
    """A fault in what claims a profile, the resource with it, and a part of what is said of it."""

    profile: str
    text: bytes
    named: str


@cache
def _planted() -> list[Planted]:
    """All faults."""
    found: list[Planted] = []
    for profile, spoil, named in ALL:
        right, wrong = planted_in(profile, spoil)
        found.append(Planted(profile, claiming(wrong, profiles_of(right)), named))
    return found


def _not_found(validator: Validator, asked: list[Planted]) -> Iterator[Planted]:
    """Those of these faults that the validator does not find."""
    found = validator.validate_many(one.text for one in asked)
    for planted, issues in zip(asked, found, strict=True):
        if not any(one.is_error and planted.named in str(one) for one in issues):
            yield planted


def main(names: list[str]) -> int:
    """Tells of each constraint whether something misses it; of these profiles, or of all."""
    code = 0
    with Validator("4.0.1", [BUILT]) as validator:
        assert not [*_not_found(validator, _planted())]
        for mutant in mutants():
            if names and mutant.profile not in names:
                continue
            lost = missed_by(mutant, validator)
            code = code if lost else 1
            sys.stdout.write(
                f"{'missed' if lost else 'NOT MISSED'}  {mutant.profile}  {mutant.name}\n"
            )
            sys.stdout.flush()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
