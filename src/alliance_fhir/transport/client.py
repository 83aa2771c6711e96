"""A FHIR server, as something to ask and to send to.

One pool of connections; no redirects are followed, and no paging link to another host; a URL
holds no patient's identifier, as searches go by POST.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from alliance_fhir._version import __version__
from alliance_fhir.errors import BadReply, ConfigError, Refused, Unavailable
from alliance_fhir.transport.auth import NoAuth
from alliance_fhir.transport.outcomes import Json, Reply, failure, read
from alliance_fhir.transport.retry import Patience, Waited, patiently, retry_after

FHIR_JSON = "application/fhir+json"
_HEADERS = {
    "Accept": FHIR_JSON,
    "Cache-Control": "no-cache",  # HAPI answers a search from the last minute's else
    "User-Agent": f"alliance-fhir/{__version__}",
}
_LOCAL = {"localhost", "127.0.0.1", "::1"}
_MOST_PAGES = 10_000


class Client:
    """Talks to the FHIR server at `base`. Raises the errors of `outcomes`, after due patience."""

    def __init__(
        self,
        base: str,
        auth: httpx.Auth | None = None,
        *,
        insecure: bool = False,
        timeout: float = 60,
        patience: Patience | None = None,
    ) -> None:
        self.base = checked_base(base, insecure=insecure)
        self._patience = patience or Patience()
        self._post_search = True
        self._http = httpx.Client(
            auth=auth or NoAuth(),
            headers=_HEADERS,
            timeout=httpx.Timeout(timeout, connect=10),
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections."""
        self._http.close()

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Reply:
        """A read. `path` is relative to the base."""
        return self._send("GET", self._url(path), harmless=True, params=params)

    def post(self, path: str, body: bytes) -> Reply:
        """A write. Not sent twice where it may have arrived: then Unavailable has `sent` set."""
        headers = {"Content-Type": FHIR_JSON, "Prefer": "return=representation"}
        return self._send("POST", self._url(path), harmless=False, content=body, headers=headers)

    def search(self, type_: str, params: Mapping[str, str]) -> Iterator[Json]:
        """All hits of a search, page by page; outcomes and other entries are left out."""
        reply = self._search(type_, params)
        for _ in range(_MOST_PAGES):
            if reply.body.get("resourceType") != "Bundle":
                raise BadReply(f"a search for {type_} gave no Bundle")
            for entry in reply.body.get("entry", []):
                resource = entry.get("resource", {})
                if resource.get("resourceType") == type_:
                    yield resource
            following = _next(reply.body)
            if not following:
                return
            reply = self._send("GET", self._same_host(following), harmless=True)
        raise BadReply(f"a search for {type_} has no end")

    def _search(self, type_: str, params: Mapping[str, str]) -> Reply:
        if self._post_search:
            try:
                url = self._url(f"{type_}/_search")
                return self._send("POST", url, harmless=True, data=params)
            except Refused as refused:
                if refused.status not in (404, 405, 415, 501):
                    raise
                self._post_search = False  # some servers search by GET only
        return self.get(type_, params)

    def _url(self, path: str) -> str:
        return f"{self.base}/{path}" if path else self.base

    def _same_host(self, link: str) -> str:
        url = httpx.URL(f"{self.base}/").join(link)
        ours = httpx.URL(self.base)
        if (url.scheme, url.host, url.port) != (ours.scheme, ours.host, ours.port):
            raise BadReply("a paging link leads to another host; it was not followed")
        return str(url)

    def _send(self, method: str, url: str, *, harmless: bool, **told: Any) -> Reply:
        def once() -> Reply:
            try:
                response = self._http.request(method, url, **told)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
                raise Unavailable(f"{self.base}: not reached ({type(error).__name__})") from None
            except httpx.HTTPError as error:
                kind = type(error).__name__
                raise Unavailable(f"{self.base}: no answer ({kind})", sent=True) from None
            wrong = failure(response) if response.status_code >= 400 else None
            if isinstance(wrong, Unavailable):
                seconds = retry_after(response.headers)
                raise Waited(str(wrong), sent=wrong.sent, seconds=seconds)
            if wrong:
                raise wrong
            return read(response)

        return patiently(once, self._patience, harmless=harmless)


def checked_base(base: str, *, insecure: bool = False) -> str:
    """The base without a slash at its end. Raises ConfigError for what no request should go to."""
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError("a server's base is an http or https URL, such as https://host/fhir")
    if parts.username or parts.password:
        raise ConfigError("credentials do not belong into a URL; put a token in the environment")
    if parts.query or parts.fragment:
        raise ConfigError("a server's base has neither a query nor a fragment")
    if parts.scheme == "http" and parts.hostname not in _LOCAL and not insecure:
        raise ConfigError(
            f"http to {parts.hostname} would send patients' data in the clear; use https, or "
            "--insecure if the network between is your own"
        )
    return base.rstrip("/")


def _next(bundle: Json) -> str:
    links: list[Json] = bundle.get("link") or []
    return next((str(link.get("url", "")) for link in links if link.get("relation") == "next"), "")
