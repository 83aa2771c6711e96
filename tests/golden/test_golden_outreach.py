"""The Tasks to reach out of the example, through the front door: golden files and the oracle."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from .files import (
    OUTREACH_EXPECTED,
    OUTREACH_SETTINGS,
    PLANS,
    RELEASES,
    SHOWN,
    SUMS,
    VISIT_TYPES,
    VISITS,
    map_outreach,
    read,
    run_map,
    sums,
)
from .oracle import differences, parse
from .oracle_outreach import expect_outreach

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, list[bytes]]]:
    """By release the folder, and the lines of the Tasks to reach out in it."""
    folders = {release: tmp_path_factory.mktemp(release) for release in RELEASES}
    return {release: (out, map_outreach(out, release)) for release, out in folders.items()}


def test_the_oracle_of_outreach_imports_nothing_of_ours() -> None:
    tree = ast.parse((HERE / "oracle_outreach.py").read_text(encoding="utf-8"))
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


@pytest.mark.parametrize("release", RELEASES)
def test_the_tasks_are_those_that_the_oracle_expects(
    mapped: dict[str, tuple[Path, list[bytes]]], release: str
) -> None:
    _, lines = mapped[release]
    found = [parse(line) for line in lines]
    assert differences(expect_outreach(VISITS, OUTREACH_SETTINGS, release), found) == []


@pytest.mark.parametrize("release", RELEASES)
def test_without_the_table_all_else_is_the_same_byte_by_byte(
    mapped: dict[str, tuple[Path, list[bytes]]], release: str, tmp_path: Path
) -> None:
    told = OUTREACH_SETTINGS.read_text(encoding="utf-8")
    plain = tmp_path / "alliance.toml"
    plain.write_text(told.partition("[outreach]")[0], encoding="utf-8")
    run_map(VISITS, tmp_path / "out", release, PLANS, "--config", plain)
    folder, lines = mapped[release]
    for type_ in (*VISIT_TYPES, "CarePlan", "Device"):
        assert read(folder, type_) == read(tmp_path / "out", type_), type_
    others = [line for line in read(folder, "Task") if line not in lines]
    assert others == read(tmp_path / "out", "Task")
    proofs, before = read(folder, "Provenance"), read(tmp_path / "out", "Provenance")
    changed = [one for one in proofs if one not in before]
    about = [target["type"] for one in changed for target in parse(one)["target"]]
    assert (len(proofs), about) == (len(before), ["Appointment", "Task"] * len(lines))


@pytest.mark.parametrize("release", SHOWN)
def test_the_golden_files_of_outreach_are_what_map_writes(
    mapped: dict[str, tuple[Path, list[bytes]]], release: str
) -> None:
    _, lines = mapped[release]
    kept = OUTREACH_EXPECTED / release.lower() / "Task.ndjson"
    assert kept.read_bytes() == b"".join(lines)


def test_the_sums_of_outreach_are_those_of_what_map_writes(
    mapped: dict[str, tuple[Path, list[bytes]]], tmp_path: Path
) -> None:
    for release, (_, lines) in mapped.items():
        (tmp_path / release).mkdir()
        (tmp_path / release / "Task.ndjson").write_bytes(b"".join(lines))
    told = sums({release: tmp_path / release for release in RELEASES}, ["Task"])
    assert (OUTREACH_EXPECTED / SUMS).read_text(encoding="utf-8") == told
