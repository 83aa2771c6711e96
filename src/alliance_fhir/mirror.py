"""A folder of what was pulled: NDJSON, one file a type, and `pull.json` that says how far it goes.

While a pull runs, everything that came lies in one SQLite file beside them, a page a transaction:
so a pull that is killed goes on where it was, the newest version of a resource takes the place of
an older one, and memory stays flat. The NDJSON files come to be when all of it is there. Only their
owner can read any of it.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Literal, NamedTuple

from alliance_fhir.errors import BadReply, ConfigError
from alliance_fhir.paths import is_there
from alliance_fhir.received import Json, parsed, part, text
from alliance_fhir.room import unwritable
from alliance_fhir.targets.lock import FolderLock
from alliance_fhir.targets.manifest import MANIFEST, to_disk

STATE = "pull.json"
_WORK = ".pull.sqlite"
_AFTER = "it goes on where it was, and nothing is lost"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS request (told TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS progress (type TEXT PRIMARY KEY, told TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS resource (
    number INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT NOT NULL, version TEXT NOT NULL,
    updated TEXT NOT NULL, kept INTEGER NOT NULL, body BLOB, UNIQUE (type, id)
);
CREATE INDEX IF NOT EXISTS resource_kept ON resource (type, kept);
"""


class Copy(NamedTuple):
    """A resource as it came: `version` and `updated` are the server's, nothing where it has none.

    `body` is its JSON, and nothing where it is none of those that are kept.
    """

    id: str
    version: str
    updated: str
    body: bytes | None


Came = Literal["new", "newer", "same"]


@dataclass
class Progress:
    """How far a pull of one type is. `spot` is where the next page is; `way` how it is asked for.

    `started` is the server's time at the first page, `updated` the latest change that came.
    """

    way: int = 0
    spot: Json | None = None
    done: bool = False
    started: str = ""
    updated: str = ""
    asked: int = 0
    doubled: int = 0
    counted: list[int] = field(default_factory=list[int])


