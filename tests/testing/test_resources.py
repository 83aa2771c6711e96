"""Single resources: made, read, changed, deleted, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from alliance_fhir.testing import Clock, FhirServer

from .conftest import KEY, PATIENT, Http, observation

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_create_says_where_it_is(server: FhirServer, http: Http) -> None:
    answer = http.create(observation())
    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{server.url}/Observation/{body['id']}/_history/1"
    assert answer.headers["ETag"] == 'W/"1"'
    assert "Last-Modified" in answer.headers
    assert {k: v for k, v in body.items() if k not in ("id", "meta")} == observation()
    assert http("GET", f"Observation/{body['id']}").json() == body


def test_a_conditional_create_makes_one(server: FhirServer, http: Http) -> None:
    first = http.create(observation(), If_None_Exist=KEY)
    second = http.create(observation(), If_None_Exist=KEY)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert first.headers["Location"] == second.headers["Location"]
    server.put(**observation())
    assert http.create(observation(), If_None_Exist=KEY).status_code == 412
    assert http.create(observation(), If_None_Exist="").status_code == 400
    assert len(server.of_type("Observation")) == 2


def test_an_update_is_a_new_version(server: FhirServer, http: Http) -> None:
    place = f"Observation/{server.put(**observation())['id']}"
    body = http("GET", place).json()
    changed = {**body, "status": "amended"}
    assert http("PUT", place, changed, If_Match='W/"2"').status_code == 412
    answer = http("PUT", place, changed, If_Match='W/"1"')
    assert (answer.status_code, answer.headers["ETag"]) == (200, 'W/"2"')
    assert http("PUT", place, answer.json()).headers["ETag"] == 'W/"2"'  # nothing is new in it
    assert http("GET", f"{place}/_history/1").json() == body
    assert http("GET", f"{place}/_history/9").status_code == 404
    assert [v["status"] for v in server.history(place) if v] == ["final", "amended"]


def test_a_stale_update_is_a_conflict_of_the_server_s_own_kind(
    server: FhirServer, http: Http
) -> None:
    server.conduct.stale_status = 409
    body = server.put(**observation())
    assert http("PUT", f"Observation/{body['id']}", body, If_Match='W/"7"').status_code == 409
    assert http("PUT", "Observation/none", {**body, "id": "none"}, If_Match='W/"1"').is_error


def test_ids_of_clients_are_taken_or_not(server: FhirServer, http: Http) -> None:
    body = {**observation(), "id": "mine"}
    assert http("PUT", "Observation/mine", body).status_code == 201
    assert http("PUT", "Observation/other", body).status_code == 400
    server.conduct.client_ids = False
    assert http("PUT", "Observation/yours", {**body, "id": "yours"}).status_code == 405
    assert http("PUT", "Observation/mine", {**body, "status": "amended"}).status_code == 200
    [claims] = http("GET", "metadata").json()["rest"]
    assert {one["updateCreate"] for one in claims["resource"]} == {False}


def test_what_was_deleted_is_gone(server: FhirServer, http: Http) -> None:
    place = f"Observation/{server.put(**observation())['id']}"
    assert http("DELETE", place, If_Match='W/"3"').status_code == 412
    assert http("DELETE", place).status_code == 204
    assert http("DELETE", place).status_code == 204
    assert http("GET", place).status_code == 410
    assert http("GET", f"{place}/_history/1").status_code == 200
    assert http("GET", f"{place}/_history/2").status_code == 410
    assert http.found(f"Observation?{KEY}") == []
    assert http("DELETE", "Observation/none").status_code == 404
    assert server.history(place)[1:] == [None]


def test_what_others_refer_to_may_be_kept(server: FhirServer, http: Http) -> None:
    server.put(**observation())
    server.conduct.keeps_referenced = True
    assert http("DELETE", "Patient/p").status_code == 409
    server.conduct.keeps_referenced = False
    assert http("DELETE", "Patient/p").status_code == 204


def test_references_lead_somewhere(server: FhirServer, http: Http) -> None:
    for reference in ("Patient/none", "urn:uuid:1", "https://elsewhere.invalid/fhir/Patient/p"):
        assert http.create(observation(patient=reference)).status_code == 400
    for reference in (f"{server.url}/Patient/p", "Patient/p/_history/1", "#contained"):
        assert http.create(observation(patient=reference)).status_code == 201
    server.conduct.checks_references = False
    assert http.create(observation(patient="Patient/none")).status_code == 201


def test_history_is_told_newest_first(server: FhirServer, http: Http) -> None:
    body = server.put(**observation())
    place = f"Observation/{body['id']}"
    http("PUT", place, {**body, "status": "amended"})
    http("DELETE", place)
    for path, more in ((f"{place}/_history", 0), ("Observation/_history", 0), ("_history", 1)):
        told = http("GET", path).json()
        assert told["type"] == "history"
        asked = [one["request"] for one in told["entry"]]
        assert [one["method"] for one in asked[:3]] == ["DELETE", "PUT", "POST"]
        assert told["total"] == len(asked) == 3 + more
        assert "resource" not in told["entry"][0]
        assert told["entry"][1]["resource"]["status"] == "amended"
    assert http("GET", "Observation/none/_history").status_code == 404


def test_a_clock_that_a_test_sets(made: Callable[..., tuple[FhirServer, Http]]) -> None:
    clock = Clock("2026-03-01T08:00:00+01:00")
    server, http = made(clock=clock)
    clock.advance(90)
    first = http.create(observation()).json()
    assert first["meta"]["lastUpdated"] == "2026-03-01T07:01:30.000Z"
    clock.advance(-3600)
    second = http.create(observation("b")).json()
    assert second["meta"]["lastUpdated"] == "2026-03-01T06:01:30.000Z"
    since = http("GET", "_history?_since=2026-03-01T07:01:30Z").json()
    assert [one["resource"]["id"] for one in since["entry"]] == [first["id"]]
    assert http.found("Observation?_sort=_lastUpdated") == [second["id"], first["id"]]
    assert len(server.everything) == 3


def test_less_is_sent_back_where_asked_for(http: Http) -> None:
    answer = http.create(observation(), Prefer="return=minimal")
    assert (answer.status_code, answer.content) == (201, b"")
    assert answer.headers["Location"]


def test_a_body_may_come_in_chunks(server: FhirServer, http: Http) -> None:
    parts = (b'{"resourceType":', b'"Patient",', b'"active":true}')
    assert httpx.post(f"{http.url}/Patient", content=iter(parts)).status_code == 201
    assert server.of_type("Patient")[-1]["active"] is True


def test_decimals_stay_as_they_are(server: FhirServer, http: Http) -> None:
    body = b'{"resourceType":"Observation","valueQuantity":{"value":70.10}}'
    place = f"Observation/{http('POST', 'Observation', body).json()['id']}"
    assert http.exact(place)["valueQuantity"]["value"] == "70.10"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "Observation", b"{", 400),
        ("POST", "Observation", b"[]", 400),
        ("POST", "Observation", PATIENT, 400),
        ("POST", "", {"resourceType": "Bundle", "type": "collection"}, 400),
        ("POST", "", {"resourceType": "Bundle", "type": "batch", "entry": [{}]}, 400),
        ("PATCH", "Patient/p", {"a": 1}, 405),
        ("PUT", "Patient", PATIENT, 405),
        ("GET", "Dragon", None, 404),
        ("GET", "Patient/none", None, 404),
        ("GET", "Patient/p/$everything", None, 404),
        ("GET", "?_getpages=none", None, 410),
    ],
)
def test_what_is_wrong_is_declined_with_an_outcome(
    http: Http, method: str, path: str, body: object, status: int
) -> None:
    answer = http(method, path, body)
    assert answer.status_code == status
    assert answer.json()["resourceType"] == "OperationOutcome"
