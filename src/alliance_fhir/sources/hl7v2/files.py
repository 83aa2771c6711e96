"""A file or a stream of bytes, parted into messages.

Segments end with CR, LF or both; messages may be in the envelopes FHS, BHS, BTS and FTS, and in the
frames of MLLP (0x0B before, 0x1C and CR after). One message at a time is held.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from alliance_fhir.sources.hl7v2.slips import Slip

LARGEST = 1024**2
"""Bytes: a scheduling message has a few thousand. Nothing of a message beyond it is kept."""
_CHUNK = 64 * 1024
_ENDS = re.compile(rb"([\r\n\x0b\x1c])")
_BEGIN, _END = b"\x0b", b"\x1c"
_SEGMENT = re.compile(rb"[A-Z][A-Z0-9]{2}(?![A-Za-z0-9 ])")
_CLOSED_BY = {b"FHS": "FTS", b"BHS": "BTS"}
_ENVELOPES = {*_CLOSED_BY, b"FTS", b"BTS"}
_TO_THE_EVENT = 8
"""Separators in a header up to MSH-9: fewer are in no header, but in a text perhaps."""
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_AS_UTF_8 = "It is in UTF-16 or UTF-32; send UNICODE UTF-8."


class Raw(NamedTuple):
    """One message, its segments ending with CR, and what is wrong with it as such.

    `number` counts the messages from 1; it is 0 where the file as a whole is meant. `line` is the
    one that it begins in, as an editor counts them, whose lines end with CR, LF or both.
    """

    number: int
    data: bytes
    slips: tuple[Slip, ...] = ()
    line: int = 0


def messages(stream: BinaryIO) -> Iterator[Raw]:
    """The messages of a stream, in their order, and what is wrong with the file last."""
    splitter = _Splitter()
    for piece in _pieces(stream):
        if not splitter.begun and (piece.startswith(_UTF_16) or b"\0" in piece[:4]):
            yield Raw(0, b"", (Slip("", "wrong-encoding", _AS_UTF_8),))
            return
        yield from splitter.take(piece)
    yield from splitter.end()


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    """The lines and the bytes that part them, one by one; of a line too long its beginning."""
    rest = stream.read(3).removeprefix(codecs.BOM_UTF8)
    while chunk := stream.read(_CHUNK):
        *whole, rest = _ENDS.split(rest + chunk)
        yield from filter(None, whole)
        rest = rest[: LARGEST + 1]
    yield from filter(None, _ENDS.split(rest))


class _Splitter:
    """Takes a file piece by piece, and gives each message when it is over."""

    def __init__(self) -> None:
        self.begun = False
        self._number = 0
        self._at = 1
        self._began = 0
        self._after_cr = False
        self._lines: list[bytes] = []
        self._size = 0
        self._slips: list[Slip] = []
        self._framed = False
        self._lost = False
        self._open: dict[bytes, int] = {}
        self._wrong: list[Slip] = []

    def take(self, piece: bytes) -> Iterator[Raw]:
        """What is over with this piece."""
        self.begun = True
        if piece == _BEGIN:
            yield from self._over(cut=self._framed)
            self._framed = True
        elif piece == _END:
            yield from self._over(cut=False)
            self._framed = False
        elif piece not in b"\r\n":
            yield from self._line(piece)
        elif piece == b"\r" or not self._after_cr:
            self._at += 1
        self._after_cr = piece == b"\r"

    def end(self) -> Iterator[Raw]:
        """The last message, and what is wrong with the file."""
        yield from self._over(cut=self._framed)
        self._wrong += [Slip(_CLOSED_BY[name], "truncated-file") for name in self._open]
        if not self.begun:
            self._wrong.append(Slip("", "empty-file"))
        if self._wrong:
            yield Raw(0, b"", tuple(self._wrong))

    def _line(self, line: bytes) -> Iterator[Raw]:
        name = self._name(line)
        if name in _ENVELOPES:
            yield from self._over(cut=False)
            self._envelope(name, line)
        elif name == b"MSH" and self._framed and self._lines:
            self._slips.append(Slip("MSH", "several-headers"))
        elif name == b"MSH":
            yield from self._over(cut=False)
            self._number += 1
            self._began = self._at
            self._lost = False
            self._keep(line)
        elif not self._lines:
            if not self._lost:
                yield Raw(0, b"", (Slip("MSH", "no-header"),), self._at)
            self._lost = True
        else:  # what is no segment follows a line end in a text, which some senders leave there
            self._keep(line if name else b"\n" + line)

    def _name(self, line: bytes) -> bytes:
        """Of which segment it is; empty where it is none of this message."""
        if not _SEGMENT.match(line):
            return b""
        name, mark = line[:3], line[3:4]
        if not self._lines:
            return name
        if name == b"MSH":
            return name if line.count(mark) >= _TO_THE_EVENT else b""
        return name if name in _ENVELOPES or mark in (b"", self._lines[0][3:4]) else b""

    def _keep(self, line: bytes) -> None:
        if self._size <= LARGEST:
            self._lines.append(line)
            self._size += len(line) + 1

    def _over(self, *, cut: bool) -> Iterator[Raw]:
        if self._lines:
            data = b"\r".join(self._lines).replace(b"\r\n", b"\n")
            slips = tuple(self._slips)
            if cut:
                slips = (*slips, Slip("", "truncated-message"))
            if self._size > LARGEST:
                slips, data = (*slips, Slip("", "message-too-large")), b""
            yield Raw(self._number, data, slips, self._began)
        self._lines, self._slips, self._size = [], [], 0

    def _envelope(self, name: bytes, line: bytes) -> None:
        """BTS-1 counts the messages of a batch."""
        if name in _CLOSED_BY:
            self._open[name] = self._number
        elif name == b"FTS":
            self._open.pop(b"FHS", None)
        else:
            count = self._number - self._open.pop(b"BHS", 0)
            told = line.split(line[3:4])[1].strip() if len(line) > 3 else b""
            # as text: there may be more digits than Python reads
            if told.isdigit() and (told.lstrip(b"0") or b"0") != b"%d" % count:
                self._wrong.append(Slip("BTS-1", "count-differs"))
