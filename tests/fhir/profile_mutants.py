"""Profiles with one constraint taken out, each by its name: a planted fault has to miss it.

make mutate-profiles        every one; ends with 1 where nothing misses a constraint
python -m profile_mutants agreed-goal ...        those of these profiles
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
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
AS_IT_IS = "as-it-is"
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


def renamed(text: str, urls: Iterable[str], end: str) -> str:
    """The text with other canonicals in the place of these."""
    for url in urls:
        text = text.replace(f'"{url}"', f'"{url}-{end}"')
    return text


@cache
def _family(url: str) -> tuple[Json, ...]:
    """The definitions that derive from one."""
    files = [json.loads(one.read_bytes()) for one in BUILT.glob("StructureDefinition-*.json")]
    return tuple(one for one in files if one["baseDefinition"] == url)


@cache
def _mentioning(url: str) -> frozenset[str]:
    """A profile or an extension, and those that derive from it or have it, by their ids: none of
    the others finds less where it says less."""
    files = [json.loads(one.read_bytes()) for one in BUILT.glob("StructureDefinition-*.json")]
    return frozenset(one["id"] for one in files if f'"{url}"' in json.dumps(one))


class Trial:
    """All mutants in one validator, each by a canonical of its own: to put one in the place of
    another would make the validator begin anew each time. Beside them stand the definitions as they
    are, by other canonicals, too: a fault counts that these find."""

    def __init__(self, validator: Validator, asked: Sequence[Mutant]) -> None:
        self._validator = validator
        self._found_as_it_is: dict[tuple[str, int], bool] = {}
        texts: list[str] = []
        for number, mutant in enumerate(asked):
            texts += self._texts(mutant.body, str(number))
        for file in BUILT.glob("StructureDefinition-*.json"):
            texts += self._texts(json.loads(file.read_bytes()), AS_IT_IS)
        with tempfile.TemporaryDirectory() as name:
            file = Path(name) / "mutants.ndjson"
            file.write_text("\n".join(texts), encoding="utf-8")
            validator.define(file)

    @staticmethod
    def _urls(url: str) -> list[str]:
        return [url, *(one["url"] for one in _family(url))]

    def _texts(self, body: Json, end: str) -> list[str]:
        urls, ends = self._urls(body["url"]), f"{body['id']}-{end}"
        whole = [{**one, "id": f"{one['id']}-{ends}"[:64]} for one in (body, *_family(body["url"]))]
        return [renamed(json.dumps(one), urls, ends) for one in whole]

    def missed(self, mutant: Mutant, number: int) -> bool:
        """Whether a planted fault misses what the mutant lacks."""
        url = mutant.body["url"]
        of = _mentioning(url)
        return any(
            self._found(which, mutant, AS_IT_IS) and not self._found(which, mutant, str(number))
            for which in _likely_first(mutant.name)
            if ALL[which][0] in of
        )

    def _found(self, which: int, mutant: Mutant, end: str) -> bool:
        url, known = mutant.body["url"], (mutant.profile, which)
        if end == AS_IT_IS and known in self._found_as_it_is:
            return self._found_as_it_is[known]
        text = renamed(_faulty(which), self._urls(url), f"{mutant.profile}-{end}")
        [issues] = self._validator.validate_many([text.encode()])
        is_found = any(one.is_error and ALL[which][2] in str(one) for one in issues)
        if end == AS_IT_IS:
            self._found_as_it_is[known] = is_found
        return is_found


def _likely_first(name: str) -> list[int]:
    """The faults, those first that speak of the element that a constraint is of, or of itself."""
    element, _, key = name.rpartition(" ")
    words = {key, re.split("[.:]", element)[-1].removesuffix("[x]")}
    return sorted(range(len(ALL)), key=lambda which: not any(one in ALL[which][2] for one in words))


@cache
def _faulty(which: int) -> str:
    profile, spoil, _ = ALL[which]
    right, wrong = planted_in(profile, spoil)
    return claiming(wrong, profiles_of(right)).decode()


def _not_found(validator: Validator) -> list[str]:
    """The faults that are not found by the profiles as they are."""
    told = validator.validate_many(_faulty(which).encode() for which in range(len(ALL)))
    return [
        f"{profile}: {named}"
        for (profile, _, named), issues in zip(ALL, told, strict=True)
        if not any(one.is_error and named in str(one) for one in issues)
    ]


def main(*profiles: str) -> int:
    """Tells of each constraint whether something misses it."""
    code = 0
    asked = [one for one in mutants() if not profiles or one.profile in profiles]
    with Validator("4.0.1", [BUILT]) as validator:
        assert _not_found(validator) == []
        trial = Trial(validator, asked)
        for number, mutant in enumerate(asked):
            missed = trial.missed(mutant, number)
            code = code if missed else 1
            told = "missed" if missed else "NOT MISSED"
            sys.stdout.write(f"{told}  {mutant.profile}  {mutant.name}\n")
            sys.stdout.flush()
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
