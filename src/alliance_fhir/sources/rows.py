"""One row of cells to one record, or to the rule that the row breaks."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from alliance_fhir.config import InstrumentSettings, Settings
from alliance_fhir.domain.answers import CodeItem, Item, Unfit, compile_items, exact, weigh
from alliance_fhir.domain.instrument import Instrument, Perspective, ScoreRule
from alliance_fhir.domain.keys import record_key
from alliance_fhir.domain.records import (
    Answer,
    Assessment,
    ClockChange,
    Identifier,
    Mode,
    Moment,
    NoZone,
    natural_key,
    parse_moment,
)
from alliance_fhir.domain.scoring import Score, Scorer, picker
from alliance_fhir.errors import InstrumentError
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.sources.layout import HEAD, Layout

_look_up = operator.getitem
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
_RATERS: dict[str, Perspective] = {
    "patient": "patient",
    "therapist": "therapist",
    "observer": "observer",
    "caregiver": "caregiver",
}
_MODES: dict[str, Mode] = {
    "electronic": "electronic",
    "paper": "paper",
    "face-to-face": "face-to-face",
    "phone": "phone",
    "video": "video",
    "verbal": "verbal",
}


class Bad(Exception):
    """A cell that breaks a rule."""

    def __init__(self, column: str, rule: str, remedy: str = "") -> None:
        super().__init__(rule)
        self.column = column
        self.rule = rule
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Form:
    """What an instrument, a rater and a language mean for the cells of one layout."""

    instrument: Instrument
    rater: Perspective
    language: str | None
    items: list[Item]
    tables: Sequence[Mapping[str, str | None]]
    pick: Callable[[Sequence[str]], Sequence[str]]
    lacking: int
    surplus: list[tuple[int, int]]
    scores: list[tuple[int, ScoreRule]]
    scorer: Scorer


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
        self._settings = settings
        self._catalog = catalog
        self._layout = layout
        self._zone = settings.tz
        self._systems = {
            "patient": settings.patient_system,
            "clinician": settings.clinician_system,
            "rater_id": settings.clinician_system,
            "appointment": settings.appointment_system,
        }
        self._values = {
            column: {label.strip().casefold(): value for label, value in labels.items()}
            for column, labels in settings.values.items()
        }
        self._source = settings.named_source
        self._secret = settings.secret
        width = layout.width
        self._pick = picker([width if layout.head[n] < 0 else layout.head[n] for n in HEAD])
        self._defaults = [
            (place, layout.constants[name])
            for place, name in enumerate(HEAD)
            if layout.constants[name]
        ]
        self._labels = [
            (place, self._values[name]) for place, name in enumerate(HEAD) if name in self._values
        ]
        self._forms: dict[tuple[str, str, str], Form] = {}
        self._moment = lru_cache(maxsize=50_000)(self._read_moment)
        self._identifier = lru_cache(maxsize=50_000)(self._read_identifier)

    def _told(self, cells: Sequence[str]) -> list[str]:
        """What the row says in the columns of HEAD, in their order: trimmed, in our own words."""
        told = [cell.strip() for cell in self._pick((*cells, ""))]
        for place, default in self._defaults:
            told[place] = told[place] or default
        for place, labels in self._labels:
            told[place] = labels.get(told[place].casefold(), told[place])
        return told

    def identity(self, cells: Sequence[str]) -> str:
        """The business key of a row, without reading its answers. Raises Bad."""
        head = self._head(self._told(cells))[1]
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

    def _compile(self, instrument: str, rater: str, language: str) -> Form:
        if not instrument:
            raise Bad("instrument", "required")
        try:
            found = self._catalog.find(instrument)
        except InstrumentError:
            nearest = self._catalog.nearest(instrument.partition("@")[0])
            raise Bad("instrument", "unknown-instrument", f"{nearest}.") from None
        if rater not in _RATERS:
            raise Bad("rater", "unknown-rater" if rater else "required")
        if rater not in found.perspectives:
            offered = ", ".join(found.perspectives)
            raise Bad("rater", "rater-not-offered", f"{found.id} has forms for: {offered}.")
        own = self._settings.instruments.get(found.id, InstrumentSettings())
        _check_language(language, found, own)
        layout = self._layout
        items = compile_items(found, self._values, self._settings.decimal_mark)
        numbers = range(1, found.size + 1)
        by_id = {rule.id: rule for rule in found.scores}
        return Form(
            instrument=found,
            rater=_RATERS[rater],
            language=language or None,
            items=items,
            tables=[item.answers if isinstance(item, CodeItem) else {} for item in items],
            pick=picker([layout.items.get(n, layout.width) for n in numbers]),
            lacking=next((n for n in numbers if n not in layout.items), 0),
            surplus=[(n, i) for n, i in layout.items.items() if n > found.size],
            scores=[(i, by_id[name]) for name, i in layout.others.items() if name in by_id],
            scorer=Scorer(found, own.missing),
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
        form = self._forms.get((instrument, rater, language))
        if form is None:
            form = self._compile(instrument, rater.lower(), language)
            self._forms[instrument, rater, language] = form
        who = self._identifier("patient", patient)
        if who is None:
            raise Bad("patient", "required")
        by = self._identifier("clinician", clinician)
        other = self._identifier("rater_id", rater_id)
        if form.rater == "therapist" and by is None and other is None:
            raise Bad("rater_id", "rater-not-named")
        if mode and mode.lower() not in _MODES:
            raise Bad("mode", "unknown-mode")
        head = Head(
            who,
            by,
            form.instrument.id,
            form.rater,
            other,
            self._moment(completed_at),
            _session(session) if session else None,
            self._identifier("appointment", appointment),
            form.language,
            _MODES[mode.lower()] if mode else None,
            record_id or None,
        )
        return form, head

    def _read_identifier(self, column: str, text: str) -> Identifier | None:
        """`system|value`, or a bare value of the system that is set for the column."""
        if not text:
            return None
        system, bar, value = text.rpartition("|")
        if not bar:
            system, value = self._systems[column] or "", text
            if not system:
                raise Bad(column, "identifier-without-system")
        if not system or not value or system.strip() != system or value.strip() != value:
            raise Bad(column, "not-an-identifier")
        return Identifier(system, value)

    def _read_moment(self, text: str) -> Moment:
        if not text:
            raise Bad("completed_at", "required")
        try:
            return parse_moment(text, self._zone, self._settings.date_format)
        except NoZone:
            raise Bad("completed_at", "no-zone") from None
        except ClockChange:
            raise Bad("completed_at", "clock-change") from None
        except (ValueError, OverflowError):
            raise Bad("completed_at", "not-a-date") from None

    def _answers(self, cells: Sequence[str], form: Form) -> tuple[Answer | None, ...]:
        for number, place in form.surplus:
            if cells[place].strip():
                raise Bad(f"item_{number}", "unknown-item")
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
            number = exact(text.replace(",", ".") if self._settings.decimal_mark == "," else text)
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
    """The source's own score against ours: equal, or equal once ours is rounded as theirs is."""
    if ours.value is None:
        raise Bad(ours.id, "score-not-computable")
    if given != ours.value:
        raise Bad(ours.id, "score-disagrees", f"Ours is by the rule {ours.method}.")


def _session(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= 100_000:
        raise Bad("session", "not-a-session")
    return int(text)


def _check_language(language: str, instrument: Instrument, own: InstrumentSettings) -> None:
    if not language:
        return
    if not _LANGUAGE.fullmatch(language):
        raise Bad("language", "not-a-language")
    known = {tag.lower() for tag in (*instrument.languages, *own.languages)}
    tag = language.lower()
    if known and tag not in known and tag.partition("-")[0] not in known:
        raise Bad("language", "language-not-known")
