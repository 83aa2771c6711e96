"""What a message says of its appointment, by the names that `Said` has for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial

from alliance_fhir.domain.attendance import Side
from alliance_fhir.domain.records import Identifier
from alliance_fhir.domain.said import Coded
from alliance_fhir.sources.codings import standard_code
from alliance_fhir.sources.fields import has_control
from alliance_fhir.sources.hl7v2.ids import entity, patient, somebody
from alliance_fhir.sources.hl7v2.message import Segment
from alliance_fhir.sources.hl7v2.reading import Reading
from alliance_fhir.sources.hl7v2.slips import Slip, Unread
from alliance_fhir.sources.hl7v2.span import Span, span
from alliance_fhir.sources.hl7v2.statuses import BOOKS, RESOURCE_GONE, Standing, standing

_FOLLOW_UP = standard_code("reason", "FOLLOWUP")
"""The code of table 0276, which SCH-7 takes its codes from, that tells which visit it is."""


def lasting(reading: Reading) -> dict[str, object]:
    """All of it; what could not be read is None, and in the slips of `reading`."""
    sch, site = reading.sch, reading.site
    service = next(iter(_resources(reading, "AIS")), None)
    start, end = _span(reading, service)
    reading.noted("end", null=sch.first(11).null(5))
    clinicians = _clinicians(reading)
    event_reason = reading.coded("event_reason", sch, 6)
    reason = reading.coded("reason", sch, 7)
    stands = reading.attempt(lambda: _standing(reading, service)) or Standing(None)
    who = reading.attempt(lambda: _patient(reading))
    clinician = reading.person("clinician", clinicians, 3, site.clinician_system)
    return {
        "patient": who,
        "clinician": clinician,
        "other_clinicians": _others(reading, clinicians, clinician),
        "start": start,
        "end": end,
        "status": stands.status,
        "status_code": _status_code(reading, stands, service),
        "by": _side(reading, stands, event_reason, reason),
        "first": False if reason and reason.coding == _FOLLOW_UP else None,
        "event_reason": event_reason,
        "reason": reason,
        "appointment_type": reading.coded("appointment_type", sch, 8),
        "service": reading.coded("service", service, 3),
        "location": reading.attempt(lambda: _location(reading)),
        "referrer": reading.person("referrer", reading.message.all("PV1"), 8, site.referrer_system),
        "referral": reading.attempt(lambda: _referral(reading)),
        "placer": _placer(reading),
        "taken_off": _taken_off(reading),
    }


def _resources(reading: Reading, name: str) -> list[Segment]:
    gone = reading.event in RESOURCE_GONE
    return list(reading.message.resources(name, gone=gone))


def _clinicians(reading: Reading) -> list[Segment]:
    """AIP; where there is none, the general resources that are clinicians at this site."""
    return _resources(reading, "AIP") or _of_their_types(reading, _resources(reading, "AIG"))


def _of_their_types(reading: Reading, general: Iterable[Segment]) -> list[Segment]:
    """The general resources of which the site says that they are clinicians."""
    types = reading.site.clinician_types
    return [one for one in general if one.text(4).casefold() in types] if types else []


def _known(reading: Reading, clinicians: Iterable[Segment]) -> list[Identifier]:
    """Those whose numbers are known, a segment each; each once, in their order."""
    found = dict[Identifier, None]()
    for one in clinicians:
        with suppress(Unread):  # the visit can do without
            if known := somebody(one, 3, reading.site.clinician_system, reading.site):
                found[known] = None
    return [*found]


def _others(
    reading: Reading, clinicians: Sequence[Segment], first: Identifier | None
) -> tuple[Identifier, ...] | None:
    """All beside the first whose numbers are known, a segment each. A message that names one alone
    may say less than it could."""
    several = clinicians if len(clinicians) > 1 else ()
    found = [one for one in _known(reading, several) if one != first]
    gone = not found and any(one.first(3).null() for one in clinicians)
    reading.noted("other_clinicians", null=gone)
    return tuple(found) or None


def _taken_off(reading: Reading) -> tuple[Identifier, ...]:
    """The clinicians of whom it is said that they are there no more, where it is known who."""
    off = partial(reading.message.taken_off, gone=reading.event in RESOURCE_GONE)
    return tuple(_known(reading, [*off("AIP"), *_of_their_types(reading, off("AIG"))]))


def _placer(reading: Reading) -> Identifier | None:
    """The number at whoever asked for it, beside that of whoever fills it. Without its authority
    nobody knows whose it is, and one with a bar no table of visits could hold."""
    told = reading.sch.first(1)
    if not reading.sch.text(2) or reading.noted("placer", null=told.null()):
        return None
    if not (told.text(2) or told.text(3)) or "|" in told.text(1):
        return None
    with suppress(Unread):
        return entity("SCH-1", told, "", reading.site)
    return None


def _span(reading: Reading, service: Segment | None) -> Span:
    found = reading.attempt(lambda: span(reading.message, service, reading.site.zone))
    if found and not found.start and reading.event in BOOKS:
        reading.slips.append(Slip("SCH-11.4", "missing-time"))
    return found or Span(None, None)


def _standing(reading: Reading, service: Segment | None) -> Standing:
    of_service = service.text(10) if service else ""
    return standing(reading.event, reading.sch.text(25), of_service, reading.site)


def _patient(reading: Reading) -> Identifier | None:
    found = [patient(pid, reading.site) for pid in reading.message.all("PID")]
    if len({*found}) > 1:
        raise Unread("PID", "several-patients")
    return next(iter(found), None)


def _side(reading: Reading, stands: Standing, *reasons: Coded | None) -> Side | None:
    """Who called it off: the site tells it of SCH-6, or else of SCH-7, by code or by text."""
    if stands.status not in ("cancelled", "no-show"):
        return None
    codes = [code for reason in reasons if reason for code in (reason.code, reason.text) if code]
    return next((side for code in codes if (side := reading.site.side(code))), None)


def _status_code(reading: Reading, stands: Standing, service: Segment | None) -> Identifier | None:
    """Its field has codes alone: one is that without text and table, too."""
    if not stands.code:
        return None
    if has_control(stands.code):
        reading.slips.append(Slip(stands.place, "control-character"))
        return None
    in_service = service if stands.place == "AIS-10" else None
    table = in_service.text(10, 3) if in_service else reading.sch.text(25, 3)
    return reading.code("status", stands.code, table)


def _location(reading: Reading) -> str | None:
    """A PL in one line: its description, or else point of care, room, bed and facility. Raises
    Unread."""
    for segment in _resources(reading, "AIL"):
        told = segment.first(3)
        if reading.noted("location", null=told.null()):
            return None
        parts = [told.text(9)] if told.text(9) else [told.text(n) for n in (1, 2, 3, 4)]
        if words := ", ".join(filter(None, parts)):
            if has_control(words):
                raise Unread("AIL-3", "control-character")
            return words
    return None


def _referral(reading: Reading) -> Identifier | None:
    """The order that it is made on: the placer's number of it, or else the filler's."""
    for field in (26, 27):
        told = reading.sch.first(field)
        if reading.noted("referral", null=told.null()):
            return None
        system = reading.site.referral_system
        if found := entity(f"SCH-{field}", told, system, reading.site):
            return found
    return None
