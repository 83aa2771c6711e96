"""Several requests at a time, and never two for one patient."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from alliance_fhir import Settings, open_target
from alliance_fhir.targets.base import Wanted
from alliance_fhir.testing import FhirServer
from alliance_fhir.transport.pace import Pace

from .clinic import ROW, Clinic, counts, is_write
from .kinds import MEDPLUM, by_the_ledger, in_numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from .places import Place

ROWS = [
    replace(ROW, record_id=f"r-{n}", patient=f"{2000 + n % 5}", completed_at=f"2026-03-{n + 1:02}")
    for n in range(20)
]


@in_numbers
@pytest.mark.parametrize("lanes", [1, 3, 8])
def test_any_number_of_lanes_gives_the_same(clinic: Clinic, lanes: int) -> None:
    the_same(clinic, lanes)


@pytest.mark.parametrize("place_kind", [MEDPLUM])
def test_many_lanes_give_the_same_at_medplum(clinic: Clinic) -> None:
    the_same(clinic, 8)


def the_same(clinic: Clinic, lanes: int) -> None:
    """All records arrive, once, in so many lanes."""
    clinic.write(*ROWS)
    result = clinic.sync(lanes=lanes, create_people=clinic.place.people)
    assert result.exit_code == 0
    people = 5 if clinic.place.people else 0
    assert counts(result) == {"created": 2 + people + 7 * len(ROWS)}
    assert [f.row for f in result.tally.blocked] == []
    assert clinic.verified() == 2 + people + 7 * len(ROWS)
    assert counts(clinic.sync(lanes=lanes, create_people=clinic.place.people)) == {
        "unchanged": 2 + 6 * len(ROWS)
    }


@by_the_ledger
def test_no_two_requests_for_one_patient_are_under_way(server: Place, clinic: Clinic) -> None:
    clinic.write(*ROWS)
    clinic.register(*{row.patient for row in ROWS})
    under_way = Counter[str]()
    most = Counter[str]()
    lock = threading.Lock()

    def who(request: httpx.Request) -> str:
        body = request.content.decode()
        return next((row.patient for row in ROWS if f'"value":"{row.patient}"' in body), "")

    def before(request: httpx.Request) -> None:
        if is_write(request):
            with lock:
                under_way[who(request)] += 1
                most[who(request)] = max(most[who(request)], under_way[who(request)])
                most["in all"] = max(most["in all"], under_way.total())
            time.sleep(0.01)

    def after(request: httpx.Request) -> None:
        if is_write(request):
            with lock:
                under_way[who(request)] -= 1

    clinic.wire.before, clinic.wire.after = before, after
    assert clinic.sync_alone(lanes=4).exit_code == 0
    assert {most[row.patient] for row in ROWS} == {1}
    assert most["in all"] > 1
    clinic.wire.calm()
    clinic.verified()


@by_the_ledger
def test_what_is_told_is_in_the_order_of_the_rows(server: Place, clinic: Clinic) -> None:
    clinic.write(*ROWS)  # nobody is registered
    result = clinic.sync(lanes=4)
    assert [finding.row for finding in result.tally.blocked] == list(range(2, len(ROWS) + 2))


class Clock:
    """A clock that moves when somebody sleeps, and notes who slept how long."""

    def __init__(self) -> None:
        self.now = 0.0
        self.naps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds

    def __call__(self) -> float:
        return self.now


def test_all_wait_when_one_is_asked_to() -> None:
    clock = Clock()
    pace = Pace(sleep=clock.sleep, clock=clock)
    pace.hold(7)
    pace.wait()  # who was asked waits by itself
    assert clock.naps == []
    elsewhere(pace.wait)
    assert clock.naps == [7]
    elsewhere(pace.wait)
    assert clock.naps == [7]


def elsewhere(do: Callable[[], None]) -> None:
    """Does it in another thread."""
    thread = threading.Thread(target=do)
    thread.start()
    thread.join()


def test_a_rate_is_for_all_together() -> None:
    clock = Clock()
    pace = Pace(4, sleep=clock.sleep, clock=clock)
    for _ in range(3):
        pace.wait()
        elsewhere(pace.wait)
    assert clock.now == pytest.approx(5 / 4)


def test_a_rate_may_be_slower_than_any_clock_goes() -> None:
    clock = Clock()
    pace = Pace(1e-320, sleep=clock.sleep, clock=clock)
    pace.wait()
    pace.wait()
    assert clock.naps == [threading.TIMEOUT_MAX]


def test_a_run_that_is_broken_off_waits_no_longer() -> None:
    pace = Pace()
    began = time.monotonic()
    threading.Timer(0.05, pace.end).start()
    pace.sleep(60)
    assert time.monotonic() - began < 30
    assert pace.ended


@pytest.mark.parametrize("rate", ["x", "-1", "0", "nan", "inf", "5/m"])
def test_a_rate_that_is_none(rate: str, request: pytest.FixtureRequest) -> None:
    ran = request.getfixturevalue("command")("plan", "x.csv", "--to", "here", "--rate", rate)
    assert (ran.code, "--rate takes a number" in ran.err) == (2, True)


def test_a_rate_holds_for_all_requests_to_a_target() -> None:
    settings = Settings(source="clinic-east")
    with FhirServer() as server:
        began = time.monotonic()
        target = open_target(server.url, settings, rate=20)
        with closing(target):
            for _ in range(5):
                target.find([Wanted("Observation", "none")])
        assert len(server.requests) == 6
        assert time.monotonic() - began >= 5 / 20
