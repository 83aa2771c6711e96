"""An assessment to a QuestionnaireResponse, and its scores to Observations.

Everything that does not change from row to row is built once, and shared by the resources of all
rows; so nothing that comes out of here may be changed in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import orjson

from alliance_fhir.config import Settings
from alliance_fhir.domain.instrument import Instrument, Perspective
from alliance_fhir.domain.records import Answer, Assessment, Origin
from alliance_fhir.domain.scoring import Score
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.canonical import canonical_text, digest, dumps, seal
from alliance_fhir.fhir.group import Group, Resource
from alliance_fhir.fhir.labels import meta
from alliance_fhir.fhir.scores import Facts, ScoreMapper
from alliance_fhir.fhir.versions import Json, Version

_Item = tuple[Json, Any, Any]
"""An item of a response; its JSON; its canonical JSON. Where no text is ready, itself."""


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
        self._instrument = instrument
        self._version = version
        self._questionnaire = questionnaire
        self._system = el.identifier_system(settings.root)
        self._meta = meta(settings, perspective)
        self._rater_performs = settings.score_performer == "rater"
        self._scores = ScoreMapper(instrument, perspective, settings, home)
        self._answers = el.answer_system(instrument, home)
        self._links = [f"item_{n}" for n in range(1, instrument.size + 1)]
        self._items = [self._ready_items(n) for n in range(1, instrument.size + 1)]

    def _ready_items(self, number: int) -> dict[Answer, _Item]:
        """For each code of an item's scale, the response's item."""
        ready: dict[Answer, _Item] = {}
        for option in self._instrument.options_of(number):
            coding = {"system": self._answers, "code": option.code}
            item: Json = {"linkId": f"item_{number}", "answer": [{"valueCoding": coding}]}
            ready[option.code] = item, orjson.Fragment(dumps(item)), canonical_text(item)
        return ready

    def group(
        self, key: str, origin: Origin, record: Assessment, content: str, scores: Sequence[Score]
    ) -> Group:
        """All resources of one record, but for the Provenance: that is written with the write."""
        by = record.answered_by
        author = el.Person(el.RATER_TYPES[record.rater], by) if by else None
        facts = Facts(
            key=key,
            time=record.completed_at,
            subject=el.person("Patient", record.patient),
            performer=el.person(*author) if author and self._rater_performs else None,
            about=_about(record),
            answered=bool(record.answers),
            language=None if record.answers else record.language,
        )
        resources = self._scores.map(facts, scores)
        if record.answers:
            resources.insert(0, self._response(facts, record, author, scores))
        day = record.completed_at.utc[:10]
        return Group(key, origin, record.patient, day, author, content, resources)

    def _response(
        self, facts: Facts, record: Assessment, author: el.Person | None, scores: Sequence[Score]
    ) -> Resource:
        name = f"{facts.key}-qr"
        items = self._given(record.answers, scores)
        identifier = el.identifier(self._system, name)
        body: Json = {
            "resourceType": "QuestionnaireResponse",
            "meta": self._meta,
            **({"language": record.language} if record.language else {}),
            "extension": [*_mode(record), *facts.about],
            "identifier": self._version.response_identifier(identifier),
            "questionnaire": self._questionnaire,
            "status": "completed",
            "subject": facts.subject,
            "authored": facts.time.text,
            **_people(record, author),
            "item": [item for item, _, _ in items],
        }
        # the canonical form: no meta, the instant in UTC, the items as ready text; the order of
        # keys does not matter. A test holds it against canonical().
        form = {**body, "authored": facts.time.utc, "item": [text for _, _, text in items]}
        del form["meta"]
        if not form["extension"]:
            del form["extension"]
        content = digest(form)
        body["extension"] = [*body["extension"], seal(content)]
        return Resource("QuestionnaireResponse", name, body, content, partial(_text, body, items))

    def _given(self, answers: Sequence[Answer | None], scores: Sequence[Score]) -> list[_Item]:
        """The items of a response."""
        given = [
            ready.get(answer) or self._number(place, answer)
            for place, (ready, answer) in enumerate(zip(self._items, answers, strict=True))
            if answer is not None
        ]
        for score in scores:
            if score.value is not None:
                item: Json = {"linkId": score.id, "answer": [{"valueDecimal": score.value}]}
                given.append((item, item, item))
        return given

    def _number(self, place: int, answer: Answer) -> _Item:
        whole = self._instrument.run_of(place + 1).kind == "integer"
        value = {"valueInteger": int(answer)} if whole else {"valueDecimal": answer}
        item: Json = {"linkId": self._links[place], "answer": [value]}
        return item, item, item


def _text(body: Json, items: Sequence[_Item]) -> bytes:
    return dumps({**body, "item": [text for _, text, _ in items]})


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


def _mode(record: Assessment) -> list[Json]:
    if not record.mode:
        return []
    coding = [{"system": el.PARTICIPATION_MODE, "code": el.MODES[record.mode]}]
    mode = {"coding": coding, "text": record.mode}
    return [{"url": el.COMPLETION_MODE, "valueCodeableConcept": mode}]


def _people(record: Assessment, author: el.Person | None) -> Json:
    """`source` answered; `author` recorded, which is known only where answers went in directly."""
    if author is None:
        return {}
    who = el.person(*author)
    return {"author": who, "source": who} if record.mode == "electronic" else {"source": who}


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
