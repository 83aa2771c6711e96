"""`map`: the same bytes on every run, exact numbers, all or nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.errors import MappingError
from alliance_fhir.fhir.check import Checker

from .tables import (
    GOOD,
    LATER,
    SECRET,
    Row,
    check_in,
    csq,
    finding,
    keeps_silent,
    mapped,
    outcome,
    resources,
    said,
    site,
    srs,
    write,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.fhir.group import Resource
    from conftest import Ran

OTHER = "urn:example:mrn|Benedikt-0816"
CLINIC: list[Row] = [
    srs(completed_at="2026-03-09T14:10"),
    csq(patient=OTHER, completed_at="2026-03-10"),
    check_in(completed_at="2026-03-10T20:30"),
    srs(session="0"),
    srs(completed_at="2026-03-11", session="2"),
]
ZONE = 'zone = "America/New_York"'

# --- the same bytes -------------------------------------------------------------------------------


def in_a_process(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, with this environment."""
    return subprocess.run(
        [sys.executable, "-m", "alliance_fhir", *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_process_writes_the_same_bytes_whatever_its_hashes_and_zone(
    command: Callable[..., Ran],
) -> None:
    site(ZONE)
    write("a.csv", *CLINIC)
    here = mapped(command, "a.csv", to="here", code=4)
    kinds = ("Device", "Observation", "Provenance", "Questionnaire", "QuestionnaireResponse")
    assert list(here) == [f"{type_}.ndjson" for type_ in kinds]
    for seed, zone in (("1", "Pacific/Kiritimati"), ("4711", "America/St_Johns")):
        words = ("map", "a.csv", "--out", "there", "--recorded", LATER)
        ran = in_a_process(*words, PYTHONHASHSEED=seed, TZ=zone, LC_ALL="C")
        assert (ran.returncode, ran.stderr) == (4, "")
        assert written("there") == here


def test_without_a_time_of_record_it_is_that_of_the_file(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs())
    os.utime("a.csv", (1_767_225_600.9, 1_767_225_600.9))
    for _ in range(2):
        assert command("map", "a.csv", "--out", "out").code == 0
        (proof,) = resources("out", "Provenance")
        assert proof["recorded"] == "2026-01-01T00:00:00Z"


def test_a_time_of_record_may_be_given(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs())
    for when in (LATER, "2026-06-30T14:00:00+02:00"):
        assert command("map", "a.csv", "--out", "out", "--recorded", when).code == 0
        (proof,) = resources("out", "Provenance")
        assert proof["recorded"] == LATER


NO_INSTANTS = (
    *("yesterday", "2026-06-30", "2026-06-30T12:00:00", "2026-06-30 12:00:00Z"),
    *("2026-99-99T99:99:99Z", "2026-02-30T12:00:00Z", "2026-06-30T12:00:00Z "),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
)


@pytest.mark.parametrize("when", NO_INSTANTS)
def test_a_time_of_record_must_be_an_instant(when: str, command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs())
    message = "error: --recorded takes an instant such as 2026-06-30T12:00:00Z\n"
    assert command("map", "a.csv", "--out", "out", "--recorded", when) == (2, "", message)
    assert not Path("out").exists()


# --- what is asked for ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "days"),
    [
        (
            (),
            ["2026-03-09T14:10:00-04:00", "2026-03-10", "2026-03-10T20:30:00-04:00", "2026-03-11"],
        ),
        (("--patient", "Benedikt-0816"), ["2026-03-10"]),
        (("--patient", OTHER), ["2026-03-10"]),
        (("--patient", "urn:other|Benedikt-0816"), []),
        (("--patient", "nobody"), []),
        (
            ("--patient", GOOD, "--since", "2026-03-10"),
            ["2026-03-10T20:30:00-04:00", "2026-03-11"],
        ),
        (
            ("--patient", GOOD, "--patient", OTHER, "--limit", "2"),
            ["2026-03-09T14:10:00-04:00", "2026-03-10"],
        ),
        # by the day in UTC: half past eight in the evening is the next day there
        (("--since", "2026-03-11"), ["2026-03-10T20:30:00-04:00", "2026-03-11"]),
        (("--since", "2026-03-12"), []),
        (("--limit", "1"), ["2026-03-09T14:10:00-04:00"]),
        (("--limit", "1", "--since", "2026-03-10"), ["2026-03-10"]),
    ],
)
def test_only_what_is_asked_for_is_written(
    words: tuple[str, ...], days: list[str], command: Callable[..., Ran]
) -> None:
    site(ZONE)
    write("a.csv", *CLINIC)
    ran = command("map", "a.csv", "--out", "out", *words, "--json")
    there = Path("out/QuestionnaireResponse.ndjson").is_file()
    found = resources("out", "QuestionnaireResponse") if there else []
    assert [r["authored"] for r in found] == days
    assert there == bool(days)
    assert ran.json["records"]["accepted"] == len(days)
    assert command("check", "a.csv", *words, "--json").json["records"] == ran.json["records"]
    keeps_silent(ran)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--since", "soon"), "error: --since takes a date such as 2026-03-02\n"),
        (("--since", "2026-02-30"), "error: --since takes a date such as 2026-03-02\n"),
        (("--fhir", "R6"), "error: FHIR versions are R4, R4B, R5\n"),
        (("--fhir", ""), "error: FHIR versions are R4, R4B, R5\n"),
    ],
)
def test_what_cannot_be_asked_is_told(
    words: tuple[str, ...], message: str, command: Callable[..., Ran]
) -> None:
    site()
    write("a.csv", srs())
    assert command("check", "a.csv", *words) == (2, "", message)


