"""Ctrl-C while a server is down and every lane waits for it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.testing import Answer, Cut, Request

from .conftest import ROWS, Little

if TYPE_CHECKING:
    from collections.abc import Callable

AT_ONCE = 10  # where they would wait for 50, and the machine may be busy
"""Seconds."""


@pytest.mark.parametrize("lanes", [4])
@pytest.mark.parametrize("how", ["down", "throttling"])
def test_ctrl_c_while_all_lanes_wait_ends_at_once(clinic: Little, how: str) -> None:
    waiting = threading.Event()
    away = clinic.server.away()

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if len(clinic.server.writes) < 4:
            return proceed()
        waiting.set()
        if how == "down":
            raise Cut
        return Answer(503, b"", {"Retry-After": "50"})

    clinic.server.between = between
    words = ["sync", clinic.folder, "--to", clinic.url, "--ledger", clinic.ledger, "--lanes", "4"]
    line = [sys.executable, "-m", "alliance_fhir", *map(str, words)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(line, stdout=pipe, stderr=pipe, text=True, cwd=clinic.folder)
    try:
        assert waiting.wait(30)
        if how == "down":
            away.__enter__()
        time.sleep(0.5)  # by now they wait to try again
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        took = time.monotonic() - began
    finally:
        process.kill()
        process.wait()
        if how == "down":
            away.__exit__(None, None, None)
    assert (process.returncode, out) == (130, "")
    assert err == "error: interrupted; run it again to go on where it was\n"
    assert took < AT_ONCE
    clinic.server.between = lambda request, proceed: proceed()
    assert len(clinic.server.of_type("QuestionnaireResponse")) < len(ROWS)
    clinic.whole()
