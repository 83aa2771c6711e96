"""The second real server: what it does unlike HAPI, and unlike FHIR.

Facts that others rely on; they are looked at again whenever its version changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .conftest import KEY, PATIENT, SEARCH, Http, entry, observation

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.server


@pytest.fixture
def http(medplum: str, connect: Callable[[str], Http]) -> Http:
    """HTTP to it."""
    return connect(medplum)


def test_its_metadata_is_a_bundle(http: Http) -> None:
    answer = http("GET", "metadata")
    assert (answer.status_code, answer.json()["resourceType"]) == (200, "Bundle")


def test_conditional_creates_and_stale_updates_are_right(http: Http, patient: str) -> None:
    body = observation(patient=patient)
    statuses = [http.create(body, If_None_Exist=KEY).status_code for _ in range(2)]
    assert statuses == [201, 200]
    [id_] = http.found(SEARCH)
    update = {**body, "id": id_, "status": "amended"}
    answer = http("PUT", f"Observation/{id_}", update, If_Match='W/"stale"')
    assert answer.status_code == 412


def test_a_transaction_is_not_rolled_back(http: Http, patient: str) -> None:
    stale = {**PATIENT, "id": patient.partition("/")[2], "active": True}
    http.bundle(
        "transaction",
        entry("POST", "Observation", observation(patient=patient)),
        entry("PUT", patient, stale, ifMatch='W/"stale"'),
    )
    assert len(http.found(SEARCH)) == 1
    assert "active" not in http("GET", patient).json()


def test_an_unknown_parameter_finds_nothing(http: Http, patient: str) -> None:
    assert http.found("Patient?nonsense=1") == []


def test_what_was_deleted_reads_404(http: Http, patient: str) -> None:
    answer = http("DELETE", patient)
    assert (answer.status_code, answer.json()["resourceType"]) == (200, "OperationOutcome")
    assert http("GET", patient).status_code == 404


def test_decimals_are_shortened(http: Http, patient: str) -> None:
    body = b'{"resourceType":"Observation","status":"final","valueQuantity":{"value":70.10}}'
    answer: Any = http("POST", "Observation", body)
    assert http.exact(f"Observation/{answer.json()['id']}")["valueQuantity"]["value"] == "70.1"
