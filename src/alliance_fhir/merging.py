"""`--merge`: shared plans that were changed at their source and at a target, brought together.

What both began with is what was sent last, as the ledger has it. The merged plan is written beside
its source as the next version, and sent in the same run; so the source says what the target has,
and the next run finds nothing to do. Where the two collide nothing is sent, and a document that
somebody has to finish is written in its place. Nothing is merged that would overwrite what a
document has no place for, and nothing is overwritten but what was read for the merge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from alliance_fhir.both_sides import NO_PLAN, AnotherDay, BothSides, NotMerged
from alliance_fhir.comparing import Comparing
from alliance_fhir.config import Settings
from alliance_fhir.domain.places import PLANS, is_document
from alliance_fhir.domain.plan.differences import in_short
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.plan.merging import Conflict, merge
from alliance_fhir.domain.plan.succession import (
    alike,
    as_version,
    is_left_out,
    merged_on,
    told_of,
)
from alliance_fhir.domain.receipt import ARRIVED, MERGED, NOT_TAKEN_IN, WARNINGS, Finding, Receipt
from alliance_fhir.domain.records import Moment, now
from alliance_fhir.fhir.group import Group
from alliance_fhir.gathering import Grouping
from alliance_fhir.laying_down import ending, lay_down, next_to
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.planned import OBSTACLES, Planned
from alliance_fhir.planning import Planner
from alliance_fhir.readback import CHANGED, Left
from alliance_fhir.sources.plans.document import Documents
from alliance_fhir.sources.plans.merged import ENDING, unfinished, whole
from alliance_fhir.sources.plans.written import as_json
from alliance_fhir.targets.base import Target

_COLLIDE = (
    "Both sides changed the plan, and collide ({}). `sync` keeps both in {}: finish that, name it "
    "{}, and sync --merge."
)
_THERE = (
    "The merged plan is to be {}, and there is something of that name: give it too, or move it."
)
_UNWRITTEN = (
    "Beside the source {} could not be written ({}), and nothing was sent; mend that, run again."
)
_REJECTED = (
    "Somebody changed the plan there, and {}: what the source says now is not known, and nothing "
    "is merged. Mend it, run again."
)
_UNDATED = " What was said there without a day ({}) has the plan's."
_PUT = " Of what was added there these are as the plan has them: {}."
_KEPT = (
    "Somebody added it there, and a plan document cannot carry it ({}): it stays theirs, as it is, "
    "and the plan lists it."
)
_COLLISIONS = ("both-changed", "leans-on-removed")
"""What somebody has to decide; of the rest it is enough to be told."""


@dataclass
class _Case:
    """What came of a plan. `before` is what was decided without a merge; `remedy` is said of what
    is in the way, `told` of what was merged. `path` and `text` are of the document that is to be
    written, and `seen` is what stood at the target for it. `kept` says, by paths in it, why
    something that it lists is others' still."""

    before: Planned
    remedy: str = ""
    told: str = ""
    merged: bool = False
    path: Path | None = None
    text: str = ""
    seen: str = ""
    kept: Mapping[str, str] = field(default_factory=dict[str, str])


