"""What belongs to one CarePlan: its resources, each with what of it has been read, and who is who.

A person is told by an identifier: the one that the reference has, or else one of whom it leads to.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from alliance_fhir.config import Settings
from alliance_fhir.domain.agreement import PATIENT, Party
from alliance_fhir.domain.records import Identifier, Moment, parse_moment
from alliance_fhir.fhir.elements import CONTENT_DIGEST, Person
from alliance_fhir.fhir.plan.back.element import Element, Why
from alliance_fhir.fhir.plan.back.pool import Pool, identifiers, type_of
from alliance_fhir.fhir.versions import Json

_OUTSIDE = ("resourceType", "id", "meta")
"""What is no content."""
_MADE_OF_THE_REST = {"generated", "extensions", "empty"}
"""Narratives that say nothing beside the elements (narrative-status); `additional` ones do."""


class Found(NamedTuple):
    """A resource: its name, and what of it has been read. `suffix` is what comes after the key of
    the plan in our own identifier; empty where it was not made by us for this plan."""

    name: str
    element: Element
    suffix: str = ""


class Scope:
    """One CarePlan among all that came. `key` is that of our own plans, or empty; `patient` and
    `parties` are known once they have been read."""

    def __init__(self, pool: Pool, name: str, settings: Settings) -> None:
        self._pool = pool
        self._settings = settings
        self._read: dict[str, Element] = {}
        self.system = ""
        self.key = ""
        self.patient: Identifier | None = None
        self.parties: tuple[Party, ...] = ()
        self.name = name
        self.careplan = self._element(name)

    def left(self) -> Iterator[tuple[str, str, Why]]:
        """Name, path and reason of all that was not carried."""
        for name, element in self._read.items():
            for path, why in element.left():
                yield name, path, why

    # --- resources

    def resource(self, reference: Element, *types: str) -> Found | None:
        """What a reference leads to, if it is of one of these types and is the patient's. Else
        reference or resource say why it is not carried."""
        if type_of(reference) not in ("", *types):
            return None  # a plan has no place for it, which its reference tells by being left
        name = self._name(reference)
        if name is None or self._value(name).get("resourceType") not in types:
            return None
        reference.done()
        inner = self._inner.get(name)
        found = self._contained(name, inner) if inner else self._among(name)
        if why := self.unfit(found.element):
            found.element.refuse(why)
            return None
        return found

    def look(self, reference: Element) -> Element:
        """What a reference leads to, only looked at; empty where that cannot be told."""
        name = self.name_of(reference)
        return Element(self._value(name))

    def _value(self, name: str) -> Json:
        inner = self._inner.get(name)
        return inner.value if inner else self._pool.all.get(name, {})

    def name_of(self, reference: Element) -> str:
        """The name of what a reference leads to; empty where nobody can tell."""
        found = self._pool.found(reference)
        return found[0] if len(found) == 1 else reference.text("reference")

    def _name(self, reference: Element) -> str | None:
        found = self._pool.found(reference)
        if reference.text("reference") in self._inner:
            return reference.text("reference")
        if len(found) == 1:
            return found[0]
        reference.refuse("found-twice" if found else "not-found")
        return None

    @cached_property
    def _inner(self) -> dict[str, Element]:
        """The resources within the CarePlan, by what refers to them."""
        inner = self.careplan.parts("contained")
        return {f"#{one.text('id')}": one for one in inner}

    def _among(self, name: str) -> Found:
        element = self._element(name)
        return Found(name, element, self.suffix(element))

    def _contained(self, name: str, element: Element) -> Found:
        _without_what_is_outside(element)
        return Found(name, element)

    def _element(self, name: str) -> Element:
        if name not in self._read:
            self._read[name] = Element(self._pool.all[name])
            _without_what_is_outside(self._read[name])
        return self._read[name]

    def suffix(self, element: Element) -> str:
        """What comes after the plan's key in an identifier of ours; empty where it has none."""
        for one in element.parts("identifier"):
            key, _, suffix = one.text("value").partition("-")
            if self.key and (one.text("system"), key) == (self.system, self.key):
                one.done()
                return suffix.partition(":")[0]  # what follows is the type
        return ""

    def unfit(self, element: Element) -> Why | None:
        """Why nothing of a resource can be carried, whatever it says."""
        negated = element.value.get("doNotPerform") is True
        if negated or element.value.get("modifierExtension") or element.value.get("implicitRules"):
            return "changes-meaning"
        if "entered-in-error" in (element.text("status"), element.text("lifecycleStatus")):
            return "withdrawn"
        name = "for" if element.text("resourceType") == "Task" else "subject"
        subject = element.part(name)
        if self.patient and name in element.value:
            if not self.is_patient(subject):
                return "another-patient"
            subject.done()
        return None

    # --- people, and times

    def person(self, reference: Element) -> Person | None:
        """Whom a reference names, if that is told by an identifier."""
        type_ = type_of(reference)
        if type_ == "PractitionerRole":
            role = self.look(reference)
            return self.person(role.part("practitioner"))
        if named := next(identifiers(reference), None):
            return Person(type_ or self.look(reference).text("resourceType"), named)
        known = [*identifiers(self.look(reference))]
        patient = type_ == "Patient"
        system = self._settings.patient_system if patient else self._settings.clinician_system
        usual = [one for one in known if one.system == system]
        chosen = usual or known
        return Person(type_, chosen[0]) if len(chosen) == 1 else None

    def is_patient(self, reference: Element) -> bool:
        """Whether it is the patient of the plan whom a reference names."""
        person = self.person(reference)
        return bool(person) and self._is_patient(person)

    def _is_patient(self, person: Person) -> bool:
        return person.identifier == self.patient and person.type in ("Patient", "")

    def party(self, reference: Element) -> Party | None:
        """Whom a reference names, if that is a party of the plan. Else it says why nobody."""
        person = self.person(reference)
        if person is None:
            reference.refuse("not-named")
            return None
        party: Party = PATIENT if self._is_patient(person) else person.identifier
        if party not in self.parties:
            reference.refuse("not-a-party")
            return None
        reference.done()
        return party

    def party_in(self, element: Element, *names: str) -> Party | None:
        """The first party in these places: versions of FHIR differ in how they call them."""
        for name in names:
            for reference in element.parts(name):
                if (party := self.party(reference)) is not None:
                    return party
        return None

    def moment(self, element: Element, name: str) -> Moment | None:
        """A day or a time; None where there is neither, or only a month or a year. Servers put
        times into UTC: these are told in the zone of the site, where it has one."""
        told = element.text(name)
        try:
            when = parse_moment(told, None)
            if self._settings.tz and when.text.endswith("Z"):
                when = Moment.of(datetime.fromisoformat(when.text).astimezone(self._settings.tz))
        except (ValueError, OverflowError):
            return None
        element.drop(name)
        return when


def _without_what_is_outside(element: Element) -> None:
    element.drop(*_OUTSIDE)
    for digest in element.extensions(CONTENT_DIGEST):
        digest.done()
    if element.part("text").text("status") in _MADE_OF_THE_REST:
        element.drop("text")
