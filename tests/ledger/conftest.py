"""The clinic of the wire tests and its server, and every kind of ledger in turn."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from wire.conftest import clinic, little

if TYPE_CHECKING:
    from postgres import Postgres

__all__ = ["clinic", "little"]

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.server)]


@pytest.fixture(autouse=True)
def nobody_elses_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """No PostgreSQL of whoever runs the tests."""
    for name in os.environ:
        if name.startswith("PG"):
            monkeypatch.delenv(name)


class Place(NamedTuple):
    """Where a ledger is to be, as a user calls it, and as somebody else than us gets at it."""

    address: str | Path
    postgres: Postgres | None = None
    database: str = ""

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Somebody looks at the database itself, or changes it."""
        if self.postgres:
            with closing(self.postgres.connect(self.database)) as connection:
                cursor = connection.execute(statement.encode())
                return cursor.fetchall() if cursor.description else []
        with closing(sqlite3.connect(self.address)) as database:
            rows = database.execute(statement).fetchall()
            database.commit()
            return rows


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where a ledger is to be: nothing is there yet."""
    if request.param == "sqlite":
        return Place(tmp_path / "deep" / "down" / "ledger.sqlite")
    postgres: Postgres = request.getfixturevalue("postgres")
    database = postgres.database()
    return Place(postgres.url(database), postgres, database)
