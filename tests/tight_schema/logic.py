"""JSON Schemas as conditions: and, or, not, with True and False where there is nothing to say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

Schema = bool | dict[str, Any]


def both(conditions: Iterable[Schema]) -> Schema:
    """All of them."""
    listed: list[dict[str, Any]] = []
    for one in conditions:
        if one is False:
            return False
        if one is not True:
            listed += one["allOf"] if [*one] == ["allOf"] else [one]
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
        case {"if": condition, "then": then, **rest} if not rest:
            return both((condition, negated(then)))
        case {**told} if told and told.keys() <= {"required", "properties"}:
            return either(_lacking(told.get("required", []), told.get("properties", {})))
        case {"contains": told, **rest} if not rest:
            return {"items": negated(told)}
        case {"items": told, **rest} if not rest:
            return {"contains": negated(told)}
        case _:
            return {"not": schema}


def _lacking(required: Iterable[str], properties: dict[str, Schema]) -> Iterator[Schema]:
    """What an object is like that lacks one of these, or has one that does not fit."""
    needed = [*required]
    for name in needed:
        yield {"properties": {name: negated(properties.get(name, True))}}
    for name, told in properties.items():
        if name not in needed:
            lacking = negated(told)
            has: dict[str, Any] = {"required": [name]}
            yield has if lacking is True else has | {"properties": {name: lacking}}
