"""The listener is killed, or its server is away: what was acknowledged is there at last, once."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING

from alliance_fhir.testing import Answer, Request
from alliance_fhir.testing.messages import Cut

from .engine import Engine, framed
from .messages import expected, found, made_up, message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .conftest import Site
    from .messages import Told
    from .process import Listening


class Engines:
    """Interface engines in threads, which send each message until it is acknowledged."""

    def __init__(self, listening: Listening, told: Sequence[Told], lanes: int = 3) -> None:
        self._listening = listening
        self.acknowledged: list[Told] = []
        self.lost = 0
        self._ends = False
        parts = [told[lane::lanes] for lane in range(lanes)]
        self._threads = [threading.Thread(target=self._send, args=(part,)) for part in parts]
        for thread in self._threads:
            thread.start()

    def _send(self, told: Sequence[Told]) -> None:
        left = list(told)
        while left and not self._ends:
            try:
                with Engine(self._listening.port) as engine:
                    while left and not self._ends:
                        answer = engine.send(left[0].data)
                        assert (answer.code, answer.errors) == ("AA", ())
                        self.acknowledged.append(left.pop(0))
            except OSError:
                self.lost += 1
                time.sleep(0.01)

    def have(self, number: int) -> bool:
        """Whether so many were acknowledged."""
        return len(self.acknowledged) >= number

    def end(self, *, at_once: bool = False) -> None:
        """Waits until all are acknowledged, or ends."""
        self._ends = at_once
        for thread in self._threads:
            thread.join()


def kept_once(site: Site, told: Sequence[Told]) -> None:
    """All of these, and nothing but them, is at the server, as its last message says."""
    site.listening.idle()
    assert found(site.server.of_type("Appointment")) == expected(told)


def test_killed_between_messages_and_within_them(opened: Callable[..., Site]) -> None:
    site = opened()
    site.listening.start()
    chance = random.Random(20260302)  # noqa: S311
    told = made_up(1, 60, 250)
    engines = Engines(site.listening, told)
    for kill in range(1, 5):
        at = 50 * kill + chance.randrange(20)
        site.listening.until(lambda at=at: engines.have(at))
        time.sleep(chance.uniform(0, 0.02))
        site.listening.kill()
        site.listening.start()
    engines.end()
    assert engines.lost > 0
    kept_once(site, told)
    assert site.listening.stop() == 0
    assert site.listening.errors == ""


def test_what_was_half_sent_is_not_there_and_what_was_acknowledged_is(site: Site) -> None:
    with site.connect() as engine:
        assert engine.send(message("whole")).code == "AA"
        engine.write(framed(message("half"))[:-40])
        site.listening.kill()
        site.listening.start()
    site.listening.idle()
    assert list(found(site.server.of_type("Appointment"))) == ["whole"]


def test_killed_right_after_each_acknowledgement(opened: Callable[..., Site]) -> None:
    """Nothing can be sent yet: it is the inbox alone that has it."""
    site = opened()
    site.server.between = lambda request, proceed: Answer(503)
    told = made_up(2, 3, 3)[:3]
    for one in told:
        site.listening.start()
        with site.connect() as engine:
            assert engine.send(one.data).code == "AA"
        site.listening.kill()
    assert site.server.of_type("Appointment") == []
    site.server.between = lambda request, proceed: proceed()
    site.listening.start()
    kept_once(site, told)


def test_the_server_is_away_for_long_and_messages_are_taken_all_the_time(site: Site) -> None:
    def away(request: Request, proceed: Callable[[], Answer]) -> Answer:
        raise Cut

    told = made_up(3, 40, 200)
    with site.connect() as engine:
        assert engine.send(told[0].data).code == "AA"
    site.listening.idle()
    usual, site.server.between = site.server.between, away
    engines = Engines(site.listening, told[1:])
    engines.end()
    site.listening.until(lambda: site.listening.health["accepted"] == len(told))
    site.listening.until(lambda: site.listening.health["target"] != "answers")
    said = site.listening.health
    assert (said["accepted"], said["waiting"], said["delivered"]) == (len(told), 40, 1)
    before = len(site.server.requests)
    site.listening.until(lambda: len(site.server.requests) > before + 3)  # it goes on asking
    assert said["event"] in ("health", f"nothing can be sent: {said['target']}")
    site.server.between = usual
    kept_once(site, told)
    said = site.listening.health
    assert (said["target"], said["waiting"], said["held"]) == ("answers", 0, 0)
    events = [one["event"] for one in site.listening.told if one["event"] != "health"]
    assert events[0].startswith("listening at")
    assert events[1].startswith("nothing can be sent: ")
    assert events[-1] == "sending again"


def test_it_ends_in_the_middle_of_traffic(site: Site) -> None:
    told = made_up(4, 100, 2_000)
    engines = Engines(site.listening, told)
    site.listening.until(lambda: engines.have(200))
    assert site.listening.stop() == 0
    engines.end(at_once=True)
    assert site.listening.errors == ""
    events = [one["event"] for one in site.listening.told if one["event"] != "health"]
    assert events[-2:] == ["stopping", "stopped"]
    assert 200 <= len(engines.acknowledged) < len(told)
    assert site.listening.health["kept"] == len({one.data for one in engines.acknowledged})
    site.listening.start()
    kept_once(site, engines.acknowledged)


def test_whoever_is_in_the_middle_of_a_message_may_end_it(site: Site) -> None:
    with site.connect() as engine, site.connect() as idle:
        told = framed(message("F1"))
        engine.write(told[:50])
        site.listening.until(lambda: site.listening.health["connections"] == 2)
        stopping = threading.Thread(target=site.listening.stop)
        stopping.start()
        assert idle.is_closed
        engine.write(told[50:])
        assert engine.answer().code == "AA"
        stopping.join()
    assert site.listening.process.returncode == 0
    site.listening.start()
    site.listening.idle()
    assert list(found(site.server.of_type("Appointment"))) == ["F1"]


def test_it_begins_while_the_server_is_away(opened: Callable[..., Site]) -> None:
    """Whoever sends is not to wait for a server that is started later, or again."""
    site = opened()
    site.server.between = lambda request, proceed: Answer(503)
    site.listening.start()
    with site.connect() as engine:
        assert engine.send(message("F1")).code == "AA"
    site.listening.until(lambda: site.listening.health["target"] != "answers")
    site.server.between = lambda request, proceed: proceed()
    site.listening.idle()
    assert list(found(site.server.of_type("Appointment"))) == ["F1"]


def test_of_two_listeners_with_one_ledger_the_second_is_refused(
    site: Site, opened: Callable[..., Site]
) -> None:
    second = opened(name="second", ledger=site.listening.ledger).listening
    second._to = site.server.url
    second.begin()
    assert second.end() == 2
    assert second.told == []
    assert second.errors == (
        f"error: {site.listening.ledger}: another run, or a listener, is using this ledger; "
        "wait for it to end, and run again\n"
    )
    with site.connect() as engine:
        assert engine.send(message("F1")).code == "AA"
