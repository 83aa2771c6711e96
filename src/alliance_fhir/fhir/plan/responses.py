"""What was said: the first conversation, and each review, as responses to our two forms.

Both are the patient's own view and words, which is why the patient is their source. Who wrote them
down the document does not say.
"""

from __future__ import annotations

from collections import Counter
from itertools import takewhile

from alliance_fhir.domain.plan.document import (
    Achievement,
    Adherence,
    Adolescent,
    Barrier,
    Doubts,
    Review,
    Satisfaction,
    SharedPlan,
)
from alliance_fhir.domain.records import Moment
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.plan.facts import Facts
from alliance_fhir.fhir.plan.forms import DOUBTS, FIRST_CONVERSATION, PLAN_REVIEW, Form
from alliance_fhir.fhir.plan.goals import goal_suffix
from alliance_fhir.fhir.plan.observations import barriers, of_review
from alliance_fhir.fhir.plan.tasks import task_reference
from alliance_fhir.fhir.versions import Json

FIRST = "first"


def first_conversation(facts: Facts) -> list[Resource]:
    """The response, and what is seen in it; nothing where nothing was said in any version.

    A version that says nothing of it leaves it as it was. It is dated by the version since which it
    has been what it is: one that another version repeats word by word was not given again.
    """
    told = [(plan, items) for plan in facts.plans if (items := _first_items(plan))]
    if not told:
        return []
    _, items = told[-1]
    *_, since = (plan for plan, _ in takewhile(lambda one: one[1] == items, reversed(told)))
    response = _response(facts, FIRST, FIRST_CONVERSATION, since.written, items)
    reference = facts.ref("QuestionnaireResponse", FIRST)
    return [response, *barriers(facts, [plan for plan, _ in told], reference)]


def _first_items(plan: SharedPlan) -> list[Json]:
    return [
        *_texts("reason", plan.reason),
        *_texts("hopes", *plan.hopes),
        *_texts("concerns", *plan.concerns),
        *_texts("outcome_sought", plan.outcome_sought),
        *(item for barrier in plan.barriers for item in _barrier(barrier)),
        *_texts("background", *plan.background),
        *_group("adolescent", _adolescent(plan.adolescent)),
    ]


def _barrier(barrier: Barrier) -> list[Json]:
    told = [*_texts("barriers.text", barrier.text), *_texts("barriers.plan", barrier.plan)]
    return _group("barriers", told)


def _adolescent(told: Adolescent | None) -> list[Json]:
    if told is None:
        return []
    pressed = _item("adolescent.pressured_to_attend", "valueBoolean", told.pressured_to_attend)
    return [*pressed, *_texts("adolescent.options_offered", *told.options_offered)]


def reviews(facts: Facts) -> list[Resource]:
    """The reviews of all versions, each with what is seen in it.

    They are known by their day, and, where there are several of one day, by their number on it.
    """
    days = Counter[str]()
    made: list[Resource] = []
    for review in facts.reviews:
        days[review.on.day] += 1
        number = f"-{days[review.on.day]}" if days[review.on.day] > 1 else ""
        made += _review(facts, f"review-{review.on.day}{number}", review)
    return made


def _review(facts: Facts, suffix: str, review: Review) -> list[Resource]:
    items = [
        *_texts("works", *review.works),
        *_texts("does_not", *review.does_not),
        *_texts("changes", *review.changes),
        *(
            item
            for goal, told in review.goals.items()
            for item in _group("goals", _achievement(facts, goal, told))
        ),
        *_group("satisfaction", _satisfaction(review.satisfaction)),
        *_group("doubts", _doubts(review.doubts)),
        *(
            item
            for task, told in review.adherence.items()
            for item in _group("adherence", _adherence(facts, task, told))
        ),
    ]
    response = _response(facts, suffix, PLAN_REVIEW, review.on, items)
    return [response, *of_review(facts, suffix, review)]


def _achievement(facts: Facts, goal: str, told: Achievement) -> list[Json]:
    coding = {"system": el.GOAL_ACHIEVEMENT, "code": told.achievement}
    return [
        *_item("goals.goal", "valueReference", facts.ref("Goal", goal_suffix(goal))),
        *_item("goals.achievement", "valueCoding", coding),
        *_texts("goals.words", told.words),
    ]


def _satisfaction(told: Satisfaction | None) -> list[Json]:
    degrees = told.model_dump() if told else {}
    return [
        item
        for name, degree in degrees.items()
        for item in _item(f"satisfaction.{name}", "valueInteger", degree)
    ]


def _doubts(told: Doubts | None) -> list[Json]:
    doubts = told.model_dump(exclude_none=True) if told else {}
    return [
        item
        for name, doubt in doubts.items()
        for item in _item(f"doubts.{name}", "valueCoding", {"system": DOUBTS, "code": doubt})
    ]


def _adherence(facts: Facts, task: str, told: Adherence) -> list[Json]:
    medicine = task_reference(facts, task, "MedicationRequest")
    return [
        *_item("adherence.medicine", "valueReference", medicine),
        *_item("adherence.taken_as_agreed", "valueInteger", told.taken_as_agreed),
        *_item("adherence.of_days", "valueInteger", told.of_days),
        *_item("adherence.said_by", "valueReference", facts.who(told.said_by)),
        *_texts("adherence.words", told.words),
    ]


# --- responses, and their items -------------------------------------------------------------------


def _response(facts: Facts, suffix: str, form: Form, when: Moment, items: list[Json]) -> Resource:
    body: Json = {
        "questionnaire": form.canonical,
        "status": "completed",
        "subject": facts.patient,
        "authored": when.text,
        "source": facts.patient,
        "item": items,
    }
    return facts.made("QuestionnaireResponse", suffix, body, "patient")


def _item(link: str, kind: str, *values: object) -> list[Json]:
    """The item with these answers, or none where there are none."""
    answers = [{kind: value} for value in values if value is not None]
    return [{"linkId": link, "answer": answers}] if answers else []


def _texts(link: str, *texts: str | None) -> list[Json]:
    return _item(link, "valueString", *texts)


def _group(link: str, items: list[Json]) -> list[Json]:
    return [{"linkId": link, "item": items}] if items else []
