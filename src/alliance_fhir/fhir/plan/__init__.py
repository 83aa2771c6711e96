"""A shared plan to FHIR: what the two wanted, what they will try, and who agreed to which words.

Pure: the versions of one plan go in, the resources of the newest come out. `mapper` is the front.
"""

from __future__ import annotations

REQUESTS = ("CommunicationRequest", "MedicationRequest", "ServiceRequest", "Task")
"""The types of what tasks and contact between visits become."""

OWN = ("CarePlan", *REQUESTS, "Goal", "CareTeam")
"""The types that nothing but a plan has, what points to others before what it points to."""

TYPES = (
    *OWN,
    "Observation",
    "Provenance",
    "QuestionnaireResponse",
)
"""The types of all resources that come of a plan."""

PROFILES = {
    "CarePlan": "shared-care-plan",
    "CareTeam": "shared-care-team",
    "CommunicationRequest": "plan-communication-request",
    "Goal": "agreed-goal",
    "MedicationRequest": "plan-medication-request",
    "QuestionnaireResponse": "plan-response",
    "ServiceRequest": "plan-service-request",
    "Task": "plan-task",
}
"""The profile that what comes of a plan claims, by its type; Observations have several."""
