"""What a reply means: the body of a good one, the error of a bad one.

The class of the error says what to do next. Messages hold the status and the outcome's codes, and
never a diagnostic text of the server: servers repeat there what was sent to them.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, NamedTuple, cast

import httpx

from alliance_fhir.errors import AuthFailed, BadReply, Conflict, Refused, Unavailable

Json = dict[str, Any]

_CODE = re.compile(r"[a-z-]{1,40}")
_PASSING = {429, 502, 503, 504}
"""Statuses that say: not now."""
_UNCLEAR = {502, 504}
"""Statuses of something between us and the server, which may have got the request all the same."""


class Reply(NamedTuple):
    """A good reply: its status, its body (empty where there was none), and its headers."""

    status: int
    body: Json
    headers: httpx.Headers


def read(response: httpx.Response) -> Reply:
    """The reply, or the error that it is."""
    status = response.status_code
    if status >= 300:
        raise failure(response)
    if not response.content:
        return Reply(status, {}, response.headers)
    body = _json(response)
    if "resourceType" not in body:
        raise BadReply(f"{_place(response)} answered {status} with something that is not FHIR")
    return Reply(status, body, response.headers)


def failure(response: httpx.Response) -> Exception:
    """The error for a reply that is none of the 2xx."""
    status = response.status_code
    issues = issue_codes(_lenient(response))
    told = f"{_place(response)} answered {status}" + (f" ({', '.join(issues)})" if issues else "")
    if 300 <= status < 400:
        return Refused(f"{told}: it sends us elsewhere, where we do not follow", status=status)
    if status in (401, 403):
        return AuthFailed(f"{told}: the credentials are missing, wrong or too weak")
    if status in (409, 412):
        return Conflict(told)
    if status in _PASSING:
        return Unavailable(told, sent=status in _UNCLEAR)
    return Refused(told, status=status, issues=issues)


def issue_codes(outcome: Json) -> tuple[str, ...]:
    """The codes of an OperationOutcome's errors; never its texts."""
    found: list[str] = []
    issues = outcome.get("issue")
    for issue in cast("list[Any]", issues) if isinstance(issues, list) else []:
        told = cast("Json", issue) if isinstance(issue, dict) else {}
        code = told.get("code")
        serious = told.get("severity") not in ("warning", "information")
        if serious and isinstance(code, str) and _CODE.fullmatch(code) and code not in found:
            found.append(code)
    return tuple(found)


def _place(response: httpx.Response) -> str:
    """Where the request went, without its query: that may hold a patient's identifier."""
    request = response.request
    return f"{request.method} {request.url.copy_with(query=None, fragment=None)}"


def _json(response: httpx.Response) -> Json:
    try:
        body = json.loads(response.content, parse_float=Decimal)
    except ValueError:
        raise BadReply(
            f"{_place(response)} answered {response.status_code} with something that is not JSON"
        ) from None
    if not isinstance(body, dict):
        raise BadReply(f"{_place(response)} answered with JSON that is no object")
    return cast("Json", body)


def _lenient(response: httpx.Response) -> Json:
    try:
        return _json(response)
    except BadReply:
        return {}