def owner_only(path: Path) -> IO[bytes]:
    """A new, empty file that only its owner can read; what stood there is gone."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


class Mirror:
    """The folder, locked. Raises ConfigError where it is not to be written, or is something else.

    `origin` is where its resources come from. `request` is what is asked: a pull that was cut off
    is gone on with where it asked for the same.
    """

    def __init__(self, folder: Path, origin: str, request: Json) -> None:
        self._folder = folder
        self._origin = origin
        if is_there(folder / MANIFEST):
            raise ConfigError(f"{folder} is a target of sync; name another folder")
        self._lock = FolderLock(folder)
        fresh = not is_there(folder)
        self._lock.take()
        try:
            if fresh:
                folder.chmod(0o700)
            self.state = self._read_state()
            self._database = self._opened({"from": origin, **request})
        except BaseException:
            self._lock.release()
            raise

    def _read_state(self) -> Json:
        path = self._folder / STATE
        if not path.exists():
            if (self._folder / _WORK).exists() or not list(self._folder.glob("*.ndjson")):
                return {}
            raise ConfigError(f"{self._folder} holds NDJSON that was not pulled; name another")
        try:
            state = parsed(path.read_bytes())
            since = {type_: text(part(state, "types"), type_) for type_ in part(state, "types")}
        except (BadReply, OSError):
            raise ConfigError(f"{path} cannot be read; remove it and pull everything") from None
        if state.get("from") != self._origin:
            raise ConfigError(f"{self._folder} holds what came from elsewhere; name another folder")
        return {"everybody": state.get("everybody") is True, "types": since}

    def _opened(self, request: Json) -> sqlite3.Connection:
        told = json.dumps(request, sort_keys=True)
        path = self._folder / _WORK
        with self._mending():
            if not path.exists():
                owner_only(path).close()
            database = sqlite3.connect(path, isolation_level=None)
            database.execute("PRAGMA cache_size = -16000")
            database.executescript(_SCHEMA)
            if database.execute("SELECT told FROM request").fetchall() != [(told,)]:
                database.executescript(
                    "DELETE FROM request; DELETE FROM progress; DELETE FROM resource;"
                )
                database.execute("INSERT INTO request VALUES (?)", (told,))
        return database

    @contextmanager
    def _mending(self) -> Generator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise unwritable(self._folder, error, _AFTER) from None

    def progress(self, type_: str) -> Progress:
        """How far an earlier pull came with this type."""
        query = "SELECT told FROM progress WHERE type = ?"
        with self._mending():
            row = self._database.execute(query, (type_,)).fetchone()
        return Progress(**json.loads(row[0])) if row else Progress()

    @contextmanager
    def page(self) -> Generator[None]:
        """What is put and noted meanwhile is there as a whole, or not at all."""
        with self._mending():
            self._database.execute("BEGIN")
            try:
                yield
            except BaseException:
                if self._database.in_transaction:  # without room, SQLite has dropped it by itself
                    self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def note(self, type_: str, progress: Progress) -> None:
        """How far we are."""
        told = json.dumps(asdict(progress))
        with self._mending():
            self._database.execute("INSERT OR REPLACE INTO progress VALUES (?, ?)", (type_, told))

    def put(self, type_: str, copy: Copy) -> Came:
        """A resource that came; of two versions the newer one stays."""
        query = "SELECT version, updated FROM resource WHERE type = ? AND id = ?"
        known = self._database.execute(query, (type_, copy.id)).fetchone()
        if known and not _newer(copy, *known):
            return "same"
        query = "INSERT OR REPLACE INTO resource VALUES (NULL, ?, ?, ?, ?, ?, ?)"
        kept = copy.body is not None
        self._database.execute(query, (type_, *copy[:3], kept, copy.body))
        return "newer" if known else "new"

    def count(self, type_: str) -> tuple[int, int]:
        """How many came that are kept, and how many that are not."""
        query = "SELECT total(kept), count(*) FROM resource WHERE type = ?"
        with self._mending():
            kept, everything = self._database.execute(query, (type_,)).fetchone()
        return int(kept), everything - int(kept)

    def finish(
        self, types: dict[str, str], changed: set[str], *, everybody: bool
    ) -> dict[str, int]:
        """Gives the files their names, and says how many resources each holds.

        `types` are those pulled, with the instant from which on the next pull is to ask for
        changes, or nothing. Of those that are `changed` only, what was there before stays, but for
        what came anew.
        """
        files: dict[str, int] = {}
        with self._mending():
            for type_ in types:
                files[type_] = self._write(type_, merged=type_ in changed)
            for type_ in types:
                part_ = self._part(type_)
                part_.replace(self.file(type_))
            before = self.state if self.state.get("everybody") is everybody else {}
            told = {**part(before, "types"), **types}
            state = {"from": self._origin, "everybody": everybody, "types": told}
            with owner_only(self._folder / f".{STATE}.part") as file:
                file.write(json.dumps(state, indent=2).encode() + b"\n")
                to_disk(file)
            (self._folder / f".{STATE}.part").replace(self._folder / STATE)
            self._database.close()
            (self._folder / _WORK).unlink()
        return files

    def file(self, type_: str) -> Path:
        """Where the resources of a type are, once they are there."""
        return self._folder / f"{type_}.ndjson"

    def _part(self, type_: str) -> Path:
        return self._folder / f".{type_}.ndjson.part"

    def _write(self, type_: str, *, merged: bool) -> int:
        count = 0
        with owner_only(self._part(type_)) as file:
            old = self._old(type_) if merged else iter(())
            query = "SELECT body FROM resource WHERE type = ? AND kept ORDER BY number"
            new = (body for (body,) in self._database.execute(query, (type_,)))
            for line in (line for lines in (old, new) for line in lines):
                file.write(line + b"\n")
                count += 1
            to_disk(file)
        return count

    def _old(self, type_: str) -> Iterator[bytes]:
        """What was there before and did not come anew."""
        query = "SELECT 1 FROM resource WHERE type = ? AND id = ?"
        for line in lines_of(self.file(type_)):
            id_ = text(parsed(line), "id")
            if not self._database.execute(query, (type_, id_)).fetchone():
                yield line

    def close(self) -> None:
        """Lets go of the folder; what came so far stays for the next pull."""
        with suppress(sqlite3.Error):
            self._database.close()
        self._lock.release()


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of an NDJSON file, which need not be there."""
    if path.exists():
        with path.open("rb") as file:
            yield from (line.rstrip(b"\n") for line in file if line.strip())


def _newer(copy: Copy, version: str, updated: str) -> bool:
    """Whether a copy is of a later version than the one that is known."""
    if copy.version == version and copy.updated == updated:
        return False
    if copy.updated != updated:
        return copy.updated > updated
    if copy.version.isdecimal() and version.isdecimal():
        return int(copy.version) > int(version)
    return True  # which came later, as versions are opaque
