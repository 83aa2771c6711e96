"""What the status of a plan, and who agreed, make of the statuses of its resources.

| plan | agreed to | Goal | requests | Task | MedicationRequest |
|---|---|---|---|---|---|
| draft | any | proposed | draft | draft | draft |
| active | by all | active | active | accepted | active |
| active | not by all | proposed | draft | draft | draft |
| on-hold | by all | on-hold | on-hold | on-hold | on-hold |
| on-hold | not by all | proposed | draft | draft | draft |
| completed | by all | completed | completed | completed | completed |
| completed | disagreed | rejected | revoked | cancelled | cancelled |
| completed | pending | cancelled | revoked | cancelled | cancelled |
| revoked | any | cancelled | revoked | cancelled | cancelled |
| left | disagreed | rejected | revoked | cancelled | cancelled |
| left | not disagreed | cancelled | revoked | cancelled | cancelled |

"Left" is what an earlier version had and the plan went on without. "By all" and "disagreed" are
`outcome` of `alliance_fhir.domain.agreement`. What a plan asks for and nobody has agreed to yet is
proposed, whatever the plan's own status.

A goal that is `completed` is "no longer being sought", which says nothing of whether it was reached
(that would be achievementStatus). One that somebody had said no to when the plan ended is
`rejected`, "a proposed goal was rejected"; one to which not all had spoken was given up:
`cancelled`, "has been abandoned" (goal-status of R4 and R5). A medicine of a revoked plan is
`cancelled`, and never `stopped`: that would tell somebody to stop it.

The plan itself has the status of its document; but an active one on which nobody has agreed to
anything is a draft.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from alliance_fhir.domain.agreement import Outcome, Position
from alliance_fhir.domain.plan.document import Status

Course = Status | Literal["left"]
"""What the status of a part follows."""

_GOALS: dict[Course, tuple[str, str, str]] = {
    "draft": ("proposed", "proposed", "proposed"),
    "active": ("active", "proposed", "proposed"),
    "on-hold": ("on-hold", "proposed", "proposed"),
    "completed": ("completed", "cancelled", "rejected"),
    "revoked": ("cancelled", "cancelled", "cancelled"),
    "left": ("cancelled", "cancelled", "rejected"),
}
"""Where it is agreed, pending, disagreed."""
_OUTCOMES: tuple[Outcome, ...] = ("agreed", "pending", "disagreed")

_REQUESTS: dict[Course, tuple[str, str]] = {
    "draft": ("draft", "draft"),
    "active": ("active", "draft"),
    "on-hold": ("on-hold", "draft"),
    "completed": ("completed", "revoked"),
    "revoked": ("revoked", "revoked"),
    "left": ("revoked", "revoked"),
}
"""Where it is agreed, and where it is not."""
_SPELT = {
    "Task": {"active": "accepted", "revoked": "cancelled"},
    "MedicationRequest": {"revoked": "cancelled"},
}
"""The same in the words of types that have others."""

_TEAMS: dict[str, str] = {
    "draft": "proposed",
    "active": "active",
    "on-hold": "suspended",
    "completed": "inactive",
    "revoked": "inactive",
}


def goal_status(plan: Course, told: Outcome) -> str:
    """Goal.lifecycleStatus."""
    return _GOALS[plan][_OUTCOMES.index(told)]


def request_status(type_: str, plan: Course, told: Outcome) -> str:
    """The status of a request of this type."""
    status = _REQUESTS[plan][told != "agreed"]
    return _SPELT.get(type_, {}).get(status, status)


def plan_status(plan: Status, told: Iterable[Position]) -> Status:
    """CarePlan.status; `told` is where everybody stands on everything."""
    if plan == "active" and all(position.standing != "agree" for position in told):
        return "draft"
    return plan


def contact_status(plan: Course, told: Iterable[Position]) -> str:
    """The status of what nobody is asked to agree to: that of the CarePlan."""
    return "revoked" if plan == "left" else plan_status(plan, told)


def team_status(plan: Status) -> str:
    """CareTeam.status, from that of the CarePlan."""
    return _TEAMS[plan]
