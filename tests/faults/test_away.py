"""Servers that are not reached, or go away in the middle of a sync."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from alliance_fhir.testing import Answer, Cut, Request, faults
from alliance_fhir.transport.retry import Patience

from .conftest import Little

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Outage:
    """A server that goes away at a request, after it or before, and comes back while we wait."""

    def __init__(self, clinic: Little, monkeypatch: pytest.MonkeyPatch) -> None:
        self._server = clinic.server
        self._down = ExitStack()
        self._gone = threading.Event()
        self._ending = threading.Lock()
        self.waits = 0
        self.comes_back_after: float = 1
        patience = partial(Patience, sleep=self._sleep)
        monkeypatch.setattr("alliance_fhir.transport.client.Patience", patience)

    def at(self, fits: Callable[[Request], bool], *, done: bool) -> None:
        """It goes away at the next request that fits, after that was `done` or before."""

        def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
            if not fits(request):
                return proceed()
            self._server.between = lambda request, proceed: proceed()
            if done:
                proceed()
            self.begin()
            raise Cut

        self._server.between = between

    def begin(self) -> None:
        """It goes away."""
        self._down.enter_context(self._server.away())
        self._gone.set()

    def end(self) -> None:
        """It is back, for every lane that waits."""
        with self._ending:
            self._down.close()

    def _sleep(self, seconds: float) -> None:
        self.waits += 1
        self._gone.wait(5)  # the connection ends before all of the server is gone
        if self.waits >= self.comes_back_after:
            self.end()


@pytest.fixture
def outage(clinic: Little, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outage]:
    """An outage that ends with the test at the latest."""
    outage = Outage(clinic, monkeypatch)
    yield outage
    outage.end()


def test_a_server_that_is_away_is_told_after_patience(clinic: Little, naps: list[float]) -> None:
    with clinic.server.away():
        ran = clinic.sync()
    assert (ran.code, clinic.server.requests) == (11, [])
    assert "not reached (ConnectError)" in ran.json["stopped"]
    assert len(naps) == 5
    assert not clinic.ledger.exists()
    clinic.whole()


@contextmanager
def timing_out(after: float) -> Iterator[None]:
    """Nothing is waited for longer than so many seconds."""
    with pytest.MonkeyPatch.context() as patch:
        brief = partial(httpx.Timeout, after)
        patch.setattr("alliance_fhir.transport.connection.httpx.Timeout", lambda *_, **__: brief())
        yield


@contextmanager
def deaf(url: str) -> Iterator[None]:
    """At this address somebody listens and takes no connection: they time out."""
    with ExitStack() as open_, socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        address = ("127.0.0.1", urlsplit(url).port or 0)
        listening.bind(address)
        listening.listen(0)
        for _ in range(4):  # more than it lets wait
            waiting = open_.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(address)
        yield


def test_a_timeout_before_sending_is_told_after_patience(clinic: Little, naps: list[float]) -> None:
    with clinic.server.away(), deaf(clinic.url), timing_out(0.05):
        ran = clinic.sync()
    assert (ran.code, len(naps)) == (11, 5)
    assert "not reached (ConnectTimeout)" in ran.json["stopped"]
    clinic.whole()


@pytest.mark.parametrize("done", [True, False], ids=["done", "not-done"])
def test_a_server_that_is_killed_and_started_again_in_the_middle(
    clinic: Little, outage: Outage, *, done: bool
) -> None:
    """It is back before our patience is at its end: the run itself goes on."""
    outage.at(lambda request: len(clinic.server.writes) > 4, done=done)
    outage.comes_back_after = 3
    ran = clinic.sync()
    assert (ran.code, ran.json["resources"]["not_sent"]) == (0, 0), ran.out + ran.err
    assert outage.waits >= 3
    clinic.whole()


def test_a_server_that_stays_away_is_caught_up_with(clinic: Little, outage: Outage) -> None:
    outage.at(lambda request: len(clinic.server.writes) > 4, done=True)
    outage.comes_back_after = float("inf")
    ran = clinic.sync()
    told = ran.json["resources"]
    assert ran.code == 11
    assert 0 < told["created"] < told["created"] + told["not_sent"]
    outage.end()
    clinic.whole()


def test_a_reply_that_takes_too_long_is_looked_up(clinic: Little) -> None:
    late = clinic.arm(faults.slow(pause=0.5, piece=64).nth(4))
    with timing_out(0.3):
        assert clinic.sync().code == 0
    assert late.hits == 1
    clinic.whole()


def test_bytes_that_come_slowly_are_waited_for(clinic: Little) -> None:
    slow = clinic.arm(faults.slow(pause=0.002, piece=512).first(6))
    assert clinic.sync().code == 0
    assert slow.hits == 6
    assert len(clinic.server.writes) == 2 + len(clinic.rows)  # nothing was sent twice
    clinic.whole()
