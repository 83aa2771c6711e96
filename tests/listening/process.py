"""`alliance-fhir listen` in a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Json = dict[str, Any]

LAUNCHER = Path(__file__).with_name("launcher.py")
TOML = """
source = "clinic-east"
patient_system = "urn:example:mrn"
appointment_system = "urn:example:appointment"
synthetic = true
[listen]
health_seconds = 0.1
"""
PATIENCE = 60.0


class Listening:
    """The command with these settings; `told` is what it has said, line by line.

    `out` and `errors` are its standard output and standard error as they are.
    """

    def __init__(
        self,
        folder: Path,
        to: str,
        *words: object,
        at: str = "127.0.0.1",
        port: int = 0,
        toml: str = TOML,
        ledger: object = None,
        environment: Mapping[str, str] | None = None,
        before: tuple[str, ...] = (),
    ) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        (folder / "alliance.toml").write_text(toml)
        self.at = at
        self.port = port
        self.told: list[Json] = []
        self.out = self.errors = ""
        self.ledger = ledger or folder / "ledger.sqlite"
        self._to = to
        self._words = words
        self.before = before
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None
        self._threads: list[threading.Thread] = []

    def start(self) -> Listening:
        """Starts it, and waits until it listens."""
        self.begin()
        self.until(lambda: self.told or self.ended)
        assert self.told, self.errors
        assert self.told[0]["event"].startswith("listening at ")
        self.port = int(self.told[0]["event"].rpartition(":")[2])
        return self

    def begin(self) -> None:
        """Starts it."""
        self.told, self.out, self.errors = [], "", ""
        where = ("--mllp", f"{self.at}:{self.port}", "--to", self._to, "--ledger", str(self.ledger))
        words = ["listen", *where, "--create-people", "--json", *map(str, self._words)]
        self._process = subprocess.Popen(
            [sys.executable, *self.before, str(LAUNCHER), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=self._environment,
        )
        self._threads = [threading.Thread(target=one) for one in (self._hear, self._hear_errors)]
        for thread in self._threads:
            thread.start()

    def _hear(self) -> None:
        assert self._process
        assert self._process.stdout
        for line in self._process.stdout:
            self.out += line
            if line.startswith('{"') and line.endswith("\n"):  # one that is killed may not end it
                self.told.append(json.loads(line))

    def _hear_errors(self) -> None:
        assert self._process
        assert self._process.stderr
        for line in self._process.stderr:
            self.errors += line

    @property
    def process(self) -> subprocess.Popen[str]:
        """The process, which was started."""
        assert self._process
        return self._process

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    @property
    def health(self) -> Json:
        """How it went, when it last said so."""
        return self.told[-1]

    def until(self, there: Callable[[], Any], seconds: float = PATIENCE) -> None:
        """Waits until something is as it should be; in vain is a failure, with what was said."""
        until = time.monotonic() + seconds
        while not there():
            if time.monotonic() > until:
                raise AssertionError(f"in vain; it said last: {self.told[-1:]} {self.errors}")
            time.sleep(0.01)

    @property
    def started(self) -> bool:
        """Whether it was ever started."""
        return self._process is not None

    def idle(self, seconds: float = PATIENCE) -> Json:
        """Waits until nothing waits any more but for another message; how it goes then."""
        seen = len(self.told)
        self.until(
            lambda: (
                len(self.told) > seen + 1  # a line that was begun after this was asked for
                and self.health["waiting"] == self.health["incomplete"]
            ),
            seconds,
        )
        return self.health

    def kill(self) -> None:
        """Kills it, as a machine that loses its power would."""
        self.process.send_signal(signal.SIGKILL)
        self._over()

    def stop(self) -> int:
        """Ends it as systemd does; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.end()

    def end(self) -> int:
        """Waits until it ends by itself; its exit code."""
        self._over()
        return self.process.returncode

    def _over(self) -> None:
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            for thread in self._threads:
                thread.join()
            for stream in (self.process.stdout, self.process.stderr):
                if stream:
                    stream.close()
