"""Who is in it: the patient, the clinicians, the guardians."""

from __future__ import annotations

from collections.abc import Iterator

from alliance_fhir.domain.plan.rules import parties
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.plan.facts import Facts
from alliance_fhir.fhir.plan.statuses import plan_status, team_status
from alliance_fhir.fhir.versions import Json

TEAM = "team"
_ROLES: dict[str, Json] = {
    "Patient": el.PATIENT_ROLE,
    "Practitioner": {"text": "Clinician"},
    "RelatedPerson": {"text": "Guardian"},
}
"""The document does not say of which profession a clinician is: no code would be true."""


def team(facts: Facts) -> Resource:
    """The CareTeam of the newest version."""
    body: Json = {
        "status": team_status(plan_status(facts.plan.status, facts.everywhere)),
        "subject": facts.patient,
        "participant": [*_participants(facts)],
    }
    return facts.made("CareTeam", TEAM, body)


def _participants(facts: Facts) -> Iterator[Json]:
    for party in parties(facts.plan):
        who = facts.who(party)
        yield {"role": facts.version.team_role(_ROLES[who["type"]]), "member": who}
