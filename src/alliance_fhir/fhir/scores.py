"""Scores to Observations: a panel without a value of its own, and a member for each score."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple, Self

from alliance_fhir.config import Settings
from alliance_fhir.domain.instrument import Instrument, Perspective
from alliance_fhir.domain.keys import identifier_system
from alliance_fhir.domain.records import Moment
from alliance_fhir.domain.scoring import Score
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.canonical import with_seal
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.labels import meta
from alliance_fhir.fhir.template import ABOUT, KEY, PERFORMER, SUBJECT, TIME, Template, json_text
from alliance_fhir.fhir.versions import Json, Version

RULE_TEXTS = {
    "sum-complete-cases": "sum of item weights, complete cases",
    "sum-prorated": "sum of item weights, prorated from {answered} of {of} items",
    "mean-complete-cases": "mean of item weights, complete cases",
    "mean-prorated": "mean of item weights, from {answered} of {of} items",
    "value-complete-cases": "value of the item",
    "top-complete-cases": "1 if every item has its highest answer, else 0; complete cases",
    "goal-attainment-t": "T of goal attainment scaling, over the goals that have a level",
    "imported-score": "score as it came from the source, not computed here",
}
"""The methods of scores: our codes, and what they mean."""

_REMEMBERED = 10_000
"""How many different results are kept ready; visual analogue scales give more than scales do."""


_Shape = tuple[bool, str | None, bool, bool, tuple[str, ...]]


class Facts(NamedTuple):
    """What the Observations of one record have in common.

    `language` is that of a row of scores alone: else the response has it.
    """

    key: str
    time: Moment
    subject: Json | str
    performer: Json | str | None
    about: Sequence[Json | str]
    answered: bool
    language: str | None = None

    def marked(self) -> Self:
        """The same shape, with marks for what changes from record to record."""
        return self._replace(
            key=KEY,
            time=TIME,
            subject=SUBJECT,
            performer=PERFORMER if self.performer else None,
            about=[ABOUT] if self.about else [],
        )

    def values(self) -> dict[str, bytes]:
        """What the marks stand for in this record."""
        return {
            "key": self.key.encode(),
            "time": self.time.text.encode(),
            "utc": self.time.utc.encode(),
            "subject": json_text(self.subject),
            "performer": json_text(self.performer),
            "about": json_text(self.about)[1:-1],
        }


class ScoreMapper:
    """Maps the scores of one instrument and perspective."""

    def __init__(
        self,
        instrument: Instrument,
        perspective: Perspective,
        version: Version,
        settings: Settings,
        home: str,
    ) -> None:
        self._name = f"{instrument.id} scoring {instrument.version}"
        self._system = identifier_system(settings.root)
        self._panel_meta, self._meta = (
            meta(settings, version, profile, perspective=perspective)
            for profile in ("alliance-panel", "alliance-score")
        )
        url = f"{el.questionnaire_url(instrument, perspective, home)}|{instrument.version}"
        self._adheres: Json = {"url": el.ADHERES_TO, "valueCanonical": url}
        names = [rule.id for rule in instrument.scores]
        self._codes: dict[str, Json] = {
            name: el.concept(el.score_code(instrument, name, perspective), el.score_system(home))
            for name in ["panel", *names, *(f"{name}-mean" for name in names)]
        }
        self._units = {rule.id: el.ucum(rule.unit) for rule in instrument.scores}
        self._results: dict[tuple[Score, bool, bool], tuple[Json, Template]] = {}
        self._panels: dict[_Shape, Template] = {}

    def map(
        self, facts: Facts, values: Mapping[str, bytes], scores: Sequence[Score]
    ) -> list[Resource]:
        """The panel, then its members in the order of `scores`. `values` are those of `facts`."""
        members = tuple([score.id for score in scores])
        shape = (bool(facts.about), facts.language, facts.answered, not facts.performer, members)
        template = self._panels.get(shape)
        if template is None:
            template = self._panels[shape] = Template(self._panel(facts.marked(), members))

        def made(
            name: str, template: Template, build: Callable[[Facts, Any], Json], what: object
        ) -> Resource:
            content = template.digest(values)
            text = partial(template.text, values, content)
            body = partial(_sealed, content, build, facts, what)
            return Resource("Observation", f"{facts.key}-{name}", body, content, text)

        observations = [made("panel", template, self._panel, members)]
        for score in scores:
            result, template = self._result(facts, score)
            observations.append(made(score.id, template, self._member, (score.id, result)))
        return observations

    def _panel(self, facts: Facts, members: Sequence[str]) -> Json:
        members = [f"{facts.key}-{name}" for name in members]
        return {
            **self._start(facts, "panel", facts.about),
            **({"language": facts.language} if facts.language else {}),
            "hasMember": [el.logical("Observation", self._system, name) for name in members],
        }

    def _member(self, facts: Facts, named: tuple[str, Json]) -> Json:
        name, result = named
        return {**self._start(facts, name, ()), **result}

    def _start(self, facts: Facts, name: str, about: Sequence[Json | str]) -> Json:
        start: Json = {
            "resourceType": "Observation",
            "meta": self._panel_meta if name == "panel" else self._meta,
            "extension": [self._adheres, *about],
            "identifier": [{"system": self._system, "value": f"{facts.key}-{name}"}],
            "status": "final",
            "category": el.SURVEY,
            "code": self._codes[name],
            "subject": facts.subject,
            "effectiveDateTime": facts.time.text,
        }
        if facts.performer:
            start["performer"] = [facts.performer]
        if facts.answered:
            response = f"{facts.key}-qr"
            start["derivedFrom"] = [el.logical("QuestionnaireResponse", self._system, response)]
        return start

    def _result(self, facts: Facts, score: Score) -> tuple[Json, Template]:
        shape = (score, facts.answered, facts.performer is None)
        found = self._results.get(shape)
        # 7.0 equals 7.00 as a key, and is not the same to write
        if found is None or not _same(found[0], score.value):
            result = self._values(score)
            found = result, Template(self._member(facts.marked(), (score.id, result)))
            if len(self._results) < _REMEMBERED:
                self._results[shape] = found
        return found

    def _values(self, score: Score) -> Json:
        told = RULE_TEXTS[score.method].format(answered=score.answered, of=score.of)
        text = told if score.method == "imported-score" else f"{told}, {self._name}"
        result: Json = {"method": {**el.concept(score.method), "text": text}}
        unit = self._units[score.id]
        if score.value is None:
            why = f"The rule needs all answers: {score.answered} of {score.of} were given."
            if score.method == "goal-attainment-t":
                why = "No goal has a level, or all weights are zero."
            result["dataAbsentReason"] = {"coding": [el.NOT_PERFORMED], "text": why}
        else:
            result["valueQuantity"] = {"value": score.value, **unit}
        if score.mean is not None:
            value = {"value": score.mean, **unit}
            result["component"] = [
                {"code": self._codes[f"{score.id}-mean"], "valueQuantity": value}
            ]
        return result


def _sealed(content: str, build: Callable[[Facts, Any], Json], facts: Facts, what: object) -> Json:
    return with_seal(build(facts, what), content)


def _same(result: Json, value: int | Decimal | None) -> bool:
    """Whether the value is spelt as it was in the result that is kept ready."""
    if value is None or (type(value) is int and type(result["valueQuantity"]["value"]) is int):
        return True
    return str(result["valueQuantity"]["value"]) == str(value)
