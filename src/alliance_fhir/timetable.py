"""What was pulled back to a file: visits, as a table of one row each.

Rows are gathered in SQLite's temporary file, so that memory stays flat. The file is then read as
any other, and must say the same.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from alliance_fhir.config import Settings
from alliance_fhir.domain.keys import identifier_system, record_key
from alliance_fhir.domain.receipt import WARNINGS, Finding, Tally
from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.domain.visit import Visit
from alliance_fhir.errors import BadReply
from alliance_fhir.fhir.reading import key_of
from alliance_fhir.fhir.versions import Json
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.left_out import LeftOut
from alliance_fhir.mirror import owner_only
from alliance_fhir.received import text
from alliance_fhir.room import Spool, unwritable
from alliance_fhir.sources.fhir.appointment import Taken
from alliance_fhir.sources.fhir.files import Broken
from alliance_fhir.sources.fhir.source import AppointmentFile
from alliance_fhir.sources.layout import VISIT
from alliance_fhir.sources.supply import Sources
from alliance_fhir.sources.wide import Read

_AFTER = "nothing is lost, and an earlier table is as it was"
_IN_PULL = {"reference-only": "patient-not-named"}
"""Rules by what a target, and no file, is to be told of."""


def list_visits(folder: Path, out: Path, settings: Settings, tally: Tally) -> int:
    """Writes the visits in a folder of NDJSON to the file `out`; how many rows it has.

    What gives no row is told in `tally`, and all of it in a file beside `out`. Raises ConfigError
    where the file cannot be written; an earlier table is there as it was.
    """
    part = out.with_name(f".{out.stem}.part.csv")
    tally.read = tally.accepted = 0
    try:
        with LeftOut(out, tally) as notes, closing(Spool(cache=16000)) as spool:
            rows = _Rows(settings, notes, tally, spool)
            rows.gather(folder / "Appointment.ndjson")
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


class _Rows:
    """The rows, gathered."""

    def __init__(self, settings: Settings, notes: LeftOut, tally: Tally, spool: Spool) -> None:
        self._settings = settings
        self._notes = notes
        self._tally = tally
        self._spool = spool
        self._system = identifier_system(settings.root)
        spool.execute(
            "CREATE TABLE row (key TEXT PRIMARY KEY, utc TEXT, place TEXT, cells TEXT, "
            "twice INTEGER DEFAULT 0)"
        )

    def gather(self, path: Path) -> None:
        """All Appointments of a file, which need not be there."""
        if not path.exists():
            return
        for one in AppointmentFile(path, self._settings).appointments():
            self._tally.read += 1
            if isinstance(one, Broken):
                self._notes.add(Finding("Appointment", one.line, "", "not-readable"))
            else:
                self._take(one.resource.body, one.taken)

    def _take(self, body: Json, taken: Taken) -> None:
        place = f"Appointment/{text(body, 'id')}"
        if taken.ours and taken.rule != "no-visit" and body.get("status") == "entered-in-error":
            self._note(place, "withdrawn")  # by us: no source had said so
            return
        for slip in taken.slips:
            rule = _IN_PULL.get(slip.rule, slip.rule)
            remedy = slip.remedy if rule == slip.rule else ""
            self._notes.add(Finding(place, 0, slip.place, rule, remedy))
        if taken.visit:
            self._put(place, taken.visit, self._own_key(body))

    def _own_key(self, body: Json) -> str:
        """The business key that it was written under, if it was by us."""
        try:
            return key_of(body, self._system)[0]
        except BadReply:
            return ""

    def _put(self, place: str, visit: Visit, own: str) -> None:
        key = record_key(self._settings.named_source, visit.natural_key, self._settings.secret)
        if own and own != key:
            self._note(place, "key-differs")
        cells = json.dumps(cells_of(visit))
        query = "SELECT place, cells FROM row WHERE key = ?"
        known = self._spool.execute(query, (key,)).fetchone()
        if known:
            self._note(place, "found-twice")
            if known[1] != cells:  # which is right, is not ours to guess
                self._note(known[0], "found-twice")
                self._spool.execute("UPDATE row SET twice = 1 WHERE key = ?", (key,))
            return
        query = "INSERT INTO row (key, utc, place, cells) VALUES (?, ?, ?, ?)"
        self._spool.execute(query, (key, visit.start.utc, place, cells))

    def _note(self, place: str, rule: str) -> None:
        self._notes.add(Finding(place, 0, "", rule))

    def write(self, path: Path) -> int:
        """The table, in the order of time; how many rows it has."""
        count = 0
        with io.TextIOWrapper(owner_only(path), encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(VISIT)
            for cells in self._sorted():
                table.writerow(cells)
                count += 1
        return count

    def _sorted(self) -> Iterator[list[str]]:
        query = "SELECT cells FROM row WHERE twice = 0 ORDER BY utc, key"
        for (told,) in self._spool.execute(query):
            yield json.loads(told)

    def read_back(self, path: Path, out: Path) -> None:
        """Reads the table as any other file of the site: every row must say what it was to say."""
        query = "SELECT cells FROM row WHERE key = ?"
        for read in Sources([path], self._settings, Catalog()).records(trusting=True):
            if isinstance(read, Read):
                known = self._spool.execute(query, (read.key,)).fetchone()
                record = read.record
                if known and isinstance(record, Visit) and json.loads(known[0]) == cells_of(record):
                    continue
                read = Finding("", read.origin.row, "", "reads-differently")
            if read.rule not in WARNINGS:
                self._notes.add(read._replace(path=str(out)))


def cells_of(visit: Visit) -> list[str]:
    """A visit as the cells of a row, in the order of the columns."""
    first = {True: "yes", False: "no", None: ""}
    cells = {
        "appointment": _who(visit.appointment),
        "patient": _who(visit.patient),
        "clinician": _who(visit.clinician),
        "start": visit.start.text,
        "end": visit.end.text,
        "status": visit.status,
        "cancelled_at": _when(visit.called_off),
        "cancelled_by": visit.by or "",
        "reason": visit.reason or "",
        "service": visit.service or "",
        "modality": visit.modality or "",
        "referrer": _who(visit.referrer),
        "referral": _who(visit.referral),
        "first": first[visit.first],
        "rescheduled_from": ";".join(one.text for one in visit.rescheduled_from),
        "missed": ";".join(one.text for one in visit.missed),
        "placer": _who(visit.placer),
        "other_clinicians": ";".join(
            _who(one).replace(";", "\\;") for one in visit.other_clinicians
        ),
        "location": visit.location or "",
        "appointment_type": visit.appointment_type or "",
        "appointment_type_code": _who(visit.appointment_type_code),
        "service_code": _who(visit.service_code),
        "reason_code": _who(visit.reason_code),
        "status_code": _who(visit.status_code),
        "event_reason": visit.event_reason or "",
        "event_reason_code": _who(visit.event_reason_code),
    }
    return [cells[name] for name in VISIT]


def _who(identifier: Identifier | None) -> str:
    return "|".join(identifier) if identifier else ""


def _when(moment: Moment | None) -> str:
    return moment.text if moment else ""
