"""`retract`: what should never have been there is marked as entered in error, wherever it is.

Nothing is deleted, and the content stays as it was; but FHIR lets nothing that was entered in error
say why it was cancelled. A record is retracted as a whole, with all that
an earlier version of it left behind; what somebody changed there since is told and left alone, and
then nothing of the record is touched.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from alliance_fhir.config import Settings
from alliance_fhir.domain.receipt import TAKEN_UP, Finding, State, Tally
from alliance_fhir.domain.records import Identifier, Origin, now
from alliance_fhir.errors import ConfigError, Conflict, Refused, ServerError, Unavailable
from alliance_fhir.fhir.appointment import NO_SHOW
from alliance_fhir.fhir.bundle import Change
from alliance_fhir.fhir.canonical import resealed
from alliance_fhir.fhir.group import Group, Resource
from alliance_fhir.fhir.labels import without_claim
from alliance_fhir.fhir.provenance import ProvenanceWriter
from alliance_fhir.fhir.reply import Delivered, Found
from alliance_fhir.fhir.versions import Json
from alliance_fhir.ledger.entries import RETRACTED, Entry
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.mapping import site_catalog
from alliance_fhir.naming import Names, Record
from alliance_fhir.paths import is_text
from alliance_fhir.releasing import Releaser
from alliance_fhir.result import Result
from alliance_fhir.running import ABILITIES
from alliance_fhir.targets.base import Partly, Target
from alliance_fhir.writing import marks_of


def retract(
    names: Sequence[str],
    places: Sequence[tuple[Target, Ledger]],
    settings: Settings,
    reason: str,
    *,
    only: bool = False,
) -> Result:
    """Retracts records at every target that has them. `only`: the resources that are named, not
    their whole records.

    Raises ConfigError, before anything is done, where a name names nothing at any target, or one of
    them or the reason is no text.
    """
    began = time.monotonic()
    if not all(is_text(told) for told in (*names, reason)):
        raise ConfigError("KEY and --reason take text in UTF-8; nothing was retracted")
    targets = [target for target, _ in places]
    result = Result(
        "retract",
        run=secrets.token_hex(8),
        target=", ".join(target.name for target in targets),
        fhir_version=targets[0].version.full,
    )
    work: list[tuple[Withdrawal, list[tuple[str, Record]]]] = []
    found: set[int] = set()
    for target, ledger in places:
        ledger.begin_run(result.run, result.command, settings.source)
        target.begin(writing=True)
        target.recall(ledger.fact(ABILITIES))
        finder = Names(target, ledger, settings, site_catalog(settings), only=only)
        looked = {number: finder.find(name) for number, name in enumerate(names, 1)}
        found |= {number for number, record in looked.items() if record}
        named = zip(names, looked.values(), strict=True)
        records = {_meant(record): (name, record) for name, record in named if record}
        withdrawal = Withdrawal(
            target, ledger, settings, result.run, reason, result.tally, only, finder.find
        )
        work.append((withdrawal, list(records.values())))
    if missing := set(range(1, len(names) + 1)) - found:
        raise ConfigError(
            f"KEY {min(missing)} of {len(names)} names nothing that is at {result.target}; nothing "
            "was retracted. A KEY is the source's record id, an identifier as it is there, or "
            "Type/id; --config names the source"
        )
    result.tally.read = result.tally.accepted = len(names)
    try:
        for withdrawal, records in work:
            withdrawal.carry_out(records)
    except ServerError as error:
        result.stopped, result.stop_code = str(error), error.exit_code
    result.seconds = time.monotonic() - began
    return result


class Withdrawal:
    """Retracts at one target."""

    def __init__(
        self,
        target: Target,
        ledger: Ledger,
        settings: Settings,
        run: str,
        reason: str,
        tally: Tally,
        only: bool,
        find: Callable[[str], Record | None],
    ) -> None:
        self._target = target
        self._ledger = ledger
        self._source = settings.source
        self._run = run
        self._reason = reason
        self._tally = tally
        self._only = only
        self._find = find
        self._writer = ProvenanceWriter(target.version, settings)
        self._marks = marks_of(settings, target, run)
        self._releaser = Releaser(ledger, target, settings, run, self._marks, now)

    def carry_out(self, records: Iterable[tuple[str, Record]]) -> None:
        """Retracts what is left of the records, each with its name. Raises what stops the run."""
        for name, record in records:
            with self._ledger.claim(record.key):
                # what another process did since is in the ledger and at the target
                again = self._find(name) if self._ledger.shared else record
                if again:
                    self._one(again)
        self._target.finish()
        self._ledger.end_run(self._run)
        self._ledger.commit()

    def _one(self, record: Record) -> None:
        for hit, rule in record.in_the_way:
            self._told("conflict", hit, rule)
        if record.in_the_way:
            self._tally.resources["blocked"] += len(record.left) - len(record.in_the_way)
            return
        closed = [hit for hit in record.left if not self._target.takes(hit.type, "updated")]
        for hit in closed:
            self._told("blocked", hit, "not-accepted")
        if closed:
            return
        done = [hit for hit in record.hits if hit.retracted]
        self._tally.resources["unchanged"] += len(done)
        for hit in record.theirs:
            place = f"{hit.type}/{hit.id or hit.key}"
            told = Finding(self._target.name, 0, "", TAKEN_UP, resource=place)
            self._tally.warnings.append(told)
        if record.left or record.open:
            self._send(record, [self._change(hit, record) for hit in record.left], done)
        if self._only and not self._target.all_at_once:
            self._release(record)

    def _change(self, hit: Found, record: Record) -> Change:
        body = self._target.read(hit)
        if body is None:
            raise Conflict(f"{self._target.name} has {hit.type}/{hit.id} no more; run again")
        whole, content = resealed(withdrawn(body))
        resource = Resource(hit.type, hit.key, whole, content)
        known = record.known.get(hit.key)
        marked = self._marks.mark(resource, known.made_by if known else hit.made_by, new=False)
        return Change(marked, "updated", hit.id, hit.version, hit.digest)

    def _send(self, record: Record, changes: list[Change], done: Sequence[Found]) -> None:
        """Sends what is to be changed, with the Provenance of the whole."""
        entries = {c.resource.key: self._entry(record, c.resource, c.id) for c in changes}
        entries |= {hit.key: self._done(record, hit) for hit in done}
        sent = list(changes)
        if self._target.takes("Provenance", "created"):
            proof = self._proof(record, changes, done, entries)
            sent.append(Change(self._marks.mark(proof, self._run, new=True), "created"))
            entry = self._entry(record, proof, "")
            entries[proof.key] = entry._replace(version=1, made_by=self._run)
        asked = [entries[change.resource.key] for change in sent]
        if not self._target.all_at_once:
            with self._ledger.together():
                self._ledger.write(asked)
        try:
            answers = self._target.deliver(sent, {})
        except Partly as partly:
            self._settle(partly.answers, entries)
            raise partly.error from None
        except ServerError as error:
            self._failed(error, record, asked)
            return
        with self._ledger.together(commit=not self._target.all_at_once):
            self._ledger.settle([entries[hit.key] for hit in done])
            if not self._only:
                self._ledger.unkeep(record.key)
            self._settle(answers, entries)

    def _failed(self, error: ServerError, record: Record, asked: Sequence[Entry]) -> None:
        """Nothing of it was taken. Raises what is not of this record alone."""
        if not isinstance(error, Unavailable) or not error.sent:
            self._ledger.forget(asked)
            self._ledger.commit()
        if not isinstance(error, (Conflict, Refused)):
            raise error
        for hit in record.left:
            if isinstance(error, Conflict):
                self._told("conflict", hit, "changed-at-target")
                continue
            said = ", ".join([str(error.status), *error.issues])
            remedy = f"The target declined it ({said}); change its rules, or do it there."
            self._told("rejected", hit, "refused", remedy)

    def _proof(
        self,
        record: Record,
        changes: Sequence[Change],
        done: Sequence[Found],
        entries: Mapping[str, Entry],
    ) -> Resource:
        resources = [change.resource for change in changes]
        resources += [Resource(hit.type, hit.key, {}, hit.digest) for hit in done]
        resources.sort(key=lambda one: one.key)  # the same, however far an earlier attempt came
        versions = [entries[one.key].version for one in resources]
        one = next(iter(record.known.values()), _nothing(self._source))
        origin = Origin(one.path, one.row)
        nobody = Identifier("", "")
        group = Group(record.key, origin, nobody, "", None, one.source_digest, [])
        return self._writer.write(group, resources, "nullify", now(), versions, self._reason)

    def _entry(self, record: Record, resource: Resource, id_: str) -> Entry:
        known = record.known.get(resource.key)
        before = known or next(iter(record.known.values()), _nothing(self._source))
        acknowledged = bool(known and known.acknowledged)
        return before._replace(
            key=resource.key,
            version=known.version + acknowledged if known else 1,
            type=resource.type,
            group_key=record.key,
            digest=resource.digest,
            server_digest="",
            state="sent",
            server_id=id_,
            server_version="",
            run=self._run,
            made_by=known.made_by if known else "",
        )

    def _done(self, record: Record, hit: Found) -> Entry:
        """The row of what was retracted before, whether the ledger was told or not."""
        known = record.known.get(hit.key)
        if known and known.state == RETRACTED:
            return known
        resource = Resource(hit.type, hit.key, {}, hit.digest)
        entry = self._entry(record, resource, hit.id)
        entry = entry._replace(made_by=entry.made_by or hit.made_by)
        return entry.confirmed(RETRACTED, hit.id, hit.version, hit.digest)

    def _settle(self, answers: Iterable[Delivered], entries: Mapping[str, Entry]) -> None:
        settled: list[Entry] = []
        for answer in answers:
            written = answer.change.resource
            proof = written.type == "Provenance"
            digest = answer.digest or written.digest
            settled.append(
                entries[written.key].confirmed(
                    "created" if proof else RETRACTED, answer.id, answer.version, digest
                )
            )
            self._tally.resources["created" if proof else "updated"] += not answer.existed
        self._ledger.settle(settled)
        if not self._target.all_at_once:
            self._ledger.commit()

    def _release(self, record: Record) -> None:
        """One that was retracted without its record gives up its identifier at once: the record may
        give such a thing again, and that is another then."""
        keys = {hit.key for hit in record.hits}
        for entry in self._ledger.of_groups([record.key]):
            if entry.state == RETRACTED and entry.key in keys:
                self._releaser.release(entry)

    def _told(self, state: State, hit: Found, rule: str, remedy: str = "") -> None:
        place = f"{hit.type}/{hit.id or hit.key}"
        finding = Finding(self._target.name, 0, "", rule, remedy, resource=place)
        self._tally.resources[state] += 1
        (self._tally.rejected if state == "rejected" else self._tally.blocked).append(finding)


_OF_CANCELLED = ("cancelationReason", "cancellationReason", "cancellationDate")
"""What FHIR (app-4) lets no Appointment have but one that is cancelled: R4's spelling and R5's."""


def withdrawn(body: Json) -> Json:
    """A resource as it stands there, entered in error. It claims the profiles that it claimed, but
    for that of a no-show, as it is none any more."""
    status = "lifecycleStatus" if body["resourceType"] == "Goal" else "status"
    left = {name: value for name, value in body.items() if name not in _OF_CANCELLED}
    return {**without_claim(left, NO_SHOW), status: "entered-in-error"}


def _meant(record: Record) -> tuple[str, ...]:
    """What a name names: a record, or with `--only` a resource of it."""
    return record.key, *sorted({hit.key for hit in record.hits})


def _nothing(source: str) -> Entry:
    """A row of a record of which the ledger knows nothing."""
    return Entry("", 0, "", "", source, "", "", "", 0, "", "", "", "", "", "", "", "")
