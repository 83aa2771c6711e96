"""Older ledgers brought to today's schema by Alembic, within a transaction of the caller's.

The version is kept in the table `fact`. Alembic's own table is there for the time of the migration
only, so that a ledger that was migrated is like one that was made today.
"""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

_SCRIPTS = "alliance_fhir.ledger:migrations"
_TABLE = "alembic_version"


def upgrade(connection: Connection, version: str) -> None:
    """Brings the tables from a version to today's. Nothing is committed."""
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.attributes["connection"] = connection
    command.stamp(config, version)
    command.upgrade(config, "head")
    connection.execute(text(f"DROP TABLE {_TABLE}"))
