"""What stands between us and a server: TLS in front of one that speaks none, a proxy to another.

Real sockets, real handshakes, any certificate.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_TICK = 0.05


class Between:
    """Listens, and hands on to a port of this machine; `calls` got through to there."""

    def __init__(self, there: int) -> None:
        self.calls = 0
        self._there = there
        self._ending = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_TICK)
        self._threads = [threading.Thread(target=self._listen)]
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _listen(self) -> None:
        while not self._ending.is_set():
            with contextlib.suppress(TimeoutError):
                near, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(near,)))
                self._threads[-1].start()

    def _serve(self, near: socket.socket) -> None:
        raise NotImplementedError

    def _hand_on(self, near: socket.socket, far: socket.socket) -> None:
        while not self._ending.is_set():
            held = isinstance(near, ssl.SSLSocket) and near.pending()
            ready = [near] if held else select.select([near, far], [], [], _TICK)[0]
            for source, sink in ((near, far), (far, near)):
                if source in ready:
                    data = source.recv(65536)
                    if not data:
                        return
                    self._passing(data)
                    sink.sendall(data)

    def _passing(self, data: bytes) -> None:
        """What is handed on, in either direction."""


class Tunnel(Between):
    """It speaks TLS itself, and what it hands on is plain."""

    def __init__(self, there: int, tls: ssl.SSLContext) -> None:
        super().__init__(there)
        self._tls = tls

    def _serve(self, near: socket.socket) -> None:
        near.settimeout(10)
        with near, near.dup() as bare, contextlib.suppress(OSError):
            try:
                shielded = self._tls.wrap_socket(near, server_side=True)
            except OSError:
                _linger(bare)
                return
            self.calls += 1
            with shielded, socket.create_connection(("127.0.0.1", self._there)) as far:
                self._hand_on(shielded, far)


class ConnectProxy(Between):
    """An HTTP proxy that makes tunnels to that port, whichever host is asked for (RFC 9110, 9.3.6).

    `heads` are the requests to itself, `passed` is all that went through it besides.
    """

    def __init__(self, there: int) -> None:
        super().__init__(there)
        self.heads: list[str] = []
        self.passed = bytearray()

    def _serve(self, near: socket.socket) -> None:
        near.settimeout(10)
        with near, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                if not (data := near.recv(1)):
                    return
                head += data
            self.heads.append(head.decode())
            if not head.startswith(b"CONNECT "):
                near.sendall(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
                return
            self.calls += 1
            with socket.create_connection(("127.0.0.1", self._there)) as far:
                near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                self._hand_on(near, far)

    def _passing(self, data: bytes) -> None:
        self.passed += data


def _linger(bare: socket.socket) -> None:
    """Reads what is still coming, as servers do: else the alert that says why would be lost."""
    bare.shutdown(socket.SHUT_WR)
    while bare.recv(65536):
        pass
