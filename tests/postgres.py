"""A real PostgreSQL for tests, of this machine's packages: made when it is first asked for.

It is reached by a socket without a password, and by TCP with one. Each ledger has a database of
its own.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "a-password-4711"  # noqa: S105 - of a server that lives as long as the tests
USER = "alliance"


def binaries() -> Path | None:
    """Where initdb and postgres lie; Debian keeps them out of PATH."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    debian = Path("/usr/lib/postgresql")
    folders = sorted(debian.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return folders[-1].parent if folders else None


class Postgres:
    """The server. It refuses to be run by root: then the package's own user runs it."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="alliance-pg-"))
        self._user = "postgres" if os.getuid() == 0 else None
        if self._user:
            shutil.chown(self._folder, self._user)
        self.port = free_port()
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        told = self._folder / "password"
        told.write_text(PASSWORD)
        told.chmod(0o644)
        words = ["-D", self._data, "-U", USER, "-E", "UTF8", "--locale=C", "--no-sync"]
        auth = ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={told}"]
        subprocess.run([programs / "initdb", *words, *auth], check=True, **self._as_user)
        self.start()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _as_user(self) -> dict[str, Any]:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return {"cwd": self._folder, "user": self._user, **quiet}

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        where = ["-D", self._data, "-k", self._folder, "-p", str(self.port)]
        options = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        words = [self._programs / "postgres", *where, *options]
        self._process = subprocess.Popen(words, **self._as_user)
        until = time.monotonic() + 60
        while True:
            try:
                return self.connect("postgres").close()
            except psycopg.OperationalError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Ends it."""
        if self._process:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def remove(self) -> None:
        """Ends it, and takes away all that it held."""
        self.stop()
        shutil.rmtree(self._folder)

    def connect(self, database: str) -> psycopg.Connection[Any]:
        """A connection that is nobody's of ours."""
        where = {"host": str(self._folder), "port": self.port, "user": USER}
        return psycopg.connect(dbname=database, autocommit=True, **where)

    def database(self) -> str:
        """A new database that holds nothing."""
        name = f"ledger_{next(self._numbers)}"
        with closing(self.connect("postgres")) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return name

    def url(self, database: str, *, tcp: bool = False) -> str:
        """What `--ledger` calls it: by the socket, or with `tcp` where a password is asked for."""
        if tcp:
            return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"
        return f"postgresql://{USER}@/{database}?host={self._folder}&port={self.port}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server of this session; it ends with it."""
    programs = binaries()
    if programs is None:
        pytest.fail("PostgreSQL is missing. With Debian: apt install postgresql")
    server = Postgres(programs)
    yield server
    server.remove()
