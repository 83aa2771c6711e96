"""The long layout: one row an answer, gathered into assessments whatever order the rows come in.

The rows are laid down in SQLite's temporary file first, so that memory stays flat.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from alliance_fhir.config import Settings
from alliance_fhir.domain.keys import record_key
from alliance_fhir.domain.receipt import Finding
from alliance_fhir.domain.records import Origin
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.room import Spool
from alliance_fhir.sources.cells import Cells, Spoilt, problem
from alliance_fhir.sources.fields import Bad
from alliance_fhir.sources.layout import HEAD, Layout, Names
from alliance_fhir.sources.rows import Rows
from alliance_fhir.sources.wide import Read, content_digest, fit

_NUMBER = re.compile(r"(?:item_)?0*(\d{1,3})", re.ASCII)
_OF_ITEMS = ("unknown-item", "unknown-score")
"""Rules that a row breaks by what it answers, whatever the answer is."""


class _Gathered(NamedTuple):
    """All rows of one assessment: the wide cells, the row of each answer, and what was told."""

    row: int
    cells: list[str]
    rows: dict[str, int]

    def content(self, names: list[str], secret: bytes) -> str:
        """The digest of what the rows said, in any order, whatever else could have been said."""
        told: list[str] = []
        for item in sorted(self.rows):
            told += (item, self.cells[names.index(item)])
        return content_digest([*self.cells[: len(HEAD)], *told], secret)


class LongTable:
    """One file of the long layout. Its rows can be gone through once."""

    def __init__(
        self,
        path: Path,
        cells: Iterator[Cells],
        layout: Layout,
        settings: Settings,
        catalog: Catalog,
    ) -> None:
        self._path = str(path)
        self._cells = cells
        self._layout = layout
        self._settings = settings
        self._catalog = catalog
        self._head = Rows(settings, catalog, layout)
        self._places = [layout.head[name] for name in HEAD]
        scores = catalog.score_ids
        most = max(instrument.size for instrument in catalog)
        self._names = [*HEAD, *(f"item_{n}" for n in range(1, most + 1)), *sorted(scores)]
        self._place_of = {name: place for place, name in enumerate(self._names)}
        wide = Layout(self._names, Names(Settings()), settings.constants)
        self._rows = Rows(settings, catalog, wide)

    def unknown_columns(self) -> Iterator[Finding]:
        """A finding for each column whose name nothing here has."""
        layout = self._layout
        for place in [*layout.items.values(), *layout.others.values()]:
            yield Finding(self._path, 0, layout.header[place], "unknown-column")

    def identities(self) -> Iterator[tuple[str, str]]:
        """Key and content of each assessment that can be gathered whole."""
        with closing(Spool()) as spool:
            for _ in self._lay_down(spool):
                pass
            for gathered in self._gather(spool):
                if isinstance(gathered, _Gathered):
                    try:
                        key = self._rows.identity(gathered.cells)
                        yield key, gathered.content(self._names, self._settings.secret)
                    except Bad:
                        continue

    def records(self) -> Iterator[Read | Finding]:
        """A record for each assessment, and a finding for each row that spoils one or is none.

        A bad row takes its whole assessment with it: a record that lacks an answer which was given
        would be a false one. That row's finding stands for all of them.
        """
        with closing(Spool()) as spool:
            yield from self._lay_down(spool)
            for gathered in self._gather(spool):
                yield self._record(gathered) if isinstance(gathered, _Gathered) else gathered

    def _record(self, gathered: _Gathered) -> Read | Finding:
        try:
            record = self._rows.record(gathered.cells)
        except Bad as bad:
            row = gathered.rows.get(bad.column, gathered.row)
            column = bad.column
            if column in gathered.rows:
                column = "item" if bad.rule in _OF_ITEMS else "value"
            known = self._rows.identity_or_none(gathered.cells)
            return Finding(self._path, row, column, bad.rule, bad.remedy, known)
        key = record_key(self._settings.source, record.natural_key, self._settings.secret)
        content = gathered.content(self._names, self._settings.secret)
        return Read(Origin(self._path, gathered.row), key, record, content)

    def _lay_down(self, spool: Spool) -> Iterator[Finding]:
        spool.execute("PRAGMA cache_size = -16000")
        spool.execute("CREATE TABLE answer (key, row INTEGER, item, value, head)")
        spool.execute("CREATE TABLE held_back (key TEXT PRIMARY KEY) WITHOUT ROWID")
        empty = True
        for row, cells in self._cells:
            empty = False
            try:
                fitted = fit(cells, self._layout.width)
                key = self._head.identity(fitted)
                item = self._item(fitted[self._layout.item])
            except Bad as bad:
                key, certain = self._whose(cells)
                if key:
                    spool.execute("INSERT OR IGNORE INTO held_back VALUES (?)", (key,))
                known = key if certain else ""
                yield Finding(self._path, row, bad.column, bad.rule, bad.remedy, known)
                continue
            head = json.dumps([fitted[p].strip() if p >= 0 else "" for p in self._places])
            value = fitted[self._layout.value].strip()
            spool.execute(
                "INSERT INTO answer VALUES (?, ?, ?, ?, ?)", (key, row, item, value, head)
            )
        if empty:
            yield Finding(self._path, 0, "", "header-only")

    def _whose(self, cells: list[str] | Spoilt) -> tuple[str, bool]:
        """The key of the assessment that a bad row belongs to, and whether that is certain.

        Empty where it cannot be told. Where there are more or fewer cells than in the header, some
        may stand in the wrong column: such a row holds back whom it seems to name, and proves
        nothing else.
        """
        told = cells.cells if isinstance(cells, Spoilt) else cells
        width = self._layout.width
        # the last cell of a row that is cut off may be cut off itself
        if not told or (len(told) < width and max(self._places) >= len(told) - 1):
            return "", False
        fitted = [*told, *[""] * (width - len(told))][:width]
        if problem([fitted[place] for place in self._places if place >= 0]):
            return "", False
        return self._head.identity_or_none(fitted), len(told) == width

    def _item(self, text: str) -> str:
        """`item_3`, `3` or a score's id, as our own column names have it."""
        name = text.strip().casefold()
        if number := _NUMBER.fullmatch(name):
            name = f"item_{int(number[1])}"
        if name not in self._place_of or name in HEAD:
            raise Bad("item", "unknown-item")
        return name

    def _gather(self, spool: Spool) -> Iterator[_Gathered | Finding]:
        """In the order of their first rows."""
        rows = spool.execute(
            "SELECT min(row) OVER (PARTITION BY key) AS first, row, item, value, head, key "
            "FROM answer WHERE key NOT IN (SELECT key FROM held_back) ORDER BY first, row"
        )
        for first, group in groupby(rows, itemgetter(0)):
            cells = [""] * len(self._names)
            found: dict[str, int] = {}
            shared = ""
            spoilt: Finding | None = None
            for _, row, item, value, head, key in group:
                place = self._place_of[item]
                shared = shared or head
                if head != shared or (item in found and cells[place] != value):
                    spoilt = Finding(self._path, row, "item", "items-disagree", key=key)
                found.setdefault(item, row)
                cells[place] = value
            cells[: len(HEAD)] = json.loads(shared)
            yield spoilt or _Gathered(first, cells, found)
