"""A clinic that syncs its file to a target, a process at a time, with the plan before each sync."""

from __future__ import annotations

import csv
import shutil
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from alliance_fhir import Options, Settings, open_ledger, open_target
from alliance_fhir.config import InstrumentSettings
from alliance_fhir.domain.keys import record_key
from alliance_fhir.story import plan, sync, verify

from .places import Place, name_of, short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import httpx

    from alliance_fhir.ledger.store import Ledger
    from alliance_fhir.result import Result
    from alliance_fhir.running import Progress
    from alliance_fhir.targets.base import Target

MRN = "urn:example:mrn"
STAFF = "urn:example:staff"
JONES = "1001"
HEADER = (
    "record_id,patient,clinician,instrument,rater,rater_id,completed_at,session,language,"
    + ",".join(f"item_{n}" for n in range(1, 13))
    + ",total,goal,task,bond"
).split(",")

PARTS = ["bond", "goal", "panel", "qr", "task", "total"]
"""What comes of a WAI-SR; item 4 belongs to the goals, and with every item to the total."""
FIRST_SYNC = {"Device": 1, "Questionnaire": 1, "QuestionnaireResponse": 1, "Observation": 5}


@dataclass(frozen=True)
class Row:
    """A WAI-SR of Mr Jones; a test says what is otherwise. `answers` has a digit an item."""

    record_id: str = "r-1"
    patient: str = JONES
    clinician: str = ""
    instrument: str = "wai-sr"
    rater: str = "patient"
    rater_id: str = ""
    completed_at: str = "2026-03-02T14:20:00-05:00"
    session: str = ""
    language: str = "en"
    answers: str = "233333232232"
    scores: tuple[str, str, str, str] = ("", "", "", "")

    @property
    def cells(self) -> list[str]:
        """The row as a file has it."""
        return [*astuple(self)[: len(fields(self)) - 2], *self.answers.ljust(12), *self.scores]

    def with_item(self, number: int, digit: str) -> Row:
        """The same with another answer to one item."""
        answers = self.answers[: number - 1] + digit + self.answers[number:]
        return replace(self, answers=answers)

    def patient_of(self, value: str) -> Row:
        """The same of another patient."""
        return replace(self, patient=value)

    @property
    def identifiers(self) -> list[dict[str, str]]:
        """By what the patient is known."""
        return [{"system": MRN, "value": self.patient}]


ROW = Row()
CHANGED = ROW.with_item(4, "4")
"""Item 4 has one point more."""


@dataclass
class Wire:
    """Every request that our client sends; a test may raise before it goes out or after it, or
    give an answer instead of the server's."""

    naps: list[float]
    requests: list[httpx.Request] = field(default_factory=list)
    before: Callable[[httpx.Request], None] = lambda request: None
    after: Callable[[httpx.Request], None] = lambda request: None
    instead: Callable[[httpx.Request], httpx.Response | None] = lambda request: None

    @property
    def writes(self) -> list[httpx.Request]:
        """The requests that would change something."""
        return [request for request in self.requests if is_write(request)]

    def calm(self) -> None:
        """Nobody is in between any more, and what was sent is forgotten."""
        self.before = self.after = self.instead = lambda request: None
        self.requests.clear()


def is_write(request: httpx.Request) -> bool:
    """Whether a request would change something."""
    asks = ("/_search", "/$validate")
    return request.method != "GET" and not request.url.path.endswith(asks)


