"""What one run did at a server: by its ledger, by the run's tag there and, where no ledger knows
what was there before, by the server's history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from alliance_fhir.errors import AuthFailed, BadReply, Refused
from alliance_fhir.fhir.canonical import content_digest
from alliance_fhir.fhir.defined import DEFINED
from alliance_fhir.fhir.provenance import OF_STATUS
from alliance_fhir.fhir.reply import Found
from alliance_fhir.fhir.versions import Json
from alliance_fhir.ledger.entries import RETRACTED, Entry
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.received import parts, text
from alliance_fhir.subjects import moved
from alliance_fhir.targets.base import Target, Wanted
from alliance_fhir.targets.removing import Remover, Seen

_SHARED = frozenset({"Device", "Practitioner", "Patient", "MeasureReport", *DEFINED})
"""The types of what is of no record alone."""
_UNKNOWN = (
    "This run changed it, and neither a ledger nor the target's history tells from what; put it "
    "back there by hand."
)
_STATUS = (
    "It tells of a status that was set, and no ledger does: put that back there by hand, if it is "
    "to be; this says what it was."
)
_RELEASED = "It has given up its identifier since; put it back there by hand."
_CHANGED = ("updated", RETRACTED, "sent")


@dataclass
class Part:
    """A resource that the run made or changed. `before` is the ledger's row of what it was before,
    `earlier` what it was before by the server's history, of what was only changed; `rule` says why
    it is left, `live` are the ledger's rows of it."""

    type: str
    key: str
    live: list[Entry]
    made: bool
    before: Entry | None = None
    hit: Found | None = None
    touched: frozenset[str] = frozenset()
    body: Json = field(default_factory=dict[str, object])
    earlier: Json | None = None
    rule: str = ""
    remedy: str = ""


