"""Real servers for tests: HAPI in each version, Medplum's and Helios, started when first asked for.

They live in memory and are emptied before each test. No two HAPIs run at the same time: tests are
put in order of the version that they need, so that each is started once.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from alliance_fhir import sandbox
from helios import Helios, binary
from ports import free_port
from second_server import SecondServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

JAVA_OPTIONS = (
    "-Dstorage.enforceReferentialIntegrityOnDelete=false",  # tests delete what others point to
    "-Dstorage.reuseCachedSearchResultsForMillis=60000",  # the default of HAPI's public image
)
EVERYTHING: dict[str, Any] = {
    "resourceType": "Parameters",
    "parameter": [{"name": "expungeEverything", "valueBoolean": True}],
}
FIXTURES = {"hapi_r4": "R4", "new_hapi_r4": "R4", "hapi_r4b": "R4B", "hapi_r5": "R5"}


class Servers:
    """At most one HAPI server, of the version that was asked for last."""

    def __init__(self) -> None:
        self._running: sandbox.Running | None = None

    def emptied(self, version: str) -> str:
        """The base URL of a server of this version that holds nothing."""
        if self._running is None or self._running.fhir_version != version:
            self.stop()
            self._running = sandbox.start(version, free_port(), java_options=JAVA_OPTIONS)
        url = self._running.url
        for pause in (1, 2, 4, 8, 16, 0):  # it may still be writing the terms of a CodeSystem
            reply = httpx.post(f"{url}/$expunge", json=EVERYTHING, timeout=120)
            if reply.status_code != httpx.codes.CONFLICT:
                break
            time.sleep(pause)
        reply.raise_for_status()
        return url

    def stop(self) -> None:
        """Ends the server that runs, if one does."""
        if self._running:
            sandbox.stop(self._running.port)
            self._running = None


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The servers of this session; the last one ends with it."""
    ours = Servers()
    yield ours
    ours.stop()


@pytest.fixture
def hapi_r4(servers: Servers) -> str:
    """The base of an empty HAPI that speaks R4."""
    return servers.emptied("R4")


@pytest.fixture
def new_hapi_r4(servers: Servers) -> str:
    """The same, of which nothing was asked before: it keeps in mind for minutes what it lacked."""
    servers.stop()
    return servers.emptied("R4")


@pytest.fixture
def hapi_r4b(servers: Servers) -> str:
    """The base of an empty HAPI that speaks R4B."""
    return servers.emptied("R4B")


@pytest.fixture
def hapi_r5(servers: Servers) -> str:
    """The base of an empty HAPI that speaks R5."""
    return servers.emptied("R5")


@pytest.fixture(scope="session")
def second_server() -> Iterator[SecondServer]:
    """Medplum's server of this session."""
    ours = SecondServer()
    yield ours
    ours.stop()


@pytest.fixture
def medplum(second_server: SecondServer) -> str:
    """The base of an empty server that is not HAPI; it speaks R4."""
    second_server.empty()
    return second_server.url


@pytest.fixture(scope="session")
def helios_with() -> Iterator[Callable[..., Helios]]:
    """Starts a Helios with these settings, once a session for each of them."""
    running: dict[tuple[tuple[str, object], ...], Helios] = {}

    def start(**settings: Any) -> Helios:
        if binary() is None:
            pytest.skip("Helios's server is not there: `make helios` builds it")
        key = tuple(sorted(settings.items()))
        if key not in running:
            running[key] = Helios(**settings)
        return running[key]

    yield start
    for server in running.values():
        server.stop()


@pytest.fixture
def helios(helios_with: Callable[..., Helios]) -> str:
    """The base of a part of Helios's server that holds nothing; it speaks R4."""
    return helios_with().empty()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever needs a HAPI comes last, version by version."""
    order = list(FIXTURES)

    def place(item: pytest.Item) -> int:
        call = getattr(item, "callspec", None)
        asked = [*getattr(item, "fixturenames", []), *(call.params.values() if call else [])]
        names = [name.partition(":")[0] for name in asked if isinstance(name, str)]
        needed = [order.index(name) for name in names if name in order]
        return 1 + min(needed) if needed else 0

    items.sort(key=place)
