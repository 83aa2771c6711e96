"""What is to be done with one resource: what the source says against the ledger and, where asked or
needed, against what the target has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import lru_cache
from typing import Literal, NamedTuple

from alliance_fhir.domain.keys import subject_digest
from alliance_fhir.domain.receipt import State
from alliance_fhir.domain.records import Identifier
from alliance_fhir.fhir.group import Group, Resource
from alliance_fhir.fhir.reply import Found
from alliance_fhir.ledger.entries import RETRACTED, Entry
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.targets.base import Target

OLDER = "older-version"
RULED = "rule-changed"
WITHDRAWN = "retracted"


class Decision(NamedTuple):
    """What is to be done with one resource, and why not where nothing is.

    `known` is the ledger's entry or one made from what was found, with id and version there; None
    where the target has nothing.
    """

    resource: Resource
    state: State
    known: Entry | None = None
    rule: str = ""
    learnt: bool = False
    there: Found | None = None
    """What stands in the way."""
    arrived: Entry | None = None
    """An earlier request about it that had no reply, and that the target took all the same."""
    retired: Entry | None = None
    """What was retracted at another patient, and has to give up its identifier before."""

    @property
    def server_id(self) -> str:
        """Where it is at the target, or what stands in its way; empty where nothing is known."""
        if self.there:
            return self.there.id
        return self.known.server_id if self.known else ""

    @property
    def sends(self) -> bool:
        """Whether something is to be sent."""
        return self.state in ("created", "updated")


class Sides(NamedTuple):
    """What is to be done about what somebody else did at the target.

    `take`: whose side counts where they changed what is ours. `recreate`: what they deleted is made
    again. `adopt`: what they made under our identifier becomes ours. `reinstate`: what was
    retracted counts again.
    """

    take: Literal["", "source", "server"] = ""
    recreate: bool = False
    adopt: bool = False
    reinstate: bool = False


SIDES = Sides()
"""Nothing is done about it: it is told."""


class Look(NamedTuple):
    """A look at the target: what was asked for, what is there, what of it is another patient's.

    `parted` are groups, each with a run of which only a part of it is there.
    """

    asked: set[str]
    hits: Mapping[str, list[Found]]
    elsewhere: set[Found]
    parted: Set[tuple[str, str]] = frozenset()


class Judge:
    """Decides about single resources, by the ledger and by what was found at the target.

    The arguments are those of `Planner`.
    """

    def __init__(
        self,
        ledger: Ledger,
        target: Target,
        source: str,
        secret: bytes,
        *,
        accept_older: bool,
        rescore: bool,
        sides: Sides,
    ) -> None:
        self._ledger = ledger
        self._target = target
        self._source = source
        self._secret = secret
        self._accept_older = accept_older
        self._rescore = rescore
        self._sides = sides

    def subject(self, patient: Identifier) -> str:
        """What the ledger keeps of a patient: a digest, to see that it is still the same one."""
        return _subject(patient, self._secret)

    def against_ledger(
        self, group: Group, resource: Resource, known: Entry | None, said: set[str]
    ) -> Decision:
        if known is None:
            return Decision(resource, "created")
        if known.digest == resource.digest:
            return Decision(resource, "unchanged", known)
        if self._ledger.superseded(resource.key, resource.digest):
            if self._accept_older:
                return Decision(resource, "updated", known)
            return Decision(resource, "unchanged", known, OLDER)
        if group.source_digest and group.source_digest in said:
            # the source says what it said: our rules or the site's settings changed since
            return Decision(resource, "updated" if self._rescore else "unchanged", known, RULED)
        return Decision(resource, "updated", known)

    def against_target(
        self,
        group: Group,
        resource: Resource,
        known: Entry | None,
        look: Look,
        said: set[str],
        unfinished: Mapping[str, Entry],
    ) -> Decision:
        hits = look.hits.get(resource.key, [])
        if len(hits) != 1:
            return _found_twice(resource, known, hits) or self._absent(group, resource, known)
        hit = hits[0]
        if hit.retracted:
            return self._withdrawn_there(group, resource, known, hit)
        if hit.edition > group.edition > 0 and not self._accept_older:  # and no ledger knows of it
            return Decision(resource, "blocked", known, "newer-at-target", there=hit)
        if hit in look.elsewhere:  # its content may be as it was, and it is another patient's now
            return self._contested(group, resource, known, hit, moved=True)
        if known is None:
            sent = unfinished.get(hit.digest)  # then it is what we made, and had no reply about
            return self._unknown(group, resource, hit, sent)
        if hit.digest not in (known.server_digest, known.digest):
            if hit.digest == resource.digest:  # it was brought to what the source says meanwhile
                learnt = self._learnt(group, resource, hit, known.version + 1, known.made_by)
                return Decision(resource, "unchanged", learnt, learnt=True)
            if hit.digest in unfinished:
                sent = unfinished[hit.digest]
                whole = self._target.atomic and (group.key, sent.run) not in look.parted
                return self._after(group, resource, known, hit, sent, whole=whole)
            if hit.claimed == hit.digest:
                return self._ahead(group, resource, known, hit, said)
            return self._contested(group, resource, known, hit)
        fresh = known._replace(server_version=hit.version)
        return self.against_ledger(group, resource, fresh, said)

    def withdrawn(self, group: Group, resource: Resource, known: Entry, look: Look) -> Decision:
        """What is to be done with what the ledger knows to be retracted: it stays so, unless the
        record is another patient's by now, or the user gives it again."""
        hits = look.hits.get(resource.key, [])
        if twice := _found_twice(resource, known, hits):
            return twice
        for hit in hits:
            if hit.digest == resource.digest and hit.claimed:  # given again, and not by this ledger
                learnt = self._learnt(group, resource, hit, known.version + 1, known.made_by)
                return Decision(resource, "unchanged", learnt, learnt=True)
            if hit.digest not in (known.digest, known.server_digest):
                return Decision(resource, "conflict", known, "changed-at-target", there=hit)
            known = known._replace(server_version=hit.version)
        if known.subject != self.subject(group.patient):
            return self._retired(resource, known)
        if self._sides.reinstate:
            return Decision(resource, "updated" if hits else "created", known, "reinstated")
        return Decision(resource, "unchanged", known, WITHDRAWN)

    def _withdrawn_there(
        self, group: Group, resource: Resource, known: Entry | None, hit: Found
    ) -> Decision:
        """Retracted, and the ledger has never heard of it."""
        version = known.version + 1 if known else 1
        learnt = self._learnt(group, resource, hit, version, known.made_by if known else "")
        learnt = learnt._replace(state=RETRACTED, digest=hit.digest)
        if hit.subject and hit.subject != "|".join(group.patient):
            return self._retired(resource, learnt)
        if self._sides.reinstate:
            return Decision(resource, "updated", learnt, "reinstated")
        return Decision(resource, "unchanged", learnt, WITHDRAWN, learnt=True)

    def _retired(self, resource: Resource, known: Entry) -> Decision:
        """The record was retracted at one patient and is another's now."""
        if self._target.all_at_once:  # a folder knows its lines by our keys alone
            return Decision(resource, "blocked", known, "patient-changed")
        return Decision(resource, "created", retired=known)

    def _absent(self, group: Group, resource: Resource, known: Entry | None) -> Decision:
        if known is None and group.added_at(resource.key):  # somebody's own, and gone meanwhile
            return Decision(resource, "conflict", rule="changed-at-target")
        if known is None:
            return Decision(resource, "created")
        if self._sides.recreate:
            return Decision(resource, "created", known, "recreated")
        return Decision(resource, "gone", known, "deleted-at-target")

    def _after(
        self,
        group: Group,
        resource: Resource,
        known: Entry,
        hit: Found,
        sent: Entry,
        *,
        whole: bool,
    ) -> Decision:
        """What is to be done after a change of ours that arrived, although no reply came. Where not
        the `whole` of it did, or may not have, it is made whole again."""
        arrived = sent.confirmed("updated", hit.id, hit.version, hit.digest)
        if known.digest == resource.digest and whole and not self._accept_older:
            return Decision(resource, "unchanged", arrived, OLDER, arrived=arrived)
        decision = self.against_ledger(group, resource, arrived, {arrived.source_digest})
        return decision._replace(arrived=arrived)

    def _ahead(
        self, group: Group, resource: Resource, known: Entry, hit: Found, said: set[str]
    ) -> Decision:
        """What is there is ours and sealed as such, and the ledger has never heard of it: it comes
        from a backup. What the source says now is newer, unless it is what the ledger knows."""
        learnt = self._learnt(group, resource, hit, known.version + 1, known.made_by)
        learnt = learnt._replace(digest=hit.digest)
        if resource.digest == known.digest and not self._accept_older:
            return Decision(resource, "unchanged", learnt, OLDER, learnt=True)
        return self.against_ledger(group, resource, learnt, said)

    def _contested(
        self,
        group: Group,
        resource: Resource,
        known: Entry | None,
        hit: Found,
        *,
        moved: bool = False,
    ) -> Decision:
        """What somebody else changed at the target: nothing is done, unless the user takes a side,
        or it has been merged into the group.

        One that was `moved` to another patient cannot be left there as ours.
        """
        learnt = self._learnt(
            group, resource, hit, known.version + 1 if known else 1, known.made_by if known else ""
        )
        merged = not moved and (resource.key, hit.digest) in group.seen
        if merged or self._sides.take == "source":
            before = known or learnt._replace(digest=hit.digest)
            fresh = before._replace(server_version=hit.version, server_digest=hit.digest)
            return Decision(resource, "updated", fresh, "" if merged else "source-taken")
        if self._sides.take == "server" and not moved:
            return Decision(resource, "unchanged", learnt, "server-kept", learnt=True)
        return Decision(resource, "conflict", known, "changed-at-target", there=hit)

    def _unknown(
        self, group: Group, resource: Resource, hit: Found, sent: Entry | None
    ) -> Decision:
        """There, and not in the ledger: that was lost, a run was killed, or it is not ours."""
        if hit.key != resource.key and group.added_at(resource.key):
            return self._contested(group, resource, None, hit)
        learnt = self._learnt(group, resource, hit, 1, sent.made_by if sent else "")
        learnt = learnt._replace(run=sent.run if sent else "")
        if hit.digest == resource.digest:
            return Decision(resource, "unchanged", learnt, learnt=True)
        if not hit.claimed and self._sides.adopt:
            return Decision(resource, "updated", learnt._replace(digest=hit.digest), "adopted")
        if not hit.claimed:
            return Decision(resource, "foreign", None, "not-ours", there=hit)
        if hit.claimed != hit.digest:  # ours once, and edited since
            return self._contested(group, resource, None, hit)
        if hit.subject and hit.subject != "|".join(group.patient):
            return Decision(resource, "blocked", None, "patient-changed")
        return Decision(resource, "updated", learnt._replace(digest=hit.digest), learnt=True)

    def found(self, group: Group, resource: Resource, hit: Found) -> Entry:
        """The row for what is there and is ours, where the ledger was lost."""
        return self._learnt(group, resource, hit, 1, "")

    def entry(
        self,
        group: Group,
        resource: Resource,
        version: int,
        *,
        subject_at: str = "",
        state: str = "",
        server_id: str = "",
        server_version: str = "",
        run: str = "",
        made_by: str = "",
    ) -> Entry:
        """A row of the ledger for a resource, with what is known of it at the target."""
        return Entry(
            key=resource.key,
            version=version,
            type=resource.type,
            group_key=group.key,
            source=self._source,
            subject=self.subject(group.patient),
            subject_at=subject_at,
            path=group.origin.path,
            row=group.origin.row,
            source_digest=group.source_digest,
            digest=resource.digest,
            server_digest="",
            state=state,
            server_id=server_id,
            server_version=server_version,
            run=run,
            made_by=made_by,
        )

    def _learnt(
        self, group: Group, resource: Resource, hit: Found, version: int, made_by: str
    ) -> Entry:
        """The row for a resource that is there as nobody had told us."""
        entry = self.entry(group, resource, version, made_by=made_by or hit.made_by)
        found = entry.confirmed("unchanged", hit.id, hit.version, hit.digest)
        return found._replace(subject_at=hit.at.removeprefix(f"{self._target.identity}/"))


def _found_twice(resource: Resource, known: Entry | None, hits: Sequence[Found]) -> Decision | None:
    if len(hits) < 2:
        return None
    return Decision(resource, "conflict", known, "found-twice", there=hits[-1])


@lru_cache(1000)
def _subject(patient: Identifier, secret: bytes) -> str:
    return subject_digest(patient, secret)
