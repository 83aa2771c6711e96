"""A folder as target: NDJSON by resource type, for looking, handing over and bulk loading.

A run writes new files beside the old ones and then swaps the manifest, in one atomic step: whoever
reads the folder through its manifest sees the old state or the new one, never a half. One run at a
time writes; it looks at every file before it begins, and at every resource before it replaces one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from alliance_fhir.domain.records import Identifier
from alliance_fhir.errors import BadReply, ConfigError, Conflict
from alliance_fhir.fhir.bundle import Change
from alliance_fhir.fhir.elements import Person
from alliance_fhir.fhir.people import Resolution
from alliance_fhir.fhir.reply import Delivered, Found, Ours
from alliance_fhir.fhir.versions import Json, Version, version
from alliance_fhir.paths import is_text, shown
from alliance_fhir.room import unwritable
from alliance_fhir.targets.base import Wanted
from alliance_fhir.targets.lock import FolderLock
from alliance_fhir.targets.manifest import (
    Manifest,
    Told,
    file_name,
    leftovers,
    new_file,
    read,
    to_disk,
)
from alliance_fhir.targets.stage import Stage

_AFTER = "it is as it was before, and nothing will be there twice"


class FolderTarget:
    """A folder of NDJSON. People stay logical references in it."""

    all_at_once = True
    people = False
    atomic = True
    lanes = 0
    status_only = False
    their_statuses = None
    validator = None

    def __init__(self, folder: Path, ours: Ours, fhir_version: str = "") -> None:
        self._folder = folder
        self._manifest = read(folder)
        self.name = str(folder)
        self.identity = whole(folder)
        told = self._manifest.fhir_version
        if told and fhir_version and version(fhir_version) != version(told):
            raise ConfigError(f"{folder} holds FHIR {told}; another version needs another folder")
        self.version: Version = version(told or fhir_version or "4.0")
        self._lock = FolderLock(folder)
        self._stage = Stage(ours)

    def recall(self, told: str) -> None:
        """Nothing to know of a folder."""

    def remembered(self) -> str:
        """Nothing to know of a folder."""
        return ""

    def begin(self, *, writing: bool) -> None:
        """Looks at every file of the folder as it is now, which is nobody else's to write to.

        Raises ConfigError where another run writes, BadReply for a file that was cut off.
        """
        if writing:
            self._lock.take()
        self._renew(read(self._folder))
        self._check()

    def _check(self) -> None:
        for type_, told in self._manifest.files.items():
            path = self._folder / told.path
            try:
                if _digest(path) == told.blake2b:
                    continue
                count = self._stage.index(type_, path, told.blake2b, edited=True)
            except OSError as error:
                self._move_on(told, error)
                return self._check()
            if count < told.lines:
                raise BadReply(
                    f"{path} holds {count} resources, and the manifest counts {told.lines}: it was "
                    "cut off, or lines were removed. Restore it from a copy; if they were removed "
                    f"on purpose, write {count} as its count in the manifest"
                )
        return None

    def _move_on(self, told: Told, error: OSError) -> None:
        """Turns to the generation that another run has made since we read the manifest.

        Raises BadReply where there is none: the file is missing, or not to be read.
        """
        now = read(self._folder)
        if self._lock.held or now.generation == self._manifest.generation:
            raise BadReply(
                f"{told.path} is in the manifest and cannot be read: {error.strerror}"
            ) from None
        self._renew(now)

    def _renew(self, manifest: Manifest) -> None:
        """From now on it is this generation."""
        told = manifest.fhir_version
        if told and version(told) != self.version:
            raise ConfigError(f"{self._folder} holds FHIR {told} since a moment; run again")
        self._manifest = manifest
        self._stage.clear()

    def takes(self, type_: str, state: str) -> bool:
        """A folder takes everything."""
        return True

    def resolve(self, persons: Iterable[Person]) -> Mapping[Person, Resolution]:
        """Nobody is looked for in a folder."""
        return {}

    def find(self, wanted: Sequence[Wanted]) -> Mapping[str, list[Found]]:
        """What the manifest's files hold under these keys, and what was delivered since."""
        self._look({one.type for one in wanted})
        hits = {one.key: self._stage.at(one.type, one.key) for one in wanted}
        return {key: found for key, found in hits.items() if found}

    def others(self, numbers: Iterable[Identifier]) -> Mapping[Identifier, Found]:
        """None: in a folder is what was synced to it."""
        return {}

    def has_none(self, type_: str) -> bool:
        """Nothing is known of that: looking costs next to nothing here."""
        return False

    def _look(self, types: set[str]) -> None:
        """Looks through the files of these types, where that was not done yet."""
        for type_ in types:
            told = self._manifest.files.get(type_)
            if told and not self._stage.knows(type_):
                try:
                    self._stage.index(type_, self._folder / told.path, told.blake2b)
                except OSError as error:
                    self._move_on(told, error)
                    return self._look(types)  # all of them: they are others now
        return None

    def read(self, hit: Found, version: str = "") -> Json | None:
        """What was found, whole; a folder keeps no earlier versions."""
        return None if version else self._stage.body(hit.type, hit.key)

    def deliver(
        self, changes: Sequence[Change], references: Mapping[tuple[str, str, str], str]
    ) -> list[Delivered]:
        """Lays the changes aside; they count when `finish` has returned.

        Raises Conflict where what is to be changed is not what it was.
        """
        self._look({change.resource.type for change in changes})
        answers = [self._answer(change) for change in changes]
        for answer in answers:
            if not answer.existed:
                self._stage.put(answer.change)
        return answers

    def _answer(self, change: Change) -> Delivered:
        resource, new = change.resource, change.state == "created"
        there = (self._stage.there if new else self._stage.at)(resource.type, resource.key)
        if new and len(there) == 1:
            return Delivered(change, resource.key, there[0].version, there[0].digest, existed=True)
        if [hit.version for hit in there] != ([] if new else [change.version]):
            raise Conflict(f"{self._folder} holds something else than it did")
        return Delivered(change, resource.key, resource.digest, resource.digest, existed=False)

    def pause(self, seconds: float) -> None:
        """Nothing to wait for: what was laid aside is seen at once."""

    def hurry(self) -> None:
        """Nobody waits."""

    def admit(self, count: int) -> None:
        """Nothing to do: there are no lanes."""

    def requests(self) -> Json:
        """None: nothing is asked over a network."""
        return {}

    def finish(self) -> None:
        """Writes the new generation and swaps the manifest; where nothing changed, nothing."""
        try:
            if types := self._stage.types:
                self._manifest = self._written(types)
                self._stage.clear()  # it was of the old generation
            left = leftovers(self._folder, self._manifest)
        except OSError as error:
            with suppress(OSError):  # half a generation takes the room that the next run needs
                _remove(leftovers(self._folder, self._manifest))
            raise unwritable(self._folder, error, _AFTER) from None
        _remove(left)
        self._lock.release()

    def _written(self, types: list[str]) -> Manifest:
        generation = self._manifest.generation + 1
        files = dict(self._manifest.files)
        for type_ in types:
            files[type_] = self._write(type_, file_name(type_, generation))
        manifest = Manifest(self.version.full, generation, files)
        manifest.write(self._folder)
        return manifest

    def _write(self, type_: str, name: str) -> Told:
        digest = blake2b(digest_size=16)
        part = self._folder / f"{name}.part"
        old = self._manifest.files.get(type_)
        with new_file(part) as file:
            for block in self._stage.merged(type_, self._folder / old.path if old else None):
                file.write(block)
                digest.update(block)
            to_disk(file)
        part.replace(self._folder / name)
        return Told(name, self._stage.count(type_), digest.hexdigest())

    def close(self) -> None:
        """Lets go of what was laid aside, and of the folder."""
        self._stage.close()
        self._lock.release()


def whole(folder: Path) -> str:
    """The folder's path from the root on: the ledger knows it by that.

    Raises ConfigError where it has none, or one that is no text.
    """
    try:
        whole = folder.resolve()
    except FileNotFoundError:
        raise ConfigError("the current folder is not there any more; go to another") from None
    if not is_text(whole):
        raise ConfigError(
            f"{shown(whole)} can be no target: its name, or a folder's in its path, is not UTF-8; "
            "rename it"
        )
    return str(whole)


def _remove(files: Iterable[Path]) -> None:
    for path in files:
        with suppress(OSError):  # a reader of the old generation may still hold it
            path.unlink()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: blake2b(digest_size=16)).hexdigest()
