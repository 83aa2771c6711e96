"""A second, independent FHIR server: Medplum's router with its repository in memory (R4).

Installed once by npm, from the versions of the lock file, into a cache folder of the checkout.
What it does unlike HAPI is in tests/testing/test_second_server.py.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path

import httpx

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache"
FILES = ("package.json", "package-lock.json", "server.mjs")


class SecondServer:
    """The server, started on a free port; it ends with this process at the latest."""

    def __init__(self) -> None:
        # Medplum's core wants a WebSocket, which Node 20 has behind this flag
        self._process = subprocess.Popen(
            ["node", "--experimental-websocket", installation() / "server.mjs"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        port = self._process.stdout.readline().strip()
        if not port:
            self.stop()
            raise RuntimeError("the second server did not start; see standard error")
        self._root = f"http://127.0.0.1:{port}"
        self.url = f"{self._root}/fhir/R4"

    def empty(self) -> None:
        """Forgets everything."""
        httpx.post(f"{self._root}/reset", timeout=30).raise_for_status()

    def stop(self) -> None:
        """Ends it."""
        self._process.communicate()  # its input ends, so it ends


def installation() -> Path:
    """The folder with the server and its modules, made first where it is not there yet."""
    digest = sha256(b"\0".join((HERE / name).read_bytes() for name in FILES)).hexdigest()
    folder = CACHE / f"second-server-{digest[:12]}"
    if not folder.is_dir():
        _install(folder)
    return folder


def _install(folder: Path) -> None:
    """Makes the folder whole or not at all, whoever else does the same at the same time."""
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="second-server-") as temporary:
        whole = Path(temporary) / "whole"
        whole.mkdir()
        for name in FILES:
            shutil.copy(HERE / name, whole)
        quiet = ("--ignore-scripts", "--no-audit", "--no-fund")
        command = ("npm", "ci", *quiet)
        done = subprocess.run(command, cwd=whole, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"npm ci failed: {(done.stdout + done.stderr).strip()[-2000:]}")
        try:
            whole.rename(folder)
        except OSError:
            if not folder.is_dir():  # no one else was faster
                raise
