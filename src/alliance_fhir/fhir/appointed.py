"""What differs between Appointments of one shape, or between referrals of one: as it is, as marks
in a template, and as what is filled in there.
"""

from __future__ import annotations

from collections.abc import Iterator
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
        values = {
            "key": self.key.encode(),
            "minutes": str(self.minutes).encode(),
            "referred": self.referred.encode(),
        }
        for name, text in self._texts():
            if is_like_a_time(text):
                return None
            values[name] = orjson.dumps(text)
        for name, when in (("start", self.start), ("end", self.end), ("notice", self.notice)):
            if when:
                values[name], values[f"{name}_utc"] = when.text.encode(), when.utc.encode()
        # in the canonical form extensions of one URL are sorted
        in_utc = sorted(one.utc for one in self.moved)
        for number, (when, utc) in enumerate(zip(self.moved, in_utc, strict=True)):
            values[f"moved_{number}"] = when.text.encode()
            values[f"moved_{number}_utc"] = utc.encode()
        return values

    def _texts(self) -> Iterator[tuple[str, str]]:
        yield "patient_system", self.patient.system
        yield "patient", self.patient.value
        if self.number:
            yield "number_system", self.number.system
            yield "number", self.number.value
        if self.practitioner:
            yield "practitioner_system", self.practitioner.system
            yield "practitioner", self.practitioner.value
        if self.service:
            yield "service", self.service
        if self.reason:
            yield "reason", self.reason


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
