"""Sending what was decided, one group at a time, and settling what became of it.

The ledger is written before and after each request. Where no reply came, or the target said that
it has another version, the group is looked up there and decided anew before anything is sent again.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping
from dataclasses import replace

from alliance_fhir.config import Settings
from alliance_fhir.dead_letters import DeadLetters
from alliance_fhir.deciding import Decision
from alliance_fhir.domain.keys import identifier_system
from alliance_fhir.domain.receipt import ARRIVED, TAKEN_UP, Receipt, State
from alliance_fhir.domain.records import now
from alliance_fhir.errors import AuthFailed, Conflict, Refused, ServerError, Unavailable
from alliance_fhir.fhir.bundle import Change
from alliance_fhir.fhir.check import Checker
from alliance_fhir.fhir.group import Group, Resource
from alliance_fhir.fhir.logical import Reference
from alliance_fhir.fhir.people import CREATABLE
from alliance_fhir.fhir.provenance import ProvenanceWriter
from alliance_fhir.halting import Halted, Outages
from alliance_fhir.ledger.inbox import Inbox
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.planned import Planned
from alliance_fhir.planning import Planner
from alliance_fhir.recording import EXISTED, Record, told_of
from alliance_fhir.releasing import Releaser
from alliance_fhir.status_delivery import StatusDelivery
from alliance_fhir.targets.base import Partly, Target
from alliance_fhir.validation import Validation
from alliance_fhir.writing import (
    NotValid,
    change_of,
    key_of,
    letter_of,
    marks_of,
    provenance_of,
    remedy_of,
    rule_of,
    to_prove,
)

_ATTEMPTS = 4
_LOOKS = (1, 3)
"""Seconds between looks for what was sent and is not to be found."""
_CONTESTED = "always-in-conflict"


class Delivery:
    """Delivers the groups of one run. `references` grows by whatever becomes known on the way."""

    def __init__(
        self,
        ledger: Ledger,
        target: Target,
        planner: Planner,
        settings: Settings,
        run: str,
        checker: Checker,
        letters: DeadLetters | None = None,
        validation: Validation | None = None,
    ) -> None:
        self._ledger = ledger
        self._target = target
        self._planner = planner
        self.system = identifier_system(settings.root)
        self._record = Record(ledger, target, planner, settings.source, self.system, run)
        self.references = self._record.references
        self._provenance = ProvenanceWriter(target.version, settings)
        self._marks = marks_of(settings, target, run)
        self._releaser = Releaser(ledger, target, settings, run, self._marks, now)
        self._checker = checker
        self._letters = letters
        self._validation = validation
        self._statuses = StatusDelivery(
            ledger,
            target,
            planner,
            self._record,
            self._provenance,
            self._marks,
            checker,
            now,
        )
        self._outages = Outages()

    def send(self, planned: Planned) -> list[Receipt]:
        """Delivers a group, and says what became of each of its resources.

        Raises Halted where the run is to stop, with what is known of them by then.
        """
        receipts: dict[str, Receipt] = {}
        if not planned.writes:
            self._begin(planned, receipts)
            self._note_arrival(planned, receipts)
            return list(receipts.values())
        try:
            declined = self._claimed(planned, receipts)
        except ServerError as error:
            raise Halted(error, self._record.left(planned, receipts)) from error
        if any(told.rule == TAKEN_UP for told in receipts.values()):  # meanwhile, perhaps
            planned.warnings = sorted({*planned.warnings, TAKEN_UP})
        self._note_arrival(planned, receipts)
        if error := self._outages.count(declined, planned.group.patient):
            raise Halted(error, list(receipts.values()))
        return list(receipts.values())

    def foresee(self, planned: Planned, foreseen: list[Receipt]) -> list[Receipt]:
        """What would become of a group, by the target's validation where that is asked for; else
        what is `foreseen` without. Raises Halted as `send` does."""
        nothing = planned.rule or planned.of_status or not (planned.changes or planned.unproven)
        if nothing or self._validation is None:
            return foreseen
        changes, _ = self._changes(planned)
        try:
            self._validation.hold(planned.group, changes, self._places(planned))
        except NotValid as wrong:
            told = {receipt.key: receipt for receipt in foreseen}
            told.pop(planned.group.key, None)  # the Provenance of what is not written
            return [*(told | _rejected_of(planned, wrong)).values()]
        except ServerError as error:
            raise Halted(error, self._record.left(planned, {})) from error
        return foreseen

    def _claimed(self, planned: Planned, receipts: dict[str, Receipt]) -> Refused | None:
        if not self._ledger.shared:
            return self._given(planned, receipts)
        group = planned.group
        with self._ledger.claim(group.key or group.resources[0].key):
            # what another process did since we planned is in the ledger, and is done
            [again] = self._planner.decide([group], reread=planned.reread)
            if self._overtaken(planned, again):
                again.decisions = [_left_as_it_is(decision) for decision in again.decisions]
                self._begin(again, receipts)
                return None
            again.rule = again.rule or planned.rule or self._outrun(group)
            return self._given(again, receipts)

    def _overtaken(self, planned: Planned, again: Planned) -> bool:
        """Whether another process has sent a visit since we planned, and messages of it came since
        we had read them all: who kept these found ours, and sends what all of them come to."""
        group = again.group
        if not (group.messages and again.changes) or _versions(planned) == _versions(again):
            return False
        inbox = Inbox.there(self._ledger.name)
        if inbox is None:
            return False
        with inbox:
            return bool(inbox.of([group.key], {one.digest for one in group.messages}))

    def _outrun(self, group: Group) -> str:
        """The rule that holds a plan back of which another process has sent a newer version since
        we read what was sent."""
        sent = self._ledger.documents(group.key) if group.edition else {}
        return "newer-at-target" if max(sent, default=0) > group.edition else ""

    def _given(self, planned: Planned, receipts: dict[str, Receipt]) -> Refused | None:
        """Sends what is ours, or the status of what is another's."""
        statuses = self._target.their_statuses
        if not planned.of_status or statuses is None:
            return self._send(planned, receipts)
        told, declined = self._statuses.send(planned, statuses)
        receipts |= {receipt.key: receipt for receipt in told}
        if declined:
            self._put_aside(planned, declined)
        return declined

    def _send(self, planned: Planned, receipts: dict[str, Receipt]) -> Refused | None:
        """Sends until something is settled, which `receipts` say. The refusal, where it was one."""
        declined: Refused | None = None
        planned = self._as_known_now(planned)
        for attempt in range(_ATTEMPTS):
            last = attempt == _ATTEMPTS - 1
            planned = self._found_out(planned)
            self._begin(planned, receipts)
            if planned.rule or not (planned.changes or planned.unproven):
                break
            planned, error = self._tried(planned, receipts)
            if isinstance(error, Refused) and error.status == 500 and not attempt:
                # it may have come after the deed, or of somebody who writes the same at that moment
                error = Unavailable(str(error), sent=True)
            if isinstance(error, Refused):
                declined = error if self._declined(planned, error, receipts) else None
                break
            if isinstance(error, Conflict):
                self._record.not_taken(planned, "conflict")  # the next run, too, looks first
                for decision in planned.changes:  # what is there then is none of this run's doing
                    del receipts[decision.resource.key]
                if last:
                    receipts |= _contested_of(planned)
                    break
            elif error and (last or not (isinstance(error, Unavailable) and error.sent)):
                self._record.commit()
                raise error
            elif not error and not any(r.rule == EXISTED for r in receipts.values()):
                break
            planned = self._planner.decide([planned.group], reread=True)[0]
        return declined

    def _note_arrival(self, planned: Planned, receipts: Mapping[str, Receipt]) -> None:
        """What is at the target as the source has it is no dead letter any more; its documents are
        kept, if they are not yet."""
        group, told = planned.group, receipts.values()
        if self._letters and all(r.state in ARRIVED for r in told):
            self._letters.delivered(key_of(group))
        if group.documents and all(r.state in ARRIVED and not r.rule for r in _made_of(told)):
            self._record.keep(group)

    def _as_known_now(self, planned: Planned) -> Planned:
        """The plan, made anew where the target was found since not to take what is in it."""
        if all(self._target.takes(d.resource.type, d.state) for d in planned.changes):
            return planned
        [again] = self._planner.decide([planned.group], reread=planned.reread)
        again.rule = again.rule or planned.rule
        return again

    def _found_out(self, planned: Planned) -> Planned:
        """The plan, after some more looks where something was sent and is not to be found: searches
        lag behind writes at some servers."""
        for pause in _LOOKS:
            if not planned.in_doubt:
                break
            self._target.pause(pause)
            planned = self._planner.decide([planned.group], reread=True)[0]
        return planned

    def _begin(self, planned: Planned, receipts: dict[str, Receipt]) -> None:
        self._record.answered(planned)
        for decision in planned.decisions:
            receipts[decision.resource.key] = self._told(planned, decision, receipts)
        for proof in planned.arrived:  # this run's own, whose reply was lost
            if proof.proof and proof.run == self._marks.run:
                receipts[proof.key] = Receipt(
                    proof.type, proof.key, "created", proof.server_id, proof.server_version
                )

    def _tried(
        self, planned: Planned, receipts: dict[str, Receipt]
    ) -> tuple[Planned, ServerError | None]:
        """Sends once. What is left to do where a part arrived, and what went wrong if something
        did."""
        try:
            receipts |= self._once(planned)
        except Partly as partly:
            receipts |= self._record.in_part(planned, partly.answers)
            planned = self._planner.decide([planned.group], reread=True)[0]
            if not isinstance(partly.error, Refused | Conflict):  # more of it may be on its way
                planned = self._found_out(planned)
            self._begin(planned, receipts)
            return planned, partly.error
        except ServerError as error:
            return planned, error
        return planned, None

    def _declined(self, planned: Planned, refused: Refused, receipts: dict[str, Receipt]) -> bool:
        """Whether the group is declined for itself, and not for a type that is closed to us.

        A failure of the server's own may come after the deed, and what is not found was there
        when it was decided to change it: then only a look tells what became of the group."""
        known = all(self._target.takes(d.resource.type, d.state) for d in planned.changes)
        unsure = refused.status >= 500 or refused.status in (404, 410)
        if unsure or not known or not self._target.atomic:
            planned = self._planner.decide([planned.group], reread=True)[0]
            self._begin(planned, receipts)
        left = planned
        if planned.unproven:  # what arrived all the same is told of, without the rest
            kept = [d for d in planned.decisions if not d.sends]
            _, error = self._tried(replace(planned, decisions=kept), receipts)
            left = replace(planned, unproven=planned.unproven if error else [])
            if isinstance(error, Refused) and self._target.takes("Provenance", "created"):
                receipts |= _unproven_of(planned, error)
        rejected = bool(planned.changes) and not planned.rule
        if rejected:
            receipts |= self._rejected(left, refused)
        return rejected

    def _told(
        self, planned: Planned, decision: Decision, earlier: Mapping[str, Receipt]
    ) -> Receipt:
        """The receipt of a decision by which nothing is sent; what is learnt goes to the ledger."""
        resource, known = decision.resource, decision.known
        before = earlier.get(resource.key)
        meant = resource.type not in CREATABLE or decision.state == "unchanged"
        shared = not planned.group.key or not planned.group.records
        if known and shared and meant:  # a patient may have become another one
            self._record.know(resource, known.server_id)
        if decision.learnt and known and decision.state == "unchanged":
            self._record.learnt(known)
        if before and before.state in ("created", "updated") and decision.state == "unchanged":
            return before._replace(rule="")
        told = told_of(decision)
        if planned.rule and decision.sends:
            return told._replace(state="blocked", rule=decision.rule or planned.rule)
        return told

    def _once(self, planned: Planned) -> dict[str, Receipt]:
        sent = [decision.resource for decision in planned.changes]
        self._checker.check(sent, of_plan=planned.group.of_plan)
        changes, written = self._changes(planned)
        places = self._places(planned)
        if self._validation:
            self._validation.hold(planned.group, changes, places)
        for decision in planned.changes:
            if decision.retired:
                self._releaser.release(decision.retired)
        entries = {d.resource.key: self._record.entry(planned.group, d) for d in planned.changes}
        if written:
            entries[written.key] = self._record.proof(planned, Decision(written, "created"))
        self._record.beginning(list(entries.values()))
        try:
            answers = self._target.deliver(changes, places)
        except (AuthFailed, Unavailable) as error:
            if isinstance(error, AuthFailed) or not error.sent:
                self._record.unsent(entries.values())
            raise
        receipts = self._record.delivered(planned, answers, entries)
        if not planned.group.records:  # others of the patient's refer to it
            for decision in planned.changes:
                if id_ := receipts[decision.resource.key].id:
                    self._record.know(decision.resource, id_)
        return receipts

    def _changes(self, planned: Planned) -> tuple[list[Change], Resource | None]:
        """What is sent of a group, and the Provenance that is the last of it, if one is."""
        changes = [change_of(d, planned.group, self._marks) for d in planned.changes]
        told = to_prove(planned) or planned.unproven
        if not (planned.group.key and told and self._target.takes("Provenance", "created")):
            return changes, None
        written = provenance_of(planned, self._provenance, now())
        self._checker.check([written])
        marked = self._marks.mark(written, self._marks.run, new=True)
        return [*changes, Change(marked, "created")], written

    def _places(self, planned: Planned) -> Mapping[Reference, str]:
        """Where all is that the group may point to: what of it is there already, too."""
        around = {
            (d.resource.type, self.system, d.resource.key): f"{d.resource.type}/{d.known.server_id}"
            for d in planned.decisions
            if d.known and d.state != "created"
        }
        return ChainMap(around, self.references) if around else self.references

    def _rejected(self, planned: Planned, refused: Refused) -> dict[str, Receipt]:
        """The target declined the group; its resources are tried again in the next run."""
        self._record.not_taken(planned, "rejected")
        if planned.group.resources[0].type not in CREATABLE:  # who may be registered by hand
            self._put_aside(planned, refused)
        return _rejected_of(planned, refused)

    def _put_aside(self, planned: Planned, refused: Refused) -> None:
        """The dead letters keep what was declined."""
        if self._letters:
            told = (remedy_of(refused), self._target.name, self._marks.run, now())
            self._letters.put(letter_of(planned, refused, *told))


