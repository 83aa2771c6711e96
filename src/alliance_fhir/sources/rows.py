"""One row of cells to one record, or to the rule that the row breaks."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from alliance_fhir.config import Settings
from alliance_fhir.domain.answers import Item, Unfit, exact, weigh
from alliance_fhir.domain.instrument import Perspective, ScoreRule
from alliance_fhir.domain.keys import record_key
from alliance_fhir.domain.records import (
    Answer,
    Assessment,
    Identifier,
    Mode,
    Moment,
    by_record_id,
    natural_key,
)
from alliance_fhir.domain.scoring import Score
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.sources.fields import MODES, Bad, Fields, needed, one_of, session_number
from alliance_fhir.sources.forms import Form, Forms
from alliance_fhir.sources.layout import HEAD, Layout
from alliance_fhir.sources.telling import Telling, labels

_look_up = operator.getitem
_RECORD_ID = HEAD.index("record_id")
_OUTSIDE_THE_KEY = (HEAD.index("appointment"), HEAD.index("mode"))
"""What is told of a record, and does not make it this record."""


class Head(NamedTuple):
    """What a row says about its record, apart from answers and scores."""

    patient: Identifier
    clinician: Identifier | None
    instrument: str
    rater: Perspective
    rater_id: Identifier | None
    completed_at: Moment
    session: int | None
    appointment: Identifier | None
    language: str | None
    mode: Mode | None
    record_id: str | None


class Rows:
    """Reads the rows of one file's layout into records."""

    def __init__(self, settings: Settings, catalog: Catalog, layout: Layout) -> None:
        self._fields = Fields(settings)
        self._forms = Forms(settings, catalog, layout, labels(settings))
        self._decimal_mark = settings.decimal_mark
        self._source = settings.named_source
        self._secret = settings.secret
        self._told = Telling(settings, layout).of

    def identity(self, cells: Sequence[str]) -> str:
        """The business key of a row, without reading its answers. Raises Bad."""
        return self._key(self._head(self._told(cells))[1])

    def identity_or_none(self, cells: Sequence[str]) -> str:
        """The business key of a row that is wrong in other ways; empty where it has none."""
        told = self._told(cells)
        if record_id := told[_RECORD_ID]:
            return record_key(self._source, by_record_id(record_id), self._secret)
        for place in _OUTSIDE_THE_KEY:
            told[place] = ""
        try:
            return self._key(self._head(told)[1])
        except Bad:
            return ""

    def _key(self, head: Head) -> str:
        key = natural_key(
            head.patient,
            head.clinician,
            head.instrument,
            head.language,
            head.rater,
            head.rater_id,
            head.completed_at,
            head.session,
            head.record_id,
        )
        return record_key(self._source, key, self._secret)

    def record(self, cells: Sequence[str]) -> Assessment:
        """The record of a row. Raises Bad, naming the first column that breaks a rule."""
        form, head = self._head(self._told(cells))
        answers = self._answers(cells, form)
        imported = self._scores(cells, form, answers) if form.scores else {}
        if not answers and not imported:
            raise Bad("item_1", "no-answers")
        return Assessment.model_validate(
            {**head._asdict(), "answers": answers, "imported": imported}
        )

    def _head(self, told: Sequence[str]) -> tuple[Form, Head]:
        (
            record_id,
            patient,
            clinician,
            instrument,
            rater,
            rater_id,
            completed_at,
            session,
            appointment,
            language,
            mode,
        ) = told
        form = self._forms.form(instrument, rater, language)
        identifier = self._fields.identifier
        who = needed("patient", identifier("patient", patient))
        by = identifier("clinician", clinician)
        if form.rater == "caregiver" and rater_id and "|" not in rater_id:
            raise Bad("rater_id", "identifier-without-system")  # a clinician's it is not
        other = identifier("rater_id", rater_id)
        if form.rater == "therapist" and by is None and other is None:
            raise Bad("rater_id", "rater-not-named")
        head = Head(
            who,
            by,
            form.instrument.id,
            form.rater,
            other,
            needed("completed_at", self._fields.moment("completed_at", completed_at)),
            session_number(session) if session else None,
            identifier("appointment", appointment),
            form.language,
            one_of("mode", MODES, mode, "unknown-mode"),
            record_id or None,
        )
        return form, head

    def _answers(self, cells: Sequence[str], form: Form) -> tuple[Answer | None, ...]:
        for number, place in form.surplus:
            if cells[place].strip():
                raise Bad(f"item_{number}", "unknown-item")
        for name, place in form.strange:
            if cells[place].strip():
                raise Bad(name, "unknown-score")
        given = form.pick((*cells, ""))
        try:  # the common case, as fast as it can be: every cell is a code of its scale
            answers = tuple(map(_look_up, form.tables, given))
        except KeyError:
            answers = _read_each(form.items, given)
        if answers.count(None) == len(answers):
            return ()
        if form.lacking:
            raise Bad(f"item_{form.lacking}", "missing-column")
        return answers

    def _scores(
        self, cells: Sequence[str], form: Form, answers: tuple[Answer | None, ...]
    ) -> dict[str, Decimal]:
        told = {rule.id: (cells[place].strip(), rule) for place, rule in form.scores}
        told = {name: pair for name, pair in told.items() if pair[0]}
        if not told:
            return {}
        given = {name: self._score(text, rule) for name, (text, rule) in told.items()}
        if not answers:
            return given
        for score in form.scorer.score(weigh(form.items, answers)):
            if score.id in given:
                _compare(given[score.id], score)
        return {}

    def _score(self, text: str, rule: ScoreRule) -> Decimal:
        try:
            number = exact(text.replace(",", ".") if self._decimal_mark == "," else text)
        except Unfit as unfit:
            raise Bad(rule.id, unfit.rule) from None
        if (rule.low is not None and number < rule.low) or (
            rule.high is not None and number > rule.high
        ):
            raise Bad(rule.id, "out-of-range")
        return number


def _read_each(items: Sequence[Item], given: Sequence[str]) -> tuple[Answer | None, ...]:
    answers: list[Answer | None] = []
    for number, (item, cell) in enumerate(zip(items, given, strict=True), 1):
        try:
            answers.append(item.read(cell))
        except Unfit as unfit:
            raise Bad(f"item_{number}", unfit.rule) from None
    return tuple(answers)


def _compare(given: Decimal, ours: Score) -> None:
    """The source's own score against ours."""
    if ours.value is None:
        raise Bad(ours.id, "score-not-computable")
    if given != ours.value:
        raise Bad(ours.id, "score-disagrees", f"Ours is by the rule {ours.method}; correct one.")
