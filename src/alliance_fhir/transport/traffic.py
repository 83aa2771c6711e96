"""How many requests went to a server, how they were answered, and how fast."""

from __future__ import annotations

import math
import threading
from collections import Counter
from typing import Any

_PERCENTILES = (50, 90, 95, 99)


class Traffic:
    """Counts the requests of all lanes. Takes the same room for a million of them as for a
    thousand: times are kept to three significant digits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._statuses: Counter[int] = Counter()
        self._unanswered = 0
        self._times: Counter[float] = Counter()

    def answered(self, status: int, seconds: float) -> None:
        """A reply came, and was read to its end so many seconds after the request was begun."""
        with self._lock:
            self._statuses[status] += 1
            self._times[float(f"{seconds * 1000:.3g}")] += 1

    def unanswered(self) -> None:
        """No reply came, or not all of it."""
        with self._lock:
            self._unanswered += 1

    def taken(self) -> dict[str, Any]:
        """The counts since they were taken last, as in docs/reference/json.md; empty where nothing
        was sent."""
        with self._lock:
            statuses, times, unanswered = self._statuses, self._times, self._unanswered
            self._statuses, self._times, self._unanswered = Counter(), Counter(), 0
        told: dict[str, Any] = {"sent": statuses.total() + unanswered}
        if not told["sent"]:
            return {}
        told["answered"] = {str(status): count for status, count in sorted(statuses.items())}
        told["unanswered"] = unanswered
        if times:
            told["milliseconds"] = _percentiles(times)
        return told


def _percentiles(times: Counter[float]) -> dict[str, float]:
    """The nearest rank: the smallest time that so many of a hundred did not take longer than."""
    ranks = {f"p{p}": math.ceil(times.total() * p / 100) for p in _PERCENTILES}
    told: dict[str, float] = {}
    passed = 0
    for milliseconds, count in sorted(times.items()):
        passed += count
        for name, rank in ranks.items():
            if rank <= passed:
                told.setdefault(name, milliseconds)
    return {**told, "max": max(times)}
