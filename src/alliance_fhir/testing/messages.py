"""Requests and answers, as the test servers see them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qsl, urlsplit

Json = dict[str, Any]
Params = tuple[tuple[str, str], ...]


class Request(NamedTuple):
    """A request as it came in.

    `path` is without the base, without its slashes at the ends; names of headers are in lower case.
    """

    method: str
    path: str
    params: Params
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the address, of each the last."""
        return dict(self.params)

    @property
    def is_search(self) -> bool:
        """Whether it asks for resources by their content."""
        return self.path.endswith("_search") or (self.method == "GET" and "/" not in self.path)

    @property
    def is_write(self) -> bool:
        """Whether it would change anything."""
        return self.method not in ("GET", "HEAD") and not self.is_search


class Delivery(NamedTuple):
    """How the bytes of an answer go out.

    `cut_at`: the connection ends after so many bytes of the body; `pause`: seconds between pieces
    of `piece` bytes.
    """

    cut_at: int | None = None
    pause: float = 0
    piece: int = 16


AT_ONCE = Delivery()


class Answer(NamedTuple):
    """What goes back. A `body` of bytes goes as it is."""

    status: int
    body: Json | bytes = b""
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody changes it
    delivery: Delivery = AT_ONCE


class Cut(Exception):
    """The connection ends without an answer."""


class Declined(Exception):
    """A request that is answered with an OperationOutcome; `code` is one of FHIR's issue-type."""

    def __init__(self, status: int, code: str, told: str = "") -> None:
        super().__init__(code)
        self.answer = Answer(status, outcome(code, told))


class Interaction(NamedTuple):
    """One interaction, wherever it is asked for: by a request of its own or an entry of a bundle.

    `path` as in Request, empty for what goes to the base; `condition` is what If-None-Exist says.
    """

    method: str
    path: str
    params: Params = ()
    resource: Json | None = None
    condition: str | None = None
    if_match: str = ""
    patch: bytes = b""

    @property
    def type(self) -> str:
        """The type of resource, or nothing."""
        return self.path.partition("/")[0]

    @property
    def id(self) -> str:
        """The id of the resource, or nothing."""
        parts = self.path.split("/")
        return parts[1] if len(parts) > 1 and not parts[1].startswith("_") else ""

    @property
    def is_search(self) -> bool:
        """Whether it searches."""
        return self.path.endswith("/_search") or (
            self.method == "GET" and "/" not in self.path and self.path not in ("", "metadata")
        )


def outcome(code: str, told: str = "", severity: str = "error") -> Json:
    """An OperationOutcome with one issue."""
    issue = {"severity": severity, "code": code, "diagnostics": told or "no"}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def bundle(*resources: Json, mode: str = "match", **more: Any) -> Json:
    """A Bundle of hits."""
    entries = [{"resource": r, "search": {"mode": mode}} for r in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries, **more}


def parsed(body: bytes) -> Json:
    """A JSON object, its decimals exact; Declined with 400 where it is none."""
    try:
        value = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise Declined(400, "structure", "not JSON") from None
    if not isinstance(value, dict):
        raise Declined(400, "structure", "no JSON object")
    return cast("Json", value)


def operations(body: bytes) -> list[Json]:
    """The operations of a JSON Patch (RFC 6902); Declined with 400 where it is none."""
    try:
        value = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise Declined(400, "structure", "not JSON") from None
    told = cast("list[Any]", value if isinstance(value, list) else [None])
    if not all(isinstance(one, dict) for one in told):
        raise Declined(400, "structure", "no list of operations")
    return cast("list[Json]", told)


def split_url(url: str) -> tuple[str, Params]:
    """The path and the parameters of an address within the server."""
    parts = urlsplit(url)
    return parts.path.strip("/"), tuple(parse_qsl(parts.query, keep_blank_values=True))


def interaction(request: Request) -> Interaction:
    """What a request asks for. A search by POST has its parameters in the body."""
    params, resource = request.params, None
    if request.path.endswith("_search"):
        params += tuple(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    elif request.body and request.method in ("POST", "PUT"):
        resource = parsed(request.body)
    headers = request.headers
    return Interaction(
        request.method,
        request.path,
        params,
        resource,
        headers.get("if-none-exist"),
        headers.get("if-match", ""),
        request.body if request.method == "PATCH" else b"",
    )


def entries_of(asked: Json) -> list[Json]:
    """The entries of a Bundle; Declined where it is none."""
    entries = asked.get("entry", [])
    if not isinstance(entries, list):
        raise Declined(400, "structure", "entry is no list")
    for entry in cast("list[Any]", entries):
        told = cast("Json", entry) if isinstance(entry, dict) else {}
        if not isinstance(told.get("request"), dict):
            raise Declined(400, "required", "an entry without a request")
    return cast("list[Json]", entries)


def entry_interaction(entry: Json) -> Interaction:
    """What an entry of a bundle asks for."""
    asked: Json = entry["request"]
    path, params = split_url(str(asked.get("url", "")))
    condition = asked.get("ifNoneExist")
    if isinstance(condition, str):
        condition = condition.rpartition("?")[2]
    return Interaction(
        str(asked.get("method", "")),
        path,
        params,
        entry.get("resource"),
        condition,
        str(asked.get("ifMatch", "")),
    )
