"""`--merge`: shared plans that were changed at their source and at a target, brought together.

What both began with is what was sent last, as the ledger has it. The merged plan is written beside
its source as the next version, and sent in the same run; so the source says what the target has,
and the next run finds nothing to do. Where the two collide nothing is sent, and a document that
somebody has to finish is written in its place. Nothing is merged that would overwrite what a
document has no place for, and nothing is overwritten but what was read for the merge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from alliance_fhir.comparing import Comparing
from alliance_fhir.config import Settings
from alliance_fhir.delivery import now
from alliance_fhir.domain.plan.dating import merged_on
from alliance_fhir.domain.plan.differences import differences
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.plan.history import standing, wording
from alliance_fhir.domain.plan.merging import Conflict, merge
from alliance_fhir.domain.plan.places import find
from alliance_fhir.domain.receipt import MERGED, Finding, Receipt
from alliance_fhir.domain.records import Moment, Origin
from alliance_fhir.fhir.canonical import content_digest
from alliance_fhir.fhir.group import Group
from alliance_fhir.gathering import Grouping
from alliance_fhir.laying_down import ending, lay_down, next_to
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.planned import OBSTACLES, Planned
from alliance_fhir.planning import Planner
from alliance_fhir.readback import CHANGED, Back, Left, ReadBack, in_short
from alliance_fhir.sources.plans import SUFFIXES
from alliance_fhir.sources.plans.document import Documents
from alliance_fhir.sources.plans.merged import ENDING, answers, unfinished, whole
from alliance_fhir.sources.plans.written import as_json
from alliance_fhir.targets.base import Target

_SIDES = "choose --take source or server."
_LOST = (
    "Somebody changed the plan there, and this ledger has no document of it that was sent: what "
    f"both began with is not known, and nothing is merged; {_SIDES}"
)
_NO_PLAN = (
    "Somebody changed the plan there, so that no document can be made of it, or one of another "
    f"plan or patient: nothing is merged. Look at it there, and {_SIDES}"
)
_NO_PLACE = (
    "Somebody put there, or took away, what a plan document has no place for ({}): nothing is "
    "merged, as that would be lost. Say it in the source in words of the plan and choose --take "
    "source; or --take server."
)
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
_HAS_IT = "The source has what somebody changed there."
_COLLISIONS = ("both-changed", "leans-on-removed")
"""What somebody has to decide; of the rest it is enough to be told."""
_ARRIVED = ("created", "updated", "unchanged")


class _Sides(NamedTuple):
    """What was sent last, what the source gives, and what stands at the target."""

    base: Back
    ours: Back
    theirs: Back


class _Refused(Exception):
    """Nothing is merged; `remedy` says why, and what to do."""

    def __init__(self, remedy: str) -> None:
        super().__init__(remedy)
        self.remedy = remedy


@dataclass
class _Case:
    """What came of a plan. `before` is what was decided without a merge; `remedy` is said of what
    is in the way, `told` of what was merged. `path` and `text` are of the document that is to be
    written, and `seen` is what stood at the target for it."""

    before: Planned
    remedy: str = ""
    told: str = ""
    merged: bool = False
    path: Path | None = None
    text: str = ""
    seen: str = ""


class Merging:
    """Merges the plans of one run. `dry`: nothing is written. `clock` gives the moment, as an
    instant of FHIR."""

    def __init__(
        self,
        ledger: Ledger,
        target: Target,
        planner: Planner,
        settings: Settings,
        run: str,
        *,
        dry: bool,
        clock: Callable[[], str] = now,
    ) -> None:
        self._ledger = ledger
        self._at_once = target.all_at_once
        self._planner = planner
        self._zone = settings.tz
        self._run = run
        self._dry = dry
        self._clock = clock
        self._comparing = Comparing(ledger, target, settings)
        self._back = ReadBack(target, settings)
        self._grouping = Grouping(settings, target.version)
        self._documents = Documents(settings)
        self._cases: dict[str, _Case] = {}

    def of(self, planned: Planned) -> Planned:
        """What is to be done with a plan: with the merged one, where somebody's change is all that
        is in the way, and where it can be merged. Raises ServerError."""
        obstacles = {one.rule for one in planned.decisions if one.state in OBSTACLES}
        if not planned.group.of_plan or obstacles != {CHANGED}:
            return planned
        case = self._cases[planned.group.key] = _Case(planned)
        try:
            return self._merged(planned, case)
        except _Refused as refused:
            case.remedy = refused.remedy
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
        if not case or not case.merged or any(r.state not in _ARRIVED for r in receipts):
            return []
        origin = planned.group.origin
        return [Finding(origin.path, origin.row, "", MERGED, case.told)]

    # --- what comes of the two sides

    def _merged(self, planned: Planned, case: _Case) -> Planned:
        group = planned.group
        kept = self._ledger.documents(group.key)
        sides = self._sides(planned, kept)
        known = kept | dict(group.documents)
        plans = self._grouping.read(known)
        _, ours, theirs = sides
        base = self._begun_with(group, sides)
        when = merged_on(base, (ours.plan, theirs.plan), plans.values(), self._now())
        try:
            merged = merge(base, ours.plan, theirs.plan, when)
        except ValueError:
            raise _Refused(_NO_PLAN) from None
        number = max(*known, ours.plan.version, theirs.plan.version) + 1
        plan, gone_by = _dated(merged.plan, number, when, sides)
        collisions = [one for one in merged.conflicts if one.why in _COLLISIONS]
        left_out = [one for one in merged.conflicts if _is_left_out(one, merged.plan)]
        source = Path(group.origin.path)
        seen = frozenset((key, content_digest(body)) for key, body in theirs.bodies.items())
        if collisions:
            self._to_be_finished(case, plan, merged.conflicts, theirs.plan, source, known)
            return planned
        new = group
        if _alike(merged.plan, ours.plan):  # it stands in the source, and was not sent yet
            case.told = _told(ours.plan, ours.plan, plans.values(), left_out)
        else:
            left_out += gone_by
            path = next_to(source, known, number, ending(source))
            new, versions = self._with_document(
                group, case, kept, plan, theirs.plan, path, left_out
            )
            told = _told(ours.plan, merged.plan, versions, left_out)
            case.told = f"{told} It stands in {path.name}."
        case.merged = True
        [decided] = self._planner.decide([new._replace(seen=seen)], reread=True)
        return decided

    def _sides(self, planned: Planned, kept: Mapping[int, str]) -> _Sides:
        if not kept:
            raise _Refused(_LOST)
        sent = self._grouping.read(kept)
        ours = [one for one in planned.group.resources if one.type != "Provenance"]
        base = self._back.made(self._back.mapped(sent.values()))
        here = self._back.made(ours)
        there = self._back.there(d for d in planned.decisions if d.resource.type != "Provenance")
        if base is None or here is None or there is None:
            raise _Refused(_NO_PLAN)
        lost = there.lost_beside(base)
        lost += self._unseen(planned, sent, base.plan, there.plan, {one.key for one in lost})
        if lost:
            raise _Refused(_NO_PLACE.format(", ".join(dict.fromkeys(map(str, lost)))))
        return _Sides(base, here, there)

    def _unseen(
        self,
        planned: Planned,
        sent: Mapping[int, SharedPlan],
        base: SharedPlan,
        theirs: SharedPlan,
        told: set[str],
    ) -> list[Left]:
        """The resources that were changed, and of which the documents tell nothing; but for those
        that are `told` of."""
        newest = max(sent)
        before = [plan for version, plan in sent.items() if version != newest]
        number = {"version": newest}

        def digests(plan: SharedPlan) -> dict[str, str]:
            mapped = self._back.mapped([*before, plan.model_copy(update=number)])
            return {one.key: one.digest for one in mapped}

        was, now_ = digests(base), digests(theirs)
        return [
            Left(one.key, one.type, "")
            for one in (d.resource for d in planned.decisions if d.rule == CHANGED)
            if one.key not in told and was.get(one.key) == now_.get(one.key)
        ]

    def _begun_with(self, group: Group, sides: _Sides) -> SharedPlan:
        """What both sides began with: what was sent last; or, where the newest document is a merged
        one that was not sent yet, what stood at the target then, as that has gone into it."""
        if not group.documents or max(group.documents)[0] != group.edition:
            return sides.base.plan
        try:
            seen = answers(Path(group.origin.path).read_text("utf-8-sig"))
        except (OSError, UnicodeDecodeError):  # it was read before
            return sides.base.plan
        known = map(self._documents.again, self._ledger.seen(group.key) if seen else ())
        found = (plan for plan in known if self._documents.content(plan) == seen)
        return next(found, sides.base.plan)

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
        end = ending(source) if not source.name.lower().endswith(".json") else SUFFIXES[0]
        finished = next_to(source, known, plan.version, end)
        case.path = finished.with_name(finished.name.removesuffix(end) + ENDING)
        case.seen = self._documents.text(theirs)
        content = self._documents.content(theirs)
        case.text = unfinished(plan, conflicts, content, finished.name)
        case.remedy = _COLLIDE.format(in_short(conflicts), case.path.name, finished.name)

    def _with_document(
        self,
        group: Group,
        case: _Case,
        kept: dict[int, str],
        plan: SharedPlan,
        theirs: SharedPlan,
        path: Path,
        left_out: Sequence[Conflict],
    ) -> tuple[Group, Iterable[SharedPlan]]:
        """The group with the merged plan as its newest version, as it is read from its document;
        and all versions."""
        json = path.name.lower().endswith(".json")
        content = self._documents.content(theirs)
        text = as_json(plan) if json else whole(plan, left_out, content)
        read = self._documents.read(path, text)
        if read.plan is None:
            raise _Refused(_NO_PLAN)
        if path.exists():
            raise _Refused(_THERE.format(path.name))
        case.path, case.text, case.seen = path, text, self._documents.text(theirs)
        came = dict(group.documents) | {plan.version: self._documents.text(read.plan)}
        origin = Origin(str(path), read.at(("plan",))[0])
        plans = self._grouping.read(kept | came)
        new = self._grouping.group(group.key, [origin], kept, came, plans)
        beside = (*group.beside, group.origin.path)
        return new._replace(records=group.records, beside=beside), plans.values()

    def _write(self, key: str, case: _Case, path: Path) -> None:
        self._ledger.see(key, case.seen, self._run)
        if not self._at_once:
            self._ledger.commit()
        if case.merged or not path.exists():  # what is to be finished somebody may have opened
            lay_down(path, case.text)

    def _now(self) -> Moment:
        return Moment.of(datetime.fromisoformat(self._clock()).astimezone(self._zone))


def _dated(
    plan: SharedPlan, number: int, when: Moment, sides: _Sides
) -> tuple[SharedPlan, list[Conflict]]:
    """The plan as the version that it becomes; a next review before that is left out, and told."""
    told: dict[str, object] = {"version": number, "written": when}
    left_out: list[Conflict] = []
    if plan.next_review and plan.next_review.comes_before(when):
        told["next_review"] = None
        was, here, there = (side.plan.next_review for side in sides)
        left_out = [Conflict(("next_review",), was, here, there, "gone-by", "next_review")]
    return plan.model_copy(update=told), left_out


def _is_left_out(conflict: Conflict, plan: SharedPlan) -> bool:
    """Whether the plan has not all that both sides have at the place of a conflict."""
    found = find(plan, conflict.place)
    has: Any = found.value if found else None
    if isinstance(has, tuple):  # of what a party said, each word by itself
        sides: list[Any] = [conflict.ours or (), conflict.theirs or ()]
        return any(one not in has for side in sides for one in side)
    return any(side not in (None, has) for side in (conflict.ours, conflict.theirs))


def _alike(one: SharedPlan, other: SharedPlan) -> bool:
    """Whether two documents say the same, whichever versions they are."""
    number = {"version": other.version, "written": other.written}
    return one.model_copy(update=number) == other


def _told(
    ours: SharedPlan, merged: SharedPlan, plans: Iterable[SharedPlan], left_out: Sequence[Conflict]
) -> str:
    """What was merged into what the source says, and where somebody has still to agree to words
    that are new there: the paths, and no word of it. `plans` are all versions."""
    found = [one for one in differences(ours, merged) if one.place[0] not in ("version", "written")]
    told = [f"Merged with what somebody changed there ({in_short(found)})." if found else _HAS_IT]
    before, now_ = wording(ours).words, standing(plans)
    names = [f"goals[{number}]" for number in range(len(merged.goals))]
    names += [f"tasks[{number}]" for number in range(len(merged.tasks))]
    words = wording(merged).words
    open_ = [
        name
        for name, key in zip(names, words, strict=True)
        if before.get(key) != words[key] and any(p.standing == "pending" for p in now_[key])
    ]
    if open_:
        told.append(f"Somebody has still to agree to {', '.join(open_)}.")
    if left_out:
        told.append(f"Left out: {in_short(left_out)}.")
    return " ".join(told)
