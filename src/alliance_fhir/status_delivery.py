"""Bringing the status of an EHR's own Appointment up to date, one visit at a time.

The ledger is written before and after, as for what is ours, but in a table of its own: nothing of
that Appointment is ours, neither to be verified nor to be taken back as a whole. Right before, it
is read and judged anew. The Provenance follows, and is owed until it has arrived.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from alliance_fhir.deciding import Decision
from alliance_fhir.domain.receipt import Receipt
from alliance_fhir.errors import Conflict, Refused, ServerError, Unavailable
from alliance_fhir.fhir.bundle import Change
from alliance_fhir.fhir.canonical import content_digest
from alliance_fhir.fhir.check import Checker
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.provenance import ProvenanceWriter
from alliance_fhir.fhir.reply import Found
from alliance_fhir.fhir.their_status import with_status
from alliance_fhir.halting import Halted
from alliance_fhir.ledger.statuses import PROVEN, SENT, SET, StatusSet
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.planned import Planned
from alliance_fhir.planning import Planner
from alliance_fhir.recording import IN_DOUBT, Record, told_of
from alliance_fhir.targets.base import Statuses, Target
from alliance_fhir.their_appointments import (
    decide_upon,
    is_owed,
    judged,
    not_there,
    patient_of,
    proof_of,
)
from alliance_fhir.writing import Marks, remedy_of

_ATTEMPTS = 4
_CONTESTED = "always-in-conflict"


@dataclass
class _Course:
    """What is known of one visit by now: receipts by key; whether its status has `arrived`; and
    what the target said where it declined it."""

    told: dict[str, Receipt] = field(default_factory=dict[str, Receipt])
    arrived: bool = False
    refused: Refused | None = None

    def tell(self, decision: Decision, *, held_back_by: str = "") -> None:
        """What was decided, unless more is known."""
        receipt = told_of(decision)
        if held_back_by and decision.sends:
            receipt = receipt._replace(state="blocked", rule=held_back_by)
        if not self.arrived:
            self.told[receipt.key] = receipt

    def declined(self, decision: Decision, refused: Refused, target: Target) -> None:
        """The target declined it: this one, or all of its type."""
        receipt = told_of(decision)
        if target.takes(receipt.type, "updated"):
            self.refused = refused
            receipt = receipt._replace(state="rejected", rule="refused", remedy=remedy_of(refused))
        else:
            receipt = receipt._replace(state="blocked", rule="not-accepted")
        self.told[receipt.key] = receipt

    def contested(self, planned: Planned) -> None:
        """Each time the target had another version than it had given right before."""
        key = planned.group.key
        receipt = told_of(planned.decisions[0])
        if self.arrived:  # the Provenance alone is left
            receipt = Receipt("Provenance", key, "conflict")
        self.told[receipt.key] = receipt._replace(state="conflict", rule=_CONTESTED)

    def ended(self, planned: Planned, *, in_doubt: bool) -> list[Receipt]:
        """What is known where the run ends."""
        if not self.arrived:
            receipt = told_of(planned.decisions[0])
            rule = IN_DOUBT if in_doubt else ""
            self.told[receipt.key] = receipt._replace(state="not_sent", rule=rule)
        return [*self.told.values()]


class StatusDelivery:
    """Delivers the statuses of one run. The arguments are those of `Delivery`, and what it has."""

    def __init__(
        self,
        ledger: Ledger,
        target: Target,
        planner: Planner,
        record: Record,
        writer: ProvenanceWriter,
        marks: Marks,
        checker: Checker,
        clock: Callable[[], str],
    ) -> None:
        self._ledger = ledger
        self._target = target
        self._planner = planner
        self._record = record
        self._writer = writer
        self._marks = marks
        self._checker = checker
        self._clock = clock

    def send(self, planned: Planned, statuses: Statuses) -> tuple[list[Receipt], Refused | None]:
        """Says what became of it; and the refusal, where the target declined it.

        Raises Halted where the run is to stop.
        """
        course = _Course()
        for attempt in range(_ATTEMPTS):
            last = attempt == _ATTEMPTS - 1
            try:
                self._once(planned, statuses, course)
            except Conflict:
                if last:
                    course.contested(planned)
            except ServerError as error:
                unheard = isinstance(error, Unavailable) and error.sent
                if last or not unheard:
                    raise Halted(error, course.ended(planned, in_doubt=unheard)) from error
            else:
                break
            [again] = self._planner.decide([planned.group], reread=True)
            again.rule = again.rule or planned.rule
            planned = again
        return [*course.told.values()], course.refused

    def _once(self, planned: Planned, statuses: Statuses, course: _Course) -> None:
        self._record.answered(planned)
        [decision] = planned.decisions
        row = self._last(planned)
        if row and any(entry.key == proof_of(row) for entry in planned.arrived):
            self._note(row := row._replace(state=PROVEN))
        course.tell(decision, held_back_by=planned.rule)
        if planned.rule:
            return
        if decision.sends:
            try:
                row = self._bring(planned, decision, statuses, course)
            except Refused as refused:
                course.declined(decision, refused, self._target)
                return
        elif row and planned.unproven and decision.there:
            if row.state == SENT:
                row = self._arrived(row, decision.there, decision.resource, course)
        else:
            return
        if row and self._target.takes("Provenance", "created"):
            self._prove(planned, decision, row, course)

    def _bring(
        self, planned: Planned, decision: Decision, statuses: Statuses, course: _Course
    ) -> StatusSet | None:
        """Sets the status, if that is still to be done; what is owed a Provenance."""
        group, visit = planned.group, decision.resource
        there = statuses.read(decision.server_id)
        row = self._last(planned)
        who = patient_of(group)
        places = self._target.resolve([who])[who].places
        fresh = judged(group, visit, there, self._target, places) if there else not_there(visit)
        if row and row.state == SENT and there and is_owed(fresh, row):
            return self._arrived(row, there.hit, visit, course)  # all the same
        if there is None or not fresh.sends:
            decide_upon(planned, fresh, row)
            course.tell(fresh)
            return row if planned.unproven else None
        hit, status = there.hit, visit.body["status"]
        digest = content_digest(with_status(there.body, status))
        new = StatusSet(group.key, hit.id, "", digest, hit.status, status, self._marks.run)
        row = self._ledger.statuses.begin(new)
        self._record.commit()
        try:
            now = statuses.set(there, status)
        except ServerError as error:
            if not (isinstance(error, Unavailable) and error.sent):
                self._ledger.statuses.forget([row])
                self._record.commit()
            raise
        return self._arrived(row, now.hit, visit, course)

    def _arrived(self, row: StatusSet, hit: Found, visit: Resource, course: _Course) -> StatusSet:
        """It is there: of an earlier run, or of this one, which tells of it."""
        row = row._replace(state=SET, server_version=hit.version, digest=hit.digest)
        self._note(row)
        if row.run == self._marks.run:
            course.arrived = True
            course.told[visit.key] = Receipt(
                visit.type, visit.key, "updated", hit.id, hit.version, visit.digest
            )
        return row

    def _prove(self, planned: Planned, decision: Decision, row: StatusSet, course: _Course) -> None:
        place = f"{decision.resource.type}/{row.server_id}"
        reason = f"Appointment.status was {row.before}, and is {row.after}"
        proof = self._writer.of_status(
            planned.group, decision.resource, place, proof_of(row), reason, self._clock()
        )
        self._checker.check([proof])
        change = Change(self._marks.mark(proof, self._marks.run, new=True), "created")
        entry = self._record.proof(planned, Decision(proof, "created"))
        self._record.beginning([entry])
        planned.unproven = []  # of what is ours nothing is owed
        try:
            answers = self._target.deliver([change], self._record.references)
        except Refused as refused:
            self._record.unsent([entry])
            if self._target.takes("Provenance", "created"):
                course.told[proof.key] = Receipt(
                    "Provenance", proof.key, "rejected", rule="refused", remedy=remedy_of(refused)
                )
            return
        except ServerError as error:
            if not (isinstance(error, Unavailable) and error.sent):
                self._record.unsent([entry])
            raise
        course.told |= self._record.delivered(planned, answers, {proof.key: entry})
        self._note(row._replace(state=PROVEN))

    def _last(self, planned: Planned) -> StatusSet | None:
        key = planned.group.key
        return self._ledger.statuses.last([key]).get(key)

    def _note(self, row: StatusSet) -> None:
        self._ledger.statuses.note(row)
        self._record.commit()
