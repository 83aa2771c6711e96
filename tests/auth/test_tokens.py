"""The life of a token: it ends in the middle of a run, many threads want it, nobody gives it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from flask import jsonify

from alliance_fhir.errors import AuthFailed, Unavailable
from alliance_fhir.testing import Answer, outcome
from alliance_fhir.transport.auth import method
from alliance_fhir.transport.client import Client
from wire.conftest import FIRST

from .conftest import Guarded, bearer, pair
from .issuer import error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alliance_fhir.testing import Request

ATTEMPTS = 6
LANES = 8


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = time.monotonic()

    def monotonic(self) -> float:
        return self.now

    time = staticmethod(time.time)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which tokens end, for us and for the issuer."""
    clock = Clock()
    for module in ("tokens", "endpoint"):
        monkeypatch.setattr(f"alliance_fhir.transport.auth.{module}.time", clock)
    monkeypatch.setattr("auth.issuer.time", clock)
    return clock


# --- in the middle of a run


def test_a_token_that_is_revoked_in_the_middle_of_a_run(
    guarded: Guarded, naps: list[float]
) -> None:
    guarded.smart(pair("one"))
    refused: list[Request] = []

    def before(request: Request) -> Answer | None:
        if request.is_write and not refused:  # a write: a 401 says that nothing was done
            guarded.issuer.revoke()
            refused.append(request)
        return None

    guarded.lets_in(before=before)
    ran = guarded.sync()
    assert ran.code == 0
    guarded.whole()
    assert len(refused) == 1
    assert len(guarded.issuer.asked) == 2
    again = [r for r in guarded.asked if r.body == refused[0].body]
    assert [bearer(r) for r in again] == [f"Bearer {t}" for t in guarded.issuer.issued]
    assert naps == []  # no retry


def test_tokens_are_renewed_before_they_end(guarded: Guarded, clock: Clock) -> None:
    """Each request takes 18 seconds, and is looked at halfway; a token lasts 78: none is refused,
    though the fifth would be sent before its end, and looked at after it."""
    guarded.issuer.lasts = 78
    guarded.smart(pair("one"))
    # one patient: one lane, so that no request takes another's time
    guarded.clinic.write(FIRST, replace(FIRST, record_id="r-3"), replace(FIRST, record_id="r-4"))
    usual, statuses = guarded.little.between, set[int]()

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        clock.now += 9
        answer = usual(request, proceed)
        clock.now += 9
        statuses.add(answer.status)
        return answer

    guarded.little.between = between
    guarded.little.page = 1
    assert guarded.sync().code == 0
    assert len(guarded.little.of_type("Observation")) == 15
    assert 401 not in statuses
    assert len(guarded.issuer.asked) >= len(guarded.asked) // 5 > 1


