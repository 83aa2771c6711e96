"""What is to be done with each resource: the records against the ledger and, where needed, the
target.

A resource that the ledger knows is compared with the ledger alone, unless the target is to be read
again; one that it does not know, or whose fate is open, is looked up at the target first. So a
lost ledger costs a look, and duplicates nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import chain

from alliance_fhir.deciding import OLDER, RULED, SIDES, WITHDRAWN, Decision, Judge, Look, Sides
from alliance_fhir.domain.receipt import WARNINGS
from alliance_fhir.fhir.group import Group, Resource
from alliance_fhir.fhir.outreach import is_handed_over
from alliance_fhir.handed_over import HandedOver, with_what_was_made
from alliance_fhir.ledger.entries import ACKNOWLEDGED, RETRACTED, Entry
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.planned import (
    OBSTACLES,
    Planned,
    account_for,
    beside_none,
    is_missing,
    pointing_anew,
)
from alliance_fhir.proofs import deleted, has_all_messages, looked_for, places, unproven
from alliance_fhir.subjects import astray, moved
from alliance_fhir.targets.base import Target, Wanted
from alliance_fhir.their_appointments import statuses_alone


class Planner:
    """Decides by the ledger and the target; writes to neither.

    `reread`: everything is looked up at the target. `accept_older`: content that something newer
    took the place of may come back. `rescore`: records whose rows did not change are sent again
    where our rules or the site's settings give other resources for them now. `sides`: what the user
    says of what somebody else changed, deleted or made.
    """

    def __init__(
        self,
        ledger: Ledger,
        target: Target,
        source: str,
        secret: bytes,
        *,
        reread: bool = False,
        accept_older: bool = False,
        rescore: bool = False,
        sides: Sides = SIDES,
    ) -> None:
        self._ledger = ledger
        self._target = target
        self._source = source
        self._reread = reread or sides != SIDES
        self._recreate = sides.recreate
        self.judge = Judge(
            ledger,
            target,
            source,
            secret,
            accept_older=accept_older,
            rescore=rescore,
            sides=sides,
        )
        self._handed = HandedOver(self.judge, recreate=sides.recreate)

    def decide(self, groups: Sequence[Group], *, reread: bool = False) -> list[Planned]:
        """What is to be done with each group, apart from whether its people are there."""
        look = reread or self._reread
        standing = self._ledger.standing(self._source, [g.key for g in groups if g.key])
        groups = with_what_was_made(groups, standing, self._target)
        new = [group for group in groups if group.key and group.key not in standing]
        absent = set[str]() if look else self._absent([r for one in new for r in one.resources])
        plain = {} if look else self._as_sent(groups, standing) | self._as_new(new, absent)
        others = [group for group in groups if group.key not in plain]
        found_out = iter(self._found_out(others, standing, absent, look=look) if others else ())
        planned = [plain.get(group.key) or next(found_out) for group in groups]
        for one in planned:
            one.reread = reread
        statuses_alone(planned, self._target, self._ledger)
        beside_none(planned, self._target)
        return planned

    def _as_sent(
        self, groups: Iterable[Group], standing: Mapping[str, list[Entry]]
    ) -> dict[str, Planned]:
        """The groups that the target has as they are, and of which nothing else is known, by key:
        nothing is to be asked about them, and nothing to be weighed."""
        same: dict[str, Planned] = {}
        for group in groups:
            rows = standing.get(group.key, ())
            if not rows or len(rows) != len(group.resources):
                continue
            known = {entry.key: entry for entry in rows}
            decisions = [
                Decision(one, "unchanged", entry)
                for one in group.resources
                if (entry := known.get(one.key)) and _is_as_sent(one, entry)
            ]
            if len(decisions) == len(rows):
                same[group.key] = Planned(group, decisions)
        return same

    def _as_new(self, groups: Iterable[Group], absent: Set[str]) -> dict[str, Planned]:
        """The groups of which the ledger knows nothing and the target has nothing, by key."""
        kinds = {type_ for type_ in absent if self._target.takes(type_, "created")}
        return {
            group.key: Planned(group, [Decision(one, "created") for one in group.resources])
            for group in groups
            if kinds.issuperset(one.type for one in group.resources)
        }

    def _found_out(
        self,
        groups: Sequence[Group],
        standing: Mapping[str, list[Entry]],
        absent: Set[str],
        *,
        look: bool,
    ) -> list[Planned]:
        """The plans of groups of which not all is known."""
        resources = [resource for group in groups for resource in group.resources]
        entries, members, open_ = self._known(groups, standing)
        unsure = [
            r
            for r in resources
            if look
            or not _settled(known := entries.get(r.key, []))
            or (is_handed_over(r.key) and _is_another(r, known[-1]))
        ]
        open_ += [e for r in unsure for e in entries.get(r.key, []) if not e.acknowledged]
        of = {r.key: group for group in groups for r in group.resources}
        wanted = [
            _wanted(r, of[r.key], entries)
            for r in unsure
            if r.key in entries or r.type not in absent
        ]
        there = dict(self._target.find(wanted)) if wanted else {}
        proofs = self._proofs([group.key for group in groups if group.key], open_)
        if proofs:
            there |= self._target.find(looked_for(proofs, groups, entries, there))
        hits = list(chain.from_iterable(there.values()))
        ids = {key: _id(versions) for key, versions in entries.items() if key in there}
        look_up = Look(
            {resource.key for resource in unsure},
            there,
            moved(self._target, hits) | astray(self._target, hits, ids),
            {(e.group_key, e.run) for e in open_ if is_missing(e, there)},
        )
        planned = [self._group(group, entries, look_up) for group in groups]
        for one in planned:
            account_for(one, [e for e in open_ if e.group_key == one.group.key], there)
            one.lost += (gone := deleted(proofs, one.group, there))
            one.unproven += unproven(one.decisions, one.arrived, one.lost, entries)
            if gone and one.unproven:
                one.warnings = sorted({*one.warnings, "recreated"})
            if members.get(one.group.key, set()) - {r.key for r in one.group.resources}:
                one.warnings.append("no-longer-given")
        return planned

    def _known(
        self, groups: Sequence[Group], standing: Mapping[str, list[Entry]]
    ) -> tuple[dict[str, list[Entry]], dict[str, set[str]], list[Entry]]:
        """What the ledger knows: versions by key, what is at the target by group, and Provenances
        that had no reply: a run may have been cut off before its Provenance alone."""
        alone = (r.key for group in groups if not group.key for r in group.resources)
        entries = self._ledger.current(alone)
        members: dict[str, set[str]] = {}
        unanswered: list[Entry] = []
        for entry in chain.from_iterable(standing.get(g.key, ()) for g in groups if g.key):
            if entry.proof:
                unanswered.append(entry)
                continue
            entries.setdefault(entry.key, []).append(entry)
            if entry.state in ACKNOWLEDGED and entry.type != "Provenance":
                members.setdefault(entry.group_key, set()).add(entry.key)
        return entries, members, unanswered

    def _absent(self, unknown: Sequence[Resource]) -> set[str]:
        """The types of which nothing of ours can be there but what this run has sent. For a few
        resources it takes less to look for each; Provenances are found by their own tags alone."""
        if len(unknown) < _MANY:
            return set()
        types = {resource.type for resource in unknown} - {"Provenance"}
        return {type_ for type_ in types if self._target.has_none(type_)}

    def _proofs(self, groups: Sequence[str], open_: Sequence[Entry]) -> list[Entry]:
        """The Provenances that are looked for: those that had no reply and, where what was deleted
        is to be made again, those that are known to have arrived."""
        if not self._target.takes("Provenance", "created"):
            return []
        proofs = [entry for entry in open_ if entry.proof]
        if self._recreate:
            known = self._ledger.of_groups(groups)
            proofs += [e for e in known if e.proof and e.acknowledged]
        return proofs

    def _group(self, group: Group, entries: Mapping[str, list[Entry]], look: Look) -> Planned:
        subject = self.judge.subject(group.patient)
        # what any of the group's resources was last made from: a change leaves some as they were
        latest = [_acknowledged(entries.get(r.key, [])) for r in group.resources]
        said = {entry.source_digest for entry in latest if entry}
        decisions: list[Decision] = []
        ours = [one for one in group.resources if not is_handed_over(one.key)]
        for resource in ours:
            known = _acknowledged(entries.get(resource.key, []))
            if known and known.state == RETRACTED:
                decisions.append(self.judge.withdrawn(group, resource, known, look))
            elif known and group.patient.value and known.subject != subject:
                decisions.append(Decision(resource, "blocked", known, "patient-changed"))
            elif resource.key in look.asked:
                unfinished = _unfinished(entries, resource.key)
                decisions.append(
                    self.judge.against_target(group, resource, known, look, said, unfinished)
                )
            else:
                decisions.append(self.judge.against_ledger(group, resource, known, said))
        decisions = pointing_anew(self._as_one(group, decisions, said), look)
        for one in group.resources[len(ours) :]:  # they are the last
            rows = entries.get(one.key, [])
            decisions.append(self._taken(self._handed.decided(group, one, rows, look, decisions)))
        planned = Planned(group, decisions)
        planned.arrived = [d.arrived for d in decisions if d.arrived]
        planned.rule = next((d.rule for d in decisions if d.state in OBSTACLES), "")
        done = ("updated", RULED)  # which is what was asked for
        planned.warnings = sorted(
            {d.rule for d in decisions if d.rule in WARNINGS and (d.state, d.rule) != done}
        )
        planned.unproven = [d for d in decisions if d.rule == "server-kept"]
        return planned

    def _as_one(self, group: Group, decisions: list[Decision], said: set[str]) -> list[Decision]:
        """The decisions of a group, where what is held back of one depends on the others.

        A record is an older version as a whole, or not at all: a score may well be again what it
        was once, and so may a visit of which messages tell. And a changed rule adds no score to a
        panel that it is not let change.
        """
        older = [d for d in decisions if d.rule == OLDER]
        if older and (
            self._is_new(group, decisions, said)
            or has_all_messages(group, older, self._ledger, self._target)
        ):
            decisions = [
                d._replace(state="updated", rule="") if d.rule == OLDER else d for d in decisions
            ]
        if any(d.rule == RULED and d.state == "unchanged" for d in decisions):
            decisions = [
                d._replace(state="not_sent", rule=RULED) if d.state == "created" else d
                for d in decisions
            ]
        if any(d.rule == WITHDRAWN for d in decisions):  # and nothing is added to it
            decisions = [
                d._replace(state="not_sent", rule=WITHDRAWN) if d.sends else d for d in decisions
            ]
        return [self._taken(decision) for decision in decisions]

    def _taken(self, decision: Decision) -> Decision:
        """The decision, where the target takes such a thing at all."""
        if not decision.sends:
            return decision
        if self._target.takes(decision.resource.type, decision.state):
            return decision
        if decision.resource.type == "Provenance" or is_handed_over(decision.resource.key):
            # records go without them
            return decision._replace(state="not_sent")
        return decision._replace(state="blocked", rule="not-accepted")

    def _is_new(self, group: Group, decisions: list[Decision], said: set[str]) -> bool:
        """Whether the source says something that it never said before."""
        if any(d.state == "updated" for d in decisions):
            return True
        if any(d.resource.type == "QuestionnaireResponse" for d in decisions):
            return False  # all answers are in it: what is of a response that once was, is older
        earlier = set[str]().union(
            *(
                self._ledger.superseded(d.resource.key, d.resource.digest)
                for d in decisions
                if d.rule == OLDER
            )
        )
        return group.source_digest not in earlier | said


_MANY = 20


def _wanted(resource: Resource, group: Group, entries: Mapping[str, list[Entry]]) -> Wanted:
    if added := group.added_at(resource.key):
        return Wanted(resource.type, resource.key, added, group.patient, foreign=True)
    known = _acknowledged(entries.get(resource.key, []))
    id_ = known.server_id if known else ""  # what was only tried may be somebody's own there
    day = "" if group.of_plan else group.when  # what a plan consists of has days of its own
    wanted = Wanted(resource.type, resource.key, id_, group.patient, day)
    if resource.type != "Provenance":
        return wanted
    return wanted._replace(about=places(group, entries, {}), digest=resource.digest)


def _is_as_sent(resource: Resource, entry: Entry) -> bool:
    """Whether the target has the resource as it is; its digest holds whose it is."""
    same = entry.digest == resource.digest and entry.state in ACKNOWLEDGED
    return same and bool(entry.server_version)


def _acknowledged(entries: Iterable[Entry]) -> Entry | None:
    return next((e for e in reversed(list(entries)) if e.acknowledged), None)


def _unfinished(entries: Mapping[str, list[Entry]], key: str) -> dict[str, Entry]:
    """By digest what was sent under a key, and may have arrived although nobody said so."""
    return {e.digest: e for e in entries.get(key, []) if not e.acknowledged}


def _settled(entries: list[Entry]) -> bool:
    """Whether the ledger knows the resource, and no request about it is open.

    Without a version of the target's, a change could not be kept from overwriting another's.
    """
    return bool(entries) and entries[-1].acknowledged and bool(entries[-1].server_version)


def _is_another(resource: Resource, entry: Entry) -> bool:
    """Whether the source asks for something else than what the ledger knows to be there."""
    return entry.digest != resource.digest and entry.state != RETRACTED


def _id(entries: list[Entry]) -> str:
    return entries[-1].server_id if entries else ""
