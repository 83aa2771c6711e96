"""Proxies before a server: cut connections, and links that stay with the proxy."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from alliance_fhir.testing import AbilityProxy, CuttingProxy, FhirServer, faults

from .conftest import KEY, Http, observation

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def cutting(server: FhirServer, cutting_proxy: Callable[..., CuttingProxy]) -> CuttingProxy:
    """A proxy before the server that cuts when told to."""
    return cutting_proxy(server.url)


LONG = observation(note=[{"text": "x" * 300_000}])
CUTS: list[tuple[Any, int, int]] = [
    ("before", 0, 0),
    ("request", 10, 0),
    ("request", 200_000, 0),
    ("after", 0, 1),
    ("reply", 0, 1),
    ("reply", 30, 1),
    ("reply", 100_000, 1),
]


@pytest.mark.parametrize(("where", "passed", "done"), CUTS)
def test_a_connection_is_cut(
    server: FhirServer,
    cutting: CuttingProxy,
    connect: Callable[[str], Http],
    where: Any,
    passed: int,
    done: int,
) -> None:
    http = connect(cutting.url)
    cutting.cut(where, passed, nth=2)
    assert http("GET", "Patient/p").status_code == 200
    with pytest.raises(httpx.TransportError):
        http.create(LONG)
    if not done:
        server.settle()
    assert len(server.of_type("Observation")) == done
    assert http.create(observation("b")).status_code == 201
    assert cutting.moments == {2: (where, passed)}
    assert cutting.requests == 3


def test_chance_is_the_same_for_the_same_seed(
    server: FhirServer, cutting_proxy: Callable[..., CuttingProxy], connect: Callable[[str], Http]
) -> None:
    moments: list[dict[int, Any]] = []
    for seed in (7, 7, 8):
        proxy = cutting_proxy(server.url, seed=seed, rate=0.5)
        http = connect(proxy.url)
        cut = 0
        for _ in range(40):
            try:
                assert http.create(observation(), If_None_Exist=KEY).is_success
            except httpx.TransportError:
                cut += 1
        assert cut == len(proxy.moments) > 5
        moments.append(proxy.moments)
    assert moments[0] == moments[1] != moments[2]
    assert {moment.where for moment in moments[0].values()} == {
        *("before", "request", "after", "reply")
    }
    assert len(server.of_type("Observation")) == 1


def test_a_proxy_may_be_told_host_and_port(cutting_proxy: Callable[..., CuttingProxy]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as waiting:
        port = waiting.getsockname()[1]
        proxy = cutting_proxy(f"127.0.0.1:{port}")
        with socket.create_connection(("127.0.0.1", proxy.port)) as client:
            client.sendall(b"hello")
            there, _ = waiting.accept()
            with there:
                assert there.recv(5) == b"hello"
    with pytest.raises(ValueError, match="host:port"):
        CuttingProxy("/nowhere")


def test_a_proxy_before_nothing_has_nothing(
    cutting_proxy: Callable[..., CuttingProxy],
    ability_proxy: Callable[..., AbilityProxy],
    connect: Callable[[str], Http],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        base = f"http://127.0.0.1:{unused.getsockname()[1]}/fhir"
    for proxy in (cutting_proxy(base), ability_proxy(base)):
        with pytest.raises(httpx.TransportError):
            connect(proxy.url)("GET", "metadata")


def test_links_stay_with_the_proxy(
    server: FhirServer, ability_proxy: Callable[..., AbilityProxy], connect: Callable[[str], Http]
) -> None:
    proxy = ability_proxy(server.url, lacks={"transactions"})
    http = connect(proxy.url)
    server.page = 1
    for key in "ab":
        made = http.create(observation(key, patient=f"{proxy.url}/Patient/p"))
        assert made.headers["Location"].startswith(f"{proxy.url}/Observation/")
    assert server.of_type("Observation")[0]["subject"]["reference"] == "Patient/p"
    told = http("GET", f"Observation?subject={proxy.url}/Patient/p")
    assert server.url not in told.text
    following = http("GET", told.json()["link"][0]["url"]).json()
    assert following["entry"][0]["fullUrl"].startswith(f"{proxy.url}/Observation/")
    posted = http("POST", "Observation/_search", f"subject={proxy.url}/Patient/p".encode())
    assert posted.json()["total"] == 2
    assert len(proxy.requests) == 5


def test_what_goes_wrong_upstream_goes_wrong_here(
    server: FhirServer, ability_proxy: Callable[..., AbilityProxy], connect: Callable[[str], Http]
) -> None:
    http = connect(ability_proxy(server.url).url)
    server.arm(faults.throttled(retry_after=3))
    answer = http("GET", "Patient/p")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    server.arm(faults.lost_reply())
    with pytest.raises(httpx.RemoteProtocolError):
        http.create(observation())
    server.arm(faults.html_page())
    assert http.create(observation()).headers["Content-Type"] == "text/html"
    server.arm(faults.outage(503))
    assert http("GET", "metadata").status_code == 503
