"""The first conversation and the reviews, back from the responses to our two forms."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import TypeVar

from pydantic import TypeAdapter

from alliance_fhir.domain.plan.values import MOST_ENTRIES
from alliance_fhir.fhir.plan.back.element import TEXT, Element
from alliance_fhir.fhir.plan.back.scope import Scope
from alliance_fhir.fhir.plan.careplan import SUPPORTING
from alliance_fhir.fhir.plan.forms import Form

_T = TypeVar("_T")


def responses(scope: Scope, form: Form) -> list[Element]:
    """Those to a form that the CarePlan lists."""
    made: dict[str, Element] = {}
    for reference in scope.careplan.parts(SUPPORTING):
        there = scope.look(reference)
        url, _, _ = there.text("questionnaire").partition("|")
        if there.value and url != form.url:
            continue
        if found := scope.resource(reference, "QuestionnaireResponse"):
            made[found.name] = found.element
    for element in made.values():
        element.word("status", ("completed", "amended"))
        element.drop("questionnaire")
        if scope.is_patient(element.part("source")):
            element.drop("source")
    return [*made.values()]


class Answers:
    """The items of a response, or of a group in it, by their links."""

    def __init__(self, element: Element) -> None:
        self._items = element.parts("item")

    def items(self, link: str) -> Iterator[Element]:
        """The items of one question."""
        for item in self._items:
            if item.text("linkId") == link:
                item.drop("linkId", "text")
                yield item

    def all(self, link: str, name: str, kind: TypeAdapter[_T]) -> tuple[_T, ...]:
        """All answers of this form to a question, as many as a document holds."""
        answers = (answer for item in self.items(link) for answer in item.parts("answer"))
        told = (answer.take(name, kind) for answer in islice(answers, MOST_ENTRIES))
        return tuple(one for one in told if one is not None)

    def one(self, link: str, name: str, kind: TypeAdapter[_T]) -> _T | None:
        """The first of them."""
        for item in self.items(link):
            for answer in item.parts("answer"):
                if (told := answer.take(name, kind)) is not None:
                    return told
        return None

    def parts(self, link: str, name: str) -> Iterator[Element]:
        """All answers to a question that are objects."""
        for item in self.items(link):
            for answer in item.parts("answer"):
                yield from answer.parts(name)

    def code(self, link: str, system: str, codes: Collection[str]) -> str:
        """The first answer that is one of these codes; empty where none is."""
        for coding in self.parts(link, "valueCoding"):
            if coding.text("system") == system and coding.text("code") in codes:
                coding.done()
                return coding.text("code")
        return ""

    def texts(self, link: str) -> tuple[str, ...]:
        """What was said, in several answers."""
        return self.all(link, "valueString", TEXT)

    def text(self, link: str) -> str | None:
        """What was said, in one."""
        return self.one(link, "valueString", TEXT)
