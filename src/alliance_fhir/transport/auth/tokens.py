"""Access tokens: one for all threads, fetched by one of them, renewed before it ends.

The time is monotonic: a clock that is set, forwards or back, neither ends a token nor keeps it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from alliance_fhir.errors import AllianceError
from alliance_fhir.transport.auth.method import Method

_EARLY = 60.0
"""So many seconds before its end a token is renewed: a request takes time, and so does the reply
that told how long it lasts. Of short tokens it is a tenth of their time."""


class Token(NamedTuple):
    """An access token. `lasts` are the seconds since it was asked for, at `asked`."""

    value: str
    asked: float
    lasts: float

    @property
    def usable(self) -> bool:
        """Whether it will not end at once."""
        return time.monotonic() < self.asked + self.lasts - min(_EARLY, self.lasts / 10)


class Tokens(Method):
    """A method by which tokens are fetched: `_fetch` gets one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._token: Token | None = None
        self._fetches = 0
        self._failed: AllianceError | None = None

    def header(self) -> str:
        """The token, if it lasts; else a new one."""
        return f"Bearer {self._current(lambda token: token.usable)}"

    def renewed(self, refused: str) -> str:
        """Another token than the one that was refused: another thread's, or a new one."""
        return f"Bearer {self._current(lambda token: f'Bearer {token.value}' != refused)}"

    def _fetch(self) -> Token:
        raise NotImplementedError

    def _current(self, good: Callable[[Token], bool]) -> str:
        token, before = self._token, self._fetches
        if token and good(token):
            return token.value
        with self._lock:
            if self._token and good(self._token):
                return self._token.value
            if self._failed and self._fetches != before:  # somebody else's, while we waited
                raise self._failed.with_traceback(None)
            self._token = self._failed = None
            try:
                self._token = self._fetch()
            except AllianceError as error:
                self._failed = error
                raise
            finally:
                self._fetches += 1
            return self._token.value
