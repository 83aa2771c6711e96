"""What the target did not take, and is tried again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from alliance_fhir.testing import Answer, Request

from .messages import APPOINTMENTS, found, message
from .process import TOML

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Site


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
