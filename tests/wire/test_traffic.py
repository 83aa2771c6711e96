"""How many requests a run sent, how they were answered, and how fast: in `--json`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from alliance_fhir.testing import Answer, Cut, Request
from alliance_fhir.transport.traffic import Traffic

from .conftest import FIRST, Syncing, of_group


def test_every_request_is_counted_by_its_answer(clinic: Syncing) -> None:
    seen: Counter[str] = Counter()
    faults = [Answer(503, b""), Cut]

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        fault = faults.pop() if faults and of_group(request, FIRST) else None
        if fault is Cut:
            seen["none"] += 1
            raise Cut
        answer = fault if isinstance(fault, Answer) else proceed()
        seen[str(answer.status)] += 1
        if request.is_search and seen["slow"] == 0:
            seen["slow"] += 1
            time.sleep(0.3)
        return answer

    clinic.little.between = between
    ran = clinic.sync()
    assert ran.code == 0
    told = ran.json["requests"]
    times = told.pop("milliseconds")
    unanswered = seen.pop("none")
    del seen["slow"]
    assert told == {
        "sent": seen.total() + unanswered,
        "answered": dict(seen),
        "unanswered": unanswered,
    }
    assert (unanswered, seen["503"]) == (1, 1)
    assert list(times) == ["p50", "p90", "p95", "p99", "max"]
    assert sorted(times.values()) == list(times.values())
    assert times["max"] >= 300 > times["p50"]


def test_where_nothing_was_sent_there_is_nothing_to_tell(clinic: Syncing) -> None:
    ran = clinic.run("check", clinic.folder, "--json")
    assert "requests" not in ran.json


def test_percentiles_are_the_nearest_ranks() -> None:
    """Of 1 to 200 ms each once, 50 of a hundred did not take longer than 100 ms, and so on."""
    traffic = Traffic()
    for milliseconds in range(200, 0, -1):
        traffic.answered(200, milliseconds / 1000)
    ranks = {"p50": 100, "p90": 180, "p95": 190, "p99": 198, "max": 200}
    assert traffic.taken()["milliseconds"] == ranks
    assert traffic.taken() == {}
