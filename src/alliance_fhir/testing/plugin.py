"""Fixtures for pytest; there wherever alliance-fhir is installed."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alliance_fhir.testing.server import FhirServer


@pytest.fixture
def fhir_server() -> Iterator[Callable[..., FhirServer]]:
    """Makes FHIR servers, `fhir_server("5.0.0", lacks={"transactions"})`; all end with the test."""
    from alliance_fhir.testing.server import FhirServer

    with ExitStack() as stack:

        def started(*told: Any, **named: Any) -> FhirServer:
            return stack.enter_context(FhirServer(*told, **named))

        yield started
