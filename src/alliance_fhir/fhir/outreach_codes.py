"""The codes of ours that Tasks to reach out hold: what is to be done, and what is told for it."""

from __future__ import annotations

from alliance_fhir.fhir.plan.concepts import Concept

OUTREACH_CODES = {
    "outreach-after-no-show": Concept(
        "Outreach after a missed visit",
        "A Task: to reach out to a patient who did not come to a visit, or called it off so late "
        "that the site counts it alike.",
    ),
    "which-visit": Concept(
        "Which visit",
        "Whether a first or a follow-up visit was missed, as they are missed for different "
        "reasons.",
    ),
    "ask-why": Concept("Ask why", "What to ask about, to find out why the patient did not come."),
    "ask-about-medication": Concept(
        "Ask about medication",
        "A question whether medicines are taken as agreed, which is no judgement.",
    ),
}
"""Each by its code. How the two reach each other has the code that it has in shared plans."""
