"""Which reader reads which file, and the records that come out of all sources of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from alliance_fhir.config import Settings
from alliance_fhir.domain.receipt import RULES, Finding
from alliance_fhir.errors import InputError
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.paths import shown
from alliance_fhir.sources import csv, excel
from alliance_fhir.sources.cells import Cells, Spoilt, Tell
from alliance_fhir.sources.census import Census, Repeat
from alliance_fhir.sources.layout import Layout, Names, check_names
from alliance_fhir.sources.long import LongTable
from alliance_fhir.sources.wide import Read, WideTable


class Reader(Protocol):
    """A file's rows with their numbers, the header first; what is to be told of it before that."""

    def __call__(
        self, path: Path, settings: Settings, known: Callable[[str], bool], tell: Tell
    ) -> Iterator[Cells]: ...


READERS: dict[str, Reader] = {
    ".csv": csv.rows,
    ".tsv": csv.rows,
    ".txt": csv.rows,
    ".xlsx": excel.rows,
}
"""By suffix. A new format is one file in this folder and one line here."""


class Sources:
    """The files of one run, read as often as it takes, a row at a time.

    `paths` are files, or folders whose files of known suffixes are taken in order of their names.
    `count` is how many records there are, once they were counted. Raises InputError for a path
    that is not there, or holds nothing that can be read.
    """

    def __init__(self, paths: Sequence[Path], settings: Settings, catalog: Catalog) -> None:
        self._settings = settings
        self._catalog = catalog
        check_names(settings, catalog)
        self._names = Names(settings)
        self.repeats: dict[str, Repeat] | None = None
        self.count = 0
        self.files = [file for path in paths for file in _files(path)]

    def attempts(self) -> Iterator[int]:
        """Once; and once more where `trusting` turns out to have been misplaced."""
        yield 1
        if self.repeats:
            yield 2

    def records(self, *, trusting: bool = False) -> Iterator[Read | Finding]:
        """All records of all files, and a finding for each row that is none, and each bad file.

        A key that comes twice with equal rows is taken once; with different rows it is taken
        never, and every one of its rows is named. To know, the keys are gone through first; when
        `trusting`, they are counted on the way instead, which saves a pass, and where `repeats`
        is not empty in the end, all that came must be thrown away and read once more.
        """
        if self.repeats is None and trusting:
            yield from self._counting()
            return
        if self.repeats is None:
            self.repeats = self._count()
        repeats = self.repeats
        seen: set[str] = set()
        for read in self._all():
            if isinstance(read, Finding) or read.key not in repeats:
                yield read
            elif repeats[read.key] == "equal" and read.key not in seen:
                seen.add(read.key)
                yield read
            else:
                rule = f"duplicate-{repeats[read.key]}"
                yield Finding(read.origin.path, read.origin.row, "", rule, key=read.key)

    def _counting(self) -> Iterator[Read | Finding]:
        with Census() as census:
            for read in self._all():
                if isinstance(read, Read):
                    census.add(read.key, read.content)
                yield read
            self.repeats = census.repeats()

    def _count(self) -> dict[str, Repeat]:
        with Census() as census:
            for path in self.files:
                try:
                    for table in self._open(path, lambda rule, remedy: None):
                        for key, content in table.identities():
                            census.add(key, content)
                            self.count += 1
                except InputError:  # named when the records are read
                    continue
            return census.repeats()

    def _all(self) -> Iterator[Read | Finding]:
        for path in self.files:
            told: list[Finding] = []
            tell = partial(_note, told, str(path))
            try:
                for table in self._open(path, tell):
                    while told:
                        yield told.pop()
                    yield from table.unknown_columns()
                    yield from table.records()
            except InputError as error:
                yield from told
                yield Finding(error.path, 0, "", error.rule, error.remedy)

    def _open(self, path: Path, tell: Tell) -> Iterator[WideTable | LongTable]:
        """The table in a file; a generator, so that the file is closed with it."""
        if shown(path) != str(path):  # neither the ledger nor a Provenance could say where it was
            raise InputError(shown(path), "name-not-text", RULES["name-not-text"])
        rows = READERS[path.suffix.lower()](path, self._settings, self._names.known, tell)
        try:
            header = next(rows, None)
            if header is None:
                raise InputError(path, "empty-file", RULES["empty-file"])
            if isinstance(header[1], Spoilt):
                raise InputError(path, header[1].rule, RULES[header[1].rule])
            layout = Layout(header[1], self._names, self._settings.constants)
            layout.check(path)
            kind = LongTable if layout.long else WideTable
            yield kind(path, rows, layout, self._settings, self._catalog)
        finally:
            close = getattr(rows, "close", None)
            if close:
                close()


def _note(told: list[Finding], path: str, rule: str, remedy: str) -> None:
    told.append(Finding(path, 0, "", rule, remedy))


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        # names with these beginnings are locks and rests of other programs, not data
        found = sorted(
            p
            for p in path.iterdir()
            if p.suffix.lower() in READERS and p.is_file() and not p.name.startswith((".", "~$"))
        )
        if not found:
            raise InputError(path, "missing-file", "No file in it has a suffix that we read.")
        return found
    if not path.exists():
        raise InputError(path, "missing-file", RULES["missing-file"])
    if path.suffix.lower() not in READERS:
        raise InputError(path, "unknown-format", RULES["unknown-format"])
    return [path]
