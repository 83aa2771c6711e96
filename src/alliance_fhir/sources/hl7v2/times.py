"""Times and durations as HL7 v2 writes them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo

from alliance_fhir.domain.records import ClockChange, Moment, NoZone, parse_moment
from alliance_fhir.sources.hl7v2.slips import Unread

# chapter 2, DTM: YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]; some send microseconds
_TIME = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,6}))?)?)?)?)?)?([+-]\d{4})?",
    re.ASCII,
)
_AMOUNT = re.compile(r"\d{1,5}(?:\.\d{1,3})?", re.ASCII)
_LETTERED = re.compile(r"([SMH])(\d{1,5})", re.ASCII | re.IGNORECASE)
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600),
}
"""Seconds, by what senders write for a unit; ISO+ has s, min and hr."""

_NOT_A_DATE = "Write YYYYMMDDHHMMSS and the offset from UTC, such as 20260302141000-0500."
_NO_TIME = "Send the time beside the day, such as 20260302141000-0500."
_NO_ZONE = "Send the offset from UTC with the time, or set zone in alliance.toml."
_CLOCK = "A clock change makes this local time ambiguous or skips it; send the offset from UTC."


def time_of(place: str, text: str, zone: tzinfo | None) -> Moment:
    """A time, in `zone` where it has no offset. Raises Unread.

    The standard would give it the offset of MSH-7. But that is the one of the day on which the
    message was made, and a clock change may lie between that and the appointment.
    """
    found = _TIME.fullmatch(text)
    if not found:
        raise Unread(place, "not-a-date", _NOT_A_DATE)
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    if hour is None:
        raise Unread(place, "not-a-time", _NO_TIME)
    told = f"{year}-{month}-{day}T{hour}:{minute or '00'}:{second or '00'}"
    if fraction:
        told += f".{fraction.ljust(6, '0')}"
    try:
        return parse_moment(f"{told}{offset[:3]}:{offset[3:]}" if offset else told, zone)
    except NoZone:
        raise Unread(place, "no-zone", _NO_ZONE) from None
    except ClockChange:
        raise Unread(place, "clock-change", _CLOCK) from None
    except (ValueError, OverflowError):
        raise Unread(place, "not-a-date", _NOT_A_DATE) from None


def duration(amount: str, unit: str) -> timedelta | None:
    """An amount of a unit; None where there is none, or its unit is not known: never guessed."""
    seconds = _UNITS.get(unit.strip().rstrip(".").casefold())
    if not seconds or not _AMOUNT.fullmatch(amount):
        return None
    return timedelta(seconds=seconds * float(amount)) or None


def lettered(text: str) -> timedelta | None:
    """A duration as in SCH-11.3: M30 is thirty minutes."""
    found = _LETTERED.fullmatch(text)
    return duration(found[2], found[1]) if found else None


def later(start: Moment, by: timedelta) -> Moment:
    """The moment so much later, with the offset of the first."""
    return Moment.of(datetime.fromisoformat(start.text) + by)
