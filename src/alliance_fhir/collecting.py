"""Python's collector of cyclic garbage, called less often while many records go by.

Of what is made for a record hardly anything is in a cycle. After every 700 objects, Python's
default up to 3.12, the collector looked through a chunk of records and found nothing: a quarter of
the time of a sync that had nothing to send.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Generator
from contextlib import contextmanager

_OBJECTS = 10_000
"""New objects before the youngest are looked through."""

_lock = threading.Lock()
_usual: list[tuple[int, int, int]] = []
"""The process's own thresholds, once for each run that goes on in it."""


@contextmanager
def seldom() -> Generator[None]:
    """The collector comes seldom until this ends; it stays off where somebody has switched it off.

    The thresholds are the whole process's, and are as they were when the last run in it has ended.
    """
    with _lock:
        usual = _usual[0] if _usual else gc.get_threshold()
        _usual.append(usual)
        if usual[0]:
            gc.set_threshold(max(_OBJECTS, usual[0]), *usual[1:])
    try:
        yield
    finally:
        with _lock:
            _usual.pop()
            if not _usual:
                gc.set_threshold(*usual)
