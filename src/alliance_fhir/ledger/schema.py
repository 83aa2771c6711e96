"""Making the tables of a ledger and its inbox, and bringing older ones up to date: whole, or not at
all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, MetaData, Table, inspect, select, text

from alliance_fhir.errors import ConfigError
from alliance_fhir.ledger import inbox_tables
from alliance_fhir.ledger.database import Database
from alliance_fhir.ledger.place import Place
from alliance_fhir.ledger.tables import SCHEMA_VERSION, entry, fact, metadata, run

_FIRST = "1"
"""The version of ledgers whose making was cut off before they could say so, and of inboxes that do
not say theirs."""
_MAKING = 0x616C6C69616E6365
"""What processes hold on PostgreSQL that make or change tables, one after the other."""


class _Schema(NamedTuple):
    """Tables that have a version: what a user calls them, the table in which it stands, the one of
    today, and the folder of scripts that bring older ones to it."""

    what: str
    metadata: MetaData
    fact: Table
    version: str
    scripts: str


_LEDGER = _Schema("ledger", metadata, fact, SCHEMA_VERSION, "ledger")
_INBOX = _Schema(
    "inbox", inbox_tables.metadata, inbox_tables.fact, inbox_tables.INBOX_VERSION, "inbox"
)


def prepare(database: Database, place: Place, expected: Mapping[str, str]) -> None:
    """Makes the tables where there are none, and changes those of an older version.

    Raises ConfigError for a database that holds something else, which is left as it is, and for a
    ledger that is of something else than `expected` says, or of a newer version than ours.
    """
    ours = {"schema": SCHEMA_VERSION, **expected}
    if not _ours(_tables(database)):
        _make(database, place, ours)
    known = _facts(database, _LEDGER)
    for name, value in expected.items():
        if known.get(name, value) != value:
            raise ConfigError(f"{database.name}: this ledger {_TOLD[name]}")
    if known != ours:
        with database.together(), database.used() as connection:
            alone(database, connection)
            _migrate(database, connection, _LEDGER, ours)


def prepare_inbox(database: Database) -> None:
    """Does the same for an inbox, which is of its ledger by where it is.

    Raises ConfigError for one of a newer version than ours, which is left as it is.
    """
    ours = {"schema": _INBOX.version}
    if _INBOX.fact.name in _tables(database) and _facts(database, _INBOX) == ours:
        return  # whoever only reads waits for nobody who writes
    with database.together(), database.used() as connection:
        alone(database, connection)
        if inbox_tables.message.name in _tables(database):
            _migrate(database, connection, _INBOX, ours)
        else:
            _create(connection, _INBOX, ours)


_TOLD = {
    "target": "is of another target; each target has its own. Name another ledger, or the target "
    "that it is of",
    "key": "was made with another secret key of the identifiers: with this one every record would "
    "be sent again under another identifier. Find the key that was used",
}


def is_empty(database: Database) -> bool:
    """Whether nothing at all is there."""
    return not _tables(database)


def _tables(database: Database) -> set[str]:
    with database.used() as connection:
        return set(inspect(connection).get_table_names())


def _ours(tables: set[str]) -> bool:
    return {entry.name, fact.name, run.name} <= tables  # later ones come by migration


def _facts(database: Database, schema: _Schema) -> dict[str, str]:
    return {row.name: row.value for row in database.read(select(schema.fact))}


def alone(database: Database, connection: Connection) -> None:
    """From here to the end of the unit, no other process makes or changes tables."""
    database.begin()
    if not database.is_sqlite:
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _MAKING})


def _make(database: Database, place: Place, facts: Mapping[str, str]) -> None:
    with database.together(), database.used() as connection:
        alone(database, connection)
        there = _tables(database)
        if _ours(there):  # another process was faster
            return
        if there:
            raise ConfigError(
                f"{database.name}: this database is no ledger of alliance-fhir; name another "
                + ("file" if place.is_file else "one, or a schema of its own: ?schema=NAME")
            )
        if place.schema:
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {place.schema}"))
        _create(connection, _LEDGER, facts)


def _create(connection: Connection, schema: _Schema, facts: Mapping[str, str]) -> None:
    schema.metadata.create_all(connection)
    _note(connection, schema, facts)


def _note(connection: Connection, schema: _Schema, facts: Mapping[str, str]) -> None:
    rows = [{"name": name, "value": value} for name, value in facts.items()]
    connection.execute(schema.fact.insert(), rows)


def _migrate(
    database: Database, connection: Connection, schema: _Schema, facts: Mapping[str, str]
) -> None:
    """Brings what is there up to date. No other process may change it meanwhile."""
    told = schema.fact.name in _tables(database)
    known = _facts(database, schema) if told else {}  # another process may have been faster
    version = known.get("schema", _FIRST)
    if version == schema.version:
        return
    if not version.isdecimal() or int(version) > int(schema.version):
        raise ConfigError(
            f"{database.name}: this {schema.what} was made by a newer version of alliance-fhir "
            f"(schema {version}, and this one knows {schema.version}); install that one"
        )
    from alliance_fhir.ledger.migrate import upgrade  # Alembic takes time: older ones only

    upgrade(connection, version, schema.scripts)
    connection.execute(schema.fact.delete())
    _note(connection, schema, facts)
