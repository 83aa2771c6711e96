"""The bookings of the example clinic as its scheduling system would have sent them: HL7 v2, SIU.

A booking is sent when it is made (S12), moved (S13), called off (S15) or taken back (S17), and once
it is known how it ended (S14, S26). In January 2026 the system was renewed: until then it sends
2.3.1, the times in SCH-11 and no offsets; then 2.5.1, the times in TQ1, offsets, a character set.
A line is a segment; what nobody needs to know the visit is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from bookings import COUNTY, Booking
from generate import Chance

SEED = 26
RENEWED = datetime(2026, 1, 1)
SUMMER_TIME = (datetime(2025, 11, 2, 2), datetime(2026, 3, 8, 2))
"""When the clocks of New York went back, and forward again."""
CODES = {"Psychotherapy": "PT", "Psychiatric consultation": "PC", "Medication review": "MED"}
OFF_BY = {"patient": "PATCAN^Patient", "provider": "PROVCAN^Provider", "": "OTHER^Not recorded"}
"""SCH-6 of what is called off."""
ENDED = {"attended": "Complete", "arrived-late": "Late", "too-late": "TooLate"}
"""SCH-25 of what took place: a code of table 0278, and two words of the clinic's own."""
OPEN = {"pending": "Pending"}
NO_SHOW = "NOSHOW^Did not attend"


class Event(NamedTuple):
    """One thing that happened to a booking."""

    at: datetime
    trigger: str
    booking: Booking
    reason: str = ""
    status: str = ""
    start: datetime | None = None


def stamp(when: datetime) -> str:
    return f"{when:%Y%m%d%H%M%S}"


def events(booking: Booking, chance: Chance) -> Iterator[Event]:
    """What happened to it, in order."""
    begins = booking.before or booking.start
    open_as = OPEN.get(booking.status, "Booked")
    yield Event(booking.made, "S12", booking, "BOOK^Booked", open_as, begins)
    if booking.moved:
        yield Event(booking.moved, "S13", booking, "MOVE^Rescheduled", open_as, booking.start)
    if booking.off_at:
        yield Event(booking.off_at, "S15", booking, OFF_BY[booking.off_by], "Cancelled")
    if booking.status == "entered-in-error":
        yield Event(booking.made + timedelta(minutes=2), "S17", booking, "ERR^Mistake", "Deleted")
    after = booking.end + timedelta(minutes=chance.whole(2, 30), seconds=chance.whole(0, 59))
    if booking.seen and chance.happens(0.15):  # seen to have come, while it lasts
        yield Event(booking.start - timedelta(minutes=4), "S14", booking, "IN^Arrived", "Started")
    if booking.status in ENDED:
        yield Event(after, "S14", booking, "OUT^Ended", ENDED[booking.status])
    if booking.status == "no-show":
        yield Event(after, "S26", booking, NO_SHOW, "Noshow" if chance.happens(0.7) else "")


def last_events(bookings: list[Booking]) -> dict[str, Event]:
    """By a booking's number the last thing that happened to it: as the system shows it."""
    chance = Chance(SEED)  # the same chances as `messages` takes
    told = [event for booking in bookings for event in events(booking, chance)]
    return {event.booking.number: event for event in sorted(told, key=lambda one: one.at)}


def message(event: Event, control: int) -> str:
    """One message; a booking is sent whole, and of a later one what is other than before."""
    booking, course = event.booking, event.booking.course
    renewed = event.at >= RENEWED
    lines = [_header(event, control, renewed=renewed)]
    sch = [""] * 27
    sch[1], sch[5], sch[24] = booking.number, event.reason, event.status
    if event.start:
        end = event.start + (booking.end - booking.start)
        times = f"{stamp(event.start)}^{stamp(end)}"
        sch[10] = "" if renewed else f"^^^{times}"
    if event.trigger == "S12":
        sch[6] = f"^{booking.reason}" if booking.reason else ""
        sch[25] = course.referral
    lines.append("SCH|" + "|".join(sch).rstrip("|"))
    if event.start and renewed:
        lines.append(f"TQ1|1||||||{times.replace('^', '|')}")
    lines.append(f"PID|1||{_number(course.patient)}")
    if event.trigger == "S12":
        if course.referrer:
            lines.append(f"PV1|1|O||||||{course.referrer}")
        service = f"{CODES[course.service]}^{course.service}^L"
        lines += ["RGS|1", f"AIS|1||{service}", f"AIP|1||{course.clinician}"]
    return "\n".join(lines) + "\n"


def _header(event: Event, control: int, *, renewed: bool) -> str:
    at = stamp(event.at)
    if renewed:
        summer = not SUMMER_TIME[0] <= event.at < SUMMER_TIME[1]
        kind, at = f"SIU^{event.trigger}^SIU_S12", at + ("-0400" if summer else "-0500")
        rest = "2.5.1||||||UNICODE UTF-8"
    else:
        kind, rest = f"SIU^{event.trigger}", "2.3.1"
    return f"MSH|^~\\&|SCHED|EAST|ALLIANCE|EAST|{at}||{kind}|{control}|P|{rest}"


def _number(patient: str) -> str:
    """PID-3, with the authority whose number it is."""
    if patient.startswith(COUNTY):
        return f"{patient.removeprefix(COUNTY)}^^^COUNTY"
    return f"{patient}^^^MRN"


def messages(bookings: list[Booking]) -> Iterator[str]:
    """All of the year as they came in: nearly in order, and some of them twice."""
    chance = Chance(SEED)
    told = [event for booking in bookings for event in events(booking, chance)]
    told.sort(key=lambda event: (event.at, event.booking.number))
    sent: list[tuple[datetime, int, str]] = []
    for control, event in enumerate(told, 300_001):
        text, came = message(event, control), event.at
        if chance.happens(0.03):  # the line was down
            came += timedelta(minutes=chance.whole(1, 4000))
        sent.append((came, control, text))
        if chance.happens(0.02):  # and was not heard to be answered
            sent.append((came + timedelta(minutes=chance.whole(1, 9000)), control, text))
    return (text for _, _, text in sorted(sent))
