"""What somebody changed of a shared plan at a target, as places in the plan's document."""

from __future__ import annotations

from alliance_fhir.config import Settings
from alliance_fhir.domain.plan.differences import differences, in_short
from alliance_fhir.domain.receipt import Receipt
from alliance_fhir.errors import ServerError
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.planned import Planned
from alliance_fhir.readback import CHANGED, ReadBack
from alliance_fhir.sources.plans.document import Documents
from alliance_fhir.targets.base import Target


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
        changed = self._changed(planned)
        if not changed:
            return receipts
        remedy = (
            f"Somebody changed the plan there ({changed}); choose --merge, or --take source or "
            "server."
        )
        return [r._replace(remedy=remedy) if r.rule == CHANGED else r for r in receipts]

    def _changed(self, planned: Planned) -> str:
        """What stands there, against what was sent last; without a ledger, against the source."""
        sent = self._ledger.documents(planned.group.key)
        ours = planned.group.resources
        if sent:
            ours = self._back.mapped(map(self._documents.again, sent.values()))
        before = self._back.made(ours)
        if before is None:
            return ""
        try:
            there = self._back.there(planned.decisions, before.plan)
        except ServerError:  # it is told all the same that somebody did
            return ""
        if there is None:
            return ""
        # what an earlier release sent does not tell when the version was written
        found = differences(before.plan, there.plan)
        return in_short([one for one in found if one.place != ("written",)])
