"""Who came and who stayed away: no-shows by group, and drop-out over a year. Pure.

The no-show rate is no-shows over the visits that count: those that were offered and whose time has
come, as the patient came, in time or late, or did not come without notice. That is how the English
NHS counts: "did not attend" over these and attendances together, those alone who gave no advance
warning (form KH09; House of Commons, written answer of 26 April 2002, column 518W). So what anybody
called off, late or not, is in neither number, nor is what nobody knows the end of. Who came too
late to be seen has come: it counts as a visit, and as no no-show.

Drop-out has no definition that all share; ours is in `drop_out`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Literal, NamedTuple, TypeVar

from alliance_fhir.domain.attendance import SEEN, Attendance, Told, Visits
from alliance_fhir.domain.masking import Cell, hidden

COUNTING: tuple[Attendance, ...] = ("attended", "late-arrival", "no-show")
"""What became of a visit that counts."""
Stratifier = Literal["first-or-follow-up", "service", "referrer", "clinician", "month"]
"""By what visits are grouped."""
STRATIFIERS: tuple[Stratifier, ...] = (
    *("first-or-follow-up", "service", "referrer", "clinician", "month"),
)
YEAR = timedelta(days=365)
AROUND = timedelta(days=90)
"""Who is seen so near to the day on which the year is over is still in care."""


class Appointed(NamedTuple):
    """A visit: whose, on which day where it was, what became of it, and what it is grouped by.

    A patient is a number; what the source does not say is empty.
    """

    patient: int
    day: date
    told: Told
    place: Visits
    service: str = ""
    referrer: str = ""
    clinician: str = ""

    def group(self, by: Stratifier) -> str:
        """The name of the group that it is in."""
        match by:
            case "first-or-follow-up":
                return self.place
            case "month":
                return self.day.isoformat()[:7]
            case "service":
                return self.service
            case "referrer":
                return self.referrer
            case "clinician":
                return self.clinician


class Count(NamedTuple):
    """Some of so many, and of how many patients; of drop-out, patients are what is counted."""

    some: int
    of: int
    patients: int


class Period(NamedTuple):
    """From one day to another, both of them in it."""

    since: date
    until: date

    def has(self, day: date) -> bool:
        """Whether a day is in it."""
        return self.since <= day <= self.until


class Engagement(NamedTuple):
    """What visits tell of a period. None stands for a group that is not shown.

    `groups` are by their names, in order. `left_out` counts visits that do not count, by what
    became of them.
    """

    period: Period
    no_shows: Count | None
    groups: Mapping[Stratifier, Mapping[str, Count | None]]
    left_out: Mapping[Attendance, Count | None]
    drop_out: Count | None


class _Group:
    """A group while it is counted."""

    def __init__(self) -> None:
        self.missed = 0
        self.visits = 0
        self.patients: set[int] = set()

    def add(self, visit: Appointed) -> None:
        self.missed += visit.told.kind == "no-show"
        self.visits += 1
        self.patients.add(visit.patient)

    @property
    def cell(self) -> Cell:
        return Cell(self.missed, self.visits, self.patients)


def period_of(
    visits: Iterable[Appointed], since: date | None = None, until: date | None = None
) -> Period | None:
    """The period that is asked for; where an end is not, from the first or to the last visit that
    counts. None where nothing counts, and an end is not asked for."""
    days = [visit.day for visit in visits if visit.told.kind in COUNTING]
    if not days and (since is None or until is None):
        return None
    return Period(since or min(days), until or max(days))


def engagement(visits: Sequence[Appointed], period: Period, smallest: int) -> Engagement:
    """What became of the visits of a period, by groups; fewer than `smallest` patients are no group
    that is shown, nor can it be told from those that are.

    `visits` may be earlier or later than the period: these count for drop-out alone, and the later
    ones not even there.
    """
    total = _Group()
    groups: dict[Stratifier, dict[str, _Group]] = {by: {} for by in STRATIFIERS}
    left_out: dict[Attendance, _Group] = {}
    for visit in visits:
        if not period.has(visit.day):
            continue
        if visit.told.kind not in COUNTING:
            if visit.told.rule != "no-visit":
                left_out.setdefault(visit.told.kind, _Group()).add(visit)
            continue
        total.add(visit)
        for by, of in groups.items():
            of.setdefault(visit.group(by), _Group()).add(visit)
    return Engagement(
        period,
        _shown(total, smallest),
        {by: _table(of, smallest) for by, of in groups.items()},
        _table(left_out, smallest),
        _of_patients(drop_out(visits, period), smallest),
    )


_Name = TypeVar("_Name", bound=str)


def _table(groups: Mapping[_Name, _Group], smallest: int) -> dict[_Name, Count | None]:
    cells: dict[str, Cell] = {name: group.cell for name, group in groups.items()}
    not_shown = hidden(cells, smallest)
    return {
        name: None if name in not_shown else _count(groups[name])
        for name in sorted(groups, key=lambda name: (not name, name))
    }


def _count(group: _Group) -> Count:
    return Count(group.missed, group.visits, len(group.patients))


def _shown(group: _Group, smallest: int) -> Count | None:
    """A group that stands by itself; one of nobody tells nothing of anybody."""
    return None if 0 < len(group.patients) < smallest else _count(group)


def _of_patients(count: Count, smallest: int) -> Count | None:
    return None if 0 < count.patients < smallest else count


def drop_out(visits: Iterable[Appointed], period: Period) -> Count:
    """How many of those who came left within a year.

    Of the patients whose first attended visit that is known lies in the period, and a year and 90
    days before its end or earlier: those who attended no visit in the 90 days before the year was
    over, nor in the 90 days after it. A year is 365 days. Attended is a visit at which the patient
    was seen, to whatever service; one that was booked is none that was attended. That care came to
    its planned end is not known from visits: who was well and did not come again has left, too.
    """
    days: dict[int, list[date]] = {}
    for visit in visits:
        if visit.told.rule in SEEN and visit.day <= period.until:
            days.setdefault(visit.patient, []).append(visit.day)
    left: Counter[bool] = Counter()
    for attended in days.values():
        over = min(attended) + YEAR
        if min(attended) >= period.since and over + AROUND <= period.until:
            left[all(abs(day - over) > AROUND for day in attended)] += 1
    return Count(left[True], left.total(), left.total())
