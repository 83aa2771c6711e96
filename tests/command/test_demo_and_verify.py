"""`demo` and `verify`, as people and programs see them; on a folder, with a clinic of two rows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .tables import SECRET, finding, keeps_silent, said, site, srs, states, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

EXAMPLES = Path(__file__).parents[2] / "examples" / "plans"
CLINIC = "alliance-demo/clinic"
PLAN = """\
plan: short
patient: "urn:example:mrn|1001"
clinicians: ["urn:example:staff|kurtz"]
written: 2026-03-02
status: draft
version: 1
"""


VISITS = """\
source = "clinic-east"
patient_system = "urn:example:mrn"
appointment_system = "urn:example:appointments"
zone = "America/New_York"
visit_minutes = 50
synthetic = true
history_from = 2024-01-01
"""
COLUMNS = "appointment,patient,start,status,cancelled_at,cancelled_by"


def with_visits(clinic: Path, *rows: str, settings: str = VISITS) -> Path:
    """The year of that installation is these visits."""
    year = clinic.with_name("year")
    year.mkdir(exist_ok=True)
    (year / "alliance.toml").write_text(settings)
    (year / "visits.csv").write_text("\n".join((COLUMNS, *rows)))
    return year


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with a clinic of one good row and a bad one."""
    clinic = Path("installed/examples/clinic")
    clinic.mkdir(parents=True)
    write(str(clinic / "a.csv"), srs(), srs(patient=SECRET))
    (clinic / "alliance.toml").write_text('source = "clinic-east"\nsynthetic = true')
    (clinic / "expected").mkdir()
    plans = clinic.with_name("plans")
    plans.mkdir()
    (plans / "a-1.plan.yaml").write_text(PLAN)
    (plans / "a-2.plan.yaml").write_text(f"{PLAN}hopes: [{SECRET}]\n".replace("1\n", "2\n"))
    with_visits(clinic, "7,1002,2026-03-02T09:00,attended,,")
    monkeypatch.setattr("alliance_fhir.cli.tour.files", lambda package: Path("installed").resolve())
    return clinic


def test_the_demo_syncs_verifies_and_syncs_again(
    installed: Path, command: Callable[..., Ran]
) -> None:
    ran = command("demo")
    out = ran.out
    assert (ran.code, ran.err) == (0, "")
    bad = "row 3, column patient: identifier-without-system"
    story = (
        *("1. First sync", f"{CLINIC}/a.csv, {bad}", "sync: 1 of 2 records", "created"),
        *("2. Verify", "verify: expected 6, found 6, equal 6"),
        *("3. Second sync", "sync: 1 of 2 records", "unchanged"),
        *("4. Shared plans", "a-1.plan.yaml: created 3", "a-2.plan.yaml: created 3, updated 1"),
        *("5. A year of visits", "year: created 2", "1 visits of 1 patients: 1 attended"),
        "verify: expected 14, found 14, equal 14",
        *(
            "The clinic's files are in alliance-demo/",
            "alliance-fhir plan",
            "alliance-fhir sandbox",
        ),
    )
    place = 0
    for words in story:  # each after the one before it
        place = out.index(words, place)
    assert out.count(bad) == 1  # named once, though it is read twice
    keeps_silent(ran)
    laid_out = sorted(path.name for path in Path(CLINIC).iterdir() if not path.name.startswith("."))
    assert laid_out == ["a.csv", "alliance.toml"]


TOLD = """\
   adolescent-1.plan.yaml: created 13, unchanged 1
     all agree to task talks
     goal mornings: waits for the patient
     goal painting: the guardian says no
     task wake-once: waits for the clinician
   jones-1.plan.yaml: created 20, unchanged 2
     all agree to goals sleep, job, people; tasks bupropion, sleep-hygiene, friends, next-visit
     task talks: the patient says no
   jones-2.plan.yaml: created 12, updated 7, unchanged 14
     since version 1: changed concerns, task sleep-hygiene, task talks, next review; added reviews
     all agree to everything
     no longer a no: task talks
   jones-3.plan.yaml: created 14, updated 9, unchanged 23
     since version 2: changed concerns, barriers, task bupropion, task next-visit, contact, \
next review; added task before-missing, reviews
     all agree to everything
"""
"""By a person who has read the documents."""


