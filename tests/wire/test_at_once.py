"""At a time: no more requests than lanes, and of each patient one, in the order of the rows."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pytest

from contract.clinic import Row, patient

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.testing import Answer, Request

    from .conftest import Syncing

PATIENTS = [f"{2000 + n}" for n in range(5)]
ROWS = [
    Row(f"r-{n:02}", PATIENTS[n * n % 5], completed_at=f"2026-03-{n + 1:02}") for n in range(25)
]


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_so_many_requests_and_each_patient_s_in_the_order_of_the_rows(
    clinic: Syncing, lanes: int
) -> None:
    clinic.write(*ROWS)
    for one in PATIENTS:
        clinic.little.put(**patient(one))
    lock = threading.Lock()
    under_way, most = 0, Counter[str]()
    days: defaultdict[str, list[str]] = defaultdict(list)

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        nonlocal under_way
        with lock:
            under_way += 1
            most["requests"] = max(most["requests"], under_way)
            for whose, day in records(request):
                days[whose].append(day)
        time.sleep(0.005)  # so that whoever may, comes meanwhile
        try:
            return proceed()
        finally:
            with lock:
                under_way -= 1

    clinic.little.between = between
    ran = clinic.run(
        *("sync", clinic.folder, "--to", clinic.little.url, "--ledger", clinic.ledger),
        *("--json", "--lanes", lanes),
    )
    assert ran.code == 0
    assert most["requests"] == lanes
    assert sum(map(len, days.values())) == len(ROWS)
    assert {whose: sorted(some) for whose, some in days.items()} == days


def records(request: Request) -> list[tuple[str, str]]:
    """The patient and day of a transaction's record."""
    told = request.body.decode()
    if request.path or '"QuestionnaireResponse"' not in told:
        return []
    whose = re.search(r'"Patient/(\d+)"|"value":"(200\d)"', told)
    day = re.search(r'"authored":"([^"]+)"', told)
    return [(whose[1] or whose[2], day[1])] if whose and day else []
