"""What the ledger keeps, and what it refuses."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.errors import ConfigError
from alliance_fhir.ledger import database
from alliance_fhir.ledger.entries import Entry
from alliance_fhir.ledger.store import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .conftest import Place

TARGET, KEY = "https://fhir.example.invalid/r4", "none"
ENTRY = Entry(
    key="k",
    version=1,
    type="Observation",
    group_key="g",
    source="clinic-east",
    subject="s",
    subject_at="Patient/1",
    path="file.csv",
    row=2,
    source_digest="sd",
    digest="d1",
    server_digest="d1",
    state="created",
    server_id="7",
    server_version="1",
    run="r",
    made_by="r",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger lies, in a folder that is not there yet."""
    return tmp_path / "deep" / "down" / "ledger.sqlite"


@pytest.fixture
def ledger(place: Place) -> Iterator[Ledger]:
    """An empty ledger, of each kind in turn."""
    with Ledger(place.address, TARGET, KEY) as ledger:
        yield ledger


def states(ledger: Ledger, key: str = "k") -> list[tuple[int, str]]:
    """The versions of a key that count, with their states."""
    return [(entry.version, entry.state) for entry in ledger.current([key]).get(key, [])]


def altered(path: Path, statement: str) -> None:
    """Somebody changes the file itself."""
    with closing(sqlite3.connect(path)) as database:
        database.execute(statement)
        database.commit()


# --- what it is of


def test_what_was_committed_is_there_when_it_is_opened_again(place: Place) -> None:
    with Ledger(place.address, TARGET, KEY) as ledger:
        ledger.write([ENTRY])
        ledger.commit()
    with Ledger(place.address, TARGET, KEY) as ledger:
        assert ledger.current(["k"]) == {"k": [ENTRY]}


def test_what_was_not_committed_is_not(place: Place) -> None:
    with Ledger(place.address, TARGET, KEY) as ledger:
        ledger.write([ENTRY])
    with Ledger(place.address, TARGET, KEY) as ledger:
        assert ledger.current(["k"]) == {}


@pytest.mark.parametrize(
    ("target", "key", "told"),
    [
        ("https://other.example.invalid/r4", KEY, "another target"),
        (TARGET, "0f0f0f0f0f0f0f0f", "another secret key"),
    ],
)
def test_a_ledger_of_something_else_is_refused(
    place: Place, target: str, key: str, told: str
) -> None:
    with Ledger(place.address, TARGET, KEY) as ledger:
        ledger.write([ENTRY])
        ledger.commit()
    with pytest.raises(ConfigError, match=told):
        Ledger(place.address, target, key)
    with Ledger(place.address, TARGET, KEY) as ledger:
        assert ledger.current(["k"]) == {"k": [ENTRY]}


def test_a_ledger_of_another_schema_is_refused(place: Place) -> None:
    with Ledger(place.address, TARGET, KEY):
        pass
    place.sql("UPDATE fact SET value = '99' WHERE name = 'schema'")
    with pytest.raises(ConfigError, match="newer version of alliance-fhir"):
        Ledger(place.address, TARGET, KEY)


@pytest.mark.parametrize("content", [b"patient,instrument\n" * 100, b"\0" * 4096])
def test_a_file_that_is_no_ledger_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=path.name):
        Ledger(path, TARGET, KEY)
    assert path.read_bytes() == content


def test_a_database_of_somebody_else_is_refused_and_left_alone(path: Path) -> None:
    path.parent.mkdir(parents=True)
    altered(path, "CREATE TABLE photos (name)")
    with pytest.raises(ConfigError):
        Ledger(path, TARGET, KEY)


def test_a_path_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for bad in (tmp_path / "file" / "ledger.sqlite", tmp_path):
        with pytest.raises(ConfigError, match="cannot be written"):
            Ledger(bad, TARGET, KEY)


