"""Drop-out over a year, to the day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from alliance_fhir.domain.attendance import Told
from alliance_fhir.domain.engagement import Appointed, Period, drop_out

FIRST = date(2024, 3, 1)
LAST = FIRST + timedelta(days=455)
"""A year of 365 days, and 90 more."""
SEEN = Told("attended", "was-seen")


def visits(*days: int, told: Told = SEEN, patient: int = 1) -> list[Appointed]:
    """Visits so many days after the first of March 2024."""
    return [Appointed(patient, FIRST + timedelta(days=n), told, "unknown") for n in days]


@pytest.mark.parametrize(
    ("after", "left"),
    [
        ([], 1),
        ([7, 14, 274], 1),  # 91 days before the year is over
        ([275], 0),
        ([365], 0),
        ([455], 0),
        ([456], 1),  # came back, more than 90 days later
        ([100, 300], 0),
    ],
)
def test_who_is_seen_around_the_day_is_still_there(after: list[int], left: int) -> None:
    later = Period(FIRST, LAST + timedelta(days=30))
    for order in ([0, *after], [*reversed(after), 0]):
        assert drop_out(visits(*order), later) == (left, 1, 1)


def test_whose_year_is_not_over_is_not_counted() -> None:
    assert drop_out(visits(0), Period(FIRST, LAST)) == (1, 1, 1)
    assert drop_out(visits(0), Period(FIRST, LAST - timedelta(days=1))) == (0, 0, 0)


def test_whose_first_visit_lies_before_the_period_is_not_counted() -> None:
    period = Period(FIRST + timedelta(days=1), LAST + timedelta(days=30))
    assert drop_out(visits(0, 20), period) == (0, 0, 0)
    assert drop_out(visits(1, 20), period) == (1, 1, 1)


def test_what_is_later_than_the_period_is_not_known_in_it() -> None:
    both = [*visits(0), *visits(0, 455, patient=2)]
    assert drop_out(both, Period(FIRST, LAST)) == (1, 2, 2)
    assert drop_out(visits(5), Period(FIRST, FIRST + timedelta(days=4))) == (0, 0, 0)


@pytest.mark.parametrize(
    ("told", "left"),
    [
        (SEEN, 0),
        (Told("attended", "arrived"), 0),
        (Told("late-arrival", "late-and-seen"), 0),
        (Told("late-arrival", "late-and-not-seen"), 1),
        (Told("no-show", "no-notice"), 1),
        (Told("patient-cancellation", "notice-in-time"), 1),
        (Told("unknown", "still-open"), 1),
    ],
)
def test_attended_is_where_the_patient_was_seen(told: Told, left: int) -> None:
    period = Period(FIRST, LAST)
    assert drop_out([*visits(0), *visits(365, told=told)], period) == (left, 1, 1)
    # and nobody who was never seen has begun
    alone = drop_out(visits(0, told=told), period)
    assert alone == ((0, 0, 0) if left else (1, 1, 1))
