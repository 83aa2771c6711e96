"""TLS in front of a server that speaks none: real sockets, real handshakes, any certificate."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

_TICK = 0.05


class Tunnel:
    """Listens with TLS and hands on to a port of this machine; `calls` got through to there."""

    def __init__(self, there: int, tls: ssl.SSLContext) -> None:
        self.calls = 0
        self._there = there
        self._tls = tls
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

    def _hand_on(self, near: ssl.SSLSocket, far: socket.socket) -> None:
        while not self._ending.is_set():
            ready = [near] if near.pending() else select.select([near, far], [], [], _TICK)[0]
            for source, sink in ((near, far), (far, near)):
                if source in ready:
                    data = source.recv(65536)
                    if not data:
                        return
                    sink.sendall(data)


def _linger(bare: socket.socket) -> None:
    """Reads what is still coming, as servers do: else the alert that says why would be lost."""
    bare.shutdown(socket.SHUT_WR)
    while bare.recv(65536):
        pass
