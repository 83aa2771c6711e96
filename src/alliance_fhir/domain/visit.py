"""A visit as a scheduling system knows it, in the clinic's words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, Literal, NamedTuple, Self, cast

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

    field: Literal["start", "end", "called_off", "rescheduled_from", "missed"]
    rule: str


def slip(
    status: Status,
    start: Moment,
    end: Moment,
    called_off: Moment | None,
    rescheduled_from: Collection[Moment] = (),
    missed: Iterable[Moment] = (),
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
    if any(one not in rescheduled_from for one in missed):
        return Slip("missed", "missed-and-not-moved")
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


def clinicians(
    attender: Identifier | None, others: Iterable[Identifier]
) -> tuple[Identifier | None, tuple[Identifier, ...]]:
    """Who is to see the patient, and who else is to be there, each once: where nobody is said to be
    the first of them, the first of the others is."""
    every = [*dict.fromkeys(filter(None, (attender, *others)))]
    return next(iter(every), None), tuple(every[1:])


def natural_key(appointment: Identifier) -> tuple[str, ...]:
    """What makes a visit this visit: its appointment's number at whoever fills it."""
    return ("visit", *appointment)


def visit_key(appointment: Identifier, source: str, secret: bytes) -> str:
    """The business key of the visit of an appointment, as `source` tells of it."""
    return record_key(source, natural_key(appointment), secret)


Plain = tuple[Any, ...]


class Visit(BaseModel):
    """One appointment of one patient, as it stands now.

    `appointment` is its number at whoever fills it, in that system's numbering, `placer` the one at
    whoever asked for it; `start` and `end` are times; `called_off` is when notice was given, a time
    or a day, `by` who gave it; `status_code` is the source's own code for how it stands, and
    `event_reason` why it stands so. `reason`, `service`, `appointment_type`, `event_reason` and
    `location` are the source's own words; a `..._code` is its code for them, with the system of
    that. `clinician` is who is to see the patient, `other_clinicians` who else is to be there;
    `referrer` sent the patient, by the order `referral`; `first` says what the source knows of
    whether it is the first visit to the service; `rescheduled_from` are the starts, times, that it
    had before it was moved, in their order, and `missed` those of them that were missed.

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
    missed: tuple[InstanceOf[Moment], ...] = ()
    placer: InstanceOf[Identifier] | None = None
    other_clinicians: tuple[InstanceOf[Identifier], ...] = ()
    location: str | None = None
    appointment_type: str | None = None
    appointment_type_code: InstanceOf[Identifier] | None = None
    service_code: InstanceOf[Identifier] | None = None
    reason_code: InstanceOf[Identifier] | None = None
    status_code: InstanceOf[Identifier] | None = None
    event_reason: str | None = None
    event_reason_code: InstanceOf[Identifier] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        starts = self.rescheduled_from, self.missed
        if wrong := slip(self.status, self.start, self.end, self.called_off, *starts):
            raise ValueError(f"{wrong.field}: {RULES[wrong.rule]}")
        return self

    def plain(self) -> Plain:
        """All of it in texts and tuples of texts, for whoever keeps many: as `again` takes it."""
        told = self.__dict__
        most = [*_MOST(told)]
        for place in _TUPLES:
            if one := most[place]:
                most[place] = tuple(one)
        rest = _REST(told)
        return (*most, [_plain(one) for one in rest] if any(rest) else None)

    @classmethod
    def again(cls, plain: Plain) -> Self:
        """The same visit. It is not looked at once more: `plain` must be what a visit gave."""
        *told, rest = plain
        told += rest or _NOTHING
        for place, make in _MADE if rest else _MADE_OF_MOST:
            if value := told[place]:
                told[place] = make(value)
        every = dict(zip(_FIELDS, told, strict=True))
        visit = cls.__new__(cls)
        visit.__setstate__({"__dict__": every, **_STATE})  # as pickle does
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


def _plain(told: Any) -> Any:
    if not isinstance(told, tuple):
        return told
    return tuple([_plain(one) for one in cast("tuple[Any, ...]", told)])


_Of = Callable[[Iterable[Any]], Any]


def _each(make: _Of) -> _Of:
    return lambda told: tuple([make(one) for one in told])


_FIELDS = tuple(Visit.model_fields)
_MANY = _FIELDS.index("rescheduled_from")
"""So many fields most visits have; of the others most have none."""
_MOST = cast("Callable[[Mapping[str, Any]], Plain]", itemgetter(*_FIELDS[:_MANY]))
_REST = cast("Callable[[Mapping[str, Any]], Plain]", itemgetter(*_FIELDS[_MANY:]))
_NOTHING = [Visit.model_fields[name].default for name in _FIELDS[_MANY:]]
_OF_TEXTS: dict[str, _Of] = {
    **dict.fromkeys(("start", "end", "called_off"), Moment._make),
    **dict.fromkeys(("appointment", "patient", "clinician"), Identifier._make),
    **dict.fromkeys(("referrer", "referral", "placer"), Identifier._make),
    **dict.fromkeys((one for one in _FIELDS if one.endswith("_code")), Identifier._make),
    **dict.fromkeys(("rescheduled_from", "missed"), _each(Moment._make)),
    "other_clinicians": _each(Identifier._make),
}
"""What of a visit is no text, and how it is made of texts."""
_MADE = [(_FIELDS.index(name), make) for name, make in _OF_TEXTS.items()]
_MADE_OF_MOST = [one for one in _MADE if one[0] < _MANY]
_TUPLES = [place for place, _ in _MADE_OF_MOST]
_STATE = {
    "__pydantic_fields_set__": {*Visit.model_fields},
    "__pydantic_extra__": None,
    "__pydantic_private__": None,
}
"""Of a visit that was made with all of its fields."""


def _when(moment: Moment) -> datetime | date:
    time = "T" in moment.text
    return datetime.fromisoformat(moment.text) if time else date.fromisoformat(moment.text)
