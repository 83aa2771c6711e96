"""Tables of which each row is a record; of assessments the wide layout: one column an item."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple, Protocol

from alliance_fhir.config import Settings
from alliance_fhir.domain.attendance import UNPLACED, Place
from alliance_fhir.domain.keys import digest, record_key
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.receipt import Finding
from alliance_fhir.domain.records import Assessment, Origin
from alliance_fhir.domain.said import MessageId
from alliance_fhir.domain.visit import Visit
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.sources.cells import Cells, Spoilt
from alliance_fhir.sources.fields import Bad
from alliance_fhir.sources.layout import Columns, Layout
from alliance_fhir.sources.rows import Rows


class Read(NamedTuple):
    """A record with its place, its business key, and a digest of what the source said.

    `whole` is the key of what it is a version of, where it is one. `place` is for a visit: which
    it is of its patient's, and `missed` which it was at each start that was missed before; and
    `messages` are those that came to it, where it is of messages.
    """

    origin: Origin
    key: str
    record: Assessment | SharedPlan | Visit
    content: str
    whole: str = ""
    place: Place = UNPLACED
    messages: tuple[MessageId, ...] = ()
    missed: tuple[Place, ...] = ()

    @property
    def group(self) -> str:
        """The key of the group that is made of it."""
        return self.whole or self.key


def content_digest(cells: list[str], secret: bytes) -> str:
    """32 hexadecimal digits that tell one row's cells from another's.

    With a secret key nobody without it can try out what the cells were.
    """
    text = "\x1f".join(cells).encode("utf-8", "surrogateescape")
    return blake2b(text, digest_size=16, key=secret).hexdigest()


def visit_digest(visit: Visit, secret: bytes) -> str:
    """32 hexadecimal digits that tell what is said of one visit from what is said of another."""
    return digest((visit.model_dump_json(exclude_defaults=True),), secret)


class Reading(Protocol):
    """Reads the rows of one layout; all its methods are given as many cells as the header has."""

    def identity_or_none(self, cells: Sequence[str]) -> str:
        """The business key of a row that is wrong in other ways; empty where it has none."""
        ...

    def record(self, cells: Sequence[str]) -> Assessment | Visit:
        """The record of a row. Raises Bad."""
        ...


class RowTable:
    """A file of which each row is a record. Its rows can be gone through once.

    `besides` are names of columns that it may have and that are none of its head.
    """

    def __init__(
        self,
        path: Path,
        cells: Iterator[Cells],
        layout: Columns,
        rows: Reading,
        settings: Settings,
        besides: Collection[str] = (),
    ) -> None:
        self._path = str(path)
        self._cells = cells
        self._layout = layout
        self._rows = rows
        self._besides = besides
        self._source = settings.source
        self._secret = settings.secret

    def unknown_columns(self) -> Iterator[Finding]:
        """A finding for each column whose name nothing here has."""
        for name, place in self._layout.others.items():
            if name not in self._besides:
                yield Finding(self._path, 0, self._layout.header[place], "unknown-column")

    def identities(self) -> Iterator[tuple[str, str]]:
        """Key and content of each row that is a record; others are passed over."""
        for read in self.records():
            if isinstance(read, Read):
                yield read.key, read.content

    def records(self) -> Iterator[Read | Finding]:
        """A record for each row, or what is wrong with it."""
        path = self._path
        empty = True
        for row, cells in self._cells:
            empty = False
            fitted: list[str] = []
            try:
                fitted = fit(cells, self._layout.width)
                record = self._rows.record(fitted)
            except Bad as bad:
                key = self._rows.identity_or_none(fitted) if fitted else ""
                yield Finding(path, row, bad.column, bad.rule, bad.remedy, key)
                continue
            key = record_key(self._source, record.natural_key, self._secret)
            yield Read(Origin(path, row), key, record, self._content(fitted, record))
        if empty:
            yield Finding(path, 0, "", "header-only")

    def _content(self, cells: list[str], record: Assessment | Visit) -> str:
        """A digest of what the source says: of a visit what is read of it, as other kinds of
        sources may say the same of it; of others their cells."""
        if isinstance(record, Visit):
            return visit_digest(record, self._secret)
        return content_digest(cells, self._secret)


class WideTable(RowTable):
    """One file of the wide layout."""

    def __init__(
        self,
        path: Path,
        cells: Iterator[Cells],
        layout: Layout,
        settings: Settings,
        catalog: Catalog,
    ) -> None:
        self._keys = Rows(settings, catalog, layout)
        super().__init__(path, cells, layout, self._keys, settings, catalog.score_ids)

    def identities(self) -> Iterator[tuple[str, str]]:
        """Key and content of each row that has a key, whatever its answers are."""
        for _, cells in self._cells:
            try:
                fitted = fit(cells, self._layout.width)
                yield self._keys.identity(fitted), content_digest(fitted, self._secret)
            except Bad:
                continue


def fit(cells: list[str] | Spoilt, width: int) -> list[str]:
    """The cells of a row that has as many as the header. Raises Bad for any other."""
    if isinstance(cells, Spoilt):
        raise Bad("", cells.rule)
    if len(cells) == width:
        return cells
    if len(cells) < width:
        raise Bad("", "too-few-cells")
    if any(cell.strip() for cell in cells[width:]):
        raise Bad("", "too-many-cells")
    return cells[:width]
