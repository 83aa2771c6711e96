"""A FHIR server, and plain HTTP to it."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from alliance_fhir.testing import FhirServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Json = dict[str, Any]

PATIENT: Json = {
    "resourceType": "Patient",
    "identifier": [{"system": "urn:example:mrn", "value": "1001"}],
}
KEY = "identifier=urn:example:key|a"
SEARCH = f"Observation?{KEY}"


def observation(key: str = "a", patient: str = "Patient/p", **more: Any) -> Json:
    """An Observation with a key."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "identifier": [{"system": "urn:example:key", "value": key}],
        "code": {"coding": [{"system": "urn:example:codes", "code": "total"}]},
        "subject": {"reference": patient},
        "effectiveDateTime": "2026-03-09T10:00:00+01:00",
        **more,
    }


def entry(method: str, url: str, resource: Json | None = None, **more: str) -> Json:
    """An entry of a bundle."""
    full = {"fullUrl": more.pop("full_url")} if "full_url" in more else {}
    body = {"resource": resource} if resource else {}
    return {**full, **body, "request": {"method": method, "url": url, **more}}


def bundled(kind: str, *entries: Json) -> Json:
    """A bundle to be posted."""
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


class Http:
    """Plain HTTP to a base."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=f"{url}/", timeout=60, trust_env=False)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def __call__(self, method: str, path: str = "", body: object = None, **headers: str) -> Any:
        """A response; names of headers with underscores."""
        form = path.endswith("_search")
        kind = "application/x-www-form-urlencoded" if form else "application/fhir+json"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named = {"Content-Type": kind, **named} if body else named
        content = body if isinstance(body, bytes) else json.dumps(body) if body else None
        return self._client.request(method, path, content=content, headers=named)

    def create(self, body: Json, **headers: str) -> Any:
        """POST of a resource."""
        return self("POST", body["resourceType"], body, **headers)

    def bundle(self, kind: str, *entries: Json) -> Any:
        """POST of a bundle."""
        return self("POST", "", bundled(kind, *entries))

    def statuses(self, kind: str, *entries: Json) -> list[str]:
        """The status of each entry of what a bundle is answered with, digits alone."""
        answer = self.bundle(kind, *entries).json()
        return [one["response"]["status"][:3] for one in answer["entry"]]

    def found(self, search: str) -> list[str]:
        """The ids of what a search finds, on its first page."""
        answer = self("GET", search)
        assert answer.status_code == 200, answer.text
        return [hit["resource"]["id"] for hit in answer.json().get("entry", [])]

    def exact(self, path: str) -> Any:
        """JSON with its decimals as they are written."""
        return json.loads(self("GET", path).content, parse_float=str)


@pytest.fixture
def connect() -> Iterator[Callable[[str], Http]]:
    """Makes HTTP clients to a base."""
    with ExitStack() as stack:

        def made(url: str) -> Http:
            http = Http(url)
            stack.callback(http.close)
            return http

        yield made


@pytest.fixture
def server() -> Iterator[FhirServer]:
    """A server that does all right, with the patient `p`."""
    with FhirServer() as server:
        server.put(**PATIENT, id="p")
        yield server


@pytest.fixture
def http(server: FhirServer, connect: Callable[[str], Http]) -> Http:
    """HTTP to it."""
    return connect(server.url)


@pytest.fixture
def made(connect: Callable[[str], Http]) -> Iterator[Callable[..., tuple[FhirServer, Http]]]:
    """Makes servers with the patient `p`, and HTTP to each."""
    with ExitStack() as stack:

        def start(**named: Any) -> tuple[FhirServer, Http]:
            server = stack.enter_context(FhirServer(**named))
            server.put(**PATIENT, id="p")
            return server, connect(server.url)

        yield start


@pytest.fixture
def patient(http: Http) -> str:
    """A patient there."""
    return f"Patient/{http.create(PATIENT).json()['id']}"
