"""Faults, and when they happen: once, at the n-th request that fits, at the first n, always."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from alliance_fhir.testing.messages import Answer, Declined, Interaction, Request

if TYPE_CHECKING:
    from alliance_fhir.testing.server import FhirServer

Send = Callable[[Request], Answer]


@dataclass(frozen=True)
class Call:
    """A request at a faulty server; `send` has it done, or another in its stead."""

    server: FhirServer
    request: Request
    send: Send

    def proceed(self) -> Answer:
        """Has the request done as it is."""
        return self.send(self.request)


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong. It has one of these, and what is left out does nothing:

    `act` answers in the server's stead, or raises Cut; `arriving` cuts the connection while the
    body is still to be read, after which part of it; `meet` answers a single interaction, an
    entry of a bundle too; `settle_in` changes the server once, when the fault is armed.

    It happens at what `fits` (`fits_interaction` for `meet`), and by itself once.
    """

    name: str
    act: Callable[[Call], Answer] | None = None
    arriving: float | None = None
    meet: Callable[[Interaction], Answer | None] | None = None
    settle_in: Callable[[FhirServer], None] | None = None
    fits: Callable[[Request], bool] = lambda request: request.is_write
    fits_interaction: Callable[[Interaction], bool] = lambda asked: True
    begin: int = 1
    end: float = 1

    def once(self) -> Fault:
        """At the next that fits."""
        return self.nth(1)

    def nth(self, number: int) -> Fault:
        """At the n-th that fits from now on, the first being 1."""
        return replace(self, begin=number, end=number)

    def first(self, number: int) -> Fault:
        """At the first n that fit."""
        return replace(self, begin=1, end=number)

    def always(self) -> Fault:
        """At all that fit."""
        return replace(self, begin=1, end=float("inf"))

    def where(self, fits: Callable[[Request], bool]) -> Fault:
        """At these requests; one that cuts a connection before the body is read sees no body."""
        return replace(self, fits=fits)


class Armed:
    """A fault at a server. `hits` tells how often it happened."""

    def __init__(self, fault: Fault, server: FhirServer) -> None:
        self.fault = fault
        self.hits = 0
        self._server = server
        self._seen = 0
        self._on = True
        self._lock = threading.Lock()
        if fault.settle_in:
            fault.settle_in(server)

    def disarm(self) -> None:
        """Nothing more happens."""
        self._on = False

    def _happens(self) -> bool:
        """Whether it is the turn of what fits; counts it."""
        with self._lock:
            self._seen += 1
            happens = self._on and self.fault.begin <= self._seen <= self.fault.end
            self.hits += happens
            return happens

    def around(self, send: Send) -> Send:
        """The same way of having a request done, with the fault where it is its turn."""
        act = self.fault.act
        if act is None:
            return send

        def faulty(request: Request) -> Answer:
            if self.fault.fits(request) and self._happens():
                return act(Call(self._server, request, send))
            return send(request)

        return faulty

    def arriving(self, request: Request) -> float | None:
        """Which part of the body is read before the connection is cut; None: nothing is cut."""
        share = self.fault.arriving
        if share is None or not self.fault.fits(request) or not self._happens():
            return None
        return share

    def meet(self, asked: Interaction) -> None:
        """Declined where the fault has an answer to an interaction of its own."""
        meet = self.fault.meet
        if not meet or not self.fault.fits_interaction(asked):
            return
        answer = meet(asked)
        if answer is not None and self._happens():
            declined = Declined(answer.status, "exception")
            declined.answer = answer
            raise declined
