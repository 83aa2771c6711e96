"""What a source tells us, checked: one record an event, in the clinic's words.

Assessments are here, shared plans in `alliance_fhir.domain.plan`, visits in
`alliance_fhir.domain.visit`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import cache, lru_cache
from typing import Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, model_validator

from alliance_fhir.domain.instrument import Perspective

Mode = Literal["electronic", "paper", "face-to-face", "phone", "video", "verbal"]
"""How the answers were given."""


class Identifier(NamedTuple):
    """A business identifier: who or what, in whose numbering."""

    system: str
    value: str


class Origin(NamedTuple):
    """Where a record stands: the file's name as given, and the row, the header being row 1; of a
    message the line, in a document too, and those of the keys that name people or what others
    keep, by their paths."""

    path: str
    row: int
    keys: tuple[tuple[str, int], ...] = ()

    def row_of(self, key: str) -> int:
        """The line of a key; of the record where that is not known."""
        return dict(self.keys).get(key, self.row)


FARTHEST = timedelta(hours=14)
"""How far from UTC a place can be, and the most that FHIR can write."""


class Moment(NamedTuple):
    """A point in time, or a day.

    `text` is as FHIR writes it, with the offset of the source; `utc` the same instant in UTC, and
    for a day the day itself. Two moments are one and the same where their `utc` is.
    """

    text: str
    utc: str

    @classmethod
    def of(cls, when: datetime | date) -> Self:
        """From a datetime with an offset, or from a date. Raises ValueError without an offset."""
        if not isinstance(when, datetime):
            return cls(when.isoformat(), when.isoformat())
        offset = when.utcoffset()
        if offset is None:
            raise ValueError("a time needs an offset from UTC")
        # without a zone both are written in half the time
        clock, suffix = datetime.combine(when.date(), when.time()), _suffix(offset)
        return cls(f"{clock.isoformat()}{suffix}", f"{(clock - offset).isoformat()}Z")

    @property
    def day(self) -> str:
        """The day, where it was: that of the source's own offset."""
        return self.text[:10]

    def comes_before(self, other: Moment) -> bool:
        """Whether it was earlier; where one of them is a day, whether it was on an earlier one."""
        if "T" in self.utc and "T" in other.utc:
            return self.utc.removesuffix("Z") < other.utc.removesuffix("Z")
        return self.day < other.day


def in_utc(when: datetime, to: Literal["auto", "milliseconds", "seconds"] = "auto") -> str:
    """A time with an offset, in UTC as FHIR writes it: `to` whole seconds or milliseconds, or as it
    is. Raises OverflowError before the year 1 and after 9999."""
    return when.astimezone(UTC).isoformat(timespec=to).replace("+00:00", "Z")


def now(to: Literal["milliseconds", "seconds"] = "seconds") -> str:
    """This moment, likewise."""
    return in_utc(datetime.now(UTC), to)


@lru_cache(maxsize=256)
def _suffix(offset: timedelta) -> str:
    """How FHIR writes an offset. Raises ValueError where it cannot."""
    if offset.seconds % 60 or abs(offset) > FARTHEST:
        raise ValueError("FHIR has offsets in whole minutes, up to 14 hours")
    return datetime.min.replace(tzinfo=timezone(offset)).isoformat()[19:] if offset else "Z"


class ClockChange(ValueError):
    """A local time that a clock change makes ambiguous, or that it leaves out."""


class NoZone(ValueError):
    """A time without an offset where no zone is set."""


_WITH_HOUR = {"H", "I", "X", "c"}
"""The directives of `strptime` that give a time of day."""
_ANY_DAY = "2000-01-02"
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*", re.ASCII)


def latest_day() -> str:
    """The day, as in ISO 8601, that it is now where it is latest: 14 hours ahead of UTC."""
    return (datetime.now(UTC) + timedelta(hours=14)).date().isoformat()


def parse_moment(text: str, zone: tzinfo | None, pattern: str | None = None) -> Moment:
    """ISO 8601, or a site's own `strptime` pattern; a time without offset takes `zone`.

    Raises NoZone, ClockChange, or ValueError where the text is no date at all.
    """
    if pattern and (when := _by_pattern(text, pattern)):
        if not _WITH_HOUR & {*re.findall("%(.)", pattern)}:
            return Moment.of(when.date())
    elif pattern and (when := _by_pattern(text, _of_day(pattern))):
        return Moment.of(when.date())
    elif _DAY.fullmatch(text):
        return Moment.of(date.fromisoformat(text))
    elif not _TIME.fullmatch(text):
        raise ValueError("not a date of ISO 8601")
    elif known := _with_offset(text[11:]):
        return Moment(
            f"{_moved(text[:10], 0)}{known.text}", f"{_moved(text[:10], known.days)}{known.utc}"
        )
    else:
        when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        when = in_zone(when, zone)
    return Moment.of(when)


