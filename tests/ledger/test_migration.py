"""Ledgers of older versions: brought up to date whole, or left as they were."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, inspect

from alliance_fhir.errors import ConfigError
from alliance_fhir.ledger.place import place_of
from alliance_fhir.ledger.store import Ledger
from contract.clinic import rows_of

from .conftest import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

OLD = Path(__file__).parent / "version-1"
"""What older.py made with the code of then."""
PLAN = Path(__file__).parents[2] / "examples" / "plans" / "jones-1.plan.yaml"
FILE = OLD / "ledger.sqlite"
FACTS: dict[str, str] = dict(rows_of(FILE, "SELECT name, value FROM fact"))
ROWS = rows_of(FILE, "SELECT * FROM entry ORDER BY key, version")
FIRST_RUN = rows_of(FILE, "SELECT id FROM run ORDER BY started, rowid")[0][0]


@pytest.fixture
def old(place: Place) -> Place:
    """A ledger of version 1, of each kind; on PostgreSQL, where none ever was, made of the file."""
    if isinstance(place.address, Path):
        place.address.parent.mkdir(parents=True)
        shutil.copy(FILE, place.address)
        return place
    for (statement,) in rows_of(FILE, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"):
        place.sql(re.sub(r"\((64|128)\)", "(2048)", statement))  # SQLite takes what is longer
    for table in ("fact", "run", "entry"):
        for row in rows_of(FILE, f"SELECT * FROM {table}"):
            values = ", ".join("NULL" if v is None else f"'{v}'" for v in row)
            place.sql(f"INSERT INTO {table} VALUES ({values})")
    return place


def opened(place: Place) -> Ledger:
    """The ledger, with the facts that it has."""
    return Ledger(place.address, FACTS["target"], FACTS["key"])


def entries(place: Place) -> list[tuple[Any, ...]]:
    """What is in it; keys are told apart by bytes in both databases."""
    return sorted(place.sql("SELECT * FROM entry"), key=lambda row: row[:2])


@pytest.mark.parametrize("version", ["1", "2", "3", "4", "5"])
def test_an_old_ledger_goes_on_to_serve(
    version: str, tmp_path: Path, command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the front door: what the old code sent is verified, and a change finds its version."""
    folder = tmp_path / "old"
    shutil.copytree(OLD.with_name(f"version-{version}"), folder)
    monkeypatch.chdir(folder)
    place = Place(folder / "ledger.sqlite")
    first = place.sql("SELECT id FROM run ORDER BY started, rowid")[0][0]
    place.sql(f"UPDATE fact SET value = '{folder / 'out'}' WHERE name = 'target'")
    to = ("--to", "out", "--ledger", "ledger.sqlite", "--json")
    found = command("verify", *to)
    assert found.code == 0
    assert found.json["verify"]["expected"] == found.json["verify"]["equal"] == 15
    rows = folder / "rows.csv"
    rows.write_text(rows.read_text().replace("8,9,9,3", "6,9,9,3"))
    ran = command("sync", "rows.csv", "--rescore", *to)
    assert ran.code == 0
    assert ran.json["resources"]["updated"] >= 2
    made = set(place.sql("SELECT DISTINCT made_by FROM entry WHERE state = 'updated' AND row = 4"))
    assert made == {(first,)}
    assert command("verify", *to).code == 0
    shutil.copy(PLAN, folder)  # what the old ledger had no place for
    with (folder / "alliance.toml").open("a") as site:
        site.write('clinician_system = "urn:example:staff"\nzone = "America/New_York"\n')
    assert command("sync", PLAN.name, *to).code == 0
    assert place.sql("SELECT version FROM document") == [(1,)]


def test_every_row_is_kept_and_says_who_made_it_where_that_is_known(old: Place) -> None:
    key = ROWS[0][0]
    columns = "key, version, type, group_key, source, subject, subject_at, path, row"
    others = "source_digest, digest, server_digest, state, server_id, server_version, run"
    old.sql(
        f"INSERT INTO entry ({columns}, {others}) SELECT key, 2, type, group_key, source, subject,"
        " subject_at, path, row, source_digest, 'another', '', 'sent', server_id, server_version,"
        f" 'killed' FROM entry WHERE key = '{key}'"
    )
    before = entries(old)
    with opened(old) as ledger:
        [versions] = ledger.current([key]).values()
    after = entries(old)
    assert [row[:-1] for row in after] == before
    assert [(entry.version, entry.made_by) for entry in versions] == [
        (1, FIRST_RUN),
        (2, FIRST_RUN),
    ]
    for row in after:
        created = any(one[0] == row[0] and one[1] == 1 and one[12] == "created" for one in before)
        [run] = [one[15] for one in before if one[0] == row[0] and one[1] == 1]
        assert row[-1] == (run if created else "")
    assert dict(old.sql("SELECT name, value FROM fact")) == {**FACTS, "schema": "6"}


