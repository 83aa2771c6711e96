"""JSON Schemas as conditions: and, or, not, with True and False where there is nothing to say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Schema = bool | dict[str, Any]


def both(conditions: Iterable[Schema]) -> Schema:
    """All of them."""
    listed = [one for one in conditions if one is not True]
    if any(one is False for one in listed):
        return False
    if len(listed) < 2:
        return listed[0] if listed else True
    return {"allOf": listed}


def either(conditions: Iterable[Schema]) -> Schema:
    """One of them at least."""
    listed = [one for one in conditions if one is not False]
    if any(one is True for one in listed):
        return True
    if len(listed) < 2:
        return listed[0] if listed else False
    return {"anyOf": listed}


def implies(condition: Schema, then: Schema) -> Schema:
    """The second where the first."""
    if condition is False or then is True:
        return True
    if condition is True:
        return then
    if then is False:
        return negated(condition)
    return {"if": condition, "then": then}


def same(one: Schema, other: Schema) -> Schema:
    """Both or neither."""
    if isinstance(one, bool):
        return other if one else negated(other)
    if isinstance(other, bool):
        return one if other else negated(one)
    return {"if": one, "then": other, "else": negated(other)}


def negated(schema: Schema) -> Schema:
    """Its opposite, said of the elements themselves where that can be: an error then names them."""
    if isinstance(schema, bool):
        return not schema
    match schema:
        case {"anyOf": told, **rest} if not rest:
            return both(map(negated, told))
        case {"allOf": told, **rest} if not rest:
            return either(map(negated, told))
        case {"not": told, **rest} if not rest:
            return told
        case {"required": [name], **rest} if not rest:
            return {"properties": {name: False}}
        case {"required": [name], "properties": told, **rest} if not rest and [*told] == [name]:
            return {"properties": {name: negated(told[name])}}
        case {"contains": told, **rest} if not rest:
            return {"items": negated(told)}
        case {"items": told, **rest} if not rest:
            return {"contains": negated(told)}
        case _:
            return {"not": schema}
