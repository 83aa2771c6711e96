"""Waiting and trying again: what may pass, how long, and how often."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from alliance_fhir.errors import AuthFailed, Conflict, Refused, Unavailable
from alliance_fhir.testing import Answer, Cut, Request, outcome
from alliance_fhir.testing import FhirServer as LittleServer
from alliance_fhir.transport.client import Client
from alliance_fhir.transport.retry import Patience, retry_after

if TYPE_CHECKING:
    from collections.abc import Callable

ATTEMPTS = 6


def failing(*answers: Answer | type[Cut]) -> Callable[[Request, Callable[[], Answer]], Answer]:
    """These answers first, one a request, then the server's own."""
    left = list(answers)

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        answer = left.pop(0) if left else proceed()
        if isinstance(answer, Answer):
            return answer
        raise answer

    return between


def passing(status: int, after: str = "") -> Answer:
    """Not now."""
    return Answer(status, outcome("transient"), {"Retry-After": after} if after else {})


def in_seconds(seconds: float) -> str:
    """An HTTP-date that far from now."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("status", [429, 503])
def test_the_server_says_how_long_to_wait(
    little: LittleServer, client: Client, naps: list[float], status: int
) -> None:
    little.between = failing(passing(status, "7"), passing(status, "0"))
    assert client.get("metadata").status == 200
    assert naps == [7, 0]


def test_the_server_says_until_when_to_wait(
    little: LittleServer, client: Client, naps: list[float]
) -> None:
    little.between = failing(passing(503, in_seconds(40)), passing(503, in_seconds(-4000)))
    client.get("metadata")
    assert 30 < naps[0] <= 40
    assert naps[1] == 0


@pytest.mark.parametrize(
    "asked",
    ["86400", "9" * 400, in_seconds(86_400), in_seconds(10**9)],
    ids=["a day", "for ever", "tomorrow", "in thirty years"],
)
def test_no_server_makes_us_wait_for_hours(
    little: LittleServer, client: Client, naps: list[float], asked: str
) -> None:
    little.between = failing(passing(429, asked))
    client.get("metadata")
    assert naps == [Patience().longest_wait]


@pytest.mark.parametrize(
    "nonsense",
    [
        *("soon", "-5", "1.5", "\u0661", "Mon, 99 Foo 2026 00:00:00 GMT"),
        f"Mon, 05 Jan 2026 00:00:00 +{'9' * 20}",
        f"Mon, 05 Jan 2026 {'9' * 20}:00:00 GMT",
        "Mon, 05 Jan 99999 00:00:00 GMT",
    ],
)
def test_a_time_that_makes_no_sense_is_no_time(nonsense: str) -> None:
    assert retry_after(httpx.Headers({"Retry-After": nonsense.encode()})) is None


def test_waits_grow_and_are_bounded(
    little: LittleServer, client: Client, naps: list[float]
) -> None:
    little.between = lambda request, proceed: passing(503)
    with pytest.raises(Unavailable, match="503") as told:
        client.get("metadata")
    assert len(little.requests) == ATTEMPTS
    assert len(naps) == ATTEMPTS - 1
    assert all(0 <= nap <= 0.5 * 2**n for n, nap in enumerate(naps))
    assert not told.value.sent


def test_patience_ends_with_time_as_well(little: LittleServer, naps: list[float]) -> None:
    little.between = lambda request, proceed: passing(503)
    patience = Patience(total=0, sleep=naps.append)
    with Client(little.url, patience=patience) as client, pytest.raises(Unavailable):
        client.get("metadata")
    assert len(little.requests) == 1


READS: dict[str, Callable[[Client], object]] = {
    "read": lambda client: client.get("metadata"),
    "search": lambda client: list(client.search("Patient", {"identifier": "a|b"})),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize("answer", [Cut, *map(passing, (429, 500, 502, 503, 504))], ids=str)
def test_what_changes_nothing_is_asked_again(
    little: LittleServer,
    client: Client,
    read: Callable[[Client], object],
    answer: Answer | type[Cut],
) -> None:
    little.between = failing(answer, answer)
    read(client)
    assert len(little.requests) == 3


@pytest.mark.parametrize("answer", [Cut, passing(502), passing(504)], ids=str)
def test_what_may_have_arrived_is_not_sent_twice(
    little: LittleServer, client: Client, naps: list[float], answer: Answer | type[Cut]
) -> None:
    little.between = failing(answer, answer)
    with pytest.raises(Unavailable) as told:
        client.post("", b"{}")
    assert told.value.sent
    assert len(little.requests) == 1
    assert naps == []


@pytest.mark.parametrize("status", [429, 503])
def test_what_was_turned_away_is_sent_again(
    little: LittleServer, client: Client, status: int
) -> None:
    little.between = failing(passing(status), Answer(200, {"resourceType": "Bundle"}))
    assert client.post("", b"{}").body == {"resourceType": "Bundle"}
    assert len(little.requests) == 2


def test_a_write_that_breaks_the_server_is_not_sent_again(
    little: LittleServer, client: Client
) -> None:
    little.between = lambda request, proceed: passing(500)
    with pytest.raises(Refused) as told:
        client.post("", b"{}")
    assert told.value.status == 500
    assert len(little.requests) == 1


def test_an_answer_that_is_cut_off_may_have_changed_something(
    little: LittleServer, client: Client
) -> None:
    half = Answer(200, b'{"resourceType": "Bun', {"Content-Length": "500"})
    little.between = lambda request, proceed: half
    with pytest.raises(Unavailable) as told:
        client.post("", b"{}")
    assert told.value.sent
    assert len(little.requests) == 1


def test_a_server_that_is_down_was_not_reached(naps: list[float]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/fhir"
    with Client(url) as client, pytest.raises(Unavailable, match="not reached") as told:
        client.post("", b"{}")
    assert not told.value.sent
    assert len(naps) == ATTEMPTS - 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (301, Refused),
        (307, Refused),
        (400, Refused),
        (401, AuthFailed),
        (403, AuthFailed),
        (404, Refused),
        (405, Refused),
        (409, Conflict),
        (410, Refused),
        (412, Conflict),
        (413, Refused),
        (422, Refused),
        (501, Refused),
    ],
)
def test_what_will_not_pass_is_not_tried_again(
    little: LittleServer, client: Client, status: int, error: type[Exception]
) -> None:
    little.between = lambda request, proceed: Answer(status, outcome("value"))
    for ask in (lambda: client.get("metadata"), lambda: client.post("", b"{}")):
        little.requests.clear()
        with pytest.raises(error, match=str(status)):
            ask()
        assert len(little.requests) == 1
