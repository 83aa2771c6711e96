"""A listener before the server of `alliance_fhir.testing`, in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from alliance_fhir.testing import FhirServer

from .engine import Engine
from .process import TOML, Listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Site(NamedTuple):
    """A listener, and the server to which it sends."""

    server: FhirServer
    listening: Listening

    def connect(self) -> Engine:
        """A connection to it."""
        return Engine(self.listening.port)


def ended(listening: Listening) -> None:
    """It is over, if it ever began."""
    if listening.started and not listening.ended:
        listening.kill()


@pytest.fixture
def opened(tmp_path: Path, fhir_server: Callable[[], FhirServer]) -> Iterator[Callable[..., Site]]:
    """Makes a site whose listener does not listen yet; with more settings."""
    made: list[Listening] = []

    def site(more: str = "", name: str = "site", **named: object) -> Site:
        server = fhir_server()
        listening = Listening(tmp_path / name, server.url, toml=TOML + more, **named)  # type: ignore[arg-type]
        made.append(listening)
        return Site(server, listening)

    yield site
    for listening in made:
        ended(listening)


@pytest.fixture
def site(opened: Callable[..., Site]) -> Site:
    """A site that listens."""
    made = opened()
    made.listening.start()
    return made


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that listens for all tests of a module."""
    with FhirServer() as server:
        listening = Listening(tmp_path_factory.mktemp("lasting") / "site", server.url)
        try:
            yield Site(server, listening.start())
        finally:
            ended(listening)