def test_nobody_else_may_read_it_not_even_for_a_moment(path: Path) -> None:
    before = os.umask(0)
    try:
        with Ledger(path, TARGET, KEY) as ledger:
            ledger.write([ENTRY])
            ledger.commit()
            files = list(path.parent.iterdir())
            assert path in files
            assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    finally:
        os.umask(before)


def test_a_plan_where_there_is_no_ledger_leaves_none(path: Path) -> None:
    with Ledger(path, TARGET, KEY, create=False) as ledger:
        ledger.write([ENTRY])
        ledger.commit()
        assert states(ledger) == [(1, "created")]
    assert not path.parent.exists()


def test_a_plan_where_there_is_one_uses_it(place: Place) -> None:
    with Ledger(place.address, TARGET, KEY) as ledger:
        ledger.write([ENTRY])
        ledger.commit()
    with Ledger(place.address, TARGET, KEY, create=False) as ledger:
        assert states(ledger) == [(1, "created")]


# --- another process


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another process is in the middle of writing."""
    script = (
        "import sqlite3, sys\n"
        "database = sqlite3.connect(sys.argv[1])\n"
        "database.execute('BEGIN IMMEDIATE')\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, str(path)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout
        assert process.stdout.readline() == b"held\n"
        yield


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked database is waited for a moment only."""

    monkeypatch.setattr(database, "PATIENCE", 0.05)


@pytest.mark.usefixtures("impatient")
def test_a_ledger_that_another_process_writes_is_told(path: Path) -> None:
    with Ledger(path, TARGET, KEY) as ledger:
        with held(path), pytest.raises(ConfigError, match="another process is using it") as told:
            ledger.begin_run("r", "sync", "clinic-east")
        assert str(path) in str(told.value)
        ledger.begin_run("r", "sync", "clinic-east")  # it ended
        ledger.commit()


@pytest.mark.usefixtures("impatient")
def test_a_new_ledger_that_another_process_writes_is_told(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.touch()
    with held(path), pytest.raises(ConfigError, match="another process is using it"):
        Ledger(path, TARGET, KEY)


def test_readers_do_not_wait_for_a_writer(path: Path) -> None:
    with Ledger(path, TARGET, KEY) as ledger:
        ledger.write([ENTRY])
        ledger.commit()
        with held(path):
            assert states(ledger) == [(1, "created")]


# --- versions


def test_a_version_that_is_acknowledged_supersedes_older_ones(ledger: Ledger) -> None:
    ledger.settle([ENTRY])
    newer = ENTRY._replace(version=2, digest="d2", state="updated")
    ledger.write([newer._replace(state="sent")])
    assert states(ledger) == [(1, "created"), (2, "sent")]
    ledger.settle([newer])
    assert states(ledger) == [(2, "updated")]
    assert ledger.superseded("k", "d1")
    assert not ledger.superseded("k", "d2")
    assert not ledger.superseded("other", "d1")


def test_only_versions_of_the_same_key_are_superseded(ledger: Ledger) -> None:
    other = ENTRY._replace(key="other")
    ledger.settle([ENTRY, other])
    ledger.settle([ENTRY._replace(version=2, state="updated")])
    assert states(ledger, "other") == [(1, "created")]


def test_a_later_version_is_not_superseded_by_an_earlier_one(ledger: Ledger) -> None:
    ledger.write([ENTRY._replace(version=3, state="sent")])
    ledger.settle([ENTRY._replace(version=2, state="updated")])
    assert states(ledger) == [(2, "updated"), (3, "sent")]


def test_what_was_never_sent_is_forgotten(ledger: Ledger) -> None:
    ledger.settle([ENTRY])
    ledger.write([ENTRY._replace(version=2, state="sent")])
    ledger.forget([ENTRY._replace(version=2)])
    assert states(ledger) == [(1, "created")]
    ledger.forget([ENTRY._replace(version=2), ENTRY._replace(key="nobody")])
    ledger.forget([])
    assert states(ledger) == [(1, "created")]


def test_writing_a_version_again_takes_its_place(ledger: Ledger) -> None:
    ledger.write([ENTRY._replace(state="sent")])
    ledger.write([ENTRY._replace(state="rejected")])
    assert states(ledger) == [(1, "rejected")]
    ledger.write([])
    ledger.settle([])


def test_many_keys_are_found_at_once(ledger: Ledger) -> None:
    keys = [f"k-{n}" for n in range(1501)]
    ledger.write([ENTRY._replace(key=key) for key in keys])
    assert ledger.current(keys).keys() == set(keys)
    assert ledger.current([]) == {}


# --- what should be at the target


def listed(ledger: Ledger, size: int = 200) -> list[tuple[str, str]]:
    """What is expected at the target, by type and key."""
    return [(one[-1].type, one[-1].key) for some in ledger.expected(size) for one in some]


@pytest.mark.parametrize("size", [1, 2, 3, 200])
def test_all_that_may_be_at_the_target_is_expected_once(ledger: Ledger, size: int) -> None:
    live = ("created", "updated", "unchanged", "sent")
    for type_ in ("Observation", "Device"):
        ledger.write(
            [ENTRY._replace(type=type_, key=f"{type_}-{state}", state=state) for state in live]
        )
    for state in ("superseded", "rejected"):
        ledger.write([ENTRY._replace(key=f"no-{state}", state=state)])
    expected = [(t, f"{t}-{state}") for t in ("Device", "Observation") for state in sorted(live)]
    assert listed(ledger, size) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 4, 200])
