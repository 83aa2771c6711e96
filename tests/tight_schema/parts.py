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
    """An object that has no other properties, and is not empty. What conditions say of single
    properties in any case stands with these: that is checked faster, and names them."""
    told: Json = {"properties": properties}
    rest: list[Schema] = []
    for one in conditions:
        merged = _merged(told, one)
        told = told if merged is None else merged
        rest += [one] if merged is None else []
    told |= {"type": "object", "additionalProperties": False}
    told |= {"required": sorted(required)} if required else {"minProperties": 1}
    return told | ({"allOf": rest} if rest else {})


def _merged(schema: Schema, condition: Schema) -> Json | None:
    """Both in one; None where they speak of the same otherwise than by `properties` and `items`."""
    if isinstance(schema, bool) or isinstance(condition, bool):
        return None
    told = dict(schema)
    for key, value in condition.items():
        if key == "properties" and key in told:
            inner = {name: _merged(told[key].get(name, False), one) for name, one in value.items()}
            if None in inner.values():
                return None
            told[key] = told[key] | inner
        elif key == "items" and key in told:
            told[key] = _merged(told[key], value)
            if told[key] is None:
                return None
        elif key in told or key not in _OF_VALUES:
            return None
        else:
            told[key] = value
    return told


_OF_VALUES = {"properties", "items", "pattern", "minimum", "maximum", "minItems", "maxItems"}


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
