"""The records that come out of all sources of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Protocol

from alliance_fhir.config import Settings
from alliance_fhir.domain.places import MESSAGES, PLANS, RESOURCES
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.receipt import RULES, WARNINGS, Finding
from alliance_fhir.domain.visit import Visit
from alliance_fhir.errors import InputError
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.paths import is_folder, is_there
from alliance_fhir.sources.before import NOTHING, Before
from alliance_fhir.sources.census import Census, Repeat
from alliance_fhir.sources.fhir.files import may_be_fhir
from alliance_fhir.sources.layout import Names, check_names
from alliance_fhir.sources.plans.timeline import Timeline
from alliance_fhir.sources.readers import Held, Site, opened, suffix
from alliance_fhir.sources.visit_files import VisitFiles
from alliance_fhir.sources.visits import VisitTable
from alliance_fhir.sources.wide import Read


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
            for read in self._versions(path) if suffix(path) in PLANS else ():
                astray = self._astray.get(read.key, [])
                if repeats.get(read.key) != "different" and all(
                    finding.rule in WARNINGS for finding in astray
                ):
                    yield read

    def _versions(self, path: Path) -> Iterator[Read]:
        try:
            for held in opened(path, self._site, lambda rule, remedy: None):
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
                for held in opened(path, site, lambda rule, remedy: None):
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
            if suffix(path) not in PLANS:
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
        held = opened(path, site, partial(_note, told, str(path)))
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
