"""Resources back to records: the mirror of `assessment` and `scores`, element by element.

What those two write is read here, and a new element touches all three. What somebody else wrote, or
changed, is read where it still says the same thing, and else is `Unreadable`, with the rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from pydantic import ValidationError

from alliance_fhir.config import URI
from alliance_fhir.domain.instrument import Instrument, Perspective
from alliance_fhir.domain.records import Answer, Assessment, Identifier, Moment, parse_moment
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.bundle import own_identifiers
from alliance_fhir.fhir.versions import Json
from alliance_fhir.received import part, parts, text

_KEY = re.compile(r"(?P<record>[0-9a-f]{32})-(?P<part>[a-z0-9-]+)", re.ASCII)
_ITEM = re.compile(r"item_(?P<number>[1-9]\d{0,2})", re.ASCII)


class Unreadable(Exception):
    """A resource that gives no record, by the rule that it breaks. It is told, never raised on."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class Form(NamedTuple):
    """Which form a canonical names; `version` is what the canonical says, or nothing."""

    instrument: Instrument
    perspective: Perspective
    version: str


class Forms:
    """The forms that are known by their canonicals.

    `instruments` come each with the root of its canonicals. Under `root`, the site's own, lie the
    forms with its licensed wording, whose names have the language at their end.
    """

    def __init__(self, instruments: Iterable[tuple[Instrument, str]], root: str) -> None:
        self._forms: dict[str, tuple[Instrument, Perspective]] = {}
        self._wordings: list[tuple[str, tuple[Instrument, Perspective]]] = []
        for instrument, home in instruments:
            for perspective in instrument.perspectives:
                form = instrument, perspective
                self._forms[el.questionnaire_url(instrument, perspective, home)] = form
                own = f"{root}/Questionnaire/{instrument.id}-{perspective}-"
                self._wordings.append((own, form))

    def find(self, canonical: str) -> Form:
        """The form of a canonical. Raises Unreadable for one of somebody else."""
        url, _, version = canonical.partition("|")
        form = self._forms.get(url)
        if form is None:
            form = next((f for start, f in self._wordings if url.startswith(start)), None)
        if form is None:
            raise Unreadable("questionnaire-not-ours")
        return Form(*form, version)


class ScoreRead(NamedTuple):
    """A score of a record: the record's key, the score's id, its value where it has one."""

    key: str
    id: str
    value: Decimal | None


class Reading(NamedTuple):
    """A record as resources tell it, and what can only be told from its key.

    `key` is its business key, empty where it was not written by us. `named` is who answered where
    that is the row's own patient or clinician: the source may have said so, or may not.
    """

    key: str
    version: str
    record: Assessment
    named: Identifier | None = None


def key_of(body: Json, system: str) -> tuple[str, str]:
    """The business key of the record that a resource is of, and its part; both empty for others."""
    for identifier in own_identifiers(body):
        if text(identifier, "system") == system:
            match = _KEY.fullmatch(text(identifier, "value"))
            return (match["record"], match["part"]) if match else ("", "")
    return "", ""


def is_score_alone(panel: Json) -> bool:
    """Whether a panel is of a row of scores alone: no response is behind it."""
    return not parts(panel, "derivedFrom")


def response(body: Json, forms: Forms, system: str) -> Reading:
    """The record of a QuestionnaireResponse. Raises Unreadable."""
    form = forms.find(text(body, "questionnaire"))
    _check_status(body, {"completed", "amended"})
    told = _about(body, form, "authored")
    source = _reference(body, "source")
    usual = {"patient": told["patient"], "therapist": told["clinician"]}.get(form.perspective)
    record = _record(
        **told,
        rater_id=None if source == usual else source,
        mode=_mode(body),
        answers=_answers(body, form.instrument),
    )
    return Reading(key_of(body, system)[0], form.version, record, source if source else None)


def scores_alone(body: Json, scores: Mapping[str, Decimal], forms: Forms, system: str) -> Reading:
    """The record of a panel without a response, with its scores by their ids. Raises Unreadable."""
    form = panel_form(body, forms)
    _check_status(body, {"final", "amended", "corrected"})
    told = _about(body, form, "effectiveDateTime")
    extensions = _extensions(body)
    record = _record(
        **told,
        rater_id=_person(part(extensions.get(el.RATER, {}), "valueReference")),
        mode=text(extensions.get(el.MODE, {}), "valueCode") or None,
        imported=dict(scores),
    )
    return Reading(key_of(body, system)[0], form.version, record)


