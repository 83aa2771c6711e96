"""The codes of ours that Appointments hold: what became of a visit, which visit it is, and by which
rules that is known."""

from __future__ import annotations

from alliance_fhir.fhir.plan.concepts import Concept

CODES = {
    # what became of a visit
    "attended": Concept("Attended", "The patient came, and was seen or is waiting to be."),
    "late-arrival": Concept("Late arrival", "The patient came late, seen or not."),
    "no-show": Concept(
        "No-show",
        "The visit was offered, the patient did not attend, and nobody was given notice.",
    ),
    "late-cancellation": Concept(
        "Late cancellation",
        "The patient called it off, within the time before its start that the site calls late.",
    ),
    "patient-cancellation": Concept("Patient's cancellation", "The patient called it off in time."),
    "provider-cancellation": Concept("Provider's cancellation", "The provider called it off."),
    "unknown": Concept("Unknown", "It is not known, or not yet."),
    # by which rule that is known
    "was-seen": Concept("Was seen", "The source says that the patient was seen."),
    "arrived": Concept("Arrived", "The patient came; nobody has said yet how it ended."),
    "checked-in": Concept(
        "Checked in",
        "The patient came, and is registered or being seen; nobody has said yet how it ended.",
    ),
    "late-and-seen": Concept("Late and seen", "The patient came late, and was seen."),
    "late-and-not-seen": Concept(
        "Late and not seen", "The patient came, and too late to be seen: this is no no-show."
    ),
    "no-notice": Concept("No notice", "The source says no-show, and tells of no notice."),
    "notice-after-start": Concept(
        "Notice after the start", "Notice was given at the start or later: as good as none."
    ),
    "notice-in-window": Concept(
        "Notice within the window",
        "Notice was given before the start, later than the site asks for.",
    ),
    "notice-in-time": Concept("Notice in time", "Notice was given as early as the site asks for."),
    "notice-at-unknown-time": Concept(
        "Notice at an unknown time", "The patient called it off; nobody knows when."
    ),
    "called-off-by-provider": Concept("Called off by the provider", "Whenever that was."),
    "called-off-by-somebody": Concept(
        "Called off by somebody", "It was called off; nobody knows by whom."
    ),
    "still-open": Concept("Still open", "The visit is booked, and no more is known of it."),
    "no-visit": Concept("No visit", "The source entered the visit in error."),
    # which visit to a service it is
    "first": Concept("First visit", "The first visit of the patient to a service."),
    "follow-up": Concept("Follow-up visit", "The patient has attended one before."),
    # by which rule that is known
    "said": Concept("Said", "The source says so."),
    "attended-before": Concept(
        "Attended before", "An earlier visit to the service that was attended is known."
    ),
    "none-attended": Concept(
        "None attended", "None was attended before, for as long as the site looks back."
    ),
    "history-too-short": Concept(
        "History too short", "None is known, and the data do not reach back far enough to tell."
    ),
}
"""Each by its code, as `alliance_fhir.domain.attendance` has it."""
