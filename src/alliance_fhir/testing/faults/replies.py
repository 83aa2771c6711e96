"""Answers that are not what FHIR says, or say less than a client would like."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from email.utils import format_datetime
from typing import Any, Literal, cast

from alliance_fhir.fhir.canonical import dumps
from alliance_fhir.testing.faults.arming import Call, Fault
from alliance_fhir.testing.messages import Answer, Declined, Json, Request, outcome, parsed

RetryAfter = int | datetime | None
"""Seconds, or until when; both forms of the header Retry-After."""


def everything(request: Request) -> bool:
    """Fits any request."""
    return bool(request.method)


def answers(status: int, code: str = "exception", retry_after: RetryAfter = None) -> Fault:
    """This status with an OperationOutcome; the request is not done."""
    headers = {"Retry-After": _told(retry_after)} if retry_after is not None else {}
    return _instead(f"answers {status}", Answer(status, outcome(code), headers))


def throttled(status: int = 429, retry_after: RetryAfter = 1) -> Fault:
    """429 or 503, and when to come again. At any request."""
    return answers(status, "throttled", retry_after).where(everything)


def _told(retry_after: int | datetime) -> str:
    if isinstance(retry_after, int):
        return str(retry_after)
    return format_datetime(retry_after, usegmt=True)


def html_page(status: int = 200) -> Fault:
    """A page for people; the request is not done."""
    page = b"<!DOCTYPE html><html><body>Welcome</body></html>"
    return _instead("HTML page", Answer(status, page, {"Content-Type": "text/html"}))


def text_error(status: int = 500, text: str = "Internal Server Error") -> Fault:
    """An error as plain text."""
    plain = {"Content-Type": "text/plain"}
    return _instead("text error", Answer(status, text.encode(), plain))


def detail_error(status: int = 422) -> Fault:
    """An error as JSON that is not FHIR."""
    return _instead("detail error", Answer(status, {"detail": "no"}))


def empty_error(status: int = 500) -> Fault:
    """An error that says nothing."""
    return _instead("empty error", Answer(status))


def redirected(base: str = "http://elsewhere.invalid/fhir") -> Fault:
    """307 to the same path at another base. At any request."""

    def act(call: Call) -> Answer:
        return Answer(307, b"", {"Location": f"{base}/{call.request.path}"})

    return Fault("redirected", act, fits=everything)


def _instead(name: str, answer: Answer) -> Fault:
    return Fault(name, lambda call: answer)


def is_bundle(kind: str = "") -> Callable[[Request], bool]:
    """Fits bundles that are posted to the base, of a type ("batch", "transaction") or any."""

    def fits(request: Request) -> bool:
        if request.method != "POST" or request.path or not request.body:
            return False
        try:
            return kind in ("", parsed(request.body).get("type"))
        except Declined:
            return False

    return fits


def throttled_entries(*numbers: int, status: str = "429 Too Many Requests") -> Fault:
    """A batch is answered with 200, but these of its entries (from 0) were not done."""
    numbers = numbers or (0,)
    response = {"response": {"status": status, "outcome": outcome("throttled")}}

    def act(call: Call) -> Answer:
        asked = parsed(call.request.body)
        count = len(asked["entry"])
        left_out = {n for n in numbers if n < count}
        kept = [entry for n, entry in enumerate(asked["entry"]) if n not in left_out]
        answer = call.send(call.request._replace(body=dumps({**asked, "entry": kept})))
        if not isinstance(answer.body, dict) or answer.status != 200:
            return answer
        done = iter(answer.body["entry"])
        entries = [response if n in left_out else next(done) for n in range(count)]
        return answer._replace(body={**answer.body, "entry": entries})

    return Fault("throttled entries", act, fits=is_bundle("batch"))


def wrong_entry_count(by: int = -1) -> Fault:
    """A bundle is done, and its answer has so many entries too few, or too many."""

    def change(body: Json) -> Json:
        entries = body.get("entry", [])
        changed = entries[:by] if by < 0 else [*entries, *entries[:1] * by]
        return {**body, "entry": changed}

    return rewritten("wrong entry count", change, is_bundle()).once()


def etags(form: Literal["weak", "strong", "bare", "none"]) -> Fault:
    """ETags of this form, in headers and in entries, always."""
    forms: dict[str, Callable[[str], str]] = {
        "weak": lambda label: f'W/"{label}"',
        "strong": lambda label: f'"{label}"',
        "bare": lambda label: label,
    }

    def formed(told: dict[str, Any], key: str) -> dict[str, Any]:
        if key not in told:
            return told
        label = str(told[key]).removeprefix("W/").strip('"')
        rest = {name: value for name, value in told.items() if name != key}
        return rest if form == "none" else {**rest, key: forms[form](label)}

    def act(call: Call) -> Answer:
        answer = call.proceed()
        answer = answer._replace(headers=formed(answer.headers, "ETag"))
        return _responses(answer, lambda response: formed(response, "etag"))

    return Fault("ETags", act, fits=everything).always()


def location_only(form: Literal["absolute", "relative", "history"] = "history") -> Fault:
    """What was created is told by a Location alone, in bundles too, always; without a body.

    `absolute` and `relative` are without a version, `history` is absolute and has one.
    """

    def act(call: Call) -> Answer:
        base = call.server.url
        answer = _responses(call.proceed(), lambda told: located(base, told, "location"))
        if isinstance(answer.body, dict) and answer.body.get("type", "").endswith("-response"):
            bare = [{"response": entry["response"]} for entry in answer.body["entry"]]
            return answer._replace(body={**answer.body, "entry": bare})
        if answer.status != 201:
            return answer
        return answer._replace(body=b"", headers=located(base, answer.headers, "Location"))

    def located(base: str, told: dict[str, Any], key: str) -> dict[str, Any]:
        if key not in told:
            return told
        place = str(told[key]).removeprefix(f"{base}/")
        if form != "history":
            place = place.partition("/_history")[0]
        return {**told, key: place if form == "relative" else f"{base}/{place}"}

    return Fault("Location only", act).always()


def _responses(answer: Answer, change: Callable[[Json], Json]) -> Answer:
    """An answer whose entries have other responses."""
    if not isinstance(answer.body, dict) or not isinstance(answer.body.get("entry"), list):
        return answer
    entries = [
        {**entry, "response": change(entry["response"])} if "response" in entry else entry
        for entry in cast("list[Json]", answer.body["entry"])
    ]
    return answer._replace(body={**answer.body, "entry": entries})


def shortened_decimals() -> Fault:
    """Decimals come back without their trailing zeros, 70.10 as 70.1, always."""

    def short(value: Any) -> Any:
        if isinstance(value, Decimal):
            return value.normalize()
        if isinstance(value, list):
            return [short(item) for item in cast("list[Any]", value)]
        if isinstance(value, dict):
            return {key: short(part) for key, part in cast("Json", value).items()}
        return value

    return rewritten("shortened decimals", short, everything)


def content_type(told: str = "application/json") -> Fault:
    """Another Content-Type, always."""

    def act(call: Call) -> Answer:
        answer = call.proceed()
        return answer._replace(headers={**answer.headers, "Content-Type": told})

    return Fault("content type", act, fits=everything).always()


def rewritten(
    name: str, change: Callable[[Json], Json], fits: Callable[[Request], bool] = everything
) -> Fault:
    """A fault of your own: the body of each answer changed, errors excepted, always."""

    def act(call: Call) -> Answer:
        answer = call.proceed()
        if not isinstance(answer.body, dict) or answer.status >= 300:
            return answer
        return answer._replace(body=change(answer.body))

    return Fault(name, act, fits=fits).always()
