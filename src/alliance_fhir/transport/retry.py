"""The one policy of waiting and trying again, by tenacity.

Only what may pass is tried again. A request that may have arrived is sent again by itself only if
that is harmless; else whoever sent it must look first.
"""

from __future__ import annotations

import email.utils
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_random_exponential,
)

from alliance_fhir.errors import Refused, Unavailable
from alliance_fhir.transport.pace import Pace

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How often and how long: attempts at most, seconds in all, seconds between two at most.

    `sleep` waits for so many seconds; None: until the run is broken off at most.
    """

    attempts: int = 6
    total: float = 300
    longest_wait: float = 60
    first_wait: float = 0.5
    sleep: Callable[[float], object] | None = None


class Waited(Unavailable):
    """Unavailable, with the seconds that the server asked us to wait."""

    def __init__(self, message: str, *, sent: bool, seconds: float | None) -> None:
        super().__init__(message, sent=sent)
        self.seconds = seconds


class Spent(Unavailable):
    """Unavailable, after all patience there is: not to be tried again by who asked for it."""


def retry_after(headers: httpx.Headers) -> float | None:
    """Retry-After in both of its forms (RFC 9110, 10.2.3), in seconds from now."""
    told = headers.get("Retry-After", "").strip()
    if not told:
        return None
    if told.isascii() and told.isdigit():
        return float(told)
    try:
        when = email.utils.parsedate_to_datetime(told)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (when - datetime.now(UTC)).total_seconds()) if when.tzinfo else None


def patiently(
    send: Callable[[], T], patience: Patience, *, harmless: bool, pace: Pace | None = None
) -> T:
    """Calls `send` until it gives something, the error is lasting, or patience is at its end.

    `harmless`: sending twice does no harm, so even what may have arrived is sent again. `pace` is
    that of all requests to the server: they all wait when one has to.
    """
    pace = pace or Pace(sleep=patience.sleep)
    backoff = wait_random_exponential(patience.first_wait, patience.longest_wait)

    def may_pass(error: BaseException) -> bool:
        if pace.ended:
            return False
        if isinstance(error, Refused):  # 500: an outage of the server, or a payload it chokes on
            return error.status == 500 and harmless
        if isinstance(error, Spent):  # a token was waited for already
            return False
        return isinstance(error, Unavailable) and (harmless or not error.sent)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.seconds if isinstance(error, Waited) else None
        seconds = min(asked, patience.longest_wait) if asked is not None else backoff(state)
        pace.hold(seconds)
        return seconds

    def in_turn() -> T:
        pace.wait()
        return send()

    retrying = Retrying(
        retry=retry_if_exception(may_pass),
        wait=wait,
        stop=stop_after_attempt(patience.attempts) | stop_after_delay(patience.total),
        sleep=pace.sleep,
        reraise=True,
    )
    return retrying(in_turn)
