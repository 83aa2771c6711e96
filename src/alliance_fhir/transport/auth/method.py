"""What all methods share: to whom credentials go, and what a 401 means."""

from __future__ import annotations

import ssl
from collections.abc import Generator
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import httpx

from alliance_fhir.config import Frozen
from alliance_fhir.errors import BadReply, ConfigError
from alliance_fhir.transport.address import Origin, origin
from alliance_fhir.transport.pace import Pace
from alliance_fhir.transport.retry import Patience


class Site(NamedTuple):
    """The server that credentials are for, and how it and its token endpoint are to be asked."""

    base: str
    patience: Patience
    pace: Pace
    timeout: float
    tls: ssl.SSLContext | None
    insecure: bool


class Method(httpx.Auth):
    """How requests show who sends them: `name` and `settings` are what alliance.toml says of it.

    The header goes to the server that the client is of, and to no other.
    """

    name: ClassVar[str]
    settings: ClassVar[type[Frozen]]
    _origin: Origin | None = None

    @classmethod
    def of(cls, told: Any, folder: Path) -> Self:
        """From its settings; paths are relative to `folder`. Raises ConfigError."""
        raise NotImplementedError

    def attach(self, site: Site) -> None:
        """Said once, by the client. Raises ConfigError where that is another server's already."""
        there = origin(httpx.URL(site.base))
        if self._origin not in (None, there):
            raise ConfigError("these credentials are another server's; each needs its own")
        self._origin = there

    def header(self) -> str:
        """The Authorization of the next request; empty for none. May ask for a token first."""
        raise NotImplementedError

    def renewed(self, refused: str) -> str:
        """The Authorization to try instead of one that got a 401; empty where there is no other."""
        return ""

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Adds the header. After a 401, which did nothing, asks once more with another header."""
        if origin(request.url) != self._origin:
            raise BadReply("a request to another server than the credentials are for was not sent")
        header = self.header()
        if not header:
            yield request
            return
        request.headers["Authorization"] = header
        response = yield request
        other = self.renewed(header) if response.status_code == 401 else ""
        if not other:
            return
        _drop(response)
        request.headers["Authorization"] = other
        yield request


def _drop(response: httpx.Response) -> None:
    """Nobody reads this one, however long it is."""
    if isinstance(response.stream, httpx.SyncByteStream):
        response.stream.close()
    response.stream = httpx.ByteStream(b"")
