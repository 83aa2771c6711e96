"""`undo`: takes back what one run did at a server, and nothing else.

What the run made is deleted, what points to others before what they point to; what it changed is
put back to the version before. A record of which anything was changed since, by others or by a
later run, is left as it is. What is done is told to the ledger record by record, so that an `undo`
that was cut off is gone on with.
"""

from __future__ import annotations

import secrets
import time
from contextlib import nullcontext

from alliance_fhir.config import Settings
from alliance_fhir.domain.receipt import Finding
from alliance_fhir.errors import ConfigError, Conflict, Refused, ServerError
from alliance_fhir.fhir.bundle import Change
from alliance_fhir.fhir.canonical import content_digest
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.reply import Found
from alliance_fhir.fhir.versions import Json
from alliance_fhir.fhir.waves import waves
from alliance_fhir.ledger.inbox import Inbox
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.paths import is_text
from alliance_fhir.restoring import Restoring
from alliance_fhir.result import Result
from alliance_fhir.running import ABILITIES
from alliance_fhir.targets.base import Target, Wanted
from alliance_fhir.targets.removing import TYPES, Remover
from alliance_fhir.traces import Part, Traces


def undo(run: str, target: Target, ledger: Ledger, remover: Remover, settings: Settings) -> Result:
    """Takes back what a run did at a server; by its ledger, and by the run's tag at the server.

    Raises ConfigError where neither knows of such a run.
    """
    began = time.monotonic()
    if not is_text(run):
        raise ConfigError("RUN is no run: it is no text")
    result = Result("undo", secrets.token_hex(8), target.name, target.version.full)
    result.undone = {"removed": 0, "restored": 0, "already_gone": 0, "left": 0}
    undoing = _Undoing(run, target, ledger, remover, result)
    ledger.begin_run(result.run, "undo", settings.source)
    with Inbox.there(ledger.name) or nullcontext() as inbox:  # it is refused before anything goes
        target.begin(writing=True)
        target.recall(ledger.fact(ABILITIES))
        try:
            undoing.go()
        except ServerError as error:
            result.stopped, result.stop_code = str(error), error.exit_code
        else:
            _forget(run, ledger, inbox)
            ledger.end_run(result.run)
            ledger.commit()
    result.requests = target.requests()
    result.seconds = time.monotonic() - began
    return result


def _forget(run: str, ledger: Ledger, inbox: Inbox | None) -> None:
    """What the run read and told of visits is known no more. What messages brought, and is thereby
    another visit of its patient's, waits to be made anew by a listener."""
    moved = ledger.visits.forget(run)
    if inbox:  # durable before the ledger is, by which nobody would find them again
        inbox.forget(run)
        inbox.again(sorted(moved), time.time())


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
        self._traces = Traces(run, target, ledger, remover)
        self._left: set[tuple[str, str]] = set()
        self._kept = ledger.kept_by(run)
        self._restoring = Restoring(run, target, ledger)

    def go(self) -> None:
        kept = self._statuses()
        for group in filter(None, self._traces.rows):
            with self._ledger.claim(group):
                parts = self._traces.by_ledger(group)
                if group in kept:
                    self._keep(parts)
                else:
                    self._record(group, parts)
        tagged = self._traces.by_tag(self._left)
        for group in filter(None, tagged):
            with self._ledger.claim(group):
                self._record(group, self._traces.as_it_is(tagged[group]))
        with self._ledger.alone() as alone:
            shared = self._traces.by_ledger("")
            known = {(part.type, part.hit.id) for part in shared if part.hit}
            shared += [
                part
                for part in self._traces.as_it_is(tagged.get("", ()))
                if not part.hit or (part.type, part.hit.id) not in known
            ]
            if alone:
                self._shared(shared)
            else:
                for part in shared:
                    self._leave_in_use(part)
        if not (self._traces.known or tagged):
            raise ConfigError(
                f"no run {self._run} is known to the ledger, and nothing at {self._target.name} "
                "bears its tag; `alliance-fhir undo --to TARGET` lists the runs"
            )

    # --- taking it back

    def _statuses(self) -> set[str]:
        """The visits whose status was left, of Appointments that are others' own."""
        left = set[str]()
        for one in self._restoring.go():
            if not one.rule:
                self._result.undone["restored"] += 1
                continue
            left.add(one.key)
            self._tell_left(one.place, one.rule, one.remedy)
        return left

    def _keep(self, parts: list[Part]) -> None:
        """What says how something came to be that is left stays, too."""
        for hit in (part.hit for part in parts if part.hit):
            self._left.add((hit.type, hit.id))
            self._result.undone["left"] += 1

    def _record(self, group: str, parts: list[Part]) -> None:
        """A record: whole or, where something of it was changed since, not at all."""
        if rules := [part.rule for part in parts if part.rule]:
            for part in parts:
                if part.hit and (part.rule or not part.made):
                    self._leave(part, part.rule or rules[0])
                elif part.hit:
                    self._left.add((part.type, part.hit.id))
                    self._result.undone["left"] += 1
            return
        for part in (one for one in parts if one.type == "Provenance" and one.made):
            self._remove(part)
        for part in parts:
            if not part.made:
                self._restore(part)
        rest = [part for part in parts if part.made and part.type != "Provenance"]
        for part in self._in_order(rest):
            self._remove(part)
        if group in self._kept:
            self._ledger.unkeep(group, self._run)
        self._ledger.commit()

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

    def _leave_in_use(self, part: Part) -> None:
        if part.hit:  # else it may be about to be made
            self._leave(part, part.rule or "in-use")

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
        self._forget(part)

    def _forget(self, part: Part) -> None:
        """What the ledger knows no more is looked for at the target when it comes again."""
        if part.live:
            self._ledger.drop({row.key for row in part.live})
            self._ledger.commit()

    def _restore(self, part: Part) -> None:
        hit, before, earlier = part.hit, part.before, part.earlier
        if hit is None:
            return self._leave(part, "deleted-at-target")
        written = hit
        try:
            if earlier:
                written = self._put_back(hit, earlier)
        except Conflict:
            return self._leave(part, "changed-at-target")
        except Refused as refused:
            said = ", ".join([str(refused.status), *refused.issues])
            return self._leave(part, "refused", f"The target declined it ({said}).")
        if before is None:
            self._forget(part)
        else:
            again = before._replace(run=self._result.run)
            if written.digest in (before.digest, before.server_digest):  # else it is not ours again
                again = again._replace(server_version=written.version, server_digest=written.digest)
            with self._ledger.together():
                self._ledger.forget(row for row in part.live if row.version > before.version)
                self._ledger.write([again._replace(state="unchanged", server_id=hit.id)])
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
        self._tell_left(f"{part.type}/{id_}", rule, remedy or part.remedy)

    def _tell_left(self, place: str, rule: str, remedy: str) -> None:
        self._result.undone["left"] += 1
        self._result.tally.resources["blocked"] += 1
        self._result.tally.blocked.append(
            Finding(self._target.name, 0, "", rule, remedy, resource=place)
        )
