"""Faults in what comes of plans that a profile alone finds."""

from __future__ import annotations

from profile_faults_requests import MEDICINE, MESSAGE, SERVICE, TASK
from profile_faults_said import DEGREE, PREFERENCE, RESPONSE, SEEN, TAKEN
from profile_rows import (
    ASSESS_PLAN,
    CARE_PLAN,
    CODED,
    EAST,
    GROUP,
    NO_WORDS,
    NOT_OURS,
    ROLE,
    UCUM,
    VISIT,
    WORDS,
    Instead,
    Row,
    faults,
    of_identifiers,
    of_one_identifier,
)

from planting import GONE

PLAN: list[Row] = [
    *of_one_identifier("plan", "CarePlan"),
    ("plan", "identifier.+", NOT_OURS[0], "CarePlan.identifier: max"),
    ("plan", "text", GONE, "CarePlan.text: minimum"),
    ("plan", "text.status", "additional", "CarePlan.text.status"),
    ("plan", "extension.0", GONE, "extension:planVersion'"),
    ("plan", "extension.1", GONE, "extension:planWritten'"),
    ("plan", "extension.2", GONE, "extension:sourceRecord'"),
    ("plan", "status", "entered-in-error", "plan-status"),
    ("plan", "intent", "order", "CarePlan.intent"),
    ("plan", "category.0", GONE, "category:carePlan"),
    ("plan", "category.1", GONE, "category:assessPlan"),
    ("plan", "category.+", CARE_PLAN, "category:carePlan: max"),
    ("plan", "category.+", ASSESS_PLAN, "category:assessPlan: max"),
    ("plan", "title", GONE, "CarePlan.title: minimum"),
    ("plan", "title", "Sleep", "CarePlan.title"),
    ("plan", "subject", GROUP, "CarePlan.subject"),
    ("plan", "period", GONE, "CarePlan.period: minimum"),
    ("plan", "period", {"end": "2026-04-01"}, "CarePlan.period.start: minimum"),
    ("plan", "period.end", "2026-04-01", "CarePlan.period.end: max"),
    ("plan", "period.start", "2026-03-02T10:00:00Z", "plan-day"),
    ("plan", "created", GONE, "CarePlan.created: minimum"),
    ("plan", "contributor.1", GONE, "CarePlan.contributor: minimum"),
    ("plan", "contributor.+", EAST, "CarePlan.contributor[2]"),
    ("plan", "contributor.0", {"reference": "Practitioner/1"}, "plan-one-patient"),
    ("plan", "careTeam", GONE, "CarePlan.careTeam: minimum"),
    ("plan", "careTeam.+", {"reference": "CareTeam/1"}, "CarePlan.careTeam: max"),
    (
        "plan",
        "goal.0",
        {"reference": "Goal/1"},
        "goal[0]: Constraint failed: plan-ref",
    ),
    ("plan", "supportingInfo.0", VISIT, "CarePlan.supportingInfo[0]"),
    ("plan", "activity.0", {"progress": [WORDS]}, "CarePlan.activity.reference: minimum"),
    ("plan", "activity.0.reference", VISIT | {"identifier": NOT_OURS[0]}, "activity[0].reference"),
    (
        "plan",
        "activity.0.reference",
        {"reference": "Task/1"},
        "reference: Constraint failed: plan",
    ),
]
TEAM: list[Row] = [
    *of_one_identifier("team", "CareTeam"),
    ("team", "identifier.+", NOT_OURS[0], "CareTeam.identifier: max"),
    ("team", "status", GONE, "CareTeam.status: minimum"),
    ("team", "status", "entered-in-error", "plan-team-status"),
    ("team", "subject", GONE, "CareTeam.subject: minimum"),
    ("team", "subject", GROUP, "CareTeam.subject"),
    ("team", "participant.1", GONE, "CareTeam.participant: minimum"),
    ("team", "participant.0.role", [WORDS], "team-patient"),
    ("team", "participant.1.role", [WORDS], "team-clinician"),
    ("team of three", "participant.2.role", [WORDS], "team-guardian"),
    ("team", "participant.0.role.+", WORDS, "CareTeam.participant.role: max"),
    ("team", "participant.0", {"member": {"reference": "Patient/1"}}, "participant.role: minimum"),
    ("team", "participant.0.member", GONE, "participant.member: minimum"),
    ("team", "participant.1.member", EAST, "CareTeam.participant[1].member"),
]
ACCEPTED = "extension.0.extension.2.extension"
GOAL: list[Row] = [
    *of_identifiers("goal", "Goal"),
    ("goal", "extension.0", GONE, "extension:acceptance"),
    ("goal", "extension.0.extension.1", GONE, "extension:status"),
    ("goal", "extension.0.extension.2", GONE, "goal-said"),
    ("goal taken back", f"{ACCEPTED}.2", GONE, "goal-withdrawn"),
    ("goal", "lifecycleStatus", "accepted", "plan-goal-status"),
    ("goal untold", "lifecycleStatus", "active", "goal-agreed"),
    ("goal left", "statusDate", GONE, "goal-left"),
    ("goal", "achievementStatus", CODED, "plan-goal-achievement"),
    ("goal", "priority", CODED, "plan-goal-priority"),
    ("goal", "description", CODED, "Goal.description.coding: max"),
    ("goal", "description", NO_WORDS, "Goal.description.text: minimum"),
    ("goal", "subject", GROUP, "Goal.subject"),
    ("goal", "startDate", GONE, "Goal.start[x]: minimum"),
    ("goal", "startDate", Instead("startCodeableConcept", WORDS), "Goal.start"),
    ("goal", "target.0.dueDate", Instead("dueDuration", UCUM | {"value": 1}), "target[0].due"),
    (
        "goal in words",
        "target.0.detailString",
        Instead("detailInteger", 1),
        "detailInteger is not",
    ),
    ("goal", "target.+", {"measure": WORDS}, "Goal.target: max"),
    ("goal", "target.0", {"dueDate": "2026-04-30"}, "Goal.target.measure: minimum"),
    ("goal", "target.0.measure", CODED, "target.measure.coding: max"),
    ("goal", "target.0.measure", NO_WORDS, "target.measure.text: minimum"),
    ("goal", "target.0.detailQuantity.value", GONE, "goal-comparator"),
    ("goal", "target.0.detailQuantity.unit", GONE, "goal-unit"),
    ("goal", "expressedBy", ROLE, "Goal.expressedBy"),
]


# fmt: off
PROFILES: dict[str, list[Row]] = {
    "shared-care-plan": PLAN, "shared-care-team": TEAM, "agreed-goal": GOAL,
    "plan-medication-request": MEDICINE, "plan-service-request": SERVICE, "plan-task": TASK,
    "plan-communication-request": MESSAGE, "plan-barrier": SEEN, "plan-preference": PREFERENCE,
    "plan-adherence": TAKEN, "plan-score": DEGREE, "plan-response": RESPONSE,
}
# fmt: on
FAULTS = faults(PROFILES)
