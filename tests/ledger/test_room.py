"""A ledger that has no room: the run stops with one line, and the next one finishes it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy

from alliance_fhir.errors import ConfigError
from alliance_fhir.ledger.store import Ledger
from contract.clinic import Row, patient
from growing import python_within

from .test_ledger import ENTRY, KEY, TARGET

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from wire.conftest import Syncing

ROWS = [Row(record_id=f"r-{n}", patient=f"11{n:02}") for n in range(12)]
REMEDY = "make room, and run again: nothing is lost, and nothing will be there twice"


@pytest.fixture
def many(clinic: Syncing) -> Syncing:
    """A clinic of more rows than there will be room for."""
    clinic.write(*ROWS)
    for row in ROWS:
        clinic.little.put(**patient(row.patient))
    return clinic


def finished(clinic: Syncing) -> None:
    """With room again, a run sends what is left; then all is there once, and equal."""
    after = clinic.sync()
    assert after.code == 0
    told = after.json["resources"]
    assert told["created"] + told["unchanged"] == sum(told.values())
    verified = clinic.verify()
    assert verified.code == 0
    little = clinic.little
    assert len(little.of_type("QuestionnaireResponse")) == len(ROWS)
    assert len(little.of_type("Observation")) == 5 * len(ROWS)
    assert len(little.of_type("Provenance")) == len(ROWS)
    assert len(little.of_type("Device")) == len(little.of_type("Questionnaire")) == 1
    again = clinic.sync()
    assert again.json["resources"]["unchanged"] == sum(again.json["resources"].values())


@pytest.fixture
def pages() -> Iterator[list[int]]:
    """How many pages an SQLite file may have: set by its first number."""
    most: list[int] = []

    def limit(connection: Any, record: object) -> None:
        if most:
            connection.execute(f"PRAGMA max_page_count = {most[0]}")

    sqlalchemy.event.listen(sqlalchemy.Engine, "connect", limit)
    yield most
    sqlalchemy.event.remove(sqlalchemy.Engine, "connect", limit)


@pytest.mark.parametrize("room", [8, 12, 20, 35, 55])
def test_a_full_database_stops_the_run_and_loses_nothing(
    many: Syncing, pages: list[int], room: int
) -> None:
    pages.append(room)
    ran = many.sync()
    assert ran.code == 2
    assert ran.err.splitlines()[-1] == (
        f"error: {many.ledger}: the ledger cannot be used: there is no room for more; {REMEDY}"
    )
    assert ran.json["stopped"] in ran.err
    sent = len(many.little.of_type("QuestionnaireResponse"))
    assert sent < len(ROWS)
    pages.clear()
    finished(many)


def sync_within(clinic: Syncing, size: int) -> subprocess.CompletedProcess[str]:
    """The command in a process whose files may have so many bytes: SIGXFSZ, else EFBIG."""
    to = ("--to", clinic.little.url, "--ledger", str(clinic.ledger))
    return python_within(size, "-m", "alliance_fhir", "sync", clinic.folder, *to)


@pytest.mark.parametrize("size", [1_000, 20_000, 36_000, 60_000, 90_000, 150_000])
def test_files_that_may_not_grow_stop_the_run_and_lose_nothing(many: Syncing, size: int) -> None:
    ran = sync_within(many, size)
    assert ran.returncode == 2, ran.stderr
    assert ran.stderr.startswith(f"error: {many.ledger}: the ledger cannot be used: ")
    assert ran.stderr.endswith(f"{REMEDY}\n")
    assert ran.stderr.count("\n") == 1
    assert len(many.little.of_type("QuestionnaireResponse")) < len(ROWS)
    finished(many)


def pages_of_an_empty_one(folder: Path) -> int:
    """How many pages a ledger has in which nothing is yet."""
    with Ledger(folder / "empty.sqlite", TARGET, KEY):
        pass
    with closing(sqlite3.connect(folder / "empty.sqlite")) as database:
        return int(database.execute("PRAGMA page_count").fetchone()[0])


def grown(ledger: Ledger) -> None:
    """A unit of more than there is room for."""
    with ledger.together():
        ledger.write([ENTRY])
        ledger.write([ENTRY._replace(key=f"{n}" * 100) for n in range(999)])


def test_a_unit_that_finds_no_room_leaves_nothing_and_the_next_one_may(
    tmp_path: Path, pages: list[int]
) -> None:
    pages.append(pages_of_an_empty_one(tmp_path) + 1)
    with Ledger(tmp_path / "ledger.sqlite", TARGET, KEY) as ledger:
        with pytest.raises(ConfigError, match="no room"):
            grown(ledger)
        assert list(ledger.expected()) == []
        with ledger.together():
            ledger.write([ENTRY])
    with Ledger(tmp_path / "ledger.sqlite", TARGET, KEY) as ledger:
        assert ledger.current(["k"]) == {"k": [ENTRY]}


def test_nobody_goes_on_as_if_what_is_gone_were_there(tmp_path: Path, pages: list[int]) -> None:
    """What one lane has written and not committed is lost where another one finds no room: the
    first must not send what it believes to be noted."""
    pages.append(pages_of_an_empty_one(tmp_path) + 1)
    with Ledger(tmp_path / "ledger.sqlite", TARGET, KEY) as ledger:
        ledger.write([ENTRY])
        with pytest.raises(ConfigError, match="no room"):
            grown(ledger)
        for step in (ledger.commit, lambda: ledger.current(["k"]), lambda: grown(ledger)):
            with pytest.raises(ConfigError, match="run again"):
                step()
    with Ledger(tmp_path / "ledger.sqlite", TARGET, KEY) as ledger:
        assert ledger.current(["k"]) == {}


def test_what_was_to_be_durable_soon_and_finds_no_room(tmp_path: Path, pages: list[int]) -> None:
    """Whoever wrote it went on; nobody else may before it is written."""
    pages.append(pages_of_an_empty_one(tmp_path) + 1)
    with Ledger(tmp_path / "ledger.sqlite", TARGET, KEY) as ledger:
        with ledger.together(soon=True):
            ledger.write([ENTRY._replace(key=f"{n}" * 100) for n in range(40)])
        for step in (lambda: ledger.current(["k"]), ledger.commit, lambda: grown(ledger)):
            with pytest.raises(ConfigError, match="no room"):
                step()
    with Ledger(tmp_path / "ledger.sqlite", TARGET, KEY) as ledger:
        assert list(ledger.expected()) == []
