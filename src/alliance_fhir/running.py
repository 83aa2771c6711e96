"""One plan or sync, from the first row to the last receipt."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TypeVar

from alliance_fhir.asking import Options, Progress, Watch
from alliance_fhir.comparing import Comparing
from alliance_fhir.config import Settings
from alliance_fhir.counting import count, foreseen
from alliance_fhir.dead_letters import DeadLetters, kept, usual_place
from alliance_fhir.deciding import Decision, Sides
from alliance_fhir.delivery import Delivery
from alliance_fhir.domain.receipt import Finding, Receipt, Tally
from alliance_fhir.domain.records import Identifier, Origin
from alliance_fhir.errors import AllianceError, ConfigError, ServerError
from alliance_fhir.fhir.group import Group, Resource
from alliance_fhir.fhir.people import CREATABLE
from alliance_fhir.fhir.provenance import SOFTWARE
from alliance_fhir.halting import Halted
from alliance_fhir.handed_over import is_left_out
from alliance_fhir.intake import Intake
from alliance_fhir.lanes import Done, Lanes
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.mapping import Mapping
from alliance_fhir.merging import Merging
from alliance_fhir.planned import Planned
from alliance_fhir.planning import Planner
from alliance_fhir.public_servers import refuse_real_data
from alliance_fhir.recording import IN_DOUBT
from alliance_fhir.registering import Register
from alliance_fhir.result import Result
from alliance_fhir.seen import Seen
from alliance_fhir.sources.supply import Supply
from alliance_fhir.targets.base import BESIDE, Target
from alliance_fhir.validation import Validation

T = TypeVar("T")

CHUNK = 50
"""Groups that are planned together: one look at the ledger, and at most a few searches."""
_FIRST_CHUNK = 8
"""The first ones are fewer, so that something is on its way soon."""

ABILITIES = "abilities"
"""Under this name the ledger keeps what was found out about the target."""


Settled = Callable[[Planned, Sequence[Receipt]], None]
"""Hears what became of each group."""


def new_run() -> str:
    """The id of a run that begins."""
    return secrets.token_hex(8)


class Run:
    """One plan or sync; `settled` hears of each group, in the order of the records, and `alone` is
    what is to be sent beside the records, and is of none. `dry`: nothing is written."""

    def __init__(
        self,
        command: str,
        sources: Supply,
        target: Target,
        ledger: Ledger,
        settings: Settings,
        options: Options,
        watch: Watch,
        letters: DeadLetters | None = None,
        settled: Settled = lambda planned, receipts: None,
        run: str = "",
        alone: Sequence[Resource] = (),
        dry: bool = False,
    ) -> None:
        self._dry = dry or command == "plan"
        self._target = target
        self._ledger = ledger
        self._settings = settings
        self._options = options
        self._watch = watch
        self._settled = settled
        self._sources = sources
        self._mapping = Mapping(
            settings,
            sources.catalog,
            target.version,
            options.check,
            ledger.documents,
            partial(ledger.plans, settings.named_source),
        )
        self._mapping.add(alone)
        self._alone = {resource.key for resource in alone}
        self._planner = Planner(
            ledger,
            target,
            settings.named_source,
            settings.secret,
            reread=options.reread or options.merge,
            accept_older=options.accept_older,
            rescore=options.rescore,
            sides=Sides(options.take, options.recreate, options.adopt, options.reinstate),
        )
        self._result = Result(
            command,
            run=run or new_run(),
            target=target.name,
            fhir_version=target.version.full,
        )
        self._tally: Tally = self._result.tally
        asks = not self._dry or options.validate  # else there is nothing to do in lanes
        self._at_once = (options.lanes or target.lanes) if target.lanes and asks else 0
        self._lanes = Lanes(
            # while all requests wait for answers, one lane more prepares what is next
            self._at_once + 1 if self._at_once > 1 else self._at_once,
            self._deliver,
            Halted,
            self._hurry,
        )
        if letters is None and ledger.kept and not self._dry and not target.all_at_once:
            letters = DeadLetters(usual_place(ledger.name, target.identity, settings))
        self._letters = letters
        self._validation = Validation(target) if options.validate else None
        self._delivery = Delivery(
            ledger,
            target,
            self._planner,
            settings,
            self._result.run,
            self._mapping.checker,
            letters,
            self._validation,
        )
        self._register = Register(
            target,
            ledger,
            self._delivery,
            settings,
            self._send_alone if options.create_people else None,
            foreseen=self._dry,
        )
        self._comparing = Comparing(ledger, target, settings)
        self._merging = (
            Merging(
                ledger,
                target,
                self._planner,
                self._comparing,
                settings,
                self._result.run,
                dry=self._dry,
            )
            if options.merge
            else None
        )
        self._shared: set[str] = set()

    def go(self) -> Result:
        """The run, from the first row to the last receipt."""
        began = time.monotonic()
        self._begin()
        with Seen() as seen, kept(self._letters), self._lanes:
            intake = Intake(self._options, self._tally, seen)
            every = self._mapping.groups(self._sources, checked=False)
            if self._merging:
                every = self._merging.noting(every)
            for chunk in _portions(intake.of(every)):
                self._share()
                for planned in self._planned(chunk):
                    who = "|".join(planned.group.patient)
                    self._lanes.give(who, planned, here=not planned.writes)
                self._take_in(self._lanes.done())
                if self._letters:
                    self._letters.save(now=False)
                self._watch(Progress(self._tally.read, self._sources.count))
            self._take_in(self._lanes.rest())
            self._share()
            self._finish()
            if self._options.complete:
                self._tally.disappeared += intake.disappeared(self._ledger, self._settings.source)
                self._tally.warnings += intake.not_compared()
            if self._letters:
                self._tally.warnings += intake.without_row(self._letters)
        if self._letters and len(self._letters):
            self._result.dead_letters = str(self._letters.path)
        if self._validation:
            self._result.validation = dict(self._validation.counts)
        self._result.requests = self._target.requests()
        self._result.seconds = time.monotonic() - began
        return self._result

    def _begin(self) -> None:
        """Whatever stands against the run is said before the first row is read."""
        if not self._dry or self._validation:  # to ask about a resource is to send it
            refuse_real_data(
                self._target.identity,
                synthetic=self._settings.synthetic,
                meant=self._options.real_data_to_public_server,
            )
        if self._letters and self._options.only is not None:
            self._letters.check(self._target.name)
        self._target.begin(writing=not self._dry)
        if self._at_once:
            self._target.admit(self._at_once)
        if self._validation:
            self._validation.begin()
        self._target.recall(self._ledger.fact(ABILITIES))
        if not self._dry:  # from now on nobody takes away what records refer to
            self._ledger.begin_run(self._result.run, self._result.command, self._settings.source)
        self._same_target()

    def _hurry(self) -> None:
        self._target.hurry()
        self._ledger.hurry()

    def _same_target(self) -> None:
        """Raises ConfigError where the ledger knows this software's Device, and it is gone there.

        A sandbox in memory that was started anew, a folder that was emptied: what the ledger says
        of such a target is no longer true, and a sync would send nothing.
        """
        software = self._mapping.shared[SOFTWARE]
        if not self._ledger.current([software.key]):
            return  # nothing was ever sent by this ledger
        decision = self._planner.decide([_alone(software)], reread=True)[0].decisions[0]
        if decision.state == "gone":
            raise ConfigError(
                f"{self._target.name} was emptied, or is another than it was: what "
                f"{self._ledger.name} says of it is not there. If that was meant, remove this "
                "ledger and run again; nothing will be there twice."
            )

    def _planned(self, chunk: list[Group]) -> list[Planned]:
        """The chunk with what is to be done; nothing any more when the run has stopped."""
        if self._result.stopped:
            return [_not_sent(group) for group in chunk]
        try:
            planned = self._planner.decide(chunk)
            if self._merging:
                planned = [*map(self._merging.of, planned)]
            ready = [p for p in planned if self._needs_people(p) and not p.rule]
            self._tally.warnings.extend(self._register.find(ready))
            planned = [self._again_if_moved(p) for p in planned]
            if self._merging:
                planned = [*map(self._merging.settled, planned)]
        except ServerError as error:
            self._stop(error)
            return [_not_sent(group) for group in chunk]
        return planned

    def _needs_people(self, planned: Planned) -> bool:
        """Whether it is to be sent; or may be after all, where others may take away what was found
        of it before we have a claim on it."""
        return bool(planned.changes or planned.unproven or (planned.writes and self._ledger.shared))

    def _again_if_moved(self, planned: Planned) -> Planned:
        """Decides anew, by the target, where the patient is another one there than at the last
        write: a record must not be split between two."""
        patient = planned.group.patient
        now = self._delivery.references.get(("Patient", patient.system, patient.value), "")
        before = {d.known.subject_at for d in planned.decisions if d.known} - {""}
        if planned.rule or not planned.changes or before <= {now}:
            return planned
        return self._planner.decide([planned.group], reread=True)[0]

    def _share(self) -> None:
        """Sends what groups refer to before the groups: questionnaires, this software."""
        for key, resource in self._mapping.shared.items():
            if key not in self._shared and not self._result.stopped:
                self._shared.add(key)
                try:
                    self._send_alone(resource)
                except ServerError as error:
                    self._stop(error)

    def _send_alone(self, resource: Resource) -> None:
        person = resource.type in CREATABLE  # the ledger's may have another identifier by now
        alone = _alone(resource)._replace(of_plan=self._mapping.is_of_plans(resource))
        for planned in self._planner.decide([alone], reread=person):
            try:
                receipts = self._deliver(planned)
            except Halted as halted:
                receipts = self._halted(planned, halted)
            self._count(planned, self._beside(resource, receipts))

    def _beside(self, resource: Resource, receipts: list[Receipt]) -> list[Receipt]:
        """Where the target does not take what records can be without, they go without it. What is
        to be sent for its own sake is no such thing."""
        beside = resource.type in BESIDE and resource.key not in self._alone
        if not beside or all(r.rule != "not-accepted" for r in receipts):
            return receipts
        self._leave_out(resource.type)
        return [receipt._replace(state="not_sent", rule="") for receipt in receipts]

    def _leave_out(self, type_: str) -> None:
        finding = Finding(self._target.name, 0, type_, "left-out")
        if finding not in self._tally.warnings:
            self._tally.warnings.append(finding)

    def _deliver(self, planned: Planned) -> list[Receipt]:
        """Delivers a group, or says what would become of it. Called in the lanes."""
        if self._dry:
            self._mapping.checker.check(
                [decision.resource for decision in planned.changes],
                of_plan=planned.group.of_plan,
            )
        if self._result.stopped:
            return self._foreseen(planned)
        if self._dry:
            return self._delivery.foresee(planned, self._foreseen(planned))
        return self._delivery.send(planned)

    def _take_in(self, done: Iterable[Done[Planned, list[Receipt]]]) -> None:
        """Counts what came of the groups, in the order of the rows."""
        for planned, receipts, error in done:
            if isinstance(error, Halted):
                receipts = self._halted(planned, error)
            if receipts is None:
                receipts = self._foreseen(planned, ended=True)
            receipts = (self._merging or self._comparing).told(planned, receipts)
            self._count(planned, receipts)
            self._settled(planned, receipts)
            if self._merging:
                self._tally.warnings += self._merging.findings(planned, receipts)

    def _halted(self, planned: Planned, halted: Halted) -> list[Receipt]:
        """What is known of a group at which the run came to its end."""
        if not self._result.stopped:
            self._stop(halted.error)
        if any(receipt.rule == IN_DOUBT for receipt in halted.receipts):
            planned.warnings.append(IN_DOUBT)
        return list(halted.receipts)

    def _foreseen(self, planned: Planned, *, ended: bool = False) -> list[Receipt]:
        """What would become of a group. A lane may know that the run `ended` before we do, who hear
        of its error in the order of the rows."""
        ended = ended or bool(self._result.stopped)
        proven = self._target.takes("Provenance", "created")
        return foreseen(planned, ended=ended, proven=proven)

    def _count(self, planned: Planned, receipts: Iterable[Receipt]) -> None:
        told = list(receipts)
        if any(map(is_left_out, told)) and not self._target.takes("Task", "created"):
            self._leave_out("Task")
        count(self._tally, planned, told, self._target.name)
        if self._validation:
            errors, warnings = self._validation.taken(planned.group)
            self._tally.rejected += errors
            self._tally.warnings += warnings

    def _stop(self, error: AllianceError) -> None:
        self._result.stopped = str(error)
        self._result.stop_code = error.exit_code

    def _finish(self) -> None:
        if self._tally.accepted and not self._target.takes("Provenance", "created"):
            self._leave_out("Provenance")
        if self._dry:
            return
        self._target.finish()
        self._ledger.note(ABILITIES, self._target.remembered())
        if not self._result.stopped:
            self._ledger.end_run(self._result.run)
        self._ledger.commit()


def _alone(resource: Resource) -> Group:
    """A group for what belongs to no record."""
    return Group("", Origin("", 0), Identifier("", ""), "", None, "", [resource])


def _not_sent(group: Group) -> Planned:
    return Planned(group, [Decision(resource, "not_sent") for resource in group.resources])


def _portions(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    size = min(_FIRST_CHUNK, CHUNK)
    while portion := list(islice(iterator, size)):
        yield portion
        size = min(2 * size, CHUNK)
