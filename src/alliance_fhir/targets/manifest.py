"""What a folder says of itself: `manifest.json`, read as something that anybody may have changed.

A file in it has a name that we give, in the folder itself, and nothing else: so no manifest can
have us read, replace or remove anything that is not ours.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from alliance_fhir.errors import BadReply, ConfigError
from alliance_fhir.fhir.versions import Json, version
from alliance_fhir.received import parsed

MANIFEST = "manifest.json"
LOCK = ".alliance-fhir.lock"
RESTORE = "restore it from a copy, or remove this folder and its ledger together and sync again"

_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")
_OURS = re.compile(r"[A-Z][A-Za-z]{1,63}\.(?P<generation>\d{6,9})\.ndjson(?:\.part)?", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{32}")
_MOST = 10**9 - 1


class Told(NamedTuple):
    """A file of the folder: its name, how many resources it holds, the digest of its bytes."""

    path: str
    lines: int
    blake2b: str


class Manifest(NamedTuple):
    """The files of a folder by type; of one that holds nothing yet, generation 0."""

    fhir_version: str = ""
    generation: int = 0
    files: Mapping[str, Told] = {}

    def write(self, folder: Path) -> None:
        """Takes the place of the manifest before, in one step. Raises OSError."""
        files = {
            type_: {"path": told.path, "count": told.lines, "blake2b": told.blake2b}
            for type_, told in sorted(self.files.items())
        }
        body = {"fhirVersion": self.fhir_version, "generation": self.generation, "files": files}
        part = folder / f"{MANIFEST}.part"
        with new_file(part) as file:
            file.write(json.dumps(body, indent=2).encode() + b"\n")
            to_disk(file)
        part.replace(folder / MANIFEST)


def file_name(type_: str, generation: int) -> str:
    """What the file of a type is called."""
    return f"{type_}.{generation:06}.ndjson"


def new_file(path: Path) -> IO[bytes]:
    """A file that was not there: what stands in its place is removed, never followed or filled."""
    path.unlink(missing_ok=True)
    return path.open("xb")


def to_disk(file: IO[bytes]) -> None:
    """Returns when the file would survive a power cut."""
    file.flush()
    os.fsync(file.fileno())


def read(folder: Path) -> Manifest:
    """The manifest of a folder; of one that is empty or not there, one of nothing.

    A first run that was killed leaves files without a manifest: they hold nothing that counts.
    Raises ConfigError for a manifest that is not as we write it, and for a folder of others.
    """
    path = folder / MANIFEST
    try:
        if folder.exists() and not folder.is_dir():
            raise ConfigError(f"{folder} is a file; a target is a folder or a server's URL")
        content = path.read_bytes()
    except FileNotFoundError:
        _made_by_us(folder)
        return Manifest()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "this is no name of a folder"
        raise ConfigError(f"{path} cannot be read: {reason}") from None
    try:
        return _manifest(parsed(content))
    except BadReply as error:
        wrong = f"it is {error}"
    except _Wrong as error:
        wrong = str(error)
    raise ConfigError(f"{path} is no manifest of ours, as {wrong}: {RESTORE}")


def leftovers(folder: Path, manifest: Manifest) -> list[Path]:
    """The files of ours that the manifest does not name: of generations before, of killed runs."""
    named = {told.path for told in manifest.files.values()}
    return [path for path in folder.iterdir() if _is_left_over(path.name, named)]


def _is_left_over(name: str, named: set[str]) -> bool:
    return name == f"{MANIFEST}.part" or (bool(_OURS.fullmatch(name)) and name not in named)


def _made_by_us(folder: Path) -> None:
    """Raises ConfigError for a folder without a manifest, but with more than a first run leaves."""
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigError(f"{folder} cannot be read: {error.strerror}") from None
    ours = [match for name in names if (match := _OURS.fullmatch(name))]
    later = [match for match in ours if int(match["generation"]) > 1]
    if len(ours) + len({LOCK, f"{MANIFEST}.part"} & set(names)) < len(names):
        raise ConfigError(f"{folder} is not empty and was not made by us; name another")
    if later:
        raise ConfigError(f"{folder / MANIFEST} is missing, and what it named is there: {RESTORE}")


class _Wrong(Exception):
    """A manifest that we would not have written; says how, and nothing of what stands in it."""


def _manifest(body: Json) -> Manifest:
    told, generation, files = (body.get(key) for key in ("fhirVersion", "generation", "files"))
    try:
        version(told if isinstance(told, str) else "")
    except ConfigError:
        raise _Wrong("fhirVersion is no version of FHIR that we know") from None
    if not _is_number(generation) or not isinstance(files, dict):
        raise _Wrong("generation is no whole number, or files is no object")
    read = {type_: _told(type_, file) for type_, file in cast("Json", files).items()}
    for name in (file.path for file in read.values()):
        match = _OURS.fullmatch(name)
        if not match or int(match["generation"]) > cast("int", generation):
            raise _Wrong("a file in it is of a generation that there was not yet")
    return Manifest(cast("str", told), cast("int", generation), read)


def _told(type_: str, file: Any) -> Told:
    if not _TYPE.fullmatch(type_) or not isinstance(file, dict):
        raise _Wrong("something in files is no file of a type")
    path, count, digest = (cast("Json", file).get(key) for key in ("path", "count", "blake2b"))
    expected = re.compile(rf"{type_}\.\d{{6,9}}\.ndjson", re.ASCII)
    if not isinstance(path, str) or not expected.fullmatch(path):
        raise _Wrong(f"the path of {type_} is no name that we give to a file in the folder")
    if not _is_number(count) or not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise _Wrong(f"the count or the blake2b of {type_} is none")
    return Told(path, cast("int", count), digest)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST
