"""Which tests run on which targets.

All run on a folder and on the little server, and on HAPI R4 where the server's own ways matter.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.abilities import Ability

Test = TypeVar("Test", bound="Callable[..., None]")

LITTLE = {"little-r4": "4.0.1", "little-r5": "5.0.0"}
RUNGS: dict[str, frozenset[Ability]] = {
    "batches": frozenset({"transactions"}),
    "singles": frozenset({"transactions", "batches"}),
    "search-first": frozenset({"conditional-create"}),
    "read-and-compare": frozenset({"if-match"}),
    "by-patient": frozenset({"identifier-search"}),
    "by-get": frozenset({"post-search"}),
    "no-versions": frozenset({"if-match", "versions", "history"}),
    "no-statement": frozenset({"statement"}),
    "lowest": frozenset(
        {"transactions", "batches", "conditional-create", "if-match", "identifier-search"}
        | {"post-search"}
    ),
}
"""The rungs of the ladder below the highest, each by what the server lacks."""


def _real(name: str, *marks: pytest.MarkDecorator) -> Any:
    return pytest.param(name, id=name.replace("_", "-"), marks=[pytest.mark.server, *marks])


R4, R4B, R5 = map(_real, ("hapi_r4", "hapi_r4b", "hapi_r5"))
TAKEN: dict[str, frozenset[Ability]] = {**RUNGS, "no-delete": frozenset({"delete"})}
"""What a proxy takes away. What others delete they delete behind it."""
LOWER = [_real(f"hapi_r4:{rung}") for rung in TAKEN]
"""HAPI behind such a proxy: the main tests; all by `make ladder`, as that takes long."""
MEDPLUM = _real("medplum")
HELIOS = _real("helios", pytest.mark.helios)
REAL = [R4, *([R4B, R5, *LOWER] if os.environ.get("LADDER") == "all" else []), MEDPLUM, HELIOS]
UNSAID = {"medplum": "R4"}
"""Servers that do not say which version of FHIR they speak, with that version."""


def everywhere(test: Test) -> Test:
    """Every version of FHIR has a say in it."""
    vars(test)["kinds"] = ["folder", *LITTLE, *RUNGS, R4, R4B, R5, *LOWER, MEDPLUM, HELIOS]
    return test


def to_the_digit(test: Test) -> Test:
    """It compares decimals as they are written, which Medplum's server shortens."""
    vars(test)["kinds"] = ["folder", *LITTLE, *RUNGS, R4B, R5, R4, *LOWER, HELIOS]
    return test


def in_transactions(test: Test) -> Test:
    """It counts requests, which are others on the lower rungs."""
    vars(test)["kinds"] = ["folder", "little-r4", R4]
    return test


def in_numbers(test: Test) -> Test:
    """It takes many records, and Medplum's server goes through all that it holds at each search:
    what it shows is of ours, not of a server."""
    vars(test)["kinds"] = [
        "folder",
        "little-r4",
        *RUNGS,
        *(kind for kind in REAL if kind is not MEDPLUM),
    ]
    return test


def by_the_ledger(test: Test) -> Test:
    """Nothing depends on how a server goes about it."""
    vars(test)["kinds"] = ["folder", "little-r4"]
    return test


def by_identifiers(test: Test) -> Test:
    """It shows what only a search by our identifiers can."""
    ladder = [rung for rung, lacks in RUNGS.items() if "identifier-search" not in lacks]
    vars(test)["kinds"] = ["folder", "little-r4", *ladder, R4, MEDPLUM, HELIOS]
    return test


def creating_at_once(test: Test) -> Test:
    """It shows that of two conditional creates at a time one is declined, or finds the other."""
    vars(test)["kinds"] = ["", "little-r4", "batches", "singles", R4, R4B, R5, MEDPLUM, HELIOS]
    return test


def doubling(test: Test) -> Test:
    """It shows what becomes of doubles that the server could not know of."""
    vars(test)["kinds"] = ["", "search-first", "lowest", _real("hapi_r4:search-first")]
    return test


def by_key_alone(test: Test) -> Test:
    """The same where nothing has to be searched by patients, whom a ledger does not know."""
    vars(test)["kinds"] = ["", "search-first", _real("hapi_r4:search-first")]
    return test


def validating(test: Test) -> Test:
    """It is about what real servers say of our resources, and about a server that says nothing."""
    vars(test)["kinds"] = ["", R4, R5]
    return test


def rungs(test: Test) -> Test:
    """It shows what becomes of half a group, where groups do not arrive as a whole."""
    parted = [rung for rung, lacks in RUNGS.items() if "transactions" in lacks]
    real = [_real(f"hapi_r4:{rung}") for rung in parted]
    vars(test)["kinds"] = ["", *parted, *real]  # a folder has no say in it
    return test


def kinds_of(test: Callable[..., Any], fixtures: list[str]) -> list[Any]:
    """The targets that a test is run on: servers alone where it takes a `server`, and so on."""
    kinds: list[Any] = vars(test).get("kinds", ["folder", "little-r4", *RUNGS, *REAL])
    if "folder" in fixtures:
        return ["folder"]
    return kinds[1:] if "server" in fixtures else kinds
