"""Canonical URLs, code systems, identifiers and references: each written in one place."""

from __future__ import annotations

from typing import NamedTuple

from alliance_fhir.canonicals import APPOINTMENT_REASONS as APPOINTMENT_REASONS
from alliance_fhir.canonicals import ATTENDANCE as ATTENDANCE
from alliance_fhir.canonicals import ATTENDANCE_CODES as ATTENDANCE_CODES
from alliance_fhir.canonicals import CANCELLATION_REASON as CANCELLATION_REASON
from alliance_fhir.canonicals import FIRST_OR_FOLLOW_UP as FIRST_OR_FOLLOW_UP
from alliance_fhir.canonicals import IDENTIFIER_TYPES as _IDENTIFIER_TYPES
from alliance_fhir.canonicals import IG as IG
from alliance_fhir.canonicals import MISSED_BEFORE as MISSED_BEFORE
from alliance_fhir.canonicals import MODALITY as MODALITY
from alliance_fhir.canonicals import PLACER as _PLACER
from alliance_fhir.canonicals import RESCHEDULED_FROM as RESCHEDULED_FROM
from alliance_fhir.canonicals import SNOMED as SNOMED
from alliance_fhir.canonicals import THO as _THO
from alliance_fhir.domain.instrument import Instrument, Perspective
from alliance_fhir.domain.records import Identifier
from alliance_fhir.fhir.versions import Json

CONCEPT = f"{IG}/CodeSystem/concept"
"""The code system of our scores, of all methods, and of what plans hold; a site's own instruments
have their own."""
ENGAGEMENT_CODES = f"{IG}/CodeSystem/engagement"
"""The code system of engagement measures, and of what their groups are told apart by."""
INSTRUMENT_CODES = f"{IG}/CodeSystem/instrument"
PERSPECTIVE_CODES = f"{IG}/CodeSystem/perspective"
SUBSCALE_CODES = f"{IG}/CodeSystem/subscale"
"""What a code of a score says of itself, by its properties."""
AGREEMENT_CODES = f"{IG}/CodeSystem/agreement"
SD = "http://hl7.org/fhir/StructureDefinition"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition"
UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"

CONTENT_DIGEST = f"{IG}/StructureDefinition/content-digest"
CLINICIAN = f"{IG}/StructureDefinition/rated-clinician"
SESSION = f"{IG}/StructureDefinition/session-number"
APPOINTMENT = f"{IG}/StructureDefinition/appointment"
RECORD = f"{IG}/StructureDefinition/source-record"
RATER = f"{IG}/StructureDefinition/rater"
MODE = f"{IG}/StructureDefinition/mode"
SCORE_INTERVAL = f"{IG}/StructureDefinition/score-interval"
PLAN_VERSION = f"{IG}/StructureDefinition/plan-version"
PLAN_WRITTEN = f"{IG}/StructureDefinition/plan-written"
KEPT_BY_OTHERS = f"{IG}/StructureDefinition/kept-by-others"
AGREEMENT = f"{IG}/StructureDefinition/agreement"
AGREEMENT_TO = f"{IG}/StructureDefinition/agreement-to"
GOAL_ACCEPTANCE = f"{SD}/goal-acceptance"
PERTAINS_TO_GOAL = f"{SD}/resource-pertainsToGoal"
STATUS_REASON = f"{SD}/request-statusReason"
ANNOTATION_TYPE = f"{SD}/annotationType"
DATA_ABSENT = f"{SD}/data-absent-reason"
ADHERES_TO = f"{SD}/workflow-adheresTo"
COMPLETION_MODE = f"{SD}/questionnaireresponse-completionMode"
DERIVATION_TYPE = f"{SD}/questionnaire-derivationType"
COMPLIES_WITH: Json = {
    "system": "http://hl7.org/fhir/questionnaire-derivationType",
    "code": "compliesWith",
}
"""Responses to this form are valid for the one that it derives from, too."""

