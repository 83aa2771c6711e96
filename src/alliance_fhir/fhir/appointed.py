"""What differs between Appointments of one shape, or between referrals of one: as it is, as marks
in a template, and as what is filled in there.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, Self

import orjson

from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.fhir import template
from alliance_fhir.fhir.canonical import is_like_a_time


class Facts(NamedTuple):
    """Of an Appointment, or of a ServiceRequest: the business key of its record, its own number,
    whose it is, and the other person in it. `notice` is when it was called off; `minutes` 0 where
    that is no whole number; `referred` the key of the referral; `moved` are the starts before."""

    key: str
    number: Identifier | None
    patient: Identifier
    practitioner: Identifier | None
    start: Moment | None = None
    end: Moment | None = None
    notice: Moment | None = None
    service: str | None = None
    reason: str | None = None
    minutes: int | str = 0
    referred: str = ""
    moved: tuple[Moment, ...] = ()

    def marked(self) -> Self:
        """The same with marks for all that is there."""
        marks = (told and mark for told, mark in zip(self, _MARKS, strict=True))
        marked = type(self)(*marks)  # pyright: ignore[reportArgumentType]
        return marked._replace(moved=template.MOVED[: len(self.moved)])

    def values(self) -> dict[str, bytes] | None:
        """What to fill in; None where a text counts as an instant, and thus is not the same in the
        canonical form, and where there are more starts than marks for them."""
        if len(self.moved) > len(template.MOVED):
            return None
        patient, practitioner = _again(self.patient), _again(self.practitioner)
        number = _written(self.number)
        service, reason = _quoted(self.service), _quoted(self.reason)
        if not (patient and practitioner and number) or service is None or reason is None:
            return None
        values = {
            "key": self.key.encode(),
            "minutes": str(self.minutes).encode(),
            "referred": self.referred.encode(),
            "patient_system": patient[0],
            "patient": patient[1],
            "practitioner_system": practitioner[0],
            "practitioner": practitioner[1],
            "number_system": number[0],
            "number": number[1],
            "service": service,
            "reason": reason,
        }
        for name, in_utc, when in zip(*_TIMES, (self.start, self.end, self.notice), strict=True):
            if when:
                values[name], values[in_utc] = when.text.encode(), when.utc.encode()
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


_TIMES = ("start", "end", "notice"), ("start_utc", "end_utc", "notice_utc")
_REMEMBERED = 20_000
"""People who are kept ready as JSON: those of a clinic, not of a country."""


def _quoted(text: str | None) -> bytes | None:
    """A text as JSON, empty where there is none; None where it counts as an instant."""
    if not text:
        return b""
    return None if is_like_a_time(text) else orjson.dumps(text)


def _written(who: Identifier | None) -> tuple[bytes, bytes] | None:
    """System and value likewise."""
    if not who:
        return b"", b""
    system, value = _quoted(who.system), _quoted(who.value)
    return None if system is None or value is None else (system, value)


_again = lru_cache(maxsize=_REMEMBERED)(_written)
"""The same for who comes again and again."""

_MARKS = Facts(
    template.KEY,
    template.NUMBER,
    template.PATIENT,
    template.PRACTITIONER,
    template.START,
    template.END,
    template.NOTICE,
    template.SERVICE,
    template.REASON,
    template.MINUTES,
    template.REFERRED,
    template.MOVED,
)
