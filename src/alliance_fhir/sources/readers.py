"""Which reader reads which file, and the records that come out of all sources of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from alliance_fhir.config import Settings
from alliance_fhir.domain.attendance import Place
from alliance_fhir.domain.keys import digest
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.receipt import RULES, WARNINGS, Finding
from alliance_fhir.domain.visit import Visit
from alliance_fhir.errors import InputError
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.paths import is_folder, is_text, is_there, shown
from alliance_fhir.sources import csv, excel
from alliance_fhir.sources.cells import Cells, Spoilt, Tell
from alliance_fhir.sources.census import Census, Repeat
from alliance_fhir.sources.fhir.files import SUFFIXES as RESOURCES
from alliance_fhir.sources.history import History
from alliance_fhir.sources.hl7v2.pile import Pile
from alliance_fhir.sources.layout import Layout, Names, VisitLayout, check_names
from alliance_fhir.sources.long import LongTable
from alliance_fhir.sources.plans import SUFFIXES
from alliance_fhir.sources.plans.files import PlanFile
from alliance_fhir.sources.plans.timeline import Timeline
from alliance_fhir.sources.visits import VisitTable
from alliance_fhir.sources.wide import Read, WideTable


class Rows(Protocol):
    """A file's rows with their numbers, the header first; what is to be told of it before that."""

    def __call__(
        self, path: Path, settings: Settings, known: Callable[[str], bool], tell: Tell
    ) -> Iterator[Cells]: ...


class Held(Protocol):
    """What a file holds. It can be gone through once."""

    def unknown_columns(self) -> Iterator[Finding]:
        """What is to be told of the file as a whole before its records."""
        ...

    def identities(self) -> Iterator[tuple[str, str]]:
        """Key and content of each record that has a key."""
        ...

    def records(self) -> Iterator[Read | Finding]:
        """The records, and a finding for each row or document that is none."""
        ...


class Site(NamedTuple):
    """What is the same for all files of a run.

    `timeline` is there while the versions of plans are held against each other, and `pile` while
    the messages of appointments are gathered.
    """

    settings: Settings
    catalog: Catalog
    names: Names
    timeline: Timeline | None = None
    pile: Pile | None = None


MESSAGES = ".hl7"
"""The end of the names of files of messages."""

_OF_PULL = "pull.json"
"""What `pull --out` notes for itself beside the resources: no source, and no slip in one."""

_PLAN_TWICE: dict[Repeat, str] = {
    "equal": "This version of the plan stands in several documents; it was taken once.",
    "different": "Documents of this plan and version differ; keep the right one, or give one of "
    "them a version of its own.",
}
"""What is said of plan documents; tables have rows and record ids."""

_BESIDE_MESSAGES: dict[Repeat, str] = {
    "equal": "Another source says the same of this appointment; it was taken once.",
    "different": "Another source says something else of this appointment; give one of the two, or "
    "mend one of them.",
}
"""What is said of an appointment of messages: among these there are no doubles."""

Reader = Callable[[Path, Site, Tell], Iterator[Held]]
"""Opens a file; a generator, so that the file is closed with it. Raises InputError."""


def _table(rows: Rows, path: Path, site: Site, tell: Tell) -> Iterator[Held]:
    cells = rows(path, site.settings, site.names.known, tell)
    try:
        header = next(cells, None)
        if header is None:
            raise InputError(path, "empty-file", RULES["empty-file"])
        if isinstance(header[1], Spoilt):
            raise InputError(path, header[1].rule, RULES[header[1].rule])
        if site.names.of_visits(header[1]):
            yield _visits(path, header[1], cells, site)
        else:
            yield _assessments(path, header[1], cells, site)
    finally:
        close = getattr(cells, "close", None)
        if close:
            close()


def _assessments(path: Path, header: list[str], cells: Iterator[Cells], site: Site) -> Held:
    layout = Layout(header, site.names, site.settings.constants)
    layout.check(path)
    kind = LongTable if layout.long else WideTable
    return kind(path, cells, layout, site.settings, site.catalog)


