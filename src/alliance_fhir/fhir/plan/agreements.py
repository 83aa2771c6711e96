"""Who agreed to which words, as FHIR says it of a goal, and as an extension of ours of the rest.

`goal-acceptance` is for goals alone, and has no date, no withdrawal, and nothing of the words: an
extension of ours within it has these. An agreement that was taken back is `pending` to whoever
does not know that extension: nobody agrees, and nobody has said no.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from alliance_fhir.domain.agreement import Position, Standing
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.canonical import extension_text
from alliance_fhir.fhir.plan.facts import Facts
from alliance_fhir.fhir.versions import Json

STATUSES: dict[Standing, str] = {
    "agree": "agree",
    "disagree": "disagree",
    "withdrawn": "pending",
    "pending": "pending",
}
"""http://hl7.org/fhir/goal-acceptance-status for where a party stands."""


_DIGEST = b'"valueString":"blake2b:'
"""Where the digest of the words begins in an extension's text, and nowhere else in it: within a
value quotation marks have a backslash."""


class Agreed(NamedTuple):
    """The extensions of a goal or task, one for each party, and each as `extension_text`."""

    extensions: list[Json]
    texts: list[tuple[str, bytes]]


def acceptances(facts: Facts, key: str) -> Agreed:
    """goal-acceptance; `key` is the goal's in the history."""
    return _agreed(facts, key, _acceptance)


def agreements(facts: Facts, key: str) -> Agreed:
    """Our own extension with the same parts; `key` is the task's."""
    return _agreed(facts, key, _agreement)


def _agreed(facts: Facts, key: str, build: Callable[[list[Json], list[Json]], Json]) -> Agreed:
    """What parties say to one they mostly say to others, too. But for the digest of the words these
    extensions are alike then, and how they start, and their text, is made once."""
    words, positions = facts.words[key], facts.positions[key]
    alike = build, *positions
    ready = facts.agreed.get(alike)
    if ready is None:
        starts = [_start(facts, position) for position in positions]
        bare = map(build, starts, [_told("", position) for position in positions])
        ready = facts.agreed[alike] = starts, [*map(extension_text, bare)]
    starts, texts = ready
    extensions = [*map(build, starts, [_told(words, position) for position in positions])]
    digest = _DIGEST + words.encode()
    return Agreed(extensions, [(url, text.replace(_DIGEST, digest)) for url, text in texts])


def _acceptance(start: list[Json], told: list[Json]) -> Json:
    ours = [{"url": el.AGREEMENT_TO, "extension": told}] if told else []
    return {"url": el.GOAL_ACCEPTANCE, "extension": start + ours}


def _agreement(start: list[Json], told: list[Json]) -> Json:
    return {"url": el.AGREEMENT, "extension": start + told}


def _start(facts: Facts, position: Position) -> list[Json]:
    return [
        {"url": "individual", "valueReference": facts.who(position.party)},
        {"url": "status", "valueCode": STATUSES[position.standing]},
    ]


def _told(words: str, position: Position) -> list[Json]:
    """When it was said, and to which words, by their digest; or what was said to earlier ones."""
    told: list[Json] = []
    if position.on:
        told.append({"url": "on", "valueDate": position.on})
        told.append({"url": "digest", "valueString": f"blake2b:{words}"})
    if position.standing == "withdrawn":
        told.append({"url": "withdrawn", "valueBoolean": True})
    if position.earlier:
        told.append({"url": "earlier", "valueCode": position.earlier.word})
        told.append({"url": "earlier-on", "valueDate": position.earlier.on})
    return told
