"""Faults planted in valid resources, for the run-time check to find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from alliance_fhir.errors import MappingError
from alliance_fhir.fhir.check import Checker
from alliance_fhir.fhir.group import Resource

if TYPE_CHECKING:
    from alliance_fhir.fhir.versions import Version

LEAK = "Jones-1001"
"""Stands in faults, and must not stand in what is said about them."""
GONE = object()


class Fault(NamedTuple):
    """A valid resource with one element changed; `where` is what the message must name."""

    kind: str
    path: tuple[str | int, ...]
    value: Any
    where: str = ""

    @property
    def named(self) -> str:
        """The element as it stands in a message."""
        return self.where or ".".join(map(str, self.path))

    @property
    def id(self) -> str:
        """The name of its test."""
        value = "gone" if self.value is GONE else str(self.value)[:24]
        return f"{self.kind} {'.'.join(map(str, self.path))} {value}"


def copied(value: Any) -> Any:
    """A copy in which nothing stands in two places: deepcopy leaves what is shared shared."""
    if isinstance(value, dict):
        return {name: copied(one) for name, one in value.items()}
    return [*map(copied, value)] if isinstance(value, list) else value


def planted(fault: Fault, whole: Resource) -> Resource:
    """The resource with the fault in it."""
    body = copied(whole.body)
    *way, last = fault.path
    parent: Any = body
    for step in way:
        parent = parent[step]
    if fault.value is GONE:
        del parent[last]
    elif last == "+":
        parent.append(fault.value)
    else:
        parent[last] = fault.value
    return Resource(whole.type, whole.key, body, whole.digest)


def refusal(wrong: Resource, version: Version, *, of_plan: bool = False) -> str:
    """What the run-time check says of a resource with a fault: never what is in it."""
    with pytest.raises(MappingError) as refused:
        Checker("schema", version).check([wrong], of_plan=of_plan)
    message = str(refused.value)
    assert LEAK not in message
    assert str(wrong.body.get("identifier")) not in message
    return message
