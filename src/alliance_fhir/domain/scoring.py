"""Answers to scores, by the instrument's own rule, exactly.

Sums of whole weights are whole numbers; everything else is a Decimal, so that 3.70 stays 3.70.
Means are given to two decimals, half up. What a rule cannot give is None, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from alliance_fhir.errors import InstrumentError

if TYPE_CHECKING:
    from alliance_fhir.domain.instrument import Instrument, ScoreRule

Number = int | Decimal
Weights = Sequence[Number | None]
"""One weight an item, in the order of the items; None where the item is not answered."""

Missing = Literal["complete-cases", "answered-goals", "prorate"]
_CENT = Decimal("0.01")


class Score(NamedTuple):
    """A score, or why there is none.

    `value` is None where the rule cannot give it; `mean` is that of the answered items, where the
    instrument asks for one; `answered` of `of` items were answered; `method` names the rule.
    """

    id: str
    value: Number | None
    mean: Decimal | None
    answered: int
    of: int
    method: str


def half_up(value: Decimal) -> Decimal:
    """To two decimals, halves away from zero."""
    return value.quantize(_CENT, rounding=ROUND_HALF_UP)


def mean_of(total: Number, count: int) -> Decimal:
    """`total / count` to two decimals, half up."""
    with localcontext() as context:
        context.prec = 34
        return half_up(Decimal(total) / count)


def goal_attainment(levels: Weights, weights: Weights, r: Decimal) -> Decimal | None:
    """T = 50 + 10 sum(w x) / sqrt((1 - r) sum(w^2) + r (sum w)^2), two decimals, half up.

    Kiresuk and Sherman 1968. Only goals with a level count; a goal without a weight weighs 1. None
    where no goal has a level, or where the root is zero.
    """
    goals = [
        (Decimal(x), Decimal(1 if w is None else w))
        for x, w in zip(levels, weights, strict=True)
        if x is not None
    ]
    with localcontext() as context:
        context.prec = 34
        squares = sum((w * w for _, w in goals), Decimal(0))
        plain = sum((w for _, w in goals), Decimal(0))
        root = ((1 - r) * squares + r * plain * plain).sqrt()
        if not root:
            return None
        return half_up(50 + 10 * sum((w * x for x, w in goals), Decimal(0)) / root)


Complete = Sequence[Number]
_VALUES: dict[str, Callable[[Complete, Complete], Number]] = {
    "sum": lambda picked, highest: sum(picked),
    "mean": lambda picked, highest: mean_of(sum(picked), len(picked)),
    "value": lambda picked, highest: picked[0],
    "top": lambda picked, highest: int(tuple(picked) == tuple(highest)),
}
"""What each rule makes of a complete set of weights, and of the highest that there can be."""

_REMEMBERED = 10_000  # scales of whole numbers give few different sums, visual analogues many


class _Rule:
    """One score's rule, compiled."""

    def __init__(self, rule: ScoreRule, highest: Complete, missing: Missing) -> None:
        self._rule = rule
        self._pick = picker([n - 1 for n in rule.items])
        self._highest = [highest[n - 1] for n in rule.items]
        self._value = _VALUES[rule.rule]
        self._prorate = missing == "prorate"
        self._by_sum: dict[Number, Score] = {}

    def __call__(self, weights: Weights) -> Score:
        picked = self._pick(weights)
        if None in picked:
            return self._incomplete([w for w in picked if w is not None])
        complete = cast("Complete", picked)
        if self._rule.rule != "sum":
            return self._complete(complete)
        total = sum(complete)
        if type(total) is Decimal:  # 7.0 and 7.00 are equal as keys, and not the same to write
            return self._complete(complete)
        score = self._by_sum.get(total)
        if score is None:
            score = self._complete(complete)
            if len(self._by_sum) < _REMEMBERED:
                self._by_sum[total] = score
        return score

    def _complete(self, picked: Complete) -> Score:
        mean = mean_of(sum(picked), len(picked)) if self._rule.mean else None
        value = self._value(picked, self._highest)
        of = len(picked)
        return Score(self._rule.id, value, mean, of, of, f"{self._rule.rule}-complete-cases")

    def _incomplete(self, given: Complete) -> Score:
        rule, of = self._rule, len(self._rule.items)
        if not self._prorate or not given:
            return Score(rule.id, None, None, len(given), of, f"{rule.rule}-complete-cases")
        mean = mean_of(sum(given), len(given))
        with localcontext() as context:
            context.prec = 34
            value = half_up(Decimal(sum(given)) * of / len(given)) if rule.rule == "sum" else mean
        shown = mean if rule.mean else None
        return Score(rule.id, value, shown, len(given), of, f"{rule.rule}-prorated")


class _Goals:
    """Goal attainment scaling: goals that have a level, each with its weight."""

    def __init__(self, rule: ScoreRule) -> None:
        self._rule = rule

    def __call__(self, weights: Weights) -> Score:
        rule = self._rule
        levels = [weights[n - 1] for n in rule.items]
        value = goal_attainment(levels, [weights[n - 1] for n in rule.weight_items], rule.r)
        answered = sum(level is not None for level in levels)
        return Score(rule.id, value, None, answered, len(levels), "goal-attainment-t")


class Scorer:
    """The rules of one instrument, compiled once; `score` is then called for every record.

    Raises InstrumentError where `missing` asks for what the instrument's rules cannot do.
    """

    def __init__(self, instrument: Instrument, missing: Missing | None = None) -> None:
        self.missing: Missing = missing or instrument.missing
        rules = instrument.scores
        if self.missing == "prorate" and {rule.rule for rule in rules} - {"sum", "mean"}:
            raise InstrumentError(f"{instrument.id}: only sums and means can be prorated")
        if self.missing not in ("prorate", instrument.missing):
            raise InstrumentError(f"{instrument.id}: its own rule is {instrument.missing}")
        highest = [_highest(instrument, n) for n in range(1, instrument.size + 1)]
        self._rules: list[_Rule | _Goals] = [
            _Goals(rule) if rule.rule == "goal-attainment" else _Rule(rule, highest, self.missing)
            for rule in rules
        ]

    def score(self, weights: Weights) -> list[Score]:
        """The scores of one response, in the order of the instrument's file."""
        return [rule(weights) for rule in self._rules]


def _highest(instrument: Instrument, number: int) -> Number:
    options = instrument.options_of(number)
    high = instrument.run_of(number).high
    return max(option.weight for option in options) if options else high or 0


def picker(places: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """A function that picks what stands in these places, as fast as Python can."""
    if len(places) == 1:
        only = places[0]
        return lambda row: (row[only],)
    return itemgetter(*places)
