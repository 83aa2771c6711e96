"""A little server that a test can make misbehave, a client to it, and a clinic that syncs to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from alliance_fhir.testing import Answer, Request
from alliance_fhir.testing import FhirServer as LittleServer
from alliance_fhir.transport.client import Client
from contract.clinic import MRN, ROW, Row, patient, write_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Ran

TOML = f'source = "clinic-east"\npatient_system = "{MRN}"\nsynthetic = true\n'


@pytest.fixture
def little() -> Iterator[LittleServer]:
    """A server that does all right, unless a test says otherwise."""
    with LittleServer() as server:
        yield server


@pytest.fixture
def client(little: LittleServer, naps: list[float]) -> Iterator[Client]:
    """A client of that server; it notes in `naps` how long it would sleep."""
    with Client(little.url) as client:
        yield client


class Syncing(NamedTuple):
    """A clinic with two records of two patients who are at the server."""

    folder: Path
    little: LittleServer
    run: Callable[..., Ran]

    @property
    def ledger(self) -> Path:
        """Where its ledger lies."""
        return self.folder / "ledger.sqlite"

    def write(self, *rows: Row) -> None:
        """Other rows in its file."""
        write_rows(self.folder / "assessments.csv", rows)

    def sync(self, *words: object) -> Ran:
        """`alliance-fhir sync --json`; one record after the other, so that it is known which is at
        the server when something goes wrong."""
        to = ("--to", self.little.url, "--ledger", self.ledger, "--json", "--lanes", 1)
        return self.run("sync", self.folder, *to, *words)

    def verify(self) -> Ran:
        """`alliance-fhir verify --json`."""
        config = ("--config", self.folder / "alliance.toml")
        return self.run(
            "verify", "--to", self.little.url, "--ledger", self.ledger, "--json", *config
        )

    def of_first(self, part: str) -> dict[str, Any]:
        """A score of the first patient's record, as the server has it."""
        return next(
            body
            for body in self.little.of_type("Observation")
            if body["identifier"][0]["value"].endswith(f"-{part}")
            and body["subject"]["identifier"]["value"] == FIRST.patient
        )

    def whole(self) -> None:
        """Runs once more, with nothing in between; then all is there once and equal."""
        self.little.between = lambda request, proceed: proceed()
        assert self.sync().code == 0
        assert self.verify().code == 0
        responses = self.little.of_type("QuestionnaireResponse")
        assert len(responses) == 2
        assert len(self.little.of_type("Observation")) == 10


FIRST, SECOND = ROW, Row(record_id="r-2", patient="1002")


@pytest.fixture
def clinic(
    tmp_path: Path, little: LittleServer, naps: list[float], command: Callable[..., Ran]
) -> Syncing:
    """A clinic that syncs to the little server by command, without ever sleeping."""
    folder = tmp_path / "clinic"
    folder.mkdir()
    (folder / "alliance.toml").write_text(TOML)
    for row in (FIRST, SECOND):
        little.put(**patient(row.patient))
    syncing = Syncing(folder, little, command)
    syncing.write(FIRST, SECOND)
    return syncing


def of_group(request: Request, row: Row) -> bool:
    """Whether a request is the transaction of a row's record."""
    return not request.path and f'"value":"{row.patient}"'.encode() in request.body


def instead(answer: Answer, row: Row = FIRST) -> Callable[[Request, Callable[[], Answer]], Answer]:
    """This answer to the transaction of a row's record, which the server never sees."""
    return lambda request, proceed: answer if of_group(request, row) else proceed()


def after_all(
    answer: Answer, row: Row = FIRST
) -> Callable[[Request, Callable[[], Answer]], Answer]:
    """This answer to the transaction of a row's record, which the server did take."""

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        really = proceed()
        return answer if of_group(request, row) else really

    return between
