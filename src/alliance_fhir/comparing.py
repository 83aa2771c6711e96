"""What somebody changed of a shared plan at a target, as places in the plan's document."""

from __future__ import annotations

from typing import NamedTuple, Self

from alliance_fhir.config import Settings
from alliance_fhir.domain.plan.differences import Told, differences, in_short
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.receipt import Receipt
from alliance_fhir.errors import ServerError
from alliance_fhir.fhir.plan.goals import goal_suffix
from alliance_fhir.fhir.plan.tasks import TASK
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.planned import Planned
from alliance_fhir.readback import CHANGED, MOVED, Back, Left, ReadBack
from alliance_fhir.sources.plans.document import Documents
from alliance_fhir.targets.base import Target

_CHANGED = "Somebody changed the plan there ({}); choose {}."
_SIDES = "--take source or server"
_MERGE = f"--merge, or {_SIDES}"


class _Status(NamedTuple):
    """A status that somebody changed, of which a document has nothing."""

    told: str

    @classmethod
    def of(cls, left: Left, plan: SharedPlan) -> Self:
        """With the goal or task whose it is."""
        suffixes = [goal_suffix(one.goal) for one in plan.goals]
        places = {suffix: f"goals[{n}]" for n, suffix in enumerate(suffixes)}
        places |= {f"{TASK}{one.task}": f"tasks[{n}]" for n, one in enumerate(plan.tasks)}
        suffix = left.key.partition("-")[2].partition(":")[0]  # what follows is the type
        place = places.get(suffix)
        return cls(f"{left.told} of {place}" if place else left.told)


class Comparing:
    """Reads plans back from one target, and holds them against what was sent."""

    def __init__(self, ledger: Ledger, target: Target, settings: Settings) -> None:
        self._ledger = ledger
        self._back = ReadBack(target, settings)
        self._documents = Documents(settings)

    def told(self, planned: Planned, receipts: list[Receipt]) -> list[Receipt]:
        """The receipts; what is in the way of a plan says what of the plan was changed: the paths,
        and no word of it."""
        if not planned.group.of_plan or all(receipt.rule != CHANGED for receipt in receipts):
            return receipts
        remedy = self._remedy(planned)
        return [r._replace(remedy=remedy) if r.rule == CHANGED else r for r in receipts]

    def _remedy(self, planned: Planned) -> str:
        """What stands there, against what was sent last; without a ledger, against the source.
        Empty where nothing can be said of it."""
        sent = self._ledger.documents(planned.group.key)
        ours = planned.group.resources
        if sent:
            ours = self._back.mapped(map(self._documents.again, sent.values()))
        before = self._back.made(ours)
        if before is None:
            return ""
        try:
            there = self._back.there(planned.decisions, before.plan)
            if there and self._back.is_moved(planned.decisions, before, there):
                return MOVED
        except ServerError:  # it is told all the same that somebody did
            return ""
        return self._told(before, there) if there else ""

    def _told(self, before: Back, there: Back) -> str:
        """Whatever has ended there is the plan's still, with another status."""
        left = there.lost_beside(before)
        statuses = [one for one in left if one.is_status]
        plan = self._back.with_statuses(there, before, statuses).plan if statuses else there.plan
        # what an earlier release sent does not tell when the version was written
        found = [one for one in differences(before.plan, plan) if one.place != ("written",)]
        told: list[Told] = [*found, *(_Status.of(one, plan) for one in statuses)]
        if found and not statuses:
            return _CHANGED.format(in_short(told), _MERGE)
        told = told or [*left]
        return _CHANGED.format(in_short(told), _SIDES) if told else ""
