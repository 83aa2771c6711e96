"""Writes that are refused, done twice, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode

from alliance_fhir.fhir.canonical import dumps
from alliance_fhir.testing.faults.arming import Call, Fault
from alliance_fhir.testing.faults.replies import answers, everything, is_bundle
from alliance_fhir.testing.messages import (
    Answer,
    Interaction,
    Json,
    Request,
    outcome,
    parsed,
)


def unauthorized() -> Fault:
    """401, as for a token that has expired. At any request."""
    return answers(401, "login").where(everything)


def outage(status: int = 500) -> Fault:
    """Every request is answered with this status, until the fault is disarmed."""
    return answers(status, "transient").where(everything).always()


def too_large(limit: int) -> Fault:
    """413 for every request of more than so many bytes."""
    return answers(413, "too-long").where(lambda request: len(request.body) > limit).always()


def forbidden_type(type_: str, status: int = 403) -> Fault:
    """Nothing may be done with a type, in bundles neither, always."""
    return _met(f"forbidden {type_}", status, lambda asked: asked.type == type_)


def read_only_type(type_: str, status: int = 405) -> Fault:
    """A type may be read but not written, in bundles neither, always."""

    def fits(asked: Interaction) -> bool:
        writes = asked.method in ("POST", "PUT", "PATCH", "DELETE") and not asked.is_search
        return asked.type == type_ and writes

    return _met(f"read-only {type_}", status, fits)


def chokes_on(text: str, status: int = 500) -> Fault:
    """This status for every resource that holds a text, in bundles too, always."""

    def fits(asked: Interaction) -> bool:
        single = asked.path and asked.resource is not None
        return bool(single) and text.encode() in dumps(asked.resource or {})

    return _met("chokes", status, fits)


def refused_conditions(parameter: str, status: int = 400) -> Fault:
    """Conditional creates by a parameter are declined, in bundles too, though searches by it are
    answered. Always."""

    def fits(asked: Interaction) -> bool:
        condition = (asked.condition or "").rpartition("?")[2]
        return any(name == parameter for name, _ in parse_qsl(condition))

    return _met(f"no condition by {parameter}", status, fits)


def ignored_conditions(parameter: str) -> Fault:
    """In conditional creates a parameter is ignored, in bundles too, though searches by it are
    answered: where the condition is by nothing else, anything of the type fits. Always."""

    def blind(condition: str) -> str:
        left = [p for p in parse_qsl(condition) if p[0] != parameter]
        return urlencode(left or [("_lastUpdated", "ge1900-01-01")])

    def act(call: Call) -> Answer:
        return call.send(_on_conditions(call.request, blind))

    def fits(request: Request) -> bool:
        told = [name for _, asked in _conditions(request) for name, _ in parse_qsl(asked)]
        return parameter in told

    return Fault(f"blind to {parameter}", act, fits=fits).always()


def _on_conditions(request: Request, change: Callable[[str], str]) -> Request:
    """The request with its conditions changed."""
    if told := request.headers.get("if-none-exist"):
        return request._replace(headers={**request.headers, "if-none-exist": change(told)})
    asked = parsed(request.body)
    for entry in asked["entry"]:
        if _has(one := entry["request"]):
            one["ifNoneExist"] = change(one["ifNoneExist"].rpartition("?")[2])
    return request._replace(body=dumps(asked))


def conflict_storm(updates: int = 3, status: int = 409) -> Fault:
    """The first updates are answered with a conflict though nobody changed anything."""
    return _met("conflict storm", status, lambda asked: asked.method == "PUT").first(updates)


def _met(name: str, status: int, fits: Callable[[Interaction], bool]) -> Fault:
    answer = Answer(status, outcome("conflict" if status == 409 else "processing"))
    return Fault(name, meet=lambda asked: answer, fits_interaction=fits).always()


def pretended() -> Fault:
    """The answer says that it was done, and it was not: what was created reads 404."""
    return Fault("pretended", lambda call: call.server.undone(call.proceed))


def _conditions(request: Request) -> list[tuple[str, str]]:
    """(type, condition) of the conditional creates in a request."""
    if told := request.headers.get("if-none-exist"):
        return [(request.path, told)] if request.method == "POST" else []
    if not is_bundle()(request):
        return []
    asked = [entry.get("request", {}) for entry in parsed(request.body).get("entry", [])]
    return [(one["url"], one["ifNoneExist"].rpartition("?")[2]) for one in asked if _has(one)]


def _has(asked: Json) -> bool:
    return isinstance(asked.get("ifNoneExist"), str)


def racing_creates(parties: int = 2, patience: float = 5.0) -> Fault:
    """So many conditional creates of one key at a time all create, as on servers that look first.

    Each is held back until all have looked, at most so many seconds; then all go on. Always.
    """
    barrier = threading.Barrier(parties)

    def act(call: Call) -> Answer:
        seen = {told for told in _conditions(call.request) if not call.server.finds(*told)}
        try:
            barrier.wait(patience)
        except threading.BrokenBarrierError:
            barrier.reset()
            return call.proceed()
        return call.send(_unconditional(call.request, seen))

    return Fault("racing creates", act, fits=lambda request: bool(_conditions(request))).always()


def _unconditional(request: Request, seen: set[tuple[str, str]]) -> Request:
    """The request without the conditions that were found to hold."""
    if told := request.headers.get("if-none-exist"):
        if (request.path, told) not in seen:
            return request
        kept = {name: v for name, v in request.headers.items() if name != "if-none-exist"}
        return request._replace(headers=kept)
    asked = parsed(request.body)
    for entry in asked["entry"]:
        one = entry["request"]
        if _has(one) and (one["url"], one["ifNoneExist"].rpartition("?")[2]) in seen:
            del one["ifNoneExist"]
    return request._replace(body=dumps(asked))


def drops_conditional_duplicates() -> Fault:
    """Of two conditional creates with one key in one bundle the second is not done, always.

    It is answered as if it were the first (seen on HAPI with conditional updates).
    """

    def act(call: Call) -> Answer:
        asked = parsed(call.request.body)
        first: dict[str, int] = {}
        kept: list[Json] = []
        places: list[int] = []
        for entry in asked["entry"]:
            key = str(entry["request"]) if _has(entry["request"]) else f"entry {len(places)}"
            if key not in first:
                first[key] = len(kept)
                kept.append(entry)
            places.append(first[key])
        answer = call.send(call.request._replace(body=dumps({**asked, "entry": kept})))
        if not isinstance(answer.body, dict) or answer.status != 200:
            return answer
        done = answer.body["entry"]
        return answer._replace(body={**answer.body, "entry": [done[n] for n in places]})

    return Fault("drops conditional duplicates", act, fits=is_bundle()).always()
