"""When the two look back at their plan next, as a request.

There is one a plan: another day makes it another day of the same. Nobody is asked to agree to it,
so that its status is the plan's.
"""

from __future__ import annotations

from collections.abc import Hashable

from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.records import Moment
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.plan.concepts import CONCEPTS
from alliance_fhir.fhir.plan.ending import request_ended
from alliance_fhir.fhir.plan.facts import Facts
from alliance_fhir.fhir.plan.statuses import contact_status
from alliance_fhir.fhir.versions import Json

_TYPE = "ServiceRequest"
_SUFFIX = "next-review"


def next_review(facts: Facts) -> list[Resource]:
    """The request of the newest version, where it has one."""
    return [_request(facts, when) for when in _told(facts.plan).values()]


def former_next_review(facts: Facts) -> list[Resource]:
    """The one that only earlier versions have. Where a review was held after the last of them was
    written, that was it: it is completed, and else revoked."""
    return [
        _request(
            last,
            when,
            held=any(last.plan.written.comes_before(review.on) for review in facts.reviews),
        )
        for last, when in facts.former(_told)
    ]


def _told(plan: SharedPlan) -> dict[Hashable, Moment]:
    return {_SUFFIX: plan.next_review} if plan.next_review else {}


def _request(facts: Facts, when: Moment, *, held: bool = False) -> Resource:
    since = facts.unchanged_since(lambda plan: plan.next_review and plan.next_review.utc)
    concept = el.concept("plan-review") | {"text": CONCEPTS["plan-review"].display}
    body: Json = {
        "status": contact_status(facts.course, facts.everywhere),
        "intent": "plan",
        "code": facts.version.service(concept),
        "subject": facts.patient,
        "occurrenceDateTime": when.text,
        "authoredOn": since.written.day,
    }
    if held and facts.left:
        body["status"] = "completed"
    else:
        body = request_ended(facts, _TYPE, body)
    return facts.made(_TYPE, _SUFFIX, body)
