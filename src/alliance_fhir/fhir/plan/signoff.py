"""Who stands behind a version of a plan: a Provenance of those who agreed to all of it.

Nobody has to sign anything, and no signature is made up: a party is an agent where the document
says that they agree to every goal and task of the version, in its words of today. Where somebody
agrees to a part, the goals and tasks say so, and this does not.
"""

from __future__ import annotations

from collections.abc import Iterable

from alliance_fhir.config import Settings
from alliance_fhir.domain.agreement import Party
from alliance_fhir.domain.keys import digest
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.plan.rules import parties
from alliance_fhir.domain.records import Moment
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.canonical import sealed
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.labels import meta
from alliance_fhir.fhir.plan.careplan import PLAN
from alliance_fhir.fhir.plan.facts import Facts
from alliance_fhir.fhir.plan.goals import goal_suffix
from alliance_fhir.fhir.plan.tasks import request_type, task_reference
from alliance_fhir.fhir.provenance import tag_system
from alliance_fhir.fhir.versions import Json, Version


def sign_offs(
    versions: Iterable[SharedPlan], version: Version, settings: Settings
) -> list[Resource]:
    """The Provenances of these versions of one plan, the oldest first: one for each that somebody
    agreed to all of. Of versions to which there is nothing to agree there are none.

    Each is made of the versions up to its own alone, and of no clock: later ones change nothing of
    it. Its entity names version and digest of the words, as servers strip the version of a target's
    reference (seen on HAPI 8.8). Raises ValueError as `PlanMapper.resources` does.
    """
    whole = Facts.of(versions, version, settings)
    known = map(whole.up_to, range(1, len(whole.plans) + 1))
    return [one for facts in known if (one := _sign_off(facts))]


def _sign_off(facts: Facts) -> Resource | None:
    signed = [party for party in parties(facts.plan) if _agreed(facts, party)]
    if not signed:
        return None
    words = digest([word for pair in sorted(facts.words.items()) for word in pair])
    named = f"{facts.key}-{PLAN}|{facts.plan.version}|blake2b:{words}"
    who = [party if isinstance(party, str) else "|".join(party) for party in signed]
    key = f"{facts.key}-signed-{facts.plan.version}-{digest([named, *who])[:16]}"
    root = facts.settings.root
    labels = meta(facts.settings, facts.version, "alliance-provenance")
    tag = {"system": tag_system(root), "code": key}
    last = max(one.on for one in facts.everywhere if one.party in signed)
    body: Json = {
        "resourceType": "Provenance",
        "meta": {**labels, "tag": [*labels.get("tag", []), tag]},
        "target": _targets(facts),
        "occurredDateTime": last,
        "recorded": _recorded(facts.plan.written, last),
        "activity": {"text": f"Agreement to version {facts.plan.version} of a shared plan"},
        "agent": [_agent(facts, party) for party in signed],
        "entity": [
            {"role": "source", "what": {"identifier": el.identifier(f"{root}/plan-version", named)}}
        ],
    }
    return Resource("Provenance", key, *sealed(body))


def _recorded(written: Moment, last: str) -> str:
    """When the version was written, as an instant: of a day its beginning in UTC. What was agreed
    to after that was not recorded before it was said."""
    times = [when if "T" in when else f"{when}T00:00:00Z" for when in (written.utc, last)]
    return max(times, key=lambda when: when.removesuffix("Z"))


def _agreed(facts: Facts, party: Party) -> bool:
    told = [position for position in facts.everywhere if position.party == party]
    return bool(told) and all(position.standing == "agree" for position in told)


def _targets(facts: Facts) -> list[Json]:
    """The plan, and all that was agreed to."""
    return [
        facts.ref("CarePlan", PLAN),
        *(facts.ref("Goal", goal_suffix(goal.goal)) for goal in facts.plan.goals),
        *(task_reference(facts, task.task, request_type(task)) for task in facts.plan.tasks),
    ]


def _agent(facts: Facts, party: Party) -> Json:
    """The plan is the patient's: who else agrees attests it, a clinician on behalf of the site."""
    who = facts.who(party)
    organization = facts.settings.organization_identifier
    behalf = organization if organization and who["type"] == "Practitioner" else None
    return {
        "type": el.AUTHOR if isinstance(party, str) else el.ATTESTER,
        "who": who,
        **({"onBehalfOf": el.logical("Organization", *behalf)} if behalf else {}),
    }
