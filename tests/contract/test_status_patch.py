"""A server that says it takes JSON Patches: the status of theirs goes there as one, and no more."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from alliance_fhir.config import TargetSettings
from alliance_fhir.testing import FhirServer

from .clinic import JONES, Clinic, Wire, counts, rules
from .places import ServerPlace
from .test_status_only import ODD, bare, body_of, theirs, undone
from .test_visits import KEPT, VISITS, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Json = dict[str, Any]
AFTER = {"created": 2, "updated": 1}
PATCH = [
    {"op": "test", "path": "/status", "value": "booked"},
    {"op": "replace", "path": "/status", "value": "fulfilled"},
]
FORM = "application/json-patch+json"
PLAIN = {
    **ODD,
    "extension": [{"url": "https://ehr.example/dose", "valueDecimal": Decimal("70.5")}],
}


@pytest.fixture(params=[frozenset(), frozenset({"if-match"})], ids=["if-match", "compared"])
def ehr(request: pytest.FixtureRequest, tmp_path: Path, wire: Wire) -> Iterator[Clinic]:
    """A site whose EHR takes patches, with If-Match or without."""
    with FhirServer(lacks=request.param) as little:
        little.conduct.patches = True
        place = ServerPlace(little.url)
        clinic = Clinic(tmp_path, place, wire)
        clinic.set(
            appointment_system=VISITS,
            referrer_system="urn:example:gp",
            referral_system="urn:example:orders",
            targets={little.url: TargetSettings(url=little.url, appointments="status-only")},
        )
        clinic.register(JONES)
        write(clinic, KEPT)
        yield clinic
        place.close()


def test_nothing_but_the_status_goes_there(ehr: Clinic, request: pytest.FixtureRequest) -> None:
    where = theirs(ehr.place, "1", **PLAIN)
    before = body_of(ehr, where)
    result = ehr.sync()
    assert (result.exit_code, counts(result)) == (0, AFTER)
    [patch] = [one for one in ehr.wire.writes if where in one.url.path]
    assert (patch.method, patch.headers["Content-Type"]) == ("PATCH", FORM)
    assert json.loads(patch.content) == PATCH
    guarded = "compared" not in request.node.callspec.id
    assert patch.headers.get("If-Match") == (
        f'W/"{before["meta"]["versionId"]}"' if guarded else None
    )
    after = body_of(ehr, where)
    assert (after["status"], bare(after)) == ("fulfilled", bare(before))
    assert counts(ehr.sync()) == {"unchanged": 2}
    assert undone(ehr, result.run).undone["restored"] == 1
    assert body_of(ehr, where)["status"] == "booked"


@pytest.mark.parametrize("digits", ["70.10", "0.30000000000000004441", "1.00"])
def test_a_decimal_that_a_server_may_shorten_goes_there_whole(ehr: Clinic, digits: str) -> None:
    """HAPI reads what it patches as doubles: 70.10 is 70.1 then."""
    extension = [{"url": "https://ehr.example/dose", "valueDecimal": Decimal(digits)}]
    where = theirs(ehr.place, "1", extension=extension)
    before = body_of(ehr, where)
    assert counts(ehr.sync()) == AFTER
    [put] = [one for one in ehr.wire.writes if where in one.url.path]
    assert put.method == "PUT"
    after = body_of(ehr, where)
    assert (after["status"], bare(after)) == ("fulfilled", bare(before))


def test_a_patch_that_comes_too_late_is_told(ehr: Clinic) -> None:
    where = theirs(ehr.place, "1")
    [name] = [n for n in ehr.place.versions() if n.startswith("Appointment/")]
    seen: list[int] = []

    def meddle(request: Any) -> None:
        if request.method == "GET" and request.url.path.endswith(where):
            seen.append(1)
            ehr.place.edit(name, lambda body: {**body, "description": f"Room {len(seen)}"})

    ehr.wire.after = meddle
    result = ehr.sync_alone()
    assert rules(result, "blocked") == ["always-in-conflict"]
    assert body_of(ehr, where)["status"] == "booked"


@pytest.mark.parametrize("meddles", [False, True], ids=["alone", "with another"])
def test_where_nothing_comes_back_it_is_looked_at(ehr: Clinic, meddles: bool) -> None:
    """What somebody changed before the look is not taken for what the write left."""
    where = theirs(ehr.place, "1")
    [name] = [n for n in ehr.place.versions() if n.startswith("Appointment/")]
    really = httpx.HTTPTransport.handle_request

    def handle(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        answer = really(transport, request)
        if request.method != "PATCH":
            return answer
        if meddles:
            ehr.place.edit(name, lambda body: {**body, "description": "Room 4"})
        return httpx.Response(204)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx.HTTPTransport, "handle_request", handle)
        result = ehr.sync_alone()
    assert counts(result) == AFTER
    assert undone(ehr, result.run).undone["restored"] == (0 if meddles else 1)
    assert body_of(ehr, where)["status"] == ("fulfilled" if meddles else "booked")
