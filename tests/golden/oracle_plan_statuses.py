"""What becomes of what: the table of docs/reference/plans-in-fhir.md, written anew.

`left` is what an earlier version had and the plan went on without.
"""

from __future__ import annotations

from .oracle_plan_words import Plan, outcome

_TABLE = """
plan       told       Goal       Request    Task       MedicationRequest
draft      agreed     proposed   draft      draft      draft
draft      pending    proposed   draft      draft      draft
draft      disagreed  proposed   draft      draft      draft
active     agreed     active     active     accepted   active
active     pending    proposed   draft      draft      draft
active     disagreed  proposed   draft      draft      draft
on-hold    agreed     on-hold    on-hold    on-hold    on-hold
on-hold    pending    proposed   draft      draft      draft
on-hold    disagreed  proposed   draft      draft      draft
completed  agreed     completed  completed  completed  completed
completed  pending    cancelled  revoked    cancelled  cancelled
completed  disagreed  rejected   revoked    cancelled  cancelled
revoked    agreed     cancelled  revoked    cancelled  cancelled
revoked    pending    cancelled  revoked    cancelled  cancelled
revoked    disagreed  cancelled  revoked    cancelled  cancelled
left       agreed     cancelled  revoked    cancelled  cancelled
left       pending    cancelled  revoked    cancelled  cancelled
left       disagreed  rejected   revoked    cancelled  cancelled
"""
_TEAM = {"draft": "proposed", "active": "active", "on-hold": "suspended"}  # all others: inactive


def _rows() -> dict[tuple[str, str], dict[str, str]]:
    (_, _, *types), *rows = (line.split() for line in _TABLE.strip().splitlines())
    return {(course, told): dict(zip(types, rest, strict=True)) for course, told, *rest in rows}


ROWS = _rows()


def status_of(type_: str, course: str, told: str) -> str:
    """The status of a goal or of a task's request, whatever type it is."""
    row = ROWS[course, told]
    return row.get(type_, row["Request"])


def plan_status(plan: Plan) -> str:
    """The document's, but an active plan on which nobody has agreed to anything is a draft."""
    told = plan.today["status"]
    agreed = any(
        stand.status == "agree"
        for list_ in ("goals", "tasks")
        for one in plan.today.get(list_, [])
        for stand in plan.stands(list_, one)
    )
    return "draft" if told == "active" and not agreed else str(told)


def team_status(plan: Plan) -> str:
    """The CareTeam follows the CarePlan."""
    return _TEAM.get(plan_status(plan), "inactive")


def outcome_of(plan: Plan, list_: str, name: str) -> str:
    """What the parties make of a goal or task."""
    (one,) = [one for one in plan.today[list_] if one[list_[:-1]] == name]
    return outcome(plan.stands(list_, one))
