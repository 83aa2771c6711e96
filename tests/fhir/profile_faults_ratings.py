"""Faults in responses, panels and scores."""

from __future__ import annotations

from profile_faults import (
    RATERS,
    THO,
    Row,
    astray,
    at,
    both,
    coded,
    extended,
    faults,
    gone,
    instead,
    named,
    sealed,
    twice,
    without_extension,
)

from planting import GONE

FACE = {"coding": [{"system": f"{THO}/v3-ParticipationMode", "code": "VERBAL"}]}
UNKNOWN = {"coding": [{"system": f"{THO}/data-absent-reason", "code": "unknown"}]}
NO_SCORE = instead("valueQuantity", "dataAbsentReason", UNKNOWN)
NOON = "2026-03-02T12:00:00Z"
COMPLETION = "questionnaireresponse-completionMode"
MORE_THAN_ONCE = [
    ("rated-clinician", "ratedClinician"),
    ("session-number", "sessionNumber"),
    ("appointment", "appointment"),
    ("source-record", "sourceRecord"),
]
RESPONSE: list[Row] = [
    *sealed(),
    *((twice(name), None, f"extension:{slice_}: max") for name, slice_ in MORE_THAN_ONCE),
    (twice(COMPLETION), None, "extension:completionMode: max"),
    (extended(COMPLETION, "valueCodeableConcept", FACE), None, "text: minimum"),
    (
        extended(COMPLETION, "valueCodeableConcept", FACE | {"text": "by fax"}),
        None,
        "completion-mode-word",
    ),
    (extended(COMPLETION, "valueCodeableConcept", {"text": "video"}), None, "coding: minimum"),
    *(
        (
            extended(COMPLETION, "valueCodeableConcept", {"coding": [coding], "text": "video"}),
            None,
            f"coding.{missing}: minimum",
        )
        for coding, missing in (
            ({"code": "VERBAL"}, "system"),
            ({"system": f"{THO}/v3-ParticipationMode"}, "code"),
        )
    ),
    *gone("identifier", "identifier.system", "identifier.value", "questionnaire", "subject"),
    *gone("authored", "item", "item.0.answer"),
    *named("subject", "author", "source"),
    astray("subject", "Patient"),
    astray("author", *RATERS),
    astray("source", *RATERS),
    ("status", "in-progress", "response-status"),
    ("language", "English, please", "language-tag"),
    ("questionnaire", "https://example.org/Questionnaire/x", "response-version"),
    ("item.0.answer.*", None, "item.answer: max"),
    ("item.0.answer.0", {"item": [{"linkId": "x"}]}, "answer.value[x]: minimum"),
    ("item.0.answer.0", {"valueString": "x"}, "answer[0]: The type of element valueString"),
    ("item.0.answer.0.valueCoding.system", GONE, "response-codes"),
]
OBSERVATION: list[Row] = [
    *sealed(),
    (without_extension("workflow-adheresTo"), None, "extension:adheresTo'"),
    (twice("workflow-adheresTo"), None, "extension:adheresTo: max"),
    (extended("workflow-adheresTo", "valueUri", "urn:x:y|1"), None, "extension[1].value"),
    (extended("workflow-adheresTo", "valueCanonical", "urn:x:y"), None, "adheres-to-version"),
    *gone("identifier", "identifier.0.system", "identifier.0.value", "category", "subject"),
    ("effectiveDateTime", GONE, "Observation.effective[x]: minimum"),
    ("status", "preliminary", "score-status"),
    ("category.*", None, "category:survey: max"),
    ("category.0.coding.0.code", "exam", "category:survey"),
    *coded("code"),
    ("code.coding.0.system", "http://loinc.org", "score-system"),
    *named("subject", "performer.0", "derivedFrom.0"),
    astray("subject", "Patient"),
    astray("performer.0", *RATERS),
    ("performer.*", None, "Observation.performer: max"),
    astray("derivedFrom.0", "QuestionnaireResponse"),
    ("derivedFrom.*", None, "Observation.derivedFrom: max"),
    (instead("effectiveDateTime", "effectiveInstant", NOON), None, "Observation.effective"),
]
PANEL: list[Row] = [
    *((twice(name), None, f"extension:{slice_}: max") for name, slice_ in MORE_THAN_ONCE),
    (twice("rater"), None, "extension:rater: max"),
    (twice("mode"), None, "extension:mode: max"),
    ("language", "English, please", "language-tag"),
    ("valueInteger", 1, "Observation.value"),
    ("dataAbsentReason", {"text": "x"}, "Observation.dataAbsentReason: max"),
    ("method", {"text": "x"}, "Observation.method: max"),
    ("component", [{"code": {"text": "x"}}], "Observation.component: max"),
    *gone("hasMember"),
    astray("hasMember.0", "Observation"),
    *named("hasMember.0"),
]


def _figure(way: str) -> list[Row]:
    """Figures that are not exact, or of no unit of UCUM."""
    parts = ("value", "unit", "system", "code")
    return [
        *((f"{way}.{part}", GONE, f"{part}: minimum") for part in parts),
        (f"{way}.comparator", "<", "comparator: max"),
        (f"{way}.system", "urn:example:units", "'http://unitsofmeasure.org'"),
    ]


SCORE: list[Row] = [
    *_figure("valueQuantity"),
    ("valueQuantity", GONE, "score-value"),
    (instead("valueQuantity", "valueInteger", 1), None, "Observation.value"),
    (both(at("component.0.code.text", "x"), NO_SCORE), None, "score-mean"),
    (instead("component.0.valueQuantity", "valueString", "x"), None, "component[0].value"),
    *coded("dataAbsentReason", "method", "component.0.code"),
    *gone("method"),
    ("method.coding.0.system", "http://loinc.org", "score-system"),
    ("component.0.code.coding.0.system", "http://loinc.org", "score-system"),
    ("component.*", None, "Observation.component: max"),
    ("component.0.valueQuantity", GONE, "component.value[x]: minimum"),
    *_figure("component.0.valueQuantity"),
    ("hasMember", [{"reference": "Observation/1"}], "Observation.hasMember: max"),
]
OF_RATINGS = [
    *faults("alliance-response", *RESPONSE),
    *faults("alliance-score", *OBSERVATION, *SCORE),
    *faults("alliance-panel", *PANEL),
]
