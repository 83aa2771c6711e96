"""The validators of a whole test session, one JVM for each FHIR version, started at first use.

They know the definitions in profiles/r4 or profiles/r5. A test with Questionnaires of its own adds
them: `validator_r4.define(folder / "Questionnaire.ndjson")`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from . import Validator

if TYPE_CHECKING:
    from collections.abc import Iterator

PROFILES = Path(__file__).parents[2] / "profiles"


@pytest.fixture(scope="session")
def validator_r4() -> Iterator[Validator]:
    """The validator of R4 (4.0.1)."""
    with Validator("4.0.1", [PROFILES / "r4"]) as validator:
        yield validator


@pytest.fixture(scope="session")
def validator_r4b() -> Iterator[Validator]:
    """The validator of R4B (4.3.0)."""
    with Validator("4.3.0", [PROFILES / "r4"]) as validator:
        yield validator


@pytest.fixture(scope="session")
def validator_r5() -> Iterator[Validator]:
    """The validator of R5 (5.0.0)."""
    with Validator("5.0.0", [PROFILES / "r5"]) as validator:
        yield validator
