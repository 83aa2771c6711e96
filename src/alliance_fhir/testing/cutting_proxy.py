"""A TCP proxy that cuts connections: before a request, within it, after it, within the reply."""

from __future__ import annotations

import random
import select
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Literal, NamedTuple, Self, get_args
from urllib.parse import urlsplit

Where = Literal["before", "request", "after", "reply"]
WHERE: tuple[Where, ...] = get_args(Where)

_PIECE = 65536


class Moment(NamedTuple):
    """When a connection is cut.

    `before`: nothing of the request is passed on; `request`: after so many bytes of it; `after`:
    all of it, and the reply is thrown away; `reply`: after so many bytes of that.
    """

    where: Where
    passed: int = 0


class CuttingProxy:
    """A proxy before `upstream`, a URL or `host:port`, a context manager; `url` leads through it.

    `cut` says when. With a `seed` it is by chance besides: about `rate` of all requests are cut, at
    a random moment, the same ones for the same seed. `moments` are the cuts that there were, by the
    number of the request, the first being 1.

    A request begins where a client sends after it was answered, so clients that send the next
    before that are not for it.
    """

    def __init__(self, upstream: str, *, seed: int | None = None, rate: float = 0.1) -> None:
        told = urlsplit(upstream if "://" in upstream else f"tcp://{upstream}")
        if not told.hostname:
            raise ValueError("upstream is a URL or host:port")
        usual = {"http": 80, "https": 443}
        self._upstream = (told.hostname, told.port or usual.get(told.scheme, 0))
        self._seed, self._rate = seed, rate
        self.moments: dict[int, Moment] = {}
        self.requests = 0
        self._planned: dict[int, Moment] = {}
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listening.getsockname()[1])
        self.url = told._replace(netloc=f"127.0.0.1:{self.port}").geturl()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            waiting = list(self._open)
        for one in waiting:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def cut(self, where: Where, passed: int = 0, *, nth: int = 1) -> None:
        """Cuts the n-th request from now on; `passed` counts bytes, see Moment."""
        with self._lock:
            self._planned[self.requests + nth] = Moment(where, passed)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(self._upstream) as server:
            pair = {client, server}
            with self._lock:
                self._open |= pair
            try:
                _Carrier(self, client, server).carry()
            finally:
                with self._lock:
                    self._open -= pair

    def begin(self) -> tuple[int, Moment | None]:
        """The number of a request that begins, and when it is to be cut."""
        with self._lock:
            self.requests += 1
            number = self.requests
            return number, self._planned.pop(number, None) or self._chance(number)

    def _chance(self, number: int) -> Moment | None:
        if self._seed is None:
            return None
        chance = random.Random(f"{self._seed}-{number}")  # noqa: S311 - to be the same again
        if chance.random() >= self._rate:
            return None
        return Moment(chance.choice(WHERE), chance.randint(1, 300))


class _Carrier:
    """One connection: bytes go both ways, until it ends or is cut."""

    def __init__(self, proxy: CuttingProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._number = 0
        self._moment: Moment | None = None
        self._asking = False
        self._passed = 0

    def carry(self) -> None:
        """Until the end."""
        going = True
        while going:
            ready, _, _ = select.select([self._client, self._server], [], [])
            going = all(self._step(one) for one in ready)

    def _step(self, ready: socket.socket) -> bool:
        data = ready.recv(_PIECE)
        if not data:
            return False
        return self._ask(data) if ready is self._client else self._reply(data)

    def _ask(self, data: bytes) -> bool:
        """Passes on what a client says; False where the connection is cut."""
        if not self._asking:
            self._asking, self._passed = True, 0
            self._number, self._moment = self._proxy.begin()
        moment = self._moment
        if moment and moment.where == "before":
            return self._cut(moment)
        if moment and moment.where == "request" and self._passed + len(data) > moment.passed:
            self._server.sendall(data[: moment.passed - self._passed])
            return self._cut(moment)
        self._server.sendall(data)
        self._passed += len(data)
        return True

    def _reply(self, data: bytes) -> bool:
        """Passes on what the server says; False where the connection is cut."""
        if self._asking:
            self._asking, self._passed = False, 0
        moment = self._moment
        if moment and moment.where in ("request", "after"):  # a request shorter than that is over
            return self._cut(moment)
        if moment and moment.where == "reply" and self._passed + len(data) > moment.passed:
            self._client.sendall(data[: moment.passed - self._passed])
            return self._cut(moment)
        self._client.sendall(data)
        self._passed += len(data)
        return True

    def _cut(self, moment: Moment) -> bool:
        self._proxy.moments[self._number] = moment
        return False
