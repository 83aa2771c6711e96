"""What ends a run: an error in the middle of a group, or a target that fails again and again."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from alliance_fhir.domain.receipt import Receipt
from alliance_fhir.domain.records import Identifier
from alliance_fhir.errors import AuthFailed, Refused, ServerError, Unavailable

_MOST = 3
"""So many groups in a row may fail by a fault of the server's own before the run stops."""


class Halted(Exception):
    """The run ends with `error`; `receipts` say what is known of the group that it was at.

    It is for whoever gave the group, and reaches no user: `error` does.
    """

    def __init__(self, error: ServerError, receipts: Sequence[Receipt]) -> None:
        super().__init__(str(error))
        self.error = error
        self.receipts = receipts


class Outages:
    """Groups in a row, of whatever lane, at which the target fails by itself or which it forbids.

    Several that are forbidden for one patient count as one: it may be that patient alone.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failed = 0
        self._forbidden: set[Identifier] = set()

    def count(self, declined: Refused | None, patient: Identifier) -> ServerError | None:
        """Counts what became of a group; the error to stop with, where it is enough."""
        with self._lock:
            if declined and declined.status >= 500:
                self._failed += 1
            elif declined and declined.status == 403:
                self._forbidden.add(patient)
            else:
                self._failed = 0
                self._forbidden.clear()
            number = self._failed + len(self._forbidden)
        if not declined or number < _MOST:
            return None
        if declined.status == 403:
            return AuthFailed(f"{declined}: {number} patients in a row", status=403)
        return Unavailable(f"{declined}: {number} records in a row; run again later")
