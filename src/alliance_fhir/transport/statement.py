"""What a server's CapabilityStatement says. It is read softly: what it does not speak of is not
known, and not denied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from alliance_fhir.errors import BadReply
from alliance_fhir.received import Json, parts, text


class Statement(NamedTuple):
    """What a CapabilityStatement says of the server's side; empty where there is none."""

    body: Json
    interactions: frozenset[str] | None
    types: Mapping[str, Json] | None

    def every(self, check: Callable[[Json], bool | None]) -> bool | None:
        """What holds for the types that we write: for all of them, not for all, or not said."""
        types = self.types or {}
        told = [check(types[type_]) for type_ in WRITTEN if type_ in types]
        if not told or None in told:
            return None
        return all(told)


WRITTEN = ("QuestionnaireResponse", "Observation", "Questionnaire", "Device", "Provenance")
"""The types that an assessment needs."""


def statement_of(body: Json) -> Statement:
    """Reads a CapabilityStatement. What has not its shape counts as not said."""
    try:
        if body.get("resourceType") != "CapabilityStatement":
            return Statement({}, None, None)
        rest = [one for one in parts(body, "rest") if text(one, "mode") in ("server", "")]
        server = rest[0] if rest else {}
        codes = codes_of(server, "interaction")
        types = {text(one, "type"): one for one in parts(server, "resource")}
        for one in types.values():
            parts(one, "interaction")
            parts(one, "searchParam")
    except BadReply:
        return Statement(body, None, None)
    return Statement(body, codes if "interaction" in server else None, types or None)


_OF_TYPES = ("type", "interaction", "versioning", "conditionalCreate", "searchParam.name")
READ = (
    *("fhirVersion", "software", "patchFormat", "rest.mode", "rest.interaction"),
    *(f"rest.resource.{name}" for name in _OF_TYPES),
)
"""The elements of a CapabilityStatement that are read here. A trait that reads another adds it."""


def tells_all(body: Json) -> bool:
    """Whether a statement of which only `READ` was asked for says all of it, for each type that we
    write: else it may be that a part was lost by the asking."""
    told = statement_of(body)
    types = told.types or {}
    about = [types[type_] for type_ in WRITTEN if type_ in types]
    whole = {name.partition(".")[0] for name in _OF_TYPES}
    at_top = {"fhirVersion", "software"} <= body.keys() and told.interactions is not None
    return at_top and bool(about) and all(whole <= one.keys() for one in about)


def codes_of(body: Json, name: str) -> frozenset[str]:
    """The codes of a list of such."""
    return frozenset(text(one, "code") for one in parts(body, name))


def has_search(resource: Json, parameter: str) -> bool | None:
    """Whether a type can be searched by this; None where its parameters are not told."""
    names = {text(one, "name") for one in parts(resource, "searchParam")}
    return parameter in names if names else None
