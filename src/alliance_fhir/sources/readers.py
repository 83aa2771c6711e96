"""Which reader reads which file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from alliance_fhir.config import Settings
from alliance_fhir.domain.places import MESSAGES, PLANS, RESOURCES
from alliance_fhir.domain.receipt import RULES, Finding
from alliance_fhir.errors import InputError
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.paths import is_text, is_there, shown
from alliance_fhir.sources import csv, excel
from alliance_fhir.sources.cells import Cells, Spoilt, Tell
from alliance_fhir.sources.hl7v2.pile import Pile
from alliance_fhir.sources.layout import Layout, Names, VisitLayout
from alliance_fhir.sources.long import LongTable
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
    **dict.fromkeys(PLANS, _plan),
    **dict.fromkeys(RESOURCES, _resources),
}
"""By the end of a name, the first that fits. A new format is one file in this folder and one line
here."""


def suffix(path: Path) -> str:
    """The end of a file's name that tells how it is read; empty where none does."""
    name = path.name.lower()
    return next((end for end in READERS if name.endswith(end)), "")


def opened(path: Path, site: Site, tell: Tell) -> Iterator[Held]:
    """What a file holds. Raises InputError."""
    if not is_text(path):  # neither the ledger nor a Provenance could say where it was
        raise InputError(shown(path), "name-not-text", RULES["name-not-text"])
    if path.is_fifo():  # a source is read more than once
        raise InputError(path, "unreadable-file", "It is a pipe; write it to a file first.")
    if path.is_symlink() and not is_there(path):
        raise InputError(path, "unreadable-file", "It is a link to nothing; mend or remove it.")
    return READERS[suffix(path)](path, site, tell)
