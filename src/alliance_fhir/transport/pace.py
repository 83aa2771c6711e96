"""The pace of all requests to one server, whichever lane they come from.

A server that asks one lane to wait means all of them; a rate that the user set is for all of them
together.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

Sleep = Callable[[float], object]


class Pace:
    """Lets requests go: at most `rate` a second in all, 0 being as fast as they come."""

    def __init__(
        self,
        rate: float = 0,
        sleep: Sleep | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._apart = 1 / rate if rate else 0.0
        self._clock = clock
        self._ended = threading.Event()
        self._sleep = sleep or self._ended.wait
        self._lock = threading.Lock()
        self._next = 0.0
        self._held_until = 0.0
        self._held_by = 0

    def sleep(self, seconds: float) -> None:
        """Waits for so many seconds, or until the run is broken off."""
        self._sleep(min(seconds, threading.TIMEOUT_MAX))  # more of them is an error of Python's

    @property
    def ended(self) -> bool:
        """Whether nobody is to wait any longer, nor to try again."""
        return self._ended.is_set()

    def end(self) -> None:
        """Whoever waits goes on at once."""
        self._ended.set()

    def hold(self, seconds: float) -> None:
        """Nobody else is to send anything for so long; whoever was told so waits by itself."""
        with self._lock:
            until = self._clock() + seconds
            if until > self._held_until:
                self._held_until, self._held_by = until, threading.get_ident()

    def wait(self) -> None:
        """Waits for this request's turn."""
        with self._lock:
            now = self._clock()
            start = max(now, self._next)
            if self._held_by != threading.get_ident():
                start = max(start, self._held_until)
            self._next = start + self._apart
        if start > now:
            self.sleep(start - now)