class _Clock(NamedTuple):
    """A time of day as FHIR writes it behind a day: with its offset, and in UTC, so many `days`
    later."""

    text: str
    utc: str
    days: int


@lru_cache(maxsize=4_000)
def _with_offset(clock: str) -> _Clock | None:
    """What a time of day in ISO 8601 is in UTC: appointments begin at few of them, and to look one
    up takes a fifth of reading it. None where it has no offset. Raises ValueError."""
    when = datetime.fromisoformat(f"{_ANY_DAY}T{clock}")
    if when.tzinfo is None:
        return None
    text, utc = Moment.of(when)
    days = date.fromisoformat(utc[:10]) - date.fromisoformat(_ANY_DAY)
    return _Clock(text[10:], utc[10:], days.days)


@lru_cache(maxsize=4_000)
def _moved(day: str, days: int) -> str:
    """The day so many days later. Raises ValueError and OverflowError."""
    return (date.fromisoformat(day) + timedelta(days)).isoformat()


def _by_pattern(text: str, pattern: str) -> datetime | None:
    """None where there is no pattern, or it does not fit: a spreadsheet's own dates are ISO 8601
    all the same."""
    try:
        return datetime.strptime(text, pattern) if pattern else None
    except ValueError:
        return None


@cache
def _of_day(pattern: str) -> str:
    """What stands before the hour in a pattern, if it is a day by itself; else no pattern."""
    hour = next((one.start() for one in re.finditer("%(.)", pattern) if one[1] in _WITH_HOUR), 0)
    head, when = pattern[:hour].rstrip(" ,;T"), datetime(1987, 11, 23)
    read = _by_pattern(when.strftime(head), head)
    return head if read == when else ""


def in_zone(when: datetime, zone: tzinfo | None) -> datetime:
    """A local time put into its zone. Raises NoZone; ClockChange where there is no one answer."""
    if zone is None:
        raise NoZone("a time without offset, and no zone is set")
    early = when.replace(tzinfo=zone, fold=0)
    if early.utcoffset() != when.replace(tzinfo=zone, fold=1).utcoffset():
        raise ClockChange("ambiguous or left out by a clock change")
    return early


Answer = str | Decimal
"""An answer as the instrument codes it: a code of its scale, or an exact number."""


class Assessment(BaseModel):
    """One questionnaire, answered once by one rater, or its scores alone.

    `instrument` is a catalog id; `rater` whose view it is; `clinician` the one whose relationship
    with the patient is rated; `rater_id` who answered, where that is neither patient nor clinician.
    `answers` holds one entry an item, None where not answered, and is empty where the source has
    scores only; `imported` then holds these scores, by their ids. `session` counts from 1.

    Raises pydantic.ValidationError, whose messages hold no values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    patient: InstanceOf[Identifier]
    clinician: InstanceOf[Identifier] | None = None
    instrument: str
    rater: Perspective
    rater_id: InstanceOf[Identifier] | None = None
    completed_at: InstanceOf[Moment]
    session: int | None = Field(default=None, ge=1, le=100_000)
    appointment: InstanceOf[Identifier] | None = None
    language: str | None = None
    mode: Mode | None = None
    record_id: str | None = None
    answers: tuple[Answer | None, ...] = ()
    imported: dict[str, Decimal] = {}

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.answers and not self.imported:
            raise ValueError("neither answers nor scores")
        return self

    @property
    def answered_by(self) -> Identifier | None:
        """Who answered, where that is known."""
        if self.rater_id is not None:
            return self.rater_id
        return {"patient": self.patient, "therapist": self.clinician}.get(self.rater)

    @property
    def natural_key(self) -> tuple[str, ...]:
        """What makes this record this record."""
        return natural_key(
            self.patient,
            self.clinician,
            self.instrument,
            self.language,
            self.rater,
            self.rater_id,
            self.completed_at,
            self.session,
            self.record_id,
        )


def by_record_id(record_id: str) -> tuple[str, ...]:
    """The natural key of a record to which the source has given an id."""
    return ("record", record_id)


_NOBODY = ("", "")


def natural_key(
    patient: Identifier,
    clinician: Identifier | None,
    instrument: str,
    language: str | None,
    rater: str,
    rater_id: Identifier | None,
    completed_at: Moment,
    session: int | None,
    record_id: str | None,
) -> tuple[str, ...]:
    """The source's own id of a record, or else who, about whom, with what, and when."""
    if record_id:
        return by_record_id(record_id)
    return (
        "assessment",
        *patient,
        *(clinician or _NOBODY),
        instrument,
        language or "",
        rater,
        *(rater_id or _NOBODY),
        completed_at.utc,
        str(session or ""),
    )
