"""Servers that have no time now: 429, 502, 503, 504, of requests and of entries."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.testing import Answer, FhirServer, Request, faults
from alliance_fhir.testing.messages import parsed
from contract.clinic import patient, write_rows

from .conftest import PATIENTS, ROWS, TOML, Clinic, Little

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran

LONGEST = 60


def in_seconds(seconds: int) -> int:
    """The first form of Retry-After."""
    return seconds


def as_a_date(seconds: int) -> datetime:
    """The second."""
    return datetime.now(UTC) + timedelta(seconds=seconds)


BOTH_FORMS = pytest.mark.parametrize("form", [in_seconds, as_a_date])


@BOTH_FORMS
@pytest.mark.parametrize("status", [429, 503])
def test_who_is_asked_to_wait_waits_as_long(
    clinic: Little, naps: list[float], status: int, form: Callable[[int], Any]
) -> None:
    told = clinic.arm(faults.throttled(status, form(20)).nth(9))
    assert clinic.sync().code == 0
    assert told.hits == 1
    assert 18 < max(naps) <= 20
    clinic.whole()


@BOTH_FORMS
def test_nobody_waits_for_hours(
    clinic: Little, naps: list[float], form: Callable[[int], Any]
) -> None:
    clinic.arm(faults.throttled(429, form(7200)).nth(9))
    assert clinic.sync().code == 0
    assert max(naps) == LONGEST
    clinic.whole()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_patience_has_an_end(clinic: Little, status: int) -> None:
    never = faults.answers(status, "transient").where(faults.is_bundle())
    clinic.arm(never.always())
    ran = clinic.sync()
    assert ran.code == 11
    assert f"answered {status}" in ran.json["stopped"]
    assert ran.json["resources"]["not_sent"] > 0
    assert len(clinic.server.writes) <= 6 * clinic.lanes
    clinic.whole()


@pytest.mark.parametrize("done", [True, False], ids=["done", "not-done"])
@pytest.mark.parametrize("status", [502, 504])
def test_what_a_gateway_lost_is_looked_up_and_sent_again_only_if_absent(
    clinic: Little, status: int, *, done: bool
) -> None:
    lost = [Answer(status, b"<html>Bad Gateway</html>", {"Content-Type": "text/html"})]
    one_lane = threading.Lock()

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        with one_lane:
            due = request.is_write and len(clinic.server.writes) >= 5
            answer = lost.pop() if due and lost else None
        if answer is None:
            return proceed()
        return answer if not done else (proceed(), answer)[1]

    clinic.server.between = between
    assert clinic.sync().code == 0
    assert lost == []
    assert len(clinic.server.writes) == 2 + len(ROWS) + (not done)
    clinic.whole()


@pytest.mark.parametrize("lanes", [1])
@pytest.mark.parametrize("status", ["429 Too Many Requests", "429", "503 Service Unavailable"])
def test_of_a_batch_only_what_was_put_off_is_sent_again(
    opened: Callable[..., Little], status: str
) -> None:
    clinic = opened(lacks={"transactions"})
    put_off = clinic.arm(faults.throttled_entries(1, 3, status=status).nth(2))
    assert clinic.sync().code == 0
    assert put_off.hits == 1
    sizes = sorted(len(batch["entry"]) for batch in batches(clinic.server))
    assert sizes == sorted([5 - 1] * len(ROWS) + [2])  # the scores of each row; then these two
    sent = [
        entry["request"]["ifNoneExist"]
        for batch in batches(clinic.server)
        for entry in batch["entry"]
    ]
    assert len(sent) - len(set(sent)) == 2
    asked = [len(parsed(r.body)["entry"]) if not r.path else 0 for r in clinic.server.requests]
    assert asked[asked.index(2) - 1] == 4  # they were put off: there is nothing to be looked up
    clinic.whole()


def batches(server: FhirServer) -> list[dict[str, Any]]:
    """The batches that came in."""
    return [parsed(r.body) for r in server.writes if faults.is_bundle("batch")(r)]


# --- in real time


class Timed:
    """When each request came, and when the server asked to wait."""

    def __init__(self, server: FhirServer, at_write: int, answer: Callable[[], Answer]) -> None:
        self.came: list[float] = []
        self.asked = 0.0
        self._lock = threading.Lock()
        self._at, self._answer = at_write, answer
        self._writes = 0
        server.between = self._between

    def _between(self, request: Request, proceed: Callable[[], Answer]) -> Answer:
        with self._lock:
            self._writes += request.is_write
            ours = request.is_write and self._writes == self._at
            self.came.append(time.monotonic())
        if not ours:
            time.sleep(0.02)  # so that the lanes are in the middle of something
            return proceed()
        self.asked = time.monotonic()
        return self._answer()


@BOTH_FORMS
def test_no_lane_sends_while_the_server_asked_one_of_them_to_wait(
    tmp_path: Path, command: Callable[..., Ran], form: Callable[[int], Any]
) -> None:
    with FhirServer() as server:
        for value in PATIENTS:
            server.put(**patient(value))
        (tmp_path / "alliance.toml").write_text(TOML)
        write_rows(tmp_path / "assessments.csv", ROWS)
        clinic = Clinic(tmp_path, server.url, server.url, command, 4)

        def wait() -> Answer:
            throttled = faults.throttled(429, form(2)).act
            assert throttled
            return throttled(faults.Call(server, server.requests[-1], server.really))

        timed = Timed(server, 5, wait)
        assert clinic.sync().code == 0
        least = 2 if form is in_seconds else 1  # a date has whole seconds
        after = [when - timed.asked for when in timed.came if when > timed.asked]
        on_their_way = [seconds for seconds in after if seconds < 0.3]
        assert len(on_their_way) <= 4 * 2
        assert [seconds for seconds in after if 0.3 <= seconds < least - 0.01] == []
        assert len(after) - len(on_their_way) >= 3
        clinic.whole()
