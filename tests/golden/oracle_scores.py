"""The oracle's instruments: item lists and rules, typed by hand from what is published about them.

Nothing is read from the instrument files of the package: a slip there, or here, shows as a
difference. Numbers are exact: a sum keeps the decimals of its items, a mean has two, half up.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import NamedTuple

Weights = dict[int, Decimal]
"""The weights of the answered items, by number."""


class Score(NamedTuple):
    """What a rule makes of the answers: `value` is None, and `absent` says why, where it fails."""

    id: str
    value: Decimal | None
    mean: Decimal | None
    method: str
    text: str
    absent: str = ""


@dataclass(frozen=True)
class Instrument:
    """`codes` of items that take codes; `numbers`, from-to, of those that take numbers."""

    codes: dict[int, tuple[str, ...]]
    numbers: dict[int, tuple[int, int]]
    whole: frozenset[int]  # of `numbers`, those that take integers
    reversed: frozenset[int]
    scores: dict[str, tuple[str, tuple[int, ...]]]  # id: rule, items
    with_mean: bool = False
    unit: str = "{score}"
    not_answered: str = ""

    @property
    def size(self) -> int:
        return len(self.codes) + len(self.numbers)


def _through(first: int, last: int) -> tuple[int, ...]:
    return tuple(range(first, last + 1))


def _scale(size: int, low: int, high: int) -> dict[int, tuple[str, ...]]:
    return dict.fromkeys(_through(1, size), tuple(str(n) for n in _through(low, high)))


def _coded(
    size: int,
    low: int,
    high: int,
    scores: dict[str, tuple[str, tuple[int, ...]]],
    turned: tuple[int, ...] = (),
    *,
    with_mean: bool = False,
    not_answered: str = "",
) -> Instrument:
    codes = _scale(size, low, high)
    return Instrument(
        codes, {}, frozenset(), frozenset(turned), scores, with_mean, not_answered=not_answered
    )


INSTRUMENTS: dict[str, Instrument] = {
    "wai-sr": _coded(
        *(12, 1, 5),
        {
            "total": ("sum", _through(1, 12)),
            "goal": ("sum", (4, 6, 8, 11)),
            "task": ("sum", (1, 2, 10, 12)),
            "bond": ("sum", (3, 5, 7, 9)),
        },
        with_mean=True,
    ),
    "wai-s": _coded(
        *(12, 1, 7),
        {
            "total": ("sum", _through(1, 12)),
            "goal": ("sum", (4, 6, 10, 11)),
            "task": ("sum", (1, 2, 8, 12)),
            "bond": ("sum", (3, 5, 7, 9)),
        },
        (4, 10),
        with_mean=True,
    ),
    "haq-ii": _coded(19, 1, 6, {"total": ("sum", _through(1, 19))}, (4, 8, 11, 16, 19)),
    "tasc-r": _coded(12, 1, 4, {"total": ("sum", _through(1, 12))}, (2, 5, 7, 8, 11)),
    "csq-8": _coded(8, 1, 4, {"total": ("sum", _through(1, 8))}),
    "collaborate": _coded(3, 0, 9, {"top": ("top", (1, 2, 3))}),
    "dialog": _coded(
        *(11, 1, 7),
        {
            "quality-of-life": ("mean", _through(1, 8)),
            "treatment-satisfaction": ("mean", (9, 10, 11)),
        },
        not_answered="8",
    ),
    "srs": Instrument(
        {},
        dict.fromkeys(_through(1, 4), (0, 10)),
        frozenset(),
        frozenset(),
        {"total": ("sum", _through(1, 4))},
    ),
    "bars": Instrument(
        {},
        {1: (0, 50), 2: (0, 31), 3: (0, 31), 4: (0, 100)},
        frozenset({1, 2, 3}),
        frozenset(),
        {"adherence": ("value", (4,))},
        unit="%",
    ),
    "gas": Instrument(
        dict.fromkeys(_through(1, 6), ("-2", "-1", "0", "1", "2")),
        dict.fromkeys(_through(7, 12), (0, 100)),
        frozenset(),
        frozenset(),
        {"t-score": ("goals", _through(1, 6))},
    ),
    "check-in": Instrument(
        dict.fromkeys((5, 6, 7), ("none", "some", "strong")),
        dict.fromkeys((1, 2, 3, 4), (0, 10)),
        frozenset({1, 2, 3, 4}),
        frozenset(),
        {
            "satisfaction-treatment": ("value", (1,)),
            "satisfaction-relationship": ("value", (2,)),
            "satisfaction-communication": ("value", (3,)),
            "satisfaction-plan": ("value", (4,)),
            "doubt-diagnosis": ("value", (5,)),
            "doubt-medication": ("value", (6,)),
            "doubt-treatment": ("value", (7,)),
        },
    ),
}

_DOUBTS = {"none": 0, "some": 1, "strong": 2}

_METHODS = {
    "sum": ("sum-complete-cases", "sum of item weights, complete cases"),
    "mean": ("mean-complete-cases", "mean of item weights, complete cases"),
    "value": ("value-complete-cases", "value of the item"),
    "top": (
        "top-complete-cases",
        "1 if every item has its highest answer, else 0; complete cases",
    ),
    "goals": (
        "goal-attainment-t",
        "T of goal attainment scaling, over the goals that have a level",
    ),
}


def weight(instrument: Instrument, number: int, answer: str) -> Decimal:
    """What an answer counts: reversed items run from the other end of their scale."""
    if number not in instrument.codes:
        return Decimal(answer)
    if answer in _DOUBTS:
        return Decimal(_DOUBTS[answer])
    if number in instrument.reversed:
        codes = instrument.codes[number]
        return Decimal(codes[0]) + Decimal(codes[-1]) - Decimal(answer)
    return Decimal(answer)


def scores(name: str, answers: dict[int, str]) -> list[Score]:
    """All scores of a response; `answers` holds the answered items."""
    instrument = INSTRUMENTS[name]
    weights = {n: weight(instrument, n, answer) for n, answer in answers.items()}
    return [_score(name, id_, *rule, weights) for id_, rule in instrument.scores.items()]


def _score(name: str, id_: str, rule: str, items: tuple[int, ...], weights: Weights) -> Score:
    method, text = _METHODS[rule]
    text = f"{text}, {name} scoring 1.0.0"
    if rule == "goals":
        value = _goal_attainment(weights)
        why = "" if value is not None else "No goal has a level, or all weights are zero."
        return Score(id_, value, None, method, text, why)
    given = [weights[n] for n in items if n in weights]
    if len(given) < len(items):
        why = f"The rule needs all answers: {len(given)} of {len(items)} were given."
        return Score(id_, None, None, method, text, why)
    mean = cents(Fraction(sum(given)) / len(given))
    value = {
        "sum": sum(given, Decimal(0)),
        "mean": mean,
        "value": given[0],
        "top": Decimal(1 if given == [9, 9, 9] else 0),
    }[rule]
    return Score(id_, value, mean if INSTRUMENTS[name].with_mean else None, method, text)


def cents(value: Fraction) -> Decimal:
    """A positive number to two decimals, half up, in whole numbers all the way."""
    whole = (value * 200 + 1) // 2
    return Decimal(whole).scaleb(-2)


def _goal_attainment(weights: Weights) -> Decimal | None:
    """T = 50 + 10 sum(w x) / sqrt(0.7 sum(w^2) + 0.3 (sum w)^2) over the goals with a level."""
    goals = [(weights[n], weights.get(n + 6, Decimal(1))) for n in range(1, 7) if n in weights]
    with localcontext() as context:
        context.prec = 60
        squares = sum((w * w for _, w in goals), Decimal(0)) * 7
        square = sum((w for _, w in goals), Decimal(0)) ** 2 * 3
        root = ((squares + square) / 10).sqrt()
        if root == 0:
            return None
        t = 50 + 10 * sum((w * x for x, w in goals), Decimal(0)) / root
        return t.quantize(Decimal("0.01"), ROUND_HALF_UP)


def imported(name: str, told: dict[str, str]) -> list[Score]:
    """Scores that came without answers, in the order of the instrument's own."""
    text = "score as it came from the source, not computed here"
    return [
        Score(id_, Decimal(told[id_]), None, "imported-score", text)
        for id_ in INSTRUMENTS[name].scores
        if id_ in told
    ]
