"""What `alliance-fhir demo` tells of each version of a plan: what is other than before, and who has
agreed.

It is found out from the documents by the rules that the mapping goes by. Names of goals and tasks
are shown, as nobody in the demo exists; of all else that the documents say, no word is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from alliance_fhir.config import Settings
from alliance_fhir.domain.agreement import Outcome, Party, Position, outcome
from alliance_fhir.domain.plan.differences import Difference, differences
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.plan.history import standing
from alliance_fhir.sources.plans.document import Documents

_SAYS = {
    "disagree": "{who} says no",
    "withdrawn": "{who} took it back",
    "pending": "waits for {who}",
}
_NAMED = ("goals", "tasks")


class Versions:
    """The documents of the demo, as they are told of one after the other."""

    def __init__(self, settings: Settings) -> None:
        self._documents = Documents(settings)
        self._told: dict[str, list[SharedPlan]] = {}

    def lines(self, path: Path) -> Iterator[str]:
        """What a document changes, and where its parties stand. It was read and accepted before."""
        plan = self._documents.read(path, path.read_text("utf-8-sig")).plan
        if plan is None:
            return
        before = self._told.setdefault(plan.plan, [])
        if before:
            since = f"since version {before[-1].version}"
            yield f"{since}: {_in_words(differences(before[-1], plan)) or 'the same'}"
        was = _outcomes(before) if before else {}
        before.append(plan)
        now = _outcomes(before)
        agreed = [name for name, told in now.items() if told == "agreed"]
        if agreed:
            yield f"all agree to {_listed(agreed) if len(agreed) < len(now) else 'everything'}"
        if settled := [name for name in agreed if was.get(name) == "disagreed"]:
            yield f"no longer a no: {_listed(settled)}"
        for key, told in standing(before).items():
            if outcome(told) != "agreed":
                yield f"{_name(key)}: {_waits(plan, told)}"


def _outcomes(versions: list[SharedPlan]) -> dict[str, Outcome]:
    """Of each goal and task of the newest version."""
    return {_name(key): outcome(told) for key, told in standing(versions).items()}


def _name(key: str) -> str:
    return key.replace(":", " ", 1)


def _listed(names: Iterable[str]) -> str:
    """`goals sleep, job; task talks`."""
    kinds: dict[str, list[str]] = {}
    for name in names:
        kind, _, rest = name.partition(" ")
        kinds.setdefault(kind, []).append(rest)
    told = (f"{kind}{'s'[: len(ones) - 1]} {', '.join(ones)}" for kind, ones in kinds.items())
    return "; ".join(told)


def _in_words(found: Iterable[Difference]) -> str:
    """What was changed, added, removed. Who said what is told apart; a review stands in the version
    that it led to, and was not taken back where the next has it no more."""
    kinds: dict[str, set[str]] = {}
    for one in found:
        first, *rest = one.place
        if first in ("version", "written") or "agreement" in rest:
            continue
        if (first, one.kind) != ("reviews", "removed"):
            named = first in _NAMED and len(rest) > 0
            what = f"{str(first)[:-1]} {rest[0]}" if named else str(first).replace("_", " ")
            whole = len(rest) <= 1
            kinds.setdefault(what, set()).add(one.kind if whole else "changed")
    by_kind: dict[str, list[str]] = {}
    for what, told in kinds.items():
        by_kind.setdefault("changed" if len(told) > 1 else min(told), []).append(what)
    return "; ".join(f"{kind} {', '.join(whats)}" for kind, whats in by_kind.items())


def _waits(plan: SharedPlan, told: Iterable[Position]) -> str:
    """Who says no, and for whom it waits."""
    return ", ".join(
        _SAYS[position.standing].format(who=_who(plan, position.party))
        for position in told
        if position.standing != "agree"
    )


def _who(plan: SharedPlan, party: Party) -> str:
    """The patient, the clinician; where there are several, by their place in the document."""
    if isinstance(party, str):
        return "the patient"
    kind, alike = "guardian", plan.guardians
    if party in plan.clinicians:
        kind, alike = "clinician", plan.clinicians
    return f"the {kind}" if len(alike) == 1 else f"{kind} {alike.index(party) + 1}"
