"""A visit as a scheduling system knows it, in the clinic's words. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, InstanceOf, model_validator

from alliance_fhir.domain.attendance import DAY, Side, Status, Told, classify
from alliance_fhir.domain.records import Identifier, Moment

Modality = Literal["in-person", "phone", "video"]
"""How patient and clinician meet."""


class Visit(BaseModel):
    """One appointment of one patient, as it stands now.

    `appointment` is its number at whoever fills it, in that system's numbering; `start` and `end`
    are times; `called_off` is when notice was given, a time or a day, `by` who gave it; `reason`
    and `service` are the source's own words; `referrer` sent the patient, by the order `referral`;
    `first` says what the source knows of whether it is the first visit to the service.

    Raises pydantic.ValidationError, whose messages hold no values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    appointment: InstanceOf[Identifier]
    patient: InstanceOf[Identifier]
    clinician: InstanceOf[Identifier] | None = None
    start: InstanceOf[Moment]
    end: InstanceOf[Moment] | None = None
    status: Status
    called_off: InstanceOf[Moment] | None = None
    by: Side | None = None
    reason: str | None = None
    service: str | None = None
    modality: Modality | None = None
    referrer: InstanceOf[Identifier] | None = None
    referral: InstanceOf[Identifier] | None = None
    first: bool | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if "T" not in self.start.text or (self.end and "T" not in self.end.text):
            raise ValueError("a visit begins and ends at a time, and not on a day alone")
        if self.end and not self.start.comes_before(self.end):
            raise ValueError("a visit ends after it begins")
        return self

    @property
    def natural_key(self) -> tuple[str, ...]:
        """What makes this visit this visit."""
        return ("visit", *self.appointment)

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


def _when(moment: Moment) -> datetime | date:
    time = "T" in moment.text
    return datetime.fromisoformat(moment.text) if time else date.fromisoformat(moment.text)
