"""What comes over a connection, parted into messages. Pure: bytes in, frames out."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Literal, NamedTuple

BEGIN, END, CR = b"\x0b", b"\x1c", b"\r"
_HEAD = 2048
"""Bytes that are kept of a message that is too large: enough for its header, to answer it."""
_BETWEEN = b"\r\n"
"""What some senders write between frames."""

Fault = Literal["", "truncated-message", "message-too-large", "no-frame"]


class Frame(NamedTuple):
    """A message as it came, without its frame; and what is wrong with that, if anything is.

    `no-frame`: bytes came that are in no frame, and `data` is empty. Whoever writes such does not
    speak MLLP.
    """

    data: bytes
    fault: Fault = ""


class Frames:
    """Takes the bytes of one connection as they come, and gives each frame when it is over.

    Nothing of a message beyond `largest` bytes is kept.
    """

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._kept = bytearray()
        self._size = 0
        self._inside = False

    @property
    def inside(self) -> bool:
        """Whether a message has begun that is not over."""
        return self._inside

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are over with these bytes."""
        while data:
            if self._inside:
                data = yield from self._message(data)
            else:
                data = data.lstrip(_BETWEEN)
                if data and not data.startswith(BEGIN):
                    yield Frame(b"", "no-frame")
                    return
                self._inside = bool(data)
                data = data[1:]

    def _message(self, data: bytes) -> Generator[Frame, None, bytes]:
        """Takes what is of the message that has begun, and returns the rest."""
        end, anew = data.find(END), data.find(BEGIN)
        cut = anew >= 0 and (end < 0 or anew < end)
        stop = anew if cut else end
        self._keep(data if stop < 0 else data[:stop])
        if stop < 0:
            return b""
        yield self._over("truncated-message" if cut else "")
        self._inside = False
        return data[stop:] if cut else data[stop + 1 :]

    def _keep(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= self._largest:
            self._kept += data
        else:
            self._kept = (self._kept + data[:_HEAD])[:_HEAD]

    def _over(self, fault: Fault) -> Frame:
        if self._size > self._largest:
            fault = "message-too-large"
        frame = Frame(bytes(self._kept), fault)
        self._kept, self._size = bytearray(), 0
        return frame
