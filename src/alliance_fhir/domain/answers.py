"""What may stand in an item's cell, and what it means: compiled once an instrument.

A cell becomes an answer as the instrument codes it (a code, or an exact number) and an answer
becomes a weight. Reversed items keep their answer and turn their weight around.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alliance_fhir.domain.instrument import Instrument, Items
    from alliance_fhir.domain.records import Answer
    from alliance_fhir.domain.scoring import Number

_PLAIN_NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?", re.ASCII)


class Unfit(ValueError):
    """A cell that the item cannot take; `rule` says which rule it breaks."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def exact(text: str) -> Decimal:
    """A plain decimal number, its digits kept as written. Raises Unfit for anything else."""
    if not _PLAIN_NUMBER.fullmatch(text):
        raise Unfit("not-a-number")
    return Decimal(text)


def whole(number: Decimal) -> Number:
    """A whole number as int, anything else as it is."""
    return int(number) if number == number.to_integral_value() else number


class CodeItem:
    """An item that takes a code of its scale."""

    def __init__(self, instrument: Instrument, number: int, labels: Mapping[str, str]) -> None:
        run = instrument.run_of(number)
        options = instrument.options_of(number)
        self.weights: dict[str, Number] = {o.code: whole(o.weight) for o in options}
        self.answers: dict[str, str | None] = {
            o.label.casefold(): o.code for o in options if o.label
        }
        for wording in instrument.wording.values():  # words that are ours to ship
            self.answers |= {text.casefold(): code for code, text in wording.answers.items()}
        known = {text: code or None for text, code in labels.items()}  # "" is not answered
        self.answers |= {
            text.casefold(): code
            for text, code in known.items()
            if code is None or code in self.weights  # labels may be those of other instruments
        }
        self.answers |= {code: code for code in self.weights}
        self.answers |= dict.fromkeys(run.not_answered)
        self.answers[""] = None
        self._numeric = all(_PLAIN_NUMBER.fullmatch(code) for code in self.weights)

    def read(self, cell: str) -> Answer | None:
        """The code that a cell means, None where it is not answered. Raises Unfit."""
        try:
            return self.answers[cell]
        except KeyError:
            return self._otherwise(cell.strip())

    def _otherwise(self, cell: str) -> str | None:
        for text in (cell, cell.casefold()):
            if text in self.answers:
                return self.answers[text]
        if self._numeric and _PLAIN_NUMBER.fullmatch(cell):
            raise Unfit("not-a-code" if "." in cell else "out-of-range")
        raise Unfit("unknown-answer")

    def weigh(self, answer: Answer) -> Number:
        """The weight of a code. Raises Unfit for what is no code of the scale."""
        try:
            return self.weights[answer]  # pyright: ignore[reportArgumentType] - a Decimal is no key
        except KeyError:
            raise Unfit("unknown-answer") from None


class NumberItem:
    """An item that takes a number within bounds, whole or decimal; it weighs what it says."""

    def __init__(self, run: Items, labels: Mapping[str, str], mark: str) -> None:
        self._low, self._high = run.low or Decimal(0), run.high or Decimal(0)
        self._whole = run.kind == "integer"
        self._labels = {text.casefold(): value for text, value in labels.items()}
        self._not_answered = set(run.not_answered)
        self._mark = mark

    def read(self, cell: str) -> Answer | None:
        """The number in a cell, None where it is not answered. Raises Unfit."""
        text = cell.strip()
        text = self._labels.get(text.casefold(), text)
        if not text or text in self._not_answered:
            return None
        if self._mark != "." and self._mark in text:
            text = text.replace(self._mark, ".") if "." not in text else "?"
        number = exact(text)
        self.weigh(number)
        return number

    def weigh(self, answer: Answer) -> Number:
        """The number itself. Raises Unfit where it is none, or out of bounds."""
        if not isinstance(answer, Decimal):
            raise Unfit("not-a-number")
        if self._whole and answer != answer.to_integral_value():
            raise Unfit("not-an-integer")
        if not self._low <= answer <= self._high:
            raise Unfit("out-of-range")
        return int(answer) if self._whole else answer


Item = CodeItem | NumberItem


def compile_items(
    instrument: Instrument,
    labels: Mapping[str, Mapping[str, str]] | None = None,
    decimal_mark: str = ".",
) -> list[Item]:
    """One reader an item, in order; `labels` are a site's own words, by `items` or `item_<n>`."""
    labels = labels or {}
    everywhere = labels.get("items", {})
    items: list[Item] = []
    for number in range(1, instrument.size + 1):
        own = {**everywhere, **labels.get(f"item_{number}", {})}
        run = instrument.run_of(number)
        items.append(
            CodeItem(instrument, number, own)
            if run.kind == "code"
            else NumberItem(run, own, decimal_mark)
        )
    return items


def weigh(items: Sequence[Item], answers: Sequence[Answer | None]) -> list[Number | None]:
    """The weights of a response. Raises Unfit where an answer is none of the item's."""
    return [
        None if answer is None else item.weigh(answer)
        for item, answer in zip(items, answers, strict=True)
    ]
