"""Laws of what is not shown: nobody can tell a small group from what is."""

from __future__ import annotations

from datetime import date, timedelta
from typing import get_args

from hypothesis import example, given
from hypothesis import strategies as st

from alliance_fhir.domain.attendance import Told, Visits
from alliance_fhir.domain.engagement import (
    STRATIFIERS,
    Appointed,
    Count,
    Engagement,
    Period,
    engagement,
)

CAME, MISSED = Told("attended", "was-seen"), Told("no-show", "no-notice")
DAY = date(2026, 1, 31)
YEAR = Period(DAY, DAY + timedelta(days=180))

appointed = st.builds(
    Appointed,
    patient=st.integers(0, 12),
    day=st.integers(0, 180).map(lambda days: DAY + timedelta(days=days)),
    told=st.sampled_from([CAME, MISSED]),
    place=st.sampled_from(get_args(Visits)),
    service=st.sampled_from(["", "Psychotherapy", "Medication review"]),
    referrer=st.sampled_from(["", "lee", "school-nurse", "osei"]),
    clinician=st.sampled_from(["kurtz", "osei"]),
)


def whose(visits: list[Appointed], by: str, names: set[str]) -> set[int]:
    """The patients of some groups, counted here anew."""
    return {one.patient for one in visits if one.group(by) in names}  # type: ignore[arg-type]


def told(total: Count | None, groups: dict[str, Count | None]) -> tuple[int, int] | None:
    """What is known of all groups that are not shown, of whoever can subtract."""
    if total is None:
        return None
    shown = [one for one in groups.values() if one]
    return total.some - sum(one.some for one in shown), total.of - sum(one.of for one in shown)


@given(st.lists(appointed, max_size=60), st.integers(1, 12))
@example([Appointed(n, DAY, CAME, "first") for n in range(5)], 5)
def test_nothing_is_told_of_fewer_patients(visits: list[Appointed], smallest: int) -> None:
    made = engagement(visits, YEAR, smallest)
    if made.no_shows is None:
        assert 0 < len({one.patient for one in visits}) < smallest
    for by in STRATIFIERS:
        groups = dict(made.groups[by])
        assert set(groups) == {one.group(by) for one in visits}
        for name, count in groups.items():
            if count is not None:
                assert count.patients == len(whose(visits, by, {name})) >= smallest
        hidden = {name for name, count in groups.items() if count is None}
        if not hidden or made.no_shows is None:
            continue
        rest = [one for one in visits if one.group(by) in hidden]
        missed = sum(one.told is MISSED for one in rest)
        # all of the hidden ones together are known: so there are several, and not of few patients
        assert told(made.no_shows, groups) == (missed, len(rest))
        assert len(hidden) > 1
        assert len(whose(visits, by, hidden)) >= smallest


@given(st.lists(appointed, max_size=60), st.integers(1, 12))
def test_no_more_is_hidden_than_has_to_be(visits: list[Appointed], smallest: int) -> None:
    made = engagement(visits, YEAR, smallest)
    for by in STRATIFIERS:
        sizes = {name: len(whose(visits, by, {name})) for name in made.groups[by]}
        hidden = {name for name, count in made.groups[by].items() if count is None}
        small = {name for name, size in sizes.items() if size < smallest}
        assert small <= hidden
        assert bool(small) == bool(hidden)
        beside = hidden - small
        if beside:  # without the largest of those that were hidden besides, it could be told
            largest = max(beside, key=lambda n: (sizes[n], _visits(visits, by, n), n))
            fewer = hidden - {largest}
            assert len(fewer) == 1 or len(whose(visits, by, fewer)) < smallest
            shown = set(sizes) - hidden
            assert all(sizes[one] >= sizes[largest] for one in shown)


@given(st.lists(appointed, max_size=40), st.integers(1, 12), st.randoms(use_true_random=False))
def test_the_order_of_visits_does_not_matter(
    visits: list[Appointed], smallest: int, chance: object
) -> None:
    def of(some: list[Appointed]) -> Engagement:
        return engagement(some, YEAR, smallest)

    shuffled = [*visits]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert of(shuffled) == of(visits)


def _visits(visits: list[Appointed], by: str, name: str) -> int:
    return sum(one.group(by) == name for one in visits)  # type: ignore[arg-type]
