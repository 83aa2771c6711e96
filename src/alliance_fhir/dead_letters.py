"""What a target refused, to be mended and sent again: one file, a line for each refused record.

A form or this software's Device that was refused has its line, too, for the server's words: it is
of no row, and goes again with any `sync` that needs it.

The server's OperationOutcome is kept as it came. Servers repeat in it what was sent to them, so
that it may hold a patient's data: the file is its owner's alone, and nothing of it goes elsewhere.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Set
from contextlib import contextmanager, suppress
from pathlib import Path

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from alliance_fhir.config import Settings
from alliance_fhir.domain.receipt import Finding
from alliance_fhir.errors import ConfigError
from alliance_fhir.fhir.canonical import dumps
from alliance_fhir.fhir.versions import Json
from alliance_fhir.ledger.place import HOME, is_url, usual_name
from alliance_fhir.paths import PathLike
from alliance_fhir.room import unwritable
from alliance_fhir.slips import slip

SUFFIX = ".dead-letters.jsonl"
_AFTER = "what was refused is sent again, and nothing will be there twice"
_EVERY = 2.0
"""Seconds between two writings of the file while a run goes on."""


class Sent(BaseModel):
    """A resource that was refused: its type and its business key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    key: str


class Letter(BaseModel):
    """A record that a target refused; `path` is empty and `row` 0 for what belongs to no record.

    `beside` are the files of the other versions of a plan, of which it is made as well. `digest` is
    of what was sent, `status` the HTTP status, `outcome` the server's own words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(min_length=1)
    path: str
    beside: tuple[str, ...] = ()
    row: int = Field(ge=0)
    rule: str
    remedy: str
    status: int
    resources: tuple[Sent, ...]
    digest: str
    target: str
    run: str
    when: str
    outcome: Json


@contextmanager
def kept(letters: DeadLetters | None) -> Generator[None]:
    """However a run ends, what was refused in it is in the file."""
    try:
        yield
    finally:
        if letters:
            letters.save()


def usual_place(ledger: str, target: str, settings: Settings) -> Path:
    """Where the dead letters of a target are: beside its ledger, or where that would be if it is no
    file."""
    if is_url(ledger):
        ledger = str(settings.folder / HOME / usual_name(target, settings.source))
    return Path(f"{ledger}{SUFFIX}")


class DeadLetters:
    """The file, and what a run changes in it. The threads of a process may share it.

    Whoever reads the file sees what was there before or what is there now. What another process
    put in meanwhile stays. Raises ConfigError, naming the line, for what is no dead letter.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._new: dict[str, Letter] = {}
        self._out: set[str] = set()
        self._known = {letter.key for letter in _read(self.path)}
        self._saved = time.monotonic()

    def __len__(self) -> int:
        return len(self._known)

    def __bool__(self) -> bool:
        return True  # an empty file is one all the same

    @property
    def keys(self) -> frozenset[str]:
        """The business keys of the records that were refused."""
        return frozenset(letter.key for letter in self.letters if letter.path)

    def sources(self) -> list[Path]:
        """The files that the records are of. Raises ConfigError where nothing was refused."""
        letters = self.letters
        paths = {path for one in letters for path in (one.path, *one.beside) if path}
        if paths:
            return [*map(Path, sorted(paths))]
        if letters:
            raise ConfigError(
                f"{self.path}: no record was refused; what is named there is sent again with the "
                "records that need it: run sync with their SOURCE"
            )
        raise ConfigError(
            f"{self.path}: there are no dead letters; what was refused is taken out of "
            "the file once it was delivered"
        )

    def check(self, target: str) -> None:
        """Raises ConfigError where one is of another target: there its record may be all right."""
        for letter in self.letters:
            if letter.target != target:
                raise ConfigError(
                    f"{self.path}: what was refused there was sent to another target than {target}"
                )

    @property
    def letters(self) -> list[Letter]:
        """What is in the file."""
        return list(_read(self.path))

    def findings(self, keys: Set[str]) -> list[Finding]:
        """What is told of the letters whose records were not found in their files."""
        lost = [letter for letter in self.letters if letter.key in keys]
        return [Finding(one.path, one.row, "", "letter-without-row") for one in lost]

    def put(self, letter: Letter) -> None:
        """A record was refused; an earlier letter of it counts no more."""
        with self._lock:
            self._known.add(letter.key)
            self._out.discard(letter.key)
            self._new[letter.key] = letter

    def delivered(self, key: str) -> None:
        """A record is at the target as the source has it."""
        if key in self._known:
            with self._lock:
                self._known.discard(key)
                self._new.pop(key, None)
                self._out.add(key)

    def save(self, *, now: bool = True) -> None:
        """Writes the file where something changed; not `now`, only once in a while."""
        if not now and time.monotonic() - self._saved < _EVERY:
            return
        with self._lock:
            if self._new or self._out:
                self._write()
                self._new.clear()
                self._out.clear()
            self._saved = time.monotonic()

    def _write(self) -> None:
        kept = {letter.key: letter for letter in _read(self.path) if letter.key not in self._out}
        whole = list((kept | self._new).values())
        try:
            if whole:
                _replace(self.path, whole)
            else:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(f"{self.path}: the dead letters", error, _AFTER) from None
        self._known = {letter.key for letter in whole}


def _replace(path: Path, letters: Iterable[Letter]) -> None:
    """Puts a file of these letters in the place of the old one, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with suppress(FileNotFoundError):
        part.unlink()
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for letter in letters:
                file.write(dumps(letter.model_dump()) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _read(path: Path) -> Iterator[Letter]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.isspace():
                    yield _letter(f"{path}, line {number}", line)
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def _letter(place: str, line: bytes) -> Letter:
    try:
        return Letter.model_validate(orjson.loads(line))
    except ValidationError as error:
        why = slip(error)
    except ValueError:
        why = "it is no JSON"
    raise ConfigError(f"{place}: is no dead letter ({why}); mend the line, or remove it")