def test_the_demo_tells_what_changed_in_plans_and_who_agrees(
    installed: Path, command: Callable[..., Ran]
) -> None:
    plans = with_the_examples(installed)
    ran = command("demo")
    assert (ran.code, ran.err) == (0, "")
    assert TOLD in ran.out
    texts = {
        line.partition('"')[2].partition('"')[0]
        for path in plans.glob("*.yaml")
        for line in path.read_text("utf-8").splitlines()
        if len(line) > 30 and '"' in line
    }
    assert len(texts) > 50
    assert [text for text in texts if len(text) > 10 and text in ran.out] == []  # no word of them


def test_the_demo_tells_who_took_an_agreement_back_and_which_of_several(
    installed: Path, command: Callable[..., Ran]
) -> None:
    plans = with_the_examples(installed)
    (plans / "a-1.plan.yaml").write_text(
        f"""{PLAN.replace("draft", "active").replace('kurtz"', 'kurtz", "urn:example:staff|maier"')}
goals:
  - goal: rest
    text: {SECRET}
    agreement: [{{party: patient, status: withdrawn, on: 2026-03-02}}]
"""
    )
    ran = command("demo")
    assert (
        "     goal rest: the patient took it back, waits for clinician 1, waits for clinician 2\n"
        in ran.out
    )
    keeps_silent(ran)


def test_the_demo_tells_of_a_plan_that_somebody_spoilt_where_it_is_wrong(
    installed: Path, command: Callable[..., Ran]
) -> None:
    (with_the_examples(installed) / "jones-2.plan.yaml").write_bytes(b"plan: \xff")
    ran = command("demo")
    assert ran.code == 0  # as with the rows that are broken on purpose
    assert "jones-2.plan.yaml, line 1: wrong-encoding" in ran.out
    assert "     since version 1: changed concerns, barriers" in ran.out


def with_the_examples(installed: Path) -> Path:
    """The plans of that installation are the examples."""
    plans = installed.with_name("plans")
    shutil.rmtree(plans)
    shutil.copytree(EXAMPLES, plans, ignore=shutil.ignore_patterns("expected"))
    shutil.copy(plans / "alliance.toml", installed)
    write(str(installed / "a.csv"), srs())
    return plans


JONES = (
    "1,1001,2026-03-02T14:00,attended,,",
    "3,1001,2026-03-16T14:00,no-show,,",
    "2,1001,2026-03-09T14:00,arrived-late,,",
    "5,1001,2026-04-13T14:00,attended,,",
    "4,1001,2026-03-23T14:00,attended,,",
)
OTHERS = (
    "11,1002,2026-03-02T09:00,cancelled,2026-03-02T09:10,patient",  # as good as no notice
    "12,1002,2026-03-09T09:00,cancelled,2026-03-02,patient",
    "13,1002,2026-03-16T09:00,no-show,,",
    "14,1003,2026-03-02T10:00,attended,,",
    "15,1003,2026-03-09T10:00,cancelled,2026-03-09T08:00,provider",
    "16,1003,2027-03-09T10:00,booked,,",
)


def told_of_visits(ran: Ran) -> list[str]:
    """The lines after the fifth step's, up to the next empty one."""
    _, _, rest = ran.out.partition("5. A year of visits, and who did not come.\n\n")
    return [line.strip() for line in rest.partition("\n\n")[0].splitlines()]


def test_the_demo_tells_who_did_not_come(installed: Path, command: Callable[..., Ran]) -> None:
    with_visits(installed, *JONES, *OTHERS)
    ran = command("demo")
    assert (ran.code, ran.err) == (0, "")
    # first: 1 and 14 attended, 11 and 13 missed; follow-up: 2 late, 4 and 5 attended, 3 missed
    assert told_of_visits(ran) == [
        "year: created 22, unchanged 1",
        (
            "11 visits of 3 patients: 4 attended, 3 no-show, 1 late-arrival,"
            " 1 patient-cancellation, 1 provider-cancellation, 1 unknown or still to come"
        ),
        (
            "did not come, and gave no notice: 2 of 4 first visits (50.0%);"
            " 1 of 4 follow-up visits (25.0%)"
        ),
        "Mr. Jones missed 16 March, a follow-up visit, and came again on 23 March",
    ]


def test_where_the_data_do_not_reach_back_the_demo_says_so(
    installed: Path, command: Callable[..., Ran]
) -> None:
    short = VISITS.replace("2024", "2026")
    with_visits(installed, "1,1001,2026-03-02T14:00,no-show,,", settings=short)
    assert told_of_visits(command("demo"))[2:] == [
        (
            "did not come, and gave no notice: 1 of 1 visits of which it is not known which they"
            " are (100.0%)"
        ),
        "Mr. Jones missed 2 March, of which it is not known which visit it is",
    ]