SURVEY: list[Json] = [{"coding": [{"system": f"{_THO}/observation-category", "code": "survey"}]}]
GOAL_ACHIEVEMENT = f"{_THO}/goal-achievement"
PLAN_CATEGORIES: list[Json] = [
    {"coding": [{"system": SNOMED, "code": "734163000"}]},
    {
        "coding": [
            {
                "system": "http://hl7.org/fhir/us/core/CodeSystem/careplan-category",
                "code": "assess-plan",
            }
        ]
    },
]
"""What US Core 9 prefers, and what it wanted up to version 8."""
PATIENT_ROLE: Json = {"coding": [{"system": SNOMED, "code": "116154003"}]}
BARRIER: Json = {"coding": [{"system": SNOMED, "code": "811791000000103"}]}
"""Barrier to a goal, as in the Observations of PCO."""
US_CORE_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-category"
ADHERENCE: Json = {"coding": [{"system": LOINC, "code": "71799-1"}]}
NOT_KNOWN: Json = {"coding": [{"system": f"{_THO}/data-absent-reason", "code": "unknown"}]}
NOT_PERFORMED: Json = {"system": f"{_THO}/data-absent-reason", "code": "not-performed"}
TEST_DATA: Json = {"system": f"{_THO}/v3-ActReason", "code": "HTEST"}
CREATE: Json = {"coding": [{"system": f"{_THO}/v3-DataOperation", "code": "CREATE"}]}
UPDATE: Json = {"coding": [{"system": f"{_THO}/v3-DataOperation", "code": "UPDATE"}]}
NULLIFY: Json = {"coding": [{"system": f"{_THO}/v3-DataOperation", "code": "NULLIFY"}]}
FROM_V2: Json = {
    "system": "http://hl7.org/fhir/uv/v2mappings/CodeSystem/provenance-activity-type-v2-to-fhir",
    "code": "v2-fhir-transformation",
}
AUTHOR: Json = {"coding": [{"system": f"{_THO}/provenance-participant-type", "code": "author"}]}
ATTESTER: Json = {"coding": [{"system": f"{_THO}/provenance-participant-type", "code": "attester"}]}
ASSEMBLER: Json = {
    "coding": [{"system": f"{_THO}/provenance-participant-type", "code": "assembler"}]
}
CONFIDENTIALITY = f"{_THO}/v3-Confidentiality"
ACT_CODE = f"{_THO}/v3-ActCode"
OBSERVATION_VALUE = f"{_THO}/v3-ObservationValue"
PARTICIPATION_MODE = f"{_THO}/v3-ParticipationMode"
SERVICE_CATEGORY = f"{_THO}/service-category"
PROPORTION: Json = {"coding": [{"system": f"{_THO}/measure-scoring", "code": "proportion"}]}
LESS_IS_BETTER: Json = {
    "coding": [{"system": f"{_THO}/measure-improvement-notation", "code": "decrease"}]
}
POPULATION = f"{_THO}/measure-population"
PLACER_TYPE: Json = {"coding": [{"code": _PLACER, "system": _IDENTIFIER_TYPES}]}
ATTENDER: Json = {"coding": [{"system": f"{_THO}/v3-ParticipationType", "code": "ATND"}]}
REFERRAL: Json = {"coding": [{"system": SNOMED, "code": "3457005"}]}
"""Patient referral."""

RATER_TYPES: dict[Perspective, str] = {
    "patient": "Patient",
    "therapist": "Practitioner",
    "observer": "Practitioner",
    "caregiver": "RelatedPerson",
}
REPORTED_BY: dict[Perspective, str] = {
    "patient": "PATRPT",
    "therapist": "CLINRPT",
    "observer": "CLINRPT",
    "caregiver": "PACQRPT",
}
"""v3-ObservationValue: reported by the patient, a clinician, somebody close to the patient."""

MODES: dict[str, str] = {
    "electronic": "ELECTRONIC",
    "paper": "WRITTEN",
    "face-to-face": "VERBAL",
    "phone": "VERBAL",
    "video": "VERBAL",
    "verbal": "VERBAL",
}
"""v3-ParticipationMode, as far as the extension's required binding lets it in: these three codes.
Our own word goes beside it as text, so that nothing is lost."""


class Person(NamedTuple):
    """Somebody, or an organization, named by identifier: what a logical reference holds."""

    type: str
    identifier: Identifier


def concept(code: str, system: str = CONCEPT) -> Json:
    """A CodeableConcept of our own code system, or of a site's."""
    return {"coding": [{"system": system, "code": code}]}


def priority(word: str) -> Json:
    """How much a goal matters: `high`, `medium` or `low`."""
    return {"coding": [{"system": f"{_THO}/goal-priority", "code": f"{word}-priority"}]}


def ucum(code: str) -> Json:
    """A unit of UCUM; an annotation such as {score} is shown without its braces."""
    return {"unit": code.replace("{", "").replace("}", ""), "system": UCUM, "code": code}


def score_system(home: str) -> str:
    """The code system of scores; `home` is IG for our instruments, a site's root for its own."""
    return f"{home}/CodeSystem/concept"


def score_code(instrument: Instrument, score: str, perspective: Perspective) -> str:
    """The code of a score: whose view it is, is part of it, as in PCO's goal attainment."""
    return f"{instrument.id}-{score}-{perspective}"


def questionnaire_url(instrument: Instrument, perspective: Perspective, home: str) -> str:
    """One Questionnaire an instrument and perspective, as its item codes hold the perspective."""
    return f"{home}/Questionnaire/{instrument.id}-{perspective}"


def answer_system(instrument: Instrument, home: str = IG) -> str:
    """The code system of an instrument's answers."""
    return f"{home}/CodeSystem/{instrument.id}-answer"


def identifier(system: str, value: str) -> Json:
    """An Identifier."""
    return {"system": system, "value": value}


def logical(type_: str, system: str, value: str) -> Json:
    """A reference by identifier: who or what is meant, wherever it may be."""
    return {"identifier": {"system": system, "value": value}, "type": type_}


def person(type_: str, who: Identifier) -> Json:
    """A reference to a person by identifier."""
    return logical(type_, who.system, who.value)
