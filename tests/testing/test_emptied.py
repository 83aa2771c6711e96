"""The real servers that are emptied without `$expunge`: each test has one that holds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import PATIENT, Http

if TYPE_CHECKING:
    from collections.abc import Callable

SERVERS = ["medplum", pytest.param("helios", marks=pytest.mark.helios)]


@pytest.mark.server
@pytest.mark.parametrize("time", ["first", "second"])
@pytest.mark.parametrize("name", SERVERS)
def test_it_is_empty_in_every_test(
    name: str, time: str, request: pytest.FixtureRequest, connect: Callable[[str], Http]
) -> None:
    http = connect(request.getfixturevalue(name))
    assert http.found("Patient") == []
    assert http.create(PATIENT).status_code == 201
    assert len(http.found("Patient")) == 1