def test_the_demo_names_a_visit_that_somebody_spoilt_and_tells_of_the_others(
    installed: Path, command: Callable[..., Ran]
) -> None:
    with_visits(installed, f"6,{SECRET},yesterday,attended,,", "7,1002,2026-03-02T09:00,pending,,")
    ran = command("demo")
    assert ran.code == 0  # as with the rows that are broken on purpose
    assert "visits.csv, row 2, column start: not-a-date" in ran.out
    assert "1 visits of 1 patients: 1 unknown or still to come" in ran.out
    assert "did not come, and gave no notice: nobody" in ran.out
    keeps_silent(ran)


def test_the_demo_for_programs_is_one_object(installed: Path, command: Callable[..., Ran]) -> None:
    ran = command("demo", "--to", "to", "--json")
    shape = said(ran)
    assert (ran.code, ran.err) == (0, "")
    assert shape == {
        "command": "demo",
        "target": "to",
        "fhir_version": "4.0.1",
        "records": {"read": 2, "accepted": 1, "rejected": 1},
        "resources": states(created=6),
        "rejected": [
            finding(3, "patient", "identifier-without-system", path=f"{CLINIC}/a.csv"),
        ],
        "blocked": [],
        "verify": {
            "expected": 14,
            "found": 14,
            "equal": 14,
            "missing": [],
            "duplicated": [],
            "different": [],
            "foreign": [],
        },
        "exit_code": 0,
    }
    keeps_silent(ran)


def test_what_somebody_changed_in_the_demo_stays_changed(
    installed: Path, command: Callable[..., Ran]
) -> None:
    assert command("demo").code == 0
    write(f"{CLINIC}/a.csv", srs("1", "2", "3", "4"))
    ran = command("demo", "--json")
    assert ran.json["records"] == {"read": 1, "accepted": 1, "rejected": 0}
    assert ran.json["resources"]["updated"] > 0


def test_a_demo_that_finds_something_else_than_it_sent_fails(
    installed: Path, command: Callable[..., Ran]
) -> None:
    assert command("demo", "--to", "to").code == 0
    spoil("to", lambda lines: [lines[0].replace('"final"', '"entered-in-error"'), *lines[1:]])
    ran = command("demo", "--to", "to")
    assert ran.code == 8


def test_a_demo_into_a_folder_that_was_cut_off_says_so(
    installed: Path, command: Callable[..., Ran]
) -> None:
    assert command("demo", "--to", "to").code == 0
    spoil("to", lambda lines: lines[:-1])
    ran = command("demo", "--to", "to")
    assert ran.code == 15
    assert "Observation.000001.ndjson holds " in ran.err


def test_without_the_example_or_room_for_it_that_is_said(
    installed: Path, command: Callable[..., Ran]
) -> None:
    Path("alliance-demo").write_text("")
    ran = command("demo")
    assert ran == (2, "", f"error: {CLINIC} cannot be written: Not a directory\n")
    installed.rename("elsewhere")
    ran = command("demo")
    assert ran == (2, "", "error: the example clinic is not in this installation\n")


# --- verify ---------------------------------------------------------------------------------------


def spoil(folder: str, change: Callable[[list[str]], list[str]]) -> None:
    """Changes the lines of the observations in a folder, behind the back of its manifest."""
    manifest = json.loads((Path(folder) / "manifest.json").read_text())
    path = Path(folder) / manifest["files"]["Observation"]["path"]
    path.write_text("".join(change(path.read_text().splitlines(keepends=True))))


def verified(command: Callable[..., Ran]) -> tuple[Ran, Ran]:
    """What verify says of the folder `to`, to programs and to people."""
    return command("verify", "--to", "to", "--json"), command("verify", "--to", "to")


def test_what_is_there_once_and_equal_is_well(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs())
    assert command("sync", "a.csv", "--to", "to").code == 0
    as_json, for_people = verified(command)
    empty = {"missing": [], "duplicated": [], "different": [], "foreign": []}
    assert said(as_json) == {
        "command": "verify",
        "target": "to",
        "fhir_version": "4.0.1",
        "rejected": [],
        "blocked": [],
        "verify": {"expected": 6, "found": 6, "equal": 6, **empty},
        "exit_code": 0,
    }
    assert for_people == (0, "verify: expected 6, found 6, equal 6\ntarget: to\n", "")


