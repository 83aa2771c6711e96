"""An inbox that has no room, or cannot be written: nobody is told that it was kept."""

from __future__ import annotations

import os
import resource
import sqlite3
import time
from typing import TYPE_CHECKING

from growing import LIMITED, unmeasured

from .messages import found, message

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Site

SIZE = 300_000
"""Bytes that its files may have: room for the tables and for some messages."""


def noise(number: int) -> str:
    """A note of a hundred kilobytes in which nothing can be packed."""
    return "NTE|1||" + os.urandom(25_000).hex() + str(number)


def test_a_disk_that_is_full_and_has_room_again(opened: Callable[..., Site]) -> None:
    before = ("-c", LIMITED, str(SIZE))
    site = opened(before=before, environment={**unmeasured(), "PYTHONDONTWRITEBYTECODE": "1"})
    site.listening.start()
    kept: list[str] = []
    with site.connect() as engine:
        assert engine.send(message("small")).code == "AA"
        for number in range(30):
            answer = engine.send(message(f"F{number}", more=noise(number)))
            if answer.code != "AA":
                break
            kept.append(f"F{number}")
        assert (answer.code, answer.errors) == ("AR", (("", "not-kept"),))
        assert str(answer.whole.segment("ERR")[3]).startswith("207^")
        assert engine.send(message("wrong", status="x")).code == "AE"  # it listens still
        assert engine.send(message(f"F{number}", more=noise(number))).code == "AR"
    site.listening.until(lambda: site.listening.health["kept"] == 1 + len(kept))
    site.listening.kill()
    site.listening.before = ()
    site.listening.start()
    with site.connect() as engine:
        assert engine.send(message(f"F{number}", more=noise(number))).code == "AA"
    site.listening.idle()
    told = set(found(site.server.of_type("Appointment")))
    assert told == {"small", *kept, f"F{number}"}


def test_room_that_comes_back_while_it_listens(opened: Callable[..., Site]) -> None:
    """Where the file may not grow for a while, as another program has filled the disk."""
    site = opened(environment={**unmeasured()})
    site.listening.start()
    number = site.listening.process.pid
    usual = resource.prlimit(number, resource.RLIMIT_FSIZE)
    with site.connect() as engine:
        assert engine.send(message("before")).code == "AA"
        site.listening.idle()
        resource.prlimit(number, resource.RLIMIT_FSIZE, (1, usual[1]))
        answer = engine.send(message("meanwhile"))
        assert (answer.code, answer.errors) == ("AR", (("", "not-kept"),))
        resource.prlimit(number, resource.RLIMIT_FSIZE, usual)
        assert engine.send(message("meanwhile")).code == "AA"
    site.listening.idle()
    assert set(found(site.server.of_type("Appointment"))) == {"before", "meanwhile"}
    events = [one["event"] for one in site.listening.told if one["event"] != "health"]
    assert events[1].startswith(
        f"nothing can be kept: {site.listening.folder}/ledger.inbox.sqlite: the ledger cannot be "
        "used: its file cannot be written or read (disk I/O error)."
    )
    assert events[2] == "keeping again"
    assert site.listening.stop() == 0
    assert site.listening.errors == ""


def test_another_process_that_has_the_inbox_for_a_while(site: Site) -> None:
    """It waits for it; whoever sends is answered when it is on disk, and not before."""
    inbox = site.listening.folder / "ledger.inbox.sqlite"
    other = sqlite3.connect(inbox)
    other.execute("BEGIN IMMEDIATE")
    with site.connect() as engine:
        began = time.monotonic()
        engine.write(b"\x0b" + message("F1") + b"\x1c\r")
        time.sleep(1)
        other.rollback()
        assert engine.answer().code == "AA"
        assert time.monotonic() - began >= 1
    other.close()


def test_an_inbox_that_cannot_be_made(opened: Callable[..., Site]) -> None:
    listening = opened().listening
    (listening.folder / "ledger.inbox.sqlite").mkdir()
    listening.begin()
    assert listening.end() == 2
    assert listening.told == []
    assert "ledger.inbox.sqlite: " in listening.errors
    assert listening.errors.count("\n") == 1
    assert "Traceback" not in listening.errors


def test_an_inbox_that_is_another_s(opened: Callable[..., Site]) -> None:
    listening = opened().listening
    (listening.folder / "ledger.inbox.sqlite").write_bytes(b"no database at all" * 1000)
    listening.begin()
    assert listening.end() == 2
    assert listening.errors.count("\n") == 1
    assert "ledger.inbox.sqlite: the ledger cannot be used: " in listening.errors


def test_nobody_else_can_read_it(site: Site) -> None:
    with site.connect() as engine:
        assert engine.send(message("F1")).code == "AA"
    for file in site.listening.folder.glob("ledger.inbox.sqlite*"):
        assert file.stat().st_mode & 0o077 == 0, file.name
