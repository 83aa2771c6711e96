"""The plan itself: which version it is, what belongs to it, and how it reads."""

from __future__ import annotations

from collections.abc import Sequence

from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.plan import REQUESTS
from alliance_fhir.fhir.plan.facts import Facts
from alliance_fhir.fhir.plan.narrative import narrative
from alliance_fhir.fhir.plan.statuses import plan_status
from alliance_fhir.fhir.versions import Json

PLAN = "plan"
SUPPORTING = "supportingInfo"
_BELONGS = {"CareTeam": "careTeam", "Goal": "goal", "QuestionnaireResponse": SUPPORTING}
"""The elements that hold what belongs to a plan. Observations are found by what they come from, but
for those of preferences."""


def careplan(facts: Facts, parts: Sequence[Resource], preferences: Sequence[Resource]) -> Resource:
    """The CarePlan of the newest version; `parts` and `preferences` are the other resources that
    come of it."""
    plan, first = facts.plan, facts.plans[0]
    status = plan_status(plan.status, facts.everywhere)
    body: Json = {
        "text": {"status": "generated", "div": narrative(facts, status)},
        "extension": [
            {"url": el.PLAN_VERSION, "valuePositiveInt": plan.version},
            {"url": el.PLAN_WRITTEN, "valueDateTime": plan.written.text},
            {"url": el.RECORD, "valueString": plan.plan},
        ],
        "status": status,
        "intent": "plan",
        "category": el.PLAN_CATEGORIES,
        "title": "Shared plan",
        "subject": facts.patient,
        "replaces": [facts.other_plan(plan.replaces, PLAN)] if plan.replaces else [],
        "period": {"start": first.written.day},
        "created": first.written.text,
        "contributor": [facts.patient, *map(facts.who, plan.clinicians)],
        **_belonging(facts, parts, preferences),
        "activity": [
            facts.version.planned_activity(_reference(facts, one))
            for one in parts
            if one.type in REQUESTS
        ],
    }
    for address in dict.fromkeys(plan.kept_by_others):
        if address.split("/")[-2] == "Goal":
            body["goal"].append(kept_by_others(address))
        else:
            body["activity"].append(facts.version.planned_activity(kept_by_others(address)))
    return facts.made("CarePlan", PLAN, body)


def kept_by_others(address: str, reference: str = "") -> Json:
    """The reference to what others keep, and that it is theirs; a server has its own `reference`
    to what lies there."""
    mark = {"url": el.KEPT_BY_OTHERS, "valueUrl": address}
    return {"extension": [mark], "reference": reference or address}


def _belonging(facts: Facts, parts: Sequence[Resource], preferences: Sequence[Resource]) -> Json:
    told = {
        element: [_reference(facts, one) for one in parts if one.type == type_]
        for type_, element in _BELONGS.items()
    }
    told[SUPPORTING] += [_reference(facts, one) for one in preferences]
    return told


def _reference(facts: Facts, one: Resource) -> Json:
    return el.logical(one.type, facts.system, one.key)
