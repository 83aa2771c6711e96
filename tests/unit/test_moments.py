"""Times and days: text to the instant that is meant, in any zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance_fhir.domain.records import (
    ClockChange,
    Moment,
    NoZone,
    in_utc,
    in_zone,
    now,
    parse_moment,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ZONES = ("America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC")
FIRST, LAST = datetime(1970, 1, 2), datetime(2037, 12, 30)
times = st.datetimes(FIRST, LAST)
zones = st.sampled_from(ZONES).map(ZoneInfo)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
FHIR = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-](0\d|1[0-3]):[0-5]\d|[+-]14:00)")


@given(times, offsets, st.sampled_from(["T", " "]))
def test_a_time_with_an_offset_is_its_instant(
    when: datetime, offset: timezone, between: str
) -> None:
    there = when.replace(tzinfo=offset)
    moment = parse_moment(there.isoformat(between), None)
    assert datetime.fromisoformat(moment.text) == there
    assert datetime.fromisoformat(moment.text).utcoffset() == there.utcoffset()
    assert datetime.fromisoformat(moment.utc) == there
    assert moment.utc.endswith("Z")
    assert FHIR.fullmatch(moment.text)
    assert FHIR.fullmatch(moment.utc)


@given(times, zones)
def test_a_time_without_an_offset_is_that_of_its_zone_or_has_no_one_answer(
    when: datetime, zone: ZoneInfo
) -> None:
    """Once round to UTC and back comes the same time, unless a clock change is near it."""
    early, late = when.replace(tzinfo=zone), when.replace(tzinfo=zone, fold=1)
    try:
        moment = parse_moment(when.isoformat(), zone)
    except ClockChange:
        assert early.utcoffset() != late.utcoffset()
        return
    instant = datetime.fromisoformat(moment.utc)
    assert instant.astimezone(zone).replace(tzinfo=None) == when
    assert early.utcoffset() == late.utcoffset()


@given(times, offsets, offsets)
def test_one_instant_has_one_key_in_whatever_zone_it_is_told(
    when: datetime, here: timezone, there: timezone
) -> None:
    instant = when.replace(tzinfo=UTC)
    told = [instant.astimezone(zone).isoformat() for zone in (UTC, here, there)]
    assert len({parse_moment(text, None).utc for text in told}) == 1


@given(times, times)
def test_two_instants_have_two_keys(one: datetime, other: datetime) -> None:
    keys = {parse_moment(f"{when.isoformat()}Z", None).utc for when in (one, other)}
    assert len(keys) == len({one, other})


@given(st.dates())
def test_a_day_stays_a_day(day: date) -> None:
    assert parse_moment(day.isoformat(), ZoneInfo("Asia/Kathmandu")) == (day.isoformat(),) * 2


@given(times.map(lambda when: when.replace(second=0, microsecond=0)), zones)
def test_a_pattern_of_the_site_reads_what_it_writes(when: datetime, zone: ZoneInfo) -> None:
    def outcome(read: Callable[[], Moment]) -> Moment | type[ClockChange]:
        try:
            return read()
        except ClockChange:
            return ClockChange

    pattern = "%d.%m.%Y %H:%M"
    by_pattern = outcome(lambda: parse_moment(when.strftime(pattern), zone, pattern))
    assert by_pattern == outcome(lambda: parse_moment(when.isoformat(), zone))


@pytest.mark.parametrize(
    ("zone", "texts"),
    [
        ("America/New_York", ("2026-03-08T02:00", "2026-03-08T02:59:59", "2026-11-01T01:00")),
        ("Europe/Berlin", ("2026-03-29T02:30", "2026-10-25T02:00", "2026-10-25T02:59:59.999")),
        ("Australia/Lord_Howe", ("2026-10-04T02:00", "2026-10-04T02:29", "2026-04-05T01:30")),
        ("Pacific/Apia", ("2011-12-30T12:00",)),  # a whole day that never was
    ],
)
def test_there_is_no_one_answer_at_a_clock_change(zone: str, texts: tuple[str, ...]) -> None:
    for text in texts:
        with pytest.raises(ClockChange):
            parse_moment(text, ZoneInfo(zone))


@pytest.mark.parametrize(
    ("zone", "text", "utc"),
    [
        ("America/New_York", "2026-03-08T01:59:59", "2026-03-08T06:59:59Z"),
        ("America/New_York", "2026-03-08T03:00", "2026-03-08T07:00:00Z"),
        ("America/New_York", "2026-11-01T00:59:59", "2026-11-01T04:59:59Z"),
        ("America/New_York", "2026-11-01T02:00", "2026-11-01T07:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-04T02:30", "2026-10-03T15:30:00Z"),
        ("Asia/Kathmandu", "2026-03-09T00:15:30.5", "2026-03-08T18:30:30.500000Z"),
    ],
)
def test_there_is_one_just_before_and_after_it(zone: str, text: str, utc: str) -> None:
    assert parse_moment(text, ZoneInfo(zone)).utc == utc


def test_a_time_without_offset_needs_a_zone() -> None:
    for text in ("2026-03-09T14:10", "2026-03-09 14:10:30"):
        with pytest.raises(NoZone):
            parse_moment(text, None)
    with pytest.raises(NoZone):
        in_zone(FIRST, None)
    with pytest.raises(ValueError, match="needs an offset"):
        Moment.of(FIRST)


NO_DATES = (
    *("", "2026", "2026-3-9", "20260309", "2026-03-09T14", "2026-03-09T14:60Z"),
    *("2026-W10-1T10:00Z", "2026-03-09T14:10+14:01", "2026-03-09T14:10-15:00"),
    *("2026-03-09T14:10+01:00:30", "0000-01-01", "2026-13-01", "2025-02-29"),
    *("2026-03-09T24:30Z", "2026-03-09T14:10 EST", "0001-01-01T00:00+00:01"),
    "9999-12-31T23:59-00:01",
)


@pytest.mark.parametrize("text", NO_DATES)
def test_what_is_no_date_raises(text: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        parse_moment(text, UTC)
    with pytest.raises((ValueError, OverflowError)):
        parse_moment(text, UTC, "%d.%m.%Y")


@pytest.mark.parametrize("text", ["2026-03-09T14:10Z", "2026-03-09T14:10+00:00"])
def test_utc_is_written_as_z(text: str) -> None:
    assert parse_moment(text, None) == ("2026-03-09T14:10:00Z",) * 2


def test_a_time_is_written_in_utc_to_what_is_wanted_of_it() -> None:
    there = datetime(2026, 3, 1, 1, 30, 5, 999_900, timezone(timedelta(hours=5, minutes=45)))
    assert in_utc(there) == "2026-02-28T19:45:05.999900Z"
    assert in_utc(there, "milliseconds") == "2026-02-28T19:45:05.999Z"
    assert in_utc(there, "seconds") == "2026-02-28T19:45:05Z"
    assert in_utc(there.replace(microsecond=0)) == "2026-02-28T19:45:05Z"
    assert in_utc(there.replace(microsecond=0), "milliseconds") == "2026-02-28T19:45:05.000Z"
    with pytest.raises(OverflowError):
        in_utc(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))))


def test_this_moment_is_one_between_before_and_after() -> None:
    before = datetime.now(UTC)
    seconds, milliseconds = now(), now("milliseconds")
    after = datetime.now(UTC)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", seconds)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", milliseconds)
    assert before.replace(microsecond=0) <= datetime.fromisoformat(seconds) <= after
    assert before - timedelta(milliseconds=1) < datetime.fromisoformat(milliseconds) <= after
