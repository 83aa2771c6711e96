"""The oracle's own reading of the example clinic: files to records, and rows that are none.

It knows the two rules that the examples break on purpose. Whatever else is odd in the files ends
the oracle with an error, so that nothing is passed over in silence.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from .oracle_scores import INSTRUMENTS, scores

HEAD = (
    *("record_id", "patient", "clinician", "instrument", "rater", "rater_id"),
    *("completed_at", "session", "appointment", "language", "mode"),
)


class Who(NamedTuple):
    """A business identifier."""

    system: str
    value: str


class Rejected(NamedTuple):
    """A row that gives no record: where, and by which rule."""

    file: str
    row: int
    column: str
    rule: str


class _Breach(Exception):
    def __init__(self, column: str, rule: str) -> None:
        super().__init__(f"{column}: {rule}")
        self.column, self.rule = column, rule


@dataclass
class Record:
    """One assessment as the files tell it."""

    file: str
    row: int
    cells_digest: str
    record_id: str
    patient: Who
    clinician: Who | None
    instrument: str
    rater: str
    rater_id: Who | None
    time: str
    utc: str
    session: int
    appointment: Who | None
    language: str
    mode: str
    answers: dict[int, str] = field(default_factory=dict[int, str])
    imported: dict[str, str] = field(default_factory=dict[str, str])


class Clinic:
    """A folder with alliance.toml and tables."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site: dict[str, Any] = tomllib.loads((folder / "alliance.toml").read_text("utf-8"))
        self._zone = ZoneInfo(self.site["zone"])
        self._columns = {theirs.casefold(): ours for ours, theirs in self.site["columns"].items()}

    def read(self) -> list[Record | Rejected]:
        """All records and all bad rows, file by file."""
        return [each for path in sorted(self.folder.glob("*.csv")) for each in self._table(path)]

    def _table(self, path: Path) -> Iterator[Record | Rejected]:
        with path.open(encoding="utf-8", newline="") as file:
            header = file.readline()
            file.seek(0)
            rows = list(csv.reader(file, delimiter=";" if ";" in header else ","))
        names = [self._name(column) for column in rows[0]]
        tables = list(enumerate(rows[1:], 2))
        assert all(len(cells) == len(names) for _, cells in tables)
        assert len(set(names)) == len(names)
        if "item" in names:
            assert set(names) <= {*HEAD, "item", "value"}
            yield from self._long(path.name, names, tables)
            return
        for row, cells in tables:
            told = dict(zip(names, cells, strict=True))
            yield self._record_or_breach(path.name, row, told, _digest(cells))

    def _long(
        self, file: str, names: list[str], rows: list[tuple[int, list[str]]]
    ) -> Iterator[Record | Rejected]:
        """One assessment for each set of rows that agree on all but item and value."""
        gathered: dict[tuple[str, ...], tuple[int, dict[str, str]]] = {}
        for row, cells in rows:
            told = dict(zip(names, cells, strict=True))
            item, value = told.pop("item"), told.pop("value")
            _, whole = gathered.setdefault(tuple(told.values()), (row, told))
            assert item not in whole
            whole[item] = value
        for row, told in gathered.values():
            cells = [told.get(name, "") for name in HEAD]
            for name in sorted(set(told) - set(HEAD)):  # what was told, in the order of its names
                cells += [name, told[name]]
            yield self._record_or_breach(file, row, told, _digest(cells))

    def _name(self, column: str) -> str:
        folded = column.strip().casefold()
        if item := re.fullmatch(r"q(\d+)", folded):
            assert self.site["columns"]["item_*"] == "Q*"
            return f"item_{item[1]}"
        return self._columns.get(folded, folded)

    def _word(self, column: str, text: str) -> str:
        """A cell in our own words."""
        words = {
            label.casefold(): ours for label, ours in self.site["values"].get(column, {}).items()
        }
        return words.get(text.strip().casefold(), text.strip())

    def _record_or_breach(
        self, file: str, row: int, told: dict[str, str], cells_digest: str
    ) -> Record | Rejected:
        told = {name: self._word(name, text) for name, text in told.items()}
        try:
            return self._record(file, row, told, cells_digest)
        except _Breach as breach:
            return Rejected(file, row, breach.column, breach.rule)

    def _record(self, file: str, row: int, told: dict[str, str], cells_digest: str) -> Record:
        name = told["instrument"]
        if name not in INSTRUMENTS:
            raise _Breach("instrument", "unknown-instrument")
        time, utc = self._moment(told["completed_at"])
        patient = self._who(told["patient"], "patient_system")
        assert patient is not None
        record = Record(
            file=file,
            row=row,
            cells_digest=cells_digest,
            record_id=told.get("record_id", ""),
            patient=patient,
            clinician=self._who(told["clinician"], "clinician_system"),
            instrument=name,
            rater=told["rater"],
            rater_id=self._who(told.get("rater_id", ""), "clinician_system"),
            time=time,
            utc=utc,
            session=int(told["session"] or 0),
            appointment=self._who(told.get("appointment", ""), "appointment_system"),
            language=told.get("language", ""),
            mode=told.get("mode", ""),
            answers=self._answers(name, told),
        )
        given = {id_: told[id_] for id_ in INSTRUMENTS[name].scores if told.get(id_)}
        if not record.answers:
            record.imported = given
            assert given
        elif any(
            s.value != Decimal(given[s.id]) for s in scores(name, record.answers) if s.id in given
        ):
            raise _Breach("total", "score-disagrees")
        return record

    def _answers(self, name: str, told: dict[str, str]) -> dict[int, str]:
        instrument = INSTRUMENTS[name]
        given: dict[int, str] = {}
        for number in sorted(int(key[5:]) for key in told if key.startswith("item_")):
            text = told[f"item_{number}"]
            if not text or text == instrument.not_answered:
                continue
            assert number <= instrument.size
            if number in instrument.codes:
                if text not in instrument.codes[number]:
                    assert re.fullmatch(r"-?\d+", text)
                    raise _Breach(f"item_{number}", "out-of-range")
            else:
                text = text.replace(self.site["decimal_mark"], ".")
                low, high = instrument.numbers[number]
                assert low <= Decimal(text) <= high
                assert number not in instrument.whole or text.isdigit()
            given[number] = text
        return given

    def _who(self, text: str, system: str) -> Who | None:
        if not text:
            return None
        return Who(*text.split("|")) if "|" in text else Who(self.site[system], text)

    def _moment(self, text: str) -> tuple[str, str]:
        """As FHIR writes it, and in UTC; a day is both by itself."""
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return text, text
        when = datetime.fromisoformat(text)
        if when.tzinfo is None:
            when = when.replace(tzinfo=self._zone)
        utc = when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        offset = when.strftime("%z")
        shown = "Z" if offset == "+0000" else f"{offset[:3]}:{offset[3:]}"
        return f"{when:%Y-%m-%dT%H:%M:%S}{shown}", utc


def _digest(cells: list[str]) -> str:
    """Tells what one row said from what another did."""
    return blake2b("\x1f".join(cells).encode(), digest_size=16).hexdigest()
