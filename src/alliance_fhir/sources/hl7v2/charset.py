"""The character set of a message: what MSH-18 names (HL7 table 0211)."""

from __future__ import annotations

from alliance_fhir.sources.hl7v2.slips import Unread

_PARTS = (*range(1, 10), 15)
"""The parts of ISO 8859 that the table has."""
CHARSETS = {
    "ascii": "ascii",
    **{f"8859/{part}": f"iso8859-{part}" for part in _PARTS},
    "unicode utf-8": "utf-8",
    # no names of the table, and common all the same
    "utf-8": "utf-8",
    "utf8": "utf-8",
}
"""Python's names of them, by the table's in lower case."""

_OTHER = "The message is not in the character set that it names; name the one that it is in."
_NONE = "It names no character set and is not in ASCII; name one, or set the encoding of the site."


def decoded(raw: bytes, encoding: str) -> tuple[str, str]:
    """The text of a message, and the name of what it was decoded from; `encoding` is the site's.

    Where several sets are named the first is that of all but escaped text. Raises Unread.
    """
    if not raw.startswith(b"MSH"):
        raise Unread("MSH", "no-header")
    named = _named(raw)
    if named and named not in CHARSETS:
        raise Unread("MSH-18", "unknown-charset")
    codec = CHARSETS[named] if named else encoding or "ascii"
    try:
        return raw.decode(codec), codec
    except UnicodeDecodeError:
        remedy = _OTHER if named else _NONE
        raise Unread("MSH-18", "wrong-encoding", remedy) from None


def _named(raw: bytes) -> str:
    """All of these sets have the header's own characters where ASCII has them."""
    header = raw.split(b"\r", 1)[0]
    fields = header.split(header[3:4] or b"|")
    repeats = fields[1][1:2] if len(fields) > 1 else b""
    told = fields[17] if len(fields) > 17 else b""
    return told.split(repeats or b"~")[0].decode("ascii", "replace").strip().lower()
