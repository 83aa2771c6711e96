"""The tables of the inbox, and the statements about them: built once, for every database that
SQLAlchemy speaks to."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    func,
    select,
    tuple_,
)

INBOX_VERSION = "2"
"""Raised with every migration of `migrations/inbox`."""

metadata = MetaData()
_NUMBER = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER counts by itself there

fact = Table(
    "inbox_fact",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", String(2048), nullable=False),
)
"""What is known of the inbox: its schema. Those of version 1 have no such table."""

message = Table(
    "inbox_message",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False, index=True),  # the appointment's business key
    Column("digest", String(64), nullable=False, unique=True),  # SHA-256 of the message
    Column("came", String(32), nullable=False),
    Column("run", String(32), nullable=False),  # that read it from a file; else empty
    Column("told", LargeBinary, nullable=False),  # zlib of the message, its segments parted by CR
)
"""Append-only, but that `undo` takes out what its run read; what somebody sent here as well is no
run's any more. `told` holds patients' data, which is why the file is its owner's alone."""

waiting = Table(
    "inbox_waiting",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("number", _NUMBER, nullable=False),  # of the message that came last
    Column("since", Float, nullable=False),  # seconds since 1970, as all times here
    Column("due", Float, nullable=False, index=True),
    Column("tries", Integer, nullable=False),
    Column("rule", String(64), nullable=False),  # why it waits; empty where nothing was tried yet
    sqlite_with_rowid=False,
)
"""The appointments of which the target has not all that was said."""

_SOME = bindparam("some", type_=String(), expanding=True)
DUE = (
    select(waiting)
    .where(waiting.c.due <= bindparam("now"))
    .order_by(waiting.c.due, waiting.c.since, waiting.c.number)
)
OF = (
    select(message.c.number, message.c.key, message.c.told, message.c.digest)
    .where(message.c.key.in_(_SOME))
    .order_by(message.c.number)
)
LAST = (
    select(message.c.key, func.max(message.c.number).label("number"))
    .where(message.c.key.in_(_SOME))
    .group_by(message.c.key)
)
OWN = (
    message.update()
    .where(message.c.digest.in_(_SOME), message.c.run != "")
    .values(run="")
    .returning(message.c.number, message.c.key)
)
"""What somebody sent, and may forget by now, is no run's any more."""
_OF_KEY = waiting.c.key == bindparam("of_key")
_SAME = (_OF_KEY, waiting.c.number == bindparam("of_number"))
_NOT_SAID_AGAIN = waiting.c.due == bindparam("of_due")
CHANGED = (
    waiting.update().where(_OF_KEY).values(number=bindparam("to_number"), due=0.0, tries=0, rule="")
)
FORSAKEN = waiting.delete().where(~select(message).where(message.c.key == waiting.c.key).exists())
SETTLED = waiting.delete().where(*_SAME)
POSTPONED = (
    waiting.update()
    .where(*_SAME, _NOT_SAID_AGAIN)
    .values(due=bindparam("to_due"), rule=bindparam("to_rule"), tries=waiting.c.tries + 1)
)
_TRIED = select(waiting.c.key).where(waiting.c.rule != "").order_by(waiting.c.key)
RETRIED = (
    waiting.update()
    .where(waiting.c.key.in_(_TRIED.with_for_update()))
    .values(due=bindparam("to_due"))
)
"""In order, as all that is written here: else two processes wait for each other."""
STORED = (message.c.number, message.c.key)
_AFTER = tuple_(bindparam("after", type_=Float()), bindparam("after_key", type_=String()))
_NEXT = (
    select(waiting)
    .where(tuple_(waiting.c.since, waiting.c.key) > _AFTER)
    .order_by(waiting.c.since, waiting.c.key)
    .limit(bindparam("most"))
    .subquery()
)
_NEWEST = select(func.max(message.c.number)).where(message.c.key == _NEXT.c.key).scalar_subquery()
_EACH = select(_NEXT, _NEWEST.label("newest")).subquery()
LISTED = (
    select(_EACH, message.c.came, message.c.told)
    .join(message, message.c.number == _EACH.c.newest)
    .order_by(_EACH.c.since, _EACH.c.key)
)
"""Those that wait, after a certain one of them, each with its newest message: a part at a time, as
they may be many, and a table that others write to is not to be held by whoever reads it."""
