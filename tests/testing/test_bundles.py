"""Transactions are whole or not at all; of a batch every entry is on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .conftest import KEY, PATIENT, Http, bundled, entry, observation

if TYPE_CHECKING:
    from alliance_fhir.testing import FhirServer

URN = "urn:uuid:0d5c9d1e-53b4-4d3c-9c6a-0d8f5b9f2b11"
NEW = entry("POST", "Patient", PATIENT, full_url=URN)


def test_a_transaction_resolves_references(server: FhirServer, http: Http) -> None:
    by_urn = entry("POST", "Observation", observation("a", URN))
    answer = http.bundle("transaction", by_urn, NEW)
    assert answer.json()["type"] == "transaction-response"
    told = answer.json()["entry"]
    assert [one["response"]["status"] for one in told] == ["201 Created"] * 2
    patient = told[1]["resource"]["id"]
    assert told[0]["resource"]["subject"] == {"reference": f"Patient/{patient}"}
    assert told[1]["response"]["location"] == f"Patient/{patient}/_history/1"
    assert told[1]["response"]["etag"] == "1"


def test_a_conditional_reference_is_looked_up(server: FhirServer, http: Http) -> None:
    body = observation("a", "Patient?identifier=urn:example:mrn|1001")
    [status] = http.statuses("transaction", entry("POST", "Observation", body))
    assert status == "201"
    assert server.of_type("Observation")[0]["subject"] == {"reference": "Patient/p"}
    body = observation("b", "Patient?identifier=urn:example:mrn|none")
    assert http.bundle("transaction", entry("POST", "Observation", body)).status_code == 400


def test_a_transaction_that_fails_leaves_nothing(server: FhirServer, http: Http) -> None:
    before = server.everything
    bad = entry("PUT", "Patient/p", {**PATIENT, "id": "p", "active": True}, ifMatch='W/"9"')
    answer = http.bundle("transaction", entry("POST", "Observation", observation()), bad)
    assert (answer.status_code, answer.json()["resourceType"]) == (412, "OperationOutcome")
    assert server.everything == before
    assert http("GET", "_history").json()["total"] == 1


def test_a_transaction_creates_under_conditions(server: FhirServer, http: Http) -> None:
    for condition in (f"Observation?{KEY}", KEY):
        asked = entry("POST", "Observation", observation(), ifNoneExist=condition)
        answer = http.bundle("transaction", asked).json()["entry"][0]
        assert answer["resource"] == server.of_type("Observation")[0]
    assert answer["response"]["status"] == "200 OK"
    assert len(server.of_type("Observation")) == 1


def test_a_transaction_deletes_first_and_reads_last(server: FhirServer, http: Http) -> None:
    old = server.put(**observation())["id"]
    statuses = http.statuses(
        "transaction",
        entry("GET", f"Observation?{KEY}"),
        entry("POST", "Observation", observation()),
        entry("DELETE", f"Observation/{old}"),
    )
    assert statuses == ["200", "201", "204"]
    assert [one["id"] for one in server.of_type("Observation")] != [old]


def test_two_entries_for_one_resource_are_declined(http: Http) -> None:
    one = entry("PUT", "Patient/p", {**PATIENT, "id": "p"})
    assert http.bundle("transaction", one, one).status_code == 400


def test_every_entry_of_a_batch_is_on_its_own(server: FhirServer, http: Http) -> None:
    answer = http.bundle(
        "batch",
        entry("POST", "Observation", observation(), ifNoneExist=KEY),
        entry("POST", "Observation", observation("b", URN)),
        NEW,
        entry("POST", "Observation", observation("c", "Patient?identifier=urn:example:mrn|1001")),
        entry("PUT", "Patient/p", {**PATIENT, "id": "p", "active": True}, ifMatch='W/"1"'),
        entry("PUT", "Patient/p", {**PATIENT, "id": "p"}, ifMatch='W/"1"'),
        entry("GET", "Patient/p"),
        entry("DELETE", "Patient/none"),
        entry("HEAD", "Patient/none/x"),
    ).json()
    assert answer["type"] == "batch-response"
    statuses = [one["response"]["status"][:3] for one in answer["entry"]]
    assert statuses == ["201", "400", "201", "400", "200", "412", "200", "404", "405"]
    outcomes = [one["response"].get("outcome", {}).get("resourceType") for one in answer["entry"]]
    assert outcomes.count("OperationOutcome") == 5
    assert len(server.of_type("Observation")) == 1


def test_references_in_a_batch_stay_as_they_are(server: FhirServer, http: Http) -> None:
    server.conduct.checks_references = False
    conditional = "Patient?identifier=urn:example:mrn|1001"
    http.bundle(
        "batch",
        NEW,
        entry("POST", "Observation", observation("a", URN)),
        entry("POST", "Observation", observation("b", conditional)),
    )
    told = [one["subject"]["reference"] for one in server.of_type("Observation")]
    assert told == [URN, conditional]


def test_less_is_sent_back_of_entries_too(http: Http) -> None:
    answer = http("POST", "", bundled("batch", NEW), Prefer="return=minimal").json()
    assert list(answer["entry"][0]) == ["response"]
