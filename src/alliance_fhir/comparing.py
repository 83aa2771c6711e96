"""What somebody changed of a shared plan at a target, as places in the plan's document."""

from __future__ import annotations

from collections.abc import Iterable

from alliance_fhir.config import Settings
from alliance_fhir.deciding import Decision
from alliance_fhir.domain.plan.differences import differences, in_one_line
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.receipt import Receipt
from alliance_fhir.errors import ServerError
from alliance_fhir.fhir.plan.mapper import PlanMapper
from alliance_fhir.fhir.reply import Found
from alliance_fhir.fhir.versions import Json
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.planned import Planned
from alliance_fhir.sources.plans.document import Documents
from alliance_fhir.targets.base import Target

_CHANGED = "changed-at-target"
_MOST = 12


class Comparing:
    """Reads plans back from one target, and holds them against what was sent."""

    def __init__(self, ledger: Ledger, target: Target, settings: Settings) -> None:
        self._ledger = ledger
        self._target = target
        self._settings = settings
        self._mapper = PlanMapper(target.version, settings)
        self._documents = Documents(settings)

    def told(self, planned: Planned, receipts: list[Receipt]) -> list[Receipt]:
        """The receipts; what is in the way of a plan says what of the plan was changed: the paths,
        and no word of it."""
        if not planned.group.of_plan or all(receipt.rule != _CHANGED for receipt in receipts):
            return receipts
        changed = self._changed(planned)
        if not changed:
            return receipts
        remedy = f"Somebody changed the plan there ({changed}); choose --take source or server."
        return [r._replace(remedy=remedy) if r.rule == _CHANGED else r for r in receipts]

    def _changed(self, planned: Planned) -> str:
        """What stands there, against what was sent last; without a ledger, against the source."""
        sent = self._ledger.documents(planned.group.key)
        ours = [resource.body for resource in planned.group.resources]
        if sent:
            versions = map(self._documents.again, sent.values())
            ours = [resource.body for resource in self._mapper.resources(versions)]
        try:
            there = self._plan(filter(None, map(self._body, planned.decisions)))
        except ServerError:  # it is told all the same that somebody did
            return ""
        before = self._plan(ours)
        if before is None or there is None:
            return ""
        # what an earlier release sent does not tell when the version was written
        found = [one for one in differences(before, there) if one.place != ("written",)]
        more = f", and {len(found) - _MOST} more" if len(found) > _MOST else ""
        return in_one_line(found[:_MOST]) + more

    def _plan(self, bodies: Iterable[Json]) -> SharedPlan | None:
        """The plan that these make, in the form in which all plans come back."""
        # imported here, as few runs find that somebody changed a plan
        from alliance_fhir.fhir.plan.reading import plans_in

        return next((came.plan for came in plans_in(bodies, self._settings)), None)

    def _body(self, decision: Decision) -> Json | None:
        resource, id_ = decision.resource, decision.server_id
        if not id_ and not self._target.all_at_once:
            return None
        return self._target.read(Found(resource.type, resource.key, id_, "", "", ""))