def _versions(planned: Planned) -> dict[str, int]:
    """Which versions a plan was made by; 0 where the target had nothing."""
    return {d.resource.key: d.known.version if d.known else 0 for d in planned.decisions}


def _left_as_it_is(decision: Decision) -> Decision:
    """The same, and nothing of it is sent."""
    if not decision.sends:
        return decision
    return decision._replace(state="unchanged" if decision.known else "not_sent", rule="")


def _made_of(receipts: Iterable[Receipt]) -> Iterable[Receipt]:
    """Those of what a record is made of, which is there without its Provenances."""
    return (receipt for receipt in receipts if receipt.type != "Provenance")


def _not_taken_of(
    planned: Planned, state: State, rule: str, remedy: str = ""
) -> dict[str, Receipt]:
    """What is said of all that was to be sent, and was not taken."""
    return {
        d.resource.key: Receipt(d.resource.type, d.resource.key, state, rule=rule, remedy=remedy)
        for d in planned.changes
    }


def _rejected_of(planned: Planned, refused: Refused) -> dict[str, Receipt]:
    """What is said of all that the target declined, or finds not to be valid."""
    told = _not_taken_of(planned, "rejected", rule_of(refused), remedy_of(refused))
    if not isinstance(refused, NotValid):
        return told
    return {
        key: receipt._replace(element=refused.element, place=refused.place)
        for key, receipt in told.items()
    }


def _contested_of(planned: Planned) -> dict[str, Receipt]:
    """What is said of a record, or of the Provenance of one that arrived, where the target says
    each time that it has another version."""
    told = _not_taken_of(planned, "conflict", _CONTESTED)
    if planned.unproven:
        key = planned.group.key
        told[key] = Receipt("Provenance", key, "conflict", rule=_CONTESTED)
    return told


def _unproven_of(planned: Planned, refused: Refused) -> dict[str, Receipt]:
    """What is said of a record that arrived, and of which the target declined the Provenance."""
    key, rule = planned.group.key, rule_of(refused)
    return {key: Receipt("Provenance", key, "rejected", rule=rule, remedy=remedy_of(refused))}
