"""What an undone run told of visits: by it nobody comes for the first time, or again, any more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.testing import Answer, Cut, FhirServer, Request
from contract.test_visits import kind_of
from listening.messages import message

from .test_inbox_versions import refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Ran

    from .conftest import Place

TOML = (
    'source = "clinic-east"\npatient_system = "urn:example:mrn"\nsynthetic = true\n'
    'appointment_system = "urn:example:appointments"\n'
)
HEADER = "appointment,patient,start,end,status\n"
FOLLOW_UP, UNKNOWN = "follow-up", "unknown"


def visit(number: int, status: str = "attended", patient: str = "1001") -> str:
    """A row: the visits of a patient are on as many days, by their numbers."""
    day = f"2026-03-{number:02}"
    return f"{number},{patient},{day}T14:00:00Z,{day}T14:50:00Z,{status}\n"


NINTH = visit(9, "booked")
"""It is the first visit unless one before it was attended."""


class Site:
    """A clinic with visits, and its server."""

    def __init__(
        self, folder: Path, place: Place, server: FhirServer, command: Callable[..., Ran]
    ) -> None:
        self.folder, self.place, self.server, self._command = folder, place, server, command

    def words(self, name: str, *words: object) -> list[str]:
        """A command about its server."""
        config = ("--config", self.folder / "alliance.toml", "--ledger", self.place.address)
        return list(map(str, (name, *words, "--to", self.server.url, "--json", *config)))

    def run(self, name: str, *words: object) -> Ran:
        """The command in this process."""
        return self._command(*self.words(name, *words))

    def file(self, *rows: str) -> Path:
        """A table of visits."""
        path = self.folder / "visits.csv"
        path.write_text(HEADER + "".join(rows))
        return path

    def sync(self, *rows: str) -> str:
        """Syncs a table of these visits; the run."""
        ran = self.run("sync", self.file(*rows), "--create-people", "--accept-older")
        assert ran.code == 0, ran.err
        return str(ran.json["run"])

    def undo(self, run: str) -> Ran:
        """Takes a run back."""
        return self.run("undo", run)

    @property
    def ninth(self) -> str:
        """Which visit the ninth of March was, as one sync after another has it now."""
        self.sync(NINTH)
        [body] = [
            body
            for body in self.server.everything
            if body["resourceType"] == "Appointment" and body["start"].startswith("2026-03-09")
        ]
        return kind_of(body, "first-or-follow-up")


@pytest.fixture
def site(tmp_path: Path, place: Place, command: Callable[..., Ran]) -> Iterator[Site]:
    """A clinic of which nothing was sent yet."""
    (tmp_path / "alliance.toml").write_text(TOML)
    with FhirServer() as server:
        yield Site(tmp_path, place, server, command)


def test_the_visits_of_a_wrong_file_count_no_more(site: Site) -> None:
    run = site.sync(visit(2))
    assert site.ninth == FOLLOW_UP
    assert site.undo(run).code == 7  # the patient has another visit
    foreseen = site.run("plan", site.file(NINTH)).json["resources"]
    assert (foreseen["updated"], foreseen["created"]) == (1, 1)
    assert site.ninth == UNKNOWN


def test_what_other_runs_told_as_well_stays_until_the_last_of_them_is_undone(site: Site) -> None:
    runs = [site.sync(visit(2)), site.sync(visit(2), visit(3)), site.sync(visit(2))]
    for run in (runs[0], runs[2]):
        site.undo(run)
        assert site.ninth == FOLLOW_UP
    site.undo(runs[1])
    assert site.ninth == UNKNOWN


@pytest.mark.parametrize(("one", "other"), [("attended", "no-show"), ("no-show", "attended")])
def test_what_was_known_before_is_known_again(site: Site, one: str, other: str) -> None:
    site.sync(visit(2, one))
    first = site.ninth
    run = site.sync(visit(2, other))
    second = site.ninth
    assert {one: first, other: second} == {"attended": FOLLOW_UP, "no-show": UNKNOWN}
    site.undo(run)
    assert site.ninth == first


def test_what_a_later_run_told_otherwise_stays(site: Site) -> None:
    run = site.sync(visit(2, "no-show"))
    site.sync(visit(2))
    site.undo(run)
    assert site.ninth == FOLLOW_UP


def test_an_older_export_between_two_that_are_alike(site: Site) -> None:
    """It says what the first had said: of this, too, nothing is left."""
    site.sync(visit(2, "no-show"))
    site.sync(visit(2))
    run = site.sync(visit(2, "no-show"))
    assert site.ninth == UNKNOWN
    site.undo(run)
    assert site.ninth == FOLLOW_UP


def test_what_nobody_knows_who_told_it_stays(site: Site) -> None:
    """As all of a ledger of version 5, and what many runs told."""
    run = site.sync(visit(2))
    site.place.sql("UPDATE visit_told SET runs = ''")
    site.sync(visit(2))
    site.undo(run)
    assert site.ninth == FOLLOW_UP


def test_what_every_night_tells_is_no_single_night_s_any_more(site: Site) -> None:
    runs = [site.sync(visit(2)) for _ in range(10)]
    assert site.place.sql("SELECT attended, runs FROM visit_told") == [(1, "")]
    for run in runs:
        site.undo(run)
    assert site.ninth == FOLLOW_UP


def test_a_run_whose_id_is_part_of_another_s_is_another(site: Site) -> None:
    run = site.sync(visit(2))
    assert site.undo(run[:-1]).code != 0
    assert site.undo(run[:-1] + "%").code != 0
    assert site.ninth == FOLLOW_UP


@pytest.mark.parametrize("way", ["cut off", "killed"])
def test_an_undo_that_is_gone_on_with(site: Site, way: str) -> None:
    run = site.sync(visit(2), visit(3))
    deleted: list[Request] = []

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if request.method == "DELETE":
            deleted.append(request)
        if len(deleted) < 2:
            return proceed()
        if way == "killed":
            undo.send_signal(signal.SIGKILL)
        raise Cut

    site.server.between = between
    words = [sys.executable, "-m", "alliance_fhir", *site.words("undo", run)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, env=dict(os.environ)) as undo:
        undo.wait(300)
    assert undo.returncode != 0
    site.server.between = lambda request, proceed: proceed()
    assert site.ninth == FOLLOW_UP
    site.undo(run)
    assert site.ninth == UNKNOWN


def test_an_undo_with_an_inbox_of_a_newer_version_is_refused_before_anything_goes(
    site: Site,
) -> None:
    path = site.folder / "messages.hl7"
    path.write_bytes(message("7"))
    run = site.run("sync", path, "--create-people").json["run"]
    inbox = site.place
    if not inbox.postgres:
        inbox = inbox._replace(address=Path(inbox.address).with_name("ledger.inbox.sqlite"))
    inbox.sql("UPDATE inbox_fact SET value = '3'")
    before = site.server.everything
    ran = site.undo(run)
    assert ran.json == {
        "command": "undo",
        "stopped": refused(inbox.address, "3").strip(),
        "exit_code": 2,
        "rejected": [],
        "blocked": [],
    }
    assert site.server.everything == before
    inbox.sql("UPDATE inbox_fact SET value = '2'")
    assert site.undo(run).code == 0
    assert site.server.everything == []
