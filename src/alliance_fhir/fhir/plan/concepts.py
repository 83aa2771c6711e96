"""The codes of ours that plans hold: what kind of task, what a note is about, what was counted."""

from __future__ import annotations

from typing import NamedTuple


class Concept(NamedTuple):
    """How a code is shown, and what it means."""

    display: str
    definition: str


CONCEPTS = {
    "psychotherapy": Concept("Psychotherapy", "A task of a shared plan: psychotherapy."),
    "visit": Concept("Visit", "A task of a shared plan: a visit."),
    "contact": Concept("Contact", "A task of a shared plan: contact apart from visits."),
    "self-care": Concept("Self-care", "A task of a shared plan: what patients do for themselves."),
    "social": Concept("Social", "A task of a shared plan: what is done with other people."),
    "other": Concept("Other task", "A task of a shared plan that is of no other kind."),
    "contact-between-visits": Concept(
        "Contact between visits",
        "How patient and clinician reach each other between visits, by their shared plan.",
    ),
    "contact-urgent": Concept(
        "Urgent contact", "Where the patient turns to when it is urgent, by the shared plan."
    ),
    "plan-review": Concept(
        "Plan review", "The next look of patient and clinician back at their shared plan."
    ),
    "when": Concept("When", "A note that says when a task of a shared plan is to be done."),
    "option-considered": Concept(
        "Option considered",
        "A note that says what else was considered when a task of a shared plan was chosen.",
    ),
    "days-taken-as-agreed": Concept(
        "Days taken as agreed",
        "On how many days a medicine was taken as agreed, as somebody said it.",
    ),
    "days-asked-about": Concept(
        "Days asked about", "Of how many days it was said whether a medicine was taken as agreed."
    ),
}
"""Each by its code. The kinds of tasks go by their words in the document."""
