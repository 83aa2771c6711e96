"""What the target did not take, and is tried again."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from alliance_fhir.testing import Answer, FhirServer, Request

from .conftest import ended
from .engine import Engine
from .messages import APPOINTMENTS, DAY, HOUR, found, message, stamp
from .process import TOML, Listening

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran

    from .conftest import Site
    from .messages import Json


OUTREACH = '[outreach]\nsince = "2026-01-01"\n'


def test_what_was_tried_a_thousand_times_is_tried_again_and_holds_up_nothing(site: Site) -> None:
    """Once an hour: that is 43 days. Doubled as often, a wait is no number of a computer's."""

    def choosy(request: Request, proceed: Callable[[], Answer]) -> Answer:
        held = request.is_write and b"urn:example:appointment" in request.body
        return Answer(422) if held and b'"value":"held"' in request.body else proceed()

    site.server.between = choosy
    with site.connect() as engine:
        assert engine.send(message("held")).code == "AA"
    site.listening.until(lambda: site.listening.health["held"] == 1)
    assert site.listening.stop() == 0
    with closing(sqlite3.connect(site.listening.folder / "ledger.inbox.sqlite")) as inbox, inbox:
        assert inbox.execute("UPDATE inbox_waiting SET tries = 1100").rowcount == 1
    site.listening.start()
    with site.connect() as engine:
        assert engine.send(message("other", control="C2", patient="1002")).code == "AA"
    site.listening.until(lambda: set(found(site.server.of_type("Appointment"))) == {"other"})
    site.listening.until(lambda: (h := site.listening.health)["waiting"] == h["held"] == 1)
    assert site.listening.health["target"] == "answers"
    site.server.between = lambda request, proceed: proceed()
    assert site.listening.stop() == 0
    site.listening.start().idle()
    assert set(found(site.server.of_type("Appointment"))) == {"other", "held"}


def test_messages_that_the_settings_of_today_do_not_put_together_hold_up_nothing(
    opened: Callable[..., Site],
) -> None:
    """EAST's numbers were those of the site, and by now they are others."""
    site = opened(f'[hl7v2.authorities]\nEAST = "{APPOINTMENTS}"\n')
    site.listening.start()
    with site.connect() as engine:
        assert engine.send(message("one")).code == "AA"
        assert engine.send(message("one^EAST", "S13", control="C2")).code == "AA"
    site.listening.idle()
    assert site.listening.stop() == 0
    (site.listening.folder / "alliance.toml").write_text(TOML)
    site.listening.start()
    with site.connect() as engine:
        for name, control in (("one", "C3"), ("two", "C4")):
            assert engine.send(message(name, "S14", control=control)).code == "AA"
    site.listening.until(lambda: "two" in found(site.server.of_type("Appointment")))
    site.listening.until(lambda: (h := site.listening.health)["waiting"] == h["held"] == 1)
    assert site.listening.health["target"] == "answers"
    assert found(site.server.of_type("Appointment"))["one"][0] == "booked"


def test_that_it_was_missed_is_not_said_of_the_day_to_which_it_was_moved(site: Site) -> None:
    """Both days are over: it is held all the same, until a message says how it stands there."""
    missed, later = DAY + HOUR, DAY + timedelta(days=9)
    moved = {"start": stamp(later), "end": stamp(later + HOUR)}
    with site.connect() as engine:
        assert engine.send(message("one", "S26", made=stamp(missed))).code == "AA"
        site.listening.idle()
        told = message("one", "S14", control="C2", made=stamp(missed + HOUR), status="", **moved)
        assert engine.send(told).code == "AA"
        site.listening.until(lambda: site.listening.health["held_for"] == {"known-too-soon": 1})
        assert found(site.server.of_type("Appointment")) == {"one": ("noshow", DAY, missed)}
        told = message("one", "S14", control="C3", made=stamp(missed + 2 * HOUR), **moved)
        assert engine.send(told).code == "AA"
    site.listening.idle()
    arrived = found(site.server.of_type("Appointment"))
    assert arrived == {"one": ("fulfilled", later, later + HOUR)}


def test_what_we_build_wrong_of_one_holds_up_nothing_else(opened: Callable[..., Site]) -> None:
    """It waits for whoever mends it: the message is kept."""
    site = opened(environment={**os.environ, "BUILT_WRONG": "two"})
    site.listening.start()
    site.server.between = lambda request, proceed: Answer(503)  # until all are in one batch
    with site.connect() as engine:
        for name in ("one", "two", "three"):
            assert engine.send(message(name, control=name)).code == "AA"
    site.server.between = lambda request, proceed: proceed()
    site.listening.until(lambda: (h := site.listening.health)["waiting"] == h["held"] == 1)
    assert site.listening.health["held_for"] == {"not-made": 1}
    assert set(found(site.server.of_type("Appointment"))) == {"one", "three"}
    assert site.listening.stop() == 0


def test_what_a_server_takes_no_task_of_is_there_without_it(tmp_path: Path) -> None:
    """A sync tells that as a warning; the visit is there."""

    def without_tasks(request: Request, proceed: Callable[[], Answer]) -> Answer:
        return Answer(405) if (request.method, request.path) == ("POST", "Task") else proceed()

    with FhirServer(lacks={"transactions", "batches"}) as server:
        server.between = without_tasks
        listening = Listening(tmp_path / "site", server.url, toml=TOML + OUTREACH).start()
        try:
            with Engine(listening.port) as engine:
                assert engine.send(message("missed", "S26")).code == "AA"
            listening.until(lambda: listening.health["delivered"] == 1, 20)
            assert listening.health["waiting"] == 0
            assert found(server.of_type("Appointment"))["missed"][0] == "noshow"
        finally:
            ended(listening)


def booked(site: Site) -> Json:
    """An Appointment at the server, and a listener that has ended."""
    site.listening.start()
    with site.connect() as engine:
        assert engine.send(message("one")).code == "AA"
        site.listening.idle()
    assert site.listening.stop() == 0
    (body,) = site.server.of_type("Appointment")
    return body


def missed(site: Site) -> None:
    """The message that nobody came, to a listener that begins."""
    site.listening.start()
    with site.connect() as engine:
        late = message("one", "S26", control="C2", made="20260302180000+0000")
        assert engine.send(late).code == "AA"


def test_of_what_somebody_changed_there_that_is_told_and_no_task_is_made(
    opened: Callable[..., Site],
) -> None:
    site = opened(OUTREACH)
    body = booked(site)
    site.server.put(**{**body, "comment": "Second floor."})
    missed(site)
    site.listening.until(lambda: site.listening.health["held_for"], 20)
    assert site.listening.health["held_for"] == {"changed-at-target": 1}
    assert site.server.of_type("Task") == []


def test_what_was_retracted_waits_no_more(
    opened: Callable[..., Site], command: Callable[..., Ran]
) -> None:
    site = opened(OUTREACH)
    body = booked(site)
    words = ("--config", site.listening.folder / "alliance.toml", "--to", site.server.url)
    ledger = ("--ledger", site.listening.ledger)
    why = ("--reason", "Another patient's.")
    assert command("retract", f"Appointment/{body['id']}", *words, *ledger, *why).code == 0
    missed(site)
    site.listening.until(lambda: site.listening.health["delivered"] == 1, 20)
    assert site.listening.health["waiting"] == 0
    (body,) = site.server.of_type("Appointment")
    assert (body["status"], site.server.of_type("Task")) == ("entered-in-error", [])
