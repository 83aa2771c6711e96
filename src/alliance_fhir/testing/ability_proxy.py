"""A proxy in front of a real FHIR server that takes abilities away from it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import quote, urlencode, urlsplit

import httpx

from alliance_fhir.abilities import Ability
from alliance_fhir.fhir.canonical import dumps
from alliance_fhir.testing.messages import (
    Answer,
    Cut,
    Declined,
    Interaction,
    Json,
    Request,
    entries_of,
    entry_interaction,
    interaction,
    parsed,
)
from alliance_fhir.testing.policy import as_if_not_asked, checked, refuse, untagged
from alliance_fhir.testing.statement import claiming_less, no_statement
from alliance_fhir.testing.wire import Listener

_OF_ONE_HOP = frozenset(
    {
        *("connection", "keep-alive", "transfer-encoding", "upgrade", "host", "date", "server"),
        *("accept-encoding", "content-encoding", "content-length"),
    }
)
"""Headers that are not passed on (RFC 9110, 7.6.1), and those that are made anew."""

_IGNORED_HERE: frozenset[Ability] = frozenset(
    {"conditional-create", "delete", "identifier-search", "if-match", "post-search", "tags"}
)


class AbilityProxy:
    """The server at `upstream` without some of its abilities, a context manager; `url` is its base.

    `lacks` are refused, and taken out of the CapabilityStatement; `statuses` are with which status,
    where not the usual. `ignores` are taken out of requests before they are passed on. ValueError
    for a name that is none, and for one that cannot be ignored from outside.

    Links to the server in what it answers are changed so that clients stay with the proxy. Where
    the server does not answer, the proxy cuts the connection.
    """

    def __init__(
        self,
        upstream: str,
        *,
        lacks: Set[str] = frozenset(),
        ignores: Set[str] = frozenset(),
        statuses: Mapping[Ability, int] | None = None,
    ) -> None:
        self._lacks, self._ignores = checked(lacks), checked(ignores)
        if impossible := sorted(self._ignores - _IGNORED_HERE):
            raise ValueError(f"a proxy cannot have these ignored: {', '.join(impossible)}")
        self._statuses = statuses
        self._upstream = upstream.rstrip("/")
        self._listener = Listener(urlsplit(self._upstream).path, self._answer)
        self.url = self._listener.url
        self.requests: list[Request] = []
        self._http = httpx.Client(timeout=120, trust_env=False)

    def __enter__(self) -> Self:
        self._listener.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.stop()
        self._http.close()

    def _answer(self, request: Request) -> Answer:
        self.requests.append(request)
        try:
            return self._guarded(request)
        except Declined as declined:
            return declined.answer
        except httpx.TransportError:
            raise Cut from None

    def _guarded(self, request: Request) -> Answer:
        if request.path == "metadata":
            return self._statement(request)
        asked = interaction(request)
        refuse(asked, self._lacks, self._statuses)
        if not asked.path and asked.resource is not None:
            return self._bundle(request, asked.resource)
        if asked.method == "DELETE" and "delete" in self._ignores:
            return Answer(204)
        return self._passed_on(self._as_request(self._less(asked), request))

    def _statement(self, request: Request) -> Answer:
        if "statement" in self._lacks:
            return Answer(200, no_statement())
        answer = self._passed_on(request)
        if answer.status != 200:
            return answer
        body = answer.body if isinstance(answer.body, dict) else parsed(answer.body)
        return answer._replace(body=claiming_less(body, self._lacks))

    def _bundle(self, request: Request, asked: Json) -> Answer:
        """A bundle: a transaction that needs what is lacking is refused, of a batch the entry."""
        refused: dict[int, Json] = {}
        kept: list[Json] = []
        for number, entry in enumerate(entries_of(asked)):
            one = entry_interaction(entry)
            try:
                refuse(one, self._lacks, self._statuses)
            except Declined as declined:
                if asked.get("type") != "batch":
                    raise
                answer = declined.answer
                told = {"status": str(answer.status), "outcome": answer.body}
                refused[number] = {"response": told}
                continue
            kept.append(self._less_entry(entry, one))
        body = dumps({**asked, "entry": kept})
        answer = self._passed_on(request._replace(body=body))
        return _with_entries(answer, refused) if refused else answer

    def _less(self, asked: Interaction) -> Interaction:
        """What is left of an interaction."""
        asked = as_if_not_asked(asked, self._ignores)
        if asked.resource is not None and "tags" in self._lacks | self._ignores:
            asked = asked._replace(resource=untagged(asked.resource))
        return asked

    def _less_entry(self, entry: Json, asked: Interaction) -> Json:
        less = self._less(asked)
        request = dict(entry["request"])
        if less.condition is None:
            request.pop("ifNoneExist", None)
        if not less.if_match:
            request.pop("ifMatch", None)
        if less.params != asked.params:
            request["url"] = f"{less.path}?{urlencode(less.params)}"
        changed = {**entry, "request": request}
        return changed if less.resource is None else {**changed, "resource": less.resource}

    def _as_request(self, asked: Interaction, request: Request) -> Request:
        """The request that asks for this."""
        headers = dict(request.headers)
        if asked.condition is None:
            headers.pop("if-none-exist", None)
        if not asked.if_match:
            headers.pop("if-match", None)
        request = request._replace(headers=headers)
        if asked.path.endswith("/_search"):
            return request._replace(params=(), body=urlencode(asked.params).encode())
        body = dumps(asked.resource) if asked.resource is not None else request.body
        return request._replace(params=asked.params, body=body)

    def _passed_on(self, request: Request) -> Answer:
        here, there = self.url, self._upstream
        told = tuple((name, value.replace(here, there)) for name, value in request.params)
        body = request.body.replace(here.encode(), there.encode())
        body = body.replace(quote(here, "").encode(), quote(there, "").encode())
        headers = {k: v for k, v in request.headers.items() if k not in _OF_ONE_HOP}
        headers["via"] = "1.1 ability-proxy"  # as a proxy must say (RFC 9110, 7.6.3)
        reply = self._http.request(
            request.method,
            f"{there}/{quote(request.path)}" if request.path else there,
            params=told or None,
            content=body,
            headers={**headers, "Accept-Encoding": "identity"},
        )
        answered = {
            name: value.replace(there, here)
            for name, value in reply.headers.items()
            if name not in _OF_ONE_HOP
        }
        answer = Answer(
            reply.status_code, reply.content.replace(there.encode(), here.encode()), answered
        )
        return _unversioned(answer) if "versions" in self._lacks else answer


def _with_entries(answer: Answer, more: Mapping[int, Json]) -> Answer:
    """An answer to a batch with these entries put in at their places."""
    if answer.status != 200 or not isinstance(answer.body, bytes):
        return answer
    body = parsed(answer.body)
    done = iter(body.get("entry", []))
    count = len(body.get("entry", [])) + len(more)
    entries = [more[n] if n in more else next(done) for n in range(count)]
    return answer._replace(body={**body, "entry": entries})


def _unversioned(answer: Answer) -> Answer:
    """An answer that does not tell versions."""
    headers = {k: v for k, v in answer.headers.items() if k.lower() != "etag"}
    answer = answer._replace(headers=headers)
    if not isinstance(answer.body, bytes) or not answer.body.startswith(b"{"):
        return answer
    return answer._replace(body=_stripped(parsed(answer.body)))


def _stripped(value: Any) -> Any:
    if isinstance(value, list):
        return [_stripped(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    told = cast("Json", value)
    kept = {k: _stripped(v) for k, v in told.items() if k not in ("versionId", "etag")}
    if isinstance(where := kept.get("location"), str):
        kept["location"] = where.partition("/_history")[0]
    return kept
