"""The status of an Appointment that is an EHR's own: whether ours may take its place. Pure.

No visit goes back in its course, and no status is left that FHIR's rules forbid beside what theirs
says: app-3 (a start and an end) and app-4 (a reason for cancelling), of R4, R4B and R5.
"""

from __future__ import annotations

from alliance_fhir.fhir.versions import Json, Version
from alliance_fhir.received import text

FURTHER_ON = "status-further-on"
NOT_ALLOWED = "status-not-allowed"

_COURSE = {
    "proposed": 0,
    "pending": 1,
    "waitlist": 1,
    "booked": 2,
    "arrived": 3,
    "checked-in": 4,
    "fulfilled": 5,
    "noshow": 5,
    "cancelled": 5,
    "entered-in-error": 6,
}
"""How far on a visit is, by the codes of http://hl7.org/fhir/appointmentstatus."""
_WITHOUT_TIMES = ("proposed", "cancelled", "waitlist")
"""What may be without a start and an end (app-3)."""
_REASONS = ("cancelationReason", "cancellationReason", "cancellationDate")
"""What app-4 allows beside some statuses alone, as R4 and R5 spell it."""


def in_the_way(theirs: Json, status: str, version: Version) -> str:
    """The rule that keeps their Appointment from being given this status; empty where none does."""
    now = _COURSE.get(text(theirs, "status"))
    if now is None or now > _COURSE[status]:
        return FURTHER_ON
    timed = all(name in theirs or f"_{name}" in theirs for name in ("start", "end"))
    if not timed and status not in _WITHOUT_TIMES:
        return NOT_ALLOWED
    # R4 and R4B mean to allow it to a no-show as well, and misspell that one's code
    allowed = ("cancelled",) if version.ordinal_values else ("cancelled", "noshow")
    if status not in allowed and any(name in theirs for name in _REASONS):
        return NOT_ALLOWED
    return ""


def with_status(theirs: Json, status: str) -> Json:
    """All of theirs as it was read, and this status."""
    return {**theirs, "status": status}
