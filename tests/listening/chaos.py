"""A real server and the listener before it, killed and started again by chance while a client sends
messages; and what is at the server in the end."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from alliance_fhir import sandbox
from ports import free_port

from .messages import expected, found, made_up
from .process import Listening
from .sender import Sender

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from .messages import Told

Json = dict[str, Any]
_PAGE = 200
_LONG = 300.0
"""Seconds until a server of which much is asked on a busy machine has all."""


class Extent(NamedTuple):
    """How much is sent, and how often who is killed meanwhile."""

    appointments: int
    messages: int
    kills_of_server: int
    kills_of_listener: int


class Chaos:
    """One run of it, as a seed says."""

    def __init__(self, folder: Path, chance: random.Random, extent: Extent) -> None:
        self._folder = folder
        self._chance = chance
        self._extent = extent
        self._port = free_port()
        self.told: list[Told] = made_up(
            chance.randrange(10**6), extent.appointments, extent.messages
        )
        self.server = self._serve()
        self.listening = Listening(folder / "site", self.server.url, port=free_port())

    def run(self) -> None:
        """Sends, kills and waits until all is where it belongs."""
        victims = ["server"] * self._extent.kills_of_server
        victims += ["listener"] * self._extent.kills_of_listener
        self._chance.shuffle(victims)
        self.listening.start()
        sender = Sender(self.listening.port)
        data = [one.data for one in self.told]
        part = len(data) // (len(victims) + 1)
        try:
            for number, victim in enumerate(victims):
                sender.send(data[part * number : part * (number + 1)])
                until = part * number + self._chance.randrange(part)
                self.listening.until(lambda: len(sender.acknowledged) >= until, _LONG)  # noqa: B023
                self._kill(victim)
            sender.send(data[part * len(victims) :])
            answers = sender.answers(_LONG)
        finally:
            sender.kill()
        assert {one.code for one in answers} == {"AA"}
        assert all(one.control == one.answers for one in answers)
        assert len(answers) == len(self.told)
        assert any(one.times > 1 for one in answers), "no message was lost on its way"
        self.listening.idle(_LONG)
        assert self.listening.stop() == 0
        assert self.listening.errors == ""

    def _kill(self, victim: str) -> None:
        if victim == "listener":
            self.listening.kill()
            assert "Traceback" not in self.listening.errors
            time.sleep(self._chance.uniform(0, 0.3))
            self.listening.start()
        else:
            os.kill(self.server.pid, signal.SIGKILL)
            time.sleep(self._chance.uniform(0.5, 2))  # before that it may not be gone
            self.server = self._serve()

    def right(self) -> None:
        """Each appointment is at the server once, and stands as its last message says."""
        assert found(every(self.server.url, "Appointment")) == expected(self.told)
        people = [body["identifier"][0]["value"] for body in every(self.server.url, "Patient")]
        assert len(people) == len(set(people))

    def close(self) -> None:
        """Ends both."""
        if self.listening.started and not self.listening.ended:
            self.listening.kill()
        sandbox.stop(self._port)

    def _serve(self) -> sandbox.Running:
        return sandbox.start("R4", self._port, disk=self._folder / "disk")


def every(url: str, type_: str) -> list[Json]:
    """All resources of a type, asked for page by page without anything of ours."""
    told: list[Json] = []
    at: str | None = f"{url}/{type_}?_count={_PAGE}&_sort=_id"
    while at:
        bundle = httpx.get(at, timeout=60, headers={"Cache-Control": "no-cache"}).json()
        told += [entry["resource"] for entry in bundle.get("entry", [])]
        at = next((one["url"] for one in bundle["link"] if one["relation"] == "next"), None)
    return told
