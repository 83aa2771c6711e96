"""What we make once and then hand over to those who work on it: the Task to reach out to a patient.

Whoever it was given to says by its status how far it is, writes notes, gives it to somebody else,
or deletes it: all of that is theirs, and no run overwrites it or calls it a conflict. Nor does what
we would ask for now take the place of what was asked for then. We do one more thing with it: where
the visit was not missed after all, the Task is called off, if nobody has touched it; if somebody
has, it is left to them, and told.

What tells whether somebody touched it is the digest of our content that it carries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alliance_fhir.deciding import OLDER, RULED, WITHDRAWN, Decision, Judge, Look
from alliance_fhir.domain.receipt import TAKEN_UP, Receipt
from alliance_fhir.fhir.group import Group, Resource
from alliance_fhir.fhir.outreach import ASKED_FOR, is_handed_over, outreach_key
from alliance_fhir.fhir.reply import Found
from alliance_fhir.ledger.entries import RETRACTED, Entry
from alliance_fhir.planned import OBSTACLES, pointing_anew
from alliance_fhir.targets.base import Target, Wanted

_OVER = ("completed", "cancelled", "failed", "rejected", "entered-in-error")
"""The statuses of a Task on which nobody works any more."""


def is_open(hit: Found) -> bool:
    """Whether somebody may still be about to reach out."""
    return hit.status not in _OVER


def is_taken_up(hit: Found, known: Entry | None) -> bool:
    """Whether it was handed over and somebody was at it since; `known` is the ledger's row, as a
    target may give back otherwise what it was sent."""
    if not is_handed_over(hit.key) or hit.digest == hit.claimed:
        return False
    return known is None or hit.digest not in (known.digest, known.server_digest)


def as_left(hit: Found) -> str:
    """The digest by which it counts as what we sent: of what was handed over, of how we left it."""
    return hit.claimed if is_handed_over(hit.key) and hit.claimed else hit.digest


def is_left_out(receipt: Receipt) -> bool:
    """Whether something was not sent that is handed over to others."""
    return receipt.state == "not_sent" and is_handed_over(receipt.key)


def with_what_was_made(
    groups: Sequence[Group], standing: Mapping[str, list[Entry]], target: Target
) -> Sequence[Group]:
    """The groups, with what there is to be instead of something that was made for them once:
    `standing` are the ledger's rows by group. Of records that no ledger knows the target is asked.
    """
    if not any(group.if_made for group in groups):
        return groups
    keys = {outreach_key(group.key): group for group in groups if group.if_made}
    made = {key for key, group in keys.items() if _has(standing.get(group.key, ()), key)}
    unknown = [key for key, group in keys.items() if group.key not in standing]
    if unknown and not target.has_none("Task"):
        wanted = [Wanted("Task", key, "", keys[key].patient) for key in unknown]
        made |= {key for key, hits in target.find(wanted).items() if hits}
    return [
        group._replace(resources=[*group.resources, group.if_made()], if_made=None)
        if group.if_made and outreach_key(group.key) in made
        else group
        for group in groups
    ]


def _has(rows: Sequence[Entry], key: str) -> bool:
    return any(row.key == key for row in rows)


class HandedOver:
    """Decides about what is handed over, after the rest of its group."""

    def __init__(self, judge: Judge, *, recreate: bool) -> None:
        self._judge = judge
        self._recreate = recreate

    def decided(
        self,
        group: Group,
        resource: Resource,
        versions: Sequence[Entry],
        look: Look,
        others: list[Decision],
    ) -> Decision:
        """What is to be done with it: `versions` are the ledger's rows, `others` the decisions
        about the rest of the group."""
        known = next((entry for entry in reversed(versions) if entry.acknowledged), None)
        if known and known.state == RETRACTED:
            return self._judge.withdrawn(group, resource, known, look)
        if known and known.subject != self._judge.subject(group.patient):
            return Decision(resource, "blocked", known, "patient-changed")
        hits = look.hits.get(resource.key, [])
        if len(hits) > 1:
            return Decision(resource, "conflict", known, "found-twice", there=hits[-1])
        if not hits:
            return self._absent(resource, known, others, looked=resource.key in look.asked)
        [hit] = hits
        if hit.retracted and hit.digest not in (resource.digest, known.digest if known else ""):
            return self._judge.against_target(group, resource, known, look, set(), {})
        sent = next((e for e in versions if not e.acknowledged and e.digest == hit.digest), None)
        if sent:  # nobody heard of it, and it arrived all the same
            arrived = sent.confirmed("updated" if known else "created", "", "", hit.digest)
            decision = _there(resource, arrived, hit, others, taken_up=False)
            return decision._replace(arrived=decision.known, learnt=decision.state == "unchanged")
        before = known or self._judge.found(group, resource, hit)._replace(digest=hit.digest)
        taken_up = is_taken_up(hit, known)
        decision = _there(resource, before, hit, others, taken_up=taken_up)
        decision = decision._replace(learnt=decision.learnt or known is None)
        if decision.state != "unchanged" or taken_up:
            return decision
        return pointing_anew([*others, decision], look)[-1]

    def _absent(
        self, resource: Resource, known: Entry | None, others: list[Decision], *, looked: bool
    ) -> Decision:
        asked = _is_asked_for(resource)
        if known is None:
            sends = asked and not _held_back(others)
            return Decision(resource, "created" if sends else "not_sent")
        if looked and asked and self._recreate:
            return Decision(resource, "created", known, "recreated")
        return Decision(resource, "unchanged", known)  # deleted, perhaps: that is theirs to do


def _there(
    resource: Resource, known: Entry, hit: Found, others: list[Decision], *, taken_up: bool
) -> Decision:
    """What is to be done with what is there; `known` is what the ledger has of it, or would."""
    before = known._replace(server_id=hit.id, server_version=hit.version)
    asked = _is_asked_for(resource)
    if taken_up:
        left = before._replace(server_digest=hit.claimed or hit.digest)
        return _as_it_is(resource, left, "" if asked or not is_open(hit) else TAKEN_UP, known)
    before = before._replace(server_digest=hit.digest)
    if hit.digest == resource.digest or (asked and hit.status == ASKED_FOR):
        return _as_it_is(resource, before, "", known)
    if _held_back(others):
        return Decision(resource, "unchanged", before)
    return Decision(resource, "updated", before)


def _is_asked_for(resource: Resource) -> bool:
    """Whether it is asked for; else it is to be called off."""
    return resource.body["status"] == ASKED_FOR


def _as_it_is(resource: Resource, there: Entry, rule: str, known: Entry) -> Decision:
    """It is left as it is, and the ledger notes that this is what there is to be: nobody has to
    look at it again, or be told of it, for as long as the source says the same."""
    now = there._replace(digest=resource.digest)
    return Decision(resource, "unchanged", now, rule if now != known else "", learnt=now != known)


def _held_back(others: list[Decision]) -> bool:
    """Whether the visit stays as it is at the target, whatever the source says."""
    return any(
        d.state in OBSTACLES or (d.state == "unchanged" and d.rule in (OLDER, RULED, WITHDRAWN))
        for d in others
    )
