"""The conditions of which invariants are made, and what literals are in JSON."""

from __future__ import annotations

import re

from .fhirpath import Binary, Call, Expression, Literal, Unknown
from .logic import Schema
from .trees import Node


def fits(key: str, holds: Schema) -> Schema:
    """Of what is there in any case."""
    return True if holds is True else {"properties": {key: holds}}


def has(key: str, holds: Schema) -> Schema:
    """That something is there, and what holds of it."""
    return {"required": [key]} | ({} if holds is True else {"properties": {key: holds}})


def bounded(schema: Schema, least: int, most: int | None) -> Schema:
    """With bounds on what the array contains."""
    match schema:
        case {"required": [name], "properties": told}:
            return {"required": [name], "properties": {name: bounded(told[name], least, most)}}
        case {"properties": told, **rest} if not rest and len(told) == 1:
            return {"properties": {name: bounded(one, least, most) for name, one in told.items()}}
        case {"required": [name]}:
            return {"required": [name], "properties": {name: sized(least, most)}}
        case {"contains": told}:
            return {"contains": told, "minContains": least} | (
                {} if most is None else {"maxContains": most}
            )
        case _:
            raise Unknown("count() of one or another")


def sized(least: int, most: int | None) -> Schema:
    return {"minItems": least} | ({} if most is None else {"maxItems": most})


def is_boolean(told: Expression) -> bool:
    """Whether it is true or false, by the last that is done in it."""
    match told:
        case Binary(operator, _, _):
            return operator not in ("|", "as")
        case Call(_, name, _):
            return name in ("exists", "empty", "not", "hasValue", "all", "matches", "startsWith")
        case _:
            return False


def is_of(node: Node, name: str) -> bool:
    """Whether an element is of this type."""
    return any(one["code"] == name for one in node.types)


def choices(told: Expression) -> list[object]:
    """The literals of a union. Raises Unknown."""
    match told:
        case Binary("|", left, right):
            return [*choices(left), *choices(right)]
        case Literal(value):
            return [plain(value)]
        case _:
            raise Unknown("`in` other than literals")


def plain(value: object) -> object:
    """As JSON has it."""
    return float(str(value)) if not isinstance(value, str | int) else value


def pattern(name: str, text: str) -> str:
    """The regular expression of a function of strings."""
    match name:
        case "matches":
            return text
        case "startsWith":
            return f"^{re.escape(text)}"
        case "endsWith":
            return f"{re.escape(text)}$"
        case _:
            return re.escape(text)
