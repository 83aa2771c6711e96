"""Our engagement measures as Measures: what they count, and beside which published figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from alliance_fhir.domain.engagement import AROUND, COUNTING, STRATIFIERS, YEAR, Stratifier
from alliance_fhir.domain.intervals import percent
from alliance_fhir.domain.published import PUBLISHED, Measure, Published
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.plan.concepts import Concept
from alliance_fhir.fhir.questionnaire import LICENCE, PUBLISHER, SEMVER
from alliance_fhir.fhir.versions import Json, Version

VERSION = "1.0.0"
MEASURE = "engagement-measure"
"""The profile of Measures."""
POPULATIONS = ("initial-population", "denominator", "numerator")
"""Of a proportion. Nothing is excluded from the first to come to the second."""


class _Told(NamedTuple):
    """A measure: what it is called, and in words and FHIRPath what is over and what under the
    line. `basis` is what is counted; `by` is what its groups are told apart by."""

    title: str
    about: str
    basis: str
    denominator: tuple[str, str]
    numerator: tuple[str, str]
    by: tuple[Stratifier, ...] = ()


_KIND = f"extension('{el.ATTENDANCE}').extension('kind').value.code"
_COUNTING = " | ".join(f"'{kind}'" for kind in COUNTING)
_NEAR, _FAR = (YEAR - AROUND).days, (YEAR + AROUND).days

TOLD: dict[Measure, _Told] = {
    "no-show-rate": _Told(
        "No-show rate",
        "Visits that the patient did not attend without giving notice, of the visits that count: "
        "those that were attended, in time or late, or missed without notice. A visit that anybody "
        "called off, late or not, is in neither number, nor is one of which nobody knows the end. "
        "Who came too late to be seen has come. A visit that was missed, and then booked for "
        "another time under the same number, counts at both times.",
        "Appointment",
        (
            (
                "Visits that were attended, in time or late, or missed. Each missed-before of a "
                "visit that was not entered in error counts besides."
            ),
            f"{_KIND} in ({_COUNTING})",
        ),
        (
            "Those that were missed without notice, and each missed-before.",
            f"{_KIND} = 'no-show'",
        ),
        STRATIFIERS,
    ),
    "drop-out-over-a-year": _Told(
        "Drop-out over a year",
        f"Patients who attended no visit from {_NEAR} to {_FAR} days after the first that they "
        f"attended, of those for whom {_FAR} days have gone by since then. A planned end of care "
        "is not told from leaving; a visit that was booked is none that was attended.",
        "Patient",
        (
            (
                f"Patients whose first attended visit lies in the period, at least {_FAR} days "
                "before its end. %appointments are all that a patient attended, %first is the "
                "start of the earliest of them, and %until the end of the period."
            ),
            f"%first + {_FAR} days <= %until",
        ),
        (
            "Those who attended none around the day on which the year was over.",
            (
                f"%appointments.where(start >= %first + {_NEAR} days and "
                f"start <= %first + {_FAR} days).empty()"
            ),
        ),
    ),
}
"""Each by its code, which is the end of its URL, too."""

_GROUPED_BY: dict[Stratifier, str] = {
    "first-or-follow-up": f"extension('{el.FIRST_OR_FOLLOW_UP}').extension('kind').value.code",
    "service": "serviceType.text | serviceType.concept.text",
    "referrer": "basedOn.resolve().requester.identifier.value",
    "clinician": "participant.where(type.coding.exists(code = 'ATND')).actor.identifier.value",
    "month": "start.toString().substring(0, 7)",
}

CODES = {
    **{code: Concept(told.title, told.about) for code, told in TOLD.items()},
    "first-or-follow-up": Concept(
        "First or follow-up visit", "Which visit to a service it is, of those that were attended."
    ),
    "service": Concept("Service", "What the visit was for, in the source's words."),
    "referrer": Concept("Referrer", "Who sent the patient, by number."),
    "clinician": Concept("Clinician", "Whom the visit was with, by number."),
    "month": Concept("Month", "The month in which the visit began, where it was."),
    "wilson": Concept(
        "Wilson's score interval", "For a proportion, without a correction for continuity."
    ),
}
"""The codes of measures, of what their groups are told apart by, and of the method of intervals."""


def url(measure: Measure) -> str:
    """The canonical of a measure, without a version."""
    return f"{el.IG}/Measure/{measure}"


def measures(version: Version) -> Iterator[Json]:
    """The Measures, as they are published."""
    for measure, told in TOLD.items():
        yield {
            "resourceType": "Measure",
            "url": url(measure),
            "version": VERSION,
            **version.counted(told.basis, SEMVER),
            "name": "".join(part.capitalize() for part in measure.split("-")),
            "title": told.title,
            "status": "active",
            "experimental": False,
            "publisher": PUBLISHER,
            "description": _described(measure, told),
            "copyright": LICENCE,
            "scoring": el.PROPORTION,
            "improvementNotation": el.LESS_IS_BETTER,
            "group": [_group(measure, told, version)],
        }


def _described(measure: Measure, told: _Told) -> str:
    figures = "".join(f"\n\n* {published(one)}" for one in PUBLISHED[measure])
    return f"{told.about}\n\nPublished figures, each with its own meaning:{figures}"


def published(one: Published) -> str:
    """A published figure in a sentence."""
    ends = " to ".join(map(percent, one.interval or ()))
    interval = f" (95 % interval {ends})" if ends else ""
    return f"{percent(one.rate)}{interval} {one.meaning}. {one.source}."


def _group(measure: Measure, told: _Told, version: Version) -> Json:
    criteria = (told.denominator, told.denominator, told.numerator)
    stratifiers = [
        version.linked(
            by,
            {
                "code": el.concept(by, el.ENGAGEMENT_CODES),
                "criteria": _expression(_GROUPED_BY[by], CODES[by].definition),
            },
        )
        for by in told.by
    ]
    group: Json = {
        "code": el.concept(measure, el.ENGAGEMENT_CODES),
        "population": [
            version.linked(
                population,
                {"code": population_code(population), "criteria": _expression(path, words)},
            )
            for population, (words, path) in zip(POPULATIONS, criteria, strict=True)
        ],
        **({"stratifier": stratifiers} if stratifiers else {}),
    }
    return version.linked(measure, group)


def population_code(population: str) -> Json:
    """A part of a proportion, as HL7 codes it."""
    return el.concept(population, el.POPULATION)


def _expression(path: str, words: str) -> Json:
    return {"description": words, "language": "text/fhirpath", "expression": path}
