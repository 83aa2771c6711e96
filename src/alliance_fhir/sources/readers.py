"""Which reader reads which file, and the records that come out of all sources of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple, Protocol

from alliance_fhir.config import Settings
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.receipt import RULES, WARNINGS, Finding
from alliance_fhir.domain.visit import Visit
from alliance_fhir.errors import InputError
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.paths import is_folder, is_text, is_there, shown
from alliance_fhir.sources import csv, excel
from alliance_fhir.sources.before import NOTHING, Before
from alliance_fhir.sources.cells import Cells, Spoilt, Tell
from alliance_fhir.sources.census import Census, Repeat
from alliance_fhir.sources.fhir.files import SUFFIXES as RESOURCES
from alliance_fhir.sources.fhir.files import may_be_fhir
from alliance_fhir.sources.hl7v2.pile import Pile
from alliance_fhir.sources.layout import Layout, Names, VisitLayout, check_names
from alliance_fhir.sources.long import LongTable
from alliance_fhir.sources.plans import SUFFIXES
from alliance_fhir.sources.plans.files import PlanFile
from alliance_fhir.sources.plans.timeline import Timeline
from alliance_fhir.sources.visit_files import VisitFiles
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


class Supply(Protocol):
    """Where the records of a run come from."""

    @property
    def catalog(self) -> Catalog:
        """The instruments that they are of."""
        ...

    @property
    def count(self) -> int:
        """How many there are; 0 where nobody has counted them yet."""
        ...

    def records(self, *, trusting: bool = False) -> Iterator[Read | Finding]:
        """All records, and a finding for each thing that is none."""
        ...

    def plans(self) -> Iterator[Read]:
        """The versions of plans among them, for whoever needs them before the records."""
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

_VISIT_TWICE: dict[Repeat, str] = {
    "equal": "",
    "different": "What is said of one appointment differs; keep what is right.",
}
"""What is said of a visit of a table, or of FHIR: neither has record ids."""

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
    """The files of one run, read as often as it takes, a row at a time; those of visits once.

    `paths` are files, or folders whose files of known suffixes are taken in order of their names.
    The messages of an appointment, in whatever files, are one record, after all other records;
    `before` is what is known of visits from other runs.
    `count` is how many records there are, once they were counted. Raises InputError for a path
    that is not there, or holds nothing that can be read.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        settings: Settings,
        catalog: Catalog,
        before: Before = NOTHING,
    ) -> None:
        check_names(settings, catalog)
        self._before = before
        self._site = Site(settings, catalog, Names(settings))
        self.repeats: dict[str, Repeat] | None = None
        self._astray: dict[str, list[Finding]] = {}
        self.count = 0
        self.files = [file for path in paths for file in _files(path)]

    @property
    def catalog(self) -> Catalog:
        """The instruments that assessments are of."""
        return self._site.catalog

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
        with VisitFiles(self._site.settings, self._before) as visits:
            for read in self._records(visits, trusting=trusting):
                yield read if isinstance(read, Finding) else visits.placed(read)

    def plans(self) -> Iterator[Read]:
        """The versions of plans, but for those that are known by now not to be taken: for whoever
        needs them before the records."""
        repeats = self.repeats or {}
        for path in self.files:
            for read in self._versions(path) if suffix(path) in SUFFIXES else ():
                astray = self._astray.get(read.key, [])
                if repeats.get(read.key) != "different" and all(
                    finding.rule in WARNINGS for finding in astray
                ):
                    yield read

    def _versions(self, path: Path) -> Iterator[Read]:
        try:
            for held in _open(path, self._site, lambda rule, remedy: None):
                for read in held.records():
                    if isinstance(read, Read):
                        yield read
        except InputError:  # named when the records are read
            return

    def _records(self, visits: VisitFiles, *, trusting: bool) -> Iterator[Read | Finding]:
        if self.repeats is None and trusting:
            yield from self._counting(visits)
            return
        if self.repeats is None:
            self._count(visits)
        repeats = self.repeats or {}
        seen: set[str] = set()
        for read in self._all(self._site, visits):
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

    def _counting(self, visits: VisitFiles) -> Iterator[Read | Finding]:
        with Census() as census, Timeline() as timeline:
            for read in self._all(self._site._replace(timeline=timeline), visits):
                if isinstance(read, Read):
                    census.add(read.key, read.content)
                yield read
            self.repeats, self._astray = census.repeats(), timeline.astray()

    def _count(self, visits: VisitFiles) -> None:
        with Census() as census, Timeline() as timeline:
            site = self._site._replace(timeline=timeline)
            for key, content in self._identities(site, visits):
                census.add(key, content)
                self.count += 1
            self.repeats, self._astray = census.repeats(), timeline.astray()
        self._forget(visits)

    def _identities(self, site: Site, visits: VisitFiles) -> Iterator[tuple[str, str]]:
        """Key and content of each record that has a key."""
        for number, path in enumerate(self.files):
            if number in visits:
                continue
            with suppress(InputError):  # named when the records are read
                for held in _open(path, site, lambda rule, remedy: None):
                    if _is_of_visits(path, held):
                        self._gather(number, visits)
                    else:
                        yield from held.identities()
        yield from visits.identities()

    def _all(self, site: Site, visits: VisitFiles) -> Iterator[Read | Finding]:
        for number, path in enumerate(self.files):
            if number not in visits:
                of_visits, items = _read(path, site)
                if not of_visits:
                    yield from items
                    continue
                self._gather(number, visits)
            yield from visits.of(number)
        yield from visits.of_messages()

    def _gather(self, first: int, visits: VisitFiles) -> None:
        """Reads all files of visits, of which this is the first: a run without any goes through no
        file for it."""
        site = self._site._replace(pile=visits.pile)
        for number, path in enumerate(self.files[first:], first):
            if suffix(path) not in SUFFIXES:
                of_visits, items = _read(path, site)
                if of_visits:
                    visits.take(number, items)
        visits.finish()
        self._forget(visits)

    def _forget(self, visits: VisitFiles) -> None:
        repeats = self.repeats or {}
        visits.forget(key for key, repeat in repeats.items() if repeat == "different")


