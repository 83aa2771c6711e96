"""A visit that was missed, and then booked for another time under its number: it counts twice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .site import figures, row, settings, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

MOVED = {
    "rescheduled_from": "2026-02-27T12:00;2026-03-03T12:00",  # put off, then missed
    "missed": "2026-03-03T12:00",
}
SAID = {"clinician": "kurtz", "referrer": "lee", "referral": "r1", "service": "Psychotherapy"}
TABLE = [
    row("p1", "2026-04-02", **SAID, **MOVED),
    row("p1", "2026-03-19", **SAID),
]
MESSAGES = """\
MSH|^~\\&|SCHED|EAST|A|E|20260201100000-0500||SIU^S12|1|P|2.5.1
SCH||1|||||||||^^^20260227120000-0500^20260227125000-0500|||||||||||||||r1
PID|1||p1
PV1|1|O||||||lee
RGS|1
AIS|1||^Psychotherapy
AIP|1||kurtz
MSH|^~\\&|SCHED|EAST|A|E|20260202100000-0500||SIU^S13|2|P|2.5.1
SCH||1|||||||||^^^20260303120000-0500^20260303125000-0500
PID|1||p1
MSH|^~\\&|SCHED|EAST|A|E|20260303130000-0500||SIU^S26|3|P|2.5.1
SCH||1
PID|1||p1
MSH|^~\\&|SCHED|EAST|A|E|20260304090000-0500||SIU^S12|4|P|2.5.1
SCH||1|||||||||^^^20260402120000-0400^20260402125000-0400
PID|1||p1
MSH|^~\\&|SCHED|EAST|A|E|20260402130000-0400||SIU^S14|5|P|2.5.1
SCH||1|||||||||||||||||||||||Complete
PID|1||p1
"""
# On 3 March nobody had been seen yet: a first visit that was missed. On 2 April p1 had been, on the
# 19th of March. 27 February was put off in time, and is in no count.
COUNTED = {
    ("", "all"): (1, 3, 1),
    ("first-or-follow-up", "first"): (1, 2, 1),
    ("first-or-follow-up", "follow-up"): (0, 1, 1),
    ("service", "Psychotherapy"): (1, 3, 1),
    ("referrer", "lee"): (1, 3, 1),
    ("clinician", "kurtz"): (1, 3, 1),
    ("month", "2026-03"): (1, 2, 1),
    ("month", "2026-04"): (0, 1, 1),
}


@pytest.mark.parametrize("source", ["a table", "messages", "Appointments"])
def test_what_was_missed_counts_where_it_was(source: str, command: Callable[..., Ran]) -> None:
    settings("history_from = 2025-01-01")
    write(TABLE)
    files = ["visits.csv"]
    if source == "messages":
        write([{"appointment": "2", **TABLE[1]}])
        Path("visits.hl7").write_text(MESSAGES.replace("\n", "\r"), "utf-8", newline="")
        files = ["visits.csv", "visits.hl7"]
    elif source == "Appointments":
        assert command("map", *files, "--out", "fhir").code == 0
        files = ["fhir/Appointment.ndjson"]
    ran = command("measure", *files, "--json")
    assert ran.code == 0
    assert figures(ran.json) == COUNTED


def test_what_was_missed_of_a_visit_that_never_was_to_be_does_not_count(
    command: Callable[..., Ran],
) -> None:
    settings("history_from = 2025-01-01")
    write([row("p1", "2026-04-02", "entered-in-error", **SAID, **MOVED), TABLE[1]])
    ran = command("measure", "visits.csv", "--json")
    assert figures(ran.json)["", "all"] == (0, 1, 1)


def test_what_was_missed_before_the_period_does_not_count(command: Callable[..., Ran]) -> None:
    settings("history_from = 2025-01-01")
    write(TABLE)
    ran = command("measure", "visits.csv", "--from", "2026-03-04", "--json")
    assert figures(ran.json)["", "all"] == (0, 2, 1)
