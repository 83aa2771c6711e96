"""The ledger's tables: one schema for every database that SQLAlchemy speaks to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Dialect, Index, Integer, MetaData, String, Table

SCHEMA_VERSION = "2"
"""Raised with every migration of `migrations/versions`."""

metadata = MetaData()

fact = Table(
    "fact",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", String(2048), nullable=False),
)
"""What the ledger is of: its target, the fingerprint of the identifiers' key, its schema."""

run = Table(
    "run",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("command", String(16), nullable=False),
    Column("source", String(64), nullable=False),
    Column("started", String(32), nullable=False),
    Column("ended", String(32)),
)

entry = Table(
    "entry",
    metadata,
    Column("key", String(512), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("type", String(64), nullable=False),
    Column("group_key", String(64), nullable=False),
    Column("source", String(64), nullable=False),
    Column("subject", String(32), nullable=False),  # a digest of the patient's identifier
    Column("subject_at", String(2048), nullable=False),  # the target's own Patient
    Column("path", String(4096), nullable=False),
    Column("row", Integer, nullable=False),
    Column("source_digest", String(32), nullable=False),  # of what the source said
    Column("digest", String(32), nullable=False),  # of the content that was sent
    Column("server_digest", String(32), nullable=False),  # of the content that came back
    Column("state", String(16), nullable=False),
    Column("server_id", String(512), nullable=False),
    Column("server_version", String(512), nullable=False),
    Column("run", String(32), nullable=False),
    # the run that created the resource at the target; empty where none of ours did
    Column("made_by", String(32), nullable=False, server_default=""),
    Index("entry_of_source", "source", "group_key"),
)
"""One row a version of a resource. Keys and digests only: no patient's data is in the ledger.

PostgreSQL refuses what is longer than it is told here, and SQLite does not look: in files that were
made earlier, some columns say less.
"""


def upsert(dialect: Dialect) -> str:
    """A row of `entry`, or what becomes of the one that is there under its key and version.

    As text, whose variables are the columns in their order (SQLite) or by their names: so it is
    compiled once, and not for every group of every run.
    """
    if dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert
    statement: Any = insert(entry)
    others = {c.name: statement.excluded[c.name] for c in entry.c if not c.primary_key}
    keys = [c.name for c in entry.primary_key]
    whole = statement.on_conflict_do_update(index_elements=keys, set_=others)
    return str(whole.compile(dialect=dialect, column_keys=entry.c.keys()))
