"""What a message says of an appointment, in whatever format it came. Pure."""

from __future__ import annotations

from typing import NamedTuple

from alliance_fhir.domain.attendance import Side, Status
from alliance_fhir.domain.records import Identifier, Moment


class Coded(NamedTuple):
    """A code as the source gave it, its words, and the system that it is of; empty where nobody
    knows one, or no code."""

    code: str
    text: str = ""
    system: str = ""

    @property
    def words(self) -> str:
        """What a person reads."""
        return self.text or self.code

    @property
    def coding(self) -> Identifier | None:
        """System and code."""
        return Identifier(self.system, self.code) if self.system else None


class Said(NamedTuple):
    """What one message says of one appointment; None is where it says nothing.

    `sender`, `control` and `made` are of the message: who sent it, under which number, and when it
    was made, a time; `sequence` tells apart those of one moment; `trigger` is what it is about.
    `number_of_asker` is true where the number of the appointment is not of whoever fills it, who
    gave none, but of whoever asked for it; `placer` is that one's number beside the filler's.
    `status_code` is the source's own code for `status`, `event_reason` why that happened which the
    message is about; `by` who called it off. `other_clinicians` are those beside the clinician, at
    least one, in their order.
    `taken_off` are clinicians who are to be there no more, in their order.
    `emptied` names the fields, sorted, of which it says that there is nothing any more.
    """

    sender: str
    control: str
    made: Moment
    trigger: str
    appointment: Identifier
    sequence: int | None = None
    number_of_asker: bool = False
    patient: Identifier | None = None
    clinician: Identifier | None = None
    start: Moment | None = None
    end: Moment | None = None
    status: Status | None = None
    status_code: Identifier | None = None
    by: Side | None = None
    first: bool | None = None
    event_reason: Coded | None = None
    reason: Coded | None = None
    appointment_type: Coded | None = None
    service: Coded | None = None
    location: str | None = None
    referrer: Identifier | None = None
    referral: Identifier | None = None
    placer: Identifier | None = None
    other_clinicians: tuple[Identifier, ...] | None = None
    taken_off: tuple[Identifier, ...] = ()
    emptied: tuple[str, ...] = ()


class MessageId(NamedTuple):
    """Which message it was: its number at its sender, the SHA-256 of its bytes, whose segments end
    with CR, in hexadecimal, and when it was made."""

    control: str
    sender: str
    digest: str
    made: Moment


class Sent(NamedTuple):
    """What a message says, and the digest of its bytes as `MessageId` has it."""

    said: Said
    digest: str

    @property
    def id(self) -> MessageId:
        """Which message it was."""
        return MessageId(self.said.control, self.said.sender, self.digest, self.said.made)


LASTING = (
    *("patient", "clinician", "other_clinicians", "first", "reason", "appointment_type"),
    *("service", "location", "referrer", "referral", "placer"),
)
"""What stays said until another message says something else of it, each by itself."""
