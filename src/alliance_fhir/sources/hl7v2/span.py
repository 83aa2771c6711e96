"""When an appointment begins and ends."""

from __future__ import annotations

from datetime import timedelta, tzinfo
from typing import NamedTuple

from alliance_fhir.domain.records import Moment
from alliance_fhir.sources.hl7v2.message import Message, Segment
from alliance_fhir.sources.hl7v2.slips import Unread
from alliance_fhir.sources.hl7v2.times import duration, later, lettered, time_of

_NO_END = "It ends after the year 9999; correct the start."
_ORDER = "An appointment ends after it begins; send both times as they are."


class Span(NamedTuple):
    """Start and end, as far as they are said."""

    start: Moment | None
    end: Moment | None


def span(message: Message, service: Segment | None, zone: tzinfo | None) -> Span:
    """From SCH-11, else TQ1-7 and -8, else AIS-4; an end that is not said, from a duration.

    What stands in SCH-11 goes before AIS-4, which may be later: the time of one service within the
    appointment. Raises Unread.
    """
    sch = message.all("SCH")[0]
    timing = next(iter(message.all("TQ1")), None)
    starts = [("SCH-11.4", sch.text(11, 4)), *_one(timing, 7), *_one(service, 4)]
    ends = [("SCH-11.5", sch.text(11, 5)), *_one(timing, 8)]
    place, start = _first(starts, zone)
    end_at, end = _first(ends, zone)
    if start and end and not start.comes_before(end):
        raise Unread(end_at, "ends-before-start", _ORDER)
    if start and not end and (lasts := _lasts(sch, timing, service)):
        try:
            end = later(start, lasts)
        except OverflowError:
            raise Unread(place, "not-a-date", _NO_END) from None
    return Span(start, end)


def _one(segment: Segment | None, field: int) -> list[tuple[str, str]]:
    return [(f"{segment.name}-{field}", segment.text(field))] if segment else []


def _first(told: list[tuple[str, str]], zone: tzinfo | None) -> tuple[str, Moment | None]:
    """The first that is not empty, and its place."""
    for place, text in told:
        if text:
            return place, time_of(place, text, zone)
    return "", None


def _lasts(sch: Segment, timing: Segment | None, service: Segment | None) -> timedelta | None:
    """From SCH-9 and -10, SCH-11.3, TQ1-6, or AIS-7 and -8."""
    found = duration(sch.text(9), _unit(sch, 10)) or lettered(sch.text(11, 3))
    if not found and timing:
        found = duration(timing.text(6), timing.text(6, 2))
    if not found and service:
        found = duration(service.text(7), _unit(service, 8))
    return found


def _unit(segment: Segment, field: int) -> str:
    return segment.text(field) or segment.text(field, 2)
