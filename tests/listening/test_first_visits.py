"""Whether a visit is a follow-up one hangs on others, which may be told of later, or otherwise."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.testing import Answer, Request
from alliance_fhir.testing.messages import Cut
from contract.test_visits import kind_of

from .messages import APPOINTMENTS, DAY, HOUR, message, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran
    from postgres import Postgres

    from .conftest import Site

LATER = DAY + timedelta(days=7)
CAME = message("one", "S14", control="C1")
NEXT = message("two", control="C2", start=stamp(LATER), end=stamp(LATER + HOUR))
STAYED_AWAY = message("one", "S26", control="C3", made="20260303090000+0000")

VISITS = (
    "appointment,patient,start,end,status\n"
    "one,1001,2026-03-02T14:00:00Z,2026-03-02T14:50:00Z,attended\n"
)
"""A file that tells of the first of them."""


def kinds(site: Site) -> dict[str, str]:
    """Which visits they are, by their numbers, when nothing waits."""
    site.listening.idle()
    return {
        one["value"]: kind_of(body, "first-or-follow-up")
        for body in site.server.of_type("Appointment")
        for one in body["identifier"]
        if one.get("system") == APPOINTMENTS
    }


def come(site: Site, *messages: bytes) -> None:
    """They are sent, one by one, and accepted."""
    with site.connect() as engine:
        assert {engine.send(one).code for one in messages} == {"AA"}


def test_a_visit_is_a_follow_up_one_for_as_long_as_one_before_it_was_attended(site: Site) -> None:
    come(site, NEXT)
    assert kinds(site) == {"two": "unknown"}
    come(site, CAME)
    assert kinds(site) == {"one": "unknown", "two": "follow-up"}
    come(site, STAYED_AWAY)
    assert kinds(site) == {"one": "unknown", "two": "unknown"}


def test_killed_while_the_visit_is_sent_on_which_others_hang(site: Site) -> None:
    def killing(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if request.is_write and b"noshow" in request.body:
            site.listening.process.kill()
            raise Cut
        return proceed()

    come(site, CAME, NEXT)
    assert kinds(site) == {"one": "unknown", "two": "follow-up"}
    usual, site.server.between = site.server.between, killing
    come(site, STAYED_AWAY)
    site.listening.until(lambda: site.listening.ended)
    site.listening.kill()
    site.server.between = usual
    site.listening.start()
    assert kinds(site) == {"one": "unknown", "two": "unknown"}


def test_what_a_file_tells_of_an_earlier_visit(
    site: Site, command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file has that visit alone; the one that hangs on it was brought by a message."""
    come(site, NEXT)
    assert kinds(site) == {"two": "unknown"}
    assert site.listening.stop() == 0
    monkeypatch.chdir(site.listening.folder)
    Path("visits.csv").write_text(VISITS)
    ran = command("sync", "visits.csv", "--to", site.server.url, "--ledger", "ledger.sqlite")
    assert ran.code == 0
    site.listening.start()
    assert kinds(site) == {"one": "unknown", "two": "follow-up"}


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
@pytest.mark.parametrize("told", ["by a message", "by a file"])
def test_what_hangs_on_a_visit_of_a_run_that_is_undone(
    opened: Callable[..., Site],
    command: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    kind: str,
    told: str,
) -> None:
    """It is made anew, as if that had never been told; and that one is not made again."""
    ledger: object = "ledger.sqlite"
    if kind == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        ledger = postgres.url(postgres.database())
    site = opened(ledger=ledger)
    site.listening.start()
    monkeypatch.chdir(site.listening.folder)
    come(site, NEXT)
    assert kinds(site) == {"two": "unknown"}
    to = ("--to", site.server.url, "--ledger", ledger, "--json")
    if told == "by a message":
        come(site, CAME)
        assert kinds(site)["two"] == "follow-up"
        assert site.listening.stop() == 0
    else:
        assert site.listening.stop() == 0
        Path("visits.csv").write_text(VISITS)
        assert command("sync", "visits.csv", *to).code == 0
        site.listening.start()
        assert kinds(site)["two"] == "follow-up"
        assert site.listening.stop() == 0
    [one] = [body for body in site.server.of_type("Appointment") if body["status"] == "fulfilled"]
    [run] = [tag["code"] for tag in one["meta"]["tag"] if tag["system"].endswith("/run-created")]
    assert command("undo", run, *to).code == 0
    site.listening.start()
    assert kinds(site) == {"two": "unknown"}
