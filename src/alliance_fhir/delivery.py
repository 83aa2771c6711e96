"""Sending what was decided, one group at a time, and settling what became of it.

The ledger is written before and after each request. Where no reply came, or the target said that
it has another version, the group is looked up there and decided anew before anything is sent again.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

from alliance_fhir.config import Settings
from alliance_fhir.domain.receipt import Receipt, State
from alliance_fhir.errors import AuthFailed, Conflict, Refused, ServerError, Unavailable
from alliance_fhir.fhir.bundle import Change
from alliance_fhir.fhir.elements import identifier_system
from alliance_fhir.fhir.group import Group, Resource
from alliance_fhir.fhir.people import CREATABLE
from alliance_fhir.fhir.provenance import ProvenanceWriter
from alliance_fhir.fhir.reply import Delivered
from alliance_fhir.ledger.store import Entry, Ledger
from alliance_fhir.planning import Decision, Planned, Planner
from alliance_fhir.targets.base import Partly, Target

_ATTEMPTS = 4
_MOST_OUTAGES = 3
"""So many groups in a row may fail by a fault of the server's own before the run stops."""
_LOOKS = (1, 3)
"""Seconds between looks for what was sent and is not to be found."""
_EXISTED = "existed"
"""Not a rule that anybody sees: the group is decided anew."""
_CONTESTED = "always-in-conflict"
References = dict[tuple[str, str, str], str]


