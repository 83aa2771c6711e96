"""The process of a sync is killed at random moments, and run again each time: nothing is lost,
nothing is twice.

`SEED=1234 make test-faults` repeats the moments of an earlier run; which they were is printed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from alliance_fhir.testing import AbilityProxy, FhirServer
from contract.clinic import Row, write_rows
from contract.kinds import RUNGS

from .conftest import TOML
from .outside import exactly_once

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alliance_fhir.testing import Request

RECORDS = 60
MORE = 20
LANES = 3
LADDER: dict[str, frozenset[str]] = {
    "highest": frozenset(),
    "batches": RUNGS["batches"],
    "singles": RUNGS["singles"],
}
LAUNCHER = Path(__file__).with_name("launcher.py")
SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))


class Moment(NamedTuple):
    """After so many requests of the run, and so many microseconds more."""

    requests: int
    microseconds: int


def records(number: int) -> list[Row]:
    """So many records of twelve patients."""
    return [Row(record_id=f"r-{n}", patient=str(1001 + n % 12)) for n in range(number)]


class Night:
    """A clinic's sync, killed again and again."""

    def __init__(self, folder: Path, url: str, requests: Sequence[Request], at: str) -> None:
        self._folder, self._url, self._requests, self._at = folder, url, requests, at
        folder.mkdir()
        (folder / "alliance.toml").write_text(TOML)
        self.rows: list[Row] = []
        self.kills = 0
        self.add(RECORDS)

    def add(self, number: int) -> None:
        """So many records more."""
        self.rows = records(len(self.rows) + number)
        write_rows(self._folder / "assessments.csv", self.rows)

    def _start(self, command: str, *words: str) -> subprocess.Popen[str]:
        line = [sys.executable, str(LAUNCHER), command, *words, "--to", self._url]
        line += ["--ledger", str(self._folder / "ledger.sqlite"), "--json"]
        return subprocess.Popen(
            line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self._folder
        )

    def _sync(self) -> subprocess.Popen[str]:
        return self._start("sync", str(self._folder), "--create-people", "--lanes", str(LANES))

    def killed(self, moment: Moment) -> None:
        """A sync that is killed then. One that was done before gets more to do."""
        before = len(self._requests)
        with self._sync() as process:
            while process.poll() is None and len(self._requests) < before + moment.requests:
                time.sleep(0.0002)
            time.sleep(moment.microseconds / 1e6)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        if process.returncode == -signal.SIGKILL:
            self.kills += 1
            return
        assert process.returncode == 0
        self.add(MORE)

    def whole(self) -> None:
        """Runs undisturbed, and everything is there once, and equal."""
        with self._sync() as process:
            told = json.loads(process.communicate(timeout=300)[0])
        assert (process.returncode, told["resources"]["not_sent"]) == (0, 0), told
        with self._start("verify") as process:
            found = json.loads(process.communicate(timeout=300)[0])["verify"]
        assert process.returncode == 0, found
        assert found["expected"] == found["found"] == found["equal"]
        exactly_once(self._at, self.rows)


def kill(night: Night, times: int, seed: str, furthest: int) -> None:
    """So many kills, each at a moment of its own."""
    chance = random.Random(seed)  # noqa: S311 - to be the same again
    while night.kills < times:
        night.killed(Moment(chance.randint(1, furthest), chance.randint(0, 20_000)))
    night.whole()


FURTHEST = {"highest": 12, "batches": 30, "singles": 50}
"""Requests after which the latest kill comes: a run takes 90, 270 or 450, and more are killed."""


@pytest.mark.parametrize("rung", LADDER)
def test_a_sync_that_is_killed_some_times(tmp_path: Path, rung: str) -> None:
    with FhirServer(lacks=LADDER[rung]) as server:
        night = Night(tmp_path / "clinic", server.url, server.requests, server.url)
        kill(night, 3, f"quick {rung}", 4 * FURTHEST[rung])


@pytest.fixture
def seed(capsys: pytest.CaptureFixture[str]) -> int:
    """What the moments come from; it is shown."""
    with capsys.disabled():
        sys.stdout.write(f"\nSEED={SEED} ")
    return SEED


@pytest.mark.faults
@pytest.mark.parametrize("rung", LADDER)
def test_a_sync_that_is_killed_fifty_times(tmp_path: Path, seed: int, rung: str) -> None:
    with FhirServer(lacks=LADDER[rung]) as server:
        night = Night(tmp_path / "clinic", server.url, server.requests, server.url)
        kill(night, 50, f"{seed} {rung}", FURTHEST[rung])


@pytest.mark.faults
@pytest.mark.server
@pytest.mark.parametrize("rung", LADDER)
def test_a_sync_to_hapi_that_is_killed_fifty_times(
    tmp_path: Path, hapi_r4: str, seed: int, rung: str
) -> None:
    with AbilityProxy(hapi_r4, lacks=LADDER[rung]) as proxy:
        night = Night(tmp_path / "clinic", proxy.url, proxy.requests, hapi_r4)
        kill(night, 50, f"{seed} {rung} on HAPI", FURTHEST[rung])
