"""The ledger in the middle of a sync: what it knows when the process is killed right then."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.errors import ConfigError
from alliance_fhir.ledger import database
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.testing import Answer, Request
from alliance_fhir.testing import FhirServer as LittleServer
from contract.clinic import MRN, Row, patient, write_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Ran

    from .conftest import Place

TOML = f'source = "clinic-east"\npatient_system = "{MRN}"\nclinician_system = "urn:example:staff"\n'
SECRETS = {"patient": "SECRET-PAT-4711", "clinician": "secret-dr-anne", "record_id": "SECRET-REC"}
ROWS = [Row(record_id="r-1"), Row(record_id="r-2")]
ALL = 2 + 7 * len(ROWS)


@pytest.fixture
def little() -> Iterator[LittleServer]:
    """A server where the patient is."""
    with LittleServer() as server:
        server.put(**patient(ROWS[0].patient))
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A clinic's folder."""
    folder = tmp_path / "clinic"
    folder.mkdir()
    (folder / "alliance.toml").write_text(TOML)
    write_rows(folder / "assessments.csv", ROWS)
    return folder


@pytest.fixture
def sync(
    folder: Path, little: LittleServer, naps: list[float], command: Callable[..., Ran], place: Place
) -> Callable[..., Ran]:
    """`alliance-fhir sync --json`, in this process."""
    to = ("--to", little.url, "--ledger", place.address, "--json")
    return lambda *words: command("sync", folder / "assessments.csv", *to, *words)


