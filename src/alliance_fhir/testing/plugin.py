"""Fixtures for pytest; there wherever alliance-fhir is installed."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alliance_fhir.testing.ability_proxy import AbilityProxy
    from alliance_fhir.testing.cutting_proxy import CuttingProxy
    from alliance_fhir.testing.server import FhirServer


@pytest.fixture
def fhir_server() -> Iterator[Callable[..., FhirServer]]:
    """Makes FHIR servers, `fhir_server("5.0.0", lacks={"transactions"})`; all end with the test."""
    from alliance_fhir.testing.server import FhirServer

    yield from _makers(FhirServer)


@pytest.fixture
def ability_proxy() -> Iterator[Callable[..., AbilityProxy]]:
    """Puts a server behind an AbilityProxy, `ability_proxy(url, lacks={"batches"})`."""
    from alliance_fhir.testing.ability_proxy import AbilityProxy

    yield from _makers(AbilityProxy)


@pytest.fixture
def cutting_proxy() -> Iterator[Callable[..., CuttingProxy]]:
    """Puts a server behind a CuttingProxy, `cutting_proxy(url, seed=7)`."""
    from alliance_fhir.testing.cutting_proxy import CuttingProxy

    yield from _makers(CuttingProxy)


def _makers(kind: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    with ExitStack() as stack:
        yield lambda *told, **named: stack.enter_context(kind(*told, **named))
