"""A group for servers without transactions: in waves, what is pointed to before what points to it.

The resources of a wave do not point to each other, so that they may go in any order, together in a
batch or one by one; what the waves before have made is pointed to where it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from alliance_fhir.errors import MappingError
from alliance_fhir.fhir.bundle import Change, each_once
from alliance_fhir.fhir.versions import Json


def waves(changes: Sequence[Change], system: str) -> list[list[Change]]:
    """The changes in the order in which they have to go; `system` is that of our identifiers.

    Raises MappingError where two have one key, or point to each other.
    """
    each_once(changes)
    left = {(c.resource.type, system, c.resource.key): c for c in changes}
    pointed = {key: set(_named(c.resource.body)) for key, c in left.items()}
    ordered: list[list[Change]] = []
    while left:
        free = [key for key in left if not (pointed[key] & left.keys()) - {key}]
        if not free:
            raise MappingError("resources of one group point to each other in a circle")
        ordered.append([left.pop(key) for key in free])
    return ordered


def _named(value: Any) -> Iterator[tuple[str, str, str]]:
    """Type, system and value of all that is pointed to by its identifier.

    By a walk, and not in the text as `logical.named`: what is taken back may have come from a
    server, which writes references in an order of its own.
    """
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _named(item)
    elif isinstance(value, dict):
        told = cast("Json", value)
        named = told.get("identifier")
        if isinstance(named, dict) and "type" in told and "resourceType" not in told:
            identifier = cast("Json", named)
            yield told["type"], identifier["system"], identifier["value"]
        for part in told.values():
            yield from _named(part)
