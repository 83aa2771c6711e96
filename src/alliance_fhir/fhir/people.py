"""People at a server: who is meant by an identifier, and, for sandboxes, people made of nothing."""

from __future__ import annotations

from typing import NamedTuple

from alliance_fhir.config import Settings
from alliance_fhir.domain.keys import digest
from alliance_fhir.domain.records import Identifier
from alliance_fhir.errors import BadReply
from alliance_fhir.fhir.canonical import sealed
from alliance_fhir.fhir.elements import Person
from alliance_fhir.fhir.group import Group, Resource
from alliance_fhir.fhir.labels import meta
from alliance_fhir.fhir.logical import named
from alliance_fhir.fhir.versions import Json
from alliance_fhir.received import part, parts, text

FOUND_BY_IDENTIFIER = ("Patient", "Practitioner", "RelatedPerson", "Organization")
"""The types of people, and those they act for, that are looked for at a server."""
CREATABLE = ("Patient", "Practitioner")


class Resolution(NamedTuple):
    """Who was found: `Type/id`; or the rule that says why nobody was.

    `places` are all who have the identifier, and whom they were merged into.
    """

    reference: str = ""
    rule: str = ""
    places: frozenset[str] = frozenset()


def resolve(person: Person, hits: list[Json]) -> tuple[Resolution, str]:
    """Who of the hits is meant; and, where all are merged into another, the reference to follow:
    the resolution then is for the case that it leads to nobody.

    Every hit is held against the identifier asked for: servers are known that return others too.
    Raises BadReply for a hit without an id.
    """
    meant = {text(hit, "id"): hit for hit in hits if _has(hit, person)}  # pages may overlap
    if "" in meant:
        raise BadReply(f"a search for {person.type} gave one without an id")
    places = frozenset(f"{person.type}/{id_}" for id_ in meant)
    live = [id_ for id_, hit in meant.items() if replaced_by(hit) is None]
    kind = {"Patient": "patient", "Practitioner": "clinician"}.get(person.type, "person")
    if len(live) == 1:
        return Resolution(f"{person.type}/{live[0]}", places=places), ""
    if live:
        return Resolution(rule=f"{kind}-ambiguous", places=places), ""
    followed = {replaced_by(hit) or "" for hit in meant.values()}
    if len(followed) == 1:
        return Resolution(rule="patient-merged", places=places), followed.pop()
    return Resolution(rule=f"{kind}-{'ambiguous' if followed else 'not-found'}", places=places), ""


def _has(hit: Json, person: Person) -> bool:
    return hit.get("resourceType") == person.type and any(
        (i.get("system"), i.get("value")) == tuple(person.identifier)
        for i in parts(hit, "identifier")
    )


def replaced_by(hit: Json) -> str | None:
    """The reference to whom a patient was merged into; None where they were not.

    Empty where that is somebody whom no reference names, or more than one.
    """
    if hit.get("resourceType") != "Patient":  # nobody else's links say so
        return None
    merged = (link for link in parts(hit, "link") if link.get("type") == "replaced-by")
    others = {text(part(link, "other"), "reference") for link in merged}
    if not others:
        return None
    return others.pop() if len(others) == 1 else ""


def person_key(person: Person, settings: Settings) -> str:
    """The business key of somebody whom we create: it tells nothing of the identifier."""
    return "person-" + digest([person.type, *person.identifier], settings.secret)


def made_up(person: Person, settings: Settings) -> Resource:
    """A Patient or Practitioner with nothing but the identifier, for sandboxes."""
    body: Json = {
        "resourceType": person.type,
        "meta": meta(settings),
        "identifier": [{"system": person.identifier.system, "value": person.identifier.value}],
    }
    whole, content = sealed({key: value for key, value in body.items() if value})
    return Resource(person.type, person_key(person, settings), whole, content)


def named_in(group: Group) -> set[Person]:
    """All who are named in a group by type and identifier, and can be looked for at a server."""
    everything = named(b"".join(resource.json() for resource in group.resources))
    return {
        Person(type_, Identifier(system, value))
        for type_, system, value in everything
        if type_ in FOUND_BY_IDENTIFIER
    }
