"""Faults in what is shared by many resources, or is of each of them: forms, the software,
Provenances."""

from __future__ import annotations

from profile_faults import (
    THO,
    Row,
    astray,
    at,
    both,
    extended,
    faults,
    gone,
    named,
    sealed,
    told,
    twice,
    within_extension,
    without_extension,
)

from planting import GONE

OTHER = {"coding": [{"system": f"{THO}/v3-DataOperation", "code": "DELETE"}]}
TOLD = ("url", "version", "name", "title", "description", "copyright", "subjectType")
_SCORE = "item.-1"
_ONCE = ("artifact-versionAlgorithm", "artifact-copyrightLabel")
FORM: list[Row] = [
    *sealed(),
    *gone(*TOLD),
    *((without_extension(name), None, f"{name}'") for name in _ONCE),
    *((twice(name), None, f"{name.rpartition('-')[2]}: max") for name in _ONCE),
    ("url", "wai-sr", "form-url"),
    ("version", "1", "form-version"),
    ("name", "a name", "form-name"),
    ("status", "draft", "Questionnaire.status"),
    ("subjectType.0", "Group", "Questionnaire.subjectType"),
    ("subjectType.*", None, "Questionnaire.subjectType: max"),
    ("derivedFrom.0", "wai-sr", "form-derived"),
    (both(at("derivedFrom.*", None), at("_derivedFrom.*", None)), None, "derivedFrom: max"),
    ("_derivedFrom", GONE, "derivationType"),
    ("_derivedFrom.0.extension.*", None, "derivationType: max"),
    ("_derivedFrom.0.extension.0.valueCoding.system", GONE, "system: minimum"),
    ("_derivedFrom.0.extension.0.valueCoding.code", GONE, "code: minimum"),
    *told("code.0"),
    ("item", [{"linkId": "x", "text": "x", "type": "text"}], "Questionnaire.item: minimum"),
    *gone("item.0.text"),
    ("item.0.type", "open-choice", "form-item-type"),
    (twice("minValue", "item.0"), None, "minValue: max"),
    (twice("maxValue", "item.0"), None, "maxValue: max"),
    ("item.0.answerOption.0.valueCoding.system", GONE, "answerOption.value[x].system: minimum"),
    ("item.0.answerOption.0.valueCoding.code", GONE, "answerOption.value[x].code: minimum"),
    ("item.0.answerOption.0", {"valueString": "x"}, "answerOption[0].value"),
    (without_extension("itemWeight", "item.0.answerOption.0"), None, "form-weights"),
    (twice("itemWeight", "item.0.answerOption.0"), None, "weight: max"),
    (twice("ordinalValue", "item.0.answerOption.0"), None, "ordinalValue: max"),
    ("item.0.answerOption", [{"valueCoding": {"system": "urn:x:y", "code": "x"}}], "form-options"),
    ("item.4.item.0.text", GONE, "form-part"),
    *told(f"{_SCORE}.code.0"),
]
_CALCULATED = f"{_SCORE}.extension.0"
_EXTRACT = "sdc-questionnaire-observationExtract"
_EXTRACTED_AS = "sdc-questionnaire-observation-extract-category"
_CODED = "valueCodeableConcept.coding.0"
SCORED: list[Row] = [
    *(
        (twice(f"sdc-questionnaire-{name}", _SCORE), None, f"extension:{slice_}: max")
        for name, slice_ in (
            ("calculatedExpression", "calculated"),
            ("observationExtract", "extracted"),
            ("observation-extract-category", "extractedAs"),
        )
    ),
    (f"{_CALCULATED}.valueExpression.language", "text/cql", "value.ofType(Expression).language"),
    (f"{_CALCULATED}.valueExpression.expression", GONE, "expression: minimum"),
    (f"{_SCORE}.extension.2.valueCode", "derive", "form-extracted"),
    (within_extension(_EXTRACT, "valueBoolean", False), None, "extension[4].value"),
    (extended(_EXTRACT, "valueCode", "member"), None, "allows for the type boolean"),
    (twice(_EXTRACT), None, "extension:extracted: max"),
    (within_extension(_EXTRACTED_AS, f"{_CODED}.code", "exam"), None, "extension[4].value"),
    (twice(_EXTRACTED_AS), None, "extension:extractedAs: max"),
    (f"{_SCORE}.extension.1.valueCodeableConcept.coding.0.code", "exam", "extension[1].value"),
]
SOFTWARE: list[Row] = [
    *sealed(),
    *gone("identifier", "identifier.0.system", "identifier.0.value", "deviceName", "version"),
    ("identifier.*", None, "Device.identifier: max"),
]
_TARGETS = (
    *("Appointment", "CarePlan", "Goal", "MedicationRequest", "Task", "CareTeam", "Observation"),
    *("QuestionnaireResponse", "ServiceRequest", "CommunicationRequest"),
)
_DIGEST = "entity.0.what.identifier"
PROVENANCE: list[Row] = [
    *sealed(),
    *gone("meta.tag", "activity", "agent.0.type", "entity", f"{_DIGEST}.system"),
    astray("target.0", *_TARGETS),
    *named("target.0", "agent.0.who", "agent.0.onBehalfOf"),
    (both(at("occurredDateTime", GONE), at("occurredPeriod", {"start": "2026-03-02"})), None,
     "Provenance.occurred"),
    ("activity", OTHER, "provenance-activity"),
    ("agent.0.type", OTHER, "provenance-agents"),
    astray("agent.0.who", "Practitioner", "Device", "Patient", "RelatedPerson"),
    astray("agent.0.onBehalfOf", "Organization"),
    ("entity.0.role", "removal", "entity[0].role"),
    ("entity.0.what", {"display": "x"}, "entity.what.identifier: minimum"),
    *gone(f"{_DIGEST}.value"),
]  # fmt: skip
OF_SHARED = [
    *faults("alliance-questionnaire", *FORM, *SCORED),
    *faults("alliance-device", *SOFTWARE),
    *faults("alliance-provenance", *PROVENANCE),
]
