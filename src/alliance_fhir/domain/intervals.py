"""The interval of a proportion. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

Z = Decimal("1.959963984540054")
"""The 97.5 % point of the normal distribution: 95 % lie between it and its negative."""
FOUR_PLACES = Decimal("0.0001")


class Interval(NamedTuple):
    """Both ends of a 95 % interval, between 0 and 1, with four decimals."""

    low: Decimal
    high: Decimal


def proportion(part: int, whole: int) -> Decimal:
    """What part of the whole it is, with four decimals; `whole` is not 0."""
    return (Decimal(part) / whole).quantize(FOUR_PLACES)


def wilson(part: int, whole: int) -> Interval:
    """The 95 % score interval of a proportion (Wilson, J Am Stat Assoc 1927;22:209-212), without a
    correction for continuity.

    It lies within 0 and 1, and has a width where the part is nothing or the whole. It takes each of
    the whole as independent of the others, which visits of one patient are not. Raises ValueError
    where there is no such proportion.
    """
    if not 0 <= part <= whole or not whole:
        raise ValueError("a part of a whole, which is not nothing")
    rate, square = Decimal(part) / whole, Z * Z
    middle = rate + square / (2 * whole)
    half = Z * (rate * (1 - rate) / whole + square / (4 * whole * whole)).sqrt()
    low, high = ((middle + sign * half) / (1 + square / whole) for sign in (-1, 1))
    # at 0 and at the whole the ends are exact, but for the last of 28 digits
    return Interval(
        max(low, Decimal(0)).quantize(FOUR_PLACES), min(high, Decimal(1)).quantize(FOUR_PLACES)
    )


def percent(share: Decimal) -> str:
    """A share as a percentage with one decimal, half up: `30.8 %`."""
    return f"{(share * 100).quantize(Decimal('0.1'), ROUND_HALF_UP)} %"
