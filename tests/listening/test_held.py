"""What the target did not take, and is tried again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from alliance_fhir.testing import Answer, Request

from .messages import found, message

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
