"""Writing messages to the inbox, those that come at one time together.

A disk takes as long for one as for a hundred. So whatever came while the last ones were written is
written next, as one unit, and each sender hears of it when it is on disk and not before.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue

from alliance_fhir.errors import AllianceError
from alliance_fhir.ledger.inbox import Arrived, Inbox

_MOST = 500
"""Messages of one unit."""
_Entry = tuple[Sequence[Arrived], "Future[None]"]


class Journal:
    """A thread that writes to the inbox; `stored` is told after each unit, in that thread."""

    def __init__(self, inbox: Inbox, stored: Callable[[], None] = lambda: None) -> None:
        self._inbox = inbox
        self._stored = stored
        self._queue: SimpleQueue[_Entry | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    def put(self, arrived: Sequence[Arrived]) -> Future[None]:
        """Done when all of them are on disk; fails with AllianceError where they are not."""
        done: Future[None] = Future()
        self._queue.put((arrived, done))
        return done

    def close(self) -> None:
        """Writes what was put, and ends."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        ends = False
        while not ends:
            entries: list[_Entry] = []
            count, entry = 0, self._queue.get()
            while entry is not None:
                entries.append(entry)
                count += len(entry[0])
                if count >= _MOST or self._queue.empty():
                    break
                entry = self._queue.get()
            ends = entry is None
            self._write(entries)

    def _write(self, entries: Sequence[_Entry]) -> None:
        """As one unit; where that fails each by itself, so that one does not fail for another."""
        if not entries:
            return
        try:
            self._inbox.store([one for some, _ in entries for one in some], time.time())
        except AllianceError as error:
            if len(entries) > 1:
                for entry in entries:
                    self._write([entry])
                return
            entries[0][1].set_exception(error)
        except Exception as error:
            for _, done in entries:
                done.set_exception(error)
        else:
            for _, done in entries:
                done.set_result(None)
            self._stored()
