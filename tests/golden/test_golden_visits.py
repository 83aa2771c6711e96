"""The example visits through the front door: what `map` writes, the golden files, the oracle."""

from __future__ import annotations

import ast
import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest

from alliance_fhir.domain.attendance import Attendance, Status, Visits

from .files import (
    RELEASES,
    SHOWN,
    SUMS,
    VISIT_FILES,
    VISIT_TYPES,
    VISITS,
    VISITS_EXPECTED,
    all_of,
    read,
    run_map,
    sums,
)
from .oracle import differences, parse
from .oracle_visits import BECAME, expect_visits

if TYPE_CHECKING:
    Json = dict[str, Any]

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Json]]:
    """The visits, mapped once for every release: the folder, and what was told."""
    folders = {release: tmp_path_factory.mktemp(release) for release in RELEASES}
    return {release: (out, run_map(VISITS, out, release)) for release, out in folders.items()}


def test_the_oracle_of_visits_imports_nothing_of_ours() -> None:
    tree = ast.parse((HERE / "oracle_visits.py").read_text(encoding="utf-8"))
    modules = {
        "." * node.level + (node.module or "")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    }
    modules |= {
        a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names
    }
    others = {module for module in modules if not module.startswith(".oracle")}
    assert {module.partition(".")[0] for module in others} <= sys.stdlib_module_names


def test_the_table_has_each_status_and_each_kind() -> None:
    with (VISITS / "visits.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(BECAME) == 20
    assert {row["status"] for row in rows} == set(get_args(Status))
    assert {kind for _, kind, _, _ in BECAME.values()} == set(get_args(Attendance))
    assert {which for *_, (which, _) in BECAME.values()} == set(get_args(Visits))


@pytest.mark.parametrize("release", RELEASES)
def test_map_writes_what_the_oracle_expects_of_visits(
    mapped: dict[str, tuple[Path, Json]], release: str
) -> None:
    folder, told = mapped[release]
    assert told["records"] == {"read": 20, "accepted": 20, "rejected": 0}
    found = [parse(line) for line in all_of(folder, VISIT_TYPES)]
    assert differences(expect_visits(VISITS, release), found) == []


@pytest.mark.parametrize("release", RELEASES)
def test_every_resource_of_a_visit_has_one_provenance(
    mapped: dict[str, tuple[Path, Json]], release: str
) -> None:
    folder, _ = mapped[release]
    made = [parse(line)["identifier"][0] for line in all_of(folder, VISIT_TYPES)]
    proofs = [parse(line) for line in read(folder, "Provenance")]
    about = [one["identifier"] for proof in proofs for one in proof["target"]]
    assert sorted(one["value"] for one in about) == sorted(one["value"] for one in made)


@pytest.mark.parametrize("release", SHOWN)
def test_the_golden_files_of_visits_are_what_map_writes(
    mapped: dict[str, tuple[Path, Json]], release: str
) -> None:
    folder, _ = mapped[release]
    for type_ in VISIT_FILES:
        kept = VISITS_EXPECTED / release.lower() / f"{type_}.ndjson"
        assert kept.read_bytes() == b"".join(read(folder, type_)), type_


def test_the_sums_of_visits_are_those_of_what_map_writes(
    mapped: dict[str, tuple[Path, Json]],
) -> None:
    told = sums({release: out for release, (out, _) in mapped.items()}, VISIT_FILES)
    assert (VISITS_EXPECTED / SUMS).read_text(encoding="utf-8") == told