@pytest.mark.parametrize(
    ("kind", "change", "counts"),
    [
        ("missing", lambda lines: lines[1:], (6, 5, 5)),
        ("duplicated", lambda lines: [lines[0], *lines], (6, 6, 5)),
        ("different", lambda lines: [x.replace("34.75", "34.7") for x in lines], (6, 6, 5)),
        ("different", lambda lines: [x.replace("srs-total", "x") for x in lines], (6, 6, 5)),
        ("foreign", lambda lines: [lines[0].replace("content-digest", "x"), *lines[1:]], (6, 6, 5)),
    ],
)
def test_what_is_not_as_it_was_sent_is_named(
    kind: str,
    change: Callable[[list[str]], list[str]],
    counts: tuple[int, int, int],
    command: Callable[..., Ran],
) -> None:
    site()
    write("a.csv", srs())
    assert command("sync", "a.csv", "--to", "to").code == 0
    spoil("to", change)
    as_json, for_people = verified(command)
    (place,) = as_json.json["verify"].pop(kind)
    assert place.startswith("Observation/")
    others = {"missing", "duplicated", "different", "foreign"} - {kind}
    numbers = dict(zip(("expected", "found", "equal"), counts, strict=True))
    assert as_json.json["verify"] == {**numbers, **{other: [] for other in others}} | {
        kind: as_json.json["verify"][kind]
    }
    assert (as_json.code, as_json.json["exit_code"]) == (8, 8)
    told = "expected {}, found {}, equal {}".format(*counts)
    assert for_people == (8, f"verify: {told}\n  {kind}: {place}\ntarget: to\n", "")
    keeps_silent(as_json, for_people)


def test_people_see_fifty_places_and_a_count_of_the_rest(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", *(srs(session=str(n)) for n in range(1, 31)))
    assert command("sync", "a.csv", "--to", "to").code == 0
    spoil("to", lambda lines: [])
    ran = command("verify", "--to", "to")
    lines = ran.out.splitlines()
    assert lines[0] == "verify: expected 122, found 62, equal 62"
    assert [line[:22] for line in lines[1:51]] == ["  missing: Observation"] * 50
    assert lines[51:] == ["  and 10 more missing", "target: to"]
    assert len(command("verify", "--to", "to", "--json").json["verify"]["missing"]) == 60


def test_what_disappeared_from_complete_sources_is_named_and_stays(
    command: Callable[..., Ran],
) -> None:
    site()
    write("a.csv", srs(), srs(session="2"))
    assert command("sync", "a.csv", "--to", "to").code == 0
    write("a.csv", srs())
    ran = command("sync", "a.csv", "--to", "to", "--complete")
    remedy = "The record was sent once and is no longer in the source; nothing was deleted."
    assert ran.code == 0
    assert ran.out.startswith(f"no longer in the source:\n  a.csv, row 3: disappeared. {remedy}\n")
    keeps_silent(ran)


def test_a_verify_of_what_was_never_sent_is_no_success(command: Callable[..., Ran]) -> None:
    site()
    for target in ("nowhere", "./nowhere"):
        ran = command("verify", "--to", target)
        assert ran.code == 2
        assert "nothing is known to have been sent to nowhere" in ran.err
    assert not Path("nowhere").exists()
    assert not Path(".alliance-fhir").exists()


@pytest.mark.parametrize(
    ("slip", "told"),
    [
        ("Liv", "no target is called Liv; nearest: live. A new folder of this name is ./Liv"),
        ("fhir.clinic.invalid/r4", "A server is https://fhir.clinic.invalid/r4, a new folder ./"),
        ("localhost:8080/fhir", "A server is https://localhost:8080/fhir, a new folder ./"),
    ],
)
def test_a_slip_in_a_target_makes_no_folder(
    command: Callable[..., Ran], slip: str, told: str
) -> None:
    site('[targets.live]\nurl = "https://fhir.clinic.invalid/r4"')
    write("a.csv", srs())
    ran = command("sync", "a.csv", "--to", slip)
    assert (ran.code, told in ran.err) == (2, True)
    assert not Path(slip).exists()
    assert command("sync", "a.csv", "--to", f"./{slip}").code == 0


def test_no_map_goes_into_a_folder_that_is_a_target(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs())
    assert command("sync", "a.csv", "--to", "out").code == 0
    before = sorted(file.name for file in Path("out").iterdir())
    ran = command("map", "a.csv", "--out", "out")
    assert (ran.code, "is a target of sync" in ran.err) == (2, True)
    assert sorted(file.name for file in Path("out").iterdir()) == before