def now() -> str:
    """This moment, as an instant of FHIR in whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class Delivery:
    """Delivers the groups of one run. `references` grows by whatever becomes known on the way."""

    def __init__(
        self,
        ledger: Ledger,
        target: Target,
        planner: Planner,
        settings: Settings,
        run: str,
        clock: Callable[[], str] = now,
    ) -> None:
        self._ledger = ledger
        self._target = target
        self._planner = planner
        self._source = settings.source
        self.system = identifier_system(settings.root)
        self._provenance = ProvenanceWriter(settings)
        self._run = run
        self._clock = clock
        self.references: References = {}
        self._outages = 0

    def send(self, planned: Planned) -> list[Receipt]:
        """Delivers a group, and says what became of each of its resources.

        Raises what stops a run: Unavailable where nothing was sent, AuthFailed, BadReply.
        """
        if not (self._ledger.shared and planned.writes):
            return self._send(planned)
        group = planned.group
        with self._ledger.claim(group.key or group.resources[0].key):
            # what another process did since we planned is in the ledger, and is done
            [again] = self._planner.decide([group], reread=planned.reread)
            again.rule = again.rule or planned.rule
            return self._send(again)

    def _send(self, planned: Planned) -> list[Receipt]:
        receipts: dict[str, Receipt] = {}
        declined: Refused | None = None
        for attempt in range(_ATTEMPTS):
            last = attempt == _ATTEMPTS - 1
            planned = self._found_out(planned)
            self._begin(planned, receipts)
            if planned.rule or not (planned.changes or planned.unproven):
                break
            planned, error = self._tried(planned, receipts)
            if isinstance(error, Refused):
                declined = error
                self._declined(planned, error, receipts)
                break
            if isinstance(error, Conflict):
                self._not_taken(planned, "conflict")  # so that the next run, too, looks first
                if last:
                    receipts |= _told_of(planned, "conflict", _CONTESTED)
                    break
            elif error and (last or not (isinstance(error, Unavailable) and error.sent)):
                self._commit()
                raise error
            elif not error and not any(r.rule == _EXISTED for r in receipts.values()):
                break
            planned = self._planner.decide([planned.group], reread=True)[0]
        self._count_outage(declined)
        return list(receipts.values())

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
        self._answered(planned)
        for decision in planned.decisions:
            receipts[decision.resource.key] = self._told(planned, decision, receipts)

    def _tried(
        self, planned: Planned, receipts: dict[str, Receipt]
    ) -> tuple[Planned, ServerError | None]:
        """Sends once. What is left to do where a part arrived, and what went wrong if something
        did."""
        try:
            receipts |= self._once(planned)
        except Partly as partly:
            receipts |= self._in_part(planned, partly)
            planned = self._planner.decide([planned.group], reread=True)[0]
            self._begin(planned, receipts)
            return planned, partly.error
        except ServerError as error:
            return planned, error
        return planned, None

    def _declined(self, planned: Planned, refused: Refused, receipts: dict[str, Receipt]) -> None:
        """A failure of the server's own may come after the deed, and what is not found was there
        when it was decided to change it: then only a look tells what became of the group."""
        known = all(self._target.takes(d.resource.type, d.state) for d in planned.changes)
        unsure = refused.status >= 500 or refused.status in (404, 410)
        if unsure or not known or not self._target.atomic:
            planned = self._planner.decide([planned.group], reread=True)[0]
            self._begin(planned, receipts)
        left = planned
        if planned.unproven:  # what arrived all the same is told of, without the rest
            kept = [d for d in planned.decisions if d.state not in ("created", "updated")]
            _, error = self._tried(replace(planned, decisions=kept), receipts)
            left = replace(planned, unproven=planned.unproven if error else [])
        if planned.changes and not planned.rule:
            receipts |= self._rejected(left, refused)

    def _count_outage(self, declined: Refused | None) -> None:
        """Raises Unavailable where the server fails at one group after the other, and AuthFailed
        where it forbids one after the other."""
        failing = declined and (declined.status >= 500 or declined.status == 403)
        self._outages = self._outages + 1 if failing else 0
        if self._outages >= _MOST_OUTAGES and declined:
            told = f"{declined}: {self._outages} records in a row"
            if declined.status == 403:
                raise AuthFailed(told, status=403)
            raise Unavailable(f"{told}; run again later")

    def _answered(self, planned: Planned) -> None:
        """What became of earlier requests about the group that had no reply: it was looked up."""
        if planned.arrived or planned.lost:
            owed = {"Provenance"} if planned.unproven else set[str]()  # until it is written
            self._ledger.forget(entry for entry in planned.lost if entry.type not in owed)
            self._ledger.settle([entry._replace(run=self._run) for entry in planned.arrived])
            self._commit()

    def _told(
        self, planned: Planned, decision: Decision, earlier: Mapping[str, Receipt]
    ) -> Receipt:
        """The receipt of a decision by which nothing is sent; what is learnt goes to the ledger."""
        resource, known = decision.resource, decision.known
        before = earlier.get(resource.key)
        meant = resource.type not in CREATABLE or decision.state == "unchanged"
        if known and not planned.group.key and meant:  # a patient may have become another one
            self._know(resource, known.server_id)
        if decision.learnt and known and decision.state == "unchanged":
            self._ledger.settle([known._replace(run=self._run)])
            self._commit()
        if before and before.state in ("created", "updated") and decision.state == "unchanged":
            return before._replace(rule="")
        blocked = planned.rule and decision.state in ("created", "updated")
        state = "blocked" if blocked else decision.state
        rule = decision.rule or (planned.rule if blocked else "")
        return Receipt(resource.type, resource.key, state, rule=rule)

    def _once(self, planned: Planned) -> dict[str, Receipt]:
        changes = [_change(decision) for decision in planned.changes]
        entries = {d.resource.key: self._entry(planned.group, d) for d in planned.changes}
        if planned.group.key and self._target.takes("Provenance", "created"):
            written = self._provenance_of(planned)
            changes.append(Change(written, "created"))
            proof = self._entry(planned.group, Decision(written, "created"))
            entries[written.key] = proof
        if not self._target.all_at_once:
            self._ledger.write(list(entries.values()))
            self._ledger.commit()
        try:
            answers = self._target.deliver(
                changes, ChainMap(self._around(planned), self.references)
            )
        except Unavailable as error:
            if not error.sent:
                self._ledger.forget(entries.values())
            raise
        if planned.unproven:
            self._ledger.forget(self._ledger.unanswered(self._source, [planned.group.key]))
        receipts = self._settle(answers, entries)
        self._commit()
        return {receipt.key: receipt for receipt in receipts}

    def _in_part(self, planned: Planned, partly: Partly) -> dict[str, Receipt]:
        """What arrived of a group. The rest stays open, and so does its Provenance."""
        made = {answer.change.resource.key: answer.change for answer in partly.answers}
        entries = {
            d.resource.key: self._entry(planned.group, d)
            for d in planned.changes
            if d.resource.key in made
        }
        answers = [a for a in partly.answers if a.change.resource.key in entries]
        receipts = self._settle(answers, entries)
        self._commit()
        return {receipt.key: receipt for receipt in receipts}

    def _around(self, planned: Planned) -> References:
        """Where the resources of the group are that the target has already."""
        return {
            (d.resource.type, self.system, d.resource.key): f"{d.resource.type}/{d.known.server_id}"
            for d in planned.decisions
            if d.known
        }

    def _provenance_of(self, planned: Planned) -> Resource:
        told = [*planned.unproven, *planned.changes]
        states = [d.known.state if d.state == "unchanged" and d.known else d.state for d in told]
        activity: Literal["create", "update"] = (
            "update" if any(state == "updated" for state in states) else "create"
        )
        versions = [_version_after(decision) for decision in told]
        return self._provenance.write(
            planned.group,
            [decision.resource for decision in told],
            activity,
            self._clock(),
            versions if activity == "update" else (),
        )

    def _entry(self, group: Group, decision: Decision) -> Entry:
        known, patient = decision.known, group.patient
        version = known.version + 1 if known else 1
        return self._planner.entry(group, decision.resource, version)._replace(
            subject_at=self.references.get(("Patient", patient.system, patient.value), ""),
            state="sent",
            server_id=known.server_id if known else "",
            server_version=known.server_version if known else "",
            run=self._run,
            made_by=known.made_by if known else self._run,
        )

    def _settle(self, answers: list[Delivered], entries: Mapping[str, Entry]) -> list[Receipt]:
        settled: list[Entry] = []
        receipts: list[Receipt] = []
        for answer in answers:
            resource = answer.change.resource
            entry = entries[resource.key]
            if answer.existed and entry.type != "Provenance" and answer.digest != resource.digest:
                # it came into being between our look and our request: look again
                self._ledger.forget([entry])
                receipts.append(Receipt(entry.type, entry.key, "unchanged", rule=_EXISTED))
                continue
            if not entry.group_key:
                self._know(resource, answer.id)
            digest = answer.digest or resource.digest
            if answer.existed:  # somebody else made it
                entry = entry._replace(made_by="")
            settled.append(entry.confirmed(answer.change.state, answer.id, answer.version, digest))
            state = "unchanged" if answer.existed else answer.change.state
            receipts.append(
                Receipt(entry.type, entry.key, state, answer.id, answer.version, resource.digest)
            )
        self._ledger.settle(settled)
        return receipts

    def _know(self, resource: Resource, id_: str) -> None:
        """What groups refer to is kept for the whole run: people, this software."""
        self.references[resource.type, self.system, resource.key] = f"{resource.type}/{id_}"

    def _rejected(self, planned: Planned, refused: Refused) -> dict[str, Receipt]:
        """The target declined the group; its resources are tried again in the next run."""
        said = ", ".join([str(refused.status), *refused.issues])
        remedy = f"The target declined it ({said}); change the data, or the target's rules."
        self._not_taken(planned, "rejected")
        return _told_of(planned, "rejected", "refused", remedy)

    def _not_taken(self, planned: Planned, state: State) -> None:
        """The target took nothing of it: the ledger keeps what was tried, and no Provenance."""
        group = planned.group
        tried = [self._entry(group, decision)._replace(state=state) for decision in planned.changes]
        if not planned.unproven:
            keys = [group.key] if group.key else []
            self._ledger.forget(self._ledger.unanswered(self._source, keys))
        self._ledger.write(tried)
        self._commit()

    def _commit(self) -> None:
        """A request is on its way or done: durable, unless the target counts all at its end."""
        if not self._target.all_at_once:
            self._ledger.commit()


def _told_of(planned: Planned, state: State, rule: str, remedy: str = "") -> dict[str, Receipt]:
    """What is said of all that was to be sent, and was not taken."""
    return {
        d.resource.key: Receipt(d.resource.type, d.resource.key, state, rule=rule, remedy=remedy)
        for d in planned.changes
    }


def _change(decision: Decision) -> Change:
    known = decision.known
    if decision.state == "created" or known is None:
        return Change(decision.resource, "created")
    status = "corrected" if decision.rule == "rule-changed" else "amended"
    resource = amended(decision.resource, status)
    return Change(resource, "updated", known.server_id, known.server_version, known.server_digest)


def _version_after(decision: Decision) -> int:
    """The ledger's version of a resource after what was decided of it."""
    known = decision.known
    if known is None:
        return 1
    return known.version + (decision.state != "unchanged")


_AMENDABLE = {"Observation": ("amended", "corrected"), "QuestionnaireResponse": ("amended",)}


def amended(resource: Resource, status: str) -> Resource:
    """The resource with the status that its history gives it; its digest leaves that out."""
    allowed = _AMENDABLE.get(resource.type)
    if not allowed:
        return resource
    body = {**resource.body, "status": status if status in allowed else allowed[0]}
    return Resource(resource.type, resource.key, body, resource.digest)
