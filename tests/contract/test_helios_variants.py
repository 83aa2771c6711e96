"""A real server that is set up otherwise than most: Helios, by its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .clinic import CHANGED, ROW, Clinic, Row, Wire, counts
from .places import ServerPlace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from helios import Helios

pytestmark = [pytest.mark.server, pytest.mark.helios]

ROWS = (ROW, Row(record_id="r-2", patient="1002"))
VARIANTS: dict[str, dict[str, Any]] = {
    "validating": {"HFS_VALIDATION_MODE": "enforce"},
    "if-match required": {"HFS_REQUIRE_IF_MATCH": "true"},
    "small requests": {"HFS_MAX_BODY_SIZE": "6000"},
    "without ETags": {"HFS_ENABLE_VERSIONING": "false"},
}


@pytest.fixture
def variant() -> str:
    """What is otherwise; a test says it."""
    raise NotImplementedError


@pytest.fixture
def place(variant: str, helios_with: Callable[..., Helios]) -> Iterator[ServerPlace]:
    """The server with this setting, empty."""
    there = ServerPlace(helios_with(**VARIANTS[variant]).empty())
    yield there
    there.close()


@pytest.fixture
def clinic(tmp_path: Path, place: ServerPlace, wire: Wire) -> Clinic:
    """A clinic with nothing sent yet."""
    folder = tmp_path / "clinic"
    folder.mkdir()
    return Clinic(folder, place, wire)


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_set_up_otherwise_is_coped_with(clinic: Clinic) -> None:
    clinic.settled(*ROWS)
    assert clinic.verified() == 16
    assert counts(clinic.sync(reread=True)) == {"unchanged": 14}
    assert clinic.wire.writes == []
    clinic.write(CHANGED, ROWS[1])
    assert counts(clinic.sync()) == {"updated": 3, "created": 1, "unchanged": 11}
    assert clinic.verified() == 17
    assert len(clinic.place.everything) == 2 + 17
