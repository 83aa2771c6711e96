"""A visit as a scheduling system knows it, in the clinic's words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, InstanceOf, model_validator

from alliance_fhir.domain.attendance import (
    ATTENDED,
    DAY,
    HAPPENED,
    Side,
    Status,
    Told,
    classify,
)
from alliance_fhir.domain.keys import record_key
from alliance_fhir.domain.receipt import RULES
from alliance_fhir.domain.records import FARTHEST, Identifier, Moment

Modality = Literal["in-person", "phone", "video"]
"""How patient and clinician meet."""


class Slip(NamedTuple):
    """What of a visit contradicts the rest of it, and the rule that it breaks."""

    field: Literal["start", "end", "called_off", "rescheduled_from"]
    rule: str


def slip(
    status: Status,
    start: Moment,
    end: Moment,
    called_off: Moment | None,
    rescheduled_from: Iterable[Moment] = (),
) -> Slip | None:
    """The first thing that cannot be so, if there is one."""
    if "T" not in start.text:
        return Slip("start", "not-a-time")
    if "T" not in end.text:
        return Slip("end", "not-a-time")
    if not start.comes_before(end):
        return Slip("end", "ends-before-start")
    if called_off and status in ATTENDED:
        return Slip("called_off", "attended-and-cancelled")
    if any("T" not in one.text for one in rescheduled_from):
        return Slip("rescheduled_from", "not-a-time")
    return None


def is_known_too_soon(status: Status, start: Moment, now: datetime) -> bool:
    """Whether the status tells what became of a visit on a day that has begun nowhere yet.

    `now` is a time with its offset. Clocks of sources are not ours: a day is all that is asked for.
    """
    return status in HAPPENED and start.day > _latest_day(now)


@lru_cache(maxsize=8)
def _latest_day(now: datetime) -> str:
    """The day that it is then where days begin first."""
    return (now.astimezone(UTC) + FARTHEST).date().isoformat()


def usual_end(start: Moment, lasts: timedelta) -> Moment:
    """When a visit ends that begins at this time and lasts as long as all do, by the clock of its
    own offset, whatever that of the place shows by then. Raises OverflowError."""
    return Moment.of(datetime.fromisoformat(start.text) + lasts)


def chain(starts: Iterable[Moment]) -> tuple[Moment, ...]:
    """The starts that an appointment had, in their order, without those that only say the one
    before again."""
    return tuple(next(same) for _, same in groupby(starts, attrgetter("utc")))


def natural_key(appointment: Identifier) -> tuple[str, ...]:
    """What makes a visit this visit: its appointment's number at whoever fills it."""
    return ("visit", *appointment)


def visit_key(appointment: Identifier, source: str, secret: bytes) -> str:
    """The business key of the visit of an appointment, as `source` tells of it."""
    return record_key(source, natural_key(appointment), secret)


Plain = tuple[Any, ...]


class Visit(BaseModel):
    """One appointment of one patient, as it stands now.

    `appointment` is its number at whoever fills it, in that system's numbering; `start` and `end`
    are times; `called_off` is when notice was given, a time or a day, `by` who gave it; `reason`
    and `service` are the source's own words; `referrer` sent the patient, by the order `referral`;
    `first` says what the source knows of whether it is the first visit to the service;
    `rescheduled_from` are the starts, times, that it had before it was moved, in their order.

    Raises pydantic.ValidationError, whose messages hold no values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    appointment: InstanceOf[Identifier]
    patient: InstanceOf[Identifier]
    clinician: InstanceOf[Identifier] | None = None
    start: InstanceOf[Moment]
    end: InstanceOf[Moment]
    status: Status
    called_off: InstanceOf[Moment] | None = None
    by: Side | None = None
    reason: str | None = None
    service: str | None = None
    modality: Modality | None = None
    referrer: InstanceOf[Identifier] | None = None
    referral: InstanceOf[Identifier] | None = None
    first: bool | None = None
    rescheduled_from: tuple[InstanceOf[Moment], ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        before = self.rescheduled_from
        if wrong := slip(self.status, self.start, self.end, self.called_off, before):
            raise ValueError(f"{wrong.field}: {RULES[wrong.rule]}")
        return self

    def plain(self) -> Plain:
        """All of it in texts and tuples of texts, for whoever keeps many: as `again` takes it."""
        values = map(self.__dict__.__getitem__, _MADE_BY)
        told = [tuple(one) if isinstance(one, tuple) else one for one in values]
        if before := self.rescheduled_from:
            told[_BEFORE] = tuple(map(tuple, before))
        return tuple(told)

    @classmethod
    def again(cls, plain: Plain) -> Self:
        """The same visit. It is not looked at once more: `plain` must be what a visit gave."""
        told = {
            name: made_by(one) if made_by and one else one
            for (name, made_by), one in zip(_MADE_BY.items(), plain, strict=True)
        }
        visit = cls.__new__(cls)
        visit.__setstate__({"__dict__": told, **_STATE})  # as pickle does
        return visit

    @property
    def natural_key(self) -> tuple[str, ...]:
        """What makes this visit this visit."""
        return natural_key(self.appointment)

    def attendance(self, window: timedelta = DAY) -> Told:
        """What became of it; notice given less than `window` before its start is late."""
        told = self.called_off
        notice = None if told is None else _when(told)
        return classify(
            self.status,
            datetime.fromisoformat(self.start.text),
            called_off=notice,
            by=self.by,
            window=window,
        )


def _moments(told: Iterable[Iterable[str]]) -> tuple[Moment, ...]:
    return tuple(map(Moment._make, told))


_MADE_BY: dict[str, Callable[[Any], Any] | None] = {
    **dict.fromkeys(Visit.model_fields),
    **dict.fromkeys(
        ("appointment", "patient", "clinician", "referrer", "referral"), Identifier._make
    ),
    **dict.fromkeys(("start", "end", "called_off"), Moment._make),
    "rescheduled_from": _moments,
}
"""What makes a field's value of what is plain, in the order of the fields."""
_BEFORE = [*_MADE_BY].index("rescheduled_from")
_STATE = {
    "__pydantic_fields_set__": {*_MADE_BY},
    "__pydantic_extra__": None,
    "__pydantic_private__": None,
}


def _when(moment: Moment) -> datetime | date:
    time = "T" in moment.text
    return datetime.fromisoformat(moment.text) if time else date.fromisoformat(moment.text)
