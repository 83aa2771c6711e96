"""One message read as what it says of one appointment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.domain.said import Said
from alliance_fhir.sources.hl7v2.charset import decoded
from alliance_fhir.sources.hl7v2.files import messages
from alliance_fhir.sources.hl7v2.ids import entity
from alliance_fhir.sources.hl7v2.lasting import lasting
from alliance_fhir.sources.hl7v2.message import Message, Segment, parted
from alliance_fhir.sources.hl7v2.reading import Reading
from alliance_fhir.sources.hl7v2.site import Site
from alliance_fhir.sources.hl7v2.slips import Slip, Unread
from alliance_fhir.sources.hl7v2.statuses import EVENTS, SLOTS
from alliance_fhir.sources.hl7v2.times import time_of

VERSIONS = ("2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1", "2.8.2")
PRODUCTION, OTHERS = "P", ("T", "D")
"""MSH-11.1 (table 0103) of systems in production, of training and of debugging."""

_SEQUENCE = re.compile(r"\d{1,18}", re.ASCII)
"""MSH-13 that is one; senders count neither so far, nor does Python read any number of digits."""


class Heard(NamedTuple):
    """What a message says, or else all slips that could be found in it.

    `number` counts the messages of a file from 1, and is 0 where the file as a whole is meant;
    `control` is the message's own number, and `appointment` that of what it is about, where they
    could be read; `line` is the one of the file in which it begins. `told` are its bytes,
    its segments parted by CR, and `digest` the SHA-256 of them with a CR at their end; both are
    empty where there are slips.
    """

    number: int
    said: Said | None
    slips: tuple[Slip, ...]
    control: str = ""
    appointment: Identifier | None = None
    line: int = 0
    digest: str = ""
    told: bytes = b""


class Sign(NamedTuple):
    """By what its sender knows a message: MSH-10, MSH-9.2, and MSH-3 and MSH-4 as `Said` has them.
    They are empty where the header cannot be read."""

    control: str = ""
    event: str = ""
    sender: str = ""


def heard(path: Path, site: Site) -> Iterator[Heard]:
    """The messages of a file, one at a time. Raises OSError."""
    with path.open("rb") as stream:
        for raw in messages(stream):
            if raw.slips:
                yield Heard(raw.number, None, raw.slips, line=raw.line)
            else:
                yield read(raw.data, site, raw.number, raw.line)


def digest_of(told: bytes) -> str:
    """The digest of a message, as `Heard` has it."""
    return sha256(told + b"\r").hexdigest()


def read(data: bytes, site: Site, number: int = 1, line: int = 0) -> Heard:
    """One message, whose segments end with CR."""
    try:
        message = parted(*decoded(data, site.encoding))
    except Unread as unread:
        return Heard(number, None, (unread.slip,), line=line)
    control = message.segments[0].text(10)
    if slip := _no_appointment(message, site):
        return Heard(number, None, (slip,), control, line=line)
    reading = Reading(message, site)
    made = reading.attempt(lambda: _made(reading))
    numbered = reading.attempt(lambda: _numbered(reading))
    said = _said(reading, made, numbered)
    appointment = numbered[0] if numbered else None
    slips = tuple(reading.slips)
    if slips:
        return Heard(number, None, slips, control, appointment, line)
    return Heard(number, said, slips, control, appointment, line, digest_of(data), data)


def sign_of(data: bytes, site: Site) -> Sign:
    """The sign of a message, of which nothing but the header is read."""
    try:
        header = parted(*decoded(data.partition(b"\r")[0], site.encoding)).segments[0]
    except Unread:  # the settings have changed since it was accepted
        return Sign()
    return Sign(header.text(10), header.text(9, 2), _sender(header))


def _sender(header: Segment) -> str:
    """Application and facility."""
    both = (header.first(3), header.first(4))
    return "|".join(one.text(1) or one.text(2) for one in both)


def _no_appointment(message: Message, site: Site) -> Slip | None:
    """Why it says nothing of one appointment, if it does not."""
    header = message.segments[0]
    event = header.text(9, 2)
    if header.text(12) not in VERSIONS:
        return Slip("MSH-12", "unknown-version")
    system = header.text(11).upper() or PRODUCTION  # some leave it out
    if system not in (PRODUCTION, *OTHERS):
        return Slip("MSH-11", "unknown-processing")
    if system != PRODUCTION and system not in site.processing:
        return Slip("MSH-11", "not-production")
    if header.text(9) != "SIU":
        return Slip("MSH-9.1", "not-scheduling")
    if event in SLOTS:
        return Slip("MSH-9.2", "slot-without-appointment")
    if event not in EVENTS:
        return Slip("MSH-9.2", "unknown-event")
    number = len(message.all("SCH"))
    if number != 1:
        return Slip("SCH", "several-appointments" if number else "no-appointment")
    return None


def _said(
    reading: Reading, made: Moment | None, numbered: tuple[Identifier, bool] | None
) -> Said | None:
    header = reading.header
    if not header.text(10):
        reading.slips.append(Slip("MSH-10", "message-not-numbered"))
    of_it: dict[str, Any] = lasting(reading)
    if not made or not numbered:
        return None
    appointment, number_of_asker = numbered
    sequence = header.text(13)
    return Said(
        sender=_sender(header),
        control=header.text(10),
        made=made,
        trigger=reading.event,
        appointment=appointment,
        number_of_asker=number_of_asker,
        sequence=int(sequence) if _SEQUENCE.fullmatch(sequence) else None,
        **of_it,
        emptied=tuple(sorted(reading.emptied)),
    )


def _made(reading: Reading) -> Moment:
    told = reading.header.text(7)
    if not told:
        raise Unread("MSH-7", "missing-time")
    return time_of("MSH-7", told, reading.site.zone)


def _numbered(reading: Reading) -> tuple[Identifier, bool]:
    """Its number, and whether that is the placer's, for want of the filler's.

    An occurrence of an appointment that repeats is one by itself: SCH-3 tells it from the others.
    """
    sch, site = reading.sch, reading.site
    for field in (2, 1):
        told = sch.first(field)
        if found := entity(f"SCH-{field}", told, site.appointment_system, site):
            occurrence = sch.text(3).lstrip("0")
            value = f"{found.value}/{occurrence}" if occurrence else found.value
            return found._replace(value=value), field == 1
    raise Unread("SCH-2", "appointment-not-numbered")
