"""Profiles with one constraint taken out, each by its name: a planted fault has to miss it.

make mutate-profiles        every one; ends with 1 where nothing misses a constraint
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import NamedTuple

from profile_faults import FAULTS, Json, claiming, first, profiles_of

from shorthand import PROFILES
from validator import Validator

BUILT = PROFILES / "r4"
_KEYS = ("min", "max", "type", "binding")


class Mutant(NamedTuple):
    """A profile without one of its constraints; `name` says which."""

    profile: str
    name: str
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
                yield Mutant(body["id"], f"{element['id']} {told}", other)


def _constraints(element: Json) -> Iterator[tuple[str, int | None]]:
    """The keys of what an element is held to; of invariants, which of them."""
    if "slicing" in element:  # how many there are at least follows from the slices
        return
    of_extension = element["path"].endswith(".extension")
    for key in element:
        fixed = key.startswith(("fixed", "pattern"))
        # of an extension the type says which one it is, and its own definition how often it stands
        held = fixed or (key in _KEYS and not (of_extension and key in ("type", "max")))
        # that there may be none, or any number, holds nobody to anything
        if held and (key, element[key]) not in (("min", 0), ("max", "*")):
            yield key, None
    for which in range(len(element.get("constraint", []))):
        yield "constraint", which


def missed_by(mutant: Mutant, validator: Validator) -> list[str]:
    """The faults that are no longer found; the validator knows the profile as it is afterwards."""
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "profile.json"
        file.write_text(json.dumps(mutant.body), encoding="utf-8")
        validator.define(file, *_derived(mutant.body["url"]))
        lost = [f"{profile}: {named}" for profile, named in _not_found(validator)]
        ours = BUILT / f"StructureDefinition-{mutant.profile}.json"
        validator.define(ours, *_derived(mutant.body["url"]))
    return lost


def _derived(url: str) -> list[Path]:
    """The profiles that derive from one, which have to be known anew."""
    files = sorted(BUILT.glob("StructureDefinition-*.json"))
    return [one for one in files if json.loads(one.read_bytes())["baseDefinition"] == url]


def _not_found(validator: Validator) -> Iterator[tuple[str, str]]:
    for profile, spoil, named in FAULTS:
        right = first(profile)
        text = claiming(spoil(right), profiles_of(right))
        [issues] = validator.validate_many([text])
        if not any(one.is_error and named in str(one) for one in issues):
            yield profile, named


def main() -> int:
    """Tells of each constraint whether something misses it."""
    code = 0
    with Validator("4.0.1", [BUILT]) as validator:
        assert not [*_not_found(validator)]
        for mutant in mutants():
            lost = missed_by(mutant, validator)
            code = code if lost else 1
            sys.stdout.write(
                f"{'missed' if lost else 'NOT MISSED'}  {mutant.profile}  {mutant.name}\n"
            )
    return code


if __name__ == "__main__":
    sys.exit(main())