def panel_form(body: Json, forms: Forms) -> Form:
    """The form whose scores a panel or a score holds. Raises Unreadable."""
    return forms.find(text(_extensions(body).get(el.ADHERES_TO, {}), "valueCanonical"))


def members(panel: Json, system: str) -> set[str]:
    """The ids of the scores that a panel names."""
    named = (part(reference, "identifier") for reference in parts(panel, "hasMember"))
    keys = (text(i, "value") for i in named if text(i, "system") == system)
    return {match["part"] for match in map(_KEY.fullmatch, keys) if match}


def score(body: Json, system: str) -> ScoreRead:
    """One score as it was written; its key is empty where it is none of ours."""
    key, id_ = key_of(body, system)
    return ScoreRead(key, id_, _number(part(body, "valueQuantity").get("value")))


def _number(value: Any) -> Decimal | None:
    """A number of JSON, as it was written; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    return Decimal(value)


def _check_status(body: Json, good: set[str]) -> None:
    status = text(body, "status")
    if status == "entered-in-error":
        raise Unreadable("withdrawn")
    if status not in good:
        raise Unreadable("not-readable")


def _about(body: Json, form: Form, time: str) -> dict[str, Any]:
    """What response and panel say alike, by the names of a record's fields."""
    extensions = _extensions(body)
    patient = _reference(body, "subject")
    if patient is None:
        raise Unreadable("patient-not-named")
    session = extensions.get(el.SESSION, {}).get("valuePositiveInt")
    return {
        "patient": patient,
        "clinician": _person(part(extensions.get(el.CLINICIAN, {}), "valueReference")),
        "instrument": form.instrument.id,
        "rater": form.perspective,
        "completed_at": _moment(text(body, time)),
        "session": session,
        "appointment": _person(part(extensions.get(el.APPOINTMENT, {}), "valueReference")),
        "language": text(body, "language") or None,
        "record_id": text(extensions.get(el.RECORD, {}), "valueString") or None,
    }


def _record(**told: Any) -> Assessment:
    try:
        return Assessment.model_validate(told)
    except ValidationError:
        raise Unreadable("not-readable") from None


def _extensions(body: Json) -> dict[str, Json]:
    return {text(extension, "url"): extension for extension in parts(body, "extension")}


def _moment(told: str) -> Moment:
    try:
        return parse_moment(told, None)
    except (ValueError, OverflowError):
        raise Unreadable("not-readable") from None


def _reference(body: Json, name: str) -> Identifier | None:
    return _person(part(body, name))


def _person(reference: Json) -> Identifier | None:
    """Whom a reference names by identifier; None where it names nobody."""
    named = part(reference, "identifier")
    system, value = text(named, "system"), text(named, "value")
    if not named:
        return None
    if not URI.fullmatch(system) or not value or "|" in value or value != value.strip():
        raise Unreadable("not-readable")  # it is none that a cell can hold
    return Identifier(system, value)


def _mode(body: Json) -> str | None:
    mode = part(_extensions(body).get(el.COMPLETION_MODE, {}), "valueCodeableConcept")
    return text(mode, "text") or None


def _answers(body: Json, instrument: Instrument) -> tuple[Answer | None, ...]:
    """One entry an item, in their order; the scores that stand beside the answers are left out."""
    scores = {rule.id for rule in instrument.scores}
    given: dict[int, Answer] = {}
    for item in parts(body, "item"):
        name = text(item, "linkId")
        match = _ITEM.fullmatch(name)
        answers = parts(item, "answer")
        if name in scores or not answers:
            continue
        number = int(match["number"]) if match else 0
        if not number or len(answers) > 1 or number in given or parts(item, "item"):
            raise Unreadable("not-readable")
        given[number] = _answer(answers[0])
    size = max(instrument.size, *given) if given else 0
    return tuple(given.get(number) for number in range(1, size + 1))


def _answer(told: Json) -> Answer:
    """A code, or a number as it was written."""
    for name in ("valueInteger", "valueDecimal"):
        if (number := _number(told.get(name))) is not None:
            return number
    if code := text(part(told, "valueCoding"), "code"):
        return code
    raise Unreadable("not-readable")
