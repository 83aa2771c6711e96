"""An interface engine as a socket: what it sends is given byte by byte, and what it is answered is
parted by python-hl7."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Self

import hl7

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

BEGIN, END = b"\x0b", b"\x1c\r"
PATIENCE = 20.0


def framed(message: bytes) -> bytes:
    """A message in its frame."""
    return BEGIN + message + END


class Answer(NamedTuple):
    """An acknowledgement: MSA-1 and MSA-2, the places and rules of its ERR segments, and itself."""

    code: str
    control: str
    errors: tuple[tuple[str, str], ...]
    whole: hl7.Message

    def field(self, name: str, number: int) -> str:
        """A field of its first such segment."""
        return str(self.whole.segment(name)[number])


def read(data: bytes, encoding: str = "ascii") -> Answer:
    """An acknowledgement without its frame."""
    whole = hl7.parse(data.decode(encoding))
    msa = whole.segment("MSA")
    told = [one for one in whole if str(one[0]) == "ERR"]
    errors = tuple((place(str(one[2])), str(one[5]).partition("^")[0]) for one in told)
    return Answer(str(msa[1]), str(msa[2]), errors, whole)


def place(erl: str) -> str:
    """ERR-2, such as SCH^1^11^1^4, as people write it: SCH-11.4."""
    segment, _, number, _, part = (erl.split("^") + [""] * 5)[:5]
    return segment + f"-{number}" * bool(number) + f".{part}" * bool(part)


class Engine:
    """A connection to a listener."""

    def __init__(
        self, port: int, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> None:
        self.socket = socket.create_connection((host, port), PATIENCE)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="127.0.0.1")
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._came = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def write(self, data: bytes) -> None:
        """Sends bytes as they are."""
        self.socket.sendall(data)

    def frame(self) -> bytes:
        """The next frame that comes, without its marks; ConnectionError where none does."""
        while END not in self._came:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError(f"closed, after {self._came!r}")
            self._came += data
        told, _, self._came = self._came.partition(END)
        assert told.startswith(BEGIN)
        return told[1:]

    def answer(self) -> Answer:
        """The next acknowledgement."""
        return read(self.frame())

    def send(self, message: bytes) -> Answer:
        """Sends a message, and waits for its acknowledgement."""
        self.write(framed(message))
        return self.answer()

    @property
    def is_closed(self) -> bool:
        """Whether nothing more comes than the end, which is waited for."""
        with suppress(ConnectionResetError):
            return self._came == b"" and self.socket.recv(1) == b""
        return True
