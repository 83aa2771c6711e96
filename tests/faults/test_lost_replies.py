"""Connections that are cut at every write of a sync in turn: nothing is lost, nothing twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alliance_fhir.testing import CuttingProxy, FhirServer
from contract.kinds import RUNGS

from .conftest import ROWS, Little, empty

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from alliance_fhir.testing.cutting_proxy import Where
    from conftest import Ran

HIGHEST: frozenset[str] = frozenset()
LADDER = {"highest": HIGHEST, "batches": RUNGS["batches"], "singles": RUNGS["singles"]}
MOMENTS: list[tuple[Where, int]] = [("before", 0), ("request", 700), ("after", 0), ("reply", 90)]
"""Of a request, 700 bytes lead into its body; of a reply, 90 do not."""
TWO = ROWS[:2]


def length(rung: str, lanes: int, moment: str) -> list[pytest.MarkDecorator]:
    """How long it takes: the more writes, the longer. With one lane the lower rungs are in
    `make test-faults`."""
    if (rung, lanes, moment) == ("highest", 4, "after"):
        return []
    return [pytest.mark.faults if rung != "highest" and lanes == 1 else pytest.mark.long]


CASES = [
    pytest.param(
        rung,
        lanes,
        moment,
        id=f"{rung}-{lanes}-{moment[0]}",
        marks=length(rung, lanes, moment[0]),
    )
    for rung in LADDER
    for lanes in (1, 4)
    for moment in MOMENTS
]


@pytest.mark.parametrize(("rung", "lanes", "where"), CASES)
def test_a_connection_that_is_cut_at_any_write(
    tmp_path: Path,
    naps: list[float],
    command: Callable[..., Ran],
    rung: str,
    lanes: int,
    where: tuple[Where, int],
) -> None:
    def fresh(server: FhirServer) -> Little:
        clinic = empty(tmp_path, server, command, lanes, TWO)
        clinic.words = ("--create-people",)
        return clinic

    with FhirServer(lacks=LADDER[rung]) as server:
        assert fresh(server).sync().code == 0
        writes = [n for n, request in enumerate(server.requests, 1) if request.is_write]
    assert len(writes) == {"highest": 6, "batches": 12, "singles": 18}[rung]
    for number in writes:
        with FhirServer(lacks=LADDER[rung]) as server, CuttingProxy(server.url) as proxy:
            clinic = fresh(server)
            clinic.url = proxy.url
            proxy.cut(*where, nth=number)
            ran = clinic.sync()
            assert (ran.code, ran.json["resources"]["not_sent"]) == (0, 0)
            assert [moment.where for moment in proxy.moments.values()] == [where[0]]
            clinic.whole()
