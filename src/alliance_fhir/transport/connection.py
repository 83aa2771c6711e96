"""The connections to one server: what every request bears, and what is logged of it."""

from __future__ import annotations

import logging
import ssl
from typing import Any

import httpx

from alliance_fhir._version import __version__
from alliance_fhir.errors import ConfigError
from alliance_fhir.transport.address import LOCAL
from alliance_fhir.transport.tls import lasting

FHIR_JSON = "application/fhir+json"
_HEADERS = {
    "Accept": FHIR_JSON,
    "Cache-Control": "no-cache",  # HAPI answers a search from the last minute's else
    "User-Agent": f"alliance-fhir/{__version__}",
}
_NO_PROXY = [f"all://[{host}]" if ":" in host else f"all://{host}" for host in sorted(LOCAL)]
"""What is local has no business with a proxy, whatever the environment says."""


class Connection(httpx.Client):
    """A pool of connections, at which a certificate that is refused is no outage."""

    def send(self, request: httpx.Request, **told: Any) -> httpx.Response:
        """Sends a request. Raises ConfigError or AuthFailed for certificates, which stay wrong."""
        try:
            return super().send(request, **told)
        except httpx.TransportError as error:
            wrong = lasting(error, request.url.host)
            if wrong is None:
                raise
        raise wrong from None


def connection(auth: httpx.Auth, timeout: float, tls: ssl.SSLContext | None = None) -> httpx.Client:
    """A pool of connections; `tls` is what they trust and show, if that is not the usual.

    Raises ConfigError where the environment names proxies or certificates that cannot be used.
    """
    try:
        return Connection(
            auth=auth,
            headers=_HEADERS,
            timeout=httpx.Timeout(timeout, connect=10),
            follow_redirects=False,
            mounts=dict.fromkeys(_NO_PROXY),
            verify=True if tls is None else tls,
        )
    except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
        raise ConfigError(
            "a proxy or certificates that the environment names cannot be used "
            f"({type(error).__name__}); look at HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY, "
            "SSL_CERT_FILE and SSL_CERT_DIR"
        ) from None


class Discretion(logging.Filter):
    """Takes the queries off the URLs that httpx logs: a patient's identifier may stand there."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._host = httpx.URL(base).host

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every record pass."""
        if isinstance(record.args, tuple):
            record.args = tuple(map(self._bare, record.args))
        return True

    def _bare(self, told: object) -> object:
        if isinstance(told, httpx.URL) and told.host == self._host:
            return told.copy_with(query=None, fragment=None)
        return told
