"""Preferences back from FHIR, in the order in which the CarePlan refers to them."""

from __future__ import annotations

from alliance_fhir.domain.agreement import PATIENT, Party
from alliance_fhir.domain.plan.document import About, Preference
from alliance_fhir.domain.plan.values import MOST_ENTRIES
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.plan.back.element import TEXT, Element
from alliance_fhir.fhir.plan.back.scope import Found, Scope
from alliance_fhir.fhir.plan.careplan import SUPPORTING
from alliance_fhir.fhir.plan.preferences import CODED

_SAID = ("final", "amended", "corrected")


def preferences(scope: Scope) -> tuple[Preference, ...]:
    """Those that the CarePlan refers to. Whatever else it refers to is left to others."""
    made: dict[str, Preference] = {}
    for found, about in [*_referred_to(scope).values()][:MOST_ENTRIES]:
        told = _preference(scope, found, about)
        if told and told.key in made:
            found.element.refuse("found-twice")
        elif told:
            made[told.key] = told
    return tuple(made.values())


def _referred_to(scope: Scope) -> dict[str, tuple[Found, About]]:
    """The resources, by their names, and what each is about."""
    made: dict[str, tuple[Found, About]] = {}
    for reference in scope.careplan.parts(SUPPORTING):
        about = _about(scope.look(reference))
        if about and (found := scope.resource(reference, "Observation")):
            made[found.name] = found, about
    return made


def _about(element: Element) -> About | None:
    """What it is about, by the codes of US Core's profiles alone."""
    for about, coded in CODED.items():
        if element.part("code").code(el.LOINC, [coded.code]):
            return about
    return None


def _preference(scope: Scope, found: Found, about: About) -> Preference | None:
    """What was said, and by whom: where nobody is named, by the patient."""
    element, coded = found.element, CODED[about]
    if not element.word("status", _SAID):
        element.refuse("no-place")
        return None
    text = element.take("valueString", TEXT) or element.part("valueCodeableConcept").words()
    if not text:
        element.refuse("no-words")
        return None
    said_by = _said_by(scope, element)
    if said_by is None:
        return None
    code = element.part("code")
    code.code(el.LOINC, [coded.code])
    code.word("text", (coded.text,))
    for concept in element.parts("category"):
        concept.code(el.US_CORE_CATEGORY, [coded.category])
    if found.suffix:  # a day that follows from the versions of the plan
        element.drop("effectiveDateTime")
    return Preference(text=text, about=about, said_by=said_by)


def _said_by(scope: Scope, element: Element) -> Party | None:
    """Who said it; else the Observation says why it is not carried."""
    if not element.parts("performer"):
        return PATIENT
    performer = element.part("performer")
    party = scope.party(performer)
    if party is None:
        element.refuse(performer.why or "not-named")
    return party