@pytest.mark.parametrize("label", ["R4", "r4b", "R5", "4.0", "4.0.1", "4.3", "5.0.0"])
def test_a_version_of_fhir_may_be_asked_for(label: str, command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", *CLINIC[1:3:1])
    ran = command("map", "a.csv", "--out", "out", "--fhir", label, "--json")
    full = {"R4": "4.0.1", "R4B": "4.3.0", "R5": "5.0.0"}
    short = {"4.0": "4.0.1", "4.3": "4.3.0"}
    expected = full.get(label.upper()) or short.get(label) or label
    assert ran.json["fhir_version"] == expected
    identifier = resources("out", "QuestionnaireResponse")[0]["identifier"]
    assert isinstance(identifier, list if expected == "5.0.0" else dict)


@pytest.mark.parametrize("level", ["schema", "models", "sample", "none"])
def test_how_it_is_checked_changes_nothing_of_what_is_written(
    level: str, command: Callable[..., Ran]
) -> None:
    site()
    write("a.csv", srs(), csq())
    usual = mapped(command, "a.csv", to="usual")
    words = ("map", "a.csv", "--out", "out", "--recorded", LATER, "--check", level)
    assert command(*words).code == 0
    assert written("out") == usual


# --- all or nothing -------------------------------------------------------------------------------


def fails_at(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From this response on, our own check finds what we built to be wrong."""
    really, seen = Checker.check, 0

    def check(self: Checker, made: list[Resource], *, of_plan: bool = False) -> None:
        nonlocal seen
        seen += any(resource.type == "QuestionnaireResponse" for resource in made)
        if seen >= number:
            raise MappingError("QuestionnaireResponse, item.0: breaks the schema's rule")
        really(self, made, of_plan=of_plan)

    monkeypatch.setattr(Checker, "check", check)


@pytest.mark.parametrize("before", [False, True], ids=["into-nothing", "over-an-earlier-run"])
def test_a_run_that_fails_in_the_middle_leaves_everything_as_it_was(
    before: bool,
    command: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site()
    write("a.csv", csq())
    earlier = mapped(command, "a.csv") if before else {}
    write("a.csv", srs(), srs(session="2"), srs(session="3"))
    fails_at(3, monkeypatch)
    ran = command("map", "a.csv", "--out", "out")
    message = "QuestionnaireResponse, item.0: breaks the schema's rule"
    assert ran == (6, "", f"error: {message}\n")
    assert written("out") == earlier


def test_a_defect_of_ours_is_told_without_what_its_text_holds(
    command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(self: Checker, made: list[Resource], *, of_plan: bool = False) -> None:
        raise ValueError(f"{SECRET} is wrong")

    site()
    write("a.csv", srs())
    monkeypatch.setattr(Checker, "check", check)
    ran = command("map", "a.csv", "--out", "out")
    assert (ran.code, ran.out) == (70, "")
    assert ran.err.startswith(f"error: ValueError in {__name__}:")
    assert "This is a defect of ours, please report it; ALLIANCE_FHIR_DEBUG=1 shows" in ran.err
    keeps_silent(ran)
    keeps_silent(as_json := command("map", "a.csv", "--out", "out", "--json"))
    assert as_json.json["exit_code"] == 70
    monkeypatch.setenv("ALLIANCE_FHIR_DEBUG", "1")
    with pytest.raises(ValueError, match=SECRET):
        command("map", "a.csv", "--out", "out")
    assert written("out") == {}


def test_types_that_a_later_run_does_not_write_do_not_stay(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs())
    mapped(command, "a.csv")
    Path("out/notes.txt").write_text("of the site")
    write("b.csv", {**srs("", "", "", ""), "total": "30.5"})
    after = mapped(command, "b.csv")
    kinds = ("Device", "Observation", "Provenance", "Questionnaire")
    assert list(after) == [*(f"{type_}.ndjson" for type_ in kinds), "notes.txt"]


def test_a_file_that_cannot_be_replaced_is_told(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs())
    Path("out/Observation.ndjson/deeper").mkdir(parents=True)
    ran = command("map", "a.csv", "--out", "out")
    assert ran == (2, "", "error: out cannot be written: Is a directory\n")


def test_a_file_that_cannot_be_begun_is_told(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs())
    Path("out/.Observation.ndjson.part").mkdir(parents=True)
    ran = command("map", "a.csv", "--out", "out")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "error: out cannot be written: Is a directory\n"


def test_a_folder_whose_name_looks_like_markup_is_a_folder(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs())
    for name in ("out[/b]", "out[bold]x", "out[1]"):
        ran = command("map", "a.csv", "--out", name)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.splitlines()[-1] == f"target: {name}"
        assert (Path(name) / "Device.ndjson").is_file()


# --- what is written ------------------------------------------------------------------------------


def values(folder: str = "out") -> dict[str, Any]:
    """The answers of the only response, by item, as they are written."""
    (response,) = resources(folder, "QuestionnaireResponse")
    return {
        item["linkId"]: answer
        for item in response["item"]
        for answer in next(iter(item["answer"])).values()
    }


def test_decimals_stay_as_they_were_written(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs("3.70", "0.0", "10.000000000000000000", "7"))
    mapped(command, "a.csv")
    exact = {"item_1": "3.70", "item_2": "0.0", "item_3": "10.000000000000000000", "item_4": 7}
    assert values() == {**exact, "total": "20.700000000000000000"}
    (total,) = [o for o in resources("out", "Observation") if "valueQuantity" in o]
    assert total["valueQuantity"]["value"] == "20.700000000000000000"
    line = Path("out/QuestionnaireResponse.ndjson").read_text()
    assert '{"linkId":"item_1","answer":[{"valueDecimal":3.70}]}' in line


def test_a_total_keeps_two_digits_of_3_70(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs("3.70", "3.70", "3.70", "3.70", total="14.8"))
    mapped(command, "a.csv")
    assert values()["total"] == "14.80"


@pytest.mark.parametrize("score", ["30", "30.0", "30.50"])
def test_an_imported_score_stays_as_it_was_written(score: str, command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", {**srs("", "", "", ""), "total": score})
    ran = command("map", "a.csv", "--out", "out", "--json")
    files = {"Device": 1, "Observation": 2, "Provenance": 1, "Questionnaire": 1}
    assert said(ran) == outcome("map", (1, 1, 0), target="out", files=files)
    (total,) = [o for o in resources("out", "Observation") if "valueQuantity" in o]
    assert total["valueQuantity"]["value"] == (score if "." in score else int(score))
    assert "imported-score" in json.dumps(total)


def test_people_see_a_table_of_what_was_written(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs(), srs(session="0"))
    ran = command("map", "a.csv", "--out", "out")
    named = finding(3, "session", "not-a-session")
    told = (
        "rejected:\n"
        f"  a.csv, row 3, column session: not-a-session. {named['remedy']}\n"
        "map: 1 of 2 records, FHIR 4.0.1\n"
        "type                   resources\n"
        "Device                         1\n"
        "Observation                    2\n"
        "Provenance                     1\n"
        "Questionnaire                  1\n"
        "QuestionnaireResponse          1\n"
        "target: out\n"
    )
    assert ran == (4, told, "")


def test_no_path_of_the_machine_is_in_what_is_written(command: Callable[..., Ran]) -> None:
    site()
    Path("deep/er").mkdir(parents=True)
    path = write("deep/er/a.csv", srs()).resolve()
    files = mapped(command, str(path), "--config", "alliance.toml")
    assert b"deep" not in b"".join(files.values())
    (proof,) = resources("out", "Provenance")
    assert proof["entity"][0]["what"]["display"] == "a.csv row 2"
