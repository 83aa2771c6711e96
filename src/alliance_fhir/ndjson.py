"""NDJSON files, one a resource type, that are there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Set
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from alliance_fhir.errors import ConfigError
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.plan import OWN
from alliance_fhir.paths import is_there
from alliance_fhir.room import unwritable, writing
from alliance_fhir.targets.manifest import MANIFEST

_OURS = {
    *("Appointment", "Device", "Observation", "Provenance", "Questionnaire"),
    *("QuestionnaireResponse", *OWN),
}
_BUFFER = 1024 * 1024
_AFTER = "nothing is lost, and files of an earlier run are as they were"


class NdjsonFolder:
    """Writes resources beside their files' final names; `finish` gives them those.

    `ours` are the types whose files of an earlier run would not fit these, and go. Raises
    ConfigError where the folder cannot be written.
    """

    def __init__(self, folder: Path, ours: Set[str] = frozenset(_OURS)) -> None:
        self._folder = folder
        self._ours = ours
        self._files: dict[str, IO[bytes]] = {}
        self._counts: dict[str, int] = {}
        if is_there(folder / MANIFEST):
            raise ConfigError(
                f"{folder} is a target of sync; files beside its own would be there twice. Name "
                "another folder"
            )
        with self._writing():
            folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clear()

    def write(self, resources: Iterable[Resource]) -> None:
        """A line for each resource, in the file of its type."""
        try:  # for each record: not by `writing`, which takes longer
            for resource in resources:
                file = self._files.get(resource.type) or self._open(resource.type)
                file.write(resource.json() + b"\n")
                self._counts[resource.type] += 1
        except OSError as error:
            raise unwritable(self._folder, error, _AFTER) from None

    def _open(self, type_: str) -> IO[bytes]:
        file = self._files[type_] = self._part(type_).open("wb", buffering=_BUFFER)
        self._counts[type_] = 0
        return file

    def _part(self, type_: str) -> Path:
        return self._folder / f".{type_}.ndjson.part"

    def clear(self) -> None:
        """Drops what was written and not finished."""
        for type_, file in self._files.items():
            with suppress(OSError):
                file.close()
            self._part(type_).unlink(missing_ok=True)
        self._files.clear()
        self._counts.clear()

    def finish(self) -> dict[str, int]:
        """Gives the files their names, and says how many resources of each type there are."""
        counts = dict(sorted(self._counts.items()))
        with self._writing():
            for file in self._files.values():  # all, before one gets its name: the last finds room
                file.close()
            for type_ in self._files:
                self._part(type_).replace(self._folder / f"{type_}.ndjson")
            for type_ in self._ours - set(
                self._files
            ):  # of an earlier run: they would not fit these
                (self._folder / f"{type_}.ndjson").unlink(missing_ok=True)
        self._files.clear()
        return counts

    def _writing(self) -> AbstractContextManager[None]:
        return writing(self._folder, _AFTER)
