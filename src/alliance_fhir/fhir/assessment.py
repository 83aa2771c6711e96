"""An assessment to a QuestionnaireResponse, and its scores to Observations.

Everything that does not change from row to row is built once, and shared by the resources of all
rows; so nothing that comes out of here may be changed in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from alliance_fhir.config import Settings
from alliance_fhir.domain.instrument import Instrument, Perspective
from alliance_fhir.domain.keys import identifier_system
from alliance_fhir.domain.records import Assessment, Origin
from alliance_fhir.domain.scoring import Score
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.group import Group
from alliance_fhir.fhir.labels import meta
from alliance_fhir.fhir.response import ResponseMapper
from alliance_fhir.fhir.scores import Facts, ScoreMapper
from alliance_fhir.fhir.versions import Json, Version


class Mapper:
    """Maps the records of one instrument and perspective, for one version of FHIR and one site.

    `questionnaire` is the canonical, with its version, of the form that was answered: the
    catalog's own, or the site's with its licensed wording. `home` is the root of the canonicals of
    the instrument: ours, or the site's for an instrument of its own.
    """

    def __init__(
        self,
        instrument: Instrument,
        perspective: Perspective,
        version: Version,
        settings: Settings,
        questionnaire: str,
        home: str = el.IG,
    ) -> None:
        self._rater_performs = settings.score_performer == "rater"
        self._scores = ScoreMapper(instrument, perspective, version, settings, home)
        system = identifier_system(settings.root)
        labels = meta(settings, version, "alliance-response", perspective=perspective)
        self._response = ResponseMapper(instrument, version, questionnaire, system, labels, home)

    def group(
        self, key: str, origin: Origin, record: Assessment, content: str, scores: Sequence[Score]
    ) -> Group:
        """All resources of one record, but for the Provenance: that is written with the write."""
        by = record.answered_by
        author = el.Person(el.RATER_TYPES[record.rater], by) if by else None
        rater = el.person(*author) if author else None
        facts = Facts(
            key=key,
            time=record.completed_at,
            subject=el.person("Patient", record.patient),
            performer=rater if self._rater_performs else None,
            about=_about(record),
            answered=bool(record.answers),
            language=None if record.answers else record.language,
        )
        values = facts.values()
        resources = self._scores.map(facts, values, scores)
        if record.answers:
            resources.insert(0, self._response.map(facts, values, record, rater, scores))
        day = record.completed_at.utc[:10]
        return Group(key, origin, record.patient, day, author, content, resources)


def imported(record: Assessment, instrument: Instrument) -> list[Score]:
    """The scores of a record that has no answers, in the order of the instrument's file."""
    return [
        Score(rule.id, _as_written(record.imported[rule.id]), None, 0, 0, "imported-score")
        for rule in instrument.scores
        if rule.id in record.imported
    ]


def _as_written(value: Decimal) -> int | Decimal:
    """48 as a whole number, 48.0 as the decimal that it is."""
    return value if "." in str(value) else int(value)


def _about(record: Assessment) -> list[Json]:
    """Our extensions, in the order of their URLs.

    A row of scores alone has no response to say how and by whom it was answered.
    """
    about: list[Json] = []
    if record.appointment:
        reference = el.person("Appointment", record.appointment)
        about.append({"url": el.APPOINTMENT, "valueReference": reference})
    if record.mode and not record.answers:
        about.append({"url": el.MODE, "valueCode": record.mode})
    if record.clinician:
        reference = el.person("Practitioner", record.clinician)
        about.append({"url": el.CLINICIAN, "valueReference": reference})
    if record.rater_id and not record.answers:
        reference = el.person(el.RATER_TYPES[record.rater], record.rater_id)
        about.append({"url": el.RATER, "valueReference": reference})
    if record.session:
        about.append({"url": el.SESSION, "valuePositiveInt": record.session})
    if record.record_id:
        about.append({"url": el.RECORD, "valueString": record.record_id})
    return about
