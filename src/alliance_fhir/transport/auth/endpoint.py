"""Where tokens come from: found, asked, and understood.

What is asked here goes out without the server's token, follows no redirect, and is tried again with
the patience and in the pace of all requests. Of an error only its code is passed on: servers repeat
in their descriptions what was sent to them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, TypeVar

import httpx

from alliance_fhir.errors import AuthFailed, BadReply, ConfigError, Refused, Unavailable
from alliance_fhir.received import Json, parsed
from alliance_fhir.transport.auth.method import Site
from alliance_fhir.transport.auth.tokens import Token
from alliance_fhir.transport.connection import connection
from alliance_fhir.transport.outcomes import content_of, failure
from alliance_fhir.transport.retry import Spent, Waited, patiently, retry_after

T = TypeVar("T")

_CODE = re.compile(r"[a-z_]{1,40}")
_REMEDIES = {
    "invalid_client": "is this client registered there, with this very key or secret?",
    "invalid_scope": "this client may not have the scopes that are asked for; look at `scopes`",
    "unauthorized_client": "this client may not get tokens by client_credentials; register it so",
    "unsupported_grant_type": "no tokens by client_credentials there; is token_url right?",
    "invalid_grant": "is the key the registered one, and this machine's clock right?",
    "invalid_target": "`audience` names nothing that tokens are given for",
}
"""What to do, by the error codes of OAuth (RFC 6749, 5.2; RFC 8707, 2)."""
_USUAL_LIFE = 300.0
"""Seconds that a token lasts where nobody says it: as SMART recommends at most."""
_CLOCKS_DIFFER = 60
"""Seconds by which clocks may differ before it is worth a word."""


class OAuthError(AuthFailed):
    """The token endpoint said no; `code` is its reason (RFC 6749, 5.2)."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class Granted(NamedTuple):
    """A token, and its scopes; None where the server says nothing, which means those asked for."""

    token: Token
    scopes: tuple[str, ...] | None


class _Answer(NamedTuple):
    response: httpx.Response
    content: bytes


def ask(site: Site, url: str, form: Callable[[], Mapping[str, str]], header: str = "") -> Granted:
    """A token. `form` is made anew for each attempt: an assertion may be used only once.

    Raises OAuthError where the endpoint says no, Unavailable after due patience.
    """

    def once() -> Granted:
        asked = time.monotonic()
        headers = {"Authorization": header} if header else {}
        answer = _sent(site, "POST", url, data=form(), headers=headers)
        if answer.response.is_success:
            return _granted(answer, url, asked)
        raise _declined(answer, url)

    return _patiently(site, once)


def look_up(site: Site, url: str) -> Json:
    """A public document, empty where there is none. Raises Unavailable after due patience."""

    def once() -> Json:
        answer = _sent(site, "GET", url)
        if not answer.response.is_success:
            raise _passing(answer) or Refused("", status=answer.response.status_code)
        return parsed(answer.content)

    try:
        return _patiently(site, once)
    except (Refused, BadReply):  # some servers answer with a page of their own
        return {}


def _patiently(site: Site, once: Callable[[], T]) -> T:
    try:
        return patiently(once, site.patience, harmless=True, pace=site.pace)
    except Unavailable as error:
        raise Spent(str(error)) from None


def _sent(site: Site, method: str, url: str, **told: Any) -> _Answer:
    headers = {"Accept": "application/json, application/fhir+json", **told.pop("headers", {})}
    host = httpx.URL(url).host
    try:
        with (
            connection(_Nobody(), site.timeout, site.tls) as http,
            http.stream(method, url, headers=headers, **told) as response,
        ):
            return _Answer(response, content_of(response))
    except httpx.HTTPError as error:
        raise Unavailable(f"{host}: no answer about tokens ({type(error).__name__})") from None


class _Nobody(httpx.Auth):
    """Not even what the environment may know of this host."""


def _passing(answer: _Answer) -> Waited | None:
    """The error for an answer that says: not now."""
    error = failure(answer.response, b"")
    if isinstance(error, Unavailable):
        after = retry_after(answer.response.headers)
        return Waited(str(error), sent=False, seconds=after)
    return None


def _granted(answer: _Answer, url: str, asked: float) -> Granted:
    where = f"the token endpoint {_bare(url)} answered with"
    try:
        body = parsed(answer.content)
    except BadReply as error:
        raise BadReply(f"{where} {error}") from None
    token, kind, scope = (body.get(name) for name in ("access_token", "token_type", "scope"))
    if not isinstance(token, str) or not re.fullmatch("[!-~]+", token):
        raise BadReply(f"{where} no token")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise BadReply(f"{where} a token that is no bearer token")
    scopes = tuple(scope.split()) if isinstance(scope, str) else None
    return Granted(Token(token, asked, _life(body.get("expires_in"))), scopes)


def _life(told: object) -> float:
    """`expires_in`, which some servers write as a text."""
    try:
        seconds = float(str(told))
    except ValueError:
        return _USUAL_LIFE
    return seconds if 0 < seconds < float("inf") else _USUAL_LIFE


def _declined(answer: _Answer, url: str) -> Exception:
    response, place = answer.response, _bare(url)
    if passing := _passing(answer):
        return passing
    status = response.status_code
    if 300 <= status < 400:
        return ConfigError(f"the token endpoint {place} sends us elsewhere; set token_url to where")
    code = _code(answer.content)
    if status >= 500 or code == "temporarily_unavailable":
        return Waited(f"the token endpoint {place} answered {status}", sent=False, seconds=None)
    if status in (404, 405, 410) and not code:
        return ConfigError(f"{place} answered {status}: no token endpoint there; set token_url")
    told = f"the token endpoint {place} answered {status}" + (f" ({code})" if code else "")
    remedy = _REMEDIES.get(code, "look at the settings of this client, here and there")
    return OAuthError(f"{told}: {remedy}{_clock(response)}", code)


def _code(content: bytes) -> str:
    try:
        code = parsed(content).get("error")
    except BadReply:
        return ""
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _clock(response: httpx.Response) -> str:
    """A word where this machine's clock differs from the server's: assertions hold the time."""
    try:
        there = parsedate_to_datetime(response.headers.get("Date", ""))
        ahead = round((datetime.now(UTC) - there).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return ""
    if abs(ahead) < _CLOCKS_DIFFER:
        return ""
    way = "ahead of" if ahead > 0 else "behind"
    return f" This machine's clock is {abs(ahead)} s {way} the server's."


def _bare(url: str) -> str:
    return str(httpx.URL(url).copy_with(query=None, fragment=None))
