"""What the ledger is told of a group: before it is sent, after, and when it is found out later.

The ledger is written before each request and after it, so that a run that is killed is seen to have
been in the middle of something, and of what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager

from alliance_fhir.deciding import Decision
from alliance_fhir.domain.receipt import Receipt, State
from alliance_fhir.fhir.group import Group, Resource
from alliance_fhir.fhir.logical import Reference
from alliance_fhir.fhir.reply import Delivered
from alliance_fhir.ledger.entries import Entry
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.planned import Planned
from alliance_fhir.planning import Planner
from alliance_fhir.targets.base import Target

IN_DOUBT = "in-doubt"
EXISTED = "existed"
"""Not a rule that anybody sees: the group is decided anew."""
References = dict[Reference, str]


class Record:
    """What one run tells its ledger. `system` is that of our identifiers.

    `references` says where everything is that groups refer to; it grows by whatever becomes known.
    """

    def __init__(
        self,
        ledger: Ledger,
        target: Target,
        planner: Planner,
        source: str,
        system: str,
        run: str,
    ) -> None:
        self._ledger = ledger
        self._target = target
        self._planner = planner
        self._source = source
        self._system = system
        self._run = run
        self.references: References = {}

    def beginning(self, entries: Sequence[Entry]) -> None:
        """These are about to be sent; where all counts at the end only, nothing is before it."""
        if not self._target.all_at_once:
            with self._ledger.together():
                self._ledger.write(entries)

    def unsent(self, entries: Iterable[Entry]) -> None:
        """They were not sent after all."""
        self._ledger.forget(entries)
        self.commit()

    def learnt(self, known: Entry) -> None:
        """Something was there, and not because of this ledger, or of a run that was cut off."""
        self._ledger.settle([known._replace(run=known.run or self._run)])
        self.commit()

    def answered(self, planned: Planned) -> None:
        """What became of earlier requests about the group that had no reply: it was looked up.

        What arrived stays that run's: by this it is known what a Provenance is owed for.
        """
        if planned.arrived or planned.lost:
            owed = bool(planned.unproven)  # until it is written
            with self._unit():
                self._ledger.forget(e for e in planned.lost if not (owed and e.proof))
                self._ledger.settle(planned.arrived)

    def proven(self, planned: Planned) -> None:
        """What was owed is written by now: the Provenances that were lost count no more."""
        if planned.unproven:
            lost = [entry for entry in planned.lost if entry.proof]
            lost += self._ledger.unanswered(self._source, [planned.group.key])
            self._ledger.forget(lost)

    def delivered(
        self, planned: Planned, answers: Sequence[Delivered], entries: Mapping[str, Entry]
    ) -> dict[str, Receipt]:
        """The target has taken all of it. Who is killed before this is durable looks there again:
        at the latest it is with what is noted before the next request."""
        with self._unit(soon=True):
            self.proven(planned)
            return {receipt.key: receipt for receipt in self._settle(answers, entries)}

    def in_part(self, planned: Planned, answers: Sequence[Delivered]) -> dict[str, Receipt]:
        """What arrived of a group. The rest stays open, and so does its Provenance."""
        made = {answer.change.resource.key for answer in answers}
        entries = {
            d.resource.key: self.entry(planned.group, d)
            for d in planned.changes
            if d.resource.key in made
        }
        arrived = [a for a in answers if a.change.resource.key in entries]
        with self._unit():
            return {receipt.key: receipt for receipt in self._settle(arrived, entries)}

    def not_taken(self, planned: Planned, state: State) -> None:
        """The target took nothing of it: the ledger keeps what was tried, and no Provenance."""
        group = planned.group
        tried = [self.entry(group, decision)._replace(state=state) for decision in planned.changes]
        with self._unit():
            if not planned.unproven:
                keys = [group.key] if group.key else []
                self._ledger.forget(self._ledger.unanswered(self._source, keys))
            self._ledger.write(tried)

    def entry(self, group: Group, decision: Decision) -> Entry:
        """The row of a resource that is about to be sent."""
        known, patient = decision.known, group.patient
        version = known.version + 1 if known else 1
        return self._planner.judge.entry(
            group,
            decision.resource,
            version,
            subject_at=self.references.get(("Patient", patient.system, patient.value), ""),
            state="sent",
            server_id=known.server_id if known else "",
            server_version=known.server_version if known else "",
            run=self._run,
            made_by=known.made_by if known and decision.state != "created" else self._run,
        )

    def proof(self, planned: Planned, decision: Decision) -> Entry:
        """The row of a Provenance: one that is written in the place of others that were lost is
        about all that they were about, and is numbered after them."""
        owed = [entry.version for entry in planned.lost if entry.proof]
        return self.entry(planned.group, decision)._replace(version=1 + max(owed, default=0))

    def left(self, planned: Planned, receipts: Mapping[str, Receipt]) -> list[Receipt]:
        """What is known of a group at which a run ended, by the ledger and by its last `receipts`:
        each resource arrived, may have arrived, or was not sent."""
        entries = self._ledger.current(decision.resource.key for decision in planned.decisions)
        told = {d.resource.key: told_of(d) for d in planned.decisions} | dict(receipts)
        return [self._left(receipt, entries.get(key, [])) for key, receipt in told.items()]

    def _left(self, receipt: Receipt, entries: Sequence[Entry]) -> Receipt:
        if any(entry.state == "sent" for entry in entries):
            return receipt._replace(state="not_sent", rule=IN_DOUBT)
        if receipt.state not in ("created", "updated"):
            return receipt
        arrived = entries and entries[-1].acknowledged and entries[-1].run == self._run
        return receipt if arrived else receipt._replace(state="not_sent", rule="")

    def _settle(self, answers: Sequence[Delivered], entries: Mapping[str, Entry]) -> list[Receipt]:
        settled: list[Entry] = []
        receipts: list[Receipt] = []
        for answer in answers:
            resource = answer.change.resource
            entry = entries[resource.key]
            if answer.existed and entry.type != "Provenance" and answer.digest != resource.digest:
                # it came into being between our look and our request: look again
                self._ledger.forget([entry])
                receipts.append(Receipt(entry.type, entry.key, "unchanged", rule=EXISTED))
                continue
            if not entry.group_key:
                self.know(resource, answer.id)
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

    def know(self, resource: Resource, id_: str) -> None:
        """What groups refer to is kept for the whole run: people, this software, referrals."""
        self.references[resource.type, self._system, resource.key] = f"{resource.type}/{id_}"

    def keep(self, group: Group) -> None:
        """The documents of which the group was made, once all of it is there."""
        self._ledger.keep(group.key, group.documents, self._run)
        self._ledger.unsee(group.key)
        self.commit()

    def commit(self) -> None:
        """A request is on its way or done: durable, unless the target counts all at its end."""
        if not self._target.all_at_once:
            self._ledger.commit()

    def _unit(self, *, soon: bool = False) -> AbstractContextManager[None]:
        """What follows is durable as a whole or not at all."""
        at_once = not self._target.all_at_once
        return self._ledger.together(commit=at_once, soon=soon and at_once)


def told_of(decision: Decision) -> Receipt:
    """The receipt of a decision by which nothing is sent."""
    resource, there = decision.resource, decision.there
    return Receipt(
        resource.type,
        resource.key,
        decision.state,
        decision.server_id,
        digest=resource.digest,
        rule=decision.rule,
        theirs=there.digest if there else "",
    )
