"""`undo`: takes back what one run did at a server, and nothing else.

What the run made is deleted, what points to others before what they point to; what it changed is
put back to the version before. A record of which anything was changed since, by others or by a
later run, is left as it is. What is done is told to the ledger record by record, so that an `undo`
that was cut off is gone on with.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from alliance_fhir.config import Settings
from alliance_fhir.domain.receipt import Finding
from alliance_fhir.errors import ConfigError, Conflict, Refused, ServerError
from alliance_fhir.fhir.bundle import Change
from alliance_fhir.fhir.canonical import content_digest
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.reply import Found
from alliance_fhir.fhir.versions import Json
from alliance_fhir.fhir.waves import waves
from alliance_fhir.ledger.entries import RETRACTED, Entry
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.result import Result
from alliance_fhir.subjects import moved
from alliance_fhir.targets.base import Target, Wanted
from alliance_fhir.targets.removing import TYPES, Remover

_NO_LEDGER = "This run changed it, and no ledger knows from what; put it back there by hand."
_RELEASED = "It has given up its identifier since; put it back there by hand."


@dataclass
class Part:
    """A resource that the run made or changed. `before` is the ledger's row of what it was before,
    of what was only changed; `rule` says why it is left."""

    type: str
    key: str
    live: list[Entry]
    made: bool
    before: Entry | None = None
    hit: Found | None = None
    body: Json = field(default_factory=dict[str, object])
    rule: str = ""
    remedy: str = ""


def undo(run: str, target: Target, ledger: Ledger, remover: Remover, settings: Settings) -> Result:
    """Takes back what a run did at a server; by its ledger, and by the run's tag at the server.

    Raises ConfigError where neither knows of such a run.
    """
    began = time.monotonic()
    result = Result("undo", secrets.token_hex(8), target.name, target.version.full)
    result.undone = {"removed": 0, "restored": 0, "already_gone": 0, "left": 0}
    undoing = _Undoing(run, target, ledger, remover, result)
    ledger.begin_run(result.run, "undo", settings.source)
    try:
        undoing.go()
    except ServerError as error:
        result.stopped, result.stop_code = str(error), error.exit_code
    else:
        ledger.end_run(result.run)
        ledger.commit()
    result.requests = target.requests()
    result.seconds = time.monotonic() - began
    return result


class _Undoing:
    """One `undo`."""

    def __init__(
        self, run: str, target: Target, ledger: Ledger, remover: Remover, result: Result
    ) -> None:
        self._run = run
        self._target = target
        self._ledger = ledger
        self._remover = remover
        self._result = result
        self._left: set[tuple[str, str]] = set()
        self._command = ""

    def go(self) -> None:
        self._command = next((c for id_, c, *_ in self._ledger.runs() if id_ == self._run), "")
        known = bool(self._command)
        shared: list[Part] = []
        groups = groupby(list(self._ledger.of_run(self._run)), lambda row: row.group_key)
        for group, rows in groups:
            known, parts = True, self._by_ledger(list(rows))
            if group:
                with self._ledger.claim(group):
                    self._record(parts)
            else:
                shared = parts
        for group, parts in self._by_tag({(p.type, p.hit.id) for p in shared if p.hit}):
            known = True
            if group:
                self._record(parts)
            else:
                shared += parts
        if not known:
            raise ConfigError(
                f"no run {self._run} is known to the ledger, and nothing at {self._target.name} "
                "bears its tag; `alliance-fhir undo --to TARGET` lists the runs"
            )
        self._shared(shared)

    # --- what the run did

    def _by_ledger(self, rows: Sequence[Entry]) -> list[Part]:
        parts: list[Part] = []
        current = self._ledger.current({row.key for row in rows})
        for key, some in groupby(sorted(rows), lambda row: row.key):
            mine, live = list(some), current.get(key, [])
            if not live:
                continue
            made = any(row.made_by == self._run for row in mine)
            changed = [row for row in mine if self._changed(row)]
            if not made and not changed:
                continue  # it only found out about it
            part = Part(live[-1].type, key, live, made)
            last = live[-1]
            if last.run != self._run and last.state in ("updated", RETRACTED, "sent"):
                part.rule = "changed-later"
            elif not made:
                if last.run != self._run or last.state not in ("updated", RETRACTED, "sent"):
                    continue
                earlier = [e for e in self._ledger.history(key) if e.version < changed[0].version]
                part.before = earlier[-1] if earlier else None
            parts.append(part)
        self._look(parts)
        return parts

    def _changed(self, row: Entry) -> bool:
        """Whether it is a change of the run's: what it only learnt has no version before."""
        learnt = row.version == 1 and self._command != "retract"
        return row.run == self._run and row.made_by != self._run and not learnt

    def _look(self, parts: Iterable[Part]) -> None:
        """What is there of it, and whether that is as the run left it."""
        parts = list(parts)
        wanted = [Wanted(p.type, p.key, p.live[-1].server_id) for p in parts]
        there = self._target.find(wanted)
        elsewhere = moved(self._target, [hit for hits in there.values() for hit in hits])
        for part in parts:
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

    def _by_tag(self, known: set[tuple[str, str]]) -> Iterable[tuple[str, list[Part]]]:
        """What bears the run's tag at the server, and was not dealt with by the ledger."""
        groups: dict[str, list[Part]] = {}
        for hit, changed_by, body in list(self._remover.bearing(self._remover.made, self._run)):
            if (hit.type, hit.id) in self._left | known:
                continue
            part = Part(hit.type, hit.key, [], made=True, hit=hit, body=body)
            if set(changed_by) - {self._run}:
                part.rule = "changed-later"
            elif hit.digest != hit.claimed:
                part.rule = "changed-at-target"
            groups.setdefault(_group_of(part), []).append(part)
        touched = list(self._remover.bearing(self._remover.touched, self._run))
        for hit, _, _ in touched:
            mine = hit.made_by == self._run or (hit.type, hit.id) in self._left
            if not mine and not self._ledger.at(hit.type, hit.id):
                part = Part(hit.type, hit.key, [], made=False, hit=hit)
                part.rule, part.remedy = "not-restored", _NO_LEDGER
                groups.setdefault(_group_of(part), []).append(part)
        return groups.items()

    # --- taking it back

    def _record(self, parts: list[Part]) -> None:
        """A record: whole or, where something of it was changed since, not at all."""
        if any(part.rule for part in parts):
            for part in parts:
                if part.hit and (part.rule or not part.made):
                    self._leave(part, part.rule or "changed-at-target")
                elif part.hit:
                    self._left.add((part.type, part.hit.id))
                    self._result.undone["left"] += 1
            return
        first = [part for part in parts if part.type == "Provenance"]
        for part in first:
            self._remove(part)
        for part in parts:
            if not part.made:
                self._restore(part)
        rest = [part for part in parts if part.made and part.type != "Provenance"]
        for part in self._in_order(rest):
            self._remove(part)

    def _in_order(self, parts: list[Part]) -> list[Part]:
        """What points to others before what it points to."""
        by_key = {(part.type, part.key): part for part in parts}
        changes: list[Change] = []
        for part in parts:
            if part.hit and not part.body:
                part.body = self._target.read(part.hit) or {}
            changes.append(Change(Resource(part.type, part.key, part.body, ""), "updated"))
        ordered = [
            change.resource for wave in waves(changes, self._remover.system) for change in wave
        ]
        return [by_key[resource.type, resource.key] for resource in reversed(ordered)]

    def _shared(self, parts: list[Part]) -> None:
        """What records refer to: only what nobody needs any more."""
        left = sorted(parts, key=lambda part: TYPES.index(part.type))
        while left:
            needed = [p for p in left if p.hit and not p.rule and self._remover.needed(p.hit)]
            for part in left:
                if part.rule:
                    self._leave(part, part.rule)
                elif part not in needed and part.made:
                    self._remove(part)
                elif part not in needed:
                    self._restore(part)
            if len(needed) == len(left):
                for part in needed:
                    self._leave(part, "still-referenced")
                return
            left = needed  # of those that refer to each other, some are gone now

    def _remove(self, part: Part) -> None:
        if part.hit is None:
            self._done(part, "already_gone")
            return
        try:
            self._remover.remove(part.hit)
        except Conflict:
            now = self._target.find([Wanted(part.type, part.key, part.hit.id)]).get(part.key, [])
            same = any((hit.id, hit.version) == (part.hit.id, part.hit.version) for hit in now)
            self._leave(part, "still-referenced" if same else "changed-at-target")
        except Refused as refused:
            said = ", ".join([str(refused.status), *refused.issues])
            self._leave(part, "not-removed", f"The target did not remove it ({said}); retract it.")
        else:
            self._done(part, "removed")

    def _done(self, part: Part, what: str) -> None:
        self._result.undone[what] += 1
        if part.live:
            self._ledger.drop([part.key])
            self._ledger.commit()

    def _restore(self, part: Part) -> None:
        hit, before = part.hit, part.before
        if hit is None:
            return self._leave(part, "deleted-at-target")
        if "-retracted-" in part.key:
            return self._leave(part, "not-restored", _RELEASED)
        if before is None:
            return self._leave(part, "not-restored", _NO_LEDGER)
        wanted = (before.digest, before.server_digest)
        if hit.digest not in wanted:
            body = self._target.read(hit, before.server_version) if before.server_version else None
            if body is None or content_digest(body) not in wanted:
                return self._leave(part, "not-restored")
            try:
                written = self._put_back(hit, body)
            except Conflict:
                return self._leave(part, "changed-at-target")
            except Refused as refused:
                said = ", ".join([str(refused.status), *refused.issues])
                return self._leave(part, "refused", f"The target declined it ({said}).")
        else:
            written = hit
        again = before._replace(run=self._result.run)
        with self._ledger.together():
            self._ledger.forget(row for row in part.live if row.version > before.version)
            self._ledger.write(
                [again.confirmed("unchanged", hit.id, written.version, written.digest)]
            )
        self._result.undone["restored"] += 1
        return None

    def _put_back(self, hit: Found, body: Json) -> Found:
        meta = {k: v for k, v in body["meta"].items() if k not in ("versionId", "lastUpdated")}
        told = {k: v for k, v in {**body, "meta": meta}.items() if k != "id" and v}
        resource = Resource(hit.type, hit.key, told, content_digest(body))
        change = Change(resource, "updated", hit.id, hit.version, hit.digest)
        answer = self._target.deliver([change], {})[0]
        return hit._replace(version=answer.version, digest=answer.digest or resource.digest)

    def _leave(self, part: Part, rule: str, remedy: str = "") -> None:
        id_ = part.hit.id if part.hit else part.key
        self._left.add((part.type, id_))
        self._result.undone["left"] += 1
        self._result.tally.resources["blocked"] += 1
        self._result.tally.blocked.append(
            Finding(
                self._target.name,
                0,
                "",
                rule,
                remedy or part.remedy,
                resource=f"{part.type}/{id_}",
            )
        )


def _group_of(part: Part) -> str:
    """The record that a resource is of; empty where records share it."""
    shared = part.type in ("Questionnaire", "Device", "Practitioner", "Patient")
    return "" if shared else part.key.partition("-")[0]
