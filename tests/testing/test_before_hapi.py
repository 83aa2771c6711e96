"""The proxies before a real server: HAPI does what the proxy says it can, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from alliance_fhir.testing import AbilityProxy, CuttingProxy

from .conftest import KEY, PATIENT, Http, entry, observation

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.server


def test_hapi_with_abilities_taken_away(
    hapi_r4: str, ability_proxy: Callable[..., AbilityProxy], connect: Callable[[str], Http]
) -> None:
    whole = connect(ability_proxy(hapi_r4).url)
    patient = f"Patient/{whole.create(PATIENT).json()['id']}"
    new = entry("POST", "Observation", observation(patient=patient))
    assert whole.statuses("transaction", new, new) == ["201", "201"]
    claims = whole("GET", "metadata").json()["rest"][0]
    assert {"transaction"} <= {one["code"] for one in claims["interaction"]}

    lacks = {"transactions", "identifier-search", "if-match", "conditional-create"}
    less = connect(ability_proxy(hapi_r4, lacks=lacks).url)
    assert less.bundle("transaction", new).status_code == 405
    assert less("GET", f"Observation?{KEY}").status_code == 400
    assert less.create(observation(patient=patient), If_None_Exist=KEY).status_code == 501
    assert less.statuses("batch", new) == ["201"]
    claims = less("GET", "metadata").json()["rest"][0]
    assert "transaction" not in {one["code"] for one in claims["interaction"]}
    of_patient = next(one for one in claims["resource"] if one["type"] == "Patient")
    assert (of_patient["conditionalCreate"], of_patient["versioning"]) == (False, "versioned")
    scores = next(one for one in claims["resource"] if one["type"] == "Observation")
    assert "identifier" not in {one["name"] for one in scores["searchParam"]}


def test_links_of_hapi_stay_with_the_proxy(
    hapi_r4: str, ability_proxy: Callable[..., AbilityProxy], connect: Callable[[str], Http]
) -> None:
    http = connect(ability_proxy(hapi_r4, ignores={"conditional-create"}).url)
    for _ in range(3):
        answer = http.create(PATIENT, If_None_Exist="identifier=urn:example:mrn|1001")
        assert answer.status_code == 201
        assert answer.headers["Location"].startswith(f"{http.url}/Patient/")
    seen: list[str] = []
    url = f"{http.url}/Patient?_count=2"
    while url:
        assert url.startswith(http.url)
        told = http("GET", url).json()
        seen += [one["fullUrl"] for one in told["entry"]]
        url = next((x["url"] for x in told["link"] if x["relation"] == "next"), "")
    assert len(set(seen)) == 3
    assert all(one.startswith(f"{http.url}/Patient/") for one in seen)


def test_connections_to_hapi_are_cut(
    hapi_r4: str, cutting_proxy: Callable[..., CuttingProxy], connect: Callable[[str], Http]
) -> None:
    proxy = cutting_proxy(hapi_r4)
    http = connect(proxy.url)
    for where, found in (("before", 0), ("request", 0), ("after", 1), ("reply", 2)):
        proxy.cut(where, 100)  # pyright: ignore[reportArgumentType]
        with pytest.raises(httpx.TransportError):
            http.create(PATIENT)
        told = connect(hapi_r4)("GET", "Patient?_summary=count", Cache_Control="no-cache").json()
        assert told["total"] == found
