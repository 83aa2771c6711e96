"""The example plans through the front door: what `map` writes, the golden files, the oracle."""

from __future__ import annotations

import ast
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from .files import (
    PLAN_FILES,
    PLAN_TYPES,
    PLANS,
    PLANS_EXPECTED,
    RECORDED,
    RELEASES,
    SHOWN,
    SUMS,
    all_of,
    read,
    run_map,
    sums,
)
from .oracle import claimed, content_digest, name_of, parse
from .oracle_plan_statuses import ROWS, outcome_of, status_of
from .oracle_plan_words import plans
from .oracle_plans import expect_plans, source_digests, unexpected
from .spoilt import changed

if TYPE_CHECKING:
    from .spoilt import Spoil

    Json = dict[str, Any]

HERE = Path(__file__).parent
MOST = 400_000
"""Bytes that all golden files together may take."""
JONES, ADOLESCENT = "ade0e868bd558ce90261281fdeb86ebb", "5006cfd7c6596d79021fc8b3fde74f0a"
IDS = "https://alliance-fhir.github.io/id/clinic-east/identifier"
SETTINGS = "alliance.toml"


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Json]]:
    """The plans, mapped once for every release: the folder, and what was told."""
    folders = {release: tmp_path_factory.mktemp(release) for release in RELEASES}
    return {release: (out, run_map(PLANS, out, release)) for release, out in folders.items()}


def resources(folder: Path) -> list[Json]:
    types = [type_ for type_ in PLAN_TYPES if (folder / f"{type_}.ndjson").exists()]
    return [parse(line) for line in all_of(folder, types)]


# --- the oracle is its own ------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(HERE.glob("oracle_plan*.py")), ids=lambda path: path.name)
def test_the_oracle_of_plans_imports_nothing_of_ours(path: Path) -> None:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            modules.add("." * node.level + (node.module or ""))
    others = {module for module in modules if not module.startswith(".oracle")}
    assert {module.partition(".")[0] for module in others} <= {*sys.stdlib_module_names, "yaml"}


# --- what map writes ------------------------------------------------------------------------------


@pytest.mark.parametrize("release", RELEASES)
def test_map_writes_what_the_oracle_expects_of_plans_whole_and_in_order(
    mapped: dict[str, tuple[Path, Json]], release: str
) -> None:
    folder, told = mapped[release]
    assert told["records"] == {"read": 4, "accepted": 4, "rejected": 0}
    assert told["returncode"] == 0
    found = resources(folder)
    assert unexpected(PLANS, release, RECORDED, found) == []
    expected = expect_plans(PLANS, release, RECORDED, source_digests(found))
    by_type = sorted(expected, key=lambda each: PLAN_TYPES.index(each["resourceType"]))
    assert list(map(name_of, found)) == list(map(name_of, by_type))


@pytest.mark.parametrize("release", SHOWN)
def test_so_it_is_with_other_statuses_and_histories(release: str, tmp_path: Path) -> None:
    """A plan of each status, one that has left out all goals and tasks, and one that has two
    versions so far: each an example document under another name."""
    laid_out(tmp_path / "in")
    told = run_map(tmp_path / "in", tmp_path / "out", release)
    assert told["records"]["rejected"] == 0, told["rejected"]
    assert unexpected(tmp_path / "in", release, RECORDED, resources(tmp_path / "out")) == []


def laid_out(folder: Path) -> None:
    folder.mkdir()
    shutil.copy(PLANS / SETTINGS, folder)
    for name in ("adolescent-1", "jones-1"):
        for status in ("draft", "active", "on-hold", "completed", "revoked"):
            another(folder, name, f"{name}-{status}", status=status)
        later = {"version": 2, "written": "2026-03-06", "goals": [], "tasks": []}
        another(folder, name, f"{name}-left")
        another(folder, name, f"{name}-left", **later)
    another(folder, "jones-1", "jones-two")
    another(folder, "jones-2", "jones-two", version=2)


