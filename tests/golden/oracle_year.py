"""What became of each visit of the example clinic's year, and which of its patient's it is, worked
out a second time from the table, by the reference's rules. Nothing here is shared with the package.
"""

from __future__ import annotations

import csv
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from .oracle_visits import BEFORE, NONE, SHORT, Became

Row = dict[str, str]
STANDS: dict[str, tuple[str, str, str]] = {
    "pending": ("pending", "unknown", "still-open"),
    "booked": ("booked", "unknown", "still-open"),
    "attended": ("fulfilled", "attended", "was-seen"),
    "arrived-late": ("fulfilled", "late-arrival", "late-and-seen"),
    "too-late": ("cancelled", "late-arrival", "late-and-not-seen"),
    "entered-in-error": ("entered-in-error", "unknown", "no-visit"),
}
"""Where the word alone tells it."""
SEEN = ("attended", "arrived-late")


def rows_of(folder: Path) -> list[Row]:
    """The table, a row each."""
    with (folder / "visits.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def year_of(folder: Path) -> Became:
    """By the visit's number: status, kind, rule, and which visit it is by which rule."""
    site = tomllib.loads((folder / "alliance.toml").read_text(encoding="utf-8"))
    zone = ZoneInfo(site["zone"])
    window = timedelta(hours=site["late_cancellation_hours"])
    rows = rows_of(folder)
    came: dict[tuple[str, str], datetime] = {}
    for row in rows:
        if row["status"] in SEEN:
            start = _utc(row["start"], zone)
            came[_who(row)] = min(start, came.get(_who(row), start))
    return {
        row["appointment"]: (
            *_became(row, zone, window),
            _place(row, zone, came, site["history_from"]),
        )
        for row in rows
    }


def _became(row: Row, zone: ZoneInfo, window: timedelta) -> tuple[str, str, str]:
    word, by, told = row["status"], row["cancelled_by"], row["cancelled_at"]
    if word in STANDS:
        return STANDS[word]
    if by == "provider":
        return "cancelled", "provider-cancellation", "called-off-by-provider"
    if not told:
        if word != "no-show":
            raise ValueError("the year's cancellations all have a time")
        return "noshow", "no-show", "no-notice"
    if word == "cancelled" and not by:
        return "cancelled", "unknown", "called-off-by-somebody"
    ahead = _utc(row["start"], zone) - _utc(told, zone)
    if ahead <= timedelta():
        return "noshow", "no-show", "notice-after-start"
    if ahead < window:
        return "cancelled", "late-cancellation", "notice-in-window"
    return "cancelled", "patient-cancellation", "notice-in-time"


def _place(
    row: Row, zone: ZoneInfo, came: dict[tuple[str, str], datetime], complete: date
) -> tuple[str, str]:
    start = _utc(row["start"], zone)
    if came.get(_who(row), start) < start:
        return BEFORE
    known = start.astimezone(zone).date() - complete
    return NONE if known >= timedelta(days=365) else SHORT


def _who(row: Row) -> tuple[str, str]:
    return row["patient"], row["service"]


def _utc(text: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
