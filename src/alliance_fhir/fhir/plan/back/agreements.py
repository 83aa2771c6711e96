"""Who agreed to which words, as a document has it: the last word of each party.

Nobody's word is made up. One that carries the digest of other words than came with it is left out:
the words were changed after it was said. So is what was said to earlier words, but where the
document alone says, by its days, that it was said to these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from alliance_fhir.domain.agreement import Outcome, Party, Position, Standing, outcome
from alliance_fhir.domain.plan.document import Agreement
from alliance_fhir.domain.records import Moment
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.plan.back.element import ASSUMED, DAY, Element
from alliance_fhir.fhir.plan.back.scope import Scope

_DIGEST = "blake2b:"
_SAID: tuple[Standing, ...] = ("agree", "disagree", "withdrawn")


class Said(NamedTuple):
    """What one party said, as FHIR has it. `digest` is of the words to which it was said, empty
    where that is not told; `dated` whether it could be told on which day."""

    extension: Element
    party: Party
    standing: Standing
    on: str = ""
    digest: str = ""
    dated: bool = False
    earlier: Standing = "pending"
    earlier_on: str = ""


class Day(NamedTuple):
    """Which version it is, and when that was written; the day of what is said without one, and
    today, after which nothing was said yet; whether what was said to words of versions before is
    told; and the `words` that were sent, as a Wording has them, where that is known."""

    version: int
    written: Moment
    assumed: str
    today: str
    earlier: bool = True
    words: Mapping[str, str] = {}


class Settled(NamedTuple):
    """What the document says of it, and what comes of all parties' standing."""

    agreement: tuple[Agreement, ...] = ()
    outcome: Outcome = "pending"


def said(scope: Scope, element: Element) -> list[Said]:
    """What the extensions of a Goal or a request say, in the order of the parties."""
    found: dict[Party, Said] = {}
    for url in (el.GOAL_ACCEPTANCE, el.AGREEMENT):
        for extension in element.extensions(url):
            individual = extension.extension("individual").part("valueReference")
            party = scope.party(individual)
            if party is None:
                extension.refuse(individual.why or "not-named")
            elif party in found:
                extension.refuse("found-twice")
            else:
                found[party] = _said(extension, party)
    return sorted(found.values(), key=lambda one: scope.parties.index(one.party))


def _said(extension: Element, party: Party) -> Said:
    inner = extension.extensions(el.AGREEMENT_TO)
    ours = inner[0] if inner else extension
    standing = extension.extension("status").word("valueCode", ("agree", "disagree", "pending"))
    if ours.extension("withdrawn").value.get("valueBoolean") is True:
        ours.extension("withdrawn").done()
        standing = "withdrawn"
    on = ours.extension("on").take("valueDate", DAY) or ""
    digest = ours.extension("digest").text("valueString")
    if digest.startswith(_DIGEST):
        ours.extension("digest").done()
    return Said(
        extension,
        party,
        _standing(standing),
        on,
        digest.removeprefix(_DIGEST),
        bool(inner) or extension.text("url") == el.AGREEMENT,
        _standing(ours.extension("earlier").word("valueCode", _SAID)),
        ours.extension("earlier-on").take("valueDate", DAY) or "",
    )


def _standing(word: str) -> Standing:
    for one in _SAID:
        if one == word:
            return one
    return "pending"


def settled(scope: Scope, told: Iterable[Said], words: str, day: Day, sent: str = "") -> Settled:
    """What of it the document says. `words` is the digest of what came, `sent` that of what was
    sent before, if it was: what tells neither day nor digest was said to that, for all we know."""
    standings: dict[Party, Standing] = {}
    agreement: list[Agreement] = []
    for one in told:
        standings[one.party] = "pending"
        if one.standing == "pending":
            agreement += _earlier(one, day)
        elif words != (one.digest or ("" if one.dated else sent) or words):
            one.extension.refuse("other-words")
        elif one.dated and not one.on:
            one.extension.refuse("no-day")
        elif (one.on or day.assumed) > day.today:
            one.extension.refuse("still-to-come")
        else:
            standings[one.party] = one.standing
            agreement.append(_agreement(one.party, one.standing, one.on or day.assumed))
            if not one.on:
                one.extension.remark(ASSUMED)
    everybody = (Position(party, standings.get(party, "pending")) for party in scope.parties)
    return Settled(tuple(agreement), outcome([*everybody]))


def _earlier(one: Said, day: Day) -> list[Agreement]:
    """What was said to other words, if it is read as that: it came before this version."""
    if one.earlier == "pending" or not one.earlier_on:
        return []
    if day.version > 1 and one.earlier_on < day.written.day:
        return [_agreement(one.party, one.earlier, one.earlier_on)] if day.earlier else []
    one.extension.refuse("other-words")
    return []


def _agreement(party: Party, standing: Standing, on: str) -> Agreement:
    return Agreement.model_validate({"party": party, "status": standing, "on": on})
