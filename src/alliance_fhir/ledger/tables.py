"""The ledger's tables: one schema for every database that SQLAlchemy speaks to."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, MetaData, String, Table

SCHEMA_VERSION = "1"

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
    Column("subject_at", String(128), nullable=False),  # the target's own Patient
    Column("path", String(4096), nullable=False),
    Column("row", Integer, nullable=False),
    Column("source_digest", String(32), nullable=False),  # of what the source said
    Column("digest", String(32), nullable=False),  # of the content that was sent
    Column("server_digest", String(32), nullable=False),  # of the content that came back
    Column("state", String(16), nullable=False),
    Column("server_id", String(64), nullable=False),
    Column("server_version", String(64), nullable=False),
    Column("run", String(32), nullable=False),
    Index("entry_of_source", "source", "group_key"),
)
"""One row a version of a resource. Keys and digests only: no patient's data is in the ledger."""
