"""A target that takes no Tasks has the visits without them, and that is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.testing import Answer, FhirServer, Request, outcome
from command.tables import GOOD, write

from .rows import site, visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

MISSED = visit(1, status="no-show")
PATIENT = [{"system": "urn:example:mrn", "value": GOOD}]
RUNGS = {"transactions": (), "batches": ("transactions",), "singles": ("transactions", "batches")}


@pytest.mark.parametrize("lacks", RUNGS.values(), ids=RUNGS)
def test_where_tasks_turn_out_to_be_closed_visits_go_without_them(
    lacks: tuple[Any, ...], command: Callable[..., Ran]
) -> None:
    def closed(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if request.is_write and b'"resourceType":"Task"' in request.body:
            return Answer(405, outcome("not-supported"))
        return proceed()

    site("[outreach]", "since = 2026-01-01")
    with FhirServer(lacks=frozenset(lacks)) as server:
        server.between = closed
        server.put(resourceType="Patient", identifier=PATIENT)
        words = (write("a.csv", MISSED), "--to", server.url, "--json")
        for ran in (command("sync", *words), command("sync", *words)):
            told = [(found["rule"], found["column"]) for found in ran.json["warnings"]]
            assert (ran.code, told) == (0, [("left-out", "Task")])
        there = [body["resourceType"] for body in server.everything]
    assert there == ["Patient", "Device", "Appointment", "Provenance"]
