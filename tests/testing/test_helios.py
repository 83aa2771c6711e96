"""The third real server: what it does unlike HAPI, unlike Medplum's, and unlike FHIR.

Facts that others rely on; they are looked at again whenever its version changes.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from .conftest import KEY, PATIENT, SEARCH, Http, entry, observation

if TYPE_CHECKING:
    from collections.abc import Callable

    from helios import Helios

pytestmark = [pytest.mark.server, pytest.mark.helios]


@pytest.fixture
def having(
    helios_with: Callable[..., Helios], connect: Callable[[str], Http]
) -> Callable[..., Http]:
    """HTTP to a part of it that holds nothing, with these settings."""
    return lambda **settings: connect(helios_with(**settings).empty())


@pytest.fixture
def http(having: Callable[..., Http]) -> Http:
    """HTTP to it as it is."""
    return having()


def test_it_claims_less_of_if_match_than_it_does(http: Http, patient: str) -> None:
    types = http("GET", "metadata").json()["rest"][0]["resource"]
    assert {one["versioning"] for one in types} == {"versioned"}
    stale = {**PATIENT, "id": patient.partition("/")[2]}
    assert http("PUT", patient, stale, If_Match='W/"7"').status_code == 412


def test_a_transaction_is_rolled_back(http: Http, patient: str) -> None:
    stale = {**PATIENT, "id": patient.partition("/")[2], "active": True}
    answer = http.bundle(
        "transaction",
        entry("POST", "Observation", observation(patient=patient)),
        entry("PUT", patient, stale, ifMatch='W/"7"'),
    )
    assert answer.status_code == 400  # and neither 409 nor 412
    assert http.found(SEARCH) == []
    assert "active" not in http("GET", patient).json()


def test_decimals_are_kept(http: Http) -> None:
    body = b'{"resourceType":"Observation","status":"final","valueQuantity":{"value":70.10}}'
    id_ = http("POST", "Observation", body).json()["id"]
    assert http.exact(f"Observation/{id_}")["valueQuantity"]["value"] == "70.10"


def test_what_was_deleted_reads_410(http: Http, patient: str) -> None:
    assert http("DELETE", patient).status_code == 204
    assert http("GET", patient).status_code == 410


def test_conditional_creates_at_once_may_make_doubles(http: Http, patient: str) -> None:
    """From 1 to 16, as it happens; after a double each further one is declined."""
    body = observation(patient=patient)
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: http.create(body, If_None_Exist=KEY), range(16)))
    there = len(http.found(SEARCH))
    assert there == sum(answer.status_code == 201 for answer in made) >= 1
    again = http.create(body, If_None_Exist=KEY).status_code
    assert again == (200 if there == 1 else 412)


def test_what_is_not_valid_is_declined_where_it_validates(having: Callable[..., Http]) -> None:
    wrong = {key: value for key, value in observation().items() if key != "status"}
    assert having().create(wrong).status_code == 201
    assert having(HFS_VALIDATION_MODE="enforce").create(wrong).status_code == 422


def test_if_match_can_be_required(having: Callable[..., Http]) -> None:
    http = having(HFS_REQUIRE_IF_MATCH="true")
    made = http.create(PATIENT).json()
    place = f"Patient/{made['id']}"
    assert http("PUT", place, made).status_code == 412
    assert http("DELETE", place).status_code == 412
    assert http("PUT", place, made, If_Match='W/"1"').status_code == 200


def test_large_requests_are_declined(having: Callable[..., Http]) -> None:
    http = having(HFS_MAX_BODY_SIZE="6000")
    large = observation(note=[{"text": "x" * 6000}])
    assert http.create(large).status_code == 413
    assert http.create(observation()).status_code == 201


def test_it_may_give_no_etags(having: Callable[..., Http]) -> None:
    answer = having(HFS_ENABLE_VERSIONING="false").create(PATIENT)
    assert "ETag" not in answer.headers
    assert answer.json()["meta"]["versionId"] == "1"


def test_without_search_parameters_every_patient_is_found(having: Callable[..., Http]) -> None:
    http = having(parameters=False)
    made = http.create(PATIENT).json()["id"]
    bundle = http("GET", "Patient?identifier=urn:example:mrn|9999").json()
    modes = [(hit["resource"].get("id"), hit["search"]["mode"]) for hit in bundle["entry"]]
    assert modes == [(made, "match"), (None, "outcome")]
    strict = http("GET", "Patient?identifier=urn:example:mrn|9999", Prefer="handling=strict")
    assert strict.status_code == 400
    assert "identifier" not in json.dumps(
        [
            one["searchParam"]
            for one in http("GET", "metadata").json()["rest"][0]["resource"]
            if one["type"] == "Patient"
        ]
    )
