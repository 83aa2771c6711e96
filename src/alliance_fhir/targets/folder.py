"""A folder as target: NDJSON by resource type, for looking, handing over and bulk loading.

A run writes new files beside the old ones and then swaps the manifest, in one atomic step: whoever
reads the folder through its manifest sees the old state or the new one, never a half. Nothing that
is written is in memory for longer than a resource; the index lives in SQLite's temporary file.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

from alliance_fhir.errors import BadReply, ConfigError
from alliance_fhir.fhir.bundle import Change
from alliance_fhir.fhir.elements import Person
from alliance_fhir.fhir.people import Resolution
from alliance_fhir.fhir.reply import Delivered, Found, Ours, found, own_key
from alliance_fhir.fhir.versions import Json, Version, version
from alliance_fhir.targets.base import Wanted

MANIFEST = "manifest.json"


class FolderTarget:
    """A folder of NDJSON. People stay logical references in it."""

    all_at_once = True
    people = False

    def __init__(self, folder: Path, ours: Ours, fhir_version: str = "") -> None:
        self._folder = folder
        self._ours = ours
        self.name = str(folder)
        self.identity = str(folder.resolve())
        self._manifest: Json = _read_manifest(folder)
        told = self._manifest.get("fhirVersion")
        if told and fhir_version and version(fhir_version) != version(told):
            raise ConfigError(f"{folder} holds FHIR {told}; another version needs another folder")
        self.version: Version = version(told or fhir_version or "4.0")
        self._staged = sqlite3.connect("")
        self._staged.execute("PRAGMA cache_size = -16000")
        self._staged.execute("CREATE TABLE new (type, key, line, PRIMARY KEY (type, key))")
        self._staged.execute(
            "CREATE TABLE old (type, key, id, version, digest, claimed, subject, at)"
        )
        self._staged.execute("CREATE INDEX old_key ON old (type, key)")
        self._indexed: set[str] = set()

    def resolve(self, persons: Iterable[Person]) -> Mapping[Person, Resolution]:
        """Nobody is looked for in a folder."""
        return {}

    def find(self, wanted: Sequence[Wanted]) -> Mapping[str, list[Found]]:
        """What the manifest's files hold under these keys."""
        for type_ in {one.type for one in wanted} - self._indexed:
            self._index(type_)
        answer: dict[str, list[Found]] = {}
        for one in wanted:
            query = "SELECT * FROM old WHERE type = ? AND key = ?"
            rows = self._staged.execute(query, (one.type, one.key)).fetchall()
            if rows:
                answer[one.key] = [Found(*row) for row in rows]
        return answer

    def _index(self, type_: str) -> None:
        if type_ in self._files():
            rows = (found(body, self._ours) for _, body in self._lines(type_))
            self._staged.executemany("INSERT INTO old VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        self._indexed.add(type_)

    def _files(self) -> dict[str, Json]:
        return self._manifest.get("files", {})

    def _lines(self, type_: str) -> Iterator[tuple[bytes, Json]]:
        """The lines of a type's file, each with what it says."""
        name = self._files()[type_]["path"]
        try:
            with (self._folder / name).open("rb") as file:
                for line in file:
                    yield line, _parsed(line, name)
        except OSError as error:
            raise BadReply(
                f"{name} is in the manifest and cannot be read: {error.strerror}"
            ) from None

    def deliver(
        self, changes: Sequence[Change], references: Mapping[tuple[str, str, str], str]
    ) -> list[Delivered]:
        """Lays the changes aside; they count when `finish` has returned."""
        rows = [(c.resource.type, c.resource.key, c.resource.json()) for c in changes]
        self._staged.executemany("INSERT OR REPLACE INTO new VALUES (?, ?, ?)", rows)
        return [Delivered(c, c.resource.key, "", c.resource.digest, existed=False) for c in changes]

    def finish(self) -> None:
        """Writes the new generation and swaps the manifest. Nothing changed: nothing is written."""
        types = [row[0] for row in self._staged.execute("SELECT DISTINCT type FROM new ORDER BY 1")]
        if not types:
            return
        generation = int(self._manifest.get("generation", 0)) + 1
        files = dict(self._files())
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for type_ in types:
                files[type_] = self._write(type_, f"{type_}.{generation:06}.ndjson")
            manifest: Json = {
                "fhirVersion": self.version.full,
                "generation": generation,
                "files": dict(sorted(files.items())),
            }
            _replace(self._folder / MANIFEST, json.dumps(manifest, indent=2).encode() + b"\n")
        except OSError as error:
            raise ConfigError(f"{self._folder} cannot be written: {error.strerror}") from None
        old = {told["path"] for told in self._files().values()}
        self._manifest = manifest
        self._staged.execute("DELETE FROM new")
        self._staged.execute("DELETE FROM old")  # the index was of the old generation
        self._indexed.clear()
        for name in old - {told["path"] for told in files.values()}:
            with suppress(OSError):  # a reader of the old generation may still hold it
                (self._folder / name).unlink()

    def _write(self, type_: str, name: str) -> Json:
        """The old file with its changed lines replaced, then the new lines, in order of arrival."""
        digest = blake2b(digest_size=16)
        count = 0
        part = self._folder / f"{name}.part"
        with part.open("wb") as file:
            for line in self._merged(type_):
                file.write(line)
                digest.update(line)
                count += 1
            _to_disk(file)
        part.replace(self._folder / name)
        return {"path": name, "count": count, "blake2b": digest.hexdigest()}

    def _merged(self, type_: str) -> Iterator[bytes]:
        take = "SELECT rowid, line FROM new WHERE type = ? AND key = ?"
        if type_ in self._files():
            for line, body in self._lines(type_):
                key = own_key(body, self._ours)
                row = self._staged.execute(take, (type_, key)).fetchone()
                yield line if row is None else row[1] + b"\n"
                if row is not None:
                    self._staged.execute("DELETE FROM new WHERE rowid = ?", (row[0],))
        rest = "SELECT line FROM new WHERE type = ? ORDER BY rowid"
        for (line,) in self._staged.execute(rest, (type_,)):
            yield line + b"\n"

    def close(self) -> None:
        """Lets go of what was laid aside."""
        self._staged.close()


def _read_manifest(folder: Path) -> Json:
    path = folder / MANIFEST
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file; a target is a folder or a server's URL")
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        strangers = folder.is_dir() and any(folder.iterdir())
        if strangers:
            raise ConfigError(
                f"{folder} is not empty and was not made by us; name another"
            ) from None
        return {}
    except (OSError, ValueError):
        raise ConfigError(f"{path} cannot be read as a manifest") from None


def _parsed(line: bytes, name: str) -> Json:
    from decimal import Decimal

    try:
        body: Any = json.loads(line, parse_float=Decimal)
    except ValueError:
        raise BadReply(f"{name} holds a line that is not JSON") from None
    if not isinstance(body, dict):
        raise BadReply(f"{name} holds a line that is no resource")
    return body  # pyright: ignore[reportUnknownVariableType]


def _replace(path: Path, content: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        _to_disk(file)
    part.replace(path)


def _to_disk(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())
