"""Lanes: several requests at a time, and never two of them for one patient.

A patient's work is always in the same lane, and a lane does one thing after the other. What comes
of it is handed back in the order in which it was given.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, NamedTuple, Self, TypeVar
from zlib import crc32

Work = TypeVar("Work")
Outcome = TypeVar("Outcome")


class Done(NamedTuple, Generic[Work, Outcome]):
    """A piece of work, and what came of it: an outcome, or an error.

    Neither, where the lanes had stopped before it was begun.
    """

    work: Work
    outcome: Outcome | None
    error: Exception | None


class Lanes(Generic[Work, Outcome]):
    """`count` lanes that `do` the work given to them. With none, it is done where it is given.

    After an error of the `stopping` class no further work is begun, in any lane. `hurry` is called
    where the run is broken off: whoever waits to try again is not to wait any longer.
    """

    def __init__(
        self,
        count: int,
        do: Callable[[Work], Outcome],
        stopping: type[Exception],
        hurry: Callable[[], None],
        waiting: int = 200,
    ) -> None:
        self._do = do
        self._stopping = stopping
        self._hurry = hurry
        self._most = waiting
        self._stopped = threading.Event()
        self._lanes = [ThreadPoolExecutor(1, f"lane-{n + 1}") for n in range(count)]
        self._given: deque[tuple[Work, Future[Done[Work, Outcome]]]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing further is begun; what was begun is waited for, so that its reply is not lost."""
        self._stopped.set()
        if error:
            self._hurry()
        for lane in self._lanes:
            lane.shutdown(wait=True, cancel_futures=True)

    def give(self, who: str, work: Work) -> None:
        """Gives work for `who`."""
        if self._lanes:
            lane = self._lanes[crc32(who.encode()) % len(self._lanes)]
            self._given.append((work, lane.submit(self._one, work)))
            return
        given: Future[Done[Work, Outcome]] = Future()
        given.set_result(self._one(work))
        self._given.append((work, given))

    def done(self) -> Iterator[Done[Work, Outcome]]:
        """What came of the work so far; waits where too much of it waits."""
        while self._given and (self._given[0][1].done() or len(self._given) > self._most):
            yield self._given.popleft()[1].result()

    def rest(self) -> Iterator[Done[Work, Outcome]]:
        """What comes of everything that was given, as it comes."""
        while self._given:
            yield self._given.popleft()[1].result()

    def _one(self, work: Work) -> Done[Work, Outcome]:
        if self._stopped.is_set():
            return Done(work, None, None)
        try:
            return Done(work, self._do(work), None)
        except self._stopping as error:
            self._stopped.set()
            return Done(work, None, error)
        except BaseException:
            self._stopped.set()
            raise
