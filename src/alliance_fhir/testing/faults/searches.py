"""Searches that find too little, too much, or lead elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alliance_fhir.testing.faults.arming import Call, Fault
from alliance_fhir.testing.faults.replies import rewritten
from alliance_fhir.testing.messages import Answer, Json, Request, bundle, outcome

if TYPE_CHECKING:
    from alliance_fhir.testing.server import FhirServer

_FOR_EVER = 10**9


def is_search(request: Request) -> bool:
    """Fits searches, and pages of them."""
    return request.is_search and request.path != "metadata"


def stale_search(requests: int = _FOR_EVER) -> Fault:
    """Searches see what was written only so many requests later, or when the server `settle()`s.

    Conditional creates see it at once.
    """

    def settle_in(server: FhirServer) -> None:
        server.store.lag = requests

    return Fault("stale search", settle_in=settle_in)


def unfiltered_search() -> Fault:
    """Searches find all of the type, whatever was asked, always."""

    def act(call: Call) -> Answer:
        if "_getpages" in call.request.query:
            return call.proceed()
        return call.send(call.request._replace(params=(), body=b""))

    return Fault("unfiltered search", act, fits=is_search).always()


def unasked_hits(*resources: Json) -> Fault:
    """Searches find these as well, always."""
    return _with_entries("unasked hits", bundle(*resources)["entry"])


def outcome_among_hits(severity: str = "information") -> Fault:
    """There is an OperationOutcome among the hits, always."""
    told = outcome("informational", severity=severity)
    return _with_entries("outcome among hits", bundle(told, mode="outcome")["entry"])


def _with_entries(name: str, more: list[Json]) -> Fault:
    def change(body: Json) -> Json:
        return {**body, "entry": [*body.get("entry", []), *more]}

    return rewritten(name, change, is_search)


def bare_hits() -> Fault:
    """Hits without fullUrl and search mode, bundles without total, always."""

    def change(body: Json) -> Json:
        entries = [{"resource": entry["resource"]} for entry in body.get("entry", [])]
        return {key: value for key, value in body.items() if key != "total"} | {"entry": entries}

    return rewritten("bare hits", change, is_search)


def foreign_next_link(url: str = "http://elsewhere.invalid/fhir?page=2") -> Fault:
    """The next page of every search is at another host, always."""

    def change(body: Json) -> Json:
        return {**body, "link": [{"relation": "next", "url": url}]}

    return rewritten("foreign next link", change, is_search)
