"""The example clinic's year of visits through the front door: what `map` makes of the table and of
the messages, the golden files, the oracle; and whether the year is what it is said to be."""

from __future__ import annotations

import ast
import csv
import subprocess
import sys
from collections import Counter, defaultdict
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from .files import (
    CLINIC,
    EXAMPLES,
    MEASURED,
    MESSAGES,
    RELEASES,
    REPORTS,
    SHOWN,
    SUMS,
    VISIT_FILES,
    VISIT_TYPES,
    YEAR,
    YEAR_EXPECTED,
    all_of,
    of_mr_jones,
    read,
    run_map,
    run_year,
    shown,
    sums_of_the_year,
)
from .oracle import differences, parse
from .oracle_measures import expect_report
from .oracle_visits import expect_visits
from .oracle_year import SEEN, rows_of, year_of

Json = dict[str, Any]
HERE = Path(__file__).parent
VISITS = 1976
BECAME = year_of(YEAR)


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Json]]:
    """The year's table, mapped and measured once for every release: the folder, and what `map`
    told."""
    folders = {release: tmp_path_factory.mktemp(release) for release in RELEASES}
    return {release: (out, run_year(out, release)) for release, out in folders.items()}


@pytest.mark.parametrize(
    ("oracle", "others"),
    [
        ("oracle_year.py", {".oracle_visits"}),
        (
            "oracle_measures.py",
            {".oracle", ".oracle_rows", ".oracle_visits", "measures.oracle"},
        ),
        ("../measures/oracle.py", set[str]()),
    ],
)
def test_the_oracles_of_the_year_import_nothing_of_ours(oracle: str, others: set[str]) -> None:
    tree = ast.parse((HERE / oracle).read_text(encoding="utf-8"))
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            modules.add("." * node.level + (node.module or ""))
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
    assert {m.partition(".")[0] for m in modules - others} <= sys.stdlib_module_names


# --- the year -------------------------------------------------------------------------------------


def test_the_generator_writes_the_committed_year_again(tmp_path: Path) -> None:
    subprocess.run([sys.executable, EXAMPLES / "generate_visits.py", tmp_path], check=True)
    for name in ("year/visits.csv", "messages/visits.hl7"):
        assert (tmp_path / name).read_bytes() == (EXAMPLES / name).read_bytes(), name
    assert (MESSAGES / "visits.hl7").stat().st_size < 2_500_000


def missed(which: str) -> tuple[int, int]:
    """No-shows, and those together with the visits to which the patient came."""
    kinds = Counter(kind for _, kind, _, (place, _) in BECAME.values() if place == which)
    came = kinds["attended"] + kinds["late-arrival"]
    return kinds["no-show"], came + kinds["no-show"]


def test_as_many_are_missed_as_is_published_and_more_of_the_first() -> None:
    assert len(BECAME) == VISITS
    assert (missed("first"), missed("follow-up"), missed("unknown")) == (
        (70, 300),
        (258, 1422),
        (0, 0),
    )
    no_shows, of = (a + b for a, b in zip(missed("first"), missed("follow-up"), strict=True))
    assert abs(no_shows / of - 0.191) < 0.002  # Mitchell and Selmes 2007


def test_about_as_many_leave_as_is_published() -> None:
    """Left is who came once, and whose last visit was missed or called off, with none booked."""
    of: dict[str, list[str]] = defaultdict(list)
    for row in rows_of(YEAR):
        if row["status"] != "entered-in-error":
            of[row["patient"]].append(row["status"])
    came = [words for words in of.values() if {*words} & {*SEEN}]
    left = [words for words in came if words[-1] in ("no-show", "cancelled", "too-late")]
    assert (len(of), len(came), len(left)) == (235, 214, 65)
    assert abs(len(left) / len(came) - 0.31) < 0.01  # Young 2000


def test_each_kind_of_end_is_there() -> None:
    assert {rule for _, _, rule, _ in BECAME.values()} == {
        *("was-seen", "late-and-seen", "late-and-not-seen", "no-notice", "notice-after-start"),
        *("notice-in-window", "notice-in-time", "called-off-by-provider", "called-off-by-somebody"),
        *("still-open", "no-visit"),
    }


def test_each_questionnaire_after_a_visit_has_that_visit() -> None:
    """On the same day, of the same patient, with the same clinician; and the patient was there."""
    visits = {row["appointment"]: row for row in rows_of(YEAR)}
    told = [*answered("assessments.csv", ","), *answered("mr-jones.csv", ",")]
    told += answered("session-ratings.csv", ";")
    others: list[tuple[str, ...]] = []
    for number, patient, clinician, day in told:
        row = visits[number]
        here = (row["appointment"], row["patient"], row["clinician"], row["start"][:10])
        if here != (number, patient, clinician, day) or row["status"] not in SEEN:
            others.append((number, day))
    assert len(told) == 561
    # the two rows that are broken on purpose, each a copy of another with another day
    assert others == [("100501", "2026-02-11"), ("100503", "2026-04-22")]
    with (CLINIC / "questionnaires-long.csv").open(encoding="utf-8", newline="") as file:
        study = {
            (row["patient"], row["clinician"], row["completed_at"][:10])
            for row in csv.DictReader(file)
        }
    came = [row for row in visits.values() if row["status"] in SEEN]
    assert len(study) > 20
    assert study <= {(row["patient"], row["clinician"], row["start"][:10]) for row in came}


