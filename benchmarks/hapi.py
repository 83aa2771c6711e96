"""One HAPI FHIR server for a benchmark, and what stands on it before each round."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from alliance_fhir import sandbox

_EVERYTHING: dict[str, Any] = {
    "resourceType": "Parameters",
    "parameter": [{"name": "expungeEverything", "valueBoolean": True}],
}
# A sandbox starts quickly, a benchmark runs long: here with the thorough compiler, and room for
# all that is written.
_JAVA = ("-Xmx4g", "-XX:TieredStopAtLevel=4", "-XX:+UseParallelGC", "-XX:-UseSerialGC")


class Hapi:
    """A server at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(timeout=300)

    def empty(self, known: dict[str, Any]) -> None:
        """Removes everything, and puts there what is `known` before: a transaction."""
        self._http.post(f"{self.url}/$expunge", json=_EVERYTHING).raise_for_status()
        self._http.post(self.url, json=known).raise_for_status()
        # the server writes it anew, and keeps it for the next who asks
        self._http.get(f"{self.url}/metadata").raise_for_status()

    def count(self, types: tuple[str, ...]) -> int:
        """How many resources of these types there are."""
        told = 0
        for type_ in types:
            asked = {"_summary": "count"}
            fresh = {"Cache-Control": "no-cache"}
            reply = self._http.get(f"{self.url}/{type_}", params=asked, headers=fresh)
            told += reply.raise_for_status().json()["total"]
        return told


@contextmanager
def hapi() -> Iterator[Hapi]:
    """A server of its own, in memory, for as long as it is needed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    running = sandbox.start("R4", port, java_options=_JAVA, progress=print)
    try:
        yield Hapi(running.url)
    finally:
        sandbox.stop(port)
