"""Inboxes of other versions: brought up to date whole, or left as they were."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from alliance_fhir.ledger.inbox import Inbox
from contract.test_visits import kind_of

from .conftest import Place
from .test_migration import shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

OLD = Path(__file__).parent / "version-5"
"""What older.py made with the code of then, whose inboxes said no version."""
MISSED = (
    "MSH|^~\\&|SCHED|EAST|OURS|HUB|20260309160000+0000||SIU^S26^SIU_S12|C2|P|2.5.1\r"
    "SCH||2|||||||||||||||||||||||Noshow\r"
    "PID|1||1001\r"
)
"""It says neither when it was to be nor for how long: that the old inbox knows."""


class Site(NamedTuple):
    """A clinic with an inbox of version 1: `at` is where the inbox is, `ledger` where its ledger
    is."""

    folder: Path
    ledger: Place
    at: Place
    command: Callable[..., Ran]

    @property
    def to(self) -> tuple[object, ...]:
        """Its target and its ledger."""
        return ("--to", "visits", "--ledger", self.ledger.address)

    def kept(self) -> list[tuple[Any, ...]]:
        """All that the inbox holds."""
        messages = self.at.sql("SELECT * FROM inbox_message ORDER BY number")
        return [*messages, *self.at.sql("SELECT * FROM inbox_waiting")]

    def facts(self) -> list[tuple[Any, ...]]:
        """What it says of itself."""
        return self.at.sql("SELECT name, value FROM inbox_fact")

    def appointments(self) -> dict[str, tuple[str, str, str]]:
        """Status, start and place among the patient's visits of what is at the target, by
        number."""
        [file] = (self.folder / "visits").glob("Appointment*.ndjson")
        bodies = map(json.loads, file.read_text().splitlines())
        return {
            body["identifier"][1]["value"]: (
                body["status"], body["start"], kind_of(body, "first-or-follow-up")
            )
            for body in bodies
        }  # fmt: skip


@pytest.fixture
def old(
    tmp_path: Path, place: Place, command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> Site:
    """An inbox of version 1, of each kind; on PostgreSQL one of today without what came since."""
    folder = tmp_path / "old"
    shutil.copytree(OLD, folder)
    monkeypatch.chdir(folder)
    if not place.postgres:
        ledger = Place(folder / "visits.sqlite")
        ledger.sql(f"UPDATE fact SET value = '{folder / 'visits'}' WHERE name = 'target'")
        return Site(folder, ledger, Place(folder / "visits.inbox.sqlite"), command)
    shutil.rmtree(folder / "visits")
    site = Site(folder, place, place, command)
    for name in ("messages.hl7", "visits.csv"):
        assert command("sync", name, *site.to).code == 0
    place.sql("DROP TABLE inbox_fact")
    return site


def test_an_inbox_that_says_no_version_goes_on_to_serve(old: Site) -> None:
    message, waiting = old.kept()
    (old.folder / "messages.hl7").write_text(MISSED, newline="")
    ran = old.command("sync", "messages.hl7", *old.to)
    assert ran.code == 0, ran.err
    assert old.appointments() == {
        "1": ("fulfilled", "2026-03-02T14:00:00Z", "unknown"),
        "2": ("noshow", "2026-03-09T14:00:00Z", "follow-up"),
    }
    first, second, still_waiting = old.kept()
    assert (first, second[0]) == (message, 2)
    assert still_waiting == (waiting[0], 2, *waiting[2:])  # the number of its last message
    assert old.facts() == [("schema", "2")]


def test_one_that_was_brought_up_to_date_is_like_one_of_today(old: Site, tmp_path: Path) -> None:
    Inbox(old.ledger.address).close()
    new = Place(tmp_path / "new.sqlite")
    if postgres := old.at.postgres:
        database = postgres.database()
        new = Place(postgres.url(database), postgres, database)
    Inbox(new.address).close()
    made = shape(new if new.postgres else Place(tmp_path / "new.inbox.sqlite"))
    names = {"inbox_fact", "inbox_message", "inbox_waiting"}
    assert made.keys() == names
    assert {name: told for name, told in shape(old.at).items() if name in names} == made


KILLED = """
    import os, sqlalchemy
    from alliance_fhir.ledger.inbox import Inbox

    @sqlalchemy.event.listens_for(sqlalchemy.Engine, "before_cursor_execute")
    def kill(connection, cursor, statement, *told):
        if statement.strip().startswith({sign!r}):
            os.kill(os.getpid(), 9)

    Inbox({address!r})
"""


@pytest.mark.parametrize("sign", ["CREATE TABLE inbox_fact", "DROP TABLE", "INSERT INTO inbox"])
def test_one_that_was_killed_meanwhile_is_as_it_was(old: Site, sign: str) -> None:
    before, made = old.kept(), shape(old.at)
    code = KILLED.format(sign=sign, address=str(old.ledger.address))
    words = [sys.executable, "-c", textwrap.dedent(code)]
    assert subprocess.run(words, check=False).returncode == -9
    assert (old.kept(), shape(old.at)) == (before, made)
    Inbox(old.ledger.address).close()
    assert (old.kept(), old.facts()) == (before, [("schema", "2")])


def refused(where: object, version: str) -> str:
    """What is said of a newer one."""
    return (
        f"{where}: this inbox was made by a newer version of alliance-fhir (schema {version}, and "
        "this one knows 2); install that one\n"
    )


@pytest.mark.parametrize("version", ["3", "new"])
@pytest.mark.parametrize("name", ["sync", "plan", "listen"])
def test_a_newer_one_is_refused_and_left_alone(old: Site, name: str, version: str) -> None:
    Inbox(old.ledger.address).close()
    old.at.sql(f"UPDATE inbox_fact SET value = '{version}'")
    before, there = old.kept(), old.appointments()
    (old.folder / "messages.hl7").write_text(MISSED, newline="")
    words = ("--mllp", "127.0.0.1:0") if name == "listen" else ("messages.hl7",)
    ran = old.command(name, *words, *old.to)
    assert (ran.code, ran.out) == (2, "")
    where = "visits.inbox.sqlite" if name != "listen" and not old.at.postgres else old.at.address
    told = refused(where, version)
    assert ran.err.endswith(told)
    assert (old.kept(), old.appointments()) == (before, there)
    assert old.facts() == [("schema", version)]
