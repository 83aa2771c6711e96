"""What became of a visit, and which visit it was: each rule by cases worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance_fhir.domain.attendance import SEEN, Rule, Since, Status, classify, place

ZONE = ZoneInfo("America/New_York")
START = datetime(2026, 3, 9, 14, 0, tzinfo=ZONE)
CASES: list[tuple[Status, dict[str, Any], str, str]] = [
    ("pending", {}, "unknown", "still-open"),
    ("waitlist", {}, "unknown", "still-open"),
    ("booked", {}, "unknown", "still-open"),
    ("arrived", {}, "attended", "arrived"),
    ("checked-in", {}, "attended", "checked-in"),
    ("attended", {}, "attended", "was-seen"),
    ("arrived-late", {}, "late-arrival", "late-and-seen"),
    ("too-late", {}, "late-arrival", "late-and-not-seen"),
    ("entered-in-error", {}, "unknown", "no-visit"),
    ("no-show", {}, "no-show", "no-notice"),
    ("no-show", {"by": "patient"}, "no-show", "no-notice"),
    ("no-show", {"by": "provider"}, "provider-cancellation", "called-off-by-provider"),
    ("cancelled", {}, "unknown", "called-off-by-somebody"),
    ("cancelled", {"by": "provider"}, "provider-cancellation", "called-off-by-provider"),
    ("cancelled", {"by": "patient"}, "patient-cancellation", "notice-at-unknown-time"),
    # with a day and a half, with 23 h 59 min, with 24 h, at the start, an hour after it
    ("cancelled", {"by": "patient", "before": 36}, "patient-cancellation", "notice-in-time"),
    ("cancelled", {"by": "patient", "before": 24}, "patient-cancellation", "notice-in-time"),
    ("cancelled", {"by": "patient", "before": 23.98}, "late-cancellation", "notice-in-window"),
    ("cancelled", {"by": "patient", "before": 0}, "no-show", "notice-after-start"),
    ("cancelled", {"by": "patient", "before": -1}, "no-show", "notice-after-start"),
    ("cancelled", {"before": 36}, "unknown", "called-off-by-somebody"),
    ("cancelled", {"before": -1}, "unknown", "called-off-by-somebody"),
    ("cancelled", {"by": "provider", "before": -1}, "provider-cancellation",
     "called-off-by-provider"),
    # some systems write no-show and cancellation of one visit
    ("no-show", {"before": 36}, "patient-cancellation", "notice-in-time"),
    ("no-show", {"before": 2}, "late-cancellation", "notice-in-window"),
    ("no-show", {"before": -2}, "no-show", "notice-after-start"),
    # a day without an hour counts from its beginning
    ("cancelled", {"by": "patient", "day": 8}, "patient-cancellation", "notice-in-time"),
    ("cancelled", {"by": "patient", "day": 9}, "late-cancellation", "notice-in-window"),
    ("cancelled", {"by": "patient", "day": 10}, "no-show", "notice-after-start"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "given_", "kind", "rule"), CASES)
def test_what_became_of_a_visit(
    status: Status, given_: dict[str, Any], kind: str, rule: str
) -> None:
    called_off: Any = None
    if "before" in given_:
        called_off = START.astimezone(UTC) - timedelta(hours=given_["before"])
    if "day" in given_:
        called_off = date(2026, 3, given_["day"])
    assert classify(status, START, called_off=called_off, by=given_.get("by")) == (kind, rule)


def test_every_status_and_every_rule_is_in_the_cases() -> None:
    assert {case[0] for case in CASES} == {*get_args(Status)}
    assert {case[3] for case in CASES} == {*get_args(Rule)}


def test_a_site_says_what_late_is() -> None:
    notice = START - timedelta(hours=30)
    late = classify("cancelled", START, called_off=notice, by="patient", window=timedelta(hours=48))
    assert late == ("late-cancellation", "notice-in-window")


def test_notice_is_counted_in_hours_that_passed_and_not_as_clocks_show_them() -> None:
    """From 14:00 to 14:00 it is 23 hours where clocks go forward in between, and 25 where back."""
    forward, back = datetime(2026, 3, 8, 14, tzinfo=ZONE), datetime(2026, 11, 1, 14, tzinfo=ZONE)
    day = timedelta(days=1)
    late = classify("cancelled", forward, called_off=forward - day, by="patient")
    assert late.rule == "notice-in-window"
    in_time = classify("cancelled", back, called_off=back - day, by="patient")
    assert in_time.rule == "notice-in-time"


times = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))


@given(times, times, st.sampled_from(["cancelled", "no-show"]), st.sampled_from([None, "patient"]))
def test_the_later_the_notice_the_less_it_is_one(
    one: datetime, other: datetime, status: Status, by: Any
) -> None:
    order = ["notice-in-time", "notice-in-window", "notice-after-start"]
    start = datetime(2026, 7, 1, 12, tzinfo=UTC)
    told = [classify(status, start, called_off=when, by=by).rule for when in sorted([one, other])]
    places = [order.index(rule) for rule in told if rule in order]
    assert places == sorted(places)


# --- first or follow-up ---------------------------------------------------------------------------

DAYS = {n: datetime(2026, 3, n, 10, 0, tzinfo=ZONE) for n in (2, 9, 16)}


def test_which_visit_it_is() -> None:
    since = {"complete_from": date(2024, 1, 1), "look_back_days": 365}
    assert place(DAYS[2], [], **since) == ("first", "none-attended")
    # missed on the second, so the ninth is still the first
    assert place(DAYS[9], [], **since) == ("first", "none-attended")
    assert place(DAYS[9], [DAYS[9], DAYS[16]], **since) == ("first", "none-attended")
    assert place(DAYS[16], [DAYS[9], DAYS[16]], **since) == ("follow-up", "attended-before")
    assert place(DAYS[9], []) == ("unknown", "history-too-short")
    assert place(DAYS[9], [DAYS[2]]) == ("follow-up", "attended-before")
    assert place(DAYS[9], [DAYS[2]], said=True) == ("first", "said")
    assert place(DAYS[9], [], said=False, **since) == ("follow-up", "said")


def test_in_the_hour_that_comes_twice_the_first_of_two_visits_is_the_earlier_one() -> None:
    early = datetime(2026, 11, 1, 1, 50, tzinfo=ZONE, fold=0)
    late = datetime(2026, 11, 1, 1, 10, tzinfo=ZONE, fold=1)
    assert place(late, [early]).kind == "follow-up"
    assert place(early, [late]).kind == "unknown"


@pytest.mark.parametrize(("day", "kind"), [(8, "unknown"), (9, "first")])
def test_a_history_must_be_as_long_as_the_site_looks_back(day: int, kind: str) -> None:
    """From 9 March 2025 to 9 March 2026 it is 365 days."""
    assert (
        place(datetime(2026, 3, day, 10, tzinfo=ZONE), [], complete_from=date(2025, 3, 9)).kind
        == kind
    )


def test_every_rule_of_it_is_in_the_cases() -> None:
    assert {*get_args(Since)} == {"said", "attended-before", "none-attended", "history-too-short"}
    assert {"was-seen", "arrived", "checked-in", "late-and-seen"} == SEEN


@given(times, st.lists(times, max_size=5), st.randoms())
def test_the_order_of_what_is_known_changes_nothing(
    start: datetime, seen: list[datetime], chance: Any
) -> None:
    mixed = [*seen, *seen]
    chance.shuffle(mixed)
    assert place(start, mixed) == place(start, seen)