def another(folder: Path, name: str, plan: str, **changes: Any) -> None:
    """The example document of this name as another plan's, with what is changed in it."""
    text = (PLANS / f"{name}.plan.yaml").read_text(encoding="utf-8")
    told = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes text of all
    told |= {"plan": plan, **changes}
    made = yaml.safe_dump(_typed(told), allow_unicode=True, sort_keys=False)
    path = folder / f"{plan}-{told['version']}.plan.yaml"
    path.write_text(f"# Made of an example.\n{made}", encoding="utf-8")


def _typed(value: Any) -> Any:
    """Numbers and truths as such; all else is text."""
    if isinstance(value, dict):
        return {key: _typed(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_typed(one) for one in value]
    if value in ("true", "false"):
        return value == "true"
    return int(value) if re.fullmatch("[0-9]{1,3}", str(value)) else value


def test_these_statuses_go_through_the_whole_table() -> None:
    """Goals and tasks on which all agree, on which somebody says no, and to which somebody has said
    nothing are in the examples, and requests of each type that has statuses of its own."""
    by_key = {plan.key: plan.up_to(1) for plan in plans(PLANS)}
    of_goals = {
        outcome_of(plan, "goals", one["goal"])
        for plan in by_key.values()
        for one in plan.today["goals"]
    }
    of_tasks = {
        (one["kind"], outcome_of(plan, "tasks", one["task"]))
        for plan in by_key.values()
        for one in plan.today["tasks"]
    }
    assert set(by_key) == {JONES, ADOLESCENT}
    assert of_goals == {"agreed", "pending", "disagreed"}
    assert of_tasks == {
        ("medication", "agreed"),
        ("other", "pending"),
        ("psychotherapy", "agreed"),
        ("psychotherapy", "disagreed"),
        ("self-care", "agreed"),
        ("social", "agreed"),
        ("visit", "agreed"),
    }
    assert {row[1] for row in ROWS} == of_goals


def test_the_table_in_the_documentation_is_the_oracles() -> None:
    page = (PLANS.parents[1] / "docs/reference/plans-in-fhir.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w-]+) \| (agreed|pending|disagreed) \| (.+) \|$", page, re.MULTILINE)
    types = "Goal", "ServiceRequest", "Task", "MedicationRequest"
    assert {(course, told): cells.split(" | ") for course, told, cells in rows} == {
        row: [status_of(type_, *row) for type_ in types] for row in ROWS
    }


# --- the golden files -----------------------------------------------------------------------------


@pytest.mark.parametrize("release", SHOWN)
@pytest.mark.parametrize("type_", PLAN_FILES)
def test_map_writes_the_golden_plans_again_byte_for_byte(
    mapped: dict[str, tuple[Path, Json]], release: str, type_: str
) -> None:
    assert read(mapped[release][0], type_) == read(PLANS_EXPECTED / release.lower(), type_)


def test_map_writes_no_others_and_each_has_its_golden_sum(
    mapped: dict[str, tuple[Path, Json]],
) -> None:
    for folder, _ in mapped.values():
        types = {path.stem for path in folder.glob("*.ndjson")}
        assert types == {*PLAN_FILES, "Device"}
    folders = {release: folder for release, (folder, _) in mapped.items()}
    assert sums(folders, PLAN_FILES) == (PLANS_EXPECTED / SUMS).read_text(encoding="utf-8")


@pytest.mark.parametrize("release", SHOWN)
def test_the_golden_plans_hold_what_the_oracle_expects(release: str) -> None:
    assert refusals(release) == []


def test_the_golden_plans_are_small_and_no_others_lie_beside_them() -> None:
    found = {p.relative_to(PLANS_EXPECTED).as_posix(): p for p in PLANS_EXPECTED.rglob("*.*")}
    assert set(found) == {f"{r.lower()}/{type_}.ndjson" for r in SHOWN for type_ in PLAN_FILES}
    assert sum(path.stat().st_size for path in found.values()) < MOST


# --- the oracle has teeth -------------------------------------------------------------------------


def refusals(release: str, spoil: Spoil | None = None) -> list[str]:
    """What the oracle says against the golden files of a release, or against them once spoilt."""
    lines = all_of(PLANS_EXPECTED / release.lower(), PLAN_TYPES)
    found = [parse(line) for line in (spoil(lines) if spoil else lines)]
    return unexpected(PLANS, release, RECORDED, found)


def of(name: str, old: bytes, new: bytes) -> Spoil:
    """In the resource of this name, `old` becomes `new`."""

    def change(lines: list[bytes]) -> list[bytes]:
        start = f'"identifier":[{{"system":"{IDS}","value":"{name}"}}'.encode()
        only = start.replace(b"[", b"")  # a response has one
        place = next(n for n, line in enumerate(lines) if start in line or only in line[:900])
        assert old in lines[place]
        return [*lines[:place], lines[place].replace(old, new, 1), *lines[place + 1 :]]

    return change


def resealed(spoil: Spoil) -> Spoil:
    """The same by somebody who knows how to make the digest of the content fit."""

    def change(lines: list[bytes]) -> list[bytes]:
        made = []
        for was, line in zip(lines, spoil(lines), strict=True):
            if was != line:
                body = parse(line)
                old, new = claimed(body), content_digest(body)
                line = line.replace(old.encode(), new.encode())
            made.append(line)
        return made

    return change


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        pytest.param(
            of(f"{ADOLESCENT}-goal-mornings", b'"proposed"', b'"active"'),
            f"Goal {ADOLESCENT}-goal-mornings: differs in lifecycleStatus",
            id="a goal is active to which the patient has said nothing",
        ),
        pytest.param(
            of(f"{JONES}-goal-sleep", b'"valueDate":"2026-03-02"', b'"valueDate":"2026-03-03"'),
            f"Goal {JONES}-goal-sleep: differs in extension",
            id="it was agreed to on another day",
        ),
        pytest.param(
            of(f"{JONES}-task-talks", b"Medicine alone", b"Medicine"),
            f"ServiceRequest {JONES}-task-talks: differs in note",
            id="an option that was considered has other words",
        ),
        pytest.param(
            of(f"{JONES}-task-friends", b"blake2b:5", b"blake2b:6"),
            f"Task {JONES}-task-friends: differs in extension",
            id="it was agreed to other words",
        ),
        pytest.param(
            changed(b'"valueCode":"disagree"', b'"valueCode":"pending"'),
            f"Goal {ADOLESCENT}-goal-painting: differs in extension",
            id="a no is lost",
        ),
        pytest.param(
            changed(b'"code":"author"', b'"code":"attester"'),
            f"Provenance {JONES}-signed-2-ba8e85a02aed25e2: differs in agent",
            id="the patient is not whose plan it is",
        ),
        pytest.param(
            of(f"{JONES}-first", b'"PATRPT"', b'"CLINRPT"'),
            f"QuestionnaireResponse {JONES}-first: differs in meta",
            id="a label says that the clinician told it",
        ),
        pytest.param(
            of(f"{JONES}-plan", b" and clinician kurtz agreed on 2", b" agreed on 2"),
            f"CarePlan {JONES}-plan: text goals sleep: where urn:example:staff|kurtz stands",
            id="the text does not say that the clinician agreed",
        ),
        pytest.param(
            of(f"{JONES}-plan", b"<h2>Hopes</h2><ul>", b"<h2>Hopes</h2><ul><li>Being fired</li>"),
            f"CarePlan {JONES}-plan: text tells concerns",
            id="the text tells a concern",
        ),
        pytest.param(
            lambda lines: [line for line in lines if b"-barrier-001858cd" not in line[:900]],
            f"Observation {JONES}-barrier-001858cd56de9317: missing",
            id="what stood in the way before is gone",
        ),
    ],
)
def test_the_oracle_refuses_golden_plans_in_which(spoil: Spoil, complaint: str) -> None:
    told = refusals("R4", spoil)
    assert complaint in told[0] or complaint in told, told
    assert len(told) < 3, told


def test_a_digest_that_fits_what_was_changed_does_not_deceive_it() -> None:
    spoil = of(f"{JONES}-goal-job", b"Keep the job", b"Leave the job")
    told = refusals("R5", resealed(spoil))
    assert told[0] == f"Goal {JONES}-goal-job: differs in extension, description"
