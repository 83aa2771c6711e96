"""What we ask of a server beside reading and writing: one table, with how its own word of each
is read, and what we do without.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from alliance_fhir.received import Json
from alliance_fhir.transport.statement import Statement, codes_of, has_search


class Trait(NamedTuple):
    """Something that servers can do or cannot.

    `claimed` reads a server's own word of it: True, False, or None where it says nothing.
    `without` is what we do where it is lacking. `trusted`: it counts as there where nothing is said
    of it; else we do as if it were not, and ask for it all the same.
    """

    name: str
    what: str
    claimed: Callable[[Statement], bool | None]
    without: str
    trusted: bool = True


BY_IDENTIFIER = frozenset({"QuestionnaireResponse", "Observation", "Device"})
"""The types of ours that bear an identifier of ours."""


def _never(told: Statement) -> bool | None:
    """No statement says a word of it."""
    return None


def _of_system(*codes: str) -> Callable[[Statement], bool | None]:
    def claimed(told: Statement) -> bool | None:
        return None if told.interactions is None else bool(told.interactions & set(codes))

    return claimed


def _listed(type_: str) -> Callable[[Statement], bool | None]:
    return lambda told: None if told.types is None else type_ in told.types


def _of_types(interaction: str) -> Callable[[Statement], bool | None]:
    def check(resource: Json) -> bool | None:
        codes = codes_of(resource, "interaction")
        return interaction in codes if codes else None

    return lambda told: told.every(check)


def _says(name: str, *good: object) -> Callable[[Statement], bool | None]:
    def check(resource: Json) -> bool | None:
        return resource[name] in good if name in resource else None

    return lambda told: told.every(check)


def _identified(told: Statement) -> bool | None:
    def check(resource: Json) -> bool | None:
        return has_search(resource, "identifier")

    types = {t: r for t, r in (told.types or {}).items() if t in BY_IDENTIFIER}
    return told._replace(types=types).every(check)


TRAITS = (
    Trait(
        "transactions",
        "takes a group of resources whole or not at all",
        _of_system("transaction"),
        "each record goes in several requests, what is pointed to first; what was cut off is "
        "gone on with",
    ),
    Trait(
        "rollback",
        "takes nothing of a transaction of which it declines a part",
        _never,
        "after a declined transaction the record is looked up before anything is said of it",
    ),
    Trait(
        "batches",
        "takes several independent requests at once",
        _of_system("batch", "transaction"),  # HAPI takes both, and names the one
        "each resource goes in a request of its own",
    ),
    Trait(
        "conditional-create",
        "makes nothing that is there already (If-None-Exist)",
        _says("conditionalCreate", True),
        "each resource is looked up right before it is made; let no two runs write at a time",
    ),
    Trait(
        "if-match",
        "changes nothing that somebody else changed meanwhile (If-Match)",
        _says("versioning", "versioned-update"),
        "each resource is read and compared right before it is changed",
        trusted=False,
    ),
    Trait(
        "identifier-search",
        "finds resources by their identifier",
        _identified,
        "they are found by their patient and compared one by one",
    ),
    Trait(
        "tags",
        "keeps tags, and finds resources by them",
        _never,
        "Provenances are found by what they are about",
    ),
    Trait(
        "versions",
        "gives each change a version",
        _says("versioning", "versioned", "versioned-update"),
        "what it has is compared by its content",
    ),
    Trait(
        "post-search",
        "searches by POST, which keeps identifiers out of URLs",
        _never,
        "searches go by GET",
    ),
    Trait(
        "provenance",
        "takes Provenances",
        _listed("Provenance"),
        "records go there without them",
    ),
    Trait(
        "history",
        "keeps earlier versions",
        _of_types("vread"),
        "`undo` cannot bring back what a run changed",
    ),
    Trait(
        "delete",
        "deletes",
        _of_types("delete"),
        "`undo` cannot remove what a run made; `retract` marks it instead",
    ),
)
"""All that we ask of a server beside reading and writing. A new trait is a row here."""
