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


def example(folder: str, type_: str, fits: Callable[[Json], bool]) -> Json:
    """The first golden example of a kind; each claims its profile."""
    lines = (EXAMPLES / folder / "expected" / "r4" / f"{type_}.ndjson").read_bytes().splitlines()
    return next(filter(fits, map(json.loads, lines)))


def validated(to: str, body: Json) -> list[str]:
    """The errors that a server tells of a resource."""
    place = f"{to}/{body['resourceType']}/$validate"
    reply = httpx.post(place, json=body, timeout=120).raise_for_status().json()
    return [one["diagnostics"] for one in reply["issue"] if one["severity"] in ("error", "fatal")]


def test_an_example_passes_and_a_fault_fails_by_the_profiles_own_rule(
    command: Callable[..., Ran], new_hapi_r4: str
) -> None:
    assert command("profiles", "install", "--to", new_hapi_r4).code == 0

    missed = example("visits", "Appointment", lambda one: one["status"] == "noshow")
    assert f"{PROFILE}/no-show-appointment" in missed["meta"]["profile"]
    assert validated(new_hapi_r4, missed) == []
    told = validated(new_hapi_r4, {**missed, "status": "fulfilled"})
    assert any("Constraint failed: visit-no-show" in one for one in told), told
    assert any("Appointment.status" in one and "/no-show-appointment" in one for one in told), told

    plan = example("plans", "CarePlan", lambda one: True)
    assert plan["meta"]["profile"] == [f"{PROFILE}/shared-care-plan"]
    assert validated(new_hapi_r4, plan) == []
    bare = [one for one in plan["extension"] if not one["url"].endswith("/plan-written")]
    told = validated(new_hapi_r4, {**plan, "extension": bare})
    assert any("planWritten" in one and "/shared-care-plan" in one for one in told), told