def another(folder: Path, little: LittleServer, ledger: str | Path) -> subprocess.Popen[str]:
    """The same command in a process of its own."""
    words = ("sync", folder, "--to", little.url, "--ledger", ledger)
    command = [sys.executable, "-m", "alliance_fhir", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def states(place: Place) -> Counter[str]:
    """The states in the ledger, as another process sees them now."""
    return Counter(state for (state,) in place.sql("SELECT state FROM entry"))


def is_transaction(request: Request) -> bool:
    """Whether a request is a transaction."""
    return request.method == "POST" and not request.path


def exactly_once(little: LittleServer) -> None:
    """Everything is there, and nothing twice."""
    made = Counter(body["resourceType"] for body in little.everything)
    assert made == {
        "Patient": 1,
        "Device": 1,
        "Questionnaire": 1,
        "QuestionnaireResponse": 2,
        "Observation": 10,
        "Provenance": 2,
    }


def test_the_ledger_knows_before_the_request_and_after_it(
    place: Place, little: LittleServer, sync: Callable[..., Ran]
) -> None:
    seen: list[Counter[str]] = []

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if is_transaction(request):
            seen.append(states(place))
        return proceed()

    little.between = between
    assert sync().code == 0
    assert seen == [
        {"sent": 1},
        {"created": 1, "sent": 1},
        {"created": 2, "sent": 7},
        {"created": 9, "sent": 7},
    ]
    assert states(place) == {"created": ALL}


@pytest.mark.parametrize("taken", [True, False], ids=["taken", "not taken"])
@pytest.mark.parametrize("request_number", [1, 2, 3, 4])
def test_a_process_that_is_killed_leaves_a_ledger_to_go_on_with(
    folder: Path,
    little: LittleServer,
    sync: Callable[..., Ran],
    place: Place,
    request_number: int,
    taken: bool,
) -> None:
    left = request_number

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        nonlocal left
        left -= is_transaction(request)
        if left or not is_transaction(request):
            return proceed()
        answer = proceed() if taken else Answer(503)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        return answer

    little.between = between
    with another(folder, little, place.address) as process:
        pass
    assert process.returncode == -signal.SIGKILL
    assert states(place)["sent"] == (1 if request_number < 3 else 7)

    little.between = lambda request, proceed: proceed()
    assert sync().code == 0
    exactly_once(little)
    assert states(place).keys() <= {"created", "unchanged", "sent"}
    again = sync()
    assert again.json["resources"]["unchanged"] == 14


ON_A_DISK = pytest.mark.parametrize("place", ["sqlite"], indirect=True)


@ON_A_DISK
@pytest.mark.parametrize("same", [True, False], ids=["same ledger", "another ledger"])
def test_two_runs_at_the_same_time_make_nothing_twice(
    folder: Path, little: LittleServer, sync: Callable[..., Ran], place: Place, same: bool
) -> None:
    """One ledger in a file is of one run at a time; with another the target tells what is there."""
    told: list[tuple[int, str]] = []
    beside: tuple[str, ...] = ()

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        nonlocal beside
        if is_transaction(request) and b"QuestionnaireResponse" in request.body and not told:
            told.append((-1, ""))
            ledger = place.address if same else folder / "another.sqlite"
            with another(folder, little, ledger) as process:
                _, said = process.communicate()
            told.append((process.returncode, said))
            beside = tuple(path.name for path in Path(place.address).parent.glob("*.lock"))
        return proceed()

    little.between = between
    assert sync().code == 0
    code, said = told[1]
    assert beside == ("ledger.sqlite.lock",)
    if same:
        assert (code, said) == (2, f"error: {place.address}: {IN_USE}\n")
    else:
        assert code == 0
    exactly_once(little)
    assert not list(Path(place.address).parent.glob("*.lock"))
    assert sync("--reread").json["resources"]["unchanged"] == 14


IN_USE = "another run, or a listener, is using this ledger; wait for it to end, and run again"


@ON_A_DISK
def test_a_run_keeps_nobody_from_looking(
    folder: Path,
    little: LittleServer,
    sync: Callable[..., Ran],
    place: Place,
) -> None:
    """`plan`, `verify` and `check` go on while a run has the ledger."""
    codes: list[int] = []

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if is_transaction(request) and b"QuestionnaireResponse" in request.body and not codes:
            codes.append(-1)
            to = ("--to", little.url, "--ledger", str(place.address))
            config = ("--config", str(folder / "alliance.toml"))
            for words in (("plan", str(folder), *to), ("verify", *to, *config)):
                run = [sys.executable, "-m", "alliance_fhir", *words]
                codes.append(subprocess.run(run, check=False, capture_output=True).returncode)
        return proceed()

    little.between = between
    assert sync().code == 0
    assert codes[1:] == [0, 8]  # what is on its way is missing as yet
    exactly_once(little)


def taken(place: Place) -> Any:
    """Another process is in the middle of writing, until what comes back is closed."""
    if place.postgres:
        connection = place.postgres.connect(place.database)
        connection.execute("BEGIN")
        connection.execute("LOCK TABLE entry IN SHARE MODE")
        return connection
    database = sqlite3.connect(place.address, check_same_thread=False)
    database.execute("BEGIN IMMEDIATE")
    return database


def test_a_ledger_that_is_taken_in_the_middle_ends_the_run_and_loses_nothing(
    little: LittleServer,
    sync: Callable[..., Ran],
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    others: list[Any] = []

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if is_transaction(request) and b"r-1" not in request.body and not others:
            others.append(taken(place))
        return proceed()

    little.between = between
    ran = sync()
    assert ran.code == 2
    assert "another process is using it; wait" in ran.json["stopped"]
    assert ran.err.count("\n") == 1
    others[0].close()
    little.between = lambda request, proceed: proceed()
    assert sync().code == 0
    exactly_once(little)


def everything_in(place: Place) -> bytes:
    """All that a ledger holds, deleted rows as well where that is possible."""
    if place.postgres:
        tables = ("fact", "run", "entry")
        return repr([place.sql(f"SELECT * FROM {table}") for table in tables]).encode()
    files = list(Path(place.address).parent.glob("ledger.sqlite*"))
    assert files
    return b"".join(file.read_bytes() for file in files)


def test_nothing_of_a_patient_is_in_the_ledger(
    folder: Path, little: LittleServer, sync: Callable[..., Ran], place: Place
) -> None:
    rows = [Row(**SECRETS), Row(**{**SECRETS, "record_id": ""}, completed_at="2026-04-05")]
    write_rows(folder / "assessments.csv", rows)
    assert sync("--create-people").code == 0
    write_rows(folder / "assessments.csv", [row.with_item(4, "5") for row in rows])
    assert sync("--create-people").json["resources"]["updated"] == 6
    assert len(little.of_type("Patient")) == 2
    content = everything_in(place)
    assert b"Observation" in content
    for secret in (*SECRETS.values(), rows[0].answers, "2026-04-05", MRN):
        assert secret.encode() not in content


KEYS = ["a-key-of-sixteen-bytes-or-more", "another-key-of-sixteen-bytes"]


def test_another_secret_key_is_refused_and_no_key_is_kept(
    little: LittleServer,
    sync: Callable[..., Ran],
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALLIANCE_FHIR_KEY", KEYS[0])
    assert sync().code == 0
    assert KEYS[0].encode() not in everything_in(place)
    little.requests.clear()
    for other in (KEYS[1], ""):
        monkeypatch.setenv("ALLIANCE_FHIR_KEY", other)
        ran = sync()
        assert ran.code == 2
        assert "key" in ran.json["stopped"]
        assert KEYS[1] not in ran.out + ran.err
    assert little.writes == []
    monkeypatch.setenv("ALLIANCE_FHIR_KEY", KEYS[0])
    assert sync().json["resources"]["unchanged"] == 14


def test_a_ledger_whose_making_was_killed_is_made_again(place: Place) -> None:
    """SQLite would commit each table by itself, and a half is no ledger of anybody's."""
    code = textwrap.dedent(f"""
        import os, sqlalchemy
        from alliance_fhir.ledger.store import Ledger

        @sqlalchemy.event.listens_for(sqlalchemy.Engine, "after_cursor_execute")
        def kill(connection, cursor, statement, *told):
            if "CREATE TABLE" in statement:
                os.kill(os.getpid(), 9)

        Ledger({str(place.address)!r}, "https://target.invalid/fhir", "none")
    """)
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    with Ledger(place.address, "https://target.invalid/fhir", "none") as ledger:
        assert list(ledger.expected()) == []


def test_a_damaged_ledger_is_told(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger(path, "https://target.invalid/fhir", "none") as ledger:
        ledger.begin_run("1", "sync", "clinic-east")
        ledger.commit()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\x55" * (len(content) - 4096))
    with (
        pytest.raises(ConfigError, match="cannot be used"),
        Ledger(path, "https://target.invalid/fhir", "none") as ledger,
    ):
        list(ledger.expected())
