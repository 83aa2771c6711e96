"""What `profiles install` is for: a real server then checks resources against our profiles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

pytestmark = pytest.mark.server

Json = dict[str, Any]
EXAMPLES = Path(__file__).parents[2] / "examples"
PROFILE = "https://alliance-fhir.github.io/ig/StructureDefinition"


def example(folder: str, type_: str, profile: str, fits: Callable[[Json], bool]) -> Json:
    """The first golden example of a kind, claiming its profile."""
    lines = (EXAMPLES / folder / "expected" / "r4" / f"{type_}.ndjson").read_bytes().splitlines()
    body = next(filter(fits, map(json.loads, lines)))
    return {**body, "meta": {**body.get("meta", {}), "profile": [f"{PROFILE}/{profile}"]}}


def validated(to: str, body: Json) -> list[str]:
    """The errors that a server tells of a resource."""
    place = f"{to}/{body['resourceType']}/$validate"
    reply = httpx.post(place, json=body, timeout=120).raise_for_status().json()
    return [one["diagnostics"] for one in reply["issue"] if one["severity"] in ("error", "fatal")]


def test_an_example_passes_and_a_fault_fails_by_the_profiles_own_rule(
    command: Callable[..., Ran], hapi_r4: str
) -> None:
    assert command("profiles", "install", "--to", hapi_r4).code == 0

    panel = example("clinic", "Observation", "alliance-panel", lambda one: "hasMember" in one)
    assert validated(hapi_r4, panel) == []
    del panel["hasMember"]
    [told] = validated(hapi_r4, panel)
    assert told.startswith("Observation.hasMember: minimum required = 1")
    assert f"{PROFILE}/alliance-panel" in told

    score = example("clinic", "Observation", "alliance-score", lambda one: "valueQuantity" in one)
    assert validated(hapi_r4, score) == []
    del score["valueQuantity"]
    [told] = validated(hapi_r4, score)
    assert "Constraint failed: score-value" in told