def test_what_is_being_changed_is_expected_once(ledger: Ledger, size: int) -> None:
    ledger.settle([ENTRY, ENTRY._replace(key="l")])
    ledger.write([ENTRY._replace(version=2, digest="d2", state="sent")])
    assert listed(ledger, size) == [("Observation", "k"), ("Observation", "l")]
    [[both, _], *_] = ledger.expected()
    assert [(entry.version, entry.digest) for entry in both] == [(1, "d1"), (2, "d2")]


def test_a_group_is_told_once_and_only_of_its_own_source(ledger: Ledger) -> None:
    ledger.write(
        [
            ENTRY._replace(key="g2-a", group_key="g2", row=9),
            ENTRY._replace(key="g1-a", group_key="g1", row=3),
            ENTRY._replace(key="g1-b", group_key="g1", row=3),
            ENTRY._replace(key="w-a", group_key="w", source="clinic-west"),
            ENTRY._replace(key="device", group_key=""),
            ENTRY._replace(key="g3-a", group_key="g3", state="sent"),
            ENTRY._replace(key="g4-a", group_key="g4", state="rejected"),
            ENTRY._replace(key="g5-a", group_key="g5", state="superseded"),
        ]
    )
    found = list(ledger.groups("clinic-east"))
    assert [(entry.group_key, entry.row, entry.path) for entry in found] == [
        ("g1", 3, "file.csv"),
        ("g2", 9, "file.csv"),
    ]
    assert [entry.group_key for entry in ledger.groups("clinic-west")] == ["w"]


def test_a_run_that_came_to_its_end_says_so(ledger: Ledger, place: Place) -> None:
    for run in ("whole", "killed"):
        ledger.begin_run(run, "sync", "clinic-east")
    ledger.end_run("whole")
    ledger.commit()
    ended = dict(place.sql("SELECT id, ended IS NOT NULL FROM run"))
    assert ended == {"whole": True, "killed": False}


# --- the threads of a process


