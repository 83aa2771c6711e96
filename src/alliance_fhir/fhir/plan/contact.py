"""How the two reach each other between visits, as the plan itself says it.

Nobody is asked to agree to it, so that its status is the plan's.
"""

from __future__ import annotations

from collections.abc import Hashable

from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.plan.ending import request_ended
from alliance_fhir.fhir.plan.facts import Facts
from alliance_fhir.fhir.plan.statuses import contact_status
from alliance_fhir.fhir.versions import Json

_TYPE = "CommunicationRequest"


def contacts(facts: Facts) -> list[Resource]:
    """What the newest version says of it."""
    return [_contact(facts, told) for told in _told(facts.plan).values()]


def former_contacts(facts: Facts) -> list[Resource]:
    """What only earlier versions said, ended."""
    return [_contact(last, told) for last, told in facts.former(_told)]


def _told(plan: SharedPlan) -> dict[Hashable, tuple[str, str]]:
    """The code, which is the suffix as well, and the words."""
    if plan.contact is None:
        return {}
    told = {
        "contact-between-visits": plan.contact.between_visits,
        "contact-urgent": plan.contact.urgent,
    }
    return {code: (code, text) for code, text in told.items() if text}


def _contact(facts: Facts, told: tuple[str, str]) -> Resource:
    code, text = told
    body: Json = {
        "status": contact_status(facts.course, facts.everywhere),
        "category": [el.concept(code)],
        "subject": facts.patient,
        "authoredOn": facts.since(_told, code).written.day,
        **facts.version.communication(text, None),
    }
    return facts.made(_TYPE, code, request_ended(facts, _TYPE, body))
