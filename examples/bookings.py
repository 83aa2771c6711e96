"""A booking of the example clinic, the clinic's diary, and Mr. Jones's year, written by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from generate import CLOSED

BEGIN = date(2025, 7, 1)  # the clinic opened, so there is nothing before
NOW = datetime(2026, 6, 30, 20)  # when the table was drawn from the scheduling system
HOLIDAYS = CLOSED | {
    *(date(2025, 7, 4), date(2025, 9, 1), date(2025, 11, 27), date(2025, 11, 28)),
    *(date(2025, 12, 24), date(2025, 12, 25), date(2026, 1, 1), date(2026, 7, 3)),
}
LENGTHS = {"Psychotherapy": 50, "Psychiatric consultation": 30, "Medication review": 20}
"""Minutes of a visit, by its service."""
FIRST_LONGER = 20
"""Minutes that a first visit takes besides."""
COUNTY = "urn:example:county|"


@dataclass
class Course:
    """A patient, somebody who sees him, for what, and who sent him."""

    patient: str
    clinician: str
    service: str
    referrer: str = ""
    referral: str = ""
    reason: str = ""


@dataclass
class Booking:
    """One appointment, and what became of it: `status` is a word of ours.

    `made` is when it was booked; `moved` when it was moved from the start `before`.
    """

    course: Course
    made: datetime
    start: datetime
    end: datetime
    status: str
    off_at: datetime | None = None
    off_by: str = ""
    reason: str = ""
    moved: datetime | None = None
    before: datetime | None = None
    number: str = ""

    @property
    def seen(self) -> bool:
        return self.status in ("attended", "arrived-late")


class Diary:
    """Who of the clinicians is taken when."""

    def __init__(self) -> None:
        self._taken: set[tuple[str, datetime]] = set()

    def take(self, clinician: str, start: datetime) -> None:
        self._taken.add((clinician, start))

    def slot(self, clinician: str, day: date, at: time) -> datetime:
        """The first free one at or after this time, on a day on which the clinic is open."""
        start = datetime.combine(opened(day), at)
        while (clinician, start) in self._taken:
            start += timedelta(minutes=30)
            if start.hour >= 18:
                start = datetime.combine(opened(start.date() + timedelta(days=1)), time(8, 30))
        self.take(clinician, start)
        return start


def opened(day: date) -> date:
    """The day, or the next on which the clinic is open."""
    while day.weekday() > 4 or day in HOLIDAYS:
        day += timedelta(days=1)
    return day


def lasts(service: str, *, first: bool) -> timedelta:
    return timedelta(minutes=LENGTHS[service] + (FIRST_LONGER if first else 0))


def mr_jones() -> list[Booking]:
    """As mr-jones.csv, the clinic's README and his plan have it; the referral as in
    examples/visits."""
    course = Course("1001", "kurtz", "Psychotherapy", "lee", "r-77", "Sleep, and trouble at work")
    told = (
        ("8841", "2026-02-16T11:20:05", "2026-03-02T14:00", 70, "attended"),
        ("8853", "2026-03-02T15:12:40", "2026-03-09T14:00", 50, "attended"),
        ("8862", "2026-03-09T15:12:10", "2026-03-16T14:00", 50, "no-show"),
        ("8874", "2026-03-17T10:05:31", "2026-03-23T14:00", 50, "attended"),
        ("8880", "2026-03-23T15:06:12", "2026-03-30T17:00", 50, "attended"),
        ("8902", "2026-03-30T17:58:02", "2026-04-13T17:00", 50, "attended"),
        ("8921", "2026-04-13T17:56:47", "2026-04-27T17:00", 50, "attended"),
        ("8940", "2026-04-27T17:55:20", "2026-05-11T17:00", 50, "attended"),
        ("8977", "2026-05-11T17:57:33", "2026-06-08T17:00", 50, "attended"),
    )
    visits: list[Booking] = []
    for number, made, start, minutes, status in told:
        begins = datetime.fromisoformat(start)
        ends = begins + timedelta(minutes=minutes)
        reason = "" if visits else course.reason
        booked = datetime.fromisoformat(made)
        visits.append(Booking(course, booked, begins, ends, status, reason=reason, number=number))
    return visits