def answered(name: str, delimiter: str) -> list[tuple[str, str, str, str]]:
    """Appointment, patient, clinician and day of each row that names an appointment."""
    ours = ("appointment", "patient", "clinician", "completed_at")
    names = ("Visit", "Client", "Staff", "Completed") if delimiter == ";" else ours
    with (CLINIC / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=delimiter))
    told = [tuple(row[column] for column in names) for row in rows if row[names[0]]]
    return [(number, patient, clinician, day[:10]) for number, patient, clinician, day in told]


def test_mr_jones_misses_one_visit_and_comes_to_the_others() -> None:
    his = [row for row in rows_of(YEAR) if row["patient"] == "1001"]
    assert [(row["start"], row["status"]) for row in his] == [
        ("2026-03-02T14:00", "attended"),
        ("2026-03-09T14:00", "attended"),
        ("2026-03-16T14:00", "no-show"),
        ("2026-03-23T14:00", "attended"),
        ("2026-03-30T17:00", "attended"),
        ("2026-04-13T17:00", "attended"),
        ("2026-04-27T17:00", "attended"),
        ("2026-05-11T17:00", "attended"),
        ("2026-06-08T17:00", "attended"),
    ]
    assert BECAME["8862"] == ("noshow", "no-show", "no-notice", ("follow-up", "attended-before"))


def test_no_clinician_sees_two_patients_at_once() -> None:
    kept = [
        row for row in rows_of(YEAR) if BECAME[row["appointment"]][1] in ("attended", "no-show")
    ]
    begun = Counter((row["clinician"], row["start"]) for row in kept)
    assert [one for one, number in begun.items() if number > 1] == []


# --- what map writes ------------------------------------------------------------------------------


@pytest.mark.parametrize("release", RELEASES)
def test_map_writes_what_the_oracle_expects_of_the_year(
    mapped: dict[str, tuple[Path, Json]], release: str
) -> None:
    folder, told = mapped[release]
    assert told["records"] == {"read": VISITS, "accepted": VISITS, "rejected": 0}
    found = [parse(line) for line in all_of(folder, VISIT_TYPES)]
    assert differences(expect_visits(YEAR, release, BECAME), found) == []


@pytest.mark.parametrize("release", SHOWN)
def test_the_golden_files_of_the_year_are_what_map_writes_of_mr_jones(
    mapped: dict[str, tuple[Path, Json]], release: str
) -> None:
    folder, _ = mapped[release]
    keys = of_mr_jones(expect_visits(YEAR, release, BECAME))
    assert len(keys) == 10  # nine visits and a referral
    for type_ in VISIT_FILES:
        kept = read(YEAR_EXPECTED / release.lower(), type_)
        assert kept == shown(read(folder, type_), keys), type_


@pytest.mark.parametrize("release", RELEASES)
def test_measure_writes_the_report_that_the_oracle_expects(
    mapped: dict[str, tuple[Path, Json]], release: str
) -> None:
    lines = all_of(mapped[release][0] / MEASURED, REPORTS)
    assert differences([expect_report(YEAR, release, BECAME)], map(parse, lines)) == []
    if release in SHOWN:
        assert all_of(YEAR_EXPECTED / release.lower(), REPORTS) == lines


def test_the_sums_of_the_year_are_those_of_what_map_writes(
    mapped: dict[str, tuple[Path, Json]],
) -> None:
    told = sums_of_the_year({release: out for release, (out, _) in mapped.items()})
    assert (YEAR_EXPECTED / SUMS).read_text(encoding="utf-8") == told


# --- the same as messages -------------------------------------------------------------------------


@pytest.mark.parametrize("release", SHOWN)
def test_the_messages_give_the_same_appointments_and_referrals(
    mapped: dict[str, tuple[Path, Json]], release: str, tmp_path: Path
) -> None:
    told = run_map(MESSAGES, tmp_path, release)
    assert told["records"] == {"read": VISITS, "accepted": VISITS, "rejected": 0}
    for type_ in VISIT_TYPES:
        assert sorted(read(tmp_path, type_)) == sorted(read(mapped[release][0], type_)), type_


def test_the_messages_come_as_from_a_real_system() -> None:
    """Of two versions, several events, some twice, some out of order."""
    text = (MESSAGES / "visits.hl7").read_text(encoding="utf-8")
    headers = [line.split("|") for line in text.splitlines() if line.startswith("MSH")]
    events = Counter((one[11], one[8].split("^")[1]) for one in headers)
    wanted = {"S12", "S13", "S14", "S15", "S26"}
    for version in ("2.3.1", "2.5.1"):
        assert wanted <= {event for told, event in events if told == version}
    assert "S17" in {event for _, event in events}
    numbers = [int(one[9]) for one in headers]
    twice = len(numbers) - len({*numbers})
    behind = sum(after < before for before, after in pairwise(numbers))
    assert (len(numbers), twice, behind) == (4289, 88, 203)  # as its README has it


# --- what the demo needs --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["clinic", "plans", "year"])
def test_the_wheel_has_the_examples_of_the_demo(name: str) -> None:
    installed = files("alliance_fhir") / "examples" / name
    if not installed.is_dir():
        pytest.skip("no wheel is installed")
    there = {file.name: file.read_bytes() for file in installed.iterdir()}
    kinds = (".csv", ".toml", ".yaml")
    wanted = [path for path in (EXAMPLES / name).iterdir() if path.suffix in kinds]
    assert there == {path.name: path.read_bytes() for path in wanted}
