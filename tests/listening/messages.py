"""Messages of appointments, and what must come of them: by hand, without anything of ours.

Each message says all of its appointment, so the last one by MSH-7 says how it stands.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Json = dict[str, Any]
Standing = tuple[str, datetime, datetime]
"""Status, start and end of an Appointment."""

APPOINTMENTS = "urn:example:appointment"
DAY = datetime(2026, 3, 2, 14, tzinfo=UTC)
HOUR = timedelta(minutes=50)
STATUSES = {
    "S12": ("Booked", "booked"),
    "S13": ("Booked", "booked"),
    "S14": ("Complete", "fulfilled"),
    "S15": ("Cancelled", "cancelled"),
    "S26": ("Noshow", "noshow"),
}
"""Of an event, SCH-25 by table 0278, and the status of FHIR's Appointment."""


def stamp(moment: datetime) -> str:
    """A moment as HL7 v2 writes it."""
    return moment.strftime("%Y%m%d%H%M%S+0000")


def message(
    appointment: str,
    event: str = "S12",
    *,
    control: str = "C1",
    made: str = "20260301090000+0000",
    status: str | None = None,
    start: str = stamp(DAY),
    end: str = stamp(DAY + HOUR),
    patient: str = "1001",
    head: dict[int, str] | None = None,
    more: str = "",
) -> bytes:
    """A message; `head` are more fields of MSH, by number."""
    told = {3: "SCHED", 4: "EAST", 5: "OURS", 6: "HUB", 7: made, 9: f"SIU^{event}^SIU_S12"}
    fields = {**told, 10: control, 11: "P", 12: "2.5.1", **(head or {})}
    msh = "|".join(fields.get(number, "") for number in range(3, max(fields) + 1))
    code = STATUSES[event][0] if status is None and event in STATUSES else status or ""
    sch = ["SCH", "", appointment, *[""] * 8, f"^^^{start}^{end}", *[""] * 13, code]
    segments = (f"MSH|^~\\&|{msh}", "|".join(sch), f"PID|1||{patient}", more)
    return "".join(f"{one}\r" for one in segments if one).encode()


class Told(NamedTuple):
    """One message, and what it says by itself."""

    appointment: str
    made: datetime
    standing: Standing
    data: bytes


def made_up(seed: int, appointments: int, messages: int) -> list[Told]:
    """Messages of appointments: bookings, then changes, out of order, some twice.

    What was cancelled is not said to be a no-show as well: that is a question of its own.
    """
    chance = random.Random(seed)  # noqa: S311
    told: list[Told] = []
    for number in range(messages):
        which = number % appointments
        ways = ("S13", "S14", "S15" if which % 2 else "S26")
        event = chance.choice(ways) if number >= appointments else "S12"
        start = DAY + timedelta(days=which % 28, minutes=chance.randrange(0, 240, 10))
        moment = DAY - timedelta(days=60) + timedelta(minutes=number)
        data = message(
            f"F{which}",
            event,
            control=f"C{number}",
            made=stamp(moment),
            start=stamp(start),
            end=stamp(start + HOUR),
            patient=str(1001 + which % 12),
        )
        standing = (STATUSES[event][1], start, start + HOUR)
        told.append(Told(f"F{which}", moment, standing, data))
    told += chance.sample(told, len(told) // 10)
    chance.shuffle(told)
    return told


def all_right(appointments: Sequence[Json], people: Sequence[Json], told: Iterable[Told]) -> None:
    """Each appointment is there once, and stands as its last message says; so is each patient."""
    assert found(appointments) == expected(told)
    names = [body["identifier"][0]["value"] for body in people]
    assert len(names) == len(set(names))


def expected(told: Iterable[Told]) -> dict[str, Standing]:
    """How each appointment stands in the end: as its last message by MSH-7 says."""
    return {one.appointment: one.standing for one in sorted(told, key=lambda one: one.made)}


def found(appointments: Sequence[Json]) -> dict[str, Standing]:
    """How Appointments stand, by the number that their source gave them; none is there twice."""
    told: dict[str, Standing] = {}
    for body in appointments:
        (number,) = (
            one["value"] for one in body["identifier"] if one.get("system") == APPOINTMENTS
        )
        assert number not in told, f"{number} is there twice"
        start, end = (datetime.fromisoformat(body[name]) for name in ("start", "end"))
        told[number] = (body["status"], start, end)
    return told
