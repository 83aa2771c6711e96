"""What a reply means: the body of a good one, the error of a bad one.

The class of the error says what to do next. Messages hold the status and the outcome's codes, and
never a diagnostic text of the server: servers repeat there what was sent to them.
"""

from __future__ import annotations

import re
from typing import NamedTuple, cast

import httpx

from alliance_fhir.errors import (
    AuthFailed,
    BadReply,
    Conflict,
    Refused,
    ServerError,
    Unavailable,
)
from alliance_fhir.received import Json, parsed, part, parts, text

_CODE = re.compile(r"[a-z-]{1,40}")
_WITHIN = re.compile(r"\bentry\b|^(?!Bundle\b)[A-Z][A-Za-z]+\.")
"""A place in an entry of a bundle, or in a resource by itself."""
_PASSING = {408, 429, 502, 503, 504}
"""Statuses that say: not now."""
_UNCLEAR = {408, 502, 504}
"""Statuses of something between us and the server, which may have got the request all the same."""
_LARGEST = 64 * 1024 * 1024
"""Bytes of a reply, unpacked: a page of 200 resources has about one hundredth of it."""


class Reply(NamedTuple):
    """A good reply: its status, its body (empty where there was none), and its headers."""

    status: int
    body: Json
    headers: httpx.Headers


def read(response: httpx.Response, content: bytes) -> Reply:
    """The reply, or the error that it is. `content` is what stood in it, unpacked."""
    status = response.status_code
    if status >= 300:
        raise failure(response, content)
    if not content:
        return Reply(status, {}, response.headers)
    try:
        body = parsed(content)
    except BadReply as error:
        raise unreadable(response, str(error)) from None
    if "resourceType" not in body:
        raise unreadable(response, "something that is not FHIR")
    return Reply(status, body, response.headers)


def unreadable(response: httpx.Response, why: str) -> BadReply:
    """The error for a reply that holds something else than FHIR: `why` is what."""
    return BadReply(f"{_place(response)} answered {response.status_code} with {why}")


def content_of(response: httpx.Response) -> bytes:
    """What stands in a reply, unpacked. Raises BadReply where it is too much or not to be unpacked.

    A failure counts as one without words then: its status says enough.
    """
    try:
        return _unpacked(response)
    except BadReply:
        if response.status_code < 300:
            raise
        return b""


def _unpacked(response: httpx.Response) -> bytes:
    content = bytearray()
    try:
        for chunk in response.iter_bytes():
            content += chunk
            if len(content) > _LARGEST:
                raise unreadable(response, f"more than {_LARGEST} bytes")
    except httpx.DecodingError:
        raise unreadable(response, "something that cannot be unpacked") from None
    return bytes(content)


def failure(response: httpx.Response, content: bytes) -> ServerError:
    """The error for a reply that is none of the 2xx."""
    return error_of(response.status_code, _place(response), _lenient(content))


def error_of(status: int, place: str, outcome: Json) -> ServerError:
    """The error for a status that is none of the 2xx, of a reply or of an entry in one."""
    issues = issue_codes(outcome)
    told = f"{place} answered {status}" + (f" ({', '.join(issues)})" if issues else "")
    if 300 <= status < 400:
        return Refused(f"{told}: it sends us elsewhere, where we do not follow", status=status)
    if status in (401, 403):
        return AuthFailed(f"{told}: the credentials are missing, wrong or too weak", status=status)
    if status in (409, 412):
        return Conflict(told, status=status, outcome=outcome)
    if status in _PASSING:
        return Unavailable(told, sent=status in _UNCLEAR)
    return Refused(told, status=status, issues=issues, outcome=outcome)


def issue_codes(outcome: Json) -> tuple[str, ...]:
    """The codes of an OperationOutcome's errors; never its texts."""
    found: list[str] = []
    try:
        issues = parts(outcome, "issue")
    except BadReply:
        return ()
    for issue in issues:
        code = issue.get("code")
        serious = issue.get("severity") not in ("warning", "information")
        if serious and isinstance(code, str) and _CODE.fullmatch(code) and code not in found:
            found.append(code)
    return tuple(found)


_TOO_MUCH = {"too-costly", "too-long"}
"""Codes of FHIR for what takes more than the server gives (issue-type)."""
_TOO_MANY = re.compile(r"(?i)too many entries|more [a-z ]*operations than allowed")
"""The words of a server that has no code for it: see the quirks."""


def is_too_large(outcome: Json) -> bool:
    """Whether an outcome says that a bundle was too much at once, whatever the status was."""
    try:
        issues = parts(outcome, "issue")
        told = [text(part(one, "details"), "text") for one in issues]
    except BadReply:
        return False
    if _TOO_MUCH.intersection(
        one.get("code") for one in issues if isinstance(one.get("code"), str)
    ):
        return True
    return any(map(_TOO_MANY.search, told))


def names_an_entry(outcome: Json) -> bool:
    """Whether an outcome of a bundle says what in it is wrong, and not the bundle as a whole: by
    `expression`, or by `location` as older servers do."""
    try:
        issues = parts(outcome, "issue")
    except BadReply:
        return False
    told = [
        place for one in issues for name in ("expression", "location") for place in _list(one, name)
    ]
    return any(isinstance(place, str) and _WITHIN.search(place) for place in told)


def _list(issue: Json, name: str) -> list[object]:
    told = issue.get(name)
    return cast("list[object]", told) if isinstance(told, list) else []


def _place(response: httpx.Response) -> str:
    """Where the request went, without its query: that may hold a patient's identifier."""
    request = response.request
    return f"{request.method} {request.url.copy_with(query=None, fragment=None)}"


def _lenient(content: bytes) -> Json:
    try:
        return parsed(content)
    except BadReply:
        return {}
