"""The visits that a ledger knows: told by several runs at a time, and by one of many."""

from __future__ import annotations

import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.ledger.store import Ledger
from alliance_fhir.ledger.visits import Known

from .test_ledger import KEY, TARGET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postgres import Postgres

    from .conftest import Place

AT = "2026-03-02T14:10:00"


def many(number: int) -> Iterator[tuple[str, str, str, int]]:
    """Visits, each of another patient."""
    for n in range(number):
        yield f"{n:064}", f"{n:064}", AT, 1


@pytest.mark.server
def test_two_runs_tell_of_the_same_visit_at_once(postgres: Postgres) -> None:
    """As two folders do that are synced at the same time of night, and have a file in common."""
    address = postgres.url(postgres.database())
    failed: list[Exception] = []
    with Ledger(address, TARGET, KEY) as one, Ledger(address, TARGET, KEY) as other:
        one.visits.note([("a", "who", AT, 0), ("b", "who", AT, 0)], "one")

        def note() -> None:
            try:
                other.visits.note([("b", "who", AT, 1), ("a", "who", AT, 1)], "other")
                other.commit()
            except Exception as error:
                failed.append(error)

        second = threading.Thread(target=note)
        second.start()
        second.join(0.5)
        one.commit()
        second.join()
        assert failed == []
        assert sorted(one.visits.attended("who")) == [("a", AT), ("b", AT)]


def told_while_open(one: Ledger, other: Ledger) -> None:
    """Another ledger's run tells of a visit of which one has something to commit: it waits."""

    def note() -> None:
        other.visits.note([("a", "who", AT, 1)], "other")
        other.commit()

    with ThreadPoolExecutor() as pool:
        late = pool.submit(note)
        with pytest.raises(TimeoutError):
            late.result(0.5)
        one.commit()
        late.result(30)


@pytest.mark.server
@pytest.mark.parametrize("runs", [("one", "other"), ("other", "one")])
def test_what_two_runs_tell_alike_at_once_is_of_both(
    postgres: Postgres, runs: tuple[str, str]
) -> None:
    """Whichever is undone first, what it told stays for the other's sake."""
    address = postgres.url(postgres.database())
    with Ledger(address, TARGET, KEY) as one, Ledger(address, TARGET, KEY) as other:
        one.visits.note([("a", "who", AT, 1)], "one")
        told_while_open(one, other)
        for run, left in zip(runs, ([("a", AT)], []), strict=True):
            one.visits.forget(run)
            one.commit()
            assert one.visits.attended("who") == left


@pytest.mark.server
def test_a_run_tells_what_is_being_taken_back(postgres: Postgres) -> None:
    address = postgres.url(postgres.database())
    with Ledger(address, TARGET, KEY) as one, Ledger(address, TARGET, KEY) as other:
        one.visits.note([("a", "who", AT, 1)], "one")
        one.commit()
        one.visits.forget("one")
        told_while_open(one, other)
        for run, left in (("one", [("a", AT)]), ("other", [])):
            one.visits.forget(run)
            assert one.visits.attended("who") == left


def test_what_is_known_of_many_takes_the_memory_of_few(place: Place) -> None:
    with Ledger(place.address, TARGET, KEY) as ledger:
        ledger.visits.note(many(2_000), "run")
        tracemalloc.start()
        try:
            ledger.visits.note(many(20_000), "run")
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert most < 4_000_000  # of all at once, three times as much are the keys alone
        known = ledger.visits.of([f"{19_999:064}"])
        assert [*known.values()] == [Known(f"{19_999:064}", f"{19_999:064}", AT, 1)]
