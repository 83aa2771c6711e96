"""The tight JSON Schema of the run-time check, made of profiles.

made = tight_schema(profiles, "r4")     the schema, and what of the profiles is not in it

Each profile of a resource is a closed object of the elements that it marks as must-support: what we
write. Of data types that is what the profiles in profiles/input/written say; some there say besides
what we write of a resource and nobody else has to, and then stand in the place of the profile.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from shorthand import Build

from .definitions import Definitions, packages
from .objects import Schemas
from .shapes import Shapes

Json = dict[str, Any]
WRITTEN = "written-"
"""How the ids begin of what is not published and says what we write."""
_OF_PLANS = ("plan-", "shared-", "agreed-", "written-plan")
"""How the ids begin of profiles of what comes of shared plans: these are told apart from the rest,
since the check knows which of them a resource is of."""

_MOST = ("written-score",)
"""Of what there is most, of several profiles of a type: these are tried first."""


class Made(NamedTuple):
    """The schema, and what is not in it: the element, and what of it."""

    schema: Json
    left_out: list[str]


def tight_schema(built: Iterable[Json], build: Build) -> Made:
    """Of all definitions of ours, profiles and extensions with their snapshots."""
    ours = [*built]
    structures = [one for one in ours if one["resourceType"] == "StructureDefinition"]
    types = [one for one in structures if one["kind"] != "resource" and one["type"] != "Extension"]
    written = {one["type"]: one for one in types}
    made = Schemas(Shapes(Definitions(ours, packages(build)), written))
    profiles = _most_special(structures)
    for one in profiles:
        made.add(_sealed(one))
    choices: defaultdict[str, list[Json]] = defaultdict(list)
    for one in sorted(profiles, key=lambda one: one["id"] not in _MOST):
        kind = "plans" if one["id"].startswith(_OF_PLANS) else "rest"
        choices[f"{kind}.{one['type']}"].append({"$ref": f"#/$defs/{one['id']}"})
    told = made.defs | {name: {"anyOf": listed} for name, listed in choices.items()}
    return Made(_HEAD | {"$id": f"{_HEAD['$id']}{build}.json", "$defs": told}, made.left_out)


def _sealed(profile: Json) -> Json:
    """With the digest of its content, which we always write."""
    elements = [
        {**one, "min": 1} if one["id"] == f"{profile['type']}.extension:digest" else one
        for one in profile["snapshot"]["element"]
    ]
    return {**profile, "snapshot": {**profile["snapshot"], "element": elements}}


def schema_text(schema: Json) -> bytes:
    """As it stands in its file: a line for each definition, so that a change of one is seen."""
    head = {key: value for key, value in schema.items() if key != "$defs"}
    lines = [f"{_json(name)}:{_json(told)}" for name, told in sorted(schema["$defs"].items())]
    listed = ",\n".join(lines)
    return f'{_json(head)[:-1]},"$defs":{{\n{listed}\n}}}}\n'.encode()


def _json(told: Any) -> str:
    return json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _most_special(structures: Iterable[Json]) -> list[Json]:
    """The profiles of resources, one for each thing: where we write less than a profile allows,
    what we write; and a profile for all of a thing, not those for some of it."""
    all_ = [one for one in structures if one["kind"] == "resource"]
    replaced = {one["baseDefinition"] for one in all_ if one["id"].startswith(WRITTEN)}
    whole = {one["url"] for one in all_ if not one.get("abstract")}
    return [
        one
        for one in all_
        if one["url"] in whole - replaced
        and (one["id"].startswith(WRITTEN) or one["baseDefinition"] not in whole)
    ]


_HEAD = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "https://alliance-fhir.github.io/ig/schema/",
    "title": "What alliance-fhir writes, and nothing more",
    "$comment": "Made of the profiles by `make profiles`. `rest.<type>` is what a resource of a"
    " type has to fit, `plans.<type>` what it has to where it comes of a shared plan.",
}
