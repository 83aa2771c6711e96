"""What was pulled back to a file: assessments in the wide layout, one row each.

Rows are gathered in SQLite's temporary file, as a response, a panel and its scores come from
different files; so memory stays flat. The file is then read as any other, and must say the same.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from alliance_fhir.config import Settings
from alliance_fhir.domain.keys import identifier_system, record_key
from alliance_fhir.domain.receipt import Finding, Tally
from alliance_fhir.domain.records import Answer, Assessment, Identifier
from alliance_fhir.errors import BadReply
from alliance_fhir.fhir import reading as r
from alliance_fhir.fhir.canonical import dumps
from alliance_fhir.fhir.versions import Json
from alliance_fhir.left_out import LeftOut
from alliance_fhir.mapping import home_of, site_catalog
from alliance_fhir.mirror import lines_of, owner_only
from alliance_fhir.received import parsed, text
from alliance_fhir.room import unwritable
from alliance_fhir.sources.layout import HEAD
from alliance_fhir.sources.supply import Sources
from alliance_fhir.sources.wide import Read

_SCHEMA = """
CREATE TABLE row (
    key TEXT PRIMARY KEY, utc TEXT NOT NULL, place TEXT NOT NULL, cells TEXT NOT NULL,
    twice INTEGER DEFAULT 0
);
CREATE TABLE answered (key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE panel (number INTEGER PRIMARY KEY, place TEXT, body TEXT NOT NULL);
CREATE TABLE score (key TEXT, id TEXT, value TEXT, PRIMARY KEY (key, id)) WITHOUT ROWID;
"""
_AFTER = "nothing is lost, and an earlier table is as it was"


def tabulate(folder: Path, out: Path, settings: Settings, tally: Tally) -> int:
    """Writes the assessments in a folder of NDJSON to the file `out`; how many rows it has.

    What gives no row is told in `tally`, and all of it in a file beside `out`.
    Raises ConfigError where the file cannot be written, or where SQLite's temporary one cannot; an
    earlier table is there as it was.
    """
    part = out.with_name(f".{out.stem}.part.csv")
    tally.read = tally.accepted = 0
    try:
        with LeftOut(out, tally) as notes, _Rows(settings, notes, tally) as rows:
            rows.gather(folder)
            tally.accepted = rows.write(part)
            if tally.accepted:
                rows.read_back(part, out)
            notes.finish()  # before the table, of which none should be there without them
            part.replace(out)
    except (OSError, sqlite3.Error) as error:
        raise unwritable(out, error, _AFTER) from None
    finally:
        part.unlink(missing_ok=True)
    return tally.accepted


class Cells(NamedTuple):
    """A record as the cells of a row: those of every row, of items, and of scores by their ids."""

    head: list[str]
    items: list[str]
    scores: dict[str, str]


class _Rows:
    """The rows, gathered."""

    def __init__(self, settings: Settings, notes: LeftOut, tally: Tally) -> None:
        self._settings = settings
        self._catalog = site_catalog(settings)
        self._notes = notes
        self._tally = tally
        self._system = identifier_system(settings.root)
        homes = ((each, home_of(each.id, self._catalog, settings)) for each in self._catalog)
        self._forms = r.Forms(homes, settings.root)
        self._items = 0
        self._scores: set[str] = set()
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA cache_size = -16000")
        self._database.executescript(_SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def gather(self, folder: Path) -> None:
        """The responses first, then what came of scores alone."""
        self._database.execute("BEGIN")
        for body in _bodies(folder / "QuestionnaireResponse.ndjson"):
            self._tally.read += 1
            self._take(_place(body), self._response, body)
        for body in _bodies(folder / "Observation.ndjson"):
            self._take(_place(body), self._observation, body)
        for place, told in self._panels():
            self._tally.read += 1
            self._take(place, self._panel, parsed(told))
        self._database.execute("COMMIT")

    def _panels(self) -> Iterator[tuple[str, bytes]]:
        """Each by itself, as they are large: no cursor stays open while rows are written."""
        query = "SELECT number, place, body FROM panel WHERE number > ? ORDER BY number LIMIT 1"
        number = 0
        while found := self._database.execute(query, (number,)).fetchone():
            number, place, told = found
            yield place, told

    def _take(self, place: str, read: Callable[[str, Json], None], body: Json) -> None:
        try:
            read(place, body)
        except r.Unreadable as error:
            self._note(place, error.rule)
        except BadReply:  # it has not the shape of FHIR
            self._note(place, "not-readable")

    def _note(self, place: str, rule: str) -> None:
        self._notes.add(Finding(place, 0, "", rule))

    def _response(self, place: str, body: Json) -> None:
        query = "INSERT OR IGNORE INTO answered VALUES (?)"
        self._database.execute(query, (r.key_of(body, self._system)[0],))
        self._put(place, r.response(body, self._forms, self._system))

    def _observation(self, place: str, body: Json) -> None:
        score = r.score(body, self._system)
        if not score.key:
            return  # some other observation
        if not r.is_score_alone(body):
            self._behind(score)
        elif score.id == "panel":
            query = "INSERT INTO panel (place, body) VALUES (?, ?)"
            self._database.execute(query, (place, dumps(body)))
        else:
            value = None if score.value is None else _number(score.value)
            query = "INSERT OR REPLACE INTO score VALUES (?, ?, ?)"
            self._database.execute(query, (score.key, score.id, value))

    def _behind(self, score: r.ScoreRead) -> None:
        """Raises Unreadable for a panel whose response is not there."""
        query = "SELECT 1 FROM answered WHERE key = ?"
        if score.id == "panel" and not self._database.execute(query, (score.key,)).fetchone():
            self._tally.read += 1
            raise r.Unreadable("response-missing")

    def _panel(self, place: str, body: Json) -> None:
        key, _ = r.key_of(body, self._system)
        query = "SELECT id, value FROM score WHERE key = ?"
        there = dict(self._database.execute(query, (key,)).fetchall())
        named = r.members(body, self._system)
        if not named or any(there.get(id_) is None for id_ in named):
            raise r.Unreadable("score-missing")
        scores = {id_: Decimal(there[id_]) for id_ in sorted(named)}
        self._put(place, r.scores_alone(body, scores, self._forms, self._system))

    def _put(self, place: str, reading: r.Reading) -> None:
        key, record = self._keyed(place, reading)
        cells = cells_of(record, reading.version or self._catalog[record.instrument].version)
        query = "SELECT place, cells FROM row WHERE key = ?"
        known = self._database.execute(query, (key,)).fetchone()
        if known:
            self._note(place, "found-twice")
            if json.loads(known[1]) != list(cells):  # which is right, is not ours to guess
                self._note(known[0], "found-twice")
                self._database.execute("UPDATE row SET twice = 1 WHERE key = ?", (key,))
            return
        row = (key, record.completed_at.utc, place, json.dumps(cells))
        query = "INSERT INTO row (key, utc, place, cells) VALUES (?, ?, ?, ?)"
        self._database.execute(query, row)
        self._items = max(self._items, len(cells.items))
        self._scores |= cells.scores.keys()

    def _keyed(self, place: str, reading: r.Reading) -> tuple[str, Assessment]:
        """The business key that the settings give a record, and the record as it has that key.

        Only the key can tell whether the source named a rater who is the row's patient or
        clinician.
        """
        record = reading.record
        named = record.model_copy(update={"rater_id": reading.named})
        keys = [(self._key(each), each) for each in (record, named)]
        found = next((pair for pair in keys if pair[0] == reading.key), None)
        if found is None and reading.key:
            self._note(place, "key-differs")
        return found or keys[0]

    def _key(self, record: Assessment) -> str:
        settings = self._settings
        return record_key(settings.named_source, record.natural_key, settings.secret)

    def write(self, path: Path) -> int:
        """The table, in the order of time; how many rows it has."""
        count = 0
        items = [f"item_{n}" for n in range(1, self._items + 1)]
        rules = (rule.id for instrument in self._catalog for rule in instrument.scores)
        scores = [id_ for id_ in dict.fromkeys(rules) if id_ in self._scores]
        with io.TextIOWrapper(owner_only(path), encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow([*HEAD, *items, *scores])
            query = "SELECT cells FROM row WHERE twice = 0 ORDER BY utc, key"
            for (told,) in self._database.execute(query):
                cells = Cells(*json.loads(told))
                rest = [""] * (self._items - len(cells.items))
                values = [cells.scores.get(id_, "") for id_ in scores]
                table.writerow([*cells.head, *cells.items, *rest, *values])
                count += 1
        return count

    def read_back(self, path: Path, out: Path) -> None:
        """Reads the table as any other file of the site: every row must say what it was to say."""
        query = "SELECT cells FROM row WHERE key = ?"
        for read in Sources([path], self._settings, self._catalog).records(trusting=True):
            if isinstance(read, Read):
                known = self._database.execute(query, (read.key,)).fetchone()
                if known and _same(Cells(*json.loads(known[0])), read.record):
                    continue
                read = Finding("", read.origin.row, "", "reads-differently")
            self._notes.add(read._replace(path=str(out)))


def cells_of(record: Assessment, version: str) -> Cells:
    """A record in the wide layout. Of the form's version the first number counts: a changed rule
    is another one."""
    head = [
        record.record_id or "",
        _who(record.patient),
        _who(record.clinician),
        f"{record.instrument}@{version.partition('.')[0]}",
        record.rater,
        _who(record.rater_id),
        record.completed_at.text,
        str(record.session or ""),
        _who(record.appointment),
        record.language or "",
        record.mode or "",
    ]
    scores = {id_: _number(value) for id_, value in sorted(record.imported.items())}
    return Cells(head, [_cell(answer) for answer in record.answers], scores)


def _same(cells: Cells, record: object) -> bool:
    version = cells.head[HEAD.index("instrument")].partition("@")[2]
    return isinstance(record, Assessment) and cells == cells_of(record, version)


def _cell(answer: Answer | None) -> str:
    return _number(answer) if isinstance(answer, Decimal) else answer or ""


def _number(value: Decimal) -> str:
    return format(value, "f")


def _who(identifier: Identifier | None) -> str:
    return "|".join(identifier) if identifier else ""


def _place(body: Json) -> str:
    return f"{text(body, 'resourceType')}/{text(body, 'id')}"


def _bodies(path: Path) -> Iterator[Json]:
    return map(parsed, lines_of(path))
