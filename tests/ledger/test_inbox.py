"""The inbox: of what was accepted nothing is lost, whoever else writes to it meanwhile."""

from __future__ import annotations

import threading
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.ledger.inbox import Arrived, Inbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postgres import Postgres

    from .conftest import Place

CAME = "2026-03-02T14:10:00.000Z"
NOW = 1_772_460_600.0


def arrived(key: str, told: bytes, run: str = "") -> Arrived:
    """A message of an appointment."""
    return Arrived(key, sha256(told).hexdigest(), CAME, told, run)


def told(inbox: Inbox, key: str) -> list[bytes]:
    """The messages that are kept of an appointment."""
    return [one.told for one in inbox.of([key]).get(key, [])]


def due(inbox: Inbox) -> list[str]:
    """The appointments that wait."""
    return sorted(one.key for one in inbox.due(NOW, 100))


@pytest.fixture
def inbox(place: Place) -> Iterator[Inbox]:
    """One that holds nothing."""
    with Inbox(place.address) as made:
        yield made


class Slow(Inbox):
    """Another process that stands still when its message has its number, and is not committed."""

    numbered = threading.Event()
    goes_on = threading.Event()

    def _wait(self) -> Any:
        self.numbered.set()
        assert self.goes_on.wait(30)
        return super()._wait()


@pytest.mark.server
def test_a_message_with_an_older_number_that_is_committed_later(postgres: Postgres) -> None:
    """PostgreSQL gives numbers in one order, and commits in another."""
    address = postgres.url(postgres.database())
    with Inbox(address) as quick, Slow(address) as slow:
        storing = threading.Thread(target=slow.store, args=([arrived("k", b"one")], NOW))
        storing.start()
        assert slow.numbered.wait(30)
        quick.store([arrived("k", b"two")], NOW)
        batch = quick.due(NOW, 100)
        assert told(quick, "k") == [b"two"]  # which is what is sent
        slow.goes_on.set()
        storing.join()
        quick.settle(batch, [])
        assert told(quick, "k") == [b"one", b"two"]
        assert due(quick) == ["k"]


@pytest.mark.server
def test_two_that_write_to_the_same_appointments_do_not_stand_in_each_others_way(
    postgres: Postgres,
) -> None:
    address = postgres.url(postgres.database())
    keys = [f"k{number:03}" for number in range(200)]
    failed: list[Exception] = []

    def store(name: bytes, order: list[str]) -> None:
        with Inbox(address) as inbox:
            try:
                for turn in range(15):
                    some = [arrived(key, b"%s %s %d" % (name, key.encode(), turn)) for key in order]
                    inbox.store(some, NOW)
                    inbox.settle(inbox.due(NOW, 100)[::-1], [])
            except Exception as error:
                failed.append(error)

    turns = [(b"a", keys), (b"b", keys[::-1])]
    threads = [threading.Thread(target=store, args=turn) for turn in turns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_what_a_file_says_while_an_appointment_is_sent_is_sent_with_it(inbox: Inbox) -> None:
    inbox.store([arrived("k", b"one")], NOW)
    batch = inbox.due(NOW, 100)
    inbox.store([arrived("k", b"two", "run"), arrived("other", b"three", "run")], NOW, wait=False)
    inbox.settle(batch, [])
    assert due(inbox) == ["k"]  # of the other, whoever read it sends it
    inbox.settle(inbox.due(NOW, 100), [])
    assert due(inbox) == []


def test_what_was_acknowledged_stays_where_the_run_that_read_it_too_is_undone(
    inbox: Inbox,
) -> None:
    inbox.store([arrived("k", b"one", "run"), arrived("k", b"two", "run")], NOW, wait=False)
    assert due(inbox) == []
    twice = [arrived("k", b"one"), arrived("k", b"one"), arrived("k", b"three")]
    assert inbox.store(twice, NOW) == 1
    assert due(inbox) == ["k"]
    inbox.forget("run")
    assert told(inbox, "k") == [b"one", b"three"]


def test_what_was_forgotten_waits_no_more(inbox: Inbox) -> None:
    inbox.store([arrived("k", b"one", "run"), arrived("other", b"two")], NOW, wait=False)
    inbox.again(["k", "other", "unknown"], NOW)
    assert due(inbox) == ["k", "other"]
    inbox.forget("run")
    assert due(inbox) == ["other"]


def test_what_is_to_be_tried_again_is_so_where_it_is_just_being_tried(inbox: Inbox) -> None:
    """What was mended may have been looked at before."""
    inbox.store([arrived("k", b"one"), arrived("fresh", b"two")], NOW)
    batch = [one for one in inbox.due(NOW, 100) if one.key == "k"]
    inbox.settle([], [(one, NOW - 5, "refused") for one in batch])
    batch = [one for one in inbox.due(NOW, 100) if one.key == "k"]
    assert inbox.retry(NOW) == 1
    inbox.settle([], [(one, NOW + 3600, "refused") for one in batch])
    assert due(inbox) == ["fresh", "k"]
    batch = inbox.due(NOW, 100)
    assert [one.key for one in batch] == ["fresh", "k"]  # what was never tried comes first
    inbox.settle([], [(one, NOW + 3600, "refused") for one in batch])
    assert due(inbox) == []
