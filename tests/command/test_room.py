"""No room for what a command writes: one line with the remedy, nothing is lost, and the next run
ends right."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.testing import Answer, FhirServer, Request, outcome
from contract.clinic import Row, patient, write_rows
from growing import python_within

from .tables import LATER, long_rows, mapped, site, srs, write, written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conftest import Ran

MAKE_ROOM = (
    "where the disk is full, or the size of files limited (ulimit -f), make room, and run again"
)
TOO_LARGE = f"cannot be written: File too large; {MAKE_ROOM}"
SPOOL = (
    "error: SQLite's temporary file, whose folder SQLITE_TMPDIR names, cannot be written: "
    f"disk I/O error; {MAKE_ROOM}: nothing is lost\n"
)


def within(
    size: int, *words: object, out: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The command in a process whose files may have so many bytes; `out` takes what it prints."""
    return python_within(size, "-m", "alliance_fhir", *words, out=out, **environment)


def said_one_line(ran: subprocess.CompletedProcess[str]) -> str:
    """What a command says that ends with 2 for want of room."""
    assert ran.returncode == 2, ran.stderr
    assert not ran.stdout
    assert ran.stderr.count("\n") == 1
    return ran.stderr


# --- map ------------------------------------------------------------------------------------------


def many(count: int, *, long: bool = False) -> Path:
    """A file of so many questionnaires; of the long layout with much in each row."""
    rows = [srs(session=str(number + 1), completed_at="2026-03-09") for number in range(count)]
    if long:
        rows = [{**row, "patient": f"urn:example:mrn|{'x' * 2_000}"} for row in rows]
        return write("a.csv", *(cells for row in rows for cells in long_rows(row)))
    return write("a.csv", *rows)


@pytest.mark.parametrize("size", [1, 1_000, 20_000, 50_000])
def test_map_leaves_what_was_there_and_writes_all_when_there_is_room(
    command: Callable[..., Ran], size: int
) -> None:
    """At 50,000 bytes the responses find room, and the observations do not."""
    site()
    many(3)
    before = mapped(command, "a.csv")
    many(20)
    ran = within(size, "map", "a.csv", "--out", "out", "--recorded", LATER)
    after = "nothing is lost, and files of an earlier run are as they were"
    assert said_one_line(ran) == f"error: out {TOO_LARGE}: {after}\n"
    assert written("out") == before
    whole = mapped(command, "a.csv")
    assert whole != before
    assert whole == mapped(command, "a.csv", to="elsewhere")


@pytest.mark.parametrize(("count", "long"), [(70_000, False), (2_500, True)])
def test_map_where_the_temporary_file_finds_no_room(
    command: Callable[..., Ran], count: int, long: bool
) -> None:
    """What tells doubles, or gathers long rows, is in memory while it is small."""
    site()
    many(3)
    before = mapped(command, "a.csv")
    many(count, long=long)
    ran = within(100_000, "map", "a.csv", "--out", "out", "--limit", 1)
    assert said_one_line(ran) == SPOOL
    assert written("out") == before


# --- what is printed ------------------------------------------------------------------------------

DONE = "what was done stays done, and nothing will be there twice\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "words", [("check", "a.csv", "--json"), ("check", "a.csv"), ("instruments", "export", "srs")]
)
def test_a_result_for_which_the_disk_has_no_room(words: Sequence[str], unbuffered: str) -> None:
    """/dev/full is a disk that is full."""
    site()
    many(1)
    ran = within(10**9, *words, out=Path("/dev/full"), PYTHONUNBUFFERED=unbuffered)
    said = "error: the result cannot be written: No space left on device; "
    assert (ran.returncode, ran.stderr) == (2, f"{said}{MAKE_ROOM}: {DONE}")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_result_is_never_cut_off_without_a_word(unbuffered: str) -> None:
    """Also where its beginning finds room, and Python drops the rest, as it does unbuffered."""
    out = Path("form.json")
    words = ("instruments", "export", "srs")
    ran = within(1_000, *words, out=out, PYTHONUNBUFFERED=unbuffered)
    assert (ran.returncode, ran.stderr) == (2, f"error: the result {TOO_LARGE}: {DONE}")
    assert within(10**6, *words, out=out, PYTHONUNBUFFERED=unbuffered).returncode == 0
    assert json.loads(out.read_bytes())["resourceType"] == "Questionnaire"


def test_an_error_that_cannot_be_printed_as_json_is_told_all_the_same() -> None:
    ran = within(10**9, "check", "none.csv", "--json", out=Path("/dev/full"))
    assert ran.returncode == 3
    assert ran.stderr == "error: none.csv: missing-file: Check the path; nothing is there.\n"


# --- sync to a folder -----------------------------------------------------------------------------

ROWS = [Row(record_id=f"r-{number}", patient=f"11{number:02}") for number in range(12)]
TOML = 'source = "clinic-east"\npatient_system = "urn:example:mrn"\nsynthetic = true\n'
TO = ("--to", "out", "--ledger", "ledger.sqlite")