def test_the_visits_of_an_older_ledger_are_known_for_good(
    tmp_path: Path, command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows which run told them, so no `undo` takes them back."""
    folder = tmp_path / "old"
    shutil.copytree(OLD.with_name("version-5"), folder)
    monkeypatch.chdir(folder)
    place = Place(folder / "visits.sqlite")
    place.sql(f"UPDATE fact SET value = '{folder / 'visits'}' WHERE name = 'target'")
    before = sorted(place.sql("SELECT * FROM visit"))
    assert len(before) == 2
    assert command("verify", "--to", "visits", "--ledger", place.address).code == 0
    assert sorted(place.sql("SELECT * FROM visit")) == before
    told = place.sql("SELECT key, who, start, attended, runs FROM visit_told ORDER BY key")
    assert told == [(*row, "") for row in before]


def shape(place: Place) -> dict[str, Any]:
    """Tables, columns but for their lengths, and indexes."""
    engine = create_engine(place_of(place.address).url)
    try:
        look = inspect(engine)
        return {
            table: (
                {
                    c["name"]: (str(c["type"]).partition("(")[0], c["nullable"])
                    for c in look.get_columns(table)
                },
                look.get_pk_constraint(table)["constrained_columns"],
                sorted(
                    (i["name"] or "", tuple(i["column_names"])) for i in look.get_indexes(table)
                ),
            )
            for table in look.get_table_names()
        }
    finally:
        engine.dispose()


def test_a_migrated_ledger_is_like_one_of_today(old: Place, tmp_path: Path) -> None:
    opened(old).close()
    if old.postgres:
        database = old.postgres.database()
        new = Place(old.postgres.url(database), old.postgres, database)
    else:
        new = Place(tmp_path / "new.sqlite")
    opened(new).close()
    assert shape(old) == shape(new)


KILLED = """
    import os, sqlalchemy
    from alliance_fhir.ledger.store import Ledger

    @sqlalchemy.event.listens_for(sqlalchemy.Engine, "before_cursor_execute")
    def kill(connection, cursor, statement, *told):
        if statement.startswith({sign!r}):
            os.kill(os.getpid(), 9)

    Ledger({address!r}, {target!r}, "none")
"""


@pytest.mark.parametrize(
    "sign", ["ALTER TABLE", "UPDATE entry", "DROP TABLE", "DELETE FROM fact", "INSERT INTO fact"]
)
def test_a_migration_that_is_killed_leaves_the_ledger_as_it_was(old: Place, sign: str) -> None:
    before = entries(old)
    code = KILLED.format(sign=sign, address=str(old.address), target=FACTS["target"])
    words = [sys.executable, "-c", textwrap.dedent(code)]
    assert subprocess.run(words, check=False).returncode == -9
    assert entries(old) == before
    assert dict(old.sql("SELECT name, value FROM fact")) == FACTS
    with opened(old):
        pass
    assert [row[:-1] for row in entries(old)] == before


def test_several_processes_at_once_migrate_it_once(old: Place) -> None:
    before = entries(old)
    code = (
        "import sys; from alliance_fhir.ledger.store import Ledger;"
        f"Ledger(sys.argv[1], {FACTS['target']!r}, 'none').close()"
    )
    words = [sys.executable, "-c", code, str(old.address)]
    with ThreadPoolExecutor(4) as pool:
        ran = list(pool.map(lambda _: subprocess.run(words, check=False).returncode, range(4)))
    assert ran == [0] * 4
    assert [row[:-1] for row in entries(old)] == before


@pytest.mark.parametrize("version", ["7", "99", "new"])
def test_a_newer_ledger_is_refused_and_left_alone(old: Place, version: str) -> None:
    old.sql(f"UPDATE fact SET value = '{version}' WHERE name = 'schema'")
    before = entries(old)
    with pytest.raises(ConfigError, match="newer version of alliance-fhir") as told:
        opened(old)
    assert "install that one" in str(told.value)
    assert entries(old) == before


def test_an_old_ledger_of_something_else_is_refused_before_it_is_changed(old: Place) -> None:
    before = entries(old)
    with pytest.raises(ConfigError, match="another target"):
        Ledger(old.address, "https://other.example.invalid", FACTS["key"])
    assert entries(old) == before
    assert dict(old.sql("SELECT name, value FROM fact")) == FACTS


def test_only_an_old_ledger_waits_for_alembic(tmp_path: Path) -> None:
    code = (
        "import sys; from alliance_fhir.ledger.store import Ledger\n"
        f"for _ in range(2): Ledger(sys.argv[1], {FACTS['target']!r}, 'none').close()\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'alembic', 'psycopg'}))"
    )
    shutil.copy(FILE, tmp_path / "old.sqlite")
    for name, loaded in (("new.sqlite", "[]\n"), ("old.sqlite", "['alembic']\n")):
        words = [sys.executable, "-c", code, str(tmp_path / name)]
        assert subprocess.run(words, check=True, capture_output=True, text=True).stdout == loaded
