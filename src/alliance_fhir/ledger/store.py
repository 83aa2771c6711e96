"""Reading and writing the ledger.

One row a version: it is written as `sent` before the request and settled after the reply, so that a
killed process is seen to have been in the middle of something, and of what.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Integer, String, bindparam, func, not_, or_, select

from alliance_fhir.domain.records import now
from alliance_fhir.ledger.claims import Claims
from alliance_fhir.ledger.database import Database, portions
from alliance_fhir.ledger.entries import ACKNOWLEDGED, LIVE, PROOF, Entry
from alliance_fhir.ledger.place import FORGOTTEN, Place, place_of
from alliance_fhir.ledger.schema import is_empty, prepare
from alliance_fhir.ledger.statuses import Statuses
from alliance_fhir.ledger.tables import document, entry, fact, run
from alliance_fhir.ledger.visits import Visits
from alliance_fhir.locks import FileLock
from alliance_fhir.paths import is_there

_KEY = bindparam("of_key", type_=String())
_NAME = bindparam("of_name", type_=String())
_VERSION = bindparam("of_version", type_=Integer())
_DELETE = entry.delete().where(entry.c.key == _KEY, entry.c.version == _VERSION)
_SUPERSEDE = (
    entry.update().where(entry.c.key == _KEY, entry.c.version < _VERSION).values(state="superseded")
)

# built once: SQLAlchemy takes longer to put a query together than SQLite to answer it
_SOME = bindparam("some", type_=String(), expanding=True)
_OF_SOURCE = bindparam("of_source", type_=String())
_CURRENT = (
    select(entry)
    .where(entry.c.key.in_(_SOME), entry.c.state != "superseded")
    .order_by(entry.c.key, entry.c.version)
)

_OF_GROUPS = (entry.c.source == _OF_SOURCE, entry.c.group_key.in_(_SOME))
_NO_PROOF = or_(entry.c.type != "Provenance", entry.c.key.notlike(f"%{PROOF}%"))
_UNANSWERED = select(entry).where(*_OF_GROUPS, not_(_NO_PROOF), entry.c.state == "sent")
_STANDING = select(entry).where(
    *_OF_GROUPS,
    entry.c.state != "superseded",
    or_(_NO_PROOF, entry.c.state == "sent"),
)
_ORDER = (entry.c.key, entry.c.version)
_by_version = attrgetter("version")
_SEEN = "-seen"
"""What a group's documents that were not sent, but seen at the target, are kept under."""