class Merging:
    """Merges the plans of one run. `comparing` tells of those that it leaves alone. `dry`: nothing
    is written."""

    def __init__(
        self,
        ledger: Ledger,
        target: Target,
        planner: Planner,
        comparing: Comparing,
        settings: Settings,
        run: str,
        *,
        dry: bool,
    ) -> None:
        self._ledger = ledger
        self._at_once = target.all_at_once
        self._planner = planner
        self._zone = settings.tz
        self._run = run
        self._dry = dry
        self._comparing = comparing
        self._both = BothSides(ledger, target, settings)
        self._grouping = Grouping(settings, target.version)
        self._documents = Documents(settings)
        self._cases: dict[str, _Case] = {}
        self._rejected: dict[str, str] = {}
        """By key the plans of which a document was rejected, and why none of them is merged."""

    def noting(self, everything: Iterable[Group | Finding]) -> Iterator[Group | Finding]:
        """The same, which is looked at for documents that are rejected."""
        for one in everything:
            if isinstance(one, Finding) and one.rule not in WARNINGS and is_document(one.path):
                self._rejected[one.key] = f"{Path(one.path).name} was rejected ({one.rule})"
            yield one

    def of(self, planned: Planned) -> Planned:
        """What is to be done with a plan: with the merged one, where somebody's change is all that
        is in the way, and where it can be merged. Raises ServerError."""
        obstacles = {one.rule for one in planned.decisions if one.state in OBSTACLES}
        if not planned.group.of_plan or obstacles != {CHANGED}:
            return planned
        case = self._cases[planned.group.key] = _Case(planned)
        try:
            self._all_read(planned.group.key)
            return self._merged(planned, case)
        except NotMerged as refused:
            case.path, case.remedy = None, refused.remedy
            return planned

    def settled(self, planned: Planned) -> Planned:
        """The same, when it is about to be sent and its document is written: what is merged stands
        in the source before it stands at the target. What cannot be written is not sent."""
        case = self._cases.get(planned.group.key)
        if case is None or case.path is None:
            return planned
        if case.merged and planned.rule:  # of a document that there is not nothing is told
            origin = case.before.group.origin
            return replace(planned, group=planned.group._replace(origin=origin))
        if self._dry:
            return planned
        try:
            self._write(planned.group.key, case, case.path)
        except OSError as error:
            case.merged = False
            case.remedy = _UNWRITTEN.format(case.path.name, error.strerror)
            return case.before
        return planned

    def told(self, planned: Planned, receipts: list[Receipt]) -> list[Receipt]:
        """The receipts; what is in the way of a plan says why it was not merged."""
        case = self._cases.get(planned.group.key)
        if case is None or not case.remedy:
            return self._comparing.told(planned, receipts)
        return [r._replace(remedy=case.remedy) if r.rule == CHANGED else r for r in receipts]

    def findings(self, planned: Planned, receipts: Iterable[Receipt]) -> list[Finding]:
        """What was merged, if it arrived; or would be."""
        case = self._cases.pop(planned.group.key, None)
        if not case or not case.merged or any(r.state not in ARRIVED for r in receipts):
            return []
        origin = planned.group.origin
        row = origin.row_of("kept_by_others")
        kept = [
            Finding(origin.path, row, path, NOT_TAKEN_IN, why) for path, why in case.kept.items()
        ]
        return [Finding(origin.path, origin.row, "", MERGED, case.told), *kept]

    # --- what comes of the two sides

    def _all_read(self, key: str) -> None:
        """Raises NotMerged where a document of the plan was rejected, or one of which nobody knows
        of which plan it is."""
        for rejected in ("", key):
            if rejected in self._rejected:
                raise NotMerged(_REJECTED.format(self._rejected[rejected]))

    def _merged(self, planned: Planned, case: _Case) -> Planned:
        apart: dict[str, Sequence[Left]] = {}
        while True:
            try:
                return self._tried(planned, case, apart)
            except AnotherDay as other:
                apart |= other.places

    def _tried(self, planned: Planned, case: _Case, apart: Mapping[str, Sequence[Left]]) -> Planned:
        group = planned.group
        kept = self._ledger.documents(group.key)
        known = self._grouping.read(kept | dict(group.documents))
        sides = self._both.of(planned, self._grouping.read(kept), apart)
        base, ours, theirs = sides[:3]
        when = merged_on(base, (ours, theirs), known.values(), self._now(), sides.since)
        try:
            merged = merge(base, ours, theirs, when)
        except ValueError:
            raise NotMerged(NO_PLAN) from None
        number = max(*known, ours.version, theirs.version) + 1
        plan, gone_by = as_version(merged.plan, number, when, sides[:3])
        source = Path(group.origin.path)
        if any(one.why in _COLLISIONS for one in merged.conflicts):
            self._to_be_finished(case, plan, merged.conflicts, theirs, source, known)
            return planned
        left_out = [one for one in merged.conflicts if is_left_out(one, merged.plan)]
        if alike(merged.plan, ours):  # it stands in the source, and was not sent yet
            case.told = told_of(ours, ours, known.values(), left_out)
        else:
            left_out += gone_by
            path = next_to(source, known, number, ending(source))
            self._to_be_sent(case, plan, left_out, theirs, path)
            group, versions = self._with_document(group, case, kept, path)
            told = told_of(ours, merged.plan, versions, left_out)
            case.told = f"{told} It stands in {path.name}."
        if sides.undated:
            case.told += _UNDATED.format(sides.undated)
        over = sides.over(group)
        if put := ", ".join(map(str, sides.put(over))):
            case.told += _PUT.format(put)
        case.kept = {
            f"kept_by_others[{number}]": _KEPT.format(", ".join(map(str, sides.kept[address])))
            for number, address in enumerate(merged.plan.kept_by_others)
            if address in sides.kept
        }
        case.merged = True
        [decided] = self._planner.decide([over], reread=True)
        return decided

    # --- documents

    def _to_be_finished(
        self,
        case: _Case,
        plan: SharedPlan,
        conflicts: Sequence[Conflict],
        theirs: SharedPlan,
        source: Path,
        known: Iterable[int],
    ) -> None:
        end = PLANS[0] if _in_json(source) else ending(source)
        finished = next_to(source, known, plan.version, end)
        case.path = finished.with_name(finished.name.removesuffix(end) + ENDING)
        case.seen = self._documents.text(theirs)
        content = self._documents.content(theirs)
        case.text = unfinished(plan, conflicts, content, finished.name)
        case.remedy = _COLLIDE.format(in_short(conflicts), case.path.name, finished.name)

    def _to_be_sent(
        self,
        case: _Case,
        plan: SharedPlan,
        left_out: Sequence[Conflict],
        theirs: SharedPlan,
        path: Path,
    ) -> None:
        if path.exists():
            raise NotMerged(_THERE.format(path.name))
        content = self._documents.content(theirs)
        case.text = as_json(plan) if _in_json(path) else whole(plan, left_out, content)
        case.path, case.seen = path, self._documents.text(theirs)

    def _with_document(
        self, group: Group, case: _Case, kept: dict[int, str], path: Path
    ) -> tuple[Group, Iterable[SharedPlan]]:
        """The group with the merged plan as its newest version, as it is read from its document;
        and all versions."""
        read = self._documents.read(path, case.text)
        if read.plan is None:
            raise NotMerged(NO_PLAN)
        came = dict(group.documents) | {read.plan.version: self._documents.text(read.plan)}
        plans = self._grouping.read(kept | came)
        new = self._grouping.group(group.key, [read.origin(str(path))], kept, came, plans)
        beside = (*group.beside, group.origin.path)
        return new._replace(records=group.records, beside=beside), plans.values()

    def _write(self, key: str, case: _Case, path: Path) -> None:
        self._ledger.see(key, case.seen, self._run)
        if not self._at_once:
            self._ledger.commit()
        if case.merged or not path.exists():  # what is to be finished somebody may have opened
            lay_down(path, case.text)

    def _now(self) -> Moment:
        when = datetime.fromisoformat(now())
        return Moment.of(when.astimezone(self._zone) if self._zone else when)


def _in_json(path: Path) -> bool:
    return path.name.lower().endswith(".json")