def test_a_unit_that_is_cut_off_leaves_nothing_and_what_was_before_it_stays(
    ledger: Ledger, place: Place
) -> None:
    before = ENTRY._replace(key="before")
    ledger.write([before])

    def unit() -> None:
        with ledger.together():
            ledger.settle([ENTRY._replace(version=2)])
            ledger.commit()  # at the unit's end, and not before
            with ledger.together():
                ledger.write([ENTRY._replace(key="within")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        unit()
    assert ledger.current(["before", "k", "within"]) == {"before": [before]}
    ledger.commit()
    with Ledger(place.address, TARGET, KEY) as again:
        assert again.current(["before", "k", "within"]) == {"before": [before]}


def test_a_unit_is_durable_at_its_end_and_one_without_commit_is_not(place: Place) -> None:
    with Ledger(place.address, TARGET, KEY) as ledger:
        with ledger.together():
            ledger.write([ENTRY])
        with ledger.together(commit=False):
            ledger.write([ENTRY._replace(key="later")])
    with Ledger(place.address, TARGET, KEY) as ledger:
        assert ledger.current(["k", "later"]) == {"k": [ENTRY]}


def test_what_is_durable_soon_is_so_with_the_next_unit_and_for_whoever_asks(place: Place) -> None:
    a, b, c, d, e = [ENTRY._replace(key=key) for key in "abcde"]

    def soon(one: Entry, *, cut_off: bool = False) -> None:
        with ledger.together(soon=True):
            ledger.settle([one])
            if cut_off:
                raise RuntimeError

    with Ledger(place.address, TARGET, KEY) as ledger:
        soon(a)
        with ledger.together():
            ledger.write([b])
        assert sorted(place.sql("SELECT key FROM entry")) == [("a",), ("b",)]
        soon(c)
        with pytest.raises(RuntimeError):
            soon(d, cut_off=True)
        assert ledger.current("abcd") == {"a": [a], "b": [b], "c": [c]}
        assert sorted(place.sql("SELECT key FROM entry"))[2:] == [("c",)]
        soon(d)
        ledger.commit()
        assert place.sql("SELECT count(*) FROM entry") == [(4,)]
        soon(e)
        with ledger.together():
            ledger.write([e._replace(row=9)])  # what came later counts
        assert ledger.current("e") == {"e": [e._replace(row=9)]}
        soon(e)
    assert sorted(place.sql("SELECT key FROM entry"))[3:] == [("d",), ("e",)]


def test_many_units_that_are_durable_soon(place: Place) -> None:
    """More than one statement holds, and each with a later version of what the one before had."""
    with Ledger(place.address, TARGET, KEY) as ledger:
        for turn in range(40):
            with ledger.together(soon=True):
                ledger.write([ENTRY._replace(key=key, row=turn) for key in "abc"])
        assert [[e.row for e in some] for some in ledger.current("abc").values()] == [[39]] * 3


def test_no_lane_makes_half_a_unit_of_another_durable(ledger: Ledger, place: Place) -> None:
    """Units of two rows by many threads, committed by all; another process looks all the time."""
    lanes, units = 8, 40
    odd: list[int] = []
    stop = threading.Event()

    def lane(number: int) -> None:
        for unit in range(units):
            keys = [f"{number}-{unit}-{half}" for half in "ab"]
            try:
                with ledger.together():
                    ledger.write([ENTRY._replace(key=keys[0])])
                    ledger.commit()
                    if unit % 4 == 0:
                        raise RuntimeError
                    ledger.write([ENTRY._replace(key=keys[1])])
            except RuntimeError:
                assert not ledger.current(keys)
            else:
                assert ledger.current(keys).keys() == set(keys)
            ledger.commit()

    def look() -> None:
        while not stop.is_set():
            [[count]] = place.sql("SELECT count(*) FROM entry")
            odd.append(count % 2)

    watching = threading.Thread(target=look)
    watching.start()
    try:
        with ThreadPoolExecutor(lanes) as pool:
            list(pool.map(lane, range(lanes)))
    finally:
        stop.set()
        watching.join()
    assert odd
    assert not any(odd)
    assert len(listed(ledger)) == lanes * units * 2 * 3 // 4
