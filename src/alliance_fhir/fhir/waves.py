"""A group for servers without transactions: in waves, what is pointed to before what points to it.

The resources of a wave do not point to each other, so that they may go in any order, together in a
batch or one by one; what the waves before have made is pointed to where it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from alliance_fhir.errors import MappingError
from alliance_fhir.fhir.bundle import Change
from alliance_fhir.fhir.logical import named


def waves(changes: Sequence[Change], system: str) -> list[list[Change]]:
    """The changes in the order in which they have to go; `system` is that of our identifiers.

    Raises MappingError where two point to each other.
    """
    left = {(c.resource.type, system, c.resource.key): c for c in changes}
    pointed = {key: set(named(c.resource.json())) for key, c in left.items()}
    ordered: list[list[Change]] = []
    while left:
        free = [key for key in left if not (pointed[key] & left.keys()) - {key}]
        if not free:
            raise MappingError("resources of one group point to each other in a circle")
        ordered.append([left.pop(key) for key in free])
    return ordered
