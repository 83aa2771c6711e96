"""A visit as a scheduling system knows it, in the clinic's words. Pure."""

from __future__ import annotations

from collections.abc import Iterable
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
        return (
            tuple(self.appointment),
            tuple(self.patient),
            self.clinician and tuple(self.clinician),
            tuple(self.start),
            tuple(self.end),
            self.status,
            self.called_off and tuple(self.called_off),
            self.by,
            self.reason,
            self.service,
            self.modality,
            self.referrer and tuple(self.referrer),
            self.referral and tuple(self.referral),
            self.first,
            tuple([tuple(one) for one in self.rescheduled_from]),
        )

    @classmethod
    def again(cls, plain: Plain) -> Self:
        """The same visit. It is not looked at once more: `plain` must be what a visit gave."""
        appointment, patient, clinician, start, end, status, called_off, by, *others = plain
        reason, service, modality, referrer, referral, first, before = others
        told = {
            "appointment": Identifier(*appointment),
            "patient": Identifier(*patient),
            "clinician": clinician and Identifier(*clinician),
            "start": Moment(*start),
            "end": Moment(*end),
            "status": status,
            "called_off": called_off and Moment(*called_off),
            "by": by,
            "reason": reason,
            "service": service,
            "modality": modality,
            "referrer": referrer and Identifier(*referrer),
            "referral": referral and Identifier(*referral),
            "first": first,
            "rescheduled_from": tuple([Moment(*one) for one in before]),
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


_STATE = {
    "__pydantic_fields_set__": {*Visit.model_fields},
    "__pydantic_extra__": None,
    "__pydantic_private__": None,
}
"""Of a visit that was made with all of its fields."""


def _when(moment: Moment) -> datetime | date:
    time = "T" in moment.text
    return datetime.fromisoformat(moment.text) if time else date.fromisoformat(moment.text)
