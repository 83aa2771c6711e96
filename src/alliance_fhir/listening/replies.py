"""Acknowledgements. Pure.

An acknowledgement says to whoever sent a message whether it may forget it (HL7 v2 chapter 2,
"Message acknowledgment"). By the original mode that is AA, AE or AR; whoever fills in MSH-15 wants
to hear CA, CE or CR, and may want to hear it in some cases only (table 0155).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal, NamedTuple

from alliance_fhir.sources.hl7v2.message import marks_of
from alliance_fhir.sources.hl7v2.slips import Slip, Unread

Verdict = Literal["A", "E", "R"]
"""Accepted; an error in what it says; rejected for its header, or for a reason of our own."""

_HEADER = (2, 3, 4, 5, 8, 9, 10, 11, 14, 15, 17)
_LONGEST = 199
"""Bytes of a field that are given back: no sender's control id is longer (MSH-10, v2.8)."""
_WANTED = {b"AL": "AER", b"ER": "ER", b"SU": "A", b"NE": ""}
"""Table 0155: of which verdicts somebody wants to hear."""
_CONDITION = ((b"2.3", 100), (b"2.4", 250))
"""The characters of MSA-6, Error Condition, by version, those of 2.3.1 with 2.3: there is none
before, and ERR has it since. ERR-1 was there already, with 80 for place, code and text together."""
_SAYS = {"A": "AA", "E": "AE", "R": "AR"}
_SAYS_ENHANCED = {"A": "CA", "E": "CE", "R": "CR"}

# table 0357, by our rules; for all others "data type error"
_CONDITIONS = {
    "no-header": ("100", "Segment sequence error"),
    "several-headers": ("100", "Segment sequence error"),
    "no-appointment": ("100", "Segment sequence error"),
    "several-appointments": ("100", "Segment sequence error"),
    "missing-time": ("101", "Required field missing"),
    "message-not-numbered": ("101", "Required field missing"),
    "appointment-not-numbered": ("101", "Required field missing"),
    "unknown-status": ("103", "Table value not found"),
    "unknown-charset": ("103", "Table value not found"),
    "not-scheduling": ("200", "Unsupported message type"),
    "unknown-event": ("201", "Unsupported event code"),
    "slot-without-appointment": ("201", "Unsupported event code"),
    "not-production": ("202", "Unsupported processing id"),
    "unknown-processing": ("202", "Unsupported processing id"),
    "unknown-version": ("203", "Unsupported version id"),
    "not-kept": ("207", "Application internal error"),
    "not-read": ("207", "Application internal error"),
}
_OTHER = ("102", "Data type error")
_OF_US = {"not-kept", "not-read"}
_OF_HEADER = {
    *("not-scheduling", "unknown-event", "slot-without-appointment", "unknown-version"),
    *("message-too-large", "no-header", "bad-separators", "no-frame"),
    *("not-production", "unknown-processing"),
}
"""What is rejected, and no error in what the message says."""


class Header(NamedTuple):
    """What of a message's header its acknowledgement needs: `fields` by number, as they came.

    `mark` is the field separator, `marks` are all others, `escape` the escape character among
    them, empty where there is none.
    """

    mark: bytes = b"|"
    marks: bytes = b"^~\\&"
    fields: Mapping[int, bytes] = MappingProxyType({})
    escape: bytes = b"\\"

    def field(self, number: int) -> bytes:
        """A field of MSH, MSH-1 being the separator; empty where there is none."""
        return self.fields.get(number, b"")


def header_of(data: bytes) -> Header:
    """The header of a message, as far as there is one."""
    data = data.lstrip(b"\r\n")
    mark = data[3:4]
    if not data.startswith(b"MSH") or len(data) < 8 or mark.isalnum() or mark.isspace():
        return Header()
    told = data.replace(b"\n", b"\r").split(b"\r", 1)[0].split(mark)
    fields = {n + 1: told[n] for n in _HEADER if n < len(told) and len(told[n]) <= _LONGEST}
    if not 1 <= len(told[1]) <= 5:
        return Header()
    try:
        marks = marks_of(mark.decode("latin-1"), told[1].decode("latin-1"), "latin-1")
    except Unread:  # nobody could read what is told in these
        return Header(fields=fields)
    return Header(mark, told[1], fields, marks.escape.encode("latin-1"))


