"""A record with what is to be done with it, and what is seen of it at the target beside that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alliance_fhir.deciding import Decision, Look
from alliance_fhir.fhir.appointment import TYPE as APPOINTMENT
from alliance_fhir.fhir.appointment import numbers_of
from alliance_fhir.fhir.group import Group
from alliance_fhir.fhir.reply import Found
from alliance_fhir.ledger.entries import Entry
from alliance_fhir.targets.base import Target

TAKEN = "number-taken"
OBSTACLES = ("conflict", "foreign", "gone", "blocked")
"""One such resource holds its whole group back: an event arrives whole or not at all."""


@dataclass
class Planned:
    """A group and what is to be done with it. `rule` says why it is not sent at all.

    `arrived` and `lost` are what became of earlier requests about it that had no reply. `unproven`
    is what arrived of a group whose Provenance did not, where groups do not arrive as a whole.
    `reread`: it was decided by a look at the target. `of_status`: it is about the status of an
    Appointment of others, and about nothing of ours.
    """

    group: Group
    decisions: list[Decision]
    rule: str = ""
    warnings: list[str] = field(default_factory=list[str])
    arrived: list[Entry] = field(default_factory=list[Entry])
    lost: list[Entry] = field(default_factory=list[Entry])
    unproven: list[Decision] = field(default_factory=list[Decision])
    reread: bool = False
    of_status: bool = False

    @property
    def writes(self) -> bool:
        """Whether anything is to be sent, or to be noted in the ledger."""
        if self.arrived or self.lost or self.unproven:
            return True
        return any(one.learnt or one.sends for one in self.decisions)

    @property
    def in_doubt(self) -> bool:
        """Whether something was sent, and is not to be found: it may be on its way all the same."""
        return any(entry.state == "sent" for entry in self.lost)

    @property
    def changes(self) -> list[Decision]:
        """What is to be sent."""
        return [decision for decision in self.decisions if decision.sends]


def beside_none(planned: Sequence[Planned], target: Target) -> None:
    """Makes no Appointment where the target has another's with the same number: the visit would be
    there twice. What is found so is told, and nothing of it is changed."""
    if not target.people:  # a folder: it holds nothing of others
        return
    new = {
        number: (one, decision)
        for one in planned
        for decision in one.changes
        if decision.state == "created" and decision.resource.type == APPOINTMENT
        for number in numbers_of(decision.resource)
    }
    if not new:
        return
    for number, hit in target.others(new).items():
        one, decision = new[number]
        told = decision._replace(state="foreign", rule=TAKEN, there=hit)
        one.decisions = [told if d is decision else d for d in one.decisions]
        one.rule = one.rule or TAKEN


def is_missing(entry: Entry, there: Mapping[str, list[Found]]) -> bool:
    """Whether something was sent, and is not at the target: then of its group only a part may be,
    whatever the target says of transactions."""
    there_now = {hit.digest for hit in there.get(entry.key, [])}
    return entry.state == "sent" and not entry.proof and entry.digest not in there_now


def account_for(planned: Planned, open_: list[Entry], there: Mapping[str, list[Found]]) -> None:
    """Sorts what was sent and had no reply into what arrived and what did not.

    Of the resources themselves only the lost are told: those that arrived are decided upon.
    """
    states = {decision.resource.key: decision.state for decision in planned.decisions}
    for entry in open_:
        hits = there.get(entry.key, [])
        if entry.state != "sent":  # declined: it counts for as long as something is to be done
            if states.get(entry.key) == "unchanged":
                planned.lost.append(entry)
            continue
        if entry.proof and hits:
            hit = hits[0]
            planned.arrived.append(entry.confirmed("created", hit.id, hit.version, hit.digest))
        elif entry.proof or (
            entry.key in states and entry.digest not in {hit.digest for hit in hits}
        ):
            planned.lost.append(entry)


def pointing_anew(decisions: list[Decision], look: Look) -> list[Decision]:
    """The decisions, with what points to something that is made again, and has another id then;
    with the ledger lost, nobody knows that it is again."""
    made = {d.resource.key for d in decisions if d.state == "created"}
    return [_pointed(d, look.hits.get(d.resource.key, []), made) for d in decisions]


def _pointed(decision: Decision, hits: Sequence[Found], made: set[str]) -> Decision:
    known = decision.known
    if decision.state != "unchanged" or not known or len(hits) != 1:
        return decision
    if not any(key in made for key, _ in hits[0].links):
        return decision
    fresh = known._replace(server_version=hits[0].version, server_digest=hits[0].digest)
    return decision._replace(state="updated", known=fresh, rule="recreated")
