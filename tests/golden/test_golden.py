"""The example clinic through the front door: what `map` writes, the golden files, the oracle."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from .files import (
    CLINIC,
    EXAMPLES,
    EXPECTED,
    LIMIT,
    RECORDED,
    RELEASES,
    SHOWN,
    SUMS,
    TYPES,
    read,
    record_of,
    run_map,
    sample,
    shown,
    sums,
)
from .oracle import Expected, content_digest, differences, expect, name_of, parse
from .oracle_scores import INSTRUMENTS, scores
from .spoilt import changed

if TYPE_CHECKING:
    from .spoilt import Spoil

HERE = Path(__file__).parent
GENERATED = ("assessments.csv", "questionnaires-long.csv", "session-ratings.csv")


class Mapped(NamedTuple):
    """What `map` wrote for one release, and what it said."""

    release: str
    folder: Path
    told: dict[str, Any]
    expected: Expected
    found: list[dict[str, Any]]


@cache
def wanted_of(release: str) -> Expected:
    """What the oracle expects of the clinic; nothing here changes it."""
    return expect(CLINIC, release, RECORDED)


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Mapped]:
    """The clinic, mapped once for every release."""
    found: dict[str, Mapped] = {}
    for release in RELEASES:
        folder = tmp_path_factory.mktemp(release)
        told = run_map(CLINIC, folder, release)
        resources = [parse(line) for type_ in TYPES for line in read(folder, type_)]
        found[release] = Mapped(release, folder, told, wanted_of(release), resources)
    return found


@pytest.fixture(scope="module")
def expected() -> Expected:
    return wanted_of("R4")


# --- the oracle is its own ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["oracle.py", "oracle_rows.py", "oracle_scores.py"])
def test_the_oracle_imports_nothing_but_the_standard_library(name: str) -> None:
    tree = ast.parse((HERE / name).read_text(encoding="utf-8"))
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            modules.add("." * node.level + (node.module or ""))
    own = {".oracle_rows", ".oracle_scores"}
    assert {module.partition(".")[0] for module in modules - own} <= sys.stdlib_module_names


@pytest.mark.parametrize(
    ("name", "highest", "lowest"),
    [("wai-s", 72, 24), ("haq-ii", 89, 44), ("tasc-r", 33, 27), ("wai-sr", 60, 12)],
)
def test_the_oracle_knows_the_totals_of_all_highest_and_all_lowest_answers(
    name: str, highest: int, lowest: int
) -> None:
    codes = INSTRUMENTS[name].codes
    assert scores(name, {n: code[-1] for n, code in codes.items()})[0].value == highest
    assert scores(name, {n: code[0] for n, code in codes.items()})[0].value == lowest


@pytest.mark.parametrize(
    ("levels", "weights", "t"),
    [
        ({1: "0"}, {}, "50.00"),
        ({1: "1", 2: "1"}, {}, "62.40"),  # 50 + 10 * 2 / sqrt(0.7 * 2 + 0.3 * 4)
        ({1: "2"}, {7: "5"}, "70.00"),  # one goal: its weight does not matter
        ({1: "-2", 2: "2"}, {7: "3", 8: "1"}, "38.36"),  # 50 - 40 / sqrt(0.7 * 10 + 0.3 * 16)
    ],
)
def test_the_oracle_computes_goal_attainment_as_a_hand_does(
    levels: dict[int, str], weights: dict[int, str], t: str
) -> None:
    (score,) = scores("gas", {**levels, **weights})
    assert str(score.value) == t


# --- the examples ---------------------------------------------------------------------------------


def test_the_generator_writes_the_committed_files_again(tmp_path: Path) -> None:
    shutil.copy(CLINIC / "mr-jones.csv", tmp_path)
    subprocess.run([sys.executable, EXAMPLES / "generate.py", tmp_path], check=True)
    for name in GENERATED:
        assert (tmp_path / name).read_bytes() == (CLINIC / name).read_bytes(), name


def test_the_clinic_holds_600_assessments_of_40_patients_by_6_clinicians(
    expected: Expected,
) -> None:
    assert len(expected.records) == 600
    assert len({record.patient for record in expected.records}) == 40
    assert len({record.clinician for record in expected.records if record.clinician}) == 6
    assert {record.instrument for record in expected.records} == set(INSTRUMENTS)
    assert {record.utc[:4] for record in expected.records} == {"2026"}


def test_therapists_see_more_change_than_their_patients(expected: Expected) -> None:
    totals: dict[tuple[str, str], list[tuple[str, Decimal]]] = {}
    for record in expected.records:
        value = scores(record.instrument, record.answers)[0].value if record.answers else None
        if record.instrument == "wai-s" and value is not None:
            who = (record.rater, record.patient.value)
            totals.setdefault(who, []).append((record.utc, value))
    ranges: dict[str, list[Decimal]] = {"patient": [], "therapist": []}
    for (rater, _), course in totals.items():
        if rater in ranges and len(course) > 1:
            values = [value for _, value in course]
            ranges[rater].append(max(values) - min(values))
    assert len(ranges["patient"]) > 5
    assert _mean(ranges["therapist"]) > 1.5 * _mean(ranges["patient"])


def _mean(values: list[Decimal]) -> float:
    return float(sum(values)) / len(values)


def test_mr_jones_is_guarded_then_better_then_hurt_then_better_than_before(
    expected: Expected,
) -> None:
    for name, rater in (("wai-sr", "patient"), ("srs", "patient"), ("wai-s", "therapist")):
        course = {
            record.session: scores(name, record.answers)[0].value or Decimal(0)
            for record in expected.records
            if record.file == "mr-jones.csv" and (record.instrument, record.rater) == (name, rater)
        }
        first, plan, after_the_missed_visit, repair, end = (course[n] for n in (1, 2, 3, 4, 8))
        assert first < plan > after_the_missed_visit < repair < end, name
        assert repair > plan, name


# --- what map writes ------------------------------------------------------------------------------


@pytest.mark.parametrize("release", RELEASES)
def test_map_writes_what_the_oracle_expects_whole_and_in_order(
    mapped: dict[str, Mapped], release: str
) -> None:
    one = mapped[release]
    assert differences(one.expected.resources, one.found) == []
    by_type = sorted(one.expected.resources, key=lambda each: TYPES.index(each["resourceType"]))
    assert list(map(name_of, one.found)) == list(map(name_of, by_type))


@pytest.mark.parametrize("release", RELEASES)
def test_the_two_spoilt_rows_are_rejected_by_name_and_no_others(
    mapped: dict[str, Mapped], release: str
) -> None:
    one = mapped[release]
    rejected = [
        (Path(each["path"]).name, each["row"], each["column"], each["rule"])
        for each in one.told["rejected"]
    ]
    assert rejected == one.expected.rejected
    assert sorted(rule for *_, rule in rejected) == ["out-of-range", "unknown-instrument"]
    assert one.told["records"] == {"read": 602, "accepted": 600, "rejected": 2}
    assert one.told["returncode"] != 0


@pytest.mark.parametrize("release", RELEASES)
def test_the_device_that_provenances_name_is_written_once_and_sealed(
    mapped: dict[str, Mapped], release: str
) -> None:
    (line,) = read(mapped[release].folder, "Device")
    device = parse(line)
    assert device["identifier"][0]["value"] == "device-alliance-fhir"
    assert device["extension"][-1]["valueString"] == content_digest(device)


def test_every_questionnaire_that_is_answered_is_written_once_and_sealed(
    mapped: dict[str, Mapped],
) -> None:
    for one in mapped.values():
        written = [parse(line) for line in read(one.folder, "Questionnaire")]
        names = [f"{each['url']}|{each['version']}" for each in written]
        answered = {each["questionnaire"] for each in one.found if "questionnaire" in each}
        assert sorted(names) == sorted(answered)
        for each in written:
            assert each["extension"][-1]["valueString"] == content_digest(each)


# --- the golden files -----------------------------------------------------------------------------


@pytest.mark.parametrize("release", SHOWN)
@pytest.mark.parametrize("type_", TYPES)
def test_map_writes_the_golden_files_again_byte_for_byte(
    mapped: dict[str, Mapped], release: str, type_: str
) -> None:
    one = mapped[release]
    keys = sample(one.expected.records, one.expected.source, release)
    assert shown(read(one.folder, type_), keys) == read(EXPECTED / release.lower(), type_)


def test_every_file_that_map_writes_has_its_golden_sum(mapped: dict[str, Mapped]) -> None:
    folders = {release: one.folder for release, one in mapped.items()}
    assert sums(folders) == (EXPECTED / SUMS).read_text(encoding="utf-8")


@pytest.mark.parametrize("release", SHOWN)
def test_the_golden_files_hold_what_the_oracle_expects(release: str) -> None:
    assert refusals(release) == []


def test_mr_jones_mapped_alone_gives_the_same_resources(
    mapped: dict[str, Mapped], tmp_path: Path
) -> None:
    run_map(CLINIC / "mr-jones.csv", tmp_path, "R5")
    for type_ in TYPES:
        assert read(tmp_path, type_) == read(EXPECTED / "r5", type_)


def test_the_golden_files_are_small_and_no_others_lie_beside_them() -> None:
    found = {path.relative_to(EXPECTED).as_posix(): path for path in EXPECTED.rglob("*.*")}
    assert set(found) == {f"{r.lower()}/{type_}.ndjson" for r in SHOWN for type_ in TYPES}
    assert sum(path.stat().st_size for path in found.values()) < LIMIT


# --- the oracle has teeth -------------------------------------------------------------------------


def refusals(release: str, spoil: Spoil | None = None) -> list[str]:
    """What the oracle says against the golden files of a release, or against them once spoilt."""
    lines = [line for type_ in TYPES for line in read(EXPECTED / release.lower(), type_)]
    if spoil:
        lines = spoil(lines)
    told = wanted_of(release)
    keys = sample(told.records, told.source, release)
    wanted = [each for each in told.resources if record_of(each) in keys]
    return differences(wanted, [parse(line) for line in lines])


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        pytest.param(
            changed(b'"valueQuantity":{"value":31,', b'"valueQuantity":{"value":32,'),
            "differs",
            id="one score is another",
        ),
        pytest.param(changed(b'"value":3.50,', b'"value":3.5,'), "differs", id="a digit is lost"),
        pytest.param(
            changed(b'"valueDecimal":5.8}', b'"valueDecimal":5.80}'), "differs", id="gained"
        ),
        pytest.param(changed(b'"code":"PATRPT"', b'"code":"CLINRPT"'), "differs", id="whose view"),
        pytest.param(changed(b"T14:20:00-05:00", b"T14:20:00-04:00"), "differs", id="an hour off"),
        pytest.param(changed(b'"status":"final"', b'"status":"amended"'), "differs", id="a status"),
        pytest.param(changed(b' row 2"', b' row 3"'), "differs", id="another row is named"),
        pytest.param(
            changed(b'-total"}],"status"', b'-sum"}],"status"'), "not expected", id="a key"
        ),
        pytest.param(lambda lines: lines[1:], "missing", id="a line is gone"),
        pytest.param(lambda lines: [*lines, lines[-1]], "came 2 times", id="a line comes twice"),
    ],
)
def test_the_oracle_refuses_a_golden_file_in_which(spoil: Spoil, complaint: str) -> None:
    told = refusals("R4", spoil)
    assert len(told) in (1, 2), told
    assert any(complaint in each for each in told)


def test_the_digest_shows_an_edit_and_no_other_way_of_writing_the_same() -> None:
    told = wanted_of("R4")
    total = next(
        each
        for each in told.resources
        if each["resourceType"] == "Observation" and "component" in each
    )
    before = content_digest(total)
    value = total["valueQuantity"]["value"]
    reordered = dict(reversed(total.items())) | {"id": "17", "meta": {}, "text": {}}
    reordered["extension"] = total["extension"][::-1]
    reordered["valueQuantity"] = total["valueQuantity"] | {"value": Decimal(f"{value}.0")}
    reordered["subject"] = total["subject"] | {"reference": "Patient/3", "display": "A. Nonymous"}
    assert content_digest(reordered) == before
    edited = total | {"valueQuantity": total["valueQuantity"] | {"value": value + 1}}
    assert content_digest(edited) != before