def verdict_on(slips: Sequence[Slip]) -> Verdict:
    """What is said of a message in which these slips were found."""
    if not slips:
        return "A"
    return "R" if any(s.rule in _OF_HEADER | _OF_US for s in slips) else "E"


def reply(header: Header, verdict: Verdict, slips: Sequence[Slip] = ()) -> bytes:
    """The acknowledgement, its segments ending with CR; nothing where none is wanted.

    It repeats of the message its header's fields alone, and tells of each slip where it is, which
    rule it breaks, and what is to be done.
    """
    code = _code(header, verdict)
    if not code:
        return b""
    mark = header.mark
    version = header.field(12) or b"2.5.1"
    now = datetime.now(UTC).strftime("%Y%m%d%H%M%S+0000").encode()
    to_whom = [header.field(number) for number in (5, 6, 3, 4)]  # from us to the sender
    ids = [secrets.token_hex(10).encode(), header.field(11) or b"P", version]
    first = [b"MSH", header.marks, *to_whom, now, b"", _type(header, version), *ids]
    if header.field(18):
        first += [b"", b"", b"", b"", b"", header.field(18)]
    told = "; ".join(" ".join(filter(None, (s.place, s.rule))) for s in slips)
    second = [b"MSA", code, header.field(10)]
    if told:
        second += [_plain(told, header), *_condition(slips, header)]
    errors = [] if _is_old(version) else [_error(one, header) for one in slips]
    return b"".join(mark.join(line) + b"\r" for line in (first, second, *errors))


def _type(header: Header, version: bytes) -> bytes:
    component = header.marks[:1]
    event = header.field(9).split(component)[1:2]
    return component.join([b"ACK", *event, b"ACK"]) if event and not _is_old(version) else b"ACK"


def _code(header: Header, verdict: Verdict) -> bytes:
    accept, application = header.field(15).upper(), header.field(16).upper()
    enhanced = accept not in (b"", b"NE")
    wanted = _WANTED.get(accept if enhanced or not application else application, "AER")
    if not enhanced and accept == b"NE" and not application:
        wanted = ""
    says = _SAYS_ENHANCED if enhanced else _SAYS
    return says[verdict].encode() if verdict in wanted else b""


def _is_old(version: bytes) -> bool:
    """Whether it is of a time when ACK had no event, and ERR another form."""
    return version.startswith((b"2.1", b"2.2", b"2.3", b"2.4"))


def _condition(slips: Sequence[Slip], header: Header) -> list[bytes]:
    """MSA-4 to MSA-6 of before version 2.5, which have room for one remedy: that of the first slip
    whose remedy fits."""
    component, version = header.marks[:1], header.field(12)
    longest = next((size for start, size in _CONDITION if version.startswith(start)), 0)
    for one in slips:
        told = component.join((_plain(one.rule, header), _plain(one.remedy, header), b"L"))
        if len(told) <= longest:
            return [b"", b"", told]
    return []


def _error(slip: Slip, header: Header) -> list[bytes]:
    """ERR: where (ERL), which condition, how severe, and the remedy for a person."""
    component = header.marks[:1]
    segment, _, field = slip.place.partition("-")
    number, _, part = field.partition(".")
    place = [segment, "1" if segment else "", number, "1" if part else "", part]
    where = component.join(_plain(one, header) for one in place).rstrip(component)
    code, text = _CONDITIONS.get(slip.rule, _OTHER)
    condition = component.join((code.encode(), _plain(text, header), b"HL70357"))
    own = component.join((_plain(slip.rule, header), b"", b"L"))
    return [b"ERR", b"", where, condition, b"E", own, b"", b"", _plain(slip.remedy, header)]


def _plain(text: str, header: Header) -> bytes:
    """A text of ours in the message's separators: in ASCII, as all character sets have it, and
    these escaped; blanks where the message has no escape character."""
    told = text.encode("ascii", "replace")
    marks, escape = header.mark + header.marks, header.escape
    instead = dict.fromkeys(marks, b" ")
    if escape:
        letters = zip(marks, b"FSRET", strict=False)
        instead |= {mark: b"%b%c%b" % (escape, letter, escape) for mark, letter in letters}
    return b"".join(b" " if byte < 32 else instead.get(byte, b"%c" % byte) for byte in told)
