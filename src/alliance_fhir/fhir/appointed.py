"""What differs between Appointments of one shape, or between referrals of one: as it is, as marks
in a template, and as what is filled in there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, Self

import orjson

from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.fhir import template
from alliance_fhir.fhir.canonical import is_like_a_time


class Facts(NamedTuple):
    """Of an Appointment, or of a ServiceRequest: the business key of its record, its own number,
    whose it is, and the other person in it. `notice` is when it was called off; `minutes` 0 where
    that is no whole number; `referred` the key of the referral; `moved` are the starts before, and
    `missed` those of them that were missed; all else is as a visit has it."""

    key: str
    number: Identifier | None
    patient: Identifier
    practitioner: Identifier | None
    start: Moment | None = None
    end: Moment | None = None
    notice: Moment | None = None
    minutes: int | str = 0
    referred: str = ""
    moved: tuple[Moment, ...] = ()
    missed: tuple[Moment, ...] = ()
    others: tuple[Identifier, ...] = ()
    placer: Identifier | None = None
    service: str | None = None
    service_code: Identifier | None = None
    reason: str | None = None
    reason_code: Identifier | None = None
    appointment_type: str | None = None
    appointment_type_code: Identifier | None = None
    event_reason: str | None = None
    event_reason_code: Identifier | None = None
    status_code: Identifier | None = None
    location: str | None = None

    def marked(self) -> Self:
        """The same with marks for all that is there."""
        marks = (told and mark for told, mark in zip(self, _MARKS, strict=True))
        marked = type(self)(*marks)  # pyright: ignore[reportArgumentType]
        return marked._replace(moved=template.MOVED[: len(self.moved)])

    def values(self) -> dict[str, bytes] | None:
        """What to fill in; None where a text counts as an instant, and thus is not the same in the
        canonical form, and where there are more starts than marks for them, or what few have."""
        if len(self.moved) > len(template.MOVED) or self.missed or self.others:
            return None
        values = {
            "key": self.key.encode(),
            "minutes": str(self.minutes).encode(),
            "referred": self.referred.encode(),
        }
        for told, how in zip(self, _NAMED, strict=True):
            if not told or how is None:
                continue
            one, other, made = how
            found = made(told)
            if found is None:
                return None
            values[one], values[other] = found
        if self.moved:
            values |= self._starts_before()
        return values

    def _starts_before(self) -> dict[str, bytes]:
        values: dict[str, bytes] = {}
        # in the canonical form extensions of one URL are sorted
        in_utc = sorted(one.utc for one in self.moved)
        for number, (when, utc) in enumerate(zip(self.moved, in_utc, strict=True)):
            values[f"moved_{number}"] = when.text.encode()
            values[f"moved_{number}_utc"] = utc.encode()
        return values


_REMEMBERED = 20_000
"""People and words that are kept ready as JSON: those of a clinic, not of a country."""
_Both = tuple[bytes, bytes]


def _quoted(text: str) -> bytes | None:
    """A text as JSON; None where it counts as an instant."""
    return None if is_like_a_time(text) else orjson.dumps(text)


def _text(told: str) -> _Both | None:
    found = _quoted(told)
    return None if found is None else (found, found)


def _identifier(who: Identifier) -> _Both | None:
    """System and value likewise."""
    system, value = _quoted(who.system), _quoted(who.value)
    return None if system is None or value is None else (system, value)


def _time(when: Moment) -> _Both:
    return when.text.encode(), when.utc.encode()


_text_again = lru_cache(maxsize=_REMEMBERED)(_text)
_again = lru_cache(maxsize=_REMEMBERED)(_identifier)
"""The same for what comes again and again."""
_HOW: dict[str, tuple[str, str, Callable[..., _Both | None]]] = {
    "number": ("number_system", "number", _identifier),
    "placer": ("placer_system", "placer", _identifier),
    "patient": ("patient_system", "patient", _again),
    "practitioner": ("practitioner_system", "practitioner", _again),
    "reason": ("reason", "reason", _text),
    **{name: (name, f"{name}_utc", _time) for name in ("start", "end", "notice")},
    **{
        name: (name, name, _text_again)
        for name in ("service", "appointment_type", "event_reason", "location")
    },
    **{name: (f"{name}_system", name, _again) for name in Facts._fields if name.endswith("_code")},
}
_NAMED = tuple(map(_HOW.get, Facts._fields))
"""For each of the facts the names of what is filled in for it, and how both are made."""
_MARKS = Facts(
    key=template.KEY,
    number=template.NUMBER,
    patient=template.PATIENT,
    practitioner=template.PRACTITIONER,
    start=template.START,
    end=template.END,
    notice=template.NOTICE,
    minutes=template.MINUTES,
    referred=template.REFERRED,
    moved=template.MOVED,
    placer=template.PLACER,
    service=template.SERVICE,
    service_code=template.SERVICE_CODE,
    reason=template.REASON,
    reason_code=template.REASON_CODE,
    appointment_type=template.APPOINTMENT_TYPE,
    appointment_type_code=template.APPOINTMENT_TYPE_CODE,
    event_reason=template.EVENT_REASON,
    event_reason_code=template.EVENT_REASON_CODE,
    status_code=template.STATUS_CODE,
    location=template.LOCATION,
)
