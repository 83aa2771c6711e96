"""What `--ledger` takes, and what it refuses without repeating it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.testing import FhirServer
from contract.clinic import MRN, Row, write_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran
    from wire.conftest import Syncing

TOML = f'source = "clinic-east"\npatient_system = "{MRN}"\n'


@pytest.fixture
def sync(command: Callable[..., Ran], tmp_path: Path) -> Callable[..., Ran]:
    """`alliance-fhir sync` to a folder."""
    (tmp_path / "alliance.toml").write_text(TOML)
    write_rows(tmp_path / "rows.csv", [Row()])
    return lambda *words: command("sync", tmp_path / "rows.csv", "--to", tmp_path / "out", *words)


SECRET = "hunter2-4711"  # noqa: S105 - it is to be seen nowhere


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{SECRET}@db.example.invalid/ledger",
        f"postgresql+psycopg://me:{SECRET}@db.example.invalid/ledger",
        f"postgresql://me@db.example.invalid/ledger?password={SECRET}",
        f"postgresql://me@db.example.invalid/ledger?sslpassword={SECRET}",
    ],
)
@pytest.mark.parametrize("where", ["option", "settings"])
def test_a_password_in_a_url_is_refused_and_not_repeated(
    sync: Callable[..., Ran], tmp_path: Path, url: str, where: str
) -> None:
    if where == "option":
        ran = sync("--ledger", url, "--json")
    else:
        (tmp_path / "alliance.toml").write_text(f'ledger = "{url}"\n{TOML}')
        ran = sync("--json")
    assert ran.code == 2
    assert "PGPASSWORD" in ran.json["stopped"]
    assert SECRET not in ran.out + ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"mysql://me:{SECRET}@db.example.invalid/ledger", "cannot be at mysql://; name a file"),
        (f"postgres://me:{SECRET}@db.example.invalid/ledger", "name a file, or postgresql://"),
        (f"postgresql://me:{SECRET}@host:port/ledger", "URL cannot be read"),
        (f"://{SECRET}", "URL cannot be read"),
        ("postgresql://me@db.example.invalid/ledger?schema=a;drop", "schema takes one name"),
        ("postgresql://me@db.example.invalid/ledger?schema=a&schema=b", "schema takes one name"),
        ("postgresql://me@db.example.invalid/ledger?options=-cx", "options cannot be given"),
    ],
)
def test_what_is_no_place_for_a_ledger_is_refused(
    sync: Callable[..., Ran], tmp_path: Path, url: str, told: str
) -> None:
    ran = sync("--ledger", url)
    assert ran.code == 2
    assert told in ran.err
    assert ran.err.count("\n") == 1
    assert SECRET not in ran.err
    assert {path.name for path in tmp_path.iterdir()} == {"alliance.toml", "rows.csv", "here"}


def test_where_psycopg_is_not_installed_the_way_to_it_is_told(
    sync: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "psycopg"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [])
    ran = sync("--ledger", "postgresql://me@db.example.invalid/ledger")
    assert ran.code == 2
    assert "pip install 'alliance-fhir[postgresql]'" in ran.err


def test_a_name_with_a_colon_is_a_file(sync: Callable[..., Ran], tmp_path: Path) -> None:
    ledger = tmp_path / "a:b" / "c.sqlite"
    assert sync("--ledger", ledger).code == 0
    assert ledger.exists()


def test_a_ledger_of_another_target_is_refused_before_anything_is_written(clinic: Syncing) -> None:
    """By its ids resources of the one would be taken for those of the other."""
    assert clinic.sync().code == 0
    before = clinic.ledger.read_bytes()
    with FhirServer() as other:
        to = ("--to", other.url, "--ledger", clinic.ledger)
        ran = clinic.run("sync", clinic.folder, *to)
        assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
        assert ran.err.startswith(f"error: {clinic.ledger}: this ledger is of another target; ")
        assert other.writes == []
        again = clinic.run("sync", clinic.folder, *to, "--json")
        assert (again.code, f"error: {again.json['stopped']}\n") == (2, ran.err)
        assert other.writes == []
    assert clinic.ledger.read_bytes() == before
    assert clinic.sync().json["resources"]["unchanged"] == 14
