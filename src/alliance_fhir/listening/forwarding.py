"""Sending on what came: a thread that makes the appointments that wait, and syncs them.

What is in the inbox stays there until the target has it, whatever becomes of the target or of this
process. What cannot be sent yet is tried again, seldom and more seldom, until it can.
"""

from __future__ import annotations

import os
import random
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from alliance_fhir.asking import Options
from alliance_fhir.config import Settings
from alliance_fhir.domain.receipt import ARRIVED, Receipt
from alliance_fhir.errors import AllianceError, MappingError, defect
from alliance_fhir.handed_over import is_left_out
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.interpreter import attuned
from alliance_fhir.ledger.inbox import INCOMPLETE, NEVER, Inbox, Waiting
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.listening.due import Due
from alliance_fhir.opening import Prepared
from alliance_fhir.planned import Planned
from alliance_fhir.recording import IN_DOUBT
from alliance_fhir.running import Run, new_run
from alliance_fhir.targets.base import Target

_BATCH = 200
"""Appointments that are made and sent together."""
_SOON, _LATE = 60.0, 3600.0
"""Seconds until what the target did not take is tried again: at first, and at most."""
_DOUBLINGS = 20
_SHORTEST_WAIT = 0.05
_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
"""Seconds after a run that could not be made, at first and at most."""
_LOOK = 5.0
"""Seconds until the inbox is looked at again, as others may say that what waits is due."""
UNKNOWN, NOT_MADE = "not-sent", "not-made"
"""Rules for what no receipt tells of, and for what our own check does not let out."""


class State(NamedTuple):
    """How it goes: appointments that the target took, changed or not, since this began; and why
    nothing can be sent now, empty where it can."""

    delivered: int = 0
    trouble: str = ""