class Clinic:
    """The clinic. Each call opens target and ledger anew, as another process would."""

    def __init__(self, folder: Path, place: Place, wire: Wire) -> None:
        self.place = place
        self.wire = wire
        self.folder = folder
        self.ledger = folder / "ledger.sqlite"
        self.settings = Settings(
            folder=folder,
            source="clinic-east",
            organization="urn:example:org|east",
            patient_system=MRN,
            clinician_system=STAFF,
            synthetic=True,
        )
        self.sources = [folder / "assessments.csv"]

    def set(self, **settings: Any) -> None:
        """Other settings."""
        self.settings = self.settings.model_copy(update=settings)

    def set_missing(self, how: Literal["prorate"]) -> None:
        """How the total of unanswered items is made."""
        self.set(instruments={"wai-sr": InstrumentSettings(missing=how)})

    def of_record(self, row: Row) -> dict[str, dict[str, Any]]:
        """What is at the target of a row that has an id, by short names; no Provenances."""
        key = record_key(self.settings.source, ("record", row.record_id))
        there = [body for body in self.place.everything if body["resourceType"] != "Provenance"]
        named = {name_of(body): body for body in there}
        return {short(name): body for name, body in named.items() if key in name}

    def name(self, row: Row, part: str) -> str:
        """The name of one resource of a row that has an id."""
        body = self.of_record(row)[part]
        return name_of(body)

    def write(self, *rows: Row, name: str = "assessments.csv") -> Path:
        """The source file, with these rows."""
        return write_rows(self.folder / name, rows)

    @contextmanager
    def open(self) -> Iterator[tuple[Target, Ledger]]:
        """Target and ledger."""
        target = open_target(self.place.address, self.settings, self.place.fhir)
        with closing(target), open_ledger(self.ledger, target, self.settings) as ledger:
            yield target, ledger

    def plan(self, **options: Any) -> Result:
        """The plan; it writes nothing, neither there nor here. At a server the wire shows that: to
        read everything there before and after takes as many requests as the plan itself."""
        before = self.place.unseen(), self.entries(), self.documents()
        sent = len(self.wire.writes)
        with self.open() as (target, ledger):
            result = plan(self.sources, target, ledger, self.settings, Options(**options))
        assert len(self.wire.writes) == sent
        assert (self.place.unseen(), self.entries(), self.documents()) == before
        return result

    def sync(self, *, watch: Callable[[Progress], None] | None = None, **options: Any) -> Result:
        """A plan, then the sync; both find the same."""
        foreseen = self.plan(**options)
        self.wire.requests.clear()
        result = self.sync_alone(watch=watch, **options)
        assert foreseen.tally.resources == result.tally.resources
        assert vars(foreseen.tally) == vars(result.tally)
        assert foreseen.exit_code == result.exit_code
        return result

    def sync_alone(
        self, *, watch: Callable[[Progress], None] | None = None, **options: Any
    ) -> Result:
        """The sync, with nothing before it."""
        more = {"watch": watch} if watch else {}
        with self.open() as (target, ledger):
            return sync(self.sources, target, ledger, self.settings, Options(**options), **more)

    def verify(self) -> Result:
        """Everything read back."""
        with self.open() as (target, ledger):
            return verify(target, ledger)

    def verified(self) -> int:
        """How many resources are there and equal; that is all of them."""
        found = self.verify().verify
        assert found
        assert (found.missing, found.duplicated, found.different, found.foreign) == ([], [], [], [])
        assert found.expected == found.found == found.equal
        return found.expected

    def entries(self) -> list[tuple[Any, ...]]:
        """The rows of the ledger."""
        return rows_of(self.ledger, "SELECT * FROM entry ORDER BY key, version")

    def documents(self) -> dict[str, bytes]:
        """The files of the clinic's plans, where it has any."""
        return {path.name: path.read_bytes() for path in (self.folder / "plans").glob("*")}

    def states(self) -> dict[str, str]:
        """The state of each version in the ledger, by type or part and version."""
        rows = rows_of(self.ledger, "SELECT type, key, version, state FROM entry")
        return {f"{short(f'{type_}/{key}')} {number}": state for type_, key, number, state in rows}

    def register(self, *patients: str) -> None:
        """Patients at the target, where it has people."""
        for value in patients if self.place.people else ():
            self.place.add(patient(value))

    def settled(self, *rows: Row) -> None:
        """The rows are at the target, the ledger knows, and what was sent is forgotten."""
        self.write(*rows)
        self.register(*dict.fromkeys(row.patient for row in rows))
        result = self.sync_alone()
        assert result.exit_code == 0
        self.wire.calm()


def write_rows(path: Path, rows: Sequence[Row]) -> Path:
    """A source file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *(row.cells for row in rows)])
    return path


PLANS = Path(__file__).parents[2] / "examples" / "plans"


def lay_out(folder: Path, *names: str) -> Path:
    """A folder of these plan documents of the examples, and of no others."""
    inbox = folder / "plans"
    shutil.rmtree(inbox, ignore_errors=True)
    inbox.mkdir()
    for name in names:
        shutil.copy(PLANS / f"{name}.plan.yaml", inbox)
    return inbox


def give(clinic: Clinic, *names: str) -> None:
    """The clinic's folder holds these documents, and no others."""
    clinic.sources = [lay_out(clinic.folder, *names)]


def edited(clinic: Clinic, name: str, change: Callable[[str], str]) -> None:
    """A document of the clinic is another one."""
    path = clinic.folder / "plans" / f"{name}.plan.yaml"
    before = path.read_text("utf-8")
    path.write_text(change(before), "utf-8")
    assert path.read_text("utf-8") != before


def rows_of(path: Path, query: str) -> list[tuple[Any, ...]]:
    """What a query finds in a ledger, read by somebody else."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


def patient(value: str, **more: Any) -> dict[str, Any]:
    """A patient as a clinic's server knows one."""
    identifier = [{"system": MRN, "value": value}]
    return {"resourceType": "Patient", "identifier": identifier, **more}


def counts(result: Result) -> dict[str, int]:
    """How many resources came to each state; states that nothing came to are left out."""
    return {state: number for state, number in result.tally.resources.items() if number}


def rules(result: Result, kind: str) -> list[str]:
    """The rules of the findings of one kind."""
    return [finding.rule for finding in getattr(result.tally, kind)]


def touched(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The short names of what was made, changed or deleted."""
    names = before.keys() | after.keys()
    return sorted(short(name) for name in names if before.get(name) != after.get(name))
