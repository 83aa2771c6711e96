"""Older ledgers and inboxes brought to today's schema by Alembic, within a transaction of the
caller's.

The version is kept in a table of theirs. Alembic's own table is there for the time of the migration
only, so that what was migrated is like what was made today.
"""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

_SCRIPTS = "alliance_fhir.ledger:migrations"
_TABLE = "alembic_version"


def upgrade(connection: Connection, version: str, scripts: str) -> None:
    """Brings tables from a version to today's, by the scripts in a folder of `migrations`. Nothing
    is committed."""
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.set_main_option("version_locations", f"{_SCRIPTS}/{scripts}")
    for name in ("path_separator", "version_path_separator"):  # before Alembic 1.16 the second
        config.set_main_option(name, "space")
    config.attributes["connection"] = connection
    command.stamp(config, version)
    command.upgrade(config, "head")
    connection.execute(text(f"DROP TABLE {_TABLE}"))
