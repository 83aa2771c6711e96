"""What becomes of a request that needs an ability which a server lacks, or only claims."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any, cast
from urllib.parse import parse_qsl

from alliance_fhir.abilities import ABILITIES, Ability
from alliance_fhir.testing.messages import Declined, Interaction, Json

PEOPLE = frozenset({"Patient", "Practitioner", "RelatedPerson", "Organization"})
"""Who is found by identifier even at servers that find nothing else so (US Core 6.1 asks it of
Patient and Practitioner alone)."""
Needs = Callable[[Interaction], bool]


def _posts(kind: str) -> Needs:
    def needs(asked: Interaction) -> bool:
        return (
            asked.method == "POST"
            and not asked.path
            and asked.resource is not None
            and asked.resource.get("type") == kind
        )

    return needs


def _searched(asked: Interaction) -> set[str]:
    """The parameters that a request searches by, in its address or its condition."""
    names = {name for name, _ in asked.params}
    if asked.condition:
        names |= {name for name, _ in parse_qsl(asked.condition.rpartition("?")[2])}
    return names


def by_identifier(name: str) -> bool:
    """Whether a parameter looks at identifiers."""
    return name.split(":")[0] == "identifier" or name.endswith((":identifier", ".identifier"))


def _is_history(asked: Interaction) -> bool:
    return asked.method == "GET" and asked.path.endswith("_history")


def _is_version(asked: Interaction) -> bool:
    return asked.path.rpartition("/")[0].endswith("/_history")


_NEEDS: dict[Ability, tuple[Needs, int]] = {
    "transactions": (_posts("transaction"), 405),
    "batches": (_posts("batch"), 405),
    "conditional-create": (lambda asked: asked.condition is not None, 501),
    "if-match": (lambda asked: bool(asked.if_match), 501),
    "identifier-search": (
        lambda asked: asked.type not in PEOPLE and any(map(by_identifier, _searched(asked))),
        400,
    ),
    "post-search": (lambda asked: asked.path.endswith("/_search"), 405),
    "versions": (lambda asked: _is_version(asked) or bool(asked.if_match), 501),
    "history": (_is_history, 405),
    "delete": (lambda asked: asked.method == "DELETE", 405),
    "tags": (lambda asked: "_tag" in _searched(asked), 400),
    "provenance": (lambda asked: asked.type == "Provenance", 404),
}
"""What asks for an ability, and the status with which it is refused."""


def checked(names: Set[str]) -> frozenset[Ability]:
    """Names of abilities, or ValueError where one is none."""
    if unknown := sorted(set(names) - set(ABILITIES)):
        raise ValueError(f"no abilities: {', '.join(unknown)}; there are {', '.join(ABILITIES)}")
    return frozenset(cast("Set[Ability]", names))


def refuse(
    asked: Interaction, lacks: Set[Ability], statuses: Mapping[Ability, int] | None = None
) -> None:
    """Declined where the request needs what is lacking; `statuses` other than the usual."""
    for ability, (needs, usual) in _NEEDS.items():
        if ability in lacks and needs(asked):
            status = (statuses or {}).get(ability, usual)
            raise Declined(status, "not-supported", f"this server lacks: {ability}")


def as_if_not_asked(asked: Interaction, ignores: Set[Ability]) -> Interaction:
    """The request without what the server ignores."""
    if "conditional-create" in ignores:
        asked = asked._replace(condition=None)
    if "if-match" in ignores:
        asked = asked._replace(if_match="")
    if "post-search" in ignores and asked.path.endswith("/_search"):
        asked = asked._replace(params=())
    if "identifier-search" in ignores and asked.type not in PEOPLE:
        kept = tuple(p for p in asked.params if not by_identifier(p[0]))
        asked = asked._replace(params=kept)
    if "tags" in ignores:
        asked = asked._replace(params=tuple(p for p in asked.params if p[0] != "_tag"))
    return asked


def untagged(resource: Json) -> Json:
    """A resource without its tags."""
    told: Any = resource.get("meta")
    if not isinstance(told, dict):
        return resource
    meta = cast("Json", told)
    return {**resource, "meta": {key: value for key, value in meta.items() if key != "tag"}}
