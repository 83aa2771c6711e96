"""What is known of a server: what it says of itself, what trials have shown, what follows."""

from __future__ import annotations

from typing import Any, NamedTuple

from alliance_fhir.errors import ServerError
from alliance_fhir.marked import Marked, Removed
from alliance_fhir.received import part, text
from alliance_fhir.targets.server import ServerTarget
from alliance_fhir.transport.capabilities import Abilities
from alliance_fhir.transport.quirks import Quirk, quirks_of
from alliance_fhir.transport.traits import BY_IDENTIFIER, TRAITS, Trait
from alliance_fhir.trials import Probe
from alliance_fhir.type_trials import try_types


class Row(NamedTuple):
    """One trait: what the server claims of it and what it does; None where nothing is known.

    `so` is what follows for a sync; empty where all is as it should be.
    """

    trait: str
    what: str
    claimed: bool | None
    found: bool | None
    so: str


class Probed(NamedTuple):
    """What is known of a server after a probe.

    `left` is what was not removed again, as `Type/id`, and what may be there without our knowing
    where, as the search that would find it. `error` is what ended the trials before their time.
    """

    server: str
    rows: list[Row]
    quirks: list[Quirk]
    refused: dict[str, list[str]]
    left: list[str]
    error: ServerError | None = None

    def as_json(self) -> dict[str, Any]:
        """The shape in `--json`."""
        return {
            "server": self.server,
            "traits": [row._asdict() for row in self.rows],
            "quirks": [{"what": q.what, "evidence": q.evidence} for q in self.quirks],
            "refused": self.refused,
            "left": self.left,
        }


def probe(target: ServerTarget, *, write: bool) -> Probed:
    """Reads what a server says of itself and, with `write`, tries it out.

    What was found counts for the target from then on. Raises ServerError where the server does not
    answer to be read; where the trials end so, that is in the result, with what they have left.
    """
    removed, error = Removed(None, []), None
    if write:
        made, found = Marked(target.client), dict[str, bool]()
        try:
            try_types(made, target.version, target.abilities)
            if "create" not in target.abilities.refusals.get("Observation", ()) or not made.places:
                found = Probe(target.client, made).run()
        except ServerError as ended:
            error = ended
        finally:
            removed = made.remove()
        if not error:
            deletes = {} if removed.deletes is None else {"delete": removed.deletes}
            target.abilities.try_out({**found, **deletes})
    abilities = target.abilities
    told = part(abilities.statement.body, "software")
    return Probed(
        " ".join(filter(None, (text(told, "name"), text(told, "version")))),
        [_row(trait, abilities) for trait in TRAITS],
        quirks_of(abilities.statement.body),
        {type_: sorted(some) for type_, some in sorted(abilities.refused.items())},
        removed.left,
        error,
    )


def _row(trait: Trait, abilities: Abilities) -> Row:
    so = "" if trait.name in abilities else trait.without
    if trait.name == "identifier-search" and not so:
        others = [t for t in sorted(BY_IDENTIFIER) if not abilities.searches(t, "identifier")]
        so = f"{', '.join(others)}: {trait.without}" if others else ""
    return Row(
        trait.name,
        trait.what,
        trait.claimed(abilities.statement),
        abilities.tried.get(trait.name),
        so,
    )
