"""What a server can do, as far as is known: its own word, and what is known better - by `probe`,
which tries things out, by the user, or by an answer on the way - laid over it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from alliance_fhir.received import Json
from alliance_fhir.transport.quirks import quirks_of
from alliance_fhir.transport.statement import WRITTEN, Statement, codes_of, has_search, statement_of
from alliance_fhir.transport.traits import TRAITS


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

    def patches(self, type_: str, form: str) -> bool:
        """Whether the server says that a type is changed by patches of this form."""
        about = (self.statement.types or {}).get(type_, {})
        forms: object = self.statement.body.get("patchFormat")
        return (
            isinstance(forms, list) and form in forms and "patch" in codes_of(about, "interaction")
        )

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
        codes = codes_of(told.types.get(type_, {}), "interaction")
        if type_ not in told.types:
            refused[type_] = {"create", "update"}
        elif codes:
            refused[type_] = {"create", "update"} - codes
    return {type_: lacks for type_, lacks in refused.items() if lacks}
