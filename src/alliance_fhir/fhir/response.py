"""What was answered to a QuestionnaireResponse: an item for each answer and each score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from alliance_fhir.domain.instrument import Instrument
from alliance_fhir.domain.records import Answer, Assessment
from alliance_fhir.domain.scoring import Score
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.canonical import dumps, with_seal
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.scores import Facts
from alliance_fhir.fhir.template import ITEMS, RATER, Template, json_text
from alliance_fhir.fhir.versions import Json, Version

_REMEMBERED = 10_000
"""How many different items of scores are kept ready."""

_Shape = tuple[str | None, str | None, bool, bool]


class _Item(NamedTuple):
    """An item of a response; its JSON; its JSON in canonical form."""

    item: Json
    text: bytes
    plain: bytes


class ResponseMapper:
    """Maps the answers of one instrument and perspective.

    `questionnaire` is the canonical, with its version, of the form that was answered; `home` is the
    root of the canonicals of the instrument.
    """

    def __init__(
        self,
        instrument: Instrument,
        version: Version,
        questionnaire: str,
        system: str,
        meta: Json,
        home: str,
    ) -> None:
        self._instrument = instrument
        self._version = version
        self._questionnaire = questionnaire
        self._system = system
        self._meta = meta
        answers = el.answer_system(instrument, home)
        numbers = range(1, instrument.size + 1)
        self._links = [f"item_{number}" for number in numbers]
        self._items: list[dict[Answer, _Item]] = [
            {
                option.code: _coded(link, answers, option.code)
                for option in instrument.options_of(number)
            }
            for link, number in zip(self._links, numbers, strict=True)
        ]
        self._scored: dict[tuple[str, str], _Item] = {}
        self._templates: dict[_Shape, Template] = {}

    def map(
        self,
        facts: Facts,
        values: Mapping[str, bytes],
        record: Assessment,
        rater: Json | None,
        scores: Sequence[Score],
    ) -> Resource:
        """The response of a record. `values` are those of `facts`; `rater` is who answered."""
        items = self._given(record.answers, scores)
        shape = (record.mode, record.language, bool(facts.about), rater is None)
        template = self._templates.get(shape)
        if template is None:
            template = self._templates[shape] = Template(
                self._body(facts.marked(), record, RATER if rater else None, [ITEMS])
            )
        values = {
            **values,
            "rater": json_text(rater),
            "items": b",".join([item.text for item in items]),
            "plain_items": b",".join([item.plain for item in items]),
        }
        content = template.digest(values)
        return Resource(
            "QuestionnaireResponse",
            f"{facts.key}-qr",
            partial(self._sealed, content, facts, record, rater, items),
            content,
            partial(template.text, values, content),
        )

    def _sealed(
        self,
        content: str,
        facts: Facts,
        record: Assessment,
        rater: Json | None,
        items: Sequence[_Item],
    ) -> Json:
        return with_seal(self._body(facts, record, rater, [item.item for item in items]), content)

    def _body(
        self,
        facts: Facts,
        record: Assessment,
        rater: Json | str | None,
        items: Sequence[Json | str],
    ) -> Json:
        """Without its digest; of the record only what is part of its shape."""
        identifier = el.identifier(self._system, f"{facts.key}-qr")
        return {
            "resourceType": "QuestionnaireResponse",
            "meta": self._meta,
            **({"language": record.language} if record.language else {}),
            "extension": [*_mode(record), *facts.about],
            "identifier": self._version.response_identifier(identifier),
            "questionnaire": self._questionnaire,
            "status": "completed",
            "subject": facts.subject,
            "authored": facts.time.text,
            **_people(record, rater),
            "item": items,
        }

    def _given(self, answers: Sequence[Answer | None], scores: Sequence[Score]) -> list[_Item]:
        """The items of a response."""
        given = [
            ready.get(answer) or self._number(place, answer)
            for place, (ready, answer) in enumerate(zip(self._items, answers, strict=True))
            if answer is not None
        ]
        given += [self._score(score) for score in scores if score.value is not None]
        return given

    def _number(self, place: int, answer: Answer) -> _Item:
        whole = self._instrument.run_of(place + 1).kind == "integer"
        value = {"valueInteger": int(answer)} if whole else {"valueDecimal": answer}
        return _item(self._links[place], value)

    def _score(self, score: Score) -> _Item:
        told = (
            score.id,
            str(score.value),
        )  # as it is spelt: 7.0 and 7.00 are not the same to write
        item = self._scored.get(told)
        if item is None:
            item = _item(score.id, {"valueDecimal": score.value})
            if len(self._scored) < _REMEMBERED:
                self._scored[told] = item
        return item


def _coded(link: str, system: str, code: Answer) -> _Item:
    return _item(link, {"valueCoding": {"system": system, "code": code}})


def _item(link: str, value: Json) -> _Item:
    item: Json = {"linkId": link, "answer": [value]}
    return _Item(item, dumps(item), json_text(item))


def _mode(record: Assessment) -> list[Json]:
    if not record.mode:
        return []
    coding = [{"system": el.PARTICIPATION_MODE, "code": el.MODES[record.mode]}]
    mode = {"coding": coding, "text": record.mode}
    return [{"url": el.COMPLETION_MODE, "valueCodeableConcept": mode}]


def _people(record: Assessment, rater: Json | str | None) -> Json:
    """`source` answered; `author` recorded, which is known only where answers went in directly."""
    if rater is None:
        return {}
    return {"author": rater, "source": rater} if record.mode == "electronic" else {"source": rater}
