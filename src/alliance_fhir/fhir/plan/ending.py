"""Why something is no longer asked for, and since when, as far as FHIR has a place for it.

What a later version leaves out was agreed to and counted once: it is not forgotten, but ended. Who
left it out, and why, the documents do not say.
"""

from __future__ import annotations

from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.plan.facts import Facts
from alliance_fhir.fhir.versions import Json


def goal_ended(facts: Facts) -> Json:
    """What a Goal says of it, in elements that all versions of FHIR have."""
    if facts.left is None:
        return {}
    return {"statusDate": facts.left.written.day, "statusReason": _reason(facts.left)}


def request_ended(facts: Facts, type_: str, body: Json, *, goes_on: bool = False) -> Json:
    """The body of a request with it; as it is where it is asked for still. `goes_on` is whether
    there is a request of another type in its place.

    FHIR has no element for it in a ServiceRequest, but an extension (request-statusReason).
    """
    if facts.left is None:
        return body
    other_kind = f"Of another kind since version {facts.left.version}"
    text = other_kind if goes_on else _reason(facts.left)
    if type_ == "ServiceRequest":
        told = {"url": el.STATUS_REASON, "valueCodeableConcept": {"text": text}}
        return {**body, "extension": [*body.get("extension", []), told]}
    return {**body, **facts.version.status_reason(type_, text, facts.left.written.day)}


def _reason(left: SharedPlan) -> str:
    return f"Not in the plan since version {left.version}"
