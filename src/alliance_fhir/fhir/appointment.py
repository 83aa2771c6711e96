"""A visit to an Appointment, and its referral to a ServiceRequest. Pure.

`Appointment.status` follows what became of the visit and not the source's word alone: a no-show of
which notice was given is a cancellation. An extension of ours says what became of it and by which
rule, so that a no-show is told from a cancellation whatever a server makes of the status.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from alliance_fhir.config import Settings
from alliance_fhir.domain.attendance import Place, Told, Visits
from alliance_fhir.domain.keys import digest, identifier_system, record_key
from alliance_fhir.domain.records import Identifier, Origin
from alliance_fhir.domain.visit import Modality, Visit
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.canonical import sealed_as_built
from alliance_fhir.fhir.group import Group, Resource
from alliance_fhir.fhir.labels import meta
from alliance_fhir.fhir.versions import Json, Version

TYPE = "Appointment"
APPOINTMENT, REFERRAL = "appointment", "referral"
"""What stands behind the business key of a visit, and of a referral."""

_WORD = {
    "pending": "pending",
    "waitlist": "waitlist",
    "booked": "booked",
    "arrived": "arrived",
    "attended": "fulfilled",
    "arrived-late": "fulfilled",
    "too-late": "cancelled",
    "no-show": "cancelled",
    "cancelled": "cancelled",
    "entered-in-error": "entered-in-error",
}
"""The status by the source's word, where what became of the visit is no no-show."""


class _Side(NamedTuple):
    """Who called a visit off, as HL7's code for the reason, and the type of that participant."""

    reason: str
    type: str


_CALLED_OFF = {
    "late-cancellation": _Side("pat", "Patient"),
    "patient-cancellation": _Side("pat", "Patient"),
    "provider-cancellation": _Side("prov", "Practitioner"),
}
_TYPES: dict[Visits, list[Json]] = {
    "first": [
        {"system": el.ATTENDANCE_CODES, "code": "first"},
        {"system": el.SNOMED, "code": "185387006"},  # new patient consultation
    ],
    "follow-up": [
        {"system": el.ATTENDANCE_CODES, "code": "follow-up"},
        {"system": el.APPOINTMENT_REASONS, "code": "FOLLOWUP"},
        {"system": el.SNOMED, "code": "185389009"},  # follow-up visit
    ],
}
"""HL7 has a code for follow-up visits, and none for first ones."""
_MODALITIES: dict[Modality, str] = {"in-person": "FACE", "phone": "PHONE", "video": "VIDEOCONF"}


