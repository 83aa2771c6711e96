"""Who and what is meant by references and identifiers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from alliance_fhir.config import URI
from alliance_fhir.domain.records import Identifier
from alliance_fhir.received import Json
from alliance_fhir.sources.fhir.element import Element, Unread
from alliance_fhir.sources.fhir.neighbours import Neighbours, type_of

_GIVEN = re.compile(r"[0-9a-f]{32}-[a-z0-9-]+")
"""What every site's identifiers look like that this software gives."""


class Around:
    """What an Appointment's references can lead to: what it contains, and its neighbours. `url` is
    its own, where it has one."""

    def __init__(self, appointment: Element, neighbours: Neighbours, url: str) -> None:
        self._contained = {one.text("id"): one for one in appointment.parts("contained")}
        self._neighbours = neighbours
        self._url = url

    def find(self, reference: Element) -> Element:
        """What a reference leads to, empty where that is not here. Raises Unread."""
        told = reference.text("reference")
        if told.startswith("#"):
            return self._contained.get(told[1:], Element({}, reference.place))
        body: Json = self._neighbours.find(told, self._url) if told else {}
        named = reference.part("identifier")
        if not body and named:
            body = self._neighbours.of(named.text("system"), named.text("value"))
        return Element(body, reference.place)

    def type_of(self, reference: Element) -> str:
        """The type of what is meant, as far as that is known. Raises Unread."""
        told = reference.text("type") or type_of(reference.text("reference"))
        return told or self.find(reference).text("resourceType")

    def who(self, reference: Element, system: str) -> Identifier | None:
        """Who is meant: by the reference's own identifier; else by that of `system` which the
        resource has that it leads to, else by its first. None where nobody here knows that.
        Raises Unread."""
        if reference.part("identifier") and (named := usable([reference.part("identifier")])):
            return named[0]
        found = self.find(reference)
        if found.text("resourceType") == "PractitionerRole" and found.part("practitioner"):
            behind = self.who(found.part("practitioner"), system)
            if behind:
                return behind
        return of_system(usable(found.parts("identifier")), system)


def usable(identifiers: Sequence[Element]) -> list[Identifier]:
    """The identifiers with a system and a value that others can name, those that were given up
    last. Raises Unread where there are some, and none has a system."""
    some = sorted(identifiers, key=lambda one: one.text("use") == "old")
    told = [(one, Identifier(one.text("system"), one.text("value"))) for one in some]
    good = [who for _, who in told if URI.fullmatch(who.system) and who.value]
    good = [who for who in good if not {"|", "\t", "\r", "\n"} & {*who.system, *who.value}]
    if told and not good:
        place = told[0][0].place
        if all(not who.system for _, who in told):
            raise Unread(place, "identifier-without-system", "Give the system with the value.")
        raise Unread(place, "not-an-identifier", "Give a system, which is a URI, and a value.")
    return good


def of_system(identifiers: Sequence[Identifier], system: str) -> Identifier | None:
    """The one of this system, else the first."""
    wanted = [one for one in identifiers if one.system == system]
    return next(iter([*wanted, *identifiers]), None)


def is_given(one: Identifier) -> bool:
    """Whether it is one that this software gave, at whatever site."""
    return bool(_GIVEN.fullmatch(one.value)) and one.system.endswith("/identifier")