class Ledger:
    """The ledger of one target; without `create`, where there is none, one that is soon forgotten.

    The threads of a process may share it. Nothing is durable before `commit`, or the end of a unit
    (`together`). Raises ConfigError where the ledger is of another target, of another key of
    identifiers, of a newer schema, in use by another process, or not to be written.
    """

    def __init__(
        self, place: str | Path, target: str, fingerprint: str, *, create: bool = True
    ) -> None:
        at = place_of(place)
        self.name = at.name
        database = _opened(at, create=create)
        self.kept = database is not None
        """Whether it is there, or will be; else it is forgotten with this object."""
        self._lock: FileLock | None = None
        self._claims: Claims | None = None
        self._database = database or Database(Place(at.name, FORGOTTEN))
        self.visits = Visits(self._database)
        self.statuses = Statuses(self._database)
        try:
            prepare(self._database, at, {"target": target, "key": fingerprint})
        except BaseException:
            self.close()
            raise
        if at.file and self.kept:
            self._lock = _lock_of(at.file)
        if not self._database.is_sqlite:
            self._claims = Claims(self._database.engine, at.name)

    @property
    def shared(self) -> bool:
        """Whether several processes may write to it at a time, each what it has a claim on."""
        return self._claims is not None

    def claim(self, key: str) -> AbstractContextManager[None]:
        """Keeps every other process, and other threads, from dealing with this key meanwhile.

        It is free again when this process ends, in whatever way. Nothing is to be claimed where a
        run has the ledger to itself.
        """
        return self._claims.claim(key) if self._claims else nullcontext()

    def alone(self) -> AbstractContextManager[bool]:
        """Whether no other run is on its way with this ledger, so that what its records refer to is
        needed by nobody; whoever begins one meanwhile waits. A file is one run's alone anyway."""
        return self._claims.alone() if self._claims else nullcontext(True)

    def hurry(self) -> None:
        """Nobody waits for a claim any longer: the run is broken off. For another thread."""
        if self._claims:
            self._claims.hurry()

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
        """Lets go of it; what was not committed is dropped."""
        if self._claims:
            self._claims.close()
        self._database.close()
        if self._lock:
            self._lock.release()

    def commit(self) -> None:
        """Makes all that was written so far durable; within a unit that comes at its end."""
        self._database.commit()

    def together(self, *, commit: bool = True, soon: bool = False) -> AbstractContextManager[None]:
        """Makes what follows one unit: no other thread does anything to the ledger meanwhile.

        It is committed at its end (with `commit`), or dropped whole where it is cut off. A unit
        within a unit is part of it. Nothing slow belongs into one: no request to a server.
        Where it need not be durable at once but `soon`, it may be so with the next unit that is
        committed, or as soon as anybody asks for anything.
        """
        return self._database.together(commit=commit, soon=soon)

    def anew(self) -> None:
        """For whoever goes on after a failure: what was not committed is dropped, and connections
        that were lost are made again. Nobody may be in the middle of a unit."""
        if self._claims:
            self._claims.close()
        self._database.anew()

    def begin_listening(self) -> None:
        """A ledger in a file is this process's alone from now on. Raises ConfigError where another
        run has it."""
        if self._lock:
            self._lock.take()

    def begin_run(self, run_id: str, command: str, source: str) -> None:
        """Notes that a run began. A ledger in a file is this run's alone from now on; on PostgreSQL
        nobody is `alone` with it until this run has let go of it.

        Raises ConfigError where another run has it.
        """
        if self._lock:
            self._lock.take()
        if self._claims:
            self._claims.join()
        values = {"id": run_id, "command": command, "source": source, "started": now()}
        self._database.write(run.insert(), [values])

    def end_run(self, run_id: str) -> None:
        """Notes that a run came to its end."""
        self._database.write(run.update().where(run.c.id == run_id).values(ended=now()))

    def fact(self, name: str) -> str:
        """What was noted under this name; empty where nothing was."""
        rows = self._database.read(select(fact.c.value).where(fact.c.name == name))
        return next((str(row.value) for row in rows), "")

    def note(self, name: str, value: str) -> None:
        """Notes something of the target, in place of what stood under this name."""
        with self._database.together(commit=False):
            self._database.write(fact.delete().where(fact.c.name == _NAME), [{"of_name": name}])
            if value:
                self._database.write(fact.insert(), [{"name": name, "value": value}])

    def current(self, keys: Iterable[str]) -> dict[str, list[Entry]]:
        """The versions of these keys that are not superseded, oldest first."""
        found: dict[str, list[Entry]] = {}
        for some in portions(list(keys)):
            for row in self._database.read(_CURRENT, {"some": some}):
                one = Entry._make(row)
                found.setdefault(one.key, []).append(one)
        return found

    def superseded(self, key: str, digest: str) -> set[str]:
        """What the source said when this content was sent, where something newer was sent since.

        Digests; none where the content was never sent, or is what was sent last.
        """
        query = select(entry.c.source_digest).where(
            entry.c.key == key, entry.c.digest == digest, entry.c.state == "superseded"
        )
        return {row.source_digest for row in self._database.read(query)}

    def standing(self, source: str, groups: Sequence[str]) -> dict[str, list[Entry]]:
        """By group what `current` and `unanswered` say of it, in one look: the versions that are
        not superseded, the oldest of a key first, and the Provenances that nobody heard of."""
        found: dict[str, list[Entry]] = {}
        for some in portions(list(groups)):
            rows = self._database.read(_STANDING, {"some": some, "of_source": source})
            for one in sorted(map(Entry._make, rows), key=_by_version):
                found.setdefault(one.group_key, []).append(one)
        return found

    def write(self, entries: Sequence[Entry]) -> None:
        """Writes these versions, in place of what stood under their keys and versions."""
        if entries:
            self._database.put(entries)

    def settle(self, entries: Sequence[Entry]) -> None:
        """Acknowledged versions: every older version of their keys is superseded by them."""
        later = [{"of_key": e.key, "of_version": e.version} for e in entries if e.version > 1]
        if not later:
            self.write(entries)
            return
        with self._database.together(commit=False):
            self.write(entries)
            self._database.write(_SUPERSEDE, later)

    def forget(self, entries: Iterable[Entry]) -> None:
        """Versions that were never sent after all, or that the target did not take."""
        told = [{"of_key": e.key, "of_version": e.version} for e in entries]
        if told:
            self._database.write(_DELETE, told)

    def unanswered(self, source: str, groups: Iterable[str]) -> list[Entry]:
        """The Provenances of these groups that were sent, and that nobody heard of again."""
        found: list[Entry] = []
        for some in portions(list(groups)):
            rows = self._database.read(_UNANSWERED, {"some": some, "of_source": source})
            found.extend(map(Entry._make, rows))
        return found

    def expected(self, size: int = 200) -> Iterator[list[list[Entry]]]:
        """All that should be at the target, or may be: by type, in portions.

        One list a resource: the version that was acknowledged, the one that is on its way, or both.
        """
        types = self._database.read(select(entry.c.type).distinct().order_by(entry.c.type))
        for type_ in [row.type for row in types]:
            yield from self._expected(type_, size)

    def _expected(self, type_: str, size: int) -> Iterator[list[list[Entry]]]:
        live = entry.c.state.in_(LIVE)
        ordered = select(entry).order_by(entry.c.key, entry.c.version)  # as they lie: no sorting
        after = ""
        while True:
            query = ordered.where(entry.c.type == type_, live, entry.c.key > after)
            rows = [Entry(*row) for row in self._database.read(query.limit(size))]
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

    def rename(self, key: str, new: str) -> None:
        """Gives all versions of a key another one."""
        self._database.write(entry.update().where(entry.c.key == key).values(key=new))

    def drop(self, keys: Iterable[str]) -> None:
        """Forgets all versions of these keys: they are at the target no more."""
        for some in portions(list(keys)):
            self._database.write(entry.delete().where(entry.c.key.in_(some)))

    def of_groups(self, groups: Iterable[str]) -> list[Entry]:
        """What is at the target of these groups, or may be; retracted things too."""
        return self._live(entry.c.group_key, list(groups))

    def at(self, type_: str, id_: str) -> list[Entry]:
        """What the target keeps under this id."""
        return [one for one in self._live(entry.c.server_id, [id_]) if one.type == type_]

    def _live(self, column: Any, values: Sequence[str]) -> list[Entry]:
        found: list[Entry] = []
        for some in portions(list(values)):
            query = select(entry).where(column.in_(some), entry.c.state.in_(LIVE))
            found += [Entry(*row) for row in self._database.read(query.order_by(*_ORDER))]
        return found

    def of_run(self, run_id: str) -> Iterator[Entry]:
        """What a run made or changed, by group; superseded versions too."""
        by = (entry.c.made_by == run_id) | (entry.c.run == run_id)
        query = select(entry).where(by).order_by(entry.c.group_key, *_ORDER)
        return (Entry(*row) for row in self._database.stream(query))

    def history(self, key: str) -> list[Entry]:
        """All versions of a key, superseded ones too, the oldest first."""
        query = select(entry).where(entry.c.key == key).order_by(entry.c.version)
        return [Entry(*row) for row in self._database.read(query)]

    def documents(self, key: str) -> dict[int, str]:
        """The documents of a group that were sent, by version."""
        query = select(document).where(document.c.key == key).order_by(document.c.number)
        return {row.version: row.text for row in self._database.read(query)}

    def keep(self, key: str, documents: Iterable[tuple[int, str]], run_id: str) -> None:
        """Keeps documents of a group as sent by a run; what is kept as it is already is not."""
        known = self.documents(key)
        new = [(version, text) for version, text in documents if known.get(version) != text]
        if new:
            rows = [{"key": key, "version": v, "run": run_id, "text": text} for v, text in new]
            self._database.write(document.insert(), rows)

    def plans(self, source: str) -> Iterator[tuple[str, str]]:
        """The plans of a source of which documents are kept: what stands for the patient in their
        rows, and the key of each."""
        kept = select(document.c.key).distinct().scalar_subquery()
        query = select(entry.c.subject, entry.c.group_key).distinct()
        query = query.where(entry.c.source == source, entry.c.group_key.in_(kept))
        for row in self._database.stream(query):
            yield row.subject, row.group_key

    def seen(self, key: str) -> list[str]:
        """The documents of a group as they stood at the target when somebody was asked about it."""
        return [*self.documents(f"{key}{_SEEN}").values()]

    def see(self, key: str, text: str, run_id: str) -> None:
        """Keeps a document as it stands at the target; one that is kept is not kept again."""
        known = self.documents(f"{key}{_SEEN}")
        if text not in known.values():
            self.keep(f"{key}{_SEEN}", [(max(known, default=0) + 1, text)], run_id)

    def unsee(self, key: str) -> None:
        """Drops the documents of a group that were seen: something newer was sent."""
        self._database.write(document.delete().where(document.c.key == f"{key}{_SEEN}"))

    def kept_by(self, run_id: str) -> set[str]:
        """The groups of which documents are kept as sent or seen by this run."""
        query = select(document.c.key).where(document.c.run == run_id).distinct()
        return {row.key.removesuffix(_SEEN) for row in self._database.read(query)}

    def unkeep(self, key: str, run_id: str = "") -> None:
        """Drops the documents of a group: those that this run sent or saw, or all of them."""
        gone = document.delete().where(document.c.key.in_([key, f"{key}{_SEEN}"]))
        self._database.write(gone.where(document.c.run == run_id) if run_id else gone)

    def runs(self) -> list[tuple[str, str, str, str]]:
        """The runs that wrote: id, command, when each began and ended; the last one first."""
        query = select(run.c.id, run.c.command, run.c.started, run.c.ended)
        rows = self._database.read(query.order_by(run.c.started.desc()))
        return [(row.id, row.command, row.started, row.ended or "") for row in rows]

    def groups(self, source: str) -> Iterator[Entry]:
        """One entry for each group of a source that is at the target."""
        query = (
            select(*[func.min(column).label(column.name) for column in entry.c])
            .where(entry.c.source == source, entry.c.state.in_(ACKNOWLEDGED))
            .where(entry.c.group_key != "", entry.c.type != "Provenance")
            .group_by(entry.c.group_key)
            .order_by(func.min(entry.c.path), func.min(entry.c.row))
        )
        return (Entry(*row) for row in self._database.stream(query))


def _lock_of(file: Path) -> FileLock:
    """What a run has that uses the file. It is a file of its own, as SQLite locks the ledger's."""
    lock = file.with_name(f"{file.name}.lock")
    held = f"{file}: another run, or a listener, is using this ledger"
    return FileLock(lock, f"{lock}: the ledger's lock", held)


def _opened(place: Place, *, create: bool) -> Database | None:
    """What is at a place; None where nothing is, and nothing is to be made."""
    if place.file and not create and not is_there(place.file):
        return None
    place.touch()
    database = Database(place)
    try:
        if create or not is_empty(database):
            return database
    except BaseException:
        database.close()
        raise
    database.close()
    return None
