"""Plans that were pulled back to documents: one YAML file for each CarePlan.

Resources are gathered by patient in SQLite's temporary file, as those of a plan come from different
files; so memory stays flat. Whatever a document has no place for is told, and stays at the target.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from alliance_fhir.config import Settings
from alliance_fhir.domain.places import is_document
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.receipt import Finding, Tally
from alliance_fhir.errors import ConfigError
from alliance_fhir.fhir.people import FOUND_BY_IDENTIFIER
from alliance_fhir.fhir.plan import OWN
from alliance_fhir.fhir.plan.back.element import ASSUMED
from alliance_fhir.fhir.plan.reading import Came, plans_in
from alliance_fhir.fhir.versions import Json
from alliance_fhir.left_out import LeftOut
from alliance_fhir.mirror import lines_of, owner_only
from alliance_fhir.received import parsed, part, text
from alliance_fhir.room import Spool, unwritable
from alliance_fhir.sources.plans.written import as_yaml

PEOPLE = FOUND_BY_IDENTIFIER[:3]
"""Whom others name by reference alone: they have to be there to be named in a document."""
PLANS = (*OWN, "QuestionnaireResponse", "Observation")
"""What plans are made from."""
_AFTER = "nothing is lost, and earlier documents are as they were"
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 80


def free(out: Path) -> Path:
    """The folder for documents. Raises ConfigError where it holds some already: they may have been
    changed since, and would be taken for versions of one plan."""
    if out.is_dir() and any(is_document(file.name) for file in out.iterdir()):
        raise ConfigError(f"{out} holds plan documents already; name a new folder")
    return out


def write_documents(folder: Path, out: Path, settings: Settings, tally: Tally) -> int:
    """Writes the plans in a folder of NDJSON to the folder `out`; how many there are.

    What was not carried is told in `tally`, and all of it in a file beside the documents. Raises
    ConfigError where they cannot be written.
    """
    tally.read = tally.accepted = 0
    try:
        out.mkdir(parents=True, exist_ok=True)
        with LeftOut(out / "plans", tally) as notes, _gathered(folder) as spool:
            for came in _plans(spool, settings):
                tally.read += 1
                for finding in _told(came):
                    notes.add(finding)
                if came.plan:
                    _write(out, came.plan)
                    tally.accepted += 1
            notes.finish()
    except (OSError, sqlite3.Error) as error:
        raise unwritable(out, error, _AFTER) from None
    return tally.accepted


def _gathered(folder: Path) -> Spool:
    """What plans may consist of, by whose it is; people are everybody's."""
    spool = Spool()
    spool.execute("CREATE TABLE resource (patient TEXT, number INTEGER PRIMARY KEY, line BLOB)")
    for type_ in (*PLANS, *PEOPLE):
        rows = (
            ("" if type_ in PEOPLE else _whose(parsed(line)), line)
            for line in lines_of(folder / f"{type_}.ndjson")
        )
        spool.executemany("INSERT INTO resource (patient, line) VALUES (?, ?)", rows)
    return spool


def _whose(body: Json) -> str:
    """By what resources of one patient are told from others'."""
    subject = part(body, "subject") or part(body, "for")
    where = text(subject, "reference").partition("/_history/")[0]
    if where:
        return "/".join(where.split("/")[-2:])
    named = part(subject, "identifier")
    return f"{text(named, 'system')}|{text(named, 'value')}"


def _plans(spool: Spool, settings: Settings) -> Iterator[Came]:
    everybody = [parsed(line) for (line,) in spool.execute(_LINES, ("",))]
    rows = spool.execute(_OTHERS)
    for _, some in groupby(rows, key=itemgetter(0)):
        yield from plans_in([*(parsed(line) for _, line in some), *everybody], settings)


_LINES = "SELECT line FROM resource WHERE patient = ? ORDER BY number"
_OTHERS = "SELECT patient, line FROM resource WHERE patient > '' ORDER BY patient, number"


def _told(came: Came) -> Iterator[Finding]:
    rule = "not-carried" if came.plan else "no-plan"
    for left in came.left:
        if left.why == ASSUMED:
            yield Finding(left.resource, 0, left.element, ASSUMED)
            continue
        remedy = f"It stays at the target ({left.why})."
        yield Finding(left.resource, 0, left.element, rule, remedy)


def _write(out: Path, plan: SharedPlan) -> None:
    """Only its owner can read it: it is in patients' words."""
    name = f"{_UNFIT.sub('-', plan.plan)[:_LONGEST].strip('-.') or 'plan'}-{plan.version}"
    path, number = out / f"{name}.plan.yaml", 1
    while path.exists():  # another plan whose name looks alike
        number += 1
        path = out / f"{name}-{number}.plan.yaml"
    with owner_only(path) as file:
        file.write(as_yaml(plan).encode())
