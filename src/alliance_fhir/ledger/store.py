"""Reading and writing the ledger.

One row a version: it is written as `sent` before the request and settled after the reply, so that a
killed process is seen to have been in the middle of something, and of what.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from sqlalchemy import Integer, String, bindparam, create_engine, event, func, inspect, select
from sqlalchemy.exc import DBAPIError

from alliance_fhir.errors import ConfigError
from alliance_fhir.ledger.tables import SCHEMA_VERSION, entry, fact, metadata, run

_KEY = bindparam("of_key", type_=String())
_VERSION = bindparam("of_version", type_=Integer())
_INSERT = entry.insert()
_DELETE = entry.delete().where(entry.c.key == _KEY, entry.c.version == _VERSION)
_SUPERSEDE = (
    entry.update().where(entry.c.key == _KEY, entry.c.version < _VERSION).values(state="superseded")
)

ACKNOWLEDGED = ("created", "updated", "unchanged")
_MOST_KEYS = 500  # SQLite takes 999 variables in a statement


class Entry(NamedTuple):
    """A row of the ledger: one version of one resource, and what is known of it at the target."""

    key: str
    version: int
    type: str
    group_key: str
    source: str
    subject: str
    subject_at: str
    path: str
    row: int
    source_digest: str
    digest: str
    server_digest: str
    state: str
    server_id: str
    server_version: str
    run: str

    @property
    def acknowledged(self) -> bool:
        """Whether the target has confirmed this version."""
        return self.state in ACKNOWLEDGED

    def confirmed(self, state: str, id_: str, version: str, digest: str) -> Self:
        """The same, after the target has said where it is, in which version, and what it says."""
        return self._replace(
            state=state, server_id=id_, server_version=version, server_digest=digest
        )


class Ledger:
    """The ledger of one target; without `create`, where there is none, one that is soon forgotten.

    Nothing is durable before `commit`. Raises ConfigError where the ledger is of another target, of
    another key of identifiers, of another schema, or in use by another process.
    """

    def __init__(self, path: Path, target: str, fingerprint: str, *, create: bool = True) -> None:
        self.path = path
        there = create or path.exists()
        if there:
            _touch(path)
        url = f"sqlite:///{path}" if there else "sqlite://"
        self._engine = create_engine(url, connect_args={"timeout": 30})
        event.listen(self._engine, "connect", _for_sqlite)
        try:
            self._connection = self._engine.connect()
        except DBAPIError as error:
            self._engine.dispose()
            raise _unusable(path, error) from None
        try:
            self._make()
            self._check({"schema": SCHEMA_VERSION, "target": target, "key": fingerprint})
            self.commit()
        except DBAPIError as error:
            self.close()
            raise _unusable(path, error) from None
        except ConfigError:
            self.close()
            raise

    def _make(self) -> None:
        """The tables, all of them or none, where there are none yet.

        Raises ConfigError for a database that holds something else: it is left as it is.
        """
        ours = {table.name for table in metadata.sorted_tables}
        if ours <= self._tables():
            return
        if self._connection.dialect.name == "sqlite":  # it would commit each table by itself
            self._connection.exec_driver_sql("BEGIN IMMEDIATE")
        there = self._tables()
        if there and not ours <= there:
            raise ConfigError(
                f"{self.path}: this database is no ledger of alliance-fhir; name another file"
            )
        metadata.create_all(self._connection)
        self.commit()

    def _tables(self) -> set[str]:
        return set(inspect(self._connection).get_table_names())

    def _check(self, expected: dict[str, str]) -> None:
        known = {row.name: row.value for row in self._connection.execute(select(fact))}
        told = {
            "schema": "was made by another version of alliance-fhir",
            "target": "is of another target; each target has its own",
            "key": "was made with another secret key of the identifiers: with this one every "
            "record would be sent again under another identifier. Find the key that was used",
        }
        for name, value in expected.items():
            if name not in known:
                self._connection.execute(fact.insert().values(name=name, value=value))
            elif known[name] != value:
                raise ConfigError(f"{self.path}: this ledger {told[name]}.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the file; what was not committed is dropped."""
        self._connection.close()
        self._engine.dispose()

    def commit(self) -> None:
        """Makes all that was written so far durable."""
        try:
            self._connection.commit()
        except DBAPIError as error:
            raise _unusable(self.path, error) from None

    def begin_run(self, run_id: str, command: str, source: str) -> None:
        """Notes that a run began."""
        values = {"id": run_id, "command": command, "source": source, "started": _now()}
        self._execute(run.insert().values(values))

    def end_run(self, run_id: str) -> None:
        """Notes that a run came to its end."""
        self._execute(run.update().where(run.c.id == run_id).values(ended=_now()))

    def current(self, keys: Iterable[str]) -> dict[str, list[Entry]]:
        """The versions of these keys that are not superseded, oldest first."""
        found: dict[str, list[Entry]] = {}
        for some in _portions(list(keys)):
            query = (
                select(entry)
                .where(entry.c.key.in_(some), entry.c.state != "superseded")
                .order_by(entry.c.key, entry.c.version)
            )
            for row in self._execute(query):
                found.setdefault(row.key, []).append(Entry(*row))
        return found

    def superseded(self, key: str, digest: str) -> set[str]:
        """What the source said when this content was sent, where something newer was sent since.

        Digests; none where the content was never sent, or is what was sent last.
        """
        query = select(entry.c.source_digest).where(
            entry.c.key == key, entry.c.digest == digest, entry.c.state == "superseded"
        )
        return {row.source_digest for row in self._execute(query)}

    def members(self, source: str, groups: Sequence[str]) -> dict[str, set[str]]:
        """The keys of what is at the target, by group, but for Provenances."""
        found: dict[str, set[str]] = {}
        for some in _portions(list(groups)):
            query = select(entry.c.group_key, entry.c.key).where(
                entry.c.source == source,
                entry.c.group_key.in_(some),
                entry.c.state.in_(ACKNOWLEDGED),
                entry.c.type != "Provenance",
            )
            for row in self._execute(query):
                found.setdefault(row.group_key, set()).add(row.key)
        return found

    def write(self, entries: Sequence[Entry]) -> None:
        """Writes these versions, in place of what stood under their keys and versions."""
        if entries:
            self._execute(_DELETE, [{"of_key": e.key, "of_version": e.version} for e in entries])
            self._execute(_INSERT, [e._asdict() for e in entries])

    def settle(self, entries: Sequence[Entry]) -> None:
        """Acknowledged versions: every older version of their keys is superseded by them."""
        self.write(entries)
        later = [{"of_key": e.key, "of_version": e.version} for e in entries if e.version > 1]
        if later:
            self._execute(_SUPERSEDE, later)

    def forget(self, entries: Iterable[Entry]) -> None:
        """Versions that were never sent after all, or that the target did not take."""
        told = [{"of_key": e.key, "of_version": e.version} for e in entries]
        if told:
            self._execute(_DELETE, told)

    def unanswered(self, source: str, groups: Iterable[str]) -> list[Entry]:
        """The Provenances of these groups that were sent, and that nobody heard of again."""
        found: list[Entry] = []
        for some in _portions(list(groups)):
            query = select(entry).where(
                entry.c.source == source,
                entry.c.group_key.in_(some),
                entry.c.type == "Provenance",
                entry.c.state == "sent",
            )
            found.extend(Entry(*row) for row in self._execute(query))
        return found

    def expected(self, size: int = 200) -> Iterator[list[list[Entry]]]:
        """All that should be at the target, or may be: by type, in portions.

        One list a resource: the version that was acknowledged, the one that is on its way, or both.
        """
        types = self._execute(select(entry.c.type).distinct().order_by(entry.c.type))
        for type_ in [row.type for row in types]:
            yield from self._expected(type_, size)

    def _expected(self, type_: str, size: int) -> Iterator[list[list[Entry]]]:
        live = entry.c.state.in_((*ACKNOWLEDGED, "sent"))
        ordered = select(entry).order_by(entry.c.key, entry.c.version)  # as they lie: no sorting
        after = ""
        while True:
            query = ordered.where(entry.c.type == type_, live, entry.c.key > after)
            rows = [Entry(*row) for row in self._execute(query.limit(size))]
            same = [list(some) for _, some in groupby(rows, lambda one: one.key)]
            if not rows:
                return
            if len(rows) == size:  # another version of the last one may follow
                if len(same) == 1:
                    size *= 2
                    continue
                same.pop()
            yield same
            after = same[-1][-1].key

    def groups(self, source: str) -> Iterator[Entry]:
        """One entry for each group of a source that is at the target."""
        query = (
            select(*[func.min(column).label(column.name) for column in entry.c])
            .where(entry.c.source == source, entry.c.state.in_(ACKNOWLEDGED))
            .where(entry.c.group_key != "")
            .group_by(entry.c.group_key)
            .order_by(func.min(entry.c.path), func.min(entry.c.row))
        )
        return (Entry(*row) for row in self._execute(query))

    def _execute(self, statement: Any, *told: Any) -> Any:
        try:
            return self._connection.execute(statement, *told)
        except DBAPIError as error:
            raise _unusable(self.path, error) from None


def _touch(path: Path) -> None:
    """Makes the file here, so that nobody else can read it even for a moment."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise ConfigError(f"{path}: the ledger cannot be written: {error.strerror}") from None


def _for_sqlite(connection: Any, record: object) -> None:
    """Readers do not wait for writers, and a commit is on disk but for a power cut."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _unusable(path: Path, error: DBAPIError) -> ConfigError:
    reason = str(error.orig)
    if "locked" in reason:
        reason = "another process is using it; wait for it to end"
    return ConfigError(f"{path}: the ledger cannot be used: {reason}")


def _portions(keys: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), _MOST_KEYS):
        yield keys[start : start + _MOST_KEYS]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
