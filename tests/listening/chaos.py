"""A real server and the listener before it, killed and started again by chance while a client sends
messages; and what is at the server in the end."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
import zlib
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx

from alliance_fhir import sandbox
from ports import free_port

from .process import TOML, Listening
from .sender import Sender

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from pathlib import Path

Json = dict[str, Any]
_PAGE = 200
_LONG = 900.0
"""Seconds until a server of which much is asked on a busy machine has all."""
_BATCH = 5.0
"""About so many seconds the listener takes for what it sends together."""
_LAST = 0.25
"""Of what waits when all is acknowledged, the part that is sent on without a kill at the least: a
kill later than that may come when nothing waits any more."""
SERVER, LISTENER, BOTH = ("server",), ("listener",), ("server", "listener")
"""Who is killed, at the same time."""
Kills = dict[tuple[str, ...], int]
"""How often."""


class Chaos:
    """One run of it, as a seed says.

    `coming` are killed while the client sends, `waiting` when all is acknowledged, and not all is
    at the server. `waited` says of each kill how many appointments waited for the server.
    """

    def __init__(
        self,
        folder: Path,
        chance: random.Random,
        data: Sequence[bytes],
        coming: Kills,
        waiting: Kills | None = None,
        *,
        toml: str = TOML,
    ) -> None:
        self._folder = folder
        self._chance = chance
        self._data = data
        self._coming = coming
        self._waiting = waiting or {}
        self._port = free_port()
        self.waited: list[int] = []
        self.server = self._serve()
        self.listening = Listening(folder / "site", self.server.url, port=free_port(), toml=toml)

    def run(self) -> None:
        """Sends, kills and waits until all is where it belongs."""
        self.listening.start()
        self._send()
        self._catch_up()
        self.listening.idle(_LONG)
        assert self.listening.stop() == 0
        assert self.listening.errors == ""
        assert self.listening.health["waiting"] == 0

    def _send(self) -> None:
        victims = self._shuffled(self._coming)
        sender = Sender(self.listening.port)
        data = self._data
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
        assert len(answers) == len(data)
        assert any(one.times > 1 for one in answers), "no message was lost on its way"

    def _catch_up(self) -> None:
        """Kills while the server is given what waits for it."""
        victims = self._shuffled(self._waiting)
        parts = sorted((self._chance.uniform(_LAST, 1) for _ in victims), reverse=True)
        most = self.listening.health["waiting"]
        for victim, part in zip(victims, parts, strict=True):
            self.listening.until(lambda: self.listening.health["waiting"] <= part * most, _LONG)  # noqa: B023
            time.sleep(self._chance.uniform(0, _BATCH))  # what waits is counted after each batch
            self._kill(victim)

    def _shuffled(self, kills: Kills) -> list[tuple[str, ...]]:
        victims = [victim for victim, times in kills.items() for _ in range(times)]
        self._chance.shuffle(victims)
        return victims

    def _kill(self, victims: tuple[str, ...]) -> None:
        self.waited.append(self.listening.health["waiting"])
        if "server" in victims:
            os.kill(self.server.pid, signal.SIGKILL)
        if "listener" in victims:
            self.listening.kill()
            assert "Traceback" not in self.listening.errors
            time.sleep(self._chance.uniform(0, 0.3))
            self.listening.start()
        if "server" in victims:
            time.sleep(self._chance.uniform(0.5, 2))  # before that it may not be gone
            self.server = self._serve()

    def at_server(self, type_: str) -> list[Json]:
        """All resources of a type that are there."""
        return every(self.server.url, type_)

    def kept(self) -> list[bytes]:
        """All messages in the inbox, in the order in which they came."""
        path = self._folder / "site" / "ledger.inbox.sqlite"
        with closing(sqlite3.connect(path)) as inbox:
            rows = inbox.execute("SELECT told FROM inbox_message ORDER BY number")
            return [zlib.decompress(told) for (told,) in rows]

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
