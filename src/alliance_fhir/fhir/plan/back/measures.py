"""By what one will see that a goal is reached: Goal.target, back in the words of the document.

FHIR has numbers where the document has words: `>=7.50` and `>= 7.5` come to one quantity, and a
target that is no number comes to one text with its unit. An agreement is to the words, and has
their digest: where somebody agreed or not, it tells which of the possible words were meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import product

from alliance_fhir.domain.plan.document import Goal, Measure
from alliance_fhir.domain.plan.history import goal_words
from alliance_fhir.domain.plan.values import LONGEST_LINE
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.plan.back.element import DAY, LINE, TEXT, Element

_COMPARATORS = (">=", "<=", ">", "<")
_MOST_DIGITS = 18
"""On each side of the point, as many as a target has that is a number."""
_NUMBER = re.compile(rf"-?[0-9]{{1,{_MOST_DIGITS}}}(?:\.[0-9]{{1,{_MOST_DIGITS}}})?")
_Target = tuple[str | None, str | None]
"""A target and its unit."""


def with_measure(goal: Goal, target: Element, digests: Iterable[str]) -> Goal:
    """The goal with its measure; as it is where the target has none that is told in words. The
    `digests` are of the words to which something was said."""
    code = target.part("measure").words(LINE)
    if not code:
        return goal
    due = target.take("dueDate", DAY)
    wanted = {*filter(None, digests)}
    made = (
        goal.model_copy(update={"measure": Measure(code=code, target=told, unit=unit, due=due)})
        for told, unit in _targets(target)
    )
    likeliest = next(made)
    if not wanted or goal_words(likeliest) in wanted:
        return likeliest
    return next((one for one in made if goal_words(one) in wanted), likeliest)


def _targets(target: Element) -> Iterable[_Target]:
    """What the target may have been, the likeliest first; one at least."""
    if divided := [*_divided(target.look("detailString", TEXT) or "")]:
        target.drop("detailString")
        return divided
    quantity = target.part("detailQuantity")
    number = _number(quantity)
    if number is None and "value" in quantity.value:
        return [(None, None)]  # a unit without its number says nothing
    unit = _unit(quantity)
    return ((one, unit) for one in _spelt(*number)) if number else [(None, unit)]


def _divided(told: str) -> Iterator[_Target]:
    """A text as a whole, and in two at each of its spaces, as far as both are lines."""
    if _is_line(told):
        yield told, None
    for place, sign in enumerate(told):
        target, unit = told[:place], told[place + 1 :]
        if sign == " " and _is_line(target) and _is_line(unit):
            yield target, unit


def _is_line(told: str) -> bool:
    one_line = told == told.strip() and "\n" not in told and "\t" not in told
    return 0 < len(told) <= LONGEST_LINE and one_line


def _unit(quantity: Element) -> str | None:
    code = quantity.take("code", LINE) if quantity.text("system") == el.UCUM else None
    if code is None:
        return quantity.take("unit", LINE)
    quantity.word("unit", (el.ucum(code)["unit"],))
    quantity.drop("system")
    return code


def _number(quantity: Element) -> tuple[str, str] | None:
    """The comparator, or nothing, and the number as it came; None where a plan has no words for
    one of them."""
    value = quantity.value.get("value")
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    told = format(Decimal(repr(value)) if isinstance(value, float) else Decimal(value), "f")
    comparator = quantity.word("comparator", _COMPARATORS)
    if not _NUMBER.fullmatch(told) or quantity.text("comparator") != comparator:
        return None
    quantity.drop("value")
    return comparator, told


def _spelt(comparator: str, told: str) -> Iterator[str]:
    """How it may have been written: as it came, and with other zeros at both ends."""
    gaps = (" ", "") if comparator else ("",)
    for number in (told, *_with_zeros(told)):
        yield from (f"{comparator}{gap}{number}" for gap in gaps)


def _with_zeros(told: str) -> Iterator[str]:
    sign = "-" if told.startswith("-") else ""
    whole, _, decimals = told.removeprefix("-").partition(".")
    least = decimals.rstrip("0")
    for before, after in product(
        range(_MOST_DIGITS - len(whole) + 1), range(_MOST_DIGITS - len(least) + 1)
    ):
        ending = least + "0" * after
        yield f"{sign}{'0' * before}{whole}{'.' if ending else ''}{ending}"
