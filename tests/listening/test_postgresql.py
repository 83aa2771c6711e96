"""Two listeners share a ledger on PostgreSQL, each with a sender of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .messages import expected, found, made_up, message
from .process import Listening
from .test_killed import Engines

if TYPE_CHECKING:
    from collections.abc import Callable

    from postgres import Postgres

    from .conftest import Site

pytestmark = pytest.mark.server


def test_messages_of_the_same_appointments_come_to_two_listeners(
    opened: Callable[..., Site], postgres: Postgres
) -> None:
    ledger = postgres.url(postgres.database())
    site = opened(ledger=ledger)
    first = site.listening
    second = Listening(first.folder.parent / "second", site.server.url, ledger=ledger)
    told = made_up(5, 40, 240)
    first.start()
    second.start()
    try:
        engines = [Engines(first, told[::2]), Engines(second, told[1::2])]
        for one in engines:
            one.end()
        first.idle()
        second.idle()
        assert found(site.server.of_type("Appointment")) == expected(told)
        names = [body["identifier"][0]["value"] for body in site.server.of_type("Patient")]
        assert len(names) == len(set(names))
        assert (first.stop(), second.stop()) == (0, 0)
        assert first.errors + second.errors == ""
    finally:
        if not second.ended:
            second.kill()


def test_a_database_that_is_started_again(opened: Callable[..., Site], postgres: Postgres) -> None:
    """Meanwhile nothing is acknowledged; afterwards it goes on by itself."""
    site = opened(ledger=postgres.url(postgres.database()))
    site.listening.start()
    with site.connect() as engine:
        assert engine.send(message("before")).code == "AA"
        site.listening.idle()
        postgres.stop()
        try:
            answer = engine.send(message("after"))
        finally:
            postgres.start()
        assert (answer.code, answer.errors) == ("AR", (("", "not-kept"),))
        site.listening.until(lambda: engine.send(message("after")).code == "AA")
    site.listening.until(
        lambda: set(found(site.server.of_type("Appointment"))) == {"before", "after"}
    )
