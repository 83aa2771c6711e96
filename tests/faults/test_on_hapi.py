"""The same with a real server: connections to it are cut, and it is killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from alliance_fhir import sandbox
from alliance_fhir.testing import AbilityProxy, CuttingProxy
from contract.kinds import RUNGS

from .conftest import ROWS, TOML, Clinic
from .outside import exactly_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Ran

pytestmark = pytest.mark.server
RATES = {"highest": 0.4, "singles": 0.15}
"""On the lower rung there are more requests to be cut."""


def clinic_at(folder: Path, at: str, url: str, run: Callable[..., Ran], lanes: int) -> Clinic:
    """A clinic that makes its patients itself."""
    folder.mkdir()
    (folder / "alliance.toml").write_text(TOML)
    clinic = Clinic(folder, at, url, run, lanes, ("--create-people",))
    clinic.write(*ROWS)
    return clinic


@pytest.mark.parametrize("lanes", [1, 4])
@pytest.mark.parametrize("rung", ["highest", "singles"])
def test_connections_that_are_cut_all_the_time(
    tmp_path: Path,
    naps: list[float],
    command: Callable[..., Ran],
    hapi_r4: str,
    rung: str,
    lanes: int,
) -> None:
    """Requests are cut by chance, at moments of every kind, until all is there."""
    lacks = RUNGS.get(rung, frozenset[str]())
    with (
        AbilityProxy(hapi_r4, lacks=lacks) as less,
        CuttingProxy(less.url, seed=7, rate=RATES[rung]) as proxy,
    ):
        clinic = clinic_at(tmp_path / "clinic", hapi_r4, proxy.url, command, lanes)
        for _ in range(30):
            if clinic.sync().code == 0:
                break
        assert {moment.where for moment in proxy.moments.values()} == {
            "before",
            "request",
            "after",
            "reply",
        }
        while clinic.sync().code:
            pass
        exactly_once(hapi_r4, clinic.rows)
        assert verified(clinic)


def verified(clinic: Clinic) -> bool:
    """Whether everything is there, as soon as nobody cuts the question."""
    while (ran := clinic.verify()).code not in (0, 8):
        pass
    return ran.code == 0


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[Callable[[], sandbox.Running]]:
    """Starts a HAPI that keeps what it has, every time at the same port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])

    def start() -> sandbox.Running:
        return sandbox.start("R4", port, disk=tmp_path / "disk")

    yield start
    with suppress(Exception):
        sandbox.stop(port)


def test_hapi_is_killed_and_started_again_in_the_middle_of_a_sync(
    tmp_path: Path,
    naps: list[float],
    command: Callable[..., Ran],
    on_disk: Callable[[], sandbox.Running],
) -> None:
    server = on_disk()
    with AbilityProxy(server.url) as proxy:
        clinic = clinic_at(tmp_path / "clinic", server.url, proxy.url, command, 4)

        def kill() -> None:
            while sum(request.is_write for request in proxy.requests) < 9:
                time.sleep(0.001)
            os.kill(server.pid, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        ran = clinic.sync()
        killer.join()
        assert ran.code == 11
        assert ran.json["resources"]["not_sent"] > 0
        on_disk()
        for _ in range(3):  # its database may choke on the first transaction after its death
            if clinic.sync().code == 0:
                break
        clinic.whole()
