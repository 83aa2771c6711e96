"""A ledger on PostgreSQL, and several processes that share it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alliance_fhir.errors import ConfigError
from alliance_fhir.ledger.store import Ledger
from contract.clinic import MRN, Row, write_rows
from postgres import PASSWORD

from .conftest import Place
from .test_ledger import ENTRY, KEY, TARGET

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran
    from postgres import Postgres

pytestmark = pytest.mark.server

TOML = f'source = "clinic-east"\npatient_system = "{MRN}"\nclinician_system = "urn:example:staff"\n'


@pytest.fixture
def place(postgres: Postgres) -> Place:
    """A database that holds nothing."""
    database = postgres.database()
    return Place(postgres.url(database), postgres, database)


@pytest.fixture
def tcp(postgres: Postgres, place: Place) -> str:
    """The same over TCP, where a password is asked for."""
    return postgres.url(place.database, tcp=True)


# --- how it is reached


def test_a_password_comes_from_the_environment(tcp: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="password") as told:
        Ledger(tcp, TARGET, KEY)
    assert "\n" not in str(told.value)
    monkeypatch.setenv("PGPASSWORD", "wrong-4712")
    with pytest.raises(ConfigError, match="password authentication failed") as told:
        Ledger(tcp, TARGET, KEY)
    assert "wrong-4712" not in str(told.value)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with Ledger(tcp, TARGET, KEY) as ledger:
        assert PASSWORD not in ledger.name + repr(ledger)


def test_a_password_comes_from_a_file(
    tcp: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pgpass"
    file.write_text(f"127.0.0.1:*:*:*:{PASSWORD}\n")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))
    Ledger(tcp, TARGET, KEY).close()


def test_a_server_that_is_not_there_is_told_in_one_line(
    command: Callable[..., Ran], tmp_path: Path
) -> None:
    (tmp_path / "alliance.toml").write_text(TOML)
    write_rows(tmp_path / "rows.csv", [Row()])
    ledger = f"postgresql://me@/nothing?host={tmp_path}"
    ran = command("sync", tmp_path / "rows.csv", "--to", tmp_path / "out", "--ledger", ledger)
    assert ran.code == 2
    assert ran.err.startswith(f"error: {ledger}: the ledger cannot be used: connection")
    assert ran.err.count("\n") == 1


def test_the_settings_may_name_it_and_a_folder_may_be_its_target(
    command: Callable[..., Ran], tmp_path: Path, place: Place
) -> None:
    """What a folder calls a resource and its version is longer than what servers do."""
    (tmp_path / "alliance.toml").write_text(f'ledger = "{place.address}"\n{TOML}')
    write_rows(tmp_path / "rows.csv", [Row()])
    words = (tmp_path / "rows.csv", "--to", tmp_path / "out", "--json")
    assert command("sync", *words).json["resources"]["created"] == 9
    assert command("sync", *words).json["resources"]["unchanged"] == 8
    config = ("--config", tmp_path / "alliance.toml")
    ran = command("verify", "--to", tmp_path / "out", "--json", *config)
    assert (ran.code, ran.json["verify"]["equal"]) == (0, 9)


def test_without_a_ledger_plan_makes_none_and_verify_says_so(
    command: Callable[..., Ran], tmp_path: Path, place: Place
) -> None:
    (tmp_path / "alliance.toml").write_text(TOML)
    write_rows(tmp_path / "rows.csv", [Row()])
    to = ("--to", tmp_path / "out", "--ledger", place.address)
    assert command("plan", tmp_path / "rows.csv", *to).code == 0
    ran = command("verify", *to, "--config", tmp_path / "alliance.toml")
    assert ran.code == 2
    assert f"there is no ledger {place.address}" in ran.err
    assert place.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_each_ledger_has_a_schema_and_refuses_what_is_not_its_own(place: Place) -> None:
    place.sql("CREATE TABLE photos (name text)")
    with pytest.raises(ConfigError, match=r"no ledger of alliance-fhir.*\?schema=NAME"):
        Ledger(place.address, TARGET, KEY)
    east, west = (f"{place.address}&schema={name}" for name in ("east", "west_2"))
    with Ledger(east, TARGET, KEY) as ledger:
        assert ledger.name == east
        ledger.write([ENTRY])
        ledger.commit()
    with Ledger(west, "https://other.example.invalid", KEY) as ledger:
        assert ledger.current(["k"]) == {}
    with pytest.raises(ConfigError, match="another target"):
        Ledger(west, TARGET, KEY)
    with Ledger(east, TARGET, KEY, create=False) as ledger:
        assert ledger.current(["k"]) == {"k": [ENTRY]}
    assert place.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == [("photos",)]


def test_a_server_that_is_started_again_costs_a_run_and_nothing_else(
    postgres: Postgres, place: Place
) -> None:
    with Ledger(place.address, TARGET, KEY) as ledger:
        ledger.write([ENTRY])
        ledger.commit()
        ledger.write([ENTRY._replace(key="lost")])
        postgres.stop()
        postgres.start()
        for _ in range(2):
            with pytest.raises(ConfigError, match="ledger") as told:
                ledger.current(["k"])
            assert "\n" not in str(told.value)
    with Ledger(place.address, TARGET, KEY) as ledger:
        assert ledger.current(["k", "lost"]) == {"k": [ENTRY]}
