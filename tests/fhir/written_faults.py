"""What others may write and we never do: the profiles take it, and the run-time check does not."""

from __future__ import annotations

from profile_faults import Fault, Row, faults, without_extension

_NUMBER = {"system": "urn:example:x", "value": "1"}
_TYPED = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "FILL"}]}
_EXAM = {
    "coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "exam"}
    ]
}
_LOINC = {"system": "http://loinc.org", "code": "71969-0"}
_UNSEALED: Row = (without_extension("content-digest"), None, "digest")
_SEALED = (
    *("agreed-goal", "alliance-device", "alliance-panel", "alliance-provenance"),
    *("alliance-questionnaire", "alliance-response", "alliance-score", "engagement-measure"),
    *("engagement-report", "no-show-appointment", "outreach-task", "plan-adherence"),
    *("plan-barrier", "plan-communication-request", "plan-medication-request", "plan-preference"),
    *("plan-response", "plan-score", "plan-service-request", "plan-task", "shared-care-plan"),
    *("shared-care-team", "visit-appointment", "visit-referral"),
)
_OF_SCORES: list[Row] = [
    ("category.+", _EXAM, "a second category"),
    ("code.coding.+", _LOINC, "a second code"),
    ("method.coding.+", _LOINC, "a second code of a method"),
]
_OF_VISITS: list[Row] = [
    ("identifier", [_NUMBER], "no number of ours"),
    ("identifier", [_NUMBER] * 4, "more numbers"),
    ("identifier.0.type", _TYPED, "a number of whoever fills it, with its type"),
    ("identifier.+", _NUMBER, "a third number that is nobody's"),
]
WRITTEN: list[Fault] = [
    *(fault for profile in _SEALED for fault in faults(profile, _UNSEALED)),
    *faults("alliance-score", *_OF_SCORES),
    *faults("alliance-panel", *_OF_SCORES[:2]),
    *faults("visit-appointment", *_OF_VISITS),
]
"""Profile, what is otherwise, and what that is in words."""
