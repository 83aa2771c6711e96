"""The interval of a proportion, against published ones."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance_fhir.domain.intervals import percent, proportion, wilson


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [  # Newcombe, Stat Med 1998;17:857, table I, method 3
        (81, 263, ".2553", ".3662"),
        (15, 148, ".0624", ".1605"),
        (0, 20, "0", ".1611"),
        (1, 29, ".0061", ".1718"),
    ],
)
def test_published_intervals(part: int, whole: int, low: str, high: str) -> None:
    assert wilson(part, whole) == (Decimal(low), Decimal(high))
    # what is left of the whole has the same interval from the other end
    assert wilson(whole - part, whole) == (1 - Decimal(high), 1 - Decimal(low))


def test_by_hand() -> None:
    """1 of 1: with z = 1.96 the lower end is 1 / (1 + z * z) = 1 / 4.8416 = 0.2065."""
    assert wilson(1, 1) == (Decimal("0.2065"), 1)
    assert proportion(81, 263) == Decimal("0.3080")
    assert [percent(Decimal(share)) for share in ("0.3080", "0.11650", "0", "1")] == [
        *("30.8 %", "11.7 %", "0.0 %", "100.0 %"),
    ]


@given(st.integers(1, 10**9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_it_holds_the_proportion_and_stays_within_it(told: tuple[int, int]) -> None:
    part, whole = told
    low, high = wilson(part, whole)
    assert 0 <= low <= proportion(part, whole) <= high <= 1
    assert (low == 0) >= (part == 0)
    assert (high == 1) >= (part == whole)


@pytest.mark.parametrize(("part", "whole"), [(0, 0), (2, 1), (-1, 3)])
def test_what_is_no_proportion(part: int, whole: int) -> None:
    with pytest.raises(ValueError, match="a part of a whole"):
        wilson(part, whole)
