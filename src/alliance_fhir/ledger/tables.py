"""The ledger's tables: one schema for every database that SQLAlchemy speaks to."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Column, Index, Integer, MetaData, String, Table, Text

SCHEMA_VERSION = "6"
"""Raised with every migration of `migrations/ledger`."""

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
"""One row a version of a resource. Keys and digests only: no patient's data is in it.

PostgreSQL refuses what is longer than it is told here, and SQLite does not look: in files that were
made earlier, some columns say less.
"""

document = Table(
    "document",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("key", String(64), nullable=False),  # the group's
    Column("version", Integer, nullable=False),
    Column("run", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Index("document_of_key", "key"),
)
"""The versions of documents that were sent, or read at the target to be merged, as they were: what
somebody agreed to is known by them later on, and what changed on which side. These are patients'
words, which is why a ledger's file is its owner's alone. Of two rows of one version the one with
the higher number counts."""

visit = Table(
    "visit",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("who", String(64), nullable=False),  # a digest of patient and service
    Column("start", String(32), nullable=False),  # in UTC, without a Z
    Column("attended", Integer, nullable=False),
    Index("visit_of_who", "who", "start"),
)
"""The visits that are known: by them it is known whether a patient came to a service before."""

visit_told = Table(
    "visit_told",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("key", String(64), nullable=False),
    Column("who", String(64), nullable=False),
    Column("start", String(32), nullable=False),
    Column("attended", Integer, nullable=False),
    Column("runs", String(512), nullable=False),  # parted by blanks
    Index("visit_told_of_key", "key"),
)
"""What was told of a visit, one row for each change: that with the highest number stands in
`visit`, the others come back when the runs that told it are undone. Without `runs` nobody knows
any more which did."""

status = Table(
    "status",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("key", String(64), nullable=False),  # the visit's
    Column("server_id", String(512), nullable=False),  # of the EHR's own Appointment
    Column("server_version", String(512), nullable=False),  # after it was set
    Column("digest", String(32), nullable=False),  # of the content after it was set
    Column("before", String(32), nullable=False),
    Column("after", String(32), nullable=False),
    Column("run", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Index("status_of_key", "key"),
)
"""The statuses that were set of Appointments of an EHR's own, of which nothing else is ours."""


@cache
def upsert(dialect: str, rows: int = 1) -> str:
    """Rows of `entry`, or what becomes of those that are there under their keys and versions.

    As text, so that it is compiled once, and not for every group of every run. Its variables are
    the columns by their names (PostgreSQL, one row), or in their order, row after row (SQLite).
    """
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql as spoken
    else:
        from sqlalchemy.dialects import sqlite as spoken
    statement: Any = spoken.insert(entry)
    keys = [c.name for c in entry.primary_key]
    # what no version changes, and is in an index: that is left alone then
    fixed = {*keys, "group_key", "source"}
    others = {c.name: statement.excluded[c.name] for c in entry.c if c.name not in fixed}
    whole = statement.on_conflict_do_update(index_elements=keys, set_=others)
    paramstyle = "pyformat" if dialect == "postgresql" else "qmark"
    text = str(
        whole.compile(dialect=spoken.dialect(paramstyle=paramstyle), column_keys=entry.c.keys())
    )
    one = f"({', '.join('?' * len(entry.c))})"
    return text.replace(one, ", ".join([one] * rows))
