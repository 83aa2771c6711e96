"""What it says of itself while it listens, for people and for programs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .engine import Engine
from .messages import message
from .process import LAUNCHER

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Site

KEYS = [
    *("command", "at", "event", "seconds", "connections", "accepted", "refused", "refused_for"),
    *("turned_away", "broken_off", "kept", "delivered", "waiting", "incomplete", "held"),
    *("held_for", "oldest_seconds", "target"),
]


def test_the_keys_are_those_that_are_described() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "json.md"
    section = page.read_text(encoding="utf-8").partition("\n## listen\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == KEYS


def test_each_line_is_one_object_of_these_keys(lasting: Site) -> None:
    with lasting.connect() as engine:
        assert engine.send(message("F1", patient="4711-SECRET")).code == "AA"
        assert engine.send(message("F1", control="C2", status="SECRET")).code == "AE"
        lasting.listening.idle()  # of what was delivered right now the next line may tell
        lasting.listening.until(lambda: lasting.listening.health["delivered"])
        told = lasting.listening.health
        assert told["connections"] == 1
    lines = lasting.listening.out.splitlines()
    assert [list(json.loads(line)) for line in lines] == [KEYS] * len(lines)
    zero = dict.fromkeys(KEYS[3:-1], 0)
    expected = {"accepted": 1, "refused": 1, "kept": 1, "delivered": 1, "connections": 1}
    rules = {"refused_for": {"unknown-status": 1}, "held_for": {}}
    assert told == {
        **zero,
        **expected,
        **rules,
        "command": "listen",
        "at": told["at"],
        "event": "health",
        "seconds": told["seconds"],
        "target": "answers",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["at"])
    assert "SECRET" not in lasting.listening.out + lasting.listening.errors


def test_lines_for_people(site: Site) -> None:
    words = ("--mllp", "127.0.0.1:0", "--to", site.server.url, "--create-people")
    with subprocess.Popen(
        [sys.executable, str(LAUNCHER), "listen", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=site.listening.folder,
    ) as process:
        assert process.stderr
        first = process.stderr.readline()
        found = re.search(r" listening at 127\.0\.0\.1:(\d+): seconds 0, ", first)
        assert found
        with Engine(int(found[1])) as engine:
            assert engine.send(message("F1")).code == "AA"
        process.terminate()
        out, rest = process.communicate()
    assert (process.returncode, out) == (0, "")
    last = rest.splitlines()[-1]
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ stopped: seconds \d+, connections 0, accepted 1, "
        r"refused 0, turned away 0, broken off 0, kept 1, delivered [01], waiting [01], "
        r"incomplete 0, held 0, oldest seconds 0, target answers",
        last,
    )


def test_for_what_messages_are_refused_and_held(opened: Callable[..., Site]) -> None:
    site = opened()
    with subprocess.Popen(
        [sys.executable, str(LAUNCHER), "listen", "--mllp", ":0", "--to", site.server.url],
        stderr=subprocess.PIPE,
        text=True,
        cwd=site.listening.folder,
    ) as process:
        assert process.stderr
        port = re.search(r" listening at 127\.0\.0\.1:(\d+):", process.stderr.readline())
        assert port
        with Engine(int(port[1])) as engine:
            for number in (1, 2):  # of a patient whom the server does not know
                assert engine.send(message(f"F{number}", patient="4711-SECRET")).code == "AA"
            for number in (1, 2):
                bad = message("F3", control=f"C{number}", status="SECRET")
                assert engine.send(bad).code == "AE"
            assert engine.send(message("F4", "S99")).code == "AR"
        said = next(line for line in process.stderr if " held 2," in line)
        process.terminate()
        process.communicate()
    found = re.search(r"refused 3,.* turned away", said)
    assert found
    assert found[0] == "refused 3, refused for unknown-event 1 and unknown-status 2, turned away"
    assert " held 2, held for patient-not-found 2, " in said
    assert "SECRET" not in said
