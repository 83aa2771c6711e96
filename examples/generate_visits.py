"""Writes a year of visits of the example clinic, the same on every machine and every time.

    python examples/generate_visits.py [FOLDER]        default: examples

Twice, by what became of each visit, and as what a scheduling system would have sent on the way:
`year/visits.csv` and `messages/visits.hl7`. Both give the same Appointments.

Nobody here is real. `visits_of_a_year.py` says what in it is published and what is ours. As in
`generate.py`, chance comes from random() of a seeded generator alone.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from bookings import Booking
from generate import Chance
from siu_messages import CODES, Event, last_events, messages
from visits_of_a_year import SEED, Year

COLUMNS = (
    *("appointment", "patient", "clinician", "start", "end", "status", "cancelled_at"),
    *("cancelled_by", "reason", "service", "referrer", "referral", "rescheduled_from"),
    *("service_code", "status_code", "event_reason", "event_reason_code"),
)


def row(booking: Booking, last: Event) -> tuple[str, ...]:
    """A booking as it stands in the end, after the `last` thing that happened to it."""
    course = booking.course
    code, _, reason = last.reason.partition("^")
    called_off = booking.off_at.isoformat() if booking.off_at else ""
    before = booking.before.isoformat(timespec="minutes") if booking.before else ""
    return (
        *(booking.number, course.patient, course.clinician),
        *(booking.start.isoformat(timespec="minutes"), booking.end.isoformat(timespec="minutes")),
        *(booking.status, called_off, booking.off_by, booking.reason, course.service),
        *(course.referrer, course.referral, before),
        *(CODES[course.service], last.status, reason, code),
    )


def generate(folder: Path) -> None:
    """Writes the table and the messages into their folders in this one."""
    bookings = Year(Chance(SEED)).go()
    table, told = folder / "year" / "visits.csv", folder / "messages" / "visits.hl7"
    for path in (table, told):
        path.parent.mkdir(parents=True, exist_ok=True)
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        last = last_events(bookings)
        writer.writerows(row(booking, last[booking.number]) for booking in bookings)
    with told.open("w", encoding="utf-8", newline="") as file:
        file.writelines(messages(bookings))


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
