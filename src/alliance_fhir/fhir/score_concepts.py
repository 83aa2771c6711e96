"""The codes of scores: of which instrument and subscale each is, whose view, how it is found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from alliance_fhir.domain.instrument import Instrument, Perspective, ScoreRule
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.versions import Json

PROPERTIES: list[Json] = [
    {"code": code, "description": about, "type": "Coding"}
    for code, about in (
        ("instrument", "The instrument of which it is a score."),
        ("perspective", "Whose view it is."),
        ("subscale", "What it is of; none of what holds all scores of one answering."),
    )
]
"""What each code of a score says besides, so that nobody has to take the code apart."""
PERSPECTIVES: dict[Perspective, tuple[str, str]] = {
    "patient": ("Patient", "As the patient sees it."),
    "therapist": ("Therapist", "As the clinician sees it with whom the patient works."),
    "observer": ("Observer", "As somebody sees it who takes no part in the treatment."),
    "caregiver": ("Caregiver", "As somebody sees it who cares for the patient, a parent mostly."),
}
"""How each perspective is shown, and what it means."""
_RULES = {
    "sum": "the sum of the weights of {items}",
    "mean": "the mean of the weights of {items}",
    "value": "the value of {items}",
    "top": "1 where {items} all have their highest answer, else 0",
    "goal-attainment": "the T of Kiresuk and Sherman over the levels in {items}, their weights in "
    "{weights} and the correlation {r}",
}
"""How a score comes from its items, in words; one for each rule of an instrument file."""


class _Code(NamedTuple):
    """A code of an instrument: its name within, what it is called, how it is found, and of which
    subscale it is, where it is of one."""

    name: str
    title: str
    how: str
    subscale: str = ""


_PANEL = _Code("panel", "scores", "they are the members, without a value beside them")


def panels(instrument: Instrument) -> Iterator[str]:
    """The code of what holds all scores of one answering, for each perspective."""
    for perspective in instrument.perspectives:
        yield el.score_code(instrument, _PANEL.name, perspective)


def scores(instrument: Instrument) -> Iterator[str]:
    """The codes of the scores themselves, perspective by perspective."""
    for perspective in instrument.perspectives:
        for code in _scores(instrument):
            yield el.score_code(instrument, code.name, perspective)


def score_concepts(instrument: Instrument) -> Iterator[Json]:
    """All of them as concepts of a code system, with PROPERTIES."""
    for perspective in instrument.perspectives:
        for code in (_PANEL, *_scores(instrument)):
            yield _concept(instrument, code, perspective)


def subscales(instruments: Iterable[Instrument]) -> Iterator[Json]:
    """What scores are of, as concepts: each once, whichever instruments have it."""
    having: dict[tuple[str, str], list[str]] = {}
    for instrument in instruments:
        for rule in instrument.scores:
            having.setdefault((rule.id, rule.title), []).append(short_name(instrument))
    for (id_, title), names in having.items():
        told = f"{title}, as in the {', '.join(names)}."
        yield {"code": id_, "display": title, "definition": told}


def short_name(instrument: Instrument) -> str:
    """What an instrument is called: the short name that its title has in brackets, if any."""
    found = re.search(r"\(([^()]+)\)$", instrument.title)
    return found[1] if found else instrument.title


def _scores(instrument: Instrument) -> Iterator[_Code]:
    for rule in instrument.scores:
        title = rule.title[0].lower() + rule.title[1:]
        yield _Code(rule.id, title, _rule(rule), rule.id)
        if rule.mean:
            how = "the mean of the weights of those of its items that are answered"
            yield _Code(f"{rule.id}-mean", f"{title}, mean of items", how, rule.id)


def _concept(instrument: Instrument, code: _Code, perspective: Perspective) -> Json:
    of = [
        ("instrument", el.INSTRUMENT_CODES, instrument.id),
        ("perspective", el.PERSPECTIVE_CODES, perspective),
        ("subscale", el.SUBSCALE_CODES, code.subscale),
    ]
    whose = f"as rated by the {perspective}"
    return {
        "code": el.score_code(instrument, code.name, perspective),
        "display": f"{short_name(instrument)} {code.title}, {perspective}-rated",
        "definition": f"{instrument.title}: {code.title}, {whose}; {code.how}.",
        "property": [
            {"code": name, "valueCoding": {"system": system, "code": value}}
            for name, system, value in of
            if value
        ],
    }


def _rule(rule: ScoreRule) -> str:
    told = _RULES[rule.rule].format(
        items=_items(rule.items), weights=_items(rule.weight_items), r=rule.r
    )
    unit = " %" if rule.unit == "%" else ""
    return told if rule.low is None else f"{told}; from {rule.low} to {rule.high}{unit}"


def _items(numbers: tuple[int, ...]) -> str:
    """`item 4`, `items 1, 2 and 9`, `items 1 to 12`."""
    if len(numbers) < 2:
        return "".join(f"item {n}" for n in numbers)
    if len(numbers) > 2 and numbers == tuple(range(numbers[0], numbers[-1] + 1)):
        return f"items {numbers[0]} to {numbers[-1]}"
    *most, last = map(str, numbers)
    return f"items {', '.join(most)} and {last}"
