"""Tables of visits: one row an appointment, as it stands now."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

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

_BETWEEN = re.compile(r"(?<!\\);")
_APPOINTMENT = VISIT.index("appointment")
_OTHERS = VISIT[VISIT.index("placer") :]
_TEXTS = ("location", "appointment_type", "event_reason")
_CODES = tuple(name for name in _OTHERS if name.endswith("_code"))
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
        (
            appointment,
            patient,
            clinician,
            start,
            end,
            status,
            cancelled_at,
            cancelled_by,
            reason,
            service,
            modality,
            referrer,
            referral,
            first,
            rescheduled_from,
            missed,
            *others,
        ) = self._told(cells)
        identifier, moment = self._fields.identifier, self._fields.moment
        visit: dict[str, Any] = {
            "appointment": needed(
                "appointment", self._fields.unremembered("appointment", appointment)
            ),
            "patient": needed("patient", identifier("patient", patient)),
            "clinician": identifier("clinician", clinician),
            "start": (begins := needed("start", moment("start", start))),
            "end": (ends := moment("end", end) or self._usual_end(begins)),
            "status": (stands := _status(status)),
            "called_off": (called_off := moment("cancelled_at", cancelled_at)),
            "by": one_of("cancelled_by", SIDES, cancelled_by, "unknown-side"),
            "reason": free_text("reason", reason),
            "service": free_text("service", service),
            "modality": one_of("modality", MODALITIES, modality, "unknown-modality"),
            "referrer": identifier("referrer", referrer),
            "referral": identifier("referral", referral),
            "first": one_of("first", ANSWERS, first, "not-yes-or-no"),
            "rescheduled_from": (before := self._chain(rescheduled_from, begins)),
            "missed": (away := self._missed(missed, before)),
        }
        if any(others):
            self._add(visit, dict(zip(_OTHERS, others, strict=True)))
        try:
            known = Visit.model_validate(visit)
        except ValidationError:
            if wrong := slip(stands, begins, ends, called_off, before, away):
                raise Bad(_COLUMNS[wrong.field], wrong.rule) from None
            raise
        if is_known_too_soon(stands, begins, self._now):
            raise Bad("start", "known-too-soon")
        if any(is_known_too_soon("no-show", one, self._now) for one in away):
            raise Bad("missed", "known-too-soon")
        return known

    def _add(self, visit: dict[str, Any], told: Mapping[str, str]) -> None:
        """What few tables have. Raises Bad."""
        for name in _TEXTS:
            visit[name] = free_text(name, told[name])
        for name in _CODES:
            if code := self._fields.code(name, told[name]):
                visit[name] = code
                about = name.removesuffix("_code")
                if about != "status" and not visit[about]:  # a code stands for its words, too
                    visit[about] = code.value
        placer = self._fields.unremembered("placer", told["placer"])
        visit["placer"] = placer if placer != visit["appointment"] else None
        others = self._several("other_clinicians", told["other_clinicians"])
        visit["clinician"], visit["other_clinicians"] = clinicians(visit["clinician"], others)

    def _several(self, column: str, text: str) -> list[Identifier]:
        """People, with semicolons between them; one that belongs to a number has a backslash before
        it. Raises Bad."""
        told = (one.replace("\\;", ";").strip() for one in _BETWEEN.split(text))
        people = (self._fields.identifier(column, one) for one in told)
        return [*filter(None, people)]

    def _missed(self, text: str, before: Sequence[Moment]) -> tuple[Moment, ...]:
        """Those of the starts before that were missed, as they stand there first. Raises Bad."""
        if not text:
            return ()
        known = {one.utc: one for one in reversed(before)}
        told = self._moments("missed", text)
        return tuple(dict.fromkeys(known.get(one.utc, one) for one in told))

    def _chain(self, text: str, begins: Moment) -> tuple[Moment, ...]:
        """The starts before this one. Systems that keep the first of every visit have it of those,
        too, that were never moved: that says nothing. Raises Bad."""
        if not text:
            return ()
        return chain((*self._moments("rescheduled_from", text), begins))[:-1]

    def _moments(self, column: str, text: str) -> list[Moment]:
        """Times, with semicolons between them. Raises Bad."""
        told = (self._fields.moment(column, one.strip()) for one in text.split(";"))
        return [*filter(None, told)]

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
