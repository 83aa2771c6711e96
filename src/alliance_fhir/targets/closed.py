"""Which types a server does not let us write, as its answers to a run show.

A 405 is about the type. A 403 may be about one patient, whose data we may not write: of what
belongs to a patient it counts as one to the type when it has come for two of them. From a
transaction nobody knows which of its types was meant; two of them make each suspect.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from alliance_fhir.domain.records import Identifier
from alliance_fhir.errors import AuthFailed, Refused, ServerError
from alliance_fhir.fhir.bundle import Change
from alliance_fhir.targets.base import NOBODY
from alliance_fhir.targets.looking import patient_of
from alliance_fhir.transport.capabilities import Abilities

Kind = tuple[str, str]
"""A type, and what is done with it: "create" or "update"."""
_ENOUGH = 2
"""So many patients for whom a type is forbidden are no chance."""

_CLOSED = (403, 404, 405, 501)


def is_of_the_type(error: ServerError) -> bool:
    """Whether a server declined a resource of nobody's for its type, and not for what it holds."""
    if isinstance(error, Refused) and "not-supported" in error.issues:
        return True
    return isinstance(error, (AuthFailed, Refused)) and error.status in _CLOSED


class ClosedTypes:
    """What one run is told of types; all lanes tell it. What is closed goes to the abilities."""

    def __init__(self, abilities: Abilities) -> None:
        self._abilities = abilities
        self._lock = threading.Lock()
        self._taken: set[Kind] = set()
        self._forbidden: dict[Kind, set[Identifier]] = {}

    def took(self, changes: Iterable[Change]) -> None:
        """The server took these: from then on a 403 is about a record, and not the type."""
        with self._lock:
            for kind in map(kind_of, changes):
                self._taken.add(kind)
                self._abilities.found_open(*kind)

    def declined(self, changes: Sequence[Change], status: int) -> None:
        """The server declined these with 403 or 405: all of them, as it does with one of them."""
        kinds = {kind_of(change): patient_of(change.resource) for change in changes}
        with self._lock:
            for kind, patient in kinds.items():
                self._forbidden.setdefault(kind, set()).add(patient)
            if len(kinds) > 1:
                return
            for kind, patient in kinds.items():
                known = patient == NOBODY or len(self._forbidden[kind]) >= _ENOUGH
                if status == 405 or (known and kind not in self._taken):
                    self._abilities.learn(*kind)

    def forbidden(self, error: AuthFailed, changes: Sequence[Change]) -> ServerError:
        """What a 403 means: not that the run is to stop, as with other credentials that fail."""
        if error.status != 403:
            return error
        self.declined(changes, error.status)
        return Refused(str(error), status=403)

    def to_be_found(self, changes: Sequence[Change], status: int) -> bool:
        """Whether a type seems to be closed, of several that were declined together: then it is
        worth that one group arrives in part to know which."""
        with self._lock:
            kinds = {kind_of(change) for change in changes} - self._taken
            many = any(len(self._forbidden.get(kind, ())) >= _ENOUGH for kind in kinds)
        return bool(kinds) and (status == 405 or (status == 403 and many))


def kind_of(change: Change) -> Kind:
    """What is done, and with which type."""
    return change.resource.type, "create" if change.state == "created" else "update"