def _read(path: Path, site: Site) -> tuple[bool, Iterator[Read | Finding]]:
    """Whether a file holds visits, and its records, with what is to be told of it before them."""
    told: list[Finding] = []
    try:
        held = _open(path, site, partial(_note, told, str(path)))
        first = next(held)
    except InputError as error:
        return False, iter([*told, _whole(error)])
    return _is_of_visits(path, first), _rest(first, held, told)


def _rest(first: Held, others: Iterator[Held], told: list[Finding]) -> Iterator[Read | Finding]:
    try:
        for held in chain([first], others):
            while told:
                yield told.pop()
            yield from held.unknown_columns()
            yield from held.records()
    except InputError as error:
        yield from told
        yield _whole(error)


def _whole(error: InputError) -> Finding:
    return Finding(error.path, 0, "", error.rule, error.remedy)


def _is_of_visits(path: Path, held: Held) -> bool:
    return suffix(path) in (MESSAGES, *RESOURCES) or isinstance(held, VisitTable)


def _open(path: Path, site: Site, tell: Tell) -> Iterator[Held]:
    """What a file holds. Raises InputError."""
    if not is_text(path):  # neither the ledger nor a Provenance could say where it was
        raise InputError(shown(path), "name-not-text", RULES["name-not-text"])
    if path.is_fifo():  # a source is read more than once
        raise InputError(path, "unreadable-file", "It is a pipe; write it to a file first.")
    if path.is_symlink() and not is_there(path):
        raise InputError(path, "unreadable-file", "It is a link to nothing; mend or remove it.")
    return READERS[suffix(path)](path, site, tell)


def _twice(read: Read, repeat: Repeat) -> Finding:
    """What is told of a record that stands in the sources more than once."""
    path, row, _ = read.origin
    remedy = ""
    if isinstance(read.record, SharedPlan):
        remedy = _PLAN_TWICE[repeat]
    elif suffix(Path(path)) == MESSAGES:
        remedy = _BESIDE_MESSAGES[repeat]
    elif isinstance(read.record, Visit):
        remedy = _VISIT_TWICE[repeat]
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
            and (suffix(p) != ".json" or may_be_fhir(p))
        )
        if not found:
            raise InputError(path, "missing-file", "No file in it has a suffix that we read.")
        return found
    if not is_there(path):
        raise InputError(path, "missing-file", RULES["missing-file"])
    if not suffix(path):
        raise InputError(path, "unknown-format", RULES["unknown-format"])
    return [path]
