"""What is written for what was decided: each resource as its history has it, and the Provenance."""

from __future__ import annotations

from collections.abc import Iterable

from alliance_fhir.deciding import Decision
from alliance_fhir.domain.receipt import RULES
from alliance_fhir.fhir.bundle import Change
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.provenance import Activity, ProvenanceWriter
from alliance_fhir.planning import Planned


def provenance_of(planned: Planned, writer: ProvenanceWriter, recorded: str) -> Resource:
    """The Provenance of all that is written of a group, and of what was and is not told of yet."""
    told = [*planned.unproven, *planned.changes]
    states = [d.known.state if d.state == "unchanged" and d.known else d.state for d in told]
    activity: Activity = "update" if any(state == "updated" for state in states) else "create"
    if all(decision.rule == "server-kept" for decision in told):
        activity = "keep"
    versions = [_version_after(decision) for decision in told]
    return writer.write(
        planned.group,
        [decision.resource for decision in told],
        activity,
        recorded,
        versions if any(version > 1 for version in versions) else (),
        _reason(told),
    )


def change_of(decision: Decision) -> Change:
    """What is sent for a decision."""
    known = decision.known
    if decision.state == "created" or known is None:
        return Change(decision.resource, "created")
    status = "corrected" if decision.rule == "rule-changed" else "amended"
    resource = amended(decision.resource, status)
    return Change(resource, "updated", known.server_id, known.server_version, known.server_digest)


def _version_after(decision: Decision) -> int:
    """The ledger's version of a resource after what was decided of it."""
    known = decision.known
    if known is None:
        return 1
    return known.version + (decision.state != "unchanged")


def _reason(told: Iterable[Decision]) -> str:
    """Why somebody's work at the target was dealt with, in the words of the rules."""
    return " ".join(RULES[rule] for rule in sorted({d.rule for d in told if d.rule in _ASKED}))


_ASKED = {"source-taken", "server-kept", "recreated", "adopted"}
_AMENDABLE = {"Observation": ("amended", "corrected"), "QuestionnaireResponse": ("amended",)}


def amended(resource: Resource, status: str) -> Resource:
    """The resource with the status that its history gives it; its digest leaves that out."""
    allowed = _AMENDABLE.get(resource.type)
    if not allowed:
        return resource
    body = {**resource.body, "status": status if status in allowed else allowed[0]}
    return Resource(resource.type, resource.key, body, resource.digest)