class Traces:
    """Finds what one run did. The arguments are those of `undo`."""

    def __init__(self, run: str, target: Target, ledger: Ledger, remover: Remover) -> None:
        self._run = run
        self._target = target
        self._ledger = ledger
        self._remover = remover
        self._command = next((c for id_, c, *_ in ledger.runs() if id_ == run), "")
        self.rows = {g: list(rows) for g, rows in groupby(ledger.of_run(run), _group_of_row)}
        """What the ledger says of the run, by record; under "" what records share."""

    @property
    def known(self) -> bool:
        """Whether the ledger knows of the run."""
        return bool(self._command or self.rows)

    # --- by the ledger

    def by_ledger(self, group: str) -> list[Part]:
        """What the run did with a record, and whether it can be taken back."""
        done: list[Part] = []
        rows = self.rows.get(group, [])
        current = self._ledger.current({row.key for row in rows})
        for key, some in groupby(sorted(rows), lambda row: row.key):
            if part := self._part(key, list(some), current.get(key, [])):
                done.append(part)
        self._look(done)
        return done

    def _part(self, key: str, mine: Sequence[Entry], live: list[Entry]) -> Part | None:
        if not live:
            return None
        made = any(row.made_by == self._run for row in mine)
        changed = [row for row in mine if self._changed(row)]
        if not made and not changed:
            return None  # it only found out about it
        part = Part(live[-1].type, key, live, made)
        last = live[-1]
        if last.run != self._run and last.state in _CHANGED:
            part.rule = "changed-later"
        elif not made:
            if last.run != self._run or last.state not in _CHANGED:
                return None
            older = [e for e in self._ledger.history(key) if e.version < changed[0].version]
            part.before = older[-1] if older else None
        return part

    def _changed(self, row: Entry) -> bool:
        """Whether it is a change of the run's: what it only learnt has no version before."""
        learnt = row.version == 1 and self._command != "retract"
        return row.run == self._run and row.made_by != self._run and not learnt

    def _look(self, done: Sequence[Part]) -> None:
        """What is there of it, and whether that is as the run left it."""
        wanted = [Wanted(p.type, p.key, p.live[-1].server_id) for p in done]
        there = self._target.find(wanted)
        elsewhere = moved(self._target, [hit for hits in there.values() for hit in hits])
        for part in done:
            hits = there.get(part.key, [])
            if len(hits) > 1:
                part.rule = part.rule or "found-twice"
            if not hits:
                continue
            part.hit = hit = hits[0]
            rows = [*part.live, *([part.before] if part.before else [])]
            ours = {digest for row in rows for digest in (row.digest, row.server_digest)}
            if not part.rule and (hit.digest not in ours or hit in elsewhere):
                part.rule = "changed-at-target"
            if not (part.rule or part.made):
                self._find_earlier(part, hit)

    # --- by its tags

    def by_tag(self, left: set[tuple[str, str]]) -> Mapping[str, list[Part]]:
        """What bears the run's tag at the server, by record, but for what was `left`, and what says
        where that comes from."""
        groups: dict[str, list[Part]] = {}
        made = {
            (one.hit.type, one.hit.id): self._tagged(one, made=True)
            for one in self._remover.bearing(self._remover.made, self._run)
        }
        touched = {
            (one.hit.type, one.hit.id): part
            for one in self._remover.bearing(self._remover.touched, self._run)
            if not (part := self._tagged(one, made=False)).live
        }
        for place, part in (touched | made).items():
            if left.isdisjoint({place, *_about(part.body)}):
                groups.setdefault(_group_of(part), []).append(part)
        return groups

    def _tagged(self, seen: Seen, *, made: bool) -> Part:
        hit, touched, body = seen
        live = self._ledger.at(hit.type, hit.id)
        return Part(hit.type, hit.key, live, made, hit=hit, touched=touched, body=body)

    def as_it_is(self, tagged: Iterable[Part]) -> list[Part]:
        """What bears the tag as it is now, and whether it can be taken back."""
        found: list[Part] = []
        for part in tagged:
            now = self._again(part, part.hit) if self._ledger.shared and part.hit else part
            if now.made and now.hit:
                _weigh(now, now.hit, self._run)
            elif now.hit:
                self._find_earlier(now, now.hit)
            if not (now.hit and now.earlier and content_digest(now.earlier) == now.hit.digest):
                found.append(now)
        places = {(part.type, part.hit.id) for part in found if part.hit}
        for proof in found:
            if OF_STATUS in proof.key:  # a ledger alone tells what the status was
                proof.rule, proof.remedy = "not-restored", _STATUS
            elif any(self._overwritten(*place) for place in _about(proof.body) - places):
                proof.rule = proof.rule or "changed-later"
        return found

    def _overwritten(self, type_: str, id_: str) -> bool:
        """Whether it is there, was changed by the run, and has been since: at most servers what
        changes it takes the earlier tags off."""
        place = Found(type_, "", id_, "", "", "")
        if not (versions := list(self._remover.versions(place))):
            return self._remover.again(place) is not None
        was = self._before(versions)
        mine = any(self._run in one.touched for one in versions)
        return mine and (was is None or was.hit.digest != versions[0].hit.digest)

    def _again(self, part: Part, hit: Found) -> Part:
        """Others may have been at it since it was listed."""
        there = self._remover.again(hit)
        if there is None:
            return replace(part, live=self._ledger.at(part.type, hit.id), hit=None)
        return self._tagged(there, made=part.made)

    # --- by the server's history

    def _find_earlier(self, part: Part, hit: Found) -> None:
        """What it was before the run changed it, or the rule why it is left as it is."""
        before = part.before
        if "-retracted-" in hit.key:
            part.rule, part.remedy = "not-restored", _RELEASED
        elif before is None:
            self._look_back(part, hit)
        elif hit.digest in (before.digest, before.server_digest):
            part.earlier = self._overruled(hit, before)
        elif before.server_version:
            part.earlier = self._target.read(hit, before.server_version)
            known = part.earlier and content_digest(part.earlier)
            if known not in (before.digest, before.server_digest):
                part.rule = "not-restored"
            else:
                part.earlier = self._overruled(hit, before) or part.earlier
        else:
            part.rule = "not-restored"

    def _overruled(self, hit: Found, before: Entry) -> Json | None:
        """What somebody else had made of it, where the run put itself over that; by the history,
        without which it is what we had made of it before."""
        try:
            versions = list(self._remover.versions(hit))
        except (AuthFailed, BadReply, Refused):
            return None
        was = self._before(versions)
        if was is None or was is versions[0] or was.hit.key != hit.key:
            return None
        return None if was.hit.digest in (before.digest, before.server_digest) else was.body

    def _look_back(self, part: Part, hit: Found) -> None:
        """No ledger knows: the version that the run's tag is not on yet, if all since is the run's
        own, and that one is as we had left it, or somebody else's whom the run took it over from.
        What is that version again is left as it is: it was put back, where tags stay.
        """
        versions = list(self._remover.versions(hit))
        was = self._before(versions)
        again = was is not None and was is not versions[0] and was.hit.digest == hit.digest
        if hit.digest != hit.claimed and not again:
            part.rule = "changed-at-target"
        elif was is None or was is versions[0]:
            part.rule, part.remedy = "not-restored", _UNKNOWN
        elif versions[0].hit != hit:
            part.rule = "changed-at-target"
        elif versions[0].touched - was.touched > {self._run}:
            part.rule = "changed-later"
        elif again:
            part.earlier = was.body
        elif was.hit.claimed not in ("", was.hit.digest) or was.hit.key not in ("", hit.key):
            part.rule, part.remedy = "not-restored", _UNKNOWN
        else:
            part.earlier = was.body

    def _before(self, versions: Sequence[Seen]) -> Seen | None:
        """The version before the first one that the run wrote."""
        mine = [number for number, one in enumerate(versions) if self._run in one.touched]
        return next(iter(versions[mine[-1] + 1 :] if mine else versions), None)


def _about(proof: Json) -> set[tuple[str, str]]:
    """The places of what a Provenance is about."""
    targets = parts(proof, "target") if proof.get("resourceType") == "Provenance" else []
    told = (text(target, "reference").partition("/_history/")[0] for target in targets)
    return {(one.split("/")[-2], one.split("/")[-1]) for one in told if "/" in one}


def _weigh(part: Part, hit: Found, run: str) -> None:
    if part.touched - {run}:
        part.rule = "changed-later"
    elif hit.digest != hit.claimed:
        part.rule = "changed-at-target"


def _group_of_row(row: Entry) -> str:
    return row.group_key


def _group_of(part: Part) -> str:
    """The record that a resource is of; empty where records share it."""
    return "" if part.type in _SHARED else part.key.partition("-")[0]
