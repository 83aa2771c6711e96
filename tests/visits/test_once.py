"""However often a run goes through its sources, a visit and a message are read once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.sources.hl7v2 import appointment
from alliance_fhir.sources.visits import VisitRows
from command.tables import said, srs, write
from hl7v2.making import message

from .rows import site, visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran


@pytest.mark.parametrize(
    "words",
    [
        ("check", "in"),
        ("map", "in", "--out", "out"),
        *((n, "in", "--to", "out") for n in ("plan", "sync")),
    ],
    ids=" ".join,
)
def test_visits_and_messages_are_read_once(
    words: tuple[str, ...], command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    site("[hl7v2]", 'zone = "America/New_York"')
    text = Path("alliance.toml").read_text()
    systems = "".join(f'{n}_system = "urn:example:{n}"\n' for n in ("appointment", "patient"))
    Path("alliance.toml").write_text(systems + text)
    Path("in").mkdir()
    write("in/a.csv", srs())
    write("in/b.csv", visit(1), visit(2), visit(3, status="gone"))
    texts = [message(head={10: f"C{n}"}, sch={2: f"F{n // 2}"}) for n in range(4)]
    Path("in/c.hl7").write_text("".join(texts), newline="")
    write("in/d.csv", visit(4))
    seen = {"rows": 0, "messages": 0}
    row, one = VisitRows.record, appointment.read

    def rows(self: VisitRows, cells: Any) -> Any:
        seen["rows"] += 1
        return row(self, cells)

    def messages(*args: Any) -> Any:
        seen["messages"] += 1
        return one(*args)

    monkeypatch.setattr(VisitRows, "record", rows)
    monkeypatch.setattr(appointment, "read", messages)
    ran = said(command(*words, "--json"))
    assert ran["records"] == {"read": 7, "accepted": 6, "rejected": 1}
    assert seen == {"rows": 4, "messages": 4}
