"""`undo` beside a `sync`, two processes with one ledger on PostgreSQL: neither takes away what the
other has just built upon, and at the end ledger and server agree."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.testing import Answer, FhirServer, Request
from contract.clinic import Row, write_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Ran

    from .conftest import Place

pytestmark = [
    pytest.mark.server,
    pytest.mark.parametrize("place", ["postgresql"], indirect=True),
]

OLD = [Row(record_id=f"r-{n}", patient=f"100{n}") for n in range(3)]
NEW = [replace(row, record_id=f"n{row.record_id}", completed_at="2026-05-02") for row in OLD]
SHARED = {"Device": 1, "Questionnaire": 1, "Patient": len(OLD)}
OF_ROW = {"QuestionnaireResponse": 1, "Observation": 5, "Provenance": 1}


class Site:
    """A clinic, its ledger on PostgreSQL, and its server."""

    def __init__(
        self, folder: Path, place: Place, server: FhirServer, command: Callable[..., Ran]
    ) -> None:
        self.folder, self.place, self.server, self._command = folder, place, server, command
        self.rows = folder / "rows.csv"
        self.config = ["--config", str(folder / "alliance.toml"), "--to", server.url, "--json"]

    def words(self, name: str, *words: str, ledger: object = "") -> list[str]:
        """A command about its server."""
        if name == "sync":
            words = (str(self.rows), "--create-people", *words)
        return [name, *words, *self.config, "--ledger", str(ledger or self.place.address)]

    def run(self, name: str, *words: str, ledger: object = "") -> Ran:
        """The command in this process."""
        return self._command(*self.words(name, *words, ledger=ledger))

    def started(self, name: str, *words: str) -> subprocess.Popen[str]:
        """The command in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "alliance_fhir", *self.words(name, *words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def waiting(self, query: str) -> int:
        """How many sessions of the ledger asked this last."""
        asked = f"SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT {query}(%'"
        return int(self.place.sql(asked)[0][0])

    def wait_for(self, query: str, sessions: int) -> bool:
        """Waits until so many did; false where they do not in good time."""
        for _ in range(3000):
            if self.waiting(query) >= sessions:
                return True
            time.sleep(0.02)
        return False

    @property
    def there(self) -> Counter[str]:
        """What is at the server, by type."""
        return Counter(body["resourceType"] for body in self.server.everything)

    def belongs_together(self, *, people: bool = True) -> None:
        """Nothing leads nowhere, and the ledger knows all that is there, and that it is equal;
        `people`: it made these, too."""
        everything = self.server.everything
        places = {f"{body['resourceType']}/{body['id']}" for body in everything}
        ours = [body for body in everything if body["resourceType"] != "Patient" or people]
        told = {place for body in everything for place in references(body)}
        assert told - places == set()
        subjects = [b["subject"] for b in everything if b["resourceType"] == "Observation"]
        assert all("reference" in subject for subject in subjects)
        ran = self.run("verify")
        found = ran.json["verify"]
        assert (ran.code, found["expected"], found["equal"]) == (0, len(ours), len(ours))

    def is_whole_after_a_sync(self, rows: int, *, people: bool = True) -> None:
        """What was taken back comes again, and nothing twice."""
        ran = self.run("sync")
        assert ran.code == 0
        self.belongs_together(people=people)
        there = self.there
        assert there.pop("Provenance") >= rows
        expected: dict[str, int] = {**SHARED, **{type_: n * rows for type_, n in OF_ROW.items()}}
        assert there == Counter({t: n for t, n in expected.items() if t != "Provenance"})


def references(value: Any) -> Iterator[str]:
    """Where a resource points to, without versions."""
    if isinstance(value, dict):
        if isinstance(told := value.get("reference"), str):
            yield told.partition("/_history/")[0]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from references(one)


@pytest.fixture
def site(tmp_path: Path, place: Place, command: Callable[..., Ran]) -> Iterator[Site]:
    """The clinic; nothing was sent yet."""
    (tmp_path / "alliance.toml").write_text(
        'source = "clinic-east"\nbase = "https://clinic.example"\nsynthetic = true\n'
        'patient_system = "urn:example:mrn"\n'
    )
    with FhirServer() as server:
        site = Site(tmp_path, place, server, command)
        write_rows(site.rows, OLD)
        yield site


def once(fits: Callable[[Request, Answer | None], bool], do: Callable[[], object]) -> Any:
    """Does something once: before the first request that fits, or before its answer goes out."""
    lock = threading.Lock()
    done: list[Request] = []

    def first(request: Request, answer: Answer | None) -> bool:
        with lock:
            if done or not fits(request, answer):
                return False
            done.append(request)
            return True

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if first(request, None):
            do()
        answer = proceed()
        if first(request, answer):
            do()
        return answer

    return between


def is_of_a_record(request: Request, answer: Answer | None) -> bool:
    """Before a record is written."""
    return answer is None and request.is_write and b"valueQuantity" in request.body


def test_people_and_forms_stay_while_a_sync_may_need_them(site: Site) -> None:
    """The sync has found the patients of its new rows, and nothing of these is there yet."""
    run = site.run("sync").json["run"]
    write_rows(site.rows, [*NEW, *OLD])
    undone: list[tuple[int, str]] = []

    def undo() -> None:
        process = site.started("undo", run)
        said, _ = process.communicate()
        undone.append((process.returncode, said))

    site.server.between = once(lambda request, answer: answer is None and request.is_write, undo)
    with site.started("sync") as sync:
        sync.communicate()
    assert sync.returncode == 0
    [(code, said)] = undone
    assert (code, said.count('"in-use"')) == (7, sum(SHARED.values()))
    site.belongs_together()
    site.server.between = lambda request, proceed: proceed()
    ran = site.run("undo", run)  # now nobody is in the way, but the patients have new records
    assert {finding["rule"] for finding in ran.json["blocked"]} <= {"still-referenced"}
    site.belongs_together()
    site.is_whole_after_a_sync(len(OLD) + len(NEW))


def test_what_an_undo_finds_by_tags_is_not_learnt_as_if_it_were_there(site: Site) -> None:
    """The sync has just found all of it at the server; its ledger knows nothing yet."""
    run = site.run("sync", ledger=site.folder / "other.sqlite").json["run"]
    codes: list[int] = []

    def undo() -> None:
        process = site.started("undo", run)
        process.communicate()
        codes.append(process.returncode)

    looked: set[str] = set()

    def has_looked(request: Request, answer: Answer | None) -> bool:
        if answer and request.path.endswith("/_search"):
            looked.add(request.path)
        return {"Observation/_search", "QuestionnaireResponse/_search"} <= looked

    site.server.between = once(has_looked, undo)
    with site.started("sync") as sync:
        sync.communicate()
    assert (sync.returncode, codes) == (0, [7])
    site.belongs_together(people=False)
    site.is_whole_after_a_sync(len(OLD), people=False)


def while_it_is_changed(site: Site, *words: str) -> tuple[int, str]:
    """What a command says that begins while a sync is writing another version of its record."""
    write_rows(site.rows, [OLD[0].with_item(4, "4")])
    other: list[subprocess.Popen[str]] = []

    def beside() -> None:
        other.append(site.started(*words))
        assert site.wait_for("pg_try_advisory_lock", 2)  # the sync has it, the other wants it

    site.server.between = once(is_of_a_record, beside)
    with site.started("sync") as sync:
        sync.communicate()
    said, _ = other[0].communicate()
    assert sync.returncode == 0
    return other[0].returncode, said


@pytest.mark.parametrize("ledger", ["its own", "another's"])
def test_an_undo_waits_for_a_record_that_a_sync_is_changing(site: Site, ledger: str) -> None:
    """Then it is a later run's, and nothing of it is touched."""
    write_rows(site.rows, OLD[:1])
    place = site.folder / "other.sqlite" if ledger == "another's" else ""
    run = site.run("sync", ledger=place).json["run"]
    code, said = while_it_is_changed(site, "undo", run)
    assert (code, said.count('"changed-later"')) == (7, 3)
    assert site.there["Provenance"] == 2
    assert site.there["Observation"] == 5


def test_a_sync_waits_for_a_record_that_is_being_taken_back(site: Site) -> None:
    """The undo has looked at it, and nothing is removed yet. Then the record is made anew."""
    write_rows(site.rows, OLD[:1])
    run = site.run("sync").json["run"]
    write_rows(site.rows, [OLD[0].with_item(4, "4")])
    sync: list[subprocess.Popen[str]] = []

    def beside() -> None:
        sync.append(site.started("sync"))
        while sync[0].poll() is None and site.waiting("pg_try_advisory_lock") < 2:
            time.sleep(0.02)

    def looked(request: Request, answer: Answer | None) -> bool:
        return answer is not None and request.path == "Observation/_search"

    begins = once(looked, beside)
    writes = once(is_of_a_record, lambda: undo.wait(60))  # till then the ledger is in use
    site.server.between = lambda request, proceed: begins(request, lambda: writes(request, proceed))
    with site.started("undo", run) as undo:
        said, _ = undo.communicate()
    sync[0].communicate()
    assert (sync[0].returncode, undo.returncode) == (0, 7)
    assert said.count('"in-use"') == 3
    site.belongs_together()
    assert site.there == Counter({**SHARED, "Patient": 1, **OF_ROW})


def test_what_an_undo_finds_by_tags_is_waited_for_too(site: Site) -> None:
    """The sync takes it up after the undo has asked the ledger, and found it at the server."""
    write_rows(site.rows, OLD[:1])
    run = site.run("sync", ledger=site.folder / "other.sqlite").json["run"]
    write_rows(site.rows, [OLD[0].with_item(4, "4")])
    writing, waited = threading.Event(), list[bool]()
    sync: list[subprocess.Popen[str]] = []

    def write() -> None:
        writing.set()
        waited.append(site.wait_for("pg_try_advisory_lock", 2))

    def found(request: Request, answer: Answer | None) -> bool:
        last = request.path == "Patient/_search" and b"_tag" in request.body
        return answer is not None and last and b"run-touched" in request.body

    def begin() -> None:
        sync.append(site.started("sync"))
        assert writing.wait(60)

    begins, writes = once(found, begin), once(is_of_a_record, write)
    site.server.between = lambda request, proceed: begins(request, lambda: writes(request, proceed))
    with site.started("undo", run) as undo:
        said, _ = undo.communicate()
    sync[0].communicate()
    assert (sync[0].returncode, undo.returncode, waited) == (0, 7, [True])
    assert said.count('"changed-later"') == 3
    assert (site.there["Provenance"], site.there["Observation"]) == (2, 5)


def test_a_retraction_is_of_what_a_sync_was_writing(site: Site) -> None:
    write_rows(site.rows, OLD[:1])
    site.run("sync")
    code, said = while_it_is_changed(site, "retract", OLD[0].record_id, "--reason", "Withdrawn.")
    assert (code, said.count('"changed-at-target"')) == (0, 0)
    there = [body for body in site.server.everything if "status" in body]
    told = {body["status"] for body in there if body["resourceType"] == "Observation"}
    assert told == {"entered-in-error"}
    [total] = [b for b in there if b.get("valueQuantity", {}).get("value") == 32]
    assert total["resourceType"] == "Observation"
    site.belongs_together()


def test_a_sync_begins_when_what_is_shared_is_settled(site: Site) -> None:
    """The undo has looked who needs the patients: nobody does."""
    run = site.run("sync").json["run"]
    sync: list[subprocess.Popen[str]] = []

    def beside() -> None:
        sync.append(site.started("sync"))
        waits = 0  # whoever goes on asks something else soon
        while sync[0].poll() is None and waits < 50:
            waits = waits + 1 if site.waiting("pg_try_advisory_lock_shared") else 0
            time.sleep(0.02)

    site.server.between = once(
        lambda request, answer: (
            answer is None and request.method == "DELETE" and "Patient" in request.path
        ),
        beside,
    )
    with site.started("undo", run) as undo:
        undo.communicate()
    sync[0].communicate()
    assert (undo.returncode, sync[0].returncode) == (0, 0)
    site.belongs_together()
    assert site.there == Counter({**SHARED, **{t: 3 * n for t, n in OF_ROW.items()}})