def test_a_clock_that_is_set_neither_ends_a_token_nor_keeps_it(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded.smart(pair("one"))
    really, jumps = time.time, [86_400 * 400, -86_400 * 400]

    def before(request: Request) -> Answer | None:
        jumps.reverse()
        monkeypatch.setattr(time, "time", lambda: really() + jumps[0])
        return None

    guarded.lets_in(before=before)
    assert guarded.sync().code == 0
    assert len(guarded.issuer.asked) == 1


@pytest.mark.parametrize("what", ["metadata", "Patient/_search", ""])
def test_a_second_refusal_in_a_row_is_the_last(
    guarded: Guarded, naps: list[float], what: str
) -> None:
    guarded.smart(pair("one"))
    endless = {"Content-Length": "9" * 12}  # of the first: nobody reads it
    answers = [Answer(401, outcome("login"), headers) for headers in (endless, {})]
    guarded.lets_in(before=lambda request: answers.pop(0) if request.path == what else None)
    ran = guarded.sync()
    assert ran.code == 12
    assert " answered 401" in ran.json["stopped"]
    asked = [bearer(r) for r in guarded.asked if r.path == what]
    assert asked == [f"Bearer {token}" for token in guarded.issuer.issued]
    assert len(asked) == 2
    assert naps == []


def test_what_may_not_be_done_is_not_asked_with_another_token(guarded: Guarded) -> None:
    guarded.smart(pair("one"))
    guarded.lets_in(before=lambda r: Answer(403) if r.path == "Patient/_search" else None)
    assert guarded.sync().code == 12
    assert len(guarded.issuer.asked) == 1


# --- an issuer in trouble


def failing(times: int, answer: Callable[[], Any]) -> Callable[[Callable[[], Any]], Any]:
    """So many failures, then all is well."""
    left = [times]

    def between(proceed: Callable[[], Any]) -> Any:
        left[0] -= 1
        return answer() if left[0] >= 0 else proceed()

    return between


def busy() -> Any:
    """Not now, but soon."""
    answer = error(503, "temporarily_unavailable")
    answer.headers["Retry-After"] = "7"
    return answer


def test_an_issuer_that_is_busy_is_asked_again(guarded: Guarded, naps: list[float]) -> None:
    guarded.smart(pair("one"))
    guarded.issuer.between = failing(3, busy)
    assert guarded.sync().code == 0
    assert naps[:3] == [7, 7, 7]  # and the lanes, as no time passes here
    assert len({asked.claims["jti"] for asked in guarded.issuer.asked}) == 4


def test_an_answer_that_was_lost_does_not_use_an_assertion_twice(guarded: Guarded) -> None:
    """The issuer did give a token, and knows the assertion: it would refuse the same again."""
    guarded.smart(pair("one"))
    lost = [True]

    def between(proceed: Callable[[], Any]) -> Any:
        answer = proceed()
        return error(502, "") if lost and lost.pop() else answer

    guarded.issuer.between = between
    assert guarded.sync().code == 0
    assert len(guarded.issuer.issued) == 2


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_an_issuer_that_is_down_stops_the_run(
    guarded: Guarded, naps: list[float], status: int
) -> None:
    guarded.smart(pair("one"))
    guarded.issuer.between = lambda proceed: error(status, "server_error")
    ran = guarded.sync()
    assert ran.code == 11
    assert f"{guarded.issuer.token_url} answered {status}" in ran.json["stopped"]
    assert len(guarded.issuer.asked) == ATTEMPTS  # and not as often for each of as many requests
    assert len(naps) == ATTEMPTS - 1
    assert guarded.asked == []


def test_an_issuer_that_is_not_there(guarded: Guarded, naps: list[float]) -> None:
    guarded.smart(pair("one"), token_url="http://127.0.0.1:9/token")  # noqa: S106
    ran = guarded.sync()
    assert ran.code == 11
    assert "127.0.0.1: no answer about tokens (ConnectError)" in ran.json["stopped"]
    assert len(naps) == ATTEMPTS - 1


SECRET = "t0k3n-that-nobody-may-see"  # noqa: S105 - that is what is tested
BEARER = {"token_type": "Bearer"}
GARBAGE: dict[str, Callable[[], Any]] = {
    "a page": lambda: f"<html>{SECRET}",
    "no object": lambda: jsonify([SECRET]),
    "no token": lambda: jsonify(token=SECRET),
    "a token with a line break": lambda: jsonify({"access_token": f"{SECRET}\n", **BEARER}),
    "an empty token": lambda: jsonify({"access_token": "", **BEARER}),
    "another type": lambda: jsonify({"access_token": SECRET, "token_type": "mac"}),
    "no type": lambda: jsonify(access_token=SECRET),
}


@pytest.mark.parametrize("answer", GARBAGE.values(), ids=GARBAGE)
def test_an_issuer_that_answers_nonsense(guarded: Guarded, answer: Callable[[], Any]) -> None:
    guarded.smart(pair("one"))
    guarded.issuer.between = lambda proceed: answer()
    ran = guarded.sync()
    assert ran.code == 15
    assert f"the token endpoint {guarded.issuer.token_url} answered with" in ran.json["stopped"]
    assert SECRET not in ran.out + ran.err
    assert guarded.asked == []


@pytest.mark.parametrize("lasts", [None, "3600", 3600.5, 0, -1, "soon", [], True, "nan", "inf"])
def test_how_long_a_token_lasts_is_read_softly(guarded: Guarded, lasts: object) -> None:
    guarded.smart(pair("one"))

    def between(proceed: Callable[[], Any]) -> Any:
        told = {**proceed().get_json(), "expires_in": lasts, "token_type": "BEARER"}
        return jsonify({name: value for name, value in told.items() if value is not None})

    guarded.issuer.between = between
    assert guarded.sync().code == 0
    if lasts is not True:  # one second, which is less than a run may take
        assert len(guarded.issuer.asked) == 1


@pytest.mark.parametrize(
    ("status", "code", "exit_code", "told"),
    [
        (400, "invalid_grant", 12, "(invalid_grant): is the key the registered one"),
        (400, "unauthorized_client", 12, "by client_credentials; register it so"),
        (400, "unsupported_grant_type", 12, "is token_url right?"),
        (401, "", 12, "answered 401: look at the settings of this client"),
        (403, "Bad\nCode", 12, "answered 403: look at the settings"),
        (404, "", 2, "no token endpoint there; set token_url"),
        (302, "", 2, "sends us elsewhere; set token_url"),
    ],
)
def test_an_issuer_that_says_no(
    guarded: Guarded, status: int, code: str, exit_code: int, told: str
) -> None:
    guarded.smart(pair("one"))
    guarded.issuer.between = lambda proceed: error(status, code, SECRET)
    ran = guarded.sync()
    assert ran.code == exit_code
    assert told in ran.json["stopped"]
    assert SECRET not in ran.out + ran.err
    assert len(guarded.issuer.asked) == 1


# --- many threads


@pytest.fixture
def client(guarded: Guarded) -> Iterator[Client]:
    """A client as `sync` has it, for threads."""
    guarded.smart(pair("one"))
    told = {
        "method": "smart",
        "client_id": "alliance-nightly",
        "key_file": "keys.json",
        "scopes": ["system/Patient.rs"],
    }
    with Client(guarded.little.url, method(told, guarded.clinic.folder)) as client:
        yield client


def together(ask: Callable[[], object]) -> list[BaseException | None]:
    """Asks in as many threads at once; what each of them got for it."""
    start = Barrier(LANES)

    def one() -> BaseException | None:
        start.wait()
        try:
            ask()
        except (AuthFailed, Unavailable) as wrong:
            return wrong
        return None

    with ThreadPoolExecutor(LANES) as pool:
        return [future.result() for future in [pool.submit(one) for _ in range(LANES)]]


def slowly(proceed: Callable[[], Any]) -> Any:
    """An issuer that takes its time, so that all threads wait."""
    time.sleep(0.2)
    return proceed()


def test_threads_share_a_token_and_its_successor(guarded: Guarded, client: Client) -> None:
    guarded.issuer.between = slowly
    assert together(lambda: client.get("metadata")) == [None] * LANES
    assert len(guarded.issuer.asked) == 1
    guarded.issuer.revoke()
    assert together(lambda: client.get("metadata")) == [None] * LANES
    assert len(guarded.issuer.asked) == 2


@pytest.mark.parametrize(
    ("status", "attempts", "kind"), [(503, ATTEMPTS, Unavailable), (400, 1, AuthFailed)]
)
def test_threads_share_a_failure(
    guarded: Guarded, client: Client, status: int, attempts: int, kind: type[Exception]
) -> None:
    guarded.issuer.between = lambda proceed: slowly(lambda: error(status, "invalid_request"))
    told = together(lambda: client.get("metadata"))
    assert {type(wrong) for wrong in told} <= set(kind.__subclasses__()) | {kind}
    assert len(guarded.issuer.asked) == attempts
    guarded.issuer.between = lambda proceed: proceed()
    assert client.get("metadata").status == 200  # and it is over when it is over


# --- an issuer that goes away in the middle of a run

LOST: dict[str, tuple[Callable[[], Any], int]] = {
    "down": (lambda: error(503, ""), 11),
    "the key was withdrawn": (lambda: error(401, "invalid_client"), 12),
    "no endpoint any more": (lambda: error(404, ""), 2),
    "a page": (lambda: "<html>", 15),
}


@pytest.mark.parametrize(("answer", "code"), LOST.values(), ids=LOST)
def test_what_was_not_sent_for_want_of_a_token_is_sent_the_next_time(
    guarded: Guarded, answer: Callable[[], Any], code: int
) -> None:
    """The run stops cleanly and says why; nothing counts as sent that was not."""
    guarded.smart(pair("one"))

    def before(request: Request) -> Answer | None:
        if request.is_write and not guarded.little.of_type("QuestionnaireResponse"):
            guarded.issuer.between = lambda proceed: answer()
            guarded.issuer.revoke()
        return None

    guarded.lets_in(before=before)
    ran = guarded.sync()
    assert ran.code == code
    assert ran.json["stopped"]
    assert guarded.little.of_type("QuestionnaireResponse") == []
    guarded.issuer.between = lambda proceed: proceed()
    guarded.lets_in()
    assert guarded.sync().code == 0
    guarded.whole()