class VisitMapper:
    """Maps visits, for one version of FHIR and one site."""

    def __init__(self, version: Version, settings: Settings) -> None:
        self._version = version
        self._settings = settings
        self._system = identifier_system(settings.root)
        self._meta = meta(settings)
        self._window = timedelta(hours=settings.late_cancellation_hours)

    def group(self, key: str, origin: Origin, visit: Visit, content: str, place: Place) -> Group:
        """The Appointment; and what has to be there before it, where the visit has a referral."""
        day = visit.start.utc[:10]
        before = self._referred(origin, visit) if visit.referral or visit.referrer else None
        body = self._appointment(key, visit, place, before)
        resource = self._made(TYPE, f"{key}-{APPOINTMENT}", body, visit.appointment)
        return Group(key, origin, visit.patient, day, None, content, [resource], before=before)

    def _made(self, type_: str, key: str, body: Json, also: Identifier | None) -> Resource:
        """A resource, sealed; elements that are empty are left out."""
        identifiers = [el.identifier(*one) for one in (Identifier(self._system, key), also) if one]
        whole: Json = {"resourceType": type_, "meta": self._meta, "identifier": identifiers, **body}
        whole = {name: value for name, value in whole.items() if value}
        return Resource(type_, key, *sealed_as_built(whole))

    def _appointment(self, key: str, visit: Visit, place: Place, before: Group | None) -> Json:
        told = visit.attendance(self._window)
        patient = el.person("Patient", visit.patient)
        body: Json = {
            "extension": _extensions(visit, told, place),
            "status": "noshow" if told.kind == "no-show" else _WORD[visit.status],
            **self._called_off(visit, told),
            "serviceCategory": _coded(el.SERVICE_CATEGORY, self._settings.service_category),
            "serviceType": [self._version.appointed(visit.service)] if visit.service else [],
            "specialty": _coded(el.SNOMED, self._settings.specialty),
            "appointmentType": {"coding": _TYPES[place.kind]} if place.kind in _TYPES else {},
            **self._version.appointment_reason(visit.reason or ""),
            **self._version.appointment_subject(patient),
            "start": visit.start.text,
            "end": visit.end.text,
            "minutesDuration": _minutes(visit),
            "basedOn": [self._ref(one) for one in before.resources] if before else [],
            "participant": self._participants(visit, told, patient),
        }
        return body

    def _ref(self, one: Resource) -> Json:
        return el.logical(one.type, self._system, one.key)

    def _called_off(self, visit: Visit, told: Told) -> Json:
        """Why it was cancelled, which FHIR allows of a cancelled one alone."""
        if told.kind not in _CALLED_OFF:
            return {}
        code = _CALLED_OFF[told.kind].reason
        reason: Json = {"coding": [{"system": el.CANCELLATION_REASON, "code": code}]}
        return self._version.cancellation(reason, visit.called_off.text if visit.called_off else "")

    def _participants(self, visit: Visit, told: Told, patient: Json) -> list[Json]:
        actors = [patient]
        if visit.clinician:
            actors.append(el.person("Practitioner", visit.clinician))
        off = _CALLED_OFF[told.kind].type if told.kind in _CALLED_OFF else ""
        return [
            {
                **({"type": [el.ATTENDER]} if actor["type"] == "Practitioner" else {}),
                "actor": actor,
                "required": self._version.is_required,
                "status": "declined" if actor["type"] == off else "accepted",
            }
            for actor in actors
        ]

    def _referred(self, origin: Origin, visit: Visit) -> Group:
        """The referral: one for all visits to which it led, and of their patient alone. One without
        a number is known by who referred."""
        settings, day = self._settings, visit.start.utc[:10]
        known_by = (REFERRAL, *visit.referral) if visit.referral else ("referrer", *_by(visit))
        natural = (*known_by, *visit.patient)
        key = record_key(settings.named_source, natural, settings.secret)
        body: Json = {
            # it is somebody else's: whether it still stands is not ours to say
            "status": "unknown",
            "intent": "order",
            "code": self._version.service(el.REFERRAL),
            "subject": el.person("Patient", visit.patient),
            "requester": el.person("Practitioner", visit.referrer) if visit.referrer else {},
        }
        resource = self._made("ServiceRequest", f"{key}-{REFERRAL}", body, visit.referral)
        said = digest([*natural, *_by(visit)], settings.secret)
        return Group(key, origin, visit.patient, day, None, said, [resource], records=0)


def numbers_of(appointment: Resource) -> list[Identifier]:
    """The numbers that an Appointment of ours has at whoever fills it: all but the one we gave."""
    told = [Identifier(one["system"], one["value"]) for one in appointment.body["identifier"]]
    return [one for one in told if one.value != appointment.key]


def _by(visit: Visit) -> tuple[str, ...]:
    return visit.referrer or ()


def _extensions(visit: Visit, told: Told, place: Place) -> list[Json]:
    """Ours, in the order of their URLs."""
    became = _parts(told)
    if visit.called_off:
        became.append({"url": "notice", "valueDateTime": visit.called_off.text})
    extensions: list[Json] = [
        {"url": el.ATTENDANCE, "extension": became},
        {"url": el.FIRST_OR_FOLLOW_UP, "extension": _parts(place)},
    ]
    if visit.modality:
        coding: Json = {"system": el.PARTICIPATION_MODE, "code": _MODALITIES[visit.modality]}
        extensions.append({"url": el.MODALITY, "valueCodeableConcept": {"coding": [coding]}})
    return extensions


def _parts(known: Told | Place) -> list[Json]:
    return [
        {"url": name, "valueCoding": {"system": el.ATTENDANCE_CODES, "code": code}}
        for name, code in zip(("kind", "rule"), known, strict=True)
    ]


def _coded(system: str, code: str) -> list[Json]:
    return [el.concept(code, system)] if code else []


def _minutes(visit: Visit) -> int:
    """How long it is to last; 0 where that is no number of whole minutes."""
    length = datetime.fromisoformat(visit.end.utc) - datetime.fromisoformat(visit.start.utc)
    minutes, rest = divmod(length, timedelta(minutes=1))
    return 0 if rest else minutes
