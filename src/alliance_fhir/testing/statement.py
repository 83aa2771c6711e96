"""CapabilityStatements: one made from what a test server can do, and any made to claim less."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any

from alliance_fhir.abilities import Ability
from alliance_fhir.testing.messages import Json
from alliance_fhir.testing.parameters import PARAMETERS, TYPES
from alliance_fhir.testing.policy import PEOPLE

_RESOURCE = (
    *("read", "vread", "update", "delete", "history-instance", "history-type", "create"),
    "search-type",
)
_SYSTEM = ("transaction", "batch", "history-system")


def statement(fhir_version: str, base: str, *, client_ids: bool, patches: bool = False) -> Json:
    """What a FhirServer that lacks nothing says of itself."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-01-01",
        "kind": "instance",
        "software": {"name": "alliance-fhir test server"},
        "implementation": {"description": "a FHIR server for tests", "url": base},
        "fhirVersion": fhir_version,
        "format": ["application/fhir+json", "json"],
        **({"patchFormat": ["application/json-patch+json"]} if patches else {}),
        "rest": [
            {
                "mode": "server",
                "resource": [
                    _resource(type_, client_ids=client_ids, patches=patches) for type_ in TYPES
                ],
                "interaction": [{"code": code} for code in _SYSTEM],
            }
        ],
    }


def _resource(type_: str, *, client_ids: bool, patches: bool) -> Json:
    parameters = [{"name": name, "type": PARAMETERS[name].kind} for name in TYPES[type_]]
    return {
        "type": type_,
        "interaction": [{"code": code} for code in (*_RESOURCE, *(("patch",) if patches else ()))],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": client_ids,
        "conditionalCreate": True,
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "searchParam": parameters,
    }


def _without(place: Json, element: str, key: str, values: Set[str]) -> None:
    """Takes these out of a list of an element, and the list where nothing is left."""
    if element in place:
        place[element] = [one for one in place[element] if one.get(key) not in values]
        if not place[element]:
            del place[element]


def _no_interaction(*codes: str) -> Callable[[Json], None]:
    def less(rest: Json) -> None:
        for place in (rest, *rest.get("resource", [])):
            _without(place, "interaction", "code", set(codes))

    return less


def _no_parameter(*names: str) -> Callable[[Json], None]:
    def less(rest: Json) -> None:
        for place in (rest, *rest.get("resource", [])):
            _without(place, "searchParam", "name", set(names))

    return less


def _no_identifier(rest: Json) -> None:
    for resource in rest.get("resource", []):
        if resource.get("type") not in PEOPLE:
            _without(resource, "searchParam", "name", {"identifier"})


def _says(**elements: Any) -> Callable[[Json], None]:
    def less(rest: Json) -> None:
        for resource in rest.get("resource", []):
            resource.update(elements)

    return less


def _no_versions(rest: Json) -> None:
    _no_interaction("vread")(rest)
    _says(versioning="no-version", readHistory=False)(rest)


def _no_versioned_update(rest: Json) -> None:
    for resource in rest.get("resource", []):
        if resource.get("versioning") != "no-version":
            resource["versioning"] = "versioned"


_LESS: dict[Ability, Callable[[Json], None]] = {
    "transactions": _no_interaction("transaction"),
    "batches": _no_interaction("batch"),
    "conditional-create": _says(conditionalCreate=False),
    "if-match": _no_versioned_update,
    "identifier-search": _no_identifier,
    "versions": _no_versions,
    "history": _no_interaction("history-instance", "history-type", "history-system"),
    "delete": _no_interaction("delete"),
    "tags": _no_parameter("_tag"),
    "provenance": lambda rest: _without(rest, "resource", "type", {"Provenance"}),
}
"""How a statement claims less; it does not tell of searches by POST."""


def claiming_less(made: Json, lacks: Set[Ability]) -> Json:
    """A statement, changed in place so that it does not claim what is lacking."""
    for rest in made.get("rest", []):
        for ability in _LESS:
            if ability in lacks:
                _LESS[ability](rest)
    return made


def no_statement() -> Json:
    """What a server answers to /metadata that has no statement: an empty Bundle, as Medplum's."""
    return {"resourceType": "Bundle", "type": "searchset", "entry": []}
