"""Tables of visits: one row an appointment, as it stands now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

from pydantic import ValidationError

from alliance_fhir.config import Settings
from alliance_fhir.domain.attendance import Side, Status
from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.domain.visit import (
    Modality,
    Visit,
    chain,
    clinicians,
    is_known_too_soon,
    slip,
    usual_end,
    visit_key,
)
from alliance_fhir.sources.cells import Cells
from alliance_fhir.sources.fields import Bad, Fields, free_text, needed, one_of
from alliance_fhir.sources.layout import VISIT, VisitLayout
from alliance_fhir.sources.telling import Telling
from alliance_fhir.sources.wide import RowTable

STATUSES: Mapping[str, Status] = {word: word for word in get_args(Status)}
SIDES: Mapping[str, Side] = {word: word for word in get_args(Side)}
MODALITIES: Mapping[str, Modality] = {word: word for word in get_args(Modality)}
ANSWERS: Mapping[str, bool] = {"yes": True, "no": False}

_APPOINTMENT = VISIT.index("appointment")
_TEXTS = ("reason", "service", "location", "appointment_type", "event_reason")
_CODES = tuple(name for name in VISIT if name.endswith("_code"))
_COLUMNS = {
    "start": "start",
    "end": "end",
    "called_off": "cancelled_at",
    "rescheduled_from": "rescheduled_from",
    "missed": "missed",
}
"""Where the parts of a visit stand that may contradict each other."""


class VisitRows:
    """Reads the rows of one file's layout into visits; `now` is a time with its offset."""

    def __init__(self, settings: Settings, layout: VisitLayout, now: datetime) -> None:
        self._told = Telling(settings, layout).of
        there = {name for name in VISIT if layout.head[name] >= 0 or layout.constants[name]}
        self._texts = [name for name in _TEXTS if name in there]
        self._codes = [name for name in _CODES if name in there]
        self._has_others = bool({"placer", "other_clinicians"} & there)
        self._fields = Fields(settings)
        self._now = now
        self._usual = timedelta(minutes=settings.visit_minutes)
        self._source = settings.named_source
        self._secret = settings.secret

    def identity_or_none(self, cells: Sequence[str]) -> str:
        """The business key of a row that is wrong in other ways; empty where it has none."""
        try:
            told = self._fields.unremembered("appointment", self._told(cells)[_APPOINTMENT])
        except Bad:
            return ""
        return self._key(told) if told else ""

    def _key(self, appointment: Identifier) -> str:
        return visit_key(appointment, self._source, self._secret)

    def record(self, cells: Sequence[str]) -> Visit:
        """The visit of a row. Raises Bad, naming the first column that breaks a rule."""
        told: dict[str, str] = dict(zip(VISIT, self._told(cells), strict=True))

        def identifier(column: str) -> Identifier | None:
            return self._fields.identifier(column, told[column])

        def moment(column: str) -> Moment | None:
            return self._fields.moment(column, told[column])

        visit: dict[str, object] = {
            "appointment": needed(
                "appointment", self._fields.unremembered("appointment", told["appointment"])
            ),
            "patient": needed("patient", identifier("patient")),
            "clinician": identifier("clinician"),
            "start": (begins := needed("start", moment("start"))),
            "end": (ends := moment("end") or self._usual_end(begins)),
            "status": (stands := _status(told["status"])),
            "called_off": (called_off := moment("cancelled_at")),
            "by": one_of("cancelled_by", SIDES, told["cancelled_by"], "unknown-side"),
            "modality": one_of("modality", MODALITIES, told["modality"], "unknown-modality"),
            "referrer": identifier("referrer"),
            "referral": identifier("referral"),
            "first": one_of("first", ANSWERS, told["first"], "not-yes-or-no"),
            "rescheduled_from": (before := self._chain(told["rescheduled_from"], begins)),
            "missed": (missed := self._missed(told["missed"], before)),
            **self._beside(told),
        }
        try:
            known = Visit.model_validate(visit)
        except ValidationError:
            if wrong := slip(stands, begins, ends, called_off, before, missed):
                raise Bad(_COLUMNS[wrong.field], wrong.rule) from None
            raise
        if is_known_too_soon(stands, begins, self._now):
            raise Bad("start", "known-too-soon")
        return known

    def _beside(self, told: Mapping[str, str]) -> dict[str, object]:
        """What most tables do not have, of the columns that this one has. Raises Bad."""
        found: dict[str, object] = {name: free_text(name, told[name]) for name in self._texts}
        for name in self._codes:
            if code := self._fields.code(name, told[name]):
                found[name] = code
                about = name.removesuffix("_code")
                if about in _TEXTS and not found.get(about):  # a code stands for its words, too
                    found[about] = code.value
        if self._has_others:
            found["placer"] = self._fields.unremembered("placer", told["placer"])
            attender = self._fields.identifier("clinician", told["clinician"])
            others = self._several("other_clinicians", told)
            found["clinician"], found["other_clinicians"] = clinicians(attender, others)
        return found

    def _several(self, column: str, told: Mapping[str, str]) -> list[Identifier]:
        """People, with semicolons between them. Raises Bad."""
        people = (self._fields.identifier(column, one.strip()) for one in told[column].split(";"))
        return [*filter(None, people)]

    def _missed(self, text: str, before: Sequence[Moment]) -> tuple[Moment, ...]:
        """Those of the starts before that were missed, as they stand there first. Raises Bad."""
        if not text:
            return ()
        known = {one.utc: one for one in reversed(before)}
        told = filter(None, (self._fields.moment("missed", one.strip()) for one in text.split(";")))
        return tuple(dict.fromkeys(known.get(one.utc, one) for one in told))

    def _chain(self, text: str, begins: Moment) -> tuple[Moment, ...]:
        """The starts before this one. Systems that keep the first of every visit have it of those,
        too, that were never moved: that says nothing. Raises Bad."""
        if not text:
            return ()
        column = "rescheduled_from"
        told = (self._fields.moment(column, one.strip()) for one in text.split(";"))
        return chain((*filter(None, told), begins))[:-1]

    def _usual_end(self, begins: Moment) -> Moment:
        """When it ends that begins then, where all visits last as long. Raises Bad."""
        if "T" not in begins.text:
            raise Bad("start", "not-a-time")
        if not self._usual:
            raise Bad("end", "no-end")
        try:
            return usual_end(begins, self._usual)
        except OverflowError:
            raise Bad("start", "not-a-date") from None


def _status(text: str) -> Status:
    return needed("status", one_of("status", STATUSES, text, "unknown-status"))


class VisitTable(RowTable):
    """One file of visits."""

    def __init__(
        self, path: Path, cells: Iterator[Cells], layout: VisitLayout, settings: Settings
    ) -> None:
        rows = VisitRows(settings, layout, datetime.now(UTC))
        super().__init__(path, cells, layout, rows, settings)