@pytest.fixture
def clinic() -> Path:
    """A clinic's file with one row."""
    Path("alliance.toml").write_text(TOML)
    write_rows(Path("a.csv"), ROWS[:1])
    return Path("a.csv")


def everything(folder: Path) -> dict[str, int]:
    """How many resources of each type a folder's manifest names, all of them read."""
    counts: dict[str, int] = {}
    for type_, told in json.loads((folder / "manifest.json").read_bytes())["files"].items():
        keys = {line for line in (folder / told["path"]).read_bytes().splitlines() if line}
        assert len(keys) == told["count"]
        counts[type_] = len(keys)
    return counts


WHOLE = {
    "Device": 1,
    "Observation": 5 * len(ROWS),
    "Provenance": len(ROWS),
    "Questionnaire": 1,
    "QuestionnaireResponse": len(ROWS),
}


def ends_right(command: Callable[..., Ran]) -> None:
    """With room, a run sends what is left; then all is there once, and equal."""
    assert command("sync", "a.csv", *TO).code == 0
    assert everything(Path("out")) == WHOLE
    assert command("verify", *TO).code == 0
    again = command("sync", "a.csv", *TO, "--json").json["resources"]
    assert again["unchanged"] == sum(again.values())
    named = {
        told["path"]
        for told in json.loads(Path("out/manifest.json").read_bytes())["files"].values()
    }
    assert {path.name for path in Path("out").iterdir()} == {"manifest.json", *named}


def with_much_of_others(folder: Path) -> None:
    """Somebody adds a resource of their own to the folder's observations, and a large one."""
    told = json.loads((folder / "manifest.json").read_bytes())["files"]["Observation"]
    theirs = {"resourceType": "Observation", "status": "final", "code": {"text": "x" * 900_000}}
    with (folder / told["path"]).open("ab") as file:
        file.write(json.dumps(theirs).encode() + b"\n")


def test_a_folder_keeps_its_state_and_gets_the_new_one_when_there_is_room(
    clinic: Path, command: Callable[..., Ran]
) -> None:
    """The ledger finds room, and the folder's new generation does not."""
    assert command("sync", clinic, *TO).code == 0
    with_much_of_others(Path("out"))
    before = written("out")
    write_rows(clinic, ROWS)
    said = said_one_line(within(900_000, "sync", clinic, *TO))
    after = "it is as it was before, and nothing will be there twice"
    assert said == f"error: out {TOO_LARGE}: {after}\n"
    assert written("out") == before
    assert command("sync", clinic, *TO).code == 0
    assert everything(Path("out")) == {**WHOLE, "Observation": 5 * len(ROWS) + 1}
    assert command("verify", *TO).code == 0


@pytest.mark.parametrize("size", [0, 1, 1_000, 20_000, 40_000, 60_000, 80_000, 120_000])
def test_wherever_a_sync_to_a_folder_finds_no_room_the_next_one_ends_right(
    clinic: Path, command: Callable[..., Ran], size: int
) -> None:
    """The ledger, the folder, one file of it or another."""
    write_rows(clinic, ROWS)
    said = said_one_line(within(size, "sync", clinic, *TO))
    assert "run again: " in said
    assert not Path("out/manifest.json").exists()
    ends_right(command)


# --- dead letters ---------------------------------------------------------------------------------

LETTERS = Path("ledger.sqlite.dead-letters.jsonl")


@pytest.fixture
def refusing(clinic: Path) -> FhirServer:
    """A server that refuses two patients' records, in many words, and has a clinic's others."""
    write_rows(clinic, ROWS[:4])
    words = "x" * 200_000

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        named = (f'"value":"{row.patient}"'.encode() in request.body for row in ROWS[:2])
        if request.method == "POST" and not request.path and any(named):
            return Answer(422, outcome("invariant", words))
        return proceed()

    server = FhirServer()
    server.between = between
    for row in ROWS:
        server.put(**patient(row.patient))
    return server


def test_dead_letters_that_find_no_room_come_with_the_next_run(
    refusing: FhirServer, command: Callable[..., Ran]
) -> None:
    """One of two finds room, and the other does not."""
    with refusing as server:
        to = ("--to", server.url, "--ledger", "ledger.sqlite")
        write_rows(Path("a.csv"), [*ROWS[1:4], replace(ROWS[4], record_id="r-4")])
        assert command("sync", "a.csv", *to).code == 4
        before = LETTERS.read_bytes()
        assert before.count(b"\n") == 1
        write_rows(Path("a.csv"), ROWS[:5])
        said = said_one_line(within(300_000, "sync", "a.csv", *to))
        after = "what was refused is sent again, and nothing will be there twice"
        assert said == f"error: {LETTERS}: the dead letters {TOO_LARGE}: {after}\n"
        assert LETTERS.read_bytes() == before
        assert not list(Path().glob("*.part"))
        assert command("sync", "a.csv", *to).code == 4
        assert LETTERS.read_bytes().count(b"\n") == 2
        server.between = lambda request, proceed: proceed()
        assert command("sync", "--dead-letters", LETTERS, *to).code == 0
        assert not LETTERS.exists()
        assert len(server.of_type("QuestionnaireResponse")) == 5
        assert command("verify", *to).code == 0
