"""Putting back the statuses that a run set of Appointments of an EHR's own.

Only where theirs is still as that write left it: in that version; at a server that gives none, with
that content. What somebody changed since, or a later run, is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from alliance_fhir.errors import Conflict, Refused
from alliance_fhir.fhir.appointment import TYPE
from alliance_fhir.ledger.statuses import SENT, StatusSet
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.targets.base import Statuses, Target, There


class Restored(NamedTuple):
    """What became of one: the visit's key, where theirs is, and the rule by which it was left;
    empty where it was put back."""

    key: str
    place: str
    rule: str
    remedy: str = ""


class Restoring:
    """Takes back the statuses that one run set."""

    def __init__(self, run: str, target: Target, ledger: Ledger) -> None:
        self._target = target
        self._ledger = ledger
        by_key = attrgetter("key")
        rows = sorted(ledger.statuses.of_run(run), key=by_key)
        self._rows = {key: list(some) for key, some in groupby(rows, by_key)}

    def go(self) -> Iterator[Restored]:
        """What became of each, in the order of their keys. Raises what stops the run."""
        statuses = self._target.their_statuses
        for key, rows in self._rows.items() if statuses else ():
            with self._ledger.claim(key):
                rule, remedy = self._one(rows, statuses) if statuses else ("", "")
                if not rule:
                    self._ledger.statuses.forget(rows)
                    self._ledger.commit()
            yield Restored(key, f"{TYPE}/{rows[-1].server_id}", rule, remedy)

    def _one(self, rows: Sequence[StatusSet], statuses: Statuses) -> tuple[str, str]:
        first, last = rows[0], rows[-1]
        latest = self._ledger.statuses.last([last.key])[last.key]
        there = statuses.read(last.server_id)
        if there is None:
            return "deleted-at-target", ""
        if latest.number != last.number:
            return "changed-later", ""
        if not _is_as_left(there, last):
            return "changed-at-target", _LOOK
        try:
            statuses.set(there, first.before)
        except Conflict:
            return "changed-at-target", _LOOK
        except Refused as refused:
            said = ", ".join([str(refused.status), *refused.issues])
            return "refused", f"The target declined it ({said})."
        return "", ""


_LOOK = "It is not as the run left it, or is not known to be; its status was left as it is."


def _is_as_left(there: There, last: StatusSet) -> bool:
    if last.state == SENT:  # nobody heard whether it arrived
        return False
    if last.server_version:
        return there.hit.version == last.server_version
    return there.hit.digest == last.digest
