"""Bundles: what must not be in one is refused before anything is sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.errors import MappingError
from alliance_fhir.fhir.bundle import Change, batch, transaction
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.waves import waves

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SYSTEM = "https://clinic.example/alliance"
BUNDLES: dict[str, Callable[[Sequence[Change]], list[object]]] = {
    "transaction": lambda changes: json.loads(transaction(changes, {}, SYSTEM))["entry"],
    "batch": lambda changes: json.loads(batch(changes, {}))["entry"],
    "waves": lambda changes: waves(changes, SYSTEM)[0],
}


def score(key: str, value: int) -> Resource:
    """A score under a business key."""
    body = {
        "resourceType": "Observation",
        "identifier": [{"system": SYSTEM, "value": key}],
        "valueInteger": value,
    }
    return Resource("Observation", key, body, f"{value:032x}")


ONE, OTHER = Change(score("r-1", 1), "created"), Change(score("r-2", 2), "created")
SAME = {
    "made twice": Change(score("r-1", 3), "created"),
    "made and changed": Change(score("r-1", 3), "updated", "17", "1"),
    "the same": ONE,
}


@pytest.mark.parametrize("way", BUNDLES)
@pytest.mark.parametrize("second", SAME)
def test_two_with_one_key_are_refused(way: str, second: str) -> None:
    """Of the second some servers say that all is well and drop it, and others make both."""
    bundled = BUNDLES[way]
    assert len(bundled([ONE, OTHER])) == 2
    with pytest.raises(MappingError, match="have one key"):
        bundled([ONE, OTHER, SAME[second]])
