"""What a message says of how an appointment stands."""

from __future__ import annotations

from typing import NamedTuple

from alliance_fhir.domain.attendance import Status
from alliance_fhir.sources.hl7v2.site import Site
from alliance_fhir.sources.hl7v2.slips import Unread

TABLE_0278: dict[str, Status] = {
    "pending": "pending",
    "waitlist": "waitlist",
    "booked": "booked",
    "started": "checked-in",
    "complete": "attended",
    "cancelled": "cancelled",
    "deleted": "entered-in-error",
    "noshow": "no-show",
}
"""By the table's codes in lower case. Dc, Blocked and Overbook say nothing that is a visit's: what
a site means by them it must say itself."""

SAYS_ITSELF: dict[str, Status] = {"S15": "cancelled", "S17": "entered-in-error", "S26": "no-show"}
"""Events after which an appointment stands in one way, whatever SCH-25 still says: many senders
leave the status there that it had."""
BOOKS = ("S12", "S13")
"""Events after which it is booked, where nothing else is said."""
DISCONTINUED = "S16"
OF_RESOURCES = ("S18", "S19", "S20", "S21", "S22")
"""Events of one service or resource: what AIS-10 says is of that alone."""
RESOURCE_GONE = ("S20", "S21", "S22")
EVENTS = (*BOOKS, "S14", "S15", DISCONTINUED, "S17", *OF_RESOURCES, "S26")
SLOTS = ("S23", "S24")
"""Events of time that is blocked or free again, and of no appointment."""

_UNKNOWN = "Use a code of HL7 table 0278, or map this one in [hl7v2.status]."
_DISCONTINUED = "Say what the site means by Dc: what is discontinued may have taken place."


class Standing(NamedTuple):
    """The status; the source's own code where it gave one, and the place of that."""

    status: Status | None
    code: str | None = None
    place: str = ""


def standing(event: str, appointment: str, service: str, site: Site) -> Standing:
    """By the event, then SCH-25, then AIS-10. Raises Unread for a code that nobody explains."""
    place, code = ("SCH-25", appointment)
    if not code and event not in OF_RESOURCES:
        place, code = "AIS-10", service
    if status := SAYS_ITSELF.get(event):
        return Standing(status, code or None, place)
    if not code and event == DISCONTINUED:
        return Standing(_explained("MSH-9.2", "Dc", _DISCONTINUED, site))
    if not code:
        return Standing("booked" if event in BOOKS else None)
    return Standing(_explained(place, code, _UNKNOWN, site), code, place)


def _explained(place: str, code: str, remedy: str, site: Site) -> Status:
    status = site.status(code) or TABLE_0278.get(code.casefold())
    if status is None:
        raise Unread(place, "unknown-status", remedy)
    return status
