"""No room: a pull ends with one line, loses nothing, and goes on when there is room again."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from alliance_fhir import Settings, open_target
from alliance_fhir.pulling import pull
from alliance_fhir.testing import FhirServer as LittleServer
from growing import python_within

from . import rows
from .conftest import Pulling, observation
from .shelf import Shelf
from .test_assessments import one_row, pulled, sent

ASKED = "where the disk is full, or the size of files limited (ulimit -f), make room, and run again"
GOES_ON = f"{ASKED}: it goes on where it was, and nothing is lost\n"
AS_IT_WAS = f"{ASKED}: nothing is lost, and an earlier table is as it was\n"
TABULATE = """
import sys
from pathlib import Path
from alliance_fhir import AllianceError, load
from alliance_fhir.domain.receipt import Tally
from alliance_fhir.tabulating import tabulate
try:
    tabulate(Path("pulled"), Path("back.csv"), load(Path("alliance.toml")), Tally())
except AllianceError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""


def within(size: int, folder: Path, *words: object) -> str:
    """What Python says that ends 2, in a process whose files may have so many bytes."""
    ran = python_within(size, *words, folder=folder)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.count("\n") == 1
    return ran.stderr


def pull_within(size: int, pulling: Pulling, *words: object) -> str:
    """The same, of a pull of observations."""
    where = ("--from", pulling.little.url, "--out", pulling.out, "--type", "Observation")
    config = ("--config", pulling.folder / "alliance.toml")
    return within(size, pulling.folder, "-m", "alliance_fhir", "pull", *where, *config, *words)


@pytest.mark.parametrize("size", [1, 1_000, 20_000, 50_000, 150_000])
def test_a_pull_goes_on_when_there_is_room(pulling: Pulling, shelf: Shelf, size: int) -> None:
    said = pull_within(size, pulling)
    assert said == f"error: {pulling.out} cannot be written: disk I/O error; {GOES_ON}"
    assert not (pulling.out / "Observation.ndjson").exists()
    shelf.searches.clear()
    proof = pulling.proof()
    if size > 100_000:  # there was room for a page
        assert "page" in shelf.pages[0].query
    assert (proof["counted"], proof["found"], proof["complete"]) == (500, 500, True)
    came = (pulling.out / "Observation.ndjson").read_bytes()
    assert [path.name for path in pulling.out.glob(".*")] == []
    assert pulling.pull().code == 0
    assert (pulling.out / "Observation.ndjson").read_bytes() == came


@pytest.mark.parametrize("pages", [10, 20, 40])
def test_a_database_that_is_full_is_told_as_such(
    pulling: Pulling, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, pages: int
) -> None:
    """SQLite says so, not the system."""
    really = sqlite3.connect

    def limited(*told: Any, **named: Any) -> sqlite3.Connection:
        connection = really(*told, **named)
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", limited)
        ran = pulling.pull()
    assert ran.code == 2
    said = f"error: {pulling.out} cannot be written: database or disk is full; {GOES_ON}"
    assert ran.err == said
    assert pulling.proof()["found"] == 500


def test_a_page_that_finds_no_room_before_its_end(pulling: Pulling, little: LittleServer) -> None:
    """It is more than SQLite keeps in memory, and it drops all of it by itself."""
    for number in range(90):
        little.put(**observation(number, note=[{"text": "x" * 250_000}]))
    shelf = Shelf(little)
    said = pull_within(5_000_000, pulling)
    assert said == f"error: {pulling.out} cannot be written: disk I/O error; {GOES_ON}"
    assert len(shelf.pages) == 1
    assert pulling.proof()["found"] == 90


def test_what_was_pulled_before_is_there_until_all_of_the_new_is(
    pulling: Pulling, little: LittleServer, shelf: Shelf
) -> None:
    """All that is new finds room, and not the file of old and new."""
    assert pulling.pull().code == 0
    before = {path: path.read_bytes() for path in pulling.out.iterdir()}
    little.put(**observation(500))
    said = pull_within(60_000, pulling, "--since-last")
    assert said == f"error: {pulling.out} cannot be written: File too large; {GOES_ON}"
    assert {path: path.read_bytes() for path in before} == before
    shelf.searches.clear()
    assert pulling.pull("--since-last").code == 0
    assert len(shelf.pages) == 0  # it had come already
    assert {body["id"] for body in pulling.there} == {f"o-{number}" for number in range(501)}


class Clinic:
    """Rows that were sent to a server, and pulled to a table."""

    def __init__(self, folder: Path, little: LittleServer) -> None:
        self.folder, self.little = folder, little
        Shelf(little)
        told = 'source = "clinic-east"\npatient_system = "urn:example:mrn"\n'
        (folder / "alliance.toml").write_text(told)
        self.settings = Settings.model_validate(
            {"source": "clinic-east", "patient_system": "urn:example:mrn", "folder": folder}
        )
        self.told = [one_row(patient=f"{rows.MRN}|{number}") for number in range(40)]
        source = rows.write(folder / "rows.csv", self.told)
        sent([source], little.url, self.settings, folder / "a.sqlite")
        self.before = set(folder.iterdir())

    def whole(self) -> None:
        """With room, the table says what was sent, and nothing else is there."""
        back = self.folder / "back.csv"
        assert pulled(back, self.little.url, self.settings).exit_code == 0
        assert rows.read(back) == rows.canonical(self.told)
        assert set(self.folder.iterdir()) - self.before == {back}


@pytest.mark.parametrize("size", [1, 20_000, 100_000])
def test_a_table_comes_when_there_is_room(
    tmp_path: Path, little: LittleServer, naps: list[float], size: int
) -> None:
    clinic = Clinic(tmp_path, little)
    where = ("--from", little.url, "--assessments", "back.csv")
    said = within(size, tmp_path, "-m", "alliance_fhir", "pull", *where)
    assert said == f"error: .back.pull cannot be written: disk I/O error; {GOES_ON}"
    clinic.whole()


@pytest.mark.parametrize("size", [1, 100, 2_000, 500_000])
def test_a_table_that_finds_no_room_leaves_the_one_before(
    tmp_path: Path, little: LittleServer, naps: list[float], size: int
) -> None:
    """The table finds none, or what leaves rows out, or what gathers the rows in a file of its own
    where they are many."""
    clinic = Clinic(tmp_path, little)
    clinic.whole()
    out = tmp_path / "pulled"
    with closing(open_target(little.url, clinic.settings)) as target:
        assert pull(target, out, clinic.settings).exit_code == 0
    there = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    if size > 100_000:
        grow(out / "Observation.ndjson")
    said = within(size, tmp_path, "-c", TABULATE)
    reason = "disk I/O error" if size > 100_000 else "File too large"
    assert said == f"back.csv cannot be written: {reason}; {AS_IT_WAS}"
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == there


def grow(file: Path) -> None:
    """Panels of scores alone, more of them than SQLite keeps in memory."""
    lines = file.read_text().splitlines()
    panel = next(body for line in lines if "-panel" in line and (body := json.loads(line)))
    alone = {**panel, "derivedFrom": [], "note": [{"text": "x" * 10_000}]}
    file.write_text((json.dumps(alone) + "\n") * 3_000)
