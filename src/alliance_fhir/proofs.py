"""Which Provenances of a group are looked for at the target, what they are owed for, and of which
messages they say that a visit was made.

A Provenance that was sent and had no reply may be there. One that the ledger knows may have been
deleted there; it is made again where the user says so, as far as what it was about is as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from alliance_fhir.deciding import WITHDRAWN, Decision
from alliance_fhir.errors import AuthFailed, Refused
from alliance_fhir.fhir.group import Group
from alliance_fhir.fhir.provenance import MadeOf, made_of
from alliance_fhir.fhir.reply import Found
from alliance_fhir.ledger.entries import Entry
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.targets.base import NOBODY, Target, Wanted

Versions = Mapping[str, list[Entry]]
"""By key what the ledger knows, the oldest first."""


def looked_for(
    proofs: Iterable[Entry],
    groups: Iterable[Group],
    entries: Versions,
    there: Mapping[str, list[Found]],
) -> list[Wanted]:
    """What is to be looked for, with all that a target may find it by: its own id, its patient, the
    places of what it may be about."""
    of = {group.key: group for group in groups}
    about = {key: places(group, entries, there) for key, group in of.items()}
    return [
        Wanted(
            proof.type,
            proof.key,
            proof.server_id,
            NOBODY if proof.server_id else of[proof.group_key].patient,
            about=about[proof.group_key],
            digest=proof.digest,
        )
        for proof in proofs
        if proof.group_key in of
    ]


def deleted(proofs: Iterable[Entry], group: Group, there: Mapping[str, list[Found]]) -> list[Entry]:
    """The Provenances of a group that arrived once and are there no more."""
    mine = (proof for proof in proofs if proof.group_key == group.key and proof.acknowledged)
    return [proof for proof in mine if not there.get(proof.key)]


def places(group: Group, entries: Versions, there: Mapping[str, list[Found]]) -> tuple[str, ...]:
    """Where the resources of a group are, as far as it is known, by the ledger's `entries` and by
    what is `there`."""
    told = {
        f"{one.type}/{id_}"
        for one in group.resources
        for id_ in (
            *(hit.id for hit in there.get(one.key, ())),
            *(entry.server_id for entry in entries.get(one.key, ())),
        )
        if id_
    }
    return tuple(sorted(told))


def unproven(
    decisions: Sequence[Decision], arrived: Sequence[Entry], lost: Sequence[Entry], known: Versions
) -> list[Decision]:
    """What arrived in the runs whose Provenance of it did not, nor a later one in its place."""
    proven = max((e.version for e in arrived if e.proof), default=0)
    runs = {e.run for e in lost if e.proof and e.version > proven}
    return [
        decision
        for decision in decisions
        if decision.state == "unchanged"
        and decision.rule != WITHDRAWN  # `retract` writes its own
        and decision.resource.type != "Provenance"  # which is about others itself
        and any(
            entry.run in runs
            for entry in (*known.get(decision.resource.key, []), decision.known)
            if entry
        )
    ]


def has_all_messages(
    group: Group, held_back: Iterable[Decision], ledger: Ledger, target: Target
) -> bool:
    """Whether a visit, of which something is `held_back` as an older version, is known to be none:
    it is made of every message of which that was made that is at the target, and says something
    else than that.

    What that was made of its Provenances say. Where there are none to be read, or where they name
    no messages, as a table said it, it is not known.
    """
    before = {one.known.source_digest for one in held_back if one.known}
    if not group.messages or group.source_digest in before:
        return False
    heard = {one.digest for one in group.messages}
    told = [one.messages for one in _read(group, ledger, target) if one.source in before]
    return bool(told) and all(some and some <= heard for some in told)


def _read(group: Group, ledger: Ledger, target: Target) -> list[MadeOf]:
    """What the Provenances of a group say that are at the target as they were sent."""
    if not target.takes("Provenance", "created"):
        return []
    proofs = [entry for entry in ledger.of_groups([group.key]) if entry.proof]
    known = ledger.current(one.key for one in group.resources)
    try:
        there = target.find(looked_for(proofs, [group], known, {}))
        hits = [
            hit
            for proof in proofs
            for hit in there.get(proof.key, ())
            if hit.digest in (proof.digest, proof.server_digest)
        ]
        return [made_of(body) for hit in hits if (body := target.read(hit))]
    except (AuthFailed, Refused):  # they may be written and not read
        return []
