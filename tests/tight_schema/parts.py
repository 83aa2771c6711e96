"""The parts of schemas: objects, how often an array has something, several schemas in one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .logic import Schema
from .shapes import Json
from .trees import Node


def count(told: Schema, one: Node) -> Iterator[Schema]:
    """How often an array has what fits `told`, by the element that this is."""
    if one.least == 0 and one.most is None:
        return
    most = {} if one.most is None else {"maxContains": one.most}
    yield {"contains": told, "minContains": one.least, **most}


def closed(properties: Json, required: Sequence[str], conditions: list[Schema]) -> Json:
    """An object that has no other properties, and is not empty."""
    told: Json = {"type": "object", "additionalProperties": False, "properties": properties}
    told |= {"required": sorted(required)} if required else {"minProperties": 1}
    return told | ({"allOf": conditions} if conditions else {})


def joined(schemas: Sequence[Schema]) -> Json:
    """All of these in one object where their keywords differ."""
    told: Json = {}
    rest: list[Schema] = []
    for one in schemas:
        if one is True:
            continue
        if isinstance(one, bool) or told.keys() & one.keys():
            rest.append(one)
        elif "const" in one or "enum" in one:
            told = {key: value for key, value in told.items() if key != "$ref"} | one
        else:
            told |= one
    if rest:
        told = {**told, "allOf": [*told.get("allOf", []), *rest]}
    return told