class Forwarder:
    """The thread. `tell` hears of each change of what stands against sending."""

    def __init__(
        self,
        inbox: Inbox,
        target: Prepared,
        ledger: Ledger,
        settings: Settings,
        options: Options,
        catalog: Catalog,
        tell: Callable[[str], None],
    ) -> None:
        self._inbox = inbox
        self._prepared = target
        self._target: Target | None = None
        """None before it was asked, and where it is to be asked anew: what is known of it, and of
        the people there, may be so no longer."""
        self._ledger = ledger
        self._settings = settings
        self._options = options._replace(accept_older=True)  # all that was ever said is folded
        self._catalog = catalog
        self._tell = tell
        self._wake = threading.Event()
        self._ends = threading.Event()
        self._pause = _PAUSE
        self.state = State()
        self._thread = threading.Thread(target=self._work, name="forwarder", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def wake(self) -> None:
        """Something came."""
        self._wake.set()

    def stop(self, patience: float) -> None:
        """Ends after the batch that is on its way; after some seconds, in the middle of it."""
        self._ends.set()
        self._wake.set()
        self._thread.join(patience)
        if self._thread.is_alive():
            self._prepared.hurry()
            self._ledger.hurry()
            self._thread.join()

    def _work(self) -> None:
        while not self._ends.is_set():
            self._wake.clear()
            until = 0.0
            try:
                more = self._round()
                until = self._inbox.next_due() - time.time()
            except AllianceError as error:
                more = self._trouble(str(error))
            except Exception as error:  # a defect of ours must not end what keeps messages
                more = self._trouble(defect(error))
                if os.environ.get("ALLIANCE_FHIR_DEBUG"):
                    traceback.print_exc()
            if not more:
                self._wake.wait(min(_LOOK, max(_SHORTEST_WAIT, until)))

    def _round(self) -> bool:
        """Sends what is due. Whether there may be more."""
        target = self._target = self._target or self._prepared.opened()
        with self._ledger.claim("inbox"):  # of several listeners with one ledger, one at a time
            batch = self._inbox.due(time.time(), _BATCH)
            stopped = self._sent(batch, target) if batch else ""
        if stopped:
            return self._trouble(stopped)
        self._pause = _PAUSE
        if self.state.trouble:
            self.state = self.state._replace(trouble="")
            self._tell("sending again")
        return bool(batch)

    def _trouble(self, why: str) -> bool:
        self._target = None
        self._ledger.anew()
        if self.state.trouble != why:
            self.state = self.state._replace(trouble=why)
            self._tell(f"nothing can be sent: {why}")
        self._ends.wait(self._pause * random.uniform(0.5, 1))  # noqa: S311 - no secret
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        return True

    def _sent(self, batch: Sequence[Waiting], target: Target) -> str:
        """Makes and sends a batch. Why the run stopped, where it did."""
        keys, run = [one.key for one in batch], new_run()
        due = Due(keys, self._inbox, self._ledger.visits, self._settings, self._catalog, run)
        told: list[tuple[Planned, Sequence[Receipt]]] = []
        try:
            with attuned():
                result = Run("listen", due, target, self._ledger, self._settings, self._options,
                             lambda progress: None,
                             settled=lambda one, receipts: told.append((one, receipts)),
                             run=run).go()  # fmt: skip
        except MappingError:  # what we built of one is not to hold up the others
            became = _became(told, ended=True)
            self._settle(batch, became, due.unready)
            left = [one for one in batch if one.key not in {**became, **due.unready}]
            return self._alone(left, target)
        self._ledger.commit()
        became = _became(told, ended=bool(result.stopped))
        if not result.stopped:  # what nothing is known of is not to be tried at once, on and on
            became = {key: UNKNOWN for key in keys if key not in due.unready} | became
        self._settle(batch, became, due.unready)
        return result.stopped

    def _alone(self, batch: Sequence[Waiting], target: Target) -> str:
        """The same one by one, where a defect of ours ended a batch; whose it is waits."""
        if len(batch) == 1:
            self._settle(batch, {batch[0].key: NOT_MADE}, {})
            return ""
        return next(filter(None, (self._sent([one], target) for one in batch)), "")

    def _settle(
        self, batch: Sequence[Waiting], became: dict[str, str], unready: dict[str, str]
    ) -> None:
        now = time.time()
        settled = [one for one in batch if became.get(one.key) == ""]
        postponed: list[tuple[Waiting, float, str]] = []
        for one in batch:
            if rule := unready.get(one.key):
                postponed.append((one, NEVER if rule == INCOMPLETE else now + _LATE, rule))
            elif rule := became.get(one.key, ""):
                self._target = None
                postponed.append((one, now + _seconds_after(one.tries), rule))
        self._inbox.settle(settled, postponed)
        delivered = self.state.delivered + len(settled)
        self.state = self.state._replace(delivered=delivered)


def _seconds_after(tries: int) -> float:
    """Until the target is tried again: doubled each time, of which a thousand are no float."""
    return min(_SOON * 2 ** min(tries, _DOUBLINGS), _LATE)


def _became(told: Iterable[tuple[Planned, Sequence[Receipt]]], *, ended: bool) -> dict[str, str]:
    """The rules by which groups are held, by their keys; empty where they are there. `ended`: the
    run did, before it was through with all."""
    rules = {one.group.key: _held(one, receipts, ended=ended) for one, receipts in told}
    return {key: rule for key, rule in rules.items() if rule is not None}


def _held(planned: Planned, receipts: Sequence[Receipt], *, ended: bool) -> str | None:
    """Why the target has not all of a group that it is to have; empty where it has, None where
    nobody knows yet."""
    kept = [one for one in receipts if one.state not in ARRIVED]
    if not ended:  # a Task may be asked for, and not be made with what stands against it
        kept = [one for one in kept if not is_left_out(one)]
    if any(one.state == "not_sent" and one.rule in ("", IN_DOUBT) for one in kept):
        return None
    return (kept[0].rule or planned.rule or kept[0].state) if kept else ""
