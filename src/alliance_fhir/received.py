"""JSON that came from elsewhere: parsed strictly, and read by the shape that FHIR gives it.

Whoever reads a reply asks here for an object, a list of objects or a text, and gets that or
BadReply. An element that is absent is empty; null is not absent, as FHIR has none. No message
repeats what came.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, cast

import orjson

from alliance_fhir.errors import BadReply

Json = dict[str, Any]

_DEEPEST = 100
"""Levels of objects and lists: no resource of ours has 20, and what walks them is recursive."""
_MOST_DIGITS = 400
"""Digits of a number written out; more than any double has."""
_NO_JSON = "something that is not JSON"
_IMMENSE = "a number beyond all measure"
_BOM = b"\xef\xbb\xbf"


class Unsound(BadReply):
    """JSON that cannot be read, or only in more than one way. `rule` is what a file breaks by it,
    and `line` the one of the content in which that is seen, 0 where it is not known."""

    def __init__(self, message: str, rule: str, line: int = 0) -> None:
        super().__init__(message)
        self.rule = rule
        self.line = line


def parsed(content: bytes) -> Json:
    """A JSON object, its decimals exact.

    Raises Unsound with what it is instead, to follow the words "answered with".
    """
    try:
        # strict where json is not: UTF-8 alone, no NaN, no halves of characters, bounded depth
        orjson.loads(content := content.removeprefix(_BOM))
        body = json.loads(
            content, parse_float=_decimal, parse_int=_whole, object_pairs_hook=_object
        )
    except (ValueError, RecursionError) as error:
        deep = isinstance(error, RecursionError) or "depth limit" in str(error)  # orjson's words
        line = error.lineno if isinstance(error, json.JSONDecodeError) and not deep else 0
        raise Unsound(_NO_JSON, "too-deep" if deep else "not-json", line) from None
    if not isinstance(body, dict):
        raise Unsound("JSON that is no object", "not-a-resource")
    _shallow(body := cast("Json", body))
    return body


def once_parsed(content: bytes) -> Json:
    """The same in half the time, for what was `parsed` before it came to where it is now.

    Raises BadReply where it was changed since, and that is seen.
    """
    try:
        body = json.loads(content, parse_float=_decimal)
    except (ValueError, RecursionError):
        raise BadReply(_NO_JSON) from None
    if not isinstance(body, dict):
        raise BadReply("JSON that is no object")
    return cast("Json", body)


def part(body: Json, name: str) -> Json:
    """The object in this place, empty where there is none. Raises BadReply for anything else."""
    value: Any = body.get(name, {})
    if not isinstance(value, dict):
        raise BadReply(f"what came back is not FHIR: `{name}` is no object")
    return cast("Json", value)


def parts(body: Json, name: str) -> list[Json]:
    """The objects in this place, none where there are none. Raises BadReply for anything else."""
    return objects(body.get(name, []), name)


def objects(value: Any, name: str) -> list[Json]:
    """A list of objects, `name` being its place. Raises BadReply for anything else."""
    items = cast("list[Any]", value if isinstance(value, list) else [None])
    if not all(isinstance(item, dict) for item in items):
        raise BadReply(f"what came back is not FHIR: `{name}` is no list of objects")
    return cast("list[Json]", items)


def text(body: Json, name: str) -> str:
    """The text in this place, empty where there is none.

    A whole number counts as its digits, as some servers write ids and versions.
    """
    value: Any = body.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _object(pairs: list[tuple[str, Any]]) -> Json:
    body = dict(pairs)
    if len(body) != len(pairs):  # which of the two is meant, nobody can say
        raise Unsound("JSON that names something twice", "key-twice")
    return body


def _whole(digits: str) -> int | Decimal:
    value = int(digits)  # a ValueError for thousands of digits
    return value if -(2**63) <= value < 2**63 else _decimal(digits)


def _decimal(digits: str) -> Decimal:
    try:
        value = Decimal(digits)
    except ArithmeticError:
        raise Unsound(_IMMENSE, "not-json") from None
    _, figures, exponent = value.as_tuple()
    if len(figures) + abs(int(exponent)) > _MOST_DIGITS:
        raise Unsound(_IMMENSE, "not-json")
    return value


def _shallow(body: Json) -> None:
    """Raises BadReply for what is nested so deep that no walk through it would come back."""
    level: list[Any] = [body]
    for _ in range(_DEEPEST):
        level = [one for whole in level for one in _inner(whole)]
        if not level:
            return
    raise Unsound("JSON that is nested too deep", "too-deep")


def _inner(whole: Json | list[Any]) -> list[Any]:
    values = whole.values() if isinstance(whole, dict) else whole
    return [value for value in values if isinstance(value, (dict, list))]
