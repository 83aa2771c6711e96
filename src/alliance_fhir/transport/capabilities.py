"""What a server can do: one table of traits, what a server claims of them, and what we do without.

A CapabilityStatement is read softly: what it does not speak of is not known, and not denied. What
is known better - by `probe`, which tries things out, by the user, or by an answer on the way - is
laid over it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from alliance_fhir.errors import BadReply
from alliance_fhir.received import Json, parts, text
from alliance_fhir.transport.quirks import quirks_of


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
        codes = _codes(server, "interaction")
        types = {text(one, "type"): one for one in parts(server, "resource")}
        for one in types.values():
            parts(one, "interaction")
            parts(one, "searchParam")
    except BadReply:
        return Statement(body, None, None)
    return Statement(body, codes if "interaction" in server else None, types or None)


_OF_TYPES = ("type", "interaction", "versioning", "conditionalCreate", "searchParam.name")
READ = (
    *("fhirVersion", "software", "rest.mode", "rest.interaction"),
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


def _codes(body: Json, name: str) -> frozenset[str]:
    return frozenset(text(one, "code") for one in parts(body, name))


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
        codes = _codes(resource, "interaction")
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


def has_search(resource: Json, parameter: str) -> bool | None:
    """Whether a type can be searched by this; None where its parameters are not told."""
    names = {text(one, "name") for one in parts(resource, "searchParam")}
    return parameter in names if names else None


BY_IDENTIFIER = frozenset({"QuestionnaireResponse", "Observation", "Device"})
"""The types of ours that bear an identifier of ours."""

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

NAMES = tuple(trait.name for trait in TRAITS)


@dataclass
class Abilities:
    """What a server can do, as far as is known. It learns from answers on the way.

    `lacking` are traits by name, and `doubted` those of which nothing is known, and that are not
    relied on. `refused` are types, each with what cannot be done with it: "create", "update".
    """

    statement: Statement = field(default_factory=lambda: Statement({}, None, None))
    lacking: set[str] = field(default_factory=set[str])
    doubted: set[str] = field(default_factory=set[str])
    refused: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    tried: dict[str, bool] = field(default_factory=dict[str, bool])
    """What trials have shown of traits."""
    refusals: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """What of `refused` an answer has shown, and not the statement."""
    suspected: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """What an answer had shown to an earlier run, and this one has to find out anew."""
    _said: dict[tuple[str, str], bool | None] = field(
        default_factory=dict[tuple[str, str], bool | None], init=False, compare=False
    )
    """What the statement says of searches: it may be long, and is asked for each resource."""

    def __contains__(self, trait: str) -> bool:
        return trait not in self.lacking and trait not in self.doubted

    def takes(self, type_: str, interaction: str) -> bool:
        """Whether a resource of this type may be made or changed there, as far as is known."""
        return interaction not in self.refused.get(type_, ())

    def searches(self, type_: str, parameter: str) -> bool:
        """Whether a type can be searched by this parameter, as far as is known."""
        if (type_, parameter) not in self._said:
            about = (self.statement.types or {}).get(type_, {})
            self._said[type_, parameter] = has_search(about, parameter)
        told = self._said[type_, parameter]
        trait = {"identifier": "identifier-search", "_tag": "tags"}.get(parameter, "")
        return trait in self and (told is not False or parameter.startswith("_"))

    def as_text(self) -> str:
        """What is kept of it from one run to the next: what was tried out, and what was refused."""
        types = {*self.refusals, *self.suspected}
        told = {t: self.refusals.get(t, set()) | self.suspected.get(t, set()) for t in types}
        refusals = {type_: some for type_, some in told.items() if some}
        if not self.tried and not refusals:
            return ""
        refused = {type_: sorted(some) for type_, some in sorted(refusals.items())}
        return json.dumps({"tried": self.tried, "refused": refused}, sort_keys=True)

    def recall(self, text: str, *, anew: bool) -> None:
        """Knows again what `as_text` wrote. Of what was refused `anew` says that it is found out
        anew by who writes: access may have been given since."""
        if not text:
            return
        told = json.loads(text)
        self.try_out(told["tried"])
        for type_, some in told["refused"].items():
            for interaction in some:
                if anew:
                    self.suspected.setdefault(type_, set()).add(interaction)
                else:
                    self.learn(type_, interaction)

    def found_open(self, type_: str, interaction: str) -> None:
        """Notes that the server let us do this, whatever it said to earlier runs."""
        self.suspected.get(type_, set()).discard(interaction)

    def try_out(self, found: Mapping[str, bool]) -> None:
        """What trials have shown counts for more than what is claimed."""
        self.tried |= found
        for trait, there in found.items():
            self.doubted.discard(trait)
            (self.lacking.discard if there else self.lacking.add)(trait)

    def learn(self, type_: str, interaction: str) -> None:
        """Notes that the server does not let us do this."""
        for where in (self.refused, self.refusals):
            where.setdefault(type_, set()).add(interaction)


def abilities(body: Json, without: Iterable[str] = ()) -> Abilities:
    """What a server can do by its own word; `without` names traits that are known to be lacking."""
    told = statement_of(body)
    claims = {trait.name: trait.claimed(told) for trait in TRAITS}
    lacking = {name for name, claimed in claims.items() if claimed is False} | set(without)
    lacking |= {trait for quirk in quirks_of(told.body) for trait in quirk.lacks}
    lacking -= {"identifier-search"} - set(without)  # that goes type by type
    doubted = {t.name for t in TRAITS if not t.trusted and claims[t.name] is None}
    refused = _refused(told)
    if "provenance" in lacking:
        refused["Provenance"] = {"create", "update"}
    return Abilities(told, lacking, doubted, refused)


def _refused(told: Statement) -> dict[str, set[str]]:
    """What the statement says that cannot be done with the types that we write."""
    if told.types is None:
        return {}
    refused: dict[str, set[str]] = {}
    for type_ in WRITTEN:
        codes = _codes(told.types.get(type_, {}), "interaction")
        if type_ not in told.types:
            refused[type_] = {"create", "update"}
        elif codes:
            refused[type_] = {"create", "update"} - codes
    return {type_: lacks for type_, lacks in refused.items() if lacks}
