"""Claims, and several processes that share a ledger on PostgreSQL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.errors import ConfigError
from alliance_fhir.ledger import claims
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.testing import Answer, FhirServer, Request
from contract.clinic import Row, write_rows

from .test_ledger import ENTRY, KEY, TARGET

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

    from .conftest import Place

pytestmark = [
    pytest.mark.server,
    pytest.mark.parametrize("place", ["postgresql"], indirect=True),
]


def test_a_claim_is_of_one_thread_of_one_process(place: Place) -> None:
    """Four ledgers stand for four processes, each with four threads."""
    inside: list[int] = []
    most: list[int] = []

    def work(ledger: Ledger) -> None:
        for _ in range(5):
            with ledger.claim("g"), ledger.claim("g"):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.001)
                inside.pop()

    with ExitStack() as stack, ThreadPoolExecutor(16) as pool:
        ledgers = [stack.enter_context(Ledger(place.address, TARGET, KEY)) for _ in range(4)]
        list(pool.map(work, ledgers * 4))
    assert most == [1] * 80


def test_a_claim_holds_nobody_up_who_wants_another_one(place: Place) -> None:
    with Ledger(place.address, TARGET, KEY) as one, Ledger(place.address, TARGET, KEY) as two:
        waiting = threading.Event()

        def wait() -> str:
            waiting.set()
            with two.claim("a"):
                return "a"

        with ThreadPoolExecutor() as pool:
            with one.claim("a"):
                late = pool.submit(wait)
                waiting.wait()
                with two.claim("b"):
                    two.write([ENTRY])
                    two.commit()
                assert not late.done()
            assert late.result(30) == "a"


def test_other_ledgers_of_the_database_have_claims_of_their_own(place: Place) -> None:
    east, west = (f"{place.address}&schema={name}" for name in ("east", "west"))
    with (
        Ledger(east, TARGET, KEY) as one,
        Ledger(west, TARGET, KEY) as other,
        one.claim("g"),
        other.claim("g"),
    ):
        locks = place.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
    assert locks == [(2,)]


def test_a_claim_that_is_never_freed_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "MOST", 0.05)
    with (
        Ledger(place.address, TARGET, KEY) as one,
        Ledger(place.address, TARGET, KEY) as other,
        one.claim("g"),
    ):
        with pytest.raises(ConfigError, match="look whether it hangs"), other.claim("g"):
            pass
        with other.claim("h"):
            pass


def test_nobody_waits_for_a_claim_when_the_run_is_broken_off(place: Place) -> None:
    with (
        Ledger(place.address, TARGET, KEY) as one,
        Ledger(place.address, TARGET, KEY) as other,
        ThreadPoolExecutor() as pool,
        one.claim("g"),
    ):

        def wait() -> None:
            with other.claim("g"):
                pass

        waiting = pool.submit(wait)
        other.hurry()
        with pytest.raises(ConfigError, match="broken off"):
            waiting.result(30)


def test_the_claim_of_a_killed_process_is_free(place: Place) -> None:
    code = (
        "import sys, time; from alliance_fhir.ledger.store import Ledger\n"
        f"with Ledger(sys.argv[1], {TARGET!r}, {KEY!r}) as ledger, ledger.claim('g'):\n"
        "    print('held', flush=True); time.sleep(600)\n"
    )
    words = [sys.executable, "-c", code, str(place.address)]
    with (
        subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process,
        Ledger(place.address, TARGET, KEY) as ledger,
    ):
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        process.send_signal(signal.SIGKILL)
        with ledger.claim("g"):
            pass


# --- several processes

PEOPLE, EACH = 6, 4
ROWS = [
    Row(record_id=f"r-{person}-{n}", patient=f"10{person}", completed_at=f"2026-03-0{n + 1}")
    for n in range(EACH)
    for person in range(PEOPLE)
]
THERE = {
    "Device": 1,
    "Questionnaire": 1,
    "Patient": PEOPLE,
    "QuestionnaireResponse": len(ROWS),
    "Observation": 5 * len(ROWS),
    "Provenance": len(ROWS),
}


def there(server: FhirServer) -> Counter[str]:
    """What is at the server, by type."""
    return Counter(body["resourceType"] for body in server.everything)


@pytest.fixture
def words(tmp_path: Path, place: Place) -> list[str]:
    """The clinic, its ledger, and who is to be made: everything is there for the taking."""
    (tmp_path / "alliance.toml").write_text(
        'source = "clinic-east"\npatient_system = "urn:example:mrn"\nsynthetic = true\n'
    )
    write_rows(tmp_path / "rows.csv", ROWS)
    return [str(tmp_path / "rows.csv"), "--create-people", "--ledger", str(place.address)]


def started(words: list[str], server: FhirServer) -> subprocess.Popen[str]:
    """A sync in a process of its own."""
    command = [sys.executable, "-m", "alliance_fhir", "sync", *words, "--to", server.url]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )


def verified(command: Callable[..., Ran], words: list[str], server: FhirServer) -> None:
    """All that the ledger knows is there, once and equal."""
    config = ("--config", Path(words[0]).parent / "alliance.toml", "--ledger", words[-1])
    found = command("verify", "--to", server.url, *config, "--json")
    assert found.code == 0
    expected = sum(THERE.values())
    assert found.json["verify"]["expected"] == found.json["verify"]["equal"] == expected


def slowly(request: Request, proceed: Callable[[], Answer]) -> Answer:
    """Time for the other one to come across."""
    time.sleep(0.004)
    return proceed()


@pytest.mark.parametrize("way", ["the same way", "the other way round"])
def test_two_processes_at_once_do_everything_once(
    words: list[str], place: Place, command: Callable[..., Ran], way: str
) -> None:
    """The server only claims conditional creates: whatever is sent twice is there twice."""
    others = list(words)
    if way != "the same way":  # they meet in the middle; else one goes ahead of the other
        others[0] = str(Path(words[0]).with_name("reversed.csv"))
        write_rows(Path(others[0]), ROWS[::-1])
    with FhirServer(ignores={"conditional-create"}) as server:
        server.between = slowly
        both = [started(words, server), started(others, server)]
        said = [process.communicate() for process in both]
        assert [process.returncode for process in both] == [0, 0], said
        assert there(server) == THERE
        verified(command, words, server)
    rows = place.sql("SELECT run, count(*) FROM entry WHERE type = 'Provenance' GROUP BY run")
    assert len(rows) == 2 or way == "the same way"  # both had a share in it
    assert sum(count for _, count in rows) == len(ROWS)
    assert place.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]


@pytest.mark.parametrize("taken", [True, False], ids=["taken", "not taken"])
@pytest.mark.parametrize("at", [2, 9, 17])
def test_one_is_killed_and_the_other_goes_on(
    words: list[str], place: Place, command: Callable[..., Ran], at: int, taken: bool
) -> None:
    """Killed in the middle of a write that the server took, or did not, and holding a claim."""
    with FhirServer() as server:
        writes = 0
        lock = threading.Lock()

        def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
            nonlocal writes
            with lock:
                writes += request.is_write
                mine = request.is_write and writes == at
            if not mine:
                return slowly(request, proceed)
            answer = proceed() if taken else Answer(503)
            both[0].send_signal(signal.SIGKILL)
            both[0].wait()
            return answer

        both: list[subprocess.Popen[str]] = []
        server.between = between
        both += [started(words, server), started(words, server)]
        _, said = both[1].communicate()
        both[0].communicate()
        assert [process.returncode for process in both] == [-signal.SIGKILL, 0], said
        server.between = lambda request, proceed: proceed()
        after = command("sync", *words, "--to", server.url, "--json")
        assert after.code == 0
        assert there(server) == THERE
        verified(command, words, server)
        again = command("sync", *words, "--to", server.url, "--reread", "--json")
        told = {state for state, count in again.json["resources"].items() if count}
        assert told == {"unchanged"}
