"""A clock that jumps: between runs, and in the middle of one. Nothing depends on it."""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest

from contract.clinic import rows_of
from wire.conftest import FIRST, SECOND, Syncing

if TYPE_CHECKING:
    from collections.abc import Callable

YEAR = timedelta(days=365)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[timedelta]]:
    """Sets the clock of all that is ours: off by each of these in turn, again and again."""
    used: list[timedelta] = []
    really = time.time

    def off(*by: timedelta) -> list[timedelta]:
        turns = cycle(by)

        def turn() -> timedelta:
            used.append(next(turns))
            return used[-1]

        class Jumping(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return datetime.now(tz) + turn()

        monkeypatch.setattr(time, "time", lambda: really() + turn().total_seconds())
        for name, module in list(sys.modules.items()):
            ours = name.startswith("alliance_fhir.") and ".testing" not in name
            if ours and isinstance(getattr(module, "datetime", None), type):
                monkeypatch.setattr(module, "datetime", Jumping)
        used.clear()
        return used

    return off


def states(clinic: Syncing, row: int) -> list[tuple[Any, ...]]:
    """The versions of a row's response, with their states and runs."""
    return rows_of(
        clinic.ledger,
        f"SELECT version, state, run FROM entry WHERE row = {row} "
        "AND type = 'QuestionnaireResponse' ORDER BY version",
    )


def test_a_clock_that_jumps_between_runs_changes_nothing(
    clinic: Syncing, clock: Callable[..., list[timedelta]]
) -> None:
    first = clinic.sync().json["run"]
    changed = FIRST.with_item(4, "5")
    clinic.write(changed, SECOND)
    used = clock(-10 * YEAR)
    second = clinic.sync().json
    assert used  # the clock was looked at, and was ten years slow
    assert second["resources"]["updated"] == 3
    assert states(clinic, 2) == [(1, "superseded", first), (2, "updated", second["run"])]
    began = rows_of(clinic.ledger, "SELECT started FROM run ORDER BY rowid")
    assert began[1] < began[0]
    clock(timedelta())
    again = clinic.sync("--reread").json["resources"]
    assert again["unchanged"] == sum(again.values())
    clinic.write(FIRST, SECOND)  # an older file is older whatever the clock says
    clock(10 * YEAR)
    older = clinic.sync().json
    assert older["resources"]["unchanged"] == sum(older["resources"].values())
    assert {warning["rule"] for warning in older["warnings"]} == {"older-version"}
    clinic.write(changed, SECOND)
    clinic.whole()


def test_a_clock_that_jumps_in_the_middle_of_a_run_changes_nothing(
    clinic: Syncing, clock: Callable[..., list[timedelta]]
) -> None:
    used = clock(timedelta(), -10 * YEAR, 10 * YEAR)
    assert clinic.sync().code == 0
    assert len(set(used)) == 3
    clinic.write(FIRST.with_item(4, "5"), SECOND)
    assert clinic.sync().json["resources"]["updated"] == 3
    clinic.whole()
