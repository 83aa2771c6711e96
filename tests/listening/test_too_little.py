"""Of an appointment of which too little is said: where a message says the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .messages import DAY, HOUR, message, stamp
from .process import TOML

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran

    from .conftest import Site

PID = b"PID|1||1001\r"


def without_patient(told: bytes) -> bytes:
    """The message without its last segment."""
    assert told.endswith(PID)
    return told.removesuffix(PID)


def quiet(number: str, control: str, status: str = "", system: str = "P") -> bytes:
    """That an appointment changed, and not when it is."""
    head = {11: system}
    return message(number, "S14", control=control, start="", end="", status=status, head=head)


SENT = [
    [without_patient(quiet("F1", "A1"))],
    [quiet("F2", "B1"), without_patient(quiet("F2", "B2", "Complete"))],
    [without_patient(message("F3", control=one)) for one in ("C1", "C2")],
    [message("F4", control="D1", end="")],
    [message("F5", "S14", control="E1", start="", end=stamp(DAY + HOUR))],
    [quiet("F6", "F1"), quiet("F6", "F2", system="T")],
]
"""The messages of some appointments."""
START, END, STATUS = "SCH-11.4", "SCH-11.5", "SCH-25"
LACKS: dict[str, tuple[str, list[str] | None]] = {
    "A1": ("never-said", ["PID-3", START, END, STATUS]),
    "B2": ("never-said", [START, END]),
    "C2": ("never-said", ["PID-3"]),
    "D1": ("no-end", [END]),
    "E1": ("never-said", [START, END]),
    "F2": ("never-said", [START, END, STATUS]),
}
"""By the number of the last message, what none of them says; an end without a start is none."""
LACKS_NOW: dict[str, tuple[str, list[str] | None]] = {
    "A1": ("never-said", ["PID-3", START, STATUS]),
    "B2": ("never-said", [START]),
    "C2": ("never-said", ["PID-3"]),
    "D1": ("no-end", None),
    "E1": ("never-said", [START]),
    "F2": ("never-said", None),
}
"""The same where all visits last as long, and messages of systems for training are not read."""


def told(command: Callable[..., Ran], folder: Path) -> dict[str, tuple[str, list[str] | None]]:
    """What is told, by the number of the last message; people read the same."""
    words = ("--config", folder / "alliance.toml", "--ledger", folder / "ledger.sqlite")
    every = command("waiting", *words, "--json").json["appointments"]
    lines = command("waiting", *words).out.splitlines()
    assert len(lines) == len(every) + 2
    for one, line in zip(every, lines, strict=False):
        lacks = f" ({', '.join(one['lacks'])})" if "lacks" in one else ""
        assert line.endswith(f"Z: {one['rule']}{lacks}. {one['remedy']}")
    return {one["control"]: (one["rule"], one.get("lacks")) for one in every}


def test_what_none_of_its_messages_says(site: Site, command: Callable[..., Ran]) -> None:
    with site.connect() as engine:
        assert {engine.send(one).code for some in SENT for one in some} == {"AA"}
    site.listening.until(
        lambda: (h := site.listening.health)["incomplete"] == 5 == h["waiting"] - 1
    )
    site.listening.until(lambda: site.listening.health["held"] == 1)
    assert site.listening.stop() == 0
    folder = site.listening.folder
    assert told(command, folder) == LACKS
    today = TOML.replace("synthetic = true", "visit_minutes = 50")
    assert today != TOML
    (folder / "alliance.toml").write_text(today)
    assert told(command, folder) == LACKS_NOW
