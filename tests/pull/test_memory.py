"""What a table is made from need not fit into memory."""

from __future__ import annotations

import json
import tracemalloc
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from alliance_fhir import open_target
from alliance_fhir.domain.receipt import Tally
from alliance_fhir.pulling import pull
from alliance_fhir.tabulating import tabulate

from . import rows
from .test_assessments import one_row, sent

Lines = list[dict[str, Any]]


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A folder of what was pulled: one record of scores alone."""
    cells = {name: cell for name, cell in one_row(total="30").items() if "item" not in name}
    settings, to = rows.settings(tmp_path), str(tmp_path / "there")
    source = rows.write(tmp_path / "rows.csv", [cells])
    sent([source], to, settings, tmp_path / "a.sqlite")
    with closing(open_target(to, settings)) as target:
        assert pull(target, tmp_path / "pulled", settings).exit_code == 0
    return tmp_path / "pulled"


def copies(folder: Path, number: int) -> None:
    """So many records, all but for the first without their scores: these give no row."""
    file = folder / "Observation.ndjson"
    found: Lines = [json.loads(line) for line in file.read_text().splitlines()]
    [panel] = [body for body in found if body["identifier"][0]["value"].endswith("-panel")]
    with file.open("a") as out:
        for place in range(number - 1):
            value = f"{place:032x}-panel"
            identifier = [{**panel["identifier"][0], "value": value}]
            out.write(json.dumps({**panel, "id": f"p-{place}", "identifier": identifier}) + "\n")


def peak(folder: Path, number: int) -> int:
    """Bytes that Python held at most while a table was made of so many records."""
    copies(folder, number)
    back, tally = folder.with_name("back.csv"), Tally()
    tracemalloc.start()
    try:
        assert tabulate(folder, back, rows.settings(folder.parent), tally) == 1
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        assert tally.read == number
        assert len(back.with_name("back.left-out.csv").read_text().splitlines()) == number


def test_scores_alone_are_read_in_flat_memory(alone: Path) -> None:
    file = alone / "Observation.ndjson"
    before = file.read_bytes()
    few = peak(alone, 1_200)
    file.write_bytes(before)
    assert peak(alone, 3_600) < 1.1 * few
