"""Which tests run on which targets.

All run on a folder and on the little server, and on HAPI R4 where the server's own ways matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

Test = TypeVar("Test", bound="Callable[..., None]")

LITTLE = {"little-r4": "4.0.1", "little-r5": "5.0.0"}
R4, R4B, R5 = (
    pytest.param(name, id=name.replace("_", "-"), marks=pytest.mark.server)
    for name in ("hapi_r4", "hapi_r4b", "hapi_r5")
)


def everywhere(test: Test) -> Test:
    """Every version of FHIR has a say in it."""
    vars(test)["kinds"] = ["folder", *LITTLE, R4, R4B, R5]
    return test


def by_the_ledger(test: Test) -> Test:
    """Nothing depends on how a server goes about it."""
    vars(test)["kinds"] = ["folder", "little-r4"]
    return test


def kinds_of(test: Callable[..., Any], fixtures: list[str]) -> list[Any]:
    """The targets that a test is run on: servers alone where it takes a `server`, and so on."""
    kinds: list[Any] = vars(test).get("kinds", ["folder", "little-r4", R4])
    if "folder" in fixtures:
        return ["folder"]
    return kinds[1:] if "server" in fixtures else kinds
