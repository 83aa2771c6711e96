"""Every target in turn, and a clinic that syncs to it."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from alliance_fhir.config import load
from alliance_fhir.testing import AbilityProxy
from alliance_fhir.testing import FhirServer as LittleServer

from .clinic import PLANS, Clinic, Wire, give
from .kinds import LITTLE, RUNGS, TAKEN, UNSAID, kinds_of
from .merging import set_clock
from .places import FolderPlace, Place, ServerPlace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every target in turn."""
    named = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    if "place_kind" in metafunc.fixturenames and "place_kind" not in named:
        kinds = kinds_of(metafunc.function, metafunc.fixturenames)
        metafunc.parametrize("place_kind", kinds)


@pytest.fixture
def wire(naps: list[float], monkeypatch: pytest.MonkeyPatch) -> Wire:
    """What our client sends over the wire; it never really waits."""
    wire = Wire(naps)
    really = httpx.HTTPTransport.handle_request

    def handle(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        ours = request.headers["User-Agent"].startswith("alliance-fhir/")
        if not ours or "Via" in request.headers:  # a proxy of the tests passes it on
            return really(transport, request)
        if request.url.path.endswith("/metadata"):
            del request.headers["Cache-Control"]  # HAPI takes a second for it, but for this
        wire.requests.append(request)
        wire.before(request)
        response = wire.instead(request) or really(transport, request)
        try:
            wire.after(request)
        except BaseException:
            response.close()
            raise
        return response

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle)
    return wire


@pytest.fixture
def place(place_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A target that holds nothing."""
    if place_kind == "folder":
        yield FolderPlace(tmp_path / "out")
        return
    if place_kind in LITTLE:
        with LittleServer(LITTLE[place_kind]) as little:
            yield from _opened(little.url)
    elif place_kind in RUNGS:
        with LittleServer(lacks=RUNGS[place_kind]) as little:
            yield from _opened(little.url, fhir=_unsaid(place_kind))
    else:
        name, _, rung = place_kind.partition(":")
        url = request.getfixturevalue(name)
        with AbilityProxy(url, lacks=TAKEN[rung]) if rung else nullcontext() as proxy:
            fhir = UNSAID.get(name, "") or _unsaid(rung)
            yield from _opened(url, proxy.url if proxy else "", fhir)


def _unsaid(rung: str) -> str:
    """What the user says of a server that does not say which version of FHIR it speaks."""
    return "R4" if rung and "statement" in TAKEN[rung] else ""


def _opened(url: str, address: str = "", fhir: str = "") -> Iterator[Place]:
    server = ServerPlace(url)
    server.address, server.fhir = address or url, fhir
    yield server
    server.close()


@pytest.fixture
def server(place: Place) -> Place:
    """A server that holds nothing."""
    return place


@pytest.fixture
def folder(place: FolderPlace) -> FolderPlace:
    """A folder that is not there yet."""
    return place


@pytest.fixture
def clinic(tmp_path: Path, place: Place, wire: Wire) -> Clinic:
    """A clinic with nothing sent yet."""
    folder = tmp_path / "clinic"
    folder.mkdir()
    return Clinic(folder, place, wire)


PEOPLE = ("1001", "1032")
"""The patients of the examples."""


@pytest.fixture
def site(clinic: Clinic) -> Clinic:
    """A clinic that has plans, and whose patients are at its target."""
    settings = load(PLANS / "alliance.toml")
    clinic.settings = settings.model_copy(update={"folder": clinic.folder})
    clinic.register(*PEOPLE)
    give(clinic)
    return clinic


@pytest.fixture
def march(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is 5 March 2026, between the first two versions of Mr. Jones's plan."""
    set_clock(monkeypatch, datetime(2026, 3, 5, 12, tzinfo=UTC))


@pytest.fixture
def first(site: Clinic) -> Clinic:
    """The clinic has sent the first version of a plan."""
    give(site, "jones-1")
    assert site.sync_alone().exit_code == 0
    return site
