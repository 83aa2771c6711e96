"""What US Core, MCC, PCO and SDC must have of our resources, and which of it ours have.

`guides.toml` holds what the guides say; what ours have is seen from what the mapping makes of the
example plans, of plans that say as little as a plan can, and of the example clinic. The tables of
docs/reference/plans-and-guides.md and ratings-and-guides.md are held against both.
"""

from __future__ import annotations

import json
import tomllib
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast, get_args

from alliance_fhir.domain.plan.document import Kind
from alliance_fhir.fhir.plan.signoff import sign_offs
from plans.fhir.making import JONES, R4, SITE, example, mapped, plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from alliance_fhir.domain.plan.document import SharedPlan

Json = dict[str, Any]

FACTS: Json = tomllib.loads((Path(__file__).parent / "guides.toml").read_text(encoding="utf-8"))
LATEST = {"mcc": "1.0.0", "pco": "0.2.0", "sdc": "4.0.0-ballot"}
PLANS, RATINGS = "plans-and-guides.md", "ratings-and-guides.md"
COLUMNS = {PLANS: ("mcc", "pco"), RATINGS: ("sdc", "pco")}
"""The guides beside US Core whose marks a page has, in the order of its columns."""
ROOT = Path(__file__).parents[2]
CORE = ("6.1.0", "7.0.0", "8.0.0", "9.0.0")
MET, SAID, NOT = "met", "where said", "not"


class Row(NamedTuple):
    """An element, what each guide says of it, and whether ours have it: the first five cells."""

    element: str
    core: str
    second: str
    third: str
    ours: str


# --- what the guides say --------------------------------------------------------------------------


def marks(profile: str, version: str) -> dict[str, str]:
    """The marks of a profile's elements, with those of what it is like; in their order."""
    own = dict(FACTS[profile][version])
    like = own.pop("like", "")
    whole = {**(marks(*like.split(" ")) if like else {}), **own}
    return {element: mark for element, mark in whole.items() if mark}


def page_of(table: Mapping[str, str]) -> str:
    """The page that a table stands on."""
    return table.get("page", PLANS)


def rows(table: Mapping[str, str]) -> list[Row]:
    """The rows of a table, in the order in which the guides name the elements."""
    core = {v: marks(table["core"], v) if "core" in table else {} for v in CORE}
    second, third = (
        marks(table[guide], LATEST[guide]) if guide in table else {}
        for guide in COLUMNS[page_of(table)]
    )
    named = dict.fromkeys(e for told in (*core.values(), second, third) for e in told)
    kind = table["title"]
    return [
        Row(
            element,
            _over_versions([core[version].get(element, "") for version in CORE]),
            second.get(element, ""),
            third.get(element, ""),
            state(kind, element),
        )
        for element in _in_order(named)
    ]


def _in_order(named: Mapping[str, object]) -> list[str]:
    """Parts of an element, and slices, after it, whoever named them."""
    order = {element: place for place, element in enumerate(named)}

    def place(element: str) -> list[tuple[int, str]]:
        names = element.split(".")
        path: list[tuple[int, str]] = []
        for depth, name in enumerate(names, 1):
            whole, plain = ".".join(names[:depth]), name.partition(":")[0]
            parent = ".".join([*names[: depth - 1], plain])
            path.append((order.get(parent, order.get(whole, len(order))), plain))
            path.append((order.get(whole, 0) if ":" in name else -1, name))
        return path

    return sorted(named, key=place)


def _over_versions(told: list[str]) -> str:
    """`1 S to 7, S in 8`: what has changed from one version to another."""
    runs: list[str] = []
    start = 0
    for mark, run in groupby(told):
        end = start + len([*run])
        first, last = CORE[start][0], CORE[end - 1][0]
        if mark:
            when = "" if (start, end) == (0, len(told)) else f" in {first}"
            if when and start == 0:
                when = f" to {last}"
            elif when and end == len(told):
                when = f" from {first}"
            runs.append(mark + when)
        start = end
    return ", ".join(runs)


# --- what ours have -------------------------------------------------------------------------------


def state(kind: str, element: str) -> str:
    """Whether all of ours have the element wherever its parent is, some, or none."""
    type_, path = kind.partition(":")[0], element.split(".")
    there = [[*_has(type_, body, path)] for body in ours()[kind]]
    if all(told and all(told) for told in there):
        return MET
    return SAID if any(map(any, there)) else NOT


