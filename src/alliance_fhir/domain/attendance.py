"""What became of a visit, and whether it was a first or a follow-up visit. Pure.

A no-show is a visit that was offered, that the patient did not attend, and of which nobody was
given notice (Mitchell and Selmes, Psychiatr Serv 2007;58:868). Who calls it off, late or not, has
given notice; what the clinic calls off is nobody's absence; who comes late has come. The kinds
follow the English NHS's data item ATTENDED OR DID NOT ATTEND, which parts them in the same way.

First and follow-up visits are told apart because they are missed for different reasons (Stubbe
2018, doi 10.1176/appi.focus.20180022).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal, NamedTuple

from alliance_fhir.visit_words import Side, Status

DAY = timedelta(hours=24)
"""How long before its start calling a visit off counts as late, unless the site says otherwise."""

Attendance = Literal[
    "attended",
    "late-arrival",
    "no-show",
    "late-cancellation",
    "patient-cancellation",
    "provider-cancellation",
    "unknown",
]
"""What became of a visit."""

Rule = Literal[
    "was-seen",
    "arrived",
    "checked-in",
    "late-and-seen",
    "late-and-not-seen",
    "no-notice",
    "notice-after-start",
    "notice-in-window",
    "notice-in-time",
    "notice-at-unknown-time",
    "called-off-by-provider",
    "called-off-by-somebody",
    "still-open",
    "no-visit",
]
"""By which rule it is known; the reference says what each means."""

Visits = Literal["first", "follow-up", "unknown"]
"""Which visit to a service it is, of those that the patient has attended."""

Since = Literal["said", "attended-before", "none-attended", "history-too-short"]
"""By which rule that is known."""


class Told(NamedTuple):
    """What became of a visit, and by which rule."""

    kind: Attendance
    rule: Rule


NO_SHOW = Told("no-show", "no-notice")
"""Of a visit that was missed, and nobody was given notice."""


class Place(NamedTuple):
    """Whether a visit is a first or a follow-up one, and by which rule."""

    kind: Visits
    rule: Since


UNPLACED = Place("unknown", "history-too-short")
"""Where no history is known."""

_BY_STATUS: dict[Status, Told] = {
    "pending": Told("unknown", "still-open"),
    "waitlist": Told("unknown", "still-open"),
    "booked": Told("unknown", "still-open"),
    "arrived": Told("attended", "arrived"),
    "checked-in": Told("attended", "checked-in"),
    "attended": Told("attended", "was-seen"),
    "arrived-late": Told("late-arrival", "late-and-seen"),
    "too-late": Told("late-arrival", "late-and-not-seen"),
    "entered-in-error": Told("unknown", "no-visit"),
}
SEEN: frozenset[Rule] = frozenset({"was-seen", "arrived", "checked-in", "late-and-seen"})
"""The rules by which the patient was there and was seen."""

ATTENDED: frozenset[Status] = frozenset(s for s, told in _BY_STATUS.items() if told.rule in SEEN)
"""What a source says of a visit that the patient came to and was seen at."""

HAPPENED: frozenset[Status] = frozenset({*ATTENDED, "too-late", "no-show"})
"""What nobody can say of a visit before its time has come."""


def classify(
    status: Status,
    start: datetime,
    *,
    called_off: datetime | date | None = None,
    by: Side | None = None,
    window: timedelta = DAY,
) -> Told:
    """What became of a visit that was to begin at `start`, a time with its offset.

    `called_off` is when notice was given: a time with its offset or, where no more is known, a day,
    of which the earliest moment counts. `by` is who gave it, where that is known; within `window`
    before the start it is late. A no-show of the source's of which notice was given is a
    cancellation: some systems write both. Notice after the start is none ("no advance warning", as
    the NHS has it), unless it is the provider's, or nobody knows whose.
    """
    if told := _BY_STATUS.get(status):
        return told
    if by == "provider":
        return Told("provider-cancellation", "called-off-by-provider")
    if by is None and status == "cancelled":  # the clinic perhaps, and then it is nobody's absence
        return Told("unknown", "called-off-by-somebody")
    if called_off is None and status == "no-show":
        return NO_SHOW
    if called_off is None:
        return Told("patient-cancellation", "notice-at-unknown-time")
    # in UTC: two times of one zone are else subtracted as clocks show them, across a clock change
    notice = start.astimezone(UTC) - _earliest(called_off, start.tzinfo).astimezone(UTC)
    if notice <= timedelta():
        return Told("no-show", "notice-after-start")
    if notice < window:
        return Told("late-cancellation", "notice-in-window")
    return Told("patient-cancellation", "notice-in-time")


def _earliest(when: datetime | date, zone: tzinfo | None) -> datetime:
    return when if isinstance(when, datetime) else datetime.combine(when, time(), zone)


def place(
    start: datetime,
    seen: Iterable[datetime],
    *,
    said: bool | None = None,
    complete_from: date | None = None,
    look_back_days: int = 365,
) -> Place:
    """Whether a visit is the patient's first to a service or a follow-up one.

    `seen` are the starts of the visits to that service at which the patient was seen, in any order,
    this one perhaps among them; `said` is what the source says of it, if it does. Attended, not
    merely booked: who missed the first is still to come for the first. Where none was attended
    before, that is known only if data are complete, from the day `complete_from` on, for at least
    `look_back_days` before this one.
    """
    if said is not None:
        return Place("first" if said else "follow-up", "said")
    # in UTC: in the hour that comes twice, a clock does not tell which is first
    begins = start.astimezone(UTC)
    if any(one.astimezone(UTC) < begins for one in seen):
        return Place("follow-up", "attended-before")
    if complete_from and (start.date() - complete_from).days >= look_back_days:
        return Place("first", "none-attended")
    return Place("unknown", "history-too-short")
