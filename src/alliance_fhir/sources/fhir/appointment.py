"""One Appointment read as a visit, whoever wrote it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from alliance_fhir import canonicals as c
from alliance_fhir.config import FhirSettings, Settings
from alliance_fhir.domain.keys import identifier_system
from alliance_fhir.domain.receipt import WARNINGS
from alliance_fhir.domain.records import ClockChange, Identifier, Moment, NoZone, parse_moment
from alliance_fhir.domain.visit import (
    Modality,
    Visit,
    chain,
    is_known_too_soon,
    slip,
    usual_end,
)
from alliance_fhir.received import Json
from alliance_fhir.sources.fhir.element import Element, Slip, Unread, codes, coding, words
from alliance_fhir.sources.fhir.participants import Participants
from alliance_fhir.sources.fhir.people import Around, is_given, of_system, usable
from alliance_fhir.sources.fhir.statuses import WITHOUT_TIME, Standing, standing

_T = TypeVar("_T")
_MODALITIES: dict[str, Modality] = {"FACE": "in-person", "PHONE": "phone", "VIDEOCONF": "video"}
_TYPES = {
    (c.APPOINTMENT_REASONS, "FOLLOWUP"): False,
    (c.SNOMED, "185389009"): False,  # follow-up visit
    (c.ATTENDANCE_CODES, "follow-up"): False,
    (c.SNOMED, "185387006"): True,  # new patient consultation
    (c.ATTENDANCE_CODES, "first"): True,
}
"""Whether it is the first visit, by the codes of Appointment.appointmentType."""
_KINDS = {"first": True, "follow-up": False}
_PARTS = ("rule", "kind")
_PLACES = {"start": "start", "end": "end", "called_off": "cancellationDate"}
_NO_START = "FHIR's rule app-3 wants start and end; give both."
_ORDER = "It ends after it begins; correct start or end."
_MISSED = "Give the start as one from which it was rescheduled, too, or take it away here."
_CANCELLED = "What was attended was not called off; correct the status, or remove the date."


class Taken(NamedTuple):
    """The visit, or what is wrong; `number` is the appointment's, where that could be read. `rule`
    is the one of our attendance rules by which it was written, if it was by us."""

    visit: Visit | None
    slips: list[Slip]
    number: Identifier | None
    ours: bool
    rule: str


class Reader:
    """Reads the Appointments of one site; `now` is a time with its offset."""

    def __init__(self, settings: Settings, now: datetime) -> None:
        self._settings = settings
        self._now = now

    def read(self, appointment: Element, around: Around, url: str) -> Taken:
        """One Appointment; `url` is the one by which a Bundle knows it."""
        one = _Reading(appointment, around, self._settings, self._now)
        return one.taken(url)


class _Reading:
    """One Appointment, of which all slips are to be told at once."""

    def __init__(
        self, appointment: Element, around: Around, settings: Settings, now: datetime
    ) -> None:
        self._it = appointment
        self._people = Participants(appointment, around, settings)
        self._settings = settings
        self._fhir = settings.fhir or FhirSettings()
        self._now = now
        self._slips: list[Slip] = []

    def taken(self, url: str) -> Taken:
        told: dict[str, Any] = {}
        number = told["appointment"] = self._attempt(lambda: self._number(url))
        stands = self._attempt(lambda: standing(self._it, self._fhir))
        told["patient"] = self._attempt(self._people.patient)
        clinicians = self._attempt(self._people.clinicians) or ()
        told["clinician"], told["other_clinicians"] = next(iter(clinicians), None), clinicians[1:]
        told["location"] = self._attempt(self._people.location)
        told["placer"] = self._attempt(lambda: self._placer(number))
        told |= self._concept("reason", lambda: self._first_of("reason", "reasonCode"))
        told |= self._concept("service", lambda: self._first_of("serviceType"))
        told |= self._concept("appointment_type", self._type)
        told["modality"] = self._attempt(self._modality)
        referred = self._attempt(self._people.referred)
        told["referral"], told["referrer"] = referred[:2] if referred else (None, None)
        self._slips += [referred.slip] if referred and referred.slip else []
        told["first"] = self._attempt(self._first)
        if stands:
            told |= {"status": stands.status, "by": stands.by, "status_code": stands.status_code}
            told["event_reason"] = stands.event_reason
            told["event_reason_code"] = stands.event_reason_code
            told["called_off"] = self._attempt(lambda: self._notice(stands))
        told["start"] = self._attempt(self._start)
        told["end"] = self._attempt(lambda: self._end(told["start"])) if told["start"] else None
        before = told["rescheduled_from"] = self._attempt(lambda: self._chain(told["start"])) or ()
        told["missed"] = self._attempt(lambda: self._missed(before)) or ()
        wrong = any(one.rule not in WARNINGS for one in self._slips)
        if stands and not wrong and told["start"]:
            self._attempt(lambda: self._contradictions(told))
            wrong = any(one.rule not in WARNINGS for one in self._slips)
        visit = None if wrong or not told["start"] else Visit.model_validate(told)
        own = any(one.system == self._own_system for one in self._identifiers())
        return Taken(visit, self._slips, number, own, (stands and stands.rule) or "")

    def _attempt(self, read: Callable[[], _T]) -> _T | None:
        """What is read; None, and the slip is kept, where that cannot be done."""
        try:
            return read()
        except Unread as unread:
            if unread.slip not in self._slips:  # of one list several things are read
                self._slips.append(unread.slip)
            return None

    @property
    def _own_system(self) -> str:
        return identifier_system(self._settings.root)

    def _identifiers(self) -> list[Identifier]:
        try:
            return usable(self._it.parts("identifier"))
        except Unread:
            return []

    def _number(self, url: str) -> Identifier:
        """Its own number: the one of the site's system, else the first that no software like this
        one gave; else where it is."""
        wanted = self._settings.appointment_system or ""
        every = self._it.parts("identifier")
        told = [one for one in usable(every) if not is_given(one)]
        placer = [*map(_as_told, filter(_is_placer, every))]
        told = [one for one in told if one not in placer] or told
        if found := of_system(told, wanted):
            return found
        if place := self._it.text("id") or url:
            return Identifier(f"{self._settings.root}/appointment", place)
        remedy = "Give the appointment an identifier, or at least an id."
        raise Unread(self._it.at("identifier"), "appointment-not-numbered", remedy)

    def _placer(self, number: Identifier | None) -> Identifier | None:
        """The number at whoever asked for it, beside the one that it goes by. Without its system
        nobody knows whose it is."""
        told = [one for one in self._it.parts("identifier") if _is_placer(one)]
        with suppress(Unread):
            return next((one for one in usable(told) if one != number), None)
        return None

    def _first_of(self, *names: str) -> Element:
        """The first concept of the first of these elements that says something."""
        there = [one for name in names if words(one := self._it.first(name))]
        return next(iter(there), self._it.first(names[0]))

    def _type(self) -> Element:
        """What the source calls its type, without what says which visit it is. In one of ours that
        stands there once, of the kind that our extension names: else it is the source's code."""
        concept = self._it.part("appointmentType")
        ours, kind = self._which()
        rest = {one for one, first in _TYPES.items() if not ours or first is _KINDS.get(kind)}
        others: list[Json] = []
        for one in concept.parts("coding"):
            code = (one.text("system"), one.text("code"))
            if code not in rest:
                others.append(one.body)
            elif ours:
                rest.discard(code)
        return concept._replace(body={**concept.body, "coding": others})

    def _which(self) -> tuple[str, str]:
        """By our extension: by which rule it is known which visit it is, and which that is."""
        for extension in self._extensions(c.FIRST_OR_FOLLOW_UP):
            told = {p.text("url"): p.part("valueCoding") for p in extension.parts("extension")}
            rule, kind = (told[name].text("code") if name in told else "" for name in _PARTS)
            return rule, kind
        return "", ""

    def _extensions(self, url: str) -> Iterator[Element]:
        """Those of this URL."""
        return (one for one in self._it.parts("extension") if one.text("url") == url)

    def _concept(self, name: str, read: Callable[[], Element]) -> dict[str, Any]:
        """What a concept says, and its code."""
        concept = self._attempt(read)
        said = self._attempt(lambda: words(concept)) if concept else None
        code = self._attempt(lambda: coding(concept)) if concept else None
        return {name: next(iter(said or ()), None), f"{name}_code": code}

    def _modality(self) -> Modality | None:
        for extension in self._extensions(c.MODALITY):
            told = codes(extension.part("valueCodeableConcept"))
            return next((m for _, code in sorted(told) if (m := _MODALITIES.get(code))), None)
        return None

    def _first(self) -> bool | None:
        """As the source said it; what we found out ourselves, nobody said."""
        ours, kind = self._which()
        if ours:
            return _KINDS.get(kind) if ours == "said" else None
        told = {_TYPES[one] for one in codes(self._it.part("appointmentType")) if one in _TYPES}
        return told.pop() if len(told) == 1 else None

    def _moment(self, place: str, text: str) -> Moment:
        try:
            return parse_moment(text, self._settings.tz)
        except NoZone:
            raise Unread(place, "no-zone") from None
        except ClockChange:
            raise Unread(place, "clock-change") from None
        except (ValueError, OverflowError):
            remedy = "Write it as FHIR does, such as 2026-03-02T14:10:00-05:00."
            raise Unread(place, "not-a-date", remedy) from None

    def _notice(self, stands: Standing) -> Moment | None:
        """When it was called off: by our extension, else as R5 has it."""
        told = stands.notice or self._it.text("cancellationDate")
        return self._moment(self._it.at("cancellationDate"), told) if told else None

    def _start(self) -> Moment | None:
        if told := self._it.text("start"):
            return self._moment(self._it.at("start"), told)
        rule = "no-time-yet" if self._it.text("status") in WITHOUT_TIME else "required"
        raise Unread(self._it.at("start"), rule, _NO_START if rule == "required" else "")

    def _chain(self, start: Moment | None) -> tuple[Moment, ...]:
        """The starts before this one, by our extension."""
        before: list[Moment] = []
        for place, when in self._starts(c.RESCHEDULED_FROM):
            if "T" not in when.text:
                raise Unread(place, "not-a-time")
            before.append(when)
        return chain((*before, start))[:-1] if start else ()

    def _missed(self, before: Sequence[Moment]) -> tuple[Moment, ...]:
        """Those of the starts before this one that were missed, by our extension, as they stand
        there first."""
        known = {one.utc: one for one in reversed(before)}
        missed: list[Moment] = []
        for place, when in self._starts(c.MISSED_BEFORE):
            if when.utc not in known:
                raise Unread(place, "missed-and-not-moved", _MISSED)
            if is_known_too_soon("no-show", when, self._now):
                raise Unread(place, "known-too-soon")
            missed.append(known[when.utc])
        return tuple(dict.fromkeys(missed))

    def _starts(self, url: str) -> Iterator[tuple[str, Moment]]:
        """What the extensions of a URL say, each with its place."""
        for one in self._extensions(url):
            place = one.at("valueDateTime")
            yield place, self._moment(place, one.text("valueDateTime"))

    def _end(self, start: Moment) -> Moment:
        """As told, else by how long it lasts, else by how long all visits of the site last."""
        if told := self._it.text("end"):
            return self._moment(self._it.at("end"), told)
        length: Any = self._it.body.get("minutesDuration", 0)
        if not isinstance(length, int) or isinstance(length, bool) or length < 0:
            remedy = "FHIR has a whole number of minutes here."
            raise Unread(self._it.at("minutesDuration"), "wrong-kind", remedy)
        lasts = timedelta(minutes=min(length, 10**6) or self._settings.visit_minutes)
        if not lasts or "T" not in start.text:
            raise Unread(self._it.at("end"), "no-end")
        try:
            return usual_end(start, lasts)
        except OverflowError:
            raise Unread(self._it.at("start"), "not-a-date") from None

    def _contradictions(self, told: dict[str, Any]) -> None:
        """Raises Unread for the first thing that cannot be so."""
        start = told["start"]
        wrong = slip(told["status"], start, told["end"], told["called_off"])
        if wrong:
            remedy = {"ends-before-start": _ORDER, "attended-and-cancelled": _CANCELLED}
            place = self._it.at(_PLACES[wrong.field])
            raise Unread(place, wrong.rule, remedy.get(wrong.rule, ""))
        if is_known_too_soon(told["status"], start, self._now):
            raise Unread(self._it.at("start"), "known-too-soon")


def _is_placer(identifier: Element) -> bool:
    """Whether it is the number of whoever asked for the appointment, and not of who fills it."""
    return (c.IDENTIFIER_TYPES, c.PLACER) in codes(identifier.part("type"))


def _as_told(identifier: Element) -> Identifier:
    return Identifier(identifier.text("system"), identifier.text("value"))
