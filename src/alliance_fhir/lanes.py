"""Lanes: several requests at a time, and never two of them for one patient.

Whichever lane is free takes the earliest work of a patient whom no other lane is dealing with: a
patient's work is done in its order, and no lane waits while there is something to do. What comes
of it is handed back in the order in which it was given.
"""

from __future__ import annotations

import heapq
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from itertools import count as numbers
from types import TracebackType
from typing import Generic, NamedTuple, Self, TypeVar

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
        waiting: int = 50,
    ) -> None:
        self._do = do
        self._stopping = stopping
        self._hurry = hurry
        self._most = waiting
        self._stopped = threading.Event()
        self._given: deque[_Piece[Work, Outcome]] = deque()
        self._queues = _Queues[Work, Outcome]()
        self._lanes = [threading.Thread(target=self._lane, name=f"lane-{n}") for n in range(count)]

    def __enter__(self) -> Self:
        for lane in self._lanes:
            lane.start()
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
        self._queues.close()
        for lane in self._lanes:
            lane.join()

    def give(self, who: str, work: Work, *, here: bool = False) -> None:
        """Gives work for `who`. What takes no time, and may be done before earlier work of theirs,
        is done `here`: it is not worth the change of threads."""
        piece = _Piece[Work, Outcome](work, Future())
        self._given.append(piece)
        if self._lanes and not here:
            self._queues.put(who, piece)
        else:
            piece.future.set_result(self._one(work))

    def done(self) -> Iterator[Done[Work, Outcome]]:
        """What came of the work so far; waits where too much of it waits."""
        if (over := len(self._given) - self._most) > 0:
            wait([self._given[over - 1].future])  # once, and not once for each piece
        while self._given and (self._given[0].future.done() or len(self._given) > self._most):
            yield self._given.popleft().future.result()

    def rest(self) -> Iterator[Done[Work, Outcome]]:
        """What comes of everything that was given, as it comes."""
        while self._given:
            yield self._given.popleft().future.result()

    def _lane(self) -> None:
        while taken := self._queues.take():
            who, piece = taken
            try:
                piece.future.set_result(self._one(piece.work))
            except BaseException as error:  # it is raised where the outcome is asked for
                piece.future.set_exception(error)
            self._queues.release(who)

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


class _Piece(NamedTuple, Generic[Work, Outcome]):
    work: Work
    future: Future[Done[Work, Outcome]]


class _Queues(Generic[Work, Outcome]):
    """What waits, by whose it is. Who has nothing waiting, and is in no lane, is not here."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._waiting: dict[str, deque[tuple[int, _Piece[Work, Outcome]]]] = {}
        self._free: list[tuple[int, str]] = []
        """Who has work waiting and is in no lane, by the number of that work: a heap."""
        self._numbers = numbers()
        self._closed = False

    def put(self, who: str, piece: _Piece[Work, Outcome]) -> None:
        """Work for `who`, after all that they have waiting."""
        with self._change:
            number = next(self._numbers)
            if who not in self._waiting:
                self._waiting[who] = deque()
                self._let(number, who)
            self._waiting[who].append((number, piece))

    def take(self) -> tuple[str, _Piece[Work, Outcome]] | None:
        """The earliest work of somebody who is in no lane, when there is one; None at the end."""
        with self._change:
            self._change.wait_for(lambda: self._free or self._closed)
            if self._closed:
                return None
            _, who = heapq.heappop(self._free)
            return who, self._waiting[who].popleft()[1]

    def release(self, who: str) -> None:
        """What was taken of theirs is done: what else they have may be taken."""
        with self._change:
            if waiting := self._waiting[who]:
                self._let(waiting[0][0], who)
            else:
                del self._waiting[who]

    def _let(self, number: int, who: str) -> None:
        heapq.heappush(self._free, (number, who))
        self._change.notify()

    def close(self) -> None:
        """Nothing is taken any more."""
        with self._change:
            self._closed = True
            self._change.notify_all()
