"""A table of thousands of visits, counted a second time by other code than ours."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .oracle import counted, generated
from .site import settings, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran


@pytest.mark.parametrize(
    ("seed", "number", "patients"), [(1, 2000, 90), (2, 2000, 25), (3, 150, 40), (4, 60, 12)]
)
def test_every_figure_is_the_oracles(
    command: Callable[..., Ran], seed: int, number: int, patients: int
) -> None:
    settings(smallest=None)
    write(generated(seed, number, patients))
    ran = command("measure", "visits.csv", "--csv")
    rows = [row[1:9] for row in csv.reader(io.StringIO(ran.out))][1:]
    own = [row for row in rows if row[0] not in ("published", "not-counted")]
    expected = counted(Path("visits.csv"))
    assert own == expected
    # or else the tables hide nothing, or show nothing, and tell nothing of that
    masked = [row for row in own if row[2:] == [""] * 6]
    assert 0 < len(masked) < len(own)
