"""Who agreed to which words, as FHIR says it of a goal, and as an extension of ours of the rest.

`goal-acceptance` is for goals alone, and has no date, no withdrawal, and nothing of the words: an
extension of ours within it has these. An agreement that was taken back is `pending` to whoever
does not know that extension: nobody agrees, and nobody has said no.
"""

from __future__ import annotations

from alliance_fhir.domain.agreement import Position, Standing
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.plan.facts import Facts
from alliance_fhir.fhir.versions import Json

STATUSES: dict[Standing, str] = {
    "agree": "agree",
    "disagree": "disagree",
    "withdrawn": "pending",
    "pending": "pending",
}
"""http://hl7.org/fhir/goal-acceptance-status for where a party stands."""


def acceptances(facts: Facts, key: str) -> list[Json]:
    """goal-acceptance, once for each party; `key` is the goal's in the history."""
    return [_acceptance(facts, key, position) for position in facts.positions[key]]


def _acceptance(facts: Facts, key: str, position: Position) -> Json:
    parts = _start(facts, position)
    if told := _told(facts, key, position):
        parts.append({"url": el.AGREEMENT_TO, "extension": told})
    return {"url": el.GOAL_ACCEPTANCE, "extension": parts}


def agreements(facts: Facts, key: str) -> list[Json]:
    """Our own extension with the same parts, once for each party; `key` is the task's."""
    return [
        {
            "url": el.AGREEMENT,
            "extension": _start(facts, position) + _told(facts, key, position),
        }
        for position in facts.positions[key]
    ]


def _start(facts: Facts, position: Position) -> list[Json]:
    return [
        {"url": "individual", "valueReference": facts.who(position.party)},
        {"url": "status", "valueCode": STATUSES[position.standing]},
    ]


def _told(facts: Facts, key: str, position: Position) -> list[Json]:
    """When it was said, and to which words; or what was said to earlier ones."""
    told: list[Json] = []
    if position.on:
        told.append({"url": "on", "valueDate": position.on})
        told.append({"url": "digest", "valueString": f"blake2b:{facts.words[key]}"})
    if position.standing == "withdrawn":
        told.append({"url": "withdrawn", "valueBoolean": True})
    if position.earlier:
        told.append({"url": "earlier", "valueCode": position.earlier.word})
        told.append({"url": "earlier-on", "valueDate": position.earlier.on})
    return told
