"""The resources that came, found by what refers to them: by identifier, or by where they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from alliance_fhir.config import URI
from alliance_fhir.domain.plan.values import UNFIT
from alliance_fhir.domain.records import Identifier
from alliance_fhir.fhir.plan.back.element import Element
from alliance_fhir.fhir.versions import Json

_PLACE = re.compile(
    r"(?:.*/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/.*)?", re.ASCII
)
"""Where a resource is, absolute or relative; its server and its version do not matter."""

_OURS = re.compile(r"[0-9a-f]{32}-[\w.:-]+", re.ASCII)
"""A key of ours, as identifiers have it."""


def type_of(reference: Element) -> str:
    """The type of what a reference leads to; empty where it does not say so."""
    found = _PLACE.fullmatch(reference.text("reference"))
    return found["type"] if found else reference.text("type")


def identifiers(element: Element) -> Iterator[Identifier]:
    """The identifiers that a document can hold, but for those no longer in use."""
    for one in element.parts("identifier"):
        if (told := identifier(one)) and one.text("use") != "old":
            yield told


def identifier(one: Element) -> Identifier | None:
    """What an Identifier says, as a document can hold it."""
    system, value = one.text("system"), one.text("value")
    good = URI.fullmatch(system) and value and value == value.strip() and "|" not in value
    return Identifier(system, value) if good and not UNFIT.search(system + value) else None


class Pool:
    """All resources that came, each by where it is and by its identifiers."""

    def __init__(self, resources: Iterable[Json]) -> None:
        self.all: dict[str, Json] = {}
        """By `Type/id`, each once, as pages of a server may overlap; one without an id by its type
        and our key, or else its number among all that came."""
        self._known: dict[Identifier, list[str]] = {}
        for number, body in enumerate(resources):
            element = Element(body)
            type_, id_ = element.text("resourceType"), element.text("id")
            name = f"{type_}/{id_}" if id_ else self._name(element, type_, number)
            if name not in self.all:
                self.all[name] = body
                for one in identifiers(element):
                    self._known.setdefault(one, []).append(name)

    def _name(self, element: Element, type_: str, number: int) -> str:
        """What a resource without an id is called: in a folder those of ours go by their keys."""
        keys = (one.value for one in identifiers(element) if _OURS.fullmatch(one.value))
        name = f"{type_}/{next(keys, '')}"
        return f"{type_}[{number}]" if name.endswith("/") or name in self.all else name

    def found(self, reference: Element) -> list[str]:
        """The names of what a reference may lead to. What is meant by an identifier counts, and
        where it is where nothing has that identifier."""
        type_ = type_of(reference)
        for one in identifiers(reference):
            if found := [name for name in self._known.get(one, ()) if self._is(name, type_)]:
                return found
        place = _PLACE.fullmatch(reference.text("reference"))
        name = f"{place['type']}/{place['id']}" if place else ""
        return [name] if name in self.all else []

    def _is(self, name: str, type_: str) -> bool:
        return type_ in ("", self.all[name].get("resourceType"))
