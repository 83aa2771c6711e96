"""A clinic of four patients, in four lanes or in one, and a server that fails as a test says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.testing import FhirServer
from contract.clinic import MRN, Row, patient, write_rows

from .outside import exactly_once

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from alliance_fhir.testing import Armed, Fault
    from conftest import Ran

TOML = f'source = "clinic-east"\npatient_system = "{MRN}"\nsynthetic = true\n'
PATIENTS = ("1001", "1002", "1004", "1005")
"""Of four lanes, each has one."""
ROWS = tuple(Row(record_id=f"r-{n}", patient=PATIENTS[n % 4]) for n in range(8))
OF_A_ROW = 7
"""Resources: a response, a panel with four scores, a Provenance."""


def amended(row: Row) -> Row:
    """The same row with another answer: response, total and a subscale change."""
    return row.with_item(4, "4")


@dataclass
class Clinic:
    """The clinic, and how it is synced: by command, and without ever sleeping.

    `url` is by what way the command gets to the server, which `at` shows without detours.
    """

    folder: Path
    at: str
    url: str
    run: Callable[..., Ran]
    lanes: int = 1
    words: tuple[object, ...] = ()
    rows: tuple[Row, ...] = ROWS
    armed: list[Armed] = field(default_factory=list["Armed"])

    @property
    def ledger(self) -> Path:
        """Where its ledger lies."""
        return self.folder / "ledger.sqlite"

    @property
    def to(self) -> tuple[object, ...]:
        """Whither, and by which ledger."""
        return ("--to", self.url, "--ledger", self.ledger, "--json")

    def write(self, *rows: Row) -> None:
        """Other rows in its file."""
        self.rows = rows
        write_rows(self.folder / "assessments.csv", rows)

    def sync(self, *words: object) -> Ran:
        """`alliance-fhir sync --json`."""
        return self.run("sync", self.folder, *self.to, "--lanes", self.lanes, *self.words, *words)

    def plan(self, *words: object) -> Ran:
        """`alliance-fhir plan --json`."""
        return self.run("plan", self.folder, *self.to, *words)

    def verify(self) -> Ran:
        """`alliance-fhir verify --json`."""
        return self.run("verify", *self.to, "--config", self.folder / "alliance.toml")

    def verified(self) -> None:
        """Everything read back is equal to what was sent."""
        ran = self.verify()
        assert ran.code == 0, ran.out
        told = ran.json["verify"]
        assert told["expected"] == told["found"] == told["equal"] > 0

    def whole(self, *words: object, proven: bool = True) -> None:
        """Runs without faults: all is there then, once, and equal, and a further run is idle."""
        for armed in self.armed:
            armed.disarm()
        ran = self.sync(*words)
        assert ran.code == 0, ran.out
        self.verified()
        exactly_once(self.at, self.rows, proven=proven)
        again = self.sync(*words)
        idle = {state for state, number in again.json["resources"].items() if number}
        assert (again.code, idle) == (0, {"unchanged"})


@dataclass
class Little(Clinic):
    """The clinic with the server of `alliance_fhir.testing`."""

    server: FhirServer = field(default_factory=FhirServer)

    def says_without(self, ability: str) -> None:
        """The settings say that the server has not what it claims."""
        table = f'[targets.live]\nurl = "{self.url}"\nwithout = ["{ability}"]\n'
        (self.folder / "alliance.toml").write_text(TOML + table)
        self.url = "live"

    def arm(self, fault: Fault) -> Armed:
        """Has a fault happen; it ends before the run that mends all."""
        self.armed.append(self.server.arm(fault))
        return self.armed[-1]


def empty(
    folder: Path, server: FhirServer, run: Callable[..., Ran], lanes: int, rows: tuple[Row, ...]
) -> Little:
    """A clinic that never sent anything to this server, in a folder of its own."""
    home = folder / f"clinic-{len(list(folder.iterdir()))}"
    home.mkdir()
    (home / "alliance.toml").write_text(TOML)
    clinic = Little(home, server.url, server.url, run, lanes, server=server)
    clinic.write(*rows)
    return clinic


@pytest.fixture(
    params=[
        pytest.param(1, id="one-lane", marks=pytest.mark.long),
        pytest.param(4, id="four-lanes"),
    ]
)
def lanes(request: pytest.FixtureRequest) -> int:
    """How many requests at a time."""
    return request.param


@pytest.fixture
def opened(
    tmp_path: Path,
    naps: list[float],
    command: Callable[..., Ran],
    fhir_server: Callable[..., FhirServer],
    lanes: int,
) -> Callable[..., Little]:
    """A clinic with its patients at a server of this kind, and nothing sent."""

    def clinic(**kind: Any) -> Little:
        server = fhir_server(**kind)
        for value in PATIENTS:
            server.put(**patient(value))
        return empty(tmp_path, server, command, lanes, ROWS)

    return clinic


@pytest.fixture
def clinic(opened: Callable[..., Little]) -> Little:
    """A clinic whose server does all right, unless a test says otherwise."""
    return opened()
