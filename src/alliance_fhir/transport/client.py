"""A FHIR server, as something to ask and to send to.

One pool of connections; no redirects are followed, and no paging link to another host; a URL
holds no patient's identifier, as searches go by POST.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from types import TracebackType
from typing import Any, Self

import httpx

from alliance_fhir.errors import BadReply, Refused, Unavailable
from alliance_fhir.received import Json
from alliance_fhir.transport.address import checked_base
from alliance_fhir.transport.auth import Method, NoAuth, Site
from alliance_fhir.transport.connection import FHIR_JSON, Discretion, connection
from alliance_fhir.transport.outcomes import Reply, content_of, failure, read
from alliance_fhir.transport.pace import Pace
from alliance_fhir.transport.paging import page_of, same_host
from alliance_fhir.transport.retry import Patience, Waited, patiently, retry_after
from alliance_fhir.transport.traffic import Traffic

_MOST_PAGES = 10_000
JSON_PATCH = "application/json-patch+json"


class Client:
    """Talks to the FHIR server at `base`. Raises the errors of `outcomes`, after due patience."""

    def __init__(
        self,
        base: str,
        auth: httpx.Auth | None = None,
        *,
        insecure: bool = False,
        tls: ssl.SSLContext | None = None,
        timeout: float = 60,
        patience: Patience | None = None,
        rate: float = 0,
    ) -> None:
        self.base = checked_base(base, insecure=insecure)
        self.patience = patience or Patience()
        self.pace = Pace(rate, sleep=self.patience.sleep)
        self.traffic = Traffic()
        self._turn: AbstractContextManager[object] = nullcontext()
        self.post_search = True
        auth = auth or NoAuth()
        if isinstance(auth, Method):
            auth.attach(Site(self.base, self.patience, self.pace, timeout, tls, insecure))
        self._http = connection(auth, timeout, tls)
        self._discretion = Discretion(self.base)
        logging.getLogger("httpx").addFilter(self._discretion)

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
        logging.getLogger("httpx").removeFilter(self._discretion)

    def at_once(self, count: int) -> None:
        """So many requests at a time from now on, whoever sends them: the others wait their turn.
        Nobody keeps a turn while waiting to try again."""
        self._turn = threading.BoundedSemaphore(count)

    def get(
        self, path: str, params: Mapping[str, str] | None = None, *, fresh: bool = True
    ) -> Reply:
        """A read. `path` is relative to the base. Where it need not be `fresh`, what the server has
        ready will do, if it is no older than a minute: HAPI takes a quarter of a second to say anew
        what it can do."""
        headers = {} if fresh else {"Cache-Control": "max-age=60"}
        return self._send("GET", self._url(path), harmless=True, params=params, headers=headers)

    def post(self, path: str, body: bytes, if_none_exist: str = "") -> Reply:
        """A write. Not sent twice where it may have arrived: then Unavailable has `sent` set.

        `if_none_exist` is the search whose hit makes it unnecessary: what follows the `?`.
        """
        return self._write("POST", path, body, {"If-None-Exist": if_none_exist})

    def ask(self, path: str, params: Mapping[str, str], body: bytes) -> Reply:
        """An operation by POST that changes nothing: sent again as a read is."""
        headers = {"Content-Type": FHIR_JSON}
        url = self._url(path)
        return self._send("POST", url, harmless=True, params=params, content=body, headers=headers)

    def put(self, path: str, body: bytes, if_match: str = "") -> Reply:
        """A write in the place of a version; the same care as with `post`."""
        return self._write("PUT", path, body, {"If-Match": if_match})

    def patch(self, path: str, operations: bytes, if_match: str = "") -> Reply:
        """A JSON Patch (RFC 6902) of a version; the same care as with `post`."""
        told = {"If-Match": if_match, "Content-Type": JSON_PATCH}
        return self._write("PATCH", path, operations, told)

    def delete(self, path: str, if_match: str = "") -> Reply:
        """Takes a resource away; the same care as with `post`."""
        headers = {"If-Match": if_match} if if_match else {}
        return self._send("DELETE", self._url(path), harmless=False, headers=headers)

    def _write(self, method: str, path: str, body: bytes, conditions: dict[str, str]) -> Reply:
        headers = {"Content-Type": FHIR_JSON, "Prefer": "return=representation"}
        headers |= {name: value for name, value in conditions.items() if value}
        return self._send(method, self._url(path), harmless=False, content=body, headers=headers)

    def follow(self, link: str) -> Reply:
        """What a paging link leads to. Raises BadReply where that is another host."""
        return self._send("GET", same_host(self.base, link), harmless=True)

    def search(self, type_: str, params: Mapping[str, str]) -> Iterator[Json]:
        """All hits of a search, page by page; outcomes and other entries are left out."""
        reply = self._search(type_, params)
        pages: set[str] = set()
        for _ in range(_MOST_PAGES):
            page = page_of(reply, type_)
            yield from page.hits
            if not page.following:
                return
            url = same_host(self.base, page.following)
            if url in pages:
                break
            pages.add(url)
            reply = self.follow(url)
        raise BadReply(f"a search for {type_} has no end")

    def _search(self, type_: str, params: Mapping[str, str]) -> Reply:
        # a server that does not know a parameter is to say so, and not to give everything
        strict = {"Prefer": "handling=strict"}
        if self.post_search:
            try:
                url = self._url(f"{type_}/_search")
                return self._send("POST", url, harmless=True, data=params, headers=strict)
            except Refused as refused:
                if refused.status not in (404, 405, 415, 501):
                    raise
                self.post_search = False  # some servers search by GET only
        return self._send("GET", self._url(type_), harmless=True, params=params, headers=strict)

    def _url(self, path: str) -> str:
        return f"{self.base}/{path}" if path else self.base

    def _send(self, method: str, url: str, *, harmless: bool, **told: Any) -> Reply:
        def once() -> Reply:
            request = self._http.build_request(method, url, **told)
            try:
                with self._turn:  # for as short a time as can be: the next one waits for it
                    began = time.monotonic()
                    with closing(self._http.send(request, stream=True)) as response:
                        content = content_of(response)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
                self.traffic.unanswered()
                raise Unavailable(f"{self.base}: not reached ({type(error).__name__})") from None
            except httpx.HTTPError as error:
                self.traffic.unanswered()
                kind = type(error).__name__
                raise Unavailable(f"{self.base}: no answer ({kind})", sent=True) from None
            self.traffic.answered(response.status_code, time.monotonic() - began)
            wrong = failure(response, content) if response.status_code >= 400 else None
            if isinstance(wrong, Unavailable):
                seconds = retry_after(response.headers)
                raise Waited(str(wrong), sent=wrong.sent, seconds=seconds)
            if wrong:
                raise wrong
            return read(response, content)

        return patiently(once, self.patience, harmless=harmless, pace=self.pace)