def _has(type_: str, value: Json, path: list[str]) -> Iterator[bool]:
    """For each occurrence of the parent of a path's last element, whether it has it; of what has
    no such parent nothing is told."""
    name, _, piece = path[0].partition(":")
    found = [*_values(value, name)]
    if piece:
        found = [one for one in found if _is(FACTS["slices"][f"{type_}.{path[0]}"], one)]
    if len(path) == 1:
        yield bool(found)
        return
    for one in found:
        yield from _has(type_, one, path[1:])
        if name == "item":  # what is said of an item is said of the items in it
            yield from _has(type_, one, path)


def _values(value: Json, name: str) -> Iterator[Any]:
    """The values of an element; of a primitive what it has beside it, its extensions."""
    plain, choice = name.removesuffix("[x]"), name.endswith("[x]")
    for key, told in value.items():
        if key == plain or (choice and key.startswith(plain) and key[len(plain)].isupper()):
            for one in told if isinstance(told, list) else [told]:
                yield one if isinstance(one, dict) else value.get(f"_{key}", {})


def _is(piece: Json, value: Json) -> bool:
    if "url" in piece:
        return bool(value["url"] == piece["url"])
    if "type" in piece:
        return bool(value.get("type") == piece["type"])
    parts = [*_values(value, piece["at"])] if "at" in piece else [value]
    codings = [coding for part in parts for coding in part.get("coding", [])]
    told = {f"{coding['system']}|{code}" for coding in codings for code in ("", coding["code"])}
    return not told.isdisjoint(piece["codes"])


@cache
def ours() -> dict[str, list[Json]]:
    """What comes of all plans and of the example clinic, by the tables that it belongs to."""
    found: dict[str, list[Json]] = {table["title"]: [] for table in FACTS["table"]}
    for title, body in _of_ratings():
        found[title].append(body)
    for key, body in _resources():
        kind = body["resourceType"]
        if kind == "Observation":
            kind += f": {_about(key, body)}"
        found.setdefault(kind, []).append(body)
    return found


def _about(key: str, body: Json) -> str:
    if "-barrier-" in key:
        return "barriers"
    if "-preference-" in key:
        treatment = body["code"]["coding"][0]["code"] == "75773-2"
        return f"preferences about {'treatment' if treatment else 'care'}"
    return "adherence" if "-adherence-" in key else "satisfaction and doubts"


def _of_ratings() -> Iterator[tuple[str, Json]]:
    """The golden files of the example clinic, and the forms of all instruments."""
    for file in sorted((ROOT / "examples" / "clinic" / "expected" / "r4").glob("*.ndjson")):
        for body in map(json.loads, file.read_bytes().splitlines()):
            yield _of_rating(body), body
    for file in sorted((ROOT / "profiles" / "r4").glob("Questionnaire-*.json")):
        body = json.loads(file.read_bytes())
        if "code" in body:  # those of plans have none
            yield "Questionnaire: of an instrument", body


def _of_rating(body: Json) -> str:
    kind = body["resourceType"]
    if kind == "Observation":
        return f"Observation: {'panel' if 'hasMember' in body else 'score'}"
    return f"{kind}: of {'what was written' if kind == 'Provenance' else 'a rating'}"


def _resources() -> Iterator[tuple[str, Json]]:
    examples = [*(JONES[:number] for number in range(1, len(JONES) + 1)), ("adolescent-1",)]
    for versions in [*(example(*names) for names in examples), *([one] for one in sparse())]:
        for one in [*mapped(versions), *sign_offs(versions, R4, SITE)]:
            yield one.key, cast("Json", json.loads(one.json()))


def sparse() -> list[SharedPlan]:
    """Plans that say as little as they can: nothing at all, nothing of what they name."""
    tasks = [{"task": kind, "kind": kind, "text": "x"} for kind in get_args(Kind)]
    said = {"taken_as_agreed": 1, "of_days": 7, "said_by": "patient"}
    review = {
        "on": "2026-03-09",
        "satisfaction": {"plan": 1},
        "doubts": {"treatment": "none"},
        "adherence": {"medication": said},
    }
    bare = {"goals": [{"goal": "g", "text": "x"}], "tasks": tasks, "reviews": [review]}
    agreed = {"agreement": [{"party": "patient", "status": "agree", "on": "2026-03-02"}]}
    return [
        plan(),
        plan(**bare, barriers=[{"text": "x"}]),
        plan(goals=[{"goal": "g", "text": "x", **agreed}]),
    ]
