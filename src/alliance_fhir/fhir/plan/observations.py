"""What is seen in the first conversation and in a review, as Observations.

Satisfaction and doubts go by the codes of our check-in, as its scores do: one series, whichever way
it was asked. Adherence is what somebody said of so many days; no score is made of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from alliance_fhir.domain.agreement import words_digest
from alliance_fhir.domain.plan.document import Adherence, Barrier, Review, SharedPlan
from alliance_fhir.domain.plan.history import last_said
from alliance_fhir.domain.records import Moment
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.plan.facts import Facts
from alliance_fhir.fhir.plan.forms import DOUBT_WEIGHTS
from alliance_fhir.fhir.plan.tasks import task_reference
from alliance_fhir.fhir.scores import RULE_TEXTS
from alliance_fhir.fhir.versions import Json

_METHOD = "value-complete-cases"


def barriers(facts: Facts, plans: Sequence[SharedPlan], response: Json) -> Iterator[Resource]:
    """What stands in the way, or did in one of these versions, by a digest of its words; what is
    planned about it are notes. `response` is what the last of the versions comes to.

    Each is dated by the version since which it has been said. One that the last does not say was
    said then, and the response has it no longer. After PCO's barriers to goals, but without a goal:
    the document does not say which.
    """
    said = [_by_words(facts, plan) for plan in plans]
    for suffix, (since, number) in last_said(said).items():
        told = said[number][suffix]
        body: Json = {
            **_start(facts, plans[since].written, response if plans[number] is plans[-1] else {}),
            "code": {**el.BARRIER, "text": "Barrier"},
            "valueString": told[0].text,
            "note": [{"text": one.plan} for one in told if one.plan],
        }
        yield facts.made("Observation", suffix, body, "patient", profile="plan-barrier")


def _by_words(facts: Facts, plan: SharedPlan) -> dict[str, list[Barrier]]:
    """The barriers of a version by their suffixes."""
    found: dict[str, list[Barrier]] = {}
    for barrier in plan.barriers:
        suffix = facts.by_words("barrier", words_digest(barrier.text))
        found.setdefault(suffix, []).append(barrier)
    return found


def of_review(facts: Facts, suffix: str, review: Review) -> Iterator[Resource]:
    """Satisfaction, doubts and adherence of a review, which is known by its suffix."""
    start = _start(facts, review.on, facts.ref("QuestionnaireResponse", suffix))
    for name, value in _scores(review):
        body = {**start, **_score(facts, name, value)}
        yield facts.made("Observation", f"{suffix}-{name}", body, "patient", profile="plan-score")
    for task, told in review.adherence.items():
        body = {**start, **_adherence(facts, task, told)}
        name = f"{suffix}-adherence-{task}"
        by = facts.side(told.said_by)
        yield facts.made("Observation", name, body, by, profile="plan-adherence")


def _start(facts: Facts, when: Moment, response: Json) -> Json:
    return {
        "status": "final",
        "category": el.SURVEY,
        "subject": facts.patient,
        "effectiveDateTime": when.text,
        "derivedFrom": [response] if response else [],
    }


def _scores(review: Review) -> Iterator[tuple[str, int]]:
    """By the names of the check-in's scores."""
    if review.satisfaction:
        for name, degree in review.satisfaction.model_dump(exclude_none=True).items():
            yield f"satisfaction-{name}", degree
    if review.doubts:
        for name, doubt in review.doubts.model_dump(exclude_none=True).items():
            yield f"doubt-{name}", DOUBT_WEIGHTS[doubt]


def _score(facts: Facts, name: str, value: int) -> Json:
    rated = facts.settings.score_performer == "rater"
    return {
        "code": el.concept(f"check-in-{name}-patient"),
        "performer": [facts.patient] if rated else [],
        "method": {**el.concept(_METHOD), "text": RULE_TEXTS[_METHOD]},
        "valueQuantity": {"value": value, **el.ucum("{score}")},
    }


def _adherence(facts: Facts, task: str, told: Adherence) -> Json:
    days = {"days-taken-as-agreed": told.taken_as_agreed, "days-asked-about": told.of_days}
    text = f"Taken as agreed on {told.taken_as_agreed} of {told.of_days} days"
    return {
        "code": el.ADHERENCE,
        "focus": [task_reference(facts, task, "MedicationRequest")],
        "performer": [facts.who(told.said_by)],
        "valueCodeableConcept": {"text": text},
        "note": [{"text": told.words}] if told.words else [],
        "component": [
            {"code": el.concept(code), "valueQuantity": {"value": count, **el.ucum("d")}}
            for code, count in days.items()
        ],
    }
