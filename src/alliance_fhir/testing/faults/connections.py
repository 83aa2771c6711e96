"""Connections that end, and bytes that come slowly or are miscounted."""

from __future__ import annotations

from alliance_fhir.fhir.canonical import dumps
from alliance_fhir.testing.faults.arming import Call, Fault
from alliance_fhir.testing.messages import Answer, Cut, Delivery


def cut_before_body() -> Fault:
    """The connection ends before the body of the request is read: nothing was done."""
    return Fault("cut before the body", arriving=0.0)


def cut_within_body(share: float = 0.5) -> Fault:
    """The connection ends when part of the body was read, `share` of it: nothing was done."""
    return Fault("cut within the body", arriving=share)


def lost_reply() -> Fault:
    """The request is done, and the connection ends without an answer."""

    def act(call: Call) -> Answer:
        call.proceed()
        raise Cut

    return Fault("lost reply", act)


def cut_reply(at: int = 20) -> Fault:
    """The request is done, and the connection ends after so many bytes of the answer's body."""
    return _delivered("cut reply", Delivery(cut_at=at))


def slow(pause: float = 0.01, piece: int = 16) -> Fault:
    """The answer comes drop by drop: pieces of so many bytes, so many seconds apart."""
    return _delivered("slow", Delivery(pause=pause, piece=piece))


def _delivered(name: str, delivery: Delivery) -> Fault:
    return Fault(name, lambda call: call.proceed()._replace(delivery=delivery))


def wrong_length(by: int = 10) -> Fault:
    """Content-Length is so many bytes more than there are, or less where negative."""

    def act(call: Call) -> Answer:
        answer = call.proceed()
        body = answer.body if isinstance(answer.body, bytes) else dumps(answer.body)
        length = {"Content-Length": str(max(0, len(body) + by))}
        return answer._replace(headers={**answer.headers, **length})

    return Fault("wrong length", act)
