"""At a time: no more requests than lanes, and of each patient one, in the order of the rows; all of
them no quicker than the rate."""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.transport.retry import Patience
from contract.clinic import Row, patient

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.testing import Answer, Request
    from conftest import Ran

    from .conftest import Syncing

PATIENTS = [f"{2000 + n}" for n in range(5)]
ROWS = [
    Row(f"r-{n:02}", PATIENTS[n * n % 5], completed_at=f"2026-03-{n + 1:02}") for n in range(25)
]


class Seen:
    """What a server sees of our requests: when each came, how many at a time, of whom."""

    def __init__(self) -> None:
        self.moments: list[float] = []
        self.most = 0
        self.days: defaultdict[str, list[str]] = defaultdict(list)
        self._under_way = 0
        self._lock = threading.Lock()

    def between(self, request: Request, proceed: Callable[[], Answer]) -> Answer:
        with self._lock:
            self.moments.append(time.monotonic())
            self._under_way += 1
            self.most = max(self.most, self._under_way)
            for whose, day in records(request):
                self.days[whose].append(day)
        time.sleep(0.005)  # so that whoever may, comes meanwhile
        try:
            return proceed()
        finally:
            with self._lock:
                self._under_way -= 1

    def in_order(self) -> None:
        """Every record came, each patient's in the order of the rows."""
        assert sum(map(len, self.days.values())) == len(ROWS)
        assert {whose: sorted(some) for whose, some in self.days.items()} == self.days


@pytest.fixture
def seen(clinic: Syncing) -> Seen:
    """That clinic's server with all these people, and what it sees of a sync of all these rows."""
    clinic.write(*ROWS)
    for one in PATIENTS:
        clinic.little.put(**patient(one))
    made = Seen()
    clinic.little.between = made.between
    return made


def sync(clinic: Syncing, *words: object) -> Ran:
    """`alliance-fhir sync` with these options and no others that matter here."""
    to = ("--to", clinic.little.url, "--ledger", clinic.ledger, "--json")
    return clinic.run("sync", clinic.folder, *to, *words)


@pytest.mark.parametrize(
    ("words", "lanes"),
    [(("--lanes", 1), 1), (("--lanes", 2), 2), (("--lanes", 3), 3), ((), 2)],
    ids=["1", "2", "3", "unsaid"],
)
def test_so_many_requests_and_each_patient_s_in_the_order_of_the_rows(
    clinic: Syncing, seen: Seen, words: tuple[object, ...], lanes: int
) -> None:
    assert sync(clinic, *words).code == 0
    assert seen.most == lanes
    seen.in_order()


def test_all_lanes_together_keep_to_the_rate(
    clinic: Syncing, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alliance_fhir.transport.client.Patience", Patience)  # it waits, here
    assert sync(clinic, "--rate", "20/s", "--lanes", 4).code == 0
    gaps = len(seen.moments) - 1
    assert gaps > len(ROWS)
    late = 1  # the first may have been on its way for longer than the last: one gap at most
    assert seen.moments[-1] - seen.moments[0] >= (gaps - late) / 20
    seen.in_order()


def records(request: Request) -> list[tuple[str, str]]:
    """The patient and day of a transaction's record."""
    told = request.body.decode()
    if request.path or '"QuestionnaireResponse"' not in told:
        return []
    whose = re.search(r'"Patient/(\d+)"|"value":"(200\d)"', told)
    day = re.search(r'"authored":"([^"]+)"', told)
    return [(whose[1] or whose[2], day[1])] if whose and day else []
