"""What was said: the first conversation and the reviews, back from the responses to our forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from alliance_fhir.domain.plan.document import (
    Achievement,
    Adherence,
    Barrier,
    Degree,
    Doubts,
    Review,
    Satisfaction,
)
from alliance_fhir.domain.plan.values import MOST_ENTRIES
from alliance_fhir.domain.records import Moment
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.plan.back.element import Element
from alliance_fhir.fhir.plan.back.responses import Answers, responses
from alliance_fhir.fhir.plan.back.scope import Scope
from alliance_fhir.fhir.plan.forms import (
    ACHIEVEMENTS,
    DOUBT_WEIGHTS,
    DOUBTS,
    FIRST_CONVERSATION,
    PLAN_REVIEW,
)

_TRUTH: TypeAdapter[bool] = TypeAdapter(bool)
_WHOLE: TypeAdapter[int] = TypeAdapter(int)
_DEGREE: TypeAdapter[int] = TypeAdapter(Degree)


class First(NamedTuple):
    """The first conversation as keys of the document; the keys of its part for adolescents; and
    when it was said, where that is told."""

    told: dict[str, Any]
    adolescent: dict[str, Any]
    when: Moment | None


def first_conversation(scope: Scope) -> First:
    """What the first response says: there should be no second."""
    made = responses(scope, FIRST_CONVERSATION)
    for element in made[1:]:
        element.refuse("found-twice")
    element = next(iter(made), Element({}))
    answers = Answers(element)
    told = {
        "reason": answers.text("reason"),
        "hopes": answers.texts("hopes"),
        "concerns": answers.texts("concerns"),
        "outcome_sought": answers.text("outcome_sought"),
        "barriers": tuple(_barriers(answers))[:MOST_ENTRIES],
        "background": answers.texts("background"),
    }
    adolescent: dict[str, Any] = {}
    for group in map(Answers, answers.items("adolescent")):
        pressed = group.one("adolescent.pressured_to_attend", "valueBoolean", _TRUTH)
        options = group.texts("adolescent.options_offered")
        adolescent = {"pressured_to_attend": pressed, "options_offered": options}
    return First(told, adolescent, scope.moment(element, "authored"))


def _barriers(answers: Answers) -> Iterator[Barrier]:
    for item in answers.items("barriers"):
        group = Answers(item)
        if text := group.text("barriers.text"):
            yield Barrier(text=text, plan=group.text("barriers.plan"))


# --- reviews --------------------------------------------------------------------------------------


class Named(NamedTuple):
    """The plan's goals, and its medication tasks, by the names of their resources."""

    goals: Mapping[str, str]
    medicines: Mapping[str, str]


def reviews(scope: Scope, named: Named) -> list[Review]:
    """All reviews that there are, the oldest first."""
    made = [
        _review(scope, element, when, named)
        for element in responses(scope, PLAN_REVIEW)[:MOST_ENTRIES]
        if (when := _when(scope, element))
    ]
    if any(later.on.comes_before(one.on) for one, later in pairwise(made)):
        made.sort(key=lambda review: (review.on.day, review.on.utc))
    return made


def _when(scope: Scope, element: Element) -> Moment | None:
    when = scope.moment(element, "authored")
    if when is None:
        element.refuse("no-day")
    return when


def _review(scope: Scope, element: Element, on: Moment, named: Named) -> Review:
    answers = Answers(element)
    return Review(
        on=on,
        works=answers.texts("works"),
        does_not=answers.texts("does_not"),
        changes=answers.texts("changes"),
        goals=_achievements(scope, answers, named.goals),
        satisfaction=_satisfaction(answers),
        doubts=_doubts(answers),
        adherence=_adherence(scope, answers, named.medicines),
    )


def _satisfaction(answers: Answers) -> Satisfaction | None:
    told = {
        name: degree
        for group in map(Answers, answers.items("satisfaction"))
        for name in Satisfaction.model_fields
        if (degree := group.one(f"satisfaction.{name}", "valueInteger", _DEGREE)) is not None
    }
    return Satisfaction.model_validate(told) if told else None


def _doubts(answers: Answers) -> Doubts | None:
    told = {
        name: doubt
        for group in map(Answers, answers.items("doubts"))
        for name in Doubts.model_fields
        if (doubt := group.code(f"doubts.{name}", DOUBTS, DOUBT_WEIGHTS))
    }
    return Doubts.model_validate(told) if told else None


def _achievements(
    scope: Scope, answers: Answers, goals: Mapping[str, str]
) -> dict[str, Achievement]:
    made: dict[str, Achievement] = {}
    for item in answers.items("goals"):
        told = Answers(item)
        reference = next(told.parts("goals.goal", "valueReference"), Element({}))
        goal = goals.get(scope.name_of(reference))
        code = told.code("goals.achievement", el.GOAL_ACHIEVEMENT, ACHIEVEMENTS)
        if goal is None or not code:
            item.refuse("no-words" if goal else "not-in-plan")
        elif goal in made:
            item.refuse("found-twice")
        else:
            reference.done()
            words = told.text("goals.words")
            made[goal] = Achievement.model_validate({"achievement": code, "words": words})
    return made


def _adherence(
    scope: Scope, answers: Answers, medicines: Mapping[str, str]
) -> dict[str, Adherence]:
    made: dict[str, Adherence] = {}
    for item in answers.items("adherence"):
        told = Answers(item)
        reference = next(told.parts("adherence.medicine", "valueReference"), Element({}))
        medicine = medicines.get(scope.name_of(reference))
        if medicine is None:
            item.refuse("not-in-plan")
        elif medicine in made:
            item.refuse("found-twice")
        elif taken := _taken(scope, item, told):
            reference.done()
            made[medicine] = taken
    return made


def _taken(scope: Scope, item: Element, told: Answers) -> Adherence | None:
    """What was said of one medicine; else the item says why it is not carried."""
    who = next(told.parts("adherence.said_by", "valueReference"), Element({}))
    party = scope.party(who)
    if party is None:
        item.refuse(who.why or "not-named")
        return None
    days = {
        name: told.one(f"adherence.{name}", "valueInteger", _WHOLE)
        for name in ("taken_as_agreed", "of_days")
    }
    try:
        made = Adherence.model_validate(
            {**days, "said_by": party, "words": told.text("adherence.words")}
        )
    except ValidationError:
        made = None
    if made is None or made.taken_as_agreed > made.of_days:  # days that there are not
        item.refuse("no-place")
        return None
    return made