def _visits(path: Path, header: list[str], cells: Iterator[Cells], site: Site) -> Held:
    layout = VisitLayout(header, site.names, site.settings.constants)
    layout.check(path)
    return VisitTable(path, cells, layout, site.settings)


def _messages(path: Path, site: Site, tell: Tell) -> Iterator[Held]:
    # imported here, so that nobody waits for it who has no messages
    from alliance_fhir.sources.hl7v2.source import MessageFile

    yield MessageFile(path, site.settings, site.pile)


def _resources(path: Path, site: Site, tell: Tell) -> Iterator[Held]:
    # imported here, as the messages are
    from alliance_fhir.sources.fhir.source import AppointmentFile

    yield AppointmentFile(path, site.settings)


def _plan(path: Path, site: Site, tell: Tell) -> Iterator[Held]:
    yield PlanFile(path, site.settings, site.timeline)


READERS: dict[str, Reader] = {
    ".csv": partial(_table, csv.rows),
    ".tsv": partial(_table, csv.rows),
    ".txt": partial(_table, csv.rows),
    ".xlsx": partial(_table, excel.rows),
    MESSAGES: _messages,
    **dict.fromkeys(SUFFIXES, _plan),
    **dict.fromkeys(RESOURCES, _resources),
}
"""By the end of a name, the first that fits. A new format is one file in this folder and one line
here."""


def suffix(path: Path) -> str:
    """The end of a file's name that tells how it is read; empty where none does."""
    name = path.name.lower()
    return next((end for end in READERS if name.endswith(end)), "")


