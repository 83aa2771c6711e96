"""An element of a resource with its place, so that a slip can say where it is."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from alliance_fhir.config import URI
from alliance_fhir.domain.records import Identifier
from alliance_fhir.received import Json
from alliance_fhir.sources.fields import has_control


class Slip(NamedTuple):
    """A place, such as `Appointment.participant[0].actor`, and the rule that it breaks; never what
    stands there. `remedy` where more can be said than the rule's own."""

    place: str
    rule: str
    remedy: str = ""


class Unread(Exception):
    """A slip that ends the reading of an element. It never leaves this package."""

    def __init__(self, place: str, rule: str, remedy: str = "") -> None:
        super().__init__(rule)
        self.slip = Slip(place, rule, remedy)


class Element(NamedTuple):
    """A JSON object and its place. What is absent is empty; what has another shape than FHIR gives
    it is Unread."""

    body: Json
    place: str

    def __bool__(self) -> bool:
        return bool(self.body)

    def at(self, name: str) -> str:
        """The place of a part."""
        return f"{self.place}.{name}"

    def text(self, name: str) -> str:
        """A text. Raises Unread."""
        value: Any = self.body.get(name, "")
        if not isinstance(value, str):
            raise Unread(self.at(name), "wrong-kind", "FHIR has a text here.")
        if has_control(value):
            raise Unread(self.at(name), "control-character")
        return value.strip()

    def part(self, name: str) -> Element:
        """An object. Raises Unread."""
        value: Any = self.body.get(name, {})
        if not isinstance(value, dict):
            raise Unread(self.at(name), "wrong-kind", "FHIR has an object here.")
        return Element(cast("Json", value), self.at(name))

    def parts(self, name: str) -> list[Element]:
        """A list of objects. Raises Unread."""
        value: Any = self.body.get(name, [])
        if not isinstance(value, list):
            raise Unread(self.at(name), "wrong-kind", "FHIR has a list of objects here.")
        items = cast("list[Any]", value)
        if not all(isinstance(item, dict) for item in items):
            raise Unread(self.at(name), "wrong-kind", "FHIR has a list of objects here.")
        return [Element(one, f"{self.at(name)}[{n}]") for n, one in enumerate(items)]

    def first(self, name: str) -> Element:
        """The first of a list, empty where there is none. Raises Unread."""
        return next(iter(self.parts(name)), Element({}, self.at(name)))


def words(concept: Element) -> list[str]:
    """What a CodeableConcept says, in R5 also one within a CodeableReference: the text, then of
    each coding the display and the code. Raises Unread."""
    if "concept" in concept.body:
        concept = concept.part("concept")
    told = [concept.text("text")]
    for coding in concept.parts("coding"):
        told += [coding.text("display"), coding.text("code")]
    return [one for one in told if one]


def codes(concept: Element) -> set[tuple[str, str]]:
    """System and code of each coding. Raises Unread."""
    return {(one.text("system"), one.text("code")) for one in concept.parts("coding")}


def coding(concept: Element) -> Identifier | None:
    """The first code of a concept, as `words` takes one, whose system is named. Raises Unread."""
    if "concept" in concept.body:
        concept = concept.part("concept")
    codings = concept.parts("coding")
    told = [(one.text("system"), " ".join(one.text("code").split())) for one in codings]
    known = (one for one in told if all(one) and "|" not in one[1])
    return next((Identifier(*one) for one in known if URI.fullmatch(one[0])), None)
