"""How a request shows who sends it. A new method is one class here."""

from __future__ import annotations

import os
import re
from collections.abc import Generator

import httpx

from alliance_fhir.config import TOKEN_VARIABLE
from alliance_fhir.errors import ConfigError

_TOKEN = re.compile(r"[!-~]+")


class NoAuth(httpx.Auth):
    """For servers that ask for nothing."""


class BearerToken(httpx.Auth):
    """A bearer token (RFC 6750). It is shown by no repr, no message and no log of ours."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Adds the header to a request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


def from_environment(variable: str = TOKEN_VARIABLE) -> httpx.Auth:
    """The token that the environment holds in `variable`, or no authentication.

    Raises ConfigError for what no header can hold: libraries would repeat it in what they raise.
    """
    token = os.environ.get(variable, "").strip()
    if not token:
        return NoAuth()
    if not _TOKEN.fullmatch(token):
        raise ConfigError(
            f"{variable} holds no bearer token: put the token alone there, without `Bearer`, "
            "spaces or line breaks"
        )
    return BearerToken(token)