class Sources:
    """The files of one run, read as often as it takes, a row at a time.

    `paths` are files, or folders whose files of known suffixes are taken in order of their names.
    The messages of an appointment, in whatever files, are one record, after all other records.
    `count` is how many records there are, once they were counted. Raises InputError for a path
    that is not there, or holds nothing that can be read.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        settings: Settings,
        catalog: Catalog,
    ) -> None:
        check_names(settings, catalog)
        self._site = Site(settings, catalog, Names(settings))
        self.repeats: dict[str, Repeat] | None = None
        self._astray: dict[str, list[Finding]] = {}
        self.count = 0
        self.files = [file for path in paths for file in _files(path)]

    def attempts(self) -> Iterator[int]:
        """Once; and once more where `trusting` turns out to have been misplaced."""
        yield 1
        if self.repeats or self._astray:
            yield 2

    def records(self, *, trusting: bool = False) -> Iterator[Read | Finding]:
        """All records of all files, and a finding for each row that is none, and each bad file.

        A key that comes twice with equal rows is taken once; with different rows it is taken
        never, and every one of its rows is named. A version of a plan that contradicts another one
        is not taken, and named. To know, all is gone through first; when `trusting`, it is counted
        on the way instead, which saves a pass, and where `attempts` goes on in the end, all that
        came must be thrown away and read once more.
        """
        with History(self._site.settings) as history:
            known = False
            for read in self._records(trusting=trusting):
                if isinstance(read, Finding) or not isinstance(read.record, Visit):
                    yield read
                    continue
                if not known:  # a run without visits goes through no file for it
                    self._look_back(history)
                    known = True
                yield self._placed(read, history.place(read.record))

    def _records(self, *, trusting: bool) -> Iterator[Read | Finding]:
        if self.repeats is None and trusting:
            yield from self._counting()
            return
        if self.repeats is None:
            self._count()
        repeats = self.repeats or {}
        seen: set[str] = set()
        for read in self._all(self._site):
            if isinstance(read, Finding):
                yield read
            elif read.key in repeats and (repeats[read.key] == "different" or read.key in seen):
                yield _twice(read, repeats[read.key])
            else:
                if read.key in repeats:
                    seen.add(read.key)
                astray = self._astray.get(read.key, [])
                yield from astray
                if all(finding.rule in WARNINGS for finding in astray):
                    yield read

    def _counting(self) -> Iterator[Read | Finding]:
        with Census() as census, Timeline() as timeline:
            for read in self._all(self._site._replace(timeline=timeline)):
                if isinstance(read, Read):
                    census.add(read.key, read.content)
                yield read
            self.repeats, self._astray = census.repeats(), timeline.astray()

    def _count(self) -> None:
        with Census() as census, Timeline() as timeline, Pile(self._site.settings) as pile:
            site = self._site._replace(timeline=timeline, pile=pile)
            for path in self.files:
                try:
                    for held in _open(path, site, lambda rule, remedy: None):
                        for key, content in held.identities():
                            census.add(key, content)
                            self.count += 1
                except InputError:  # named when the records are read
                    continue
            for key, content in pile.identities():
                census.add(key, content)
                self.count += 1
            self.repeats, self._astray = census.repeats(), timeline.astray()

    def _look_back(self, history: History) -> None:
        """Goes through all visits, so that of each the ones before it are known."""
        with Pile(self._site.settings) as pile:
            for path in self.files:
                if suffix(path) not in SUFFIXES:
                    self._remember(path, self._site._replace(pile=pile), history)
            _add(history, pile.records())
        repeats = self.repeats or {}
        history.drop(key for key, repeat in repeats.items() if repeat == "different")

    def _remember(self, path: Path, site: Site, history: History) -> None:
        try:
            for held in _open(path, site, lambda rule, remedy: None):
                if suffix(path) in (MESSAGES, *RESOURCES) or isinstance(held, VisitTable):
                    _add(history, held.records())
        except InputError:  # named when the records are read
            return

    def _placed(self, read: Read, place: Place) -> Read:
        """A visit with its place; what the source says of it is that, too."""
        content = digest([read.content, *place], self._site.settings.secret)
        return read._replace(place=place, content=content)

    def _all(self, site: Site) -> Iterator[Read | Finding]:
        with Pile(site.settings) as pile:
            yield from self._held(site._replace(pile=pile))
            yield from pile.records()

    def _held(self, site: Site) -> Iterator[Read | Finding]:
        for path in self.files:
            told: list[Finding] = []
            tell = partial(_note, told, str(path))
            try:
                for held in _open(path, site, tell):
                    while told:
                        yield told.pop()
                    yield from held.unknown_columns()
                    yield from held.records()
            except InputError as error:
                yield from told
                yield Finding(error.path, 0, "", error.rule, error.remedy)


def _open(path: Path, site: Site, tell: Tell) -> Iterator[Held]:
    """What a file holds. Raises InputError."""
    if not is_text(path):  # neither the ledger nor a Provenance could say where it was
        raise InputError(shown(path), "name-not-text", RULES["name-not-text"])
    if path.is_fifo():  # a source is read more than once
        raise InputError(path, "unreadable-file", "It is a pipe; write it to a file first.")
    if path.is_symlink() and not is_there(path):
        raise InputError(path, "unreadable-file", "It is a link to nothing; mend or remove it.")
    return READERS[suffix(path)](path, site, tell)


def _add(history: History, visits: Iterable[Read | Finding]) -> None:
    for read in visits:
        if isinstance(read, Read) and isinstance(read.record, Visit):
            history.add(read.key, read.record)


def _twice(read: Read, repeat: Repeat) -> Finding:
    """What is told of a record that stands in the sources more than once."""
    path, row, _ = read.origin
    remedy = _PLAN_TWICE[repeat] if isinstance(read.record, SharedPlan) else ""
    if suffix(Path(path)) == MESSAGES:
        remedy = _BESIDE_MESSAGES[repeat]
    return Finding(path, row, "", f"duplicate-{repeat}", remedy, read.group)


def _note(told: list[Finding], path: str, rule: str, remedy: str) -> None:
    told.append(Finding(path, 0, "", rule, remedy))


def _files(path: Path) -> list[Path]:
    if is_folder(path):
        # names with these beginnings are locks and rests of other programs, not data
        found = sorted(
            p
            for p in path.iterdir()
            if suffix(p)
            and not is_folder(p)
            and not p.name.startswith((".", "~$"))
            and p.name != _OF_PULL
        )
        if not found:
            raise InputError(path, "missing-file", "No file in it has a suffix that we read.")
        return found
    if not is_there(path):
        raise InputError(path, "missing-file", RULES["missing-file"])
    if not suffix(path):
        raise InputError(path, "unknown-format", RULES["unknown-format"])
    return [path]
