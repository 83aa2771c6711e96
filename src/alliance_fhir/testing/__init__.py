"""FHIR servers to test against: one that is right, and goes wrong in whatever way a test asks for.

>>> from alliance_fhir.testing import FhirServer
>>> with FhirServer(lacks={"transactions"}) as server:
...     patient = server.put(resourceType="Patient", active=True)
>>> patient["meta"]["versionId"]
'1'

With pytest the fixtures `fhir_server`, `cutting_proxy` and `ability_proxy` are there as soon as
alliance-fhir is installed. What can go wrong is in `alliance_fhir.testing.faults`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alliance_fhir.abilities import ABILITIES
    from alliance_fhir.testing import faults
    from alliance_fhir.testing.ability_proxy import AbilityProxy
    from alliance_fhir.testing.cutting_proxy import CuttingProxy
    from alliance_fhir.testing.faults.arming import Armed, Fault
    from alliance_fhir.testing.messages import Answer, Cut, Request, bundle, outcome
    from alliance_fhir.testing.server import FhirServer
    from alliance_fhir.testing.store import Clock

_HOMES = {
    "ABILITIES": "alliance_fhir.abilities",
    "AbilityProxy": "alliance_fhir.testing.ability_proxy",
    "Answer": "alliance_fhir.testing.messages",
    "Armed": "alliance_fhir.testing.faults.arming",
    "Clock": "alliance_fhir.testing.store",
    "Cut": "alliance_fhir.testing.messages",
    "CuttingProxy": "alliance_fhir.testing.cutting_proxy",
    "Fault": "alliance_fhir.testing.faults.arming",
    "FhirServer": "alliance_fhir.testing.server",
    "Request": "alliance_fhir.testing.messages",
    "bundle": "alliance_fhir.testing.messages",
    "outcome": "alliance_fhir.testing.messages",
}

__all__ = [
    "ABILITIES",
    "AbilityProxy",
    "Answer",
    "Armed",
    "Clock",
    "Cut",
    "CuttingProxy",
    "Fault",
    "FhirServer",
    "Request",
    "bundle",
    "faults",
    "outcome",
]


def __getattr__(name: str) -> Any:  # imported when first used: pytest loads the plugin every time
    if name == "faults":
        return import_module("alliance_fhir.testing.faults")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
