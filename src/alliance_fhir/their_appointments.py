"""What is to be done with visits whose Appointments are an EHR's own, where the site wants of these
the status brought up to date, and nothing else done.

None is made there: neither an Appointment, nor what goes with one. Theirs is found by the visit's
number. What was once made by us, when the site wanted that, is kept up to date as everywhere.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from alliance_fhir.deciding import Decision
from alliance_fhir.fhir.appointment import REFERRAL, TYPE, numbers_of
from alliance_fhir.fhir.elements import Person
from alliance_fhir.fhir.group import Group, Resource
from alliance_fhir.fhir.provenance import status_key
from alliance_fhir.fhir.their_status import FURTHER_ON, in_the_way
from alliance_fhir.ledger.statuses import SENT, SET, StatusSet
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.planned import Planned
from alliance_fhir.targets.base import Target, There

NOT_THERE = "no-appointment-there"
SEVERAL = "number-ambiguous"
ANOTHERS = "another-patients"


def statuses_alone(planned: Sequence[Planned], target: Target, ledger: Ledger) -> None:
    """Turns the plans of visits that the target does not have of us into those of the statuses of
    what it has of others; at a target where that is wanted."""
    statuses = target.their_statuses
    if not target.status_only or statuses is None:
        return
    for one in planned:
        if _is_new_referral(one):
            one.decisions, one.rule = [], ""
    new = [(one, visit) for one in planned if (visit := _new_visit(one))]
    if not new:
        return
    numbers = {number: one.group.patient for one, visit in new for number in numbers_of(visit)}
    there = statuses.find(numbers)
    known = target.resolve([patient_of(one.group) for one, _ in new])
    set_last = ledger.statuses.last([one.group.key for one, _ in new])
    for one, visit in new:
        hits = {hit.hit.id: hit for number in numbers_of(visit) for hit in there.get(number, ())}
        places = known[patient_of(one.group)].places
        decision = _found(one.group, visit, [*hits.values()], target, places)
        decide_upon(one, decision, set_last.get(one.group.key))


def decide_upon(planned: Planned, decision: Decision, set_last: StatusSet | None) -> None:
    """Makes a decision about their Appointment all that is to be done with a visit. `set_last` is
    the status that was set last, of which the Provenance may be owed still."""
    planned.decisions = [decision]
    planned.of_status = True
    planned.rule = decision.rule if decision.state == "blocked" else ""
    planned.warnings = [FURTHER_ON] if decision.rule == FURTHER_ON else []
    planned.unproven = []
    if decision.state == "unchanged" and set_last and is_owed(decision, set_last):
        arrived = {entry.key for entry in planned.arrived if entry.proof}
        if proof_of(set_last) not in arrived:
            planned.unproven = [decision]


def proof_of(one: StatusSet) -> str:
    """The key of the Provenance of a status that was set."""
    return status_key(one.key, one.run, one.server_id, one.before, one.after)


def is_owed(decision: Decision, set_last: StatusSet) -> bool:
    """Whether what was set last has arrived, as far as is known, and its Provenance has not."""
    hit = decision.there
    if set_last.state == SENT:  # nobody heard of it: it is there if nothing else was changed
        return bool(hit) and (hit.id, hit.digest) == (set_last.server_id, set_last.digest)
    return set_last.state == SET


def judged(
    group: Group, visit: Resource, there: There, target: Target, places: Collection[str]
) -> Decision:
    """What is to be done with the one that is there: its status is set, or it is left. `places` are
    those of the visit's patient at the target."""
    hit, wanted = there.hit, visit.body["status"]
    at = hit.at.removeprefix(f"{target.identity}/")
    if not _is_the_patients(group, hit.subject, at, places):
        return Decision(visit, "blocked", rule=ANOTHERS, there=hit)
    if hit.status == wanted:
        return Decision(visit, "unchanged", there=hit)
    if rule := in_the_way(there.body, wanted, target.version):
        state = "unchanged" if rule == FURTHER_ON else "blocked"
        return Decision(visit, state, rule=rule, there=hit)
    if not target.takes(TYPE, "updated"):
        return Decision(visit, "blocked", rule="not-accepted", there=hit)
    return Decision(visit, "updated", there=hit)


def not_there(visit: Resource) -> Decision:
    """The decision where the target has none with the visit's number."""
    return Decision(visit, "blocked", rule=NOT_THERE)


def patient_of(group: Group) -> Person:
    """Whose visit it is, to be found at the target."""
    return Person("Patient", group.patient)


def _found(
    group: Group, visit: Resource, hits: list[There], target: Target, places: Collection[str]
) -> Decision:
    if not hits:
        return not_there(visit)
    if len(hits) > 1:
        return Decision(visit, "blocked", rule=SEVERAL, there=hits[-1].hit)
    return judged(group, visit, hits[0], target, places)


def _new_visit(planned: Planned) -> Resource | None:
    """The Appointment of ours that would be made; None where none is of it, or it is there."""
    for one in planned.decisions:
        closed = one.state == "blocked" and one.rule == "not-accepted"
        if one.resource.type == TYPE and one.known is None and (one.state == "created" or closed):
            return one.resource
    return None


def _is_new_referral(planned: Planned) -> bool:
    return all(
        one.known is None and one.resource.type == "ServiceRequest" for one in planned.decisions
    ) and all(one.key.endswith(f"-{REFERRAL}") for one in planned.group.resources)


def _is_the_patients(group: Group, named: str, at: str, places: Collection[str]) -> bool:
    """Whether theirs says of the visit's patient that it is of that one, by the identifier `named`
    or by where the patient is `at`, and of nobody else by either. A patient who is not there at
    all is told as everywhere."""
    same_system = named.partition("|")[0] == group.patient.system
    if same_system and named != "|".join(group.patient):
        return False
    if not at:
        return same_system
    return not places or at in places
