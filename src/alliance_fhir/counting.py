"""What a run tells of each record: what would become of it, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable

from alliance_fhir.domain.receipt import AS_ASKED, Finding, Receipt, Tally
from alliance_fhir.fhir.defined import DEFINED
from alliance_fhir.fhir.group import Group
from alliance_fhir.planned import OBSTACLES, Planned
from alliance_fhir.readback import CHANGED
from alliance_fhir.recording import told_of

_TOLD = (*OBSTACLES, "rejected")
_OF_PATIENT = ("patient-not-found", "patient-ambiguous", "patient-merged", "patient-changed")
_PATIENT = "patient"
_DELETED = "Somebody deleted the plan there; it was not made again: --recreate does."


def foreseen(planned: Planned, *, ended: bool, proven: bool) -> list[Receipt]:
    """What would become of a group; nothing of it, where the run has `ended` before it. `proven`:
    the target takes Provenances."""
    receipts: list[Receipt] = []
    for decision in planned.decisions:
        receipt = told_of(decision)
        if decision.sends:
            state = "blocked" if planned.rule else receipt.state
            receipt = receipt._replace(state="not_sent" if ended else state)
        receipts.append(receipt)
    going = any(r.state in ("created", "updated") and r.type != "Provenance" for r in receipts)
    going = going or (bool(planned.unproven) and not ended)
    if planned.group.key and going and proven:
        receipts.append(Receipt("Provenance", planned.group.key, "created"))
    return receipts


def count(tally: Tally, planned: Planned, receipts: Iterable[Receipt], target: str) -> None:
    """Counts what became of a group; what did not arrive is told once a group and rule, or of each
    resource that is another one there. What somebody changed of a plan is told once, of its
    CarePlan if that is changed; and so is that a plan was deleted. What belongs to no row is told
    of the `target`."""
    origin = planned.group.origin
    told: dict[tuple[str, str], Receipt] = {}
    for receipt in _in_order(planned.group, receipts):
        tally.resources[receipt.state] += 1
        if receipt.state in _TOLD:
            rule = "" if receipt.rule in AS_ASKED else receipt.rule  # which was not done then
            told[rule or planned.rule, _of_what(planned.group, receipt)] = receipt
    path = origin.path or target
    named = {rule for rule, one in told if one}
    for (rule, one), receipt in told.items():
        if one or rule not in named:  # the others of a group wait for the one that is told
            finding = receipt.finding(path, *_place(planned.group, rule), rule)
            kept = tally.rejected if receipt.state == "rejected" else tally.blocked
            if not origin.row or finding not in kept[-1:]:  # a referral, then its visit
                kept.append(finding)
    held_back = bool(told)
    for rule in planned.warnings:
        if held_back and rule in AS_ASKED:
            continue
        tally.warnings.append(Finding(path, origin.row, "", rule))


def _in_order(group: Group, receipts: Iterable[Receipt]) -> list[Receipt]:
    """The receipts; of a plan the CarePlan comes last, so that it is what a finding names. Where
    all of it was deleted, that is said of each."""
    told = list(receipts)
    if not group.of_plan or not group.key:
        return told
    told.sort(key=lambda one: one.type == "CarePlan")
    if any(one.state != "gone" for one in told if one.type != "Provenance"):
        return told
    return [one._replace(remedy=_DELETED) if one.state == "gone" else one for one in told]


def _of_what(group: Group, receipt: Receipt) -> str:
    """The key of what is told to be another one there: a resource, or a plan as a whole, of which
    the remedy says what was changed. Empty of what waits for the others of its group."""
    if not receipt.theirs and receipt.state != "gone":
        return ""
    changed = group.of_plan and receipt.rule == CHANGED and receipt.remedy
    return group.key if changed or receipt.remedy == _DELETED else receipt.key


def _place(group: Group, rule: str) -> tuple[int, str]:
    """Row and column of a finding. A document has a line that names the patient; of what belongs to
    no row the type is told, or of a definition its canonical."""
    if group.of_plan and rule in _OF_PATIENT:
        return group.origin.row_of(_PATIENT), _PATIENT
    if group.key:
        return group.origin.row, ""
    [alone] = group.resources
    return group.origin.row, alone.key if alone.type in DEFINED else alone.type
