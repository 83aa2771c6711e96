"""Who is in a plan: its patient, the clinicians, and the guardians of an adolescent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from alliance_fhir.domain.agreement import PATIENT
from alliance_fhir.domain.plan.document import Status
from alliance_fhir.domain.plan.values import MOST_ENTRIES
from alliance_fhir.domain.records import Identifier
from alliance_fhir.fhir.plan.back.element import Element
from alliance_fhir.fhir.plan.back.scope import Found, Scope
from alliance_fhir.fhir.plan.statuses import team_status


class People(NamedTuple):
    """Clinicians and guardians, each once."""

    clinicians: tuple[Identifier, ...]
    guardians: tuple[Identifier, ...]


def people(scope: Scope, status: Status) -> People:
    """Who is in the plan; the scope knows its parties from here on.

    Clinicians are those who contribute to it; where none does, its author or custodian; where there
    is none, those of its team. Guardians are those of a team of ours: of another's nobody can tell
    for whom a related person speaks.
    """
    plan = scope.careplan
    teams = [team for one in plan.parts("careTeam") if (team := scope.resource(one, "CareTeam"))]
    contributors = plan.parts("contributor")
    responsible = [*plan.parts("author"), *plan.parts("custodian")]
    clinicians: tuple[Identifier, ...] = ()
    named: list[Element] = []
    for named in (contributors, responsible, _members(teams)):
        if clinicians := _of_type(scope, named, "Practitioner"):
            break
    ours = _members(team for team in teams if team.suffix)
    guardians = [one for one in _of_type(scope, ours, "RelatedPerson") if one not in clinicians]
    scope.parties = (PATIENT, *clinicians, *guardians)
    for reference in {id(one): one for one in (*contributors, *named)}.values():
        scope.party(reference)
    for team in teams:
        _read(scope, team, status)
    return People(clinicians, tuple(guardians))


def _members(teams: Iterable[Found]) -> list[Element]:
    return [one.part("member") for team in teams for one in team.element.parts("participant")]


def _of_type(scope: Scope, references: Iterable[Element], type_: str) -> tuple[Identifier, ...]:
    told = (person for one in references if (person := scope.person(one)))
    found = (one.identifier for one in told if one.type == type_)
    return tuple(dict.fromkeys(one for one in found if one != scope.patient))[:MOST_ENTRIES]


def _read(scope: Scope, team: Found, status: Status) -> None:
    """What is told of a team beside its members; roles of ours say who is who, and no more."""
    team.element.word("status", (team_status(status),))
    for participant in team.element.parts("participant"):
        member = participant.part("member")
        if scope.party(member) is None:
            participant.refuse(member.why or "not-named")
        elif team.suffix:
            participant.drop("role")
