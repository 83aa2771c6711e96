"""What a run lays aside for a folder, and where in the folder's files each resource stands.

Both are in SQLite's temporary file: nothing is in memory for longer than a resource. The index
holds keys and places alone: to look something up, its own line is read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any, cast

import orjson

from alliance_fhir.errors import BadReply, Conflict
from alliance_fhir.fhir.bundle import Change
from alliance_fhir.fhir.reply import Found, Ours, found, own_key
from alliance_fhir.fhir.versions import Json
from alliance_fhir.received import once_parsed, parsed
from alliance_fhir.room import Spool
from alliance_fhir.targets.manifest import RESTORE

_BLOCK = 1 << 20


class Stage:
    """One generation of files, and what is to be changed in it."""

    def __init__(self, ours: Ours) -> None:
        self._ours = ours
        self._files: dict[str, IO[bytes]] = {}
        self._digests: dict[str, str] = {}
        self._edited: set[str] = set()
        self._staged = Spool(cache=16000)
        self._staged.execute("CREATE TABLE new (type, key, line, PRIMARY KEY (type, key))")
        self._staged.execute("CREATE TABLE old (type, key, start, length, number)")
        self._staged.execute("CREATE INDEX old_key ON old (type, key)")

    def clear(self) -> None:
        """Forgets the files, and what was laid aside."""
        self._staged.execute("DELETE FROM new")
        self._staged.execute("DELETE FROM old")
        self._digests.clear()
        self._edited.clear()
        self._let_go()

    def _let_go(self) -> None:
        while self._files:
            self._files.popitem()[1].close()

    def close(self) -> None:
        """Lets go of the files, and drops what was laid aside."""
        self._let_go()
        self._staged.close()

    def knows(self, type_: str) -> bool:
        """Whether the file of a type was looked through."""
        return type_ in self._digests

    def index(self, type_: str, path: Path, digest: str, *, edited: bool = False) -> int:
        """Looks through the file of a type, and says how many resources it holds.

        `digest` is what that of its bytes should be. Of a file that was `edited` every line is
        parsed strictly, so that no generation ever takes over what could not be read.
        Raises BadReply for a line that is no resource, OSError for a file that cannot be read.
        """
        self._staged.execute("DELETE FROM old WHERE type = ?", (type_,))
        if type_ in self._files:
            self._files.pop(type_).close()
        file = self._files[type_] = path.open("rb")
        rows = self._rows(type_, file, _strictly if edited else orjson.loads)
        count = self._staged.executemany("INSERT INTO old VALUES (?, ?, ?, ?, ?)", rows).rowcount
        if self._digests[type_] != digest:
            self._edited.add(type_)
        return count

    def _rows(
        self, type_: str, file: IO[bytes], parse: Callable[[bytes], Any]
    ) -> Iterator[tuple[str, str, int, int, int]]:
        digest = blake2b(digest_size=16)
        start = 0
        for number, line in enumerate(file, 1):
            digest.update(line)
            if not line.isspace():  # editors end files with a line of nothing
                try:
                    key = self._key(type_, parse(line))
                except (ValueError, BadReply):
                    raise _broken(_place(file, number)) from None
                yield type_, key, start, len(line), number
            start += len(line)
        self._digests[type_] = digest.hexdigest()

    def _key(self, type_: str, body: Any) -> str:
        """The key of what a line says; empty for what is none of ours. Raises BadReply."""
        if not isinstance(body, dict):
            raise BadReply("no object")
        resource = cast("Json", body)
        return own_key(resource, self._ours) if resource.get("resourceType") == type_ else ""

    def at(self, type_: str, key: str) -> list[Found]:
        """What stands under a key: what was laid aside for it, else what is in the file.

        A folder counts no versions; the digest of the content is in their place.
        """
        new = "SELECT line FROM new WHERE type = ? AND key = ?"
        for (line,) in self._staged.execute(new, (type_, key)):
            return [_versioned(found(once_parsed(line), self._ours))]
        return self.there(type_, key)

    def there(self, type_: str, key: str) -> list[Found]:
        """What the file holds under a key. Raises BadReply for what is no resource."""
        return [hit for hit, _ in self._lines(type_, key)]

    def body(self, type_: str, key: str) -> Json | None:
        """The one resource that the file holds under a key; None where that is none, or several."""
        lines = self._lines(type_, key)
        return lines[0][1] if len(lines) == 1 else None

    def _lines(self, type_: str, key: str) -> list[tuple[Found, Json]]:
        if type_ not in self._files:
            return []
        file = self._files[type_]
        parse = parsed if type_ in self._edited else once_parsed
        old = "SELECT start, length, number FROM old WHERE type = ? AND key = ? ORDER BY start"
        lines: list[tuple[Found, Json]] = []
        for start, length, number in self._staged.execute(old, (type_, key)):
            file.seek(start)
            try:
                body = parse(file.read(length))
                lines.append((_versioned(found(body, self._ours)), body))
            except (BadReply, RecursionError):
                raise _broken(_place(file, number)) from None
        return lines

    def put(self, change: Change) -> None:
        """Lays a change aside."""
        resource = change.resource
        row = (resource.type, resource.key, resource.json())
        self._staged.execute("INSERT OR REPLACE INTO new VALUES (?, ?, ?)", row)

    @property
    def types(self) -> list[str]:
        """The types of which something was laid aside."""
        query = "SELECT DISTINCT type FROM new ORDER BY type"
        return [row[0] for row in self._staged.execute(query)]

    def count(self, type_: str) -> int:
        """How many resources the new file of a type holds."""
        old = "SELECT count(*) FROM old WHERE type = ?"
        counted = (old, _ADDED.format("count(*)"))
        return sum(self._staged.execute(query, (type_,)).fetchone()[0] for query in counted)

    def merged(self, type_: str, old: Path | None) -> Iterator[bytes]:
        """The new file of a type: the old one with its changed lines replaced, then the new lines,
        in order of arrival. Raises Conflict where the old one is not the one any more that we saw.
        """
        if old:
            yield from self._replaced(type_, old)
        query = f"{_ADDED.format('line')} ORDER BY rowid"
        for (line,) in self._staged.execute(query, (type_,)):
            yield line + b"\n"

    def _replaced(self, type_: str, old: Path) -> Iterator[bytes]:
        digest = blake2b(digest_size=16)
        end = b"\n"
        with old.open("rb") as file:
            for start, length, line in self._staged.execute(_CHANGED, (type_,)):
                for block in _blocks(file, start - file.tell()):
                    digest.update(block)
                    yield block
                digest.update(file.read(length))
                yield line + b"\n"
            for block in _blocks(file, sys.maxsize):
                digest.update(block)
                yield block
                end = block[-1:]
        if end != b"\n":  # an editor took it away
            yield b"\n"
        if digest.hexdigest() != self._digests[type_]:
            raise Conflict(f"{old} was changed while we read it; nothing was written, run again")


_ADDED = (
    "SELECT {} FROM new WHERE type = ?"
    " AND NOT EXISTS (SELECT 1 FROM old WHERE old.type = new.type AND old.key = new.key)"
)
_CHANGED = (
    "SELECT start, length, line FROM new JOIN old USING (type, key) WHERE type = ? ORDER BY start"
)


def _blocks(file: IO[bytes], size: int) -> Iterator[bytes]:
    """So many bytes of a file from where it is, or fewer at its end."""
    while size and (block := file.read(min(size, _BLOCK))):
        size -= len(block)
        yield block


def _strictly(line: bytes) -> Json:
    orjson.loads(line)  # which, unlike `parsed`, has no byte order mark
    return parsed(line)


def _versioned(hit: Found) -> Found:
    return hit._replace(version=hit.digest)


def _place(file: IO[bytes], number: int) -> str:
    return f"{file.name}, line {number},"


def _broken(place: str) -> BadReply:
    return BadReply(f"{place} is no resource: it was cut off or damaged; {RESTORE}")
