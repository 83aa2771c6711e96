"""What was measured, as MeasureReports: summaries, without a patient in them.

A stratum that is not shown is there with its name, and with each of its counts masked.
"""

from __future__ import annotations

from collections.abc import Mapping

from alliance_fhir.config import Settings
from alliance_fhir.domain.engagement import Count, Engagement, Stratifier
from alliance_fhir.domain.intervals import proportion, wilson
from alliance_fhir.domain.keys import identifier_system, record_key
from alliance_fhir.domain.published import Measure
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.canonical import sealed
from alliance_fhir.fhir.defined import canonical_of
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.labels import meta
from alliance_fhir.fhir.measure import (
    MEASURE,
    POPULATIONS,
    TOLD,
    VERSION,
    measures,
    population_code,
    url,
)
from alliance_fhir.fhir.versions import Json, Version

_MASKED: Json = {"extension": [{"url": el.DATA_ABSENT, "valueCode": "masked"}]}
_PROFILES = {"Measure": MEASURE, "MeasureReport": "engagement-report"}


class MeasureMapper:
    """Maps what was measured for one site and version of FHIR."""

    def __init__(self, version: Version, settings: Settings) -> None:
        self._version = version
        self._settings = settings
        self._system = identifier_system(settings.root)

    def resources(self, told: Engagement) -> list[Resource]:
        """The Measures, then a report of each: of the same period always under the same key.

        Where nothing was counted, or the whole of it is not shown, there is no report: one without
        a score is not valid (HL7's validator: MEASURE_MR_SCORE_VALUE_REQUIRED). When it was made is
        left out: what was counted is the same on any day.
        """
        counts: dict[Measure, Count | None] = {
            "no-show-rate": told.no_shows,
            "drop-out-over-a-year": told.drop_out,
        }
        return [
            *map(self._measure, measures(self._version)),
            *(
                self._report(one, told, count)
                for one, count in counts.items()
                if count and count.of
            ),
        ]

    def _measure(self, published: Json) -> Resource:
        """As `profiles install` puts it there, which may have been before; the site's labels are no
        part of what it says."""
        whole = {**self._start(published), **published}
        return Resource("Measure", canonical_of(published), *sealed(whole))

    def _report(self, measure: Measure, told: Engagement, count: Count) -> Resource:
        since, until = (day.isoformat() for day in told.period)
        source = self._settings.named_source
        natural_key = ("measure-report", measure, since, until)
        key = record_key(source, natural_key, self._settings.secret)
        organization = self._settings.organization_identifier
        body: Json = {
            "resourceType": "MeasureReport",
            "status": "complete",
            "type": "summary",
            "measure": f"{url(measure)}|{VERSION}",
            "period": {"start": since, "end": until},
            **({"reporter": el.logical("Organization", *organization)} if organization else {}),
            **self._version.report_scoring(el.PROPORTION),
            "improvementNotation": el.LESS_IS_BETTER,
            "group": [
                {
                    "code": el.concept(measure, el.ENGAGEMENT_CODES),
                    **self._counted(count),
                    **self._score(count),
                    **self._stratified(told.groups if TOLD[measure].by else {}),
                }
            ],
        }
        return self._keyed(f"{key}-report", body)

    def _keyed(self, key: str, body: Json) -> Resource:
        identifier = [el.identifier(self._system, key)]
        whole = {**self._start(body), "identifier": identifier, **body}
        return Resource(body["resourceType"], key, *sealed(whole))

    def _start(self, body: Json) -> Json:
        profile = _PROFILES[body["resourceType"]]
        labels = meta(self._settings, self._version, profile)
        return {"resourceType": body["resourceType"], **({"meta": labels} if labels else {})}

    def _counted(self, count: Count | None) -> Json:
        """The populations of a group or a stratum."""
        if count is None:
            counts: list[Json] = [{"_count": _MASKED}] * len(POPULATIONS)
        else:
            counts = [{"count": of} for of in (count.of, count.of, count.some)]
        populations = zip(POPULATIONS, counts, strict=True)
        return {"population": [{"code": population_code(of), **told} for of, told in populations]}

    def _score(self, count: Count | None) -> Json:
        """The score with its interval; empty where it is not shown, or nothing was counted."""
        if count is None or not count.of:
            return {}
        interval = wilson(count.some, count.of)
        told = [
            {"url": "level", "valueDecimal": 95},
            {
                "url": "method",
                "valueCodeableConcept": el.concept("wilson", el.ENGAGEMENT_CODES),
            },
            {"url": "low", "valueDecimal": interval.low},
            {"url": "high", "valueDecimal": interval.high},
            {"url": "patients", "valueInteger": count.patients},
        ]
        extension = [{"url": el.SCORE_INTERVAL, "extension": told}]
        rate = proportion(count.some, count.of)
        return self._version.measure_score({"extension": extension, "value": rate})

    def _stratified(self, groups: Mapping[Stratifier, Mapping[str, Count | None]]) -> Json:
        """All stratifiers of the Measure, those too of which there is no group."""
        stratifiers: list[Json] = []
        for by, of in groups.items():
            strata = [self._stratum(_value(by, name), count) for name, count in of.items()]
            code = self._version.stratifier_code(el.concept(by, el.ENGAGEMENT_CODES))
            stratifiers.append({"code": code, **({"stratum": strata} if strata else {})})
        return {"stratifier": stratifiers} if stratifiers else {}

    def _stratum(self, value: Json, count: Count | None) -> Json:
        told = self._version.stratum_value(value)
        return {**told, **self._counted(count), **self._score(count)}


def _value(by: Stratifier, name: str) -> Json:
    """Which group it is, by a code of ours or in words; people by system and number."""
    if by == "first-or-follow-up":
        return el.concept(name, el.ATTENDANCE_CODES)
    return {"text": name} if name else el.NOT_KNOWN
