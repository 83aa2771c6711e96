"""Dates in searches: a date stands for the whole time that it leaves open."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, cast

from alliance_fhir.testing.messages import Declined, Json


class Span(NamedTuple):
    """From a moment until before another."""

    start: datetime
    end: datetime


_FORM = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d:\d\d)(:\d\d)?(\.\d+)?(Z|[+-]\d\d:\d\d)?)?)?)?"
)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

_HOLDS: dict[str, Callable[[Span, Span], bool]] = {
    "eq": lambda has, asked: asked.start <= has.start and has.end <= asked.end,
    "ne": lambda has, asked: not (asked.start <= has.start and has.end <= asked.end),
    "gt": lambda has, asked: has.end > asked.end,
    "lt": lambda has, asked: has.start < asked.start,
    "ge": lambda has, asked: has.end > asked.start,
    "le": lambda has, asked: has.start < asked.end,
    "sa": lambda has, asked: has.start >= asked.end,
    "eb": lambda has, asked: has.end <= asked.start,
}
"""The prefixes of FHIR search, 3.2.1.5.6."""


def span(text: str) -> Span:
    """What a date, dateTime or instant stands for; without a zone it is in UTC."""
    found = _FORM.fullmatch(text)
    if not found:
        raise Declined(400, "value", "not a date")
    year, month, day, minute, second, fraction, zone = found.groups()
    whole = f"{year}-{month or '01'}-{day or '01'}T{minute or '00:00'}{second or ':00'}"
    zone = "+00:00" if zone in (None, "Z") else zone
    try:
        start = datetime.fromisoformat(f"{whole}{fraction or ''}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise Declined(400, "value", "not a date") from None
    return Span(start, _end(start, month, day, minute, second, fraction))


def _end(start: datetime, *parts: str | None) -> datetime:
    month, day, minute, second, fraction = parts
    if month is None:
        return start.replace(year=start.year + 1)
    if day is None:
        return (start.replace(day=1) + timedelta(days=32)).replace(day=1)
    if minute is None:
        return start + timedelta(days=1)
    if second is None:
        return start + timedelta(minutes=1)
    if fraction is None:
        return start + timedelta(seconds=1)
    return start + timedelta(seconds=10.0 ** -(len(fraction) - 1))


def holds(value: Any, asked: str) -> bool:
    """Whether an element, a date or a Period, fits what is asked: a prefix and a date."""
    prefix = asked[:2] if asked[:2] in _HOLDS else "eq"
    wanted = span(asked.removeprefix(prefix) if asked[:2] in _HOLDS else asked)
    if isinstance(value, dict):
        period = cast("Json", value)
        start = span(period["start"]).start if "start" in period else _FIRST
        end = span(period["end"]).end if "end" in period else _LAST
        return _HOLDS[prefix](Span(start, end), wanted)
    return isinstance(value, str) and _HOLDS[prefix](span(value), wanted)
