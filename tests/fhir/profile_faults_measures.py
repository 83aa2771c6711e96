"""Faults in Measures and their reports."""

from __future__ import annotations

from profile_faults import Row, astray, beside, faults, gone, instead, named, sealed, twice

from planting import GONE

ENGAGEMENT = "https://alliance-fhir.github.io/ig/CodeSystem/engagement"
OTHER = {"coding": [{"system": ENGAGEMENT, "code": "wilson"}]}
RATIO = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/measure-scoring",
                     "code": "ratio"}]}  # fmt: skip
MORE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/measure-improvement-notation",
                    "code": "increase"}]}  # fmt: skip
SECRET = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                         "valueCode": "masked"}]}  # fmt: skip
TOLD = ("url", "version", "name", "title", "experimental", "publisher", "description", "copyright")
_OF_GROUP, _OF_STRATIFIER = "group.0.population.0", "group.0.stratifier.0"


def _in_fhirpath(way: str) -> list[Row]:
    return [
        *gone(f"{way}.criteria", f"{way}.criteria.description", f"{way}.criteria.expression"),
        (f"{way}.criteria.language", "text/cql", "criteria.language"),
    ]


MEASURE: list[Row] = [
    *sealed(),
    *gone(*TOLD),
    ("subjectCodeableConcept", OTHER, "Measure.subject"),
    ("url", "https://alliance-fhir.github.io/ig/Library/x", "measure-url"),
    ("version", "1", "measure-version"),
    ("name", "a-name", "measure-name"),
    ("status", "draft", "Measure.status"),
    ("experimental", True, "Measure.experimental"),
    *gone("scoring", "improvementNotation", "group", "group.0.code", f"{_OF_GROUP}.code"),
    ("scoring", RATIO, "Measure.scoring"),
    ("improvementNotation", MORE, "Measure.improvementNotation"),
    ("group.*", None, "Measure.group: max"),
    ("group.0.code", OTHER, "engagement-measures"),
    (_OF_GROUP, GONE, "group.population: minimum"),
    ("group.0.population.*", None, "group.population: max"),
    (f"{_OF_GROUP}.code", OTHER, "engagement-populations"),
    *gone(f"{_OF_STRATIFIER}.code"),
    (f"{_OF_STRATIFIER}.code", OTHER, "engagement-groups"),
    *_in_fhirpath(_OF_GROUP),
    *_in_fhirpath(_OF_STRATIFIER),
]


def _populations(way: str) -> list[Row]:
    return [
        (f"{way}.population.0", GONE, "population: minimum"),
        (f"{way}.population.*", None, "population: max"),
        *gone(f"{way}.population.0.code", f"{way}.population.0.count"),
        (f"{way}.population.0.code", OTHER, "engagement-populations"),
    ]


def _score(way: str) -> list[Row]:
    score = f"{way}.measureScore"
    return [
        *gone(f"{score}.value"),
        (f"{score}.value", 33.3, "greater than permitted"),
        (f"{score}.value", -0.1, "less than permitted"),
        (f"{score}.comparator", "<", "measureScore.comparator: max"),
        (f"{score}.unit", "%", "measureScore.unit: max"),
        (f"{score}.system", "http://unitsofmeasure.org", "measureScore.system: max"),
        (f"{score}.code", "%", "measureScore.code: max"),
        (f"{score}.extension", GONE, "extension:interval'"),
        (twice("score-interval", score), None, "extension:interval: max"),
    ]


_STRATUM = f"{_OF_STRATIFIER}.stratum.0"
_HIDDEN = f"{_OF_STRATIFIER}.stratum.1"
_MASKED = f"{_HIDDEN}.population.0._count"
REPORT: list[Row] = [
    *sealed(),
    *gone("identifier", "identifier.0.system", "identifier.0.value", "period.start", "period.end"),
    ("identifier.*", None, "MeasureReport.identifier: max"),
    ("status", "pending", "MeasureReport.status"),
    ("type", "individual", "MeasureReport.type"),
    ("measure", "https://alliance-fhir.github.io/ig/Measure/no-show-rate", "report-measure"),
    astray("reporter", "Organization"),
    *named("reporter"),
    *gone("improvementNotation", "group", "group.0.code", "group.0.measureScore"),
    ("improvementNotation", MORE, "MeasureReport.improvementNotation"),
    ("group.*", None, "MeasureReport.group: max"),
    ("group.0.code", OTHER, "engagement-measures"),
    *_populations("group.0"),
    *_score("group.0"),
    ("group.0.population.0._count", SECRET, "count.extension: max"),
    ("group.0.stratifier.0.code", GONE, "stratifier.code: minimum"),
    ("group.0.stratifier.0.code.0", OTHER, "engagement-groups"),
    *_populations(_STRATUM),
    *_score(_STRATUM),
    *gone(f"{_STRATUM}.value"),
    (f"{_STRATUM}.value", {"id": "x"}, "report-stratum"),
    (f"{_STRATUM}.value.coding.*", None, "value.coding: max"),
    (f"{_STRATUM}.value", OTHER, "engagement-strata"),
    (f"{_MASKED}.extension.0.valueCode", "unknown", "extension[0].value"),
    (f"{_MASKED}.extension.*", None, "extension:masked: max"),
    (beside(_MASKED, "count", 3), None, "report-count"),
    (instead(_MASKED, "count", 3), None, "report-masked"),
]
OF_MEASURES = [*faults("engagement-measure", *MEASURE), *faults("engagement-report", *REPORT)]
