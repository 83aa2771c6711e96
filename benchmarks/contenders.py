"""Other ways to bring the same resources to a server, without a ledger, checks or receipts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fhirclient.models.fhirelementfactory import FHIRElementFactory
from fhirclient.server import FHIRServer
from fhirpy import SyncFHIRClient

from alliance_fhir.transport.client import Client

Bundles = Sequence[bytes]


def bare(url: str, bundles: Bundles, lanes: int) -> None:
    """A loop around our own client, which posts the bundles as they are."""
    with Client(url) as client, ThreadPoolExecutor(lanes) as pool:
        for reply in pool.map(lambda bundle: client.post("", bundle), bundles):
            assert reply.status == 200


def fhirpy(url: str, bundles: Bundles, lanes: int) -> None:
    """The same bundles by fhirpy's client, one after the other."""
    client = SyncFHIRClient(url)
    for bundle in bundles:
        reply = client.execute("", "post", json.loads(bundle))
        assert reply["type"] == "transaction-response"


def fhirclient(url: str, bundles: Bundles, lanes: int) -> None:
    """The same resources by fhirclient, which knows single requests only."""
    server = FHIRServer(None, url)
    for bundle in bundles:
        _one_by_one(server, json.loads(bundle))


def _one_by_one(server: FHIRServer, bundle: dict[str, Any]) -> None:
    """Each resource after those that it points to, with where they are."""
    left = {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}
    while left:
        full_url = next(url for url, body in left.items() if not _points(body, left))
        body = left.pop(full_url)
        made = FHIRElementFactory.instantiate(body["resourceType"], body).create(server)
        place = f"{made['resourceType']}/{made['id']}"
        left = {url: _pointing(one, full_url, place) for url, one in left.items()}


def _points(body: dict[str, Any], others: dict[str, Any]) -> bool:
    text = json.dumps(body)
    return any(f'"{url}"' in text for url in others)


def _pointing(body: dict[str, Any], url: str, place: str) -> dict[str, Any]:
    return json.loads(json.dumps(body).replace(f'"{url}"', f'"{place}"'))


CONTENDERS: dict[str, Callable[[str, Bundles, int], None]] = {
    "bare": bare,
    "fhirpy": fhirpy,
    "fhirclient": fhirclient,
}
