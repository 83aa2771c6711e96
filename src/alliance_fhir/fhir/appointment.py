"""A visit to an Appointment, and its referral to a ServiceRequest. Pure.

`Appointment.status` follows what became of the visit and not the source's word alone: a no-show of
which notice was given is a cancellation. An extension of ours says what became of it and by which
rule, so that a no-show is told from a cancellation whatever a server makes of the status.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import NamedTuple

import orjson

from alliance_fhir.config import Settings
from alliance_fhir.domain.attendance import Place, Status, Told
from alliance_fhir.domain.keys import digest, identifier_system, record_key
from alliance_fhir.domain.records import Identifier, Moment, Origin
from alliance_fhir.domain.visit import Modality, Visit
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.appointed import Facts
from alliance_fhir.fhir.canonical import canonical, sealed_as_built
from alliance_fhir.fhir.group import Group, Resource
from alliance_fhir.fhir.labels import meta
from alliance_fhir.fhir.template import Template
from alliance_fhir.fhir.versions import Json, Version
from alliance_fhir.fhir.visit_parts import extensions, type_of, words

TYPE = "Appointment"
APPOINTMENT, REFERRAL = "appointment", "referral"
"""What stands behind the business key of a visit, and of a referral."""
VISIT, NO_SHOW = "visit-appointment", "no-show-appointment"
"""The profiles of visits, and of those that were missed: these claim both, so that a search for
either finds them."""

_WORD = {
    "pending": "pending",
    "waitlist": "waitlist",
    "booked": "booked",
    "arrived": "arrived",
    "checked-in": "checked-in",
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
_REMEMBERED = 1_000
"""How many shapes are kept ready."""
_REFERRALS = 4_000
"""How many referrals: to each of them several visits lead."""


class VisitMapper:
    """Maps visits, for one version of FHIR and one site."""

    def __init__(self, version: Version, settings: Settings) -> None:
        self._version = version
        self._settings = settings
        self._system = identifier_system(settings.root)
        self._referral_meta = meta(settings, version, "visit-referral")
        self._visit_meta = meta(settings, version, VISIT)
        self._missed_meta = meta(settings, version, VISIT, NO_SHOW)
        self._window = timedelta(hours=settings.late_cancellation_hours)
        self._templates: dict[tuple[object, ...], Template] = {}
        self._referral = lru_cache(maxsize=_REFERRALS)(self._new_referral)

    def group(self, key: str, origin: Origin, visit: Visit, content: str, place: Place) -> Group:
        """The Appointment; and what has to be there before it, where the visit has a referral."""
        day = visit.start.utc[:10]
        before = self._referred(origin, visit) if visit.referral or visit.referrer else None
        referred = before.resources[0].key if before else ""
        told = visit.attendance(self._window)
        facts = Facts(
            key,
            visit.appointment,
            visit.patient,
            visit.clinician,
            visit.start,
            visit.end,
            visit.called_off,
            _minutes(visit),
            referred,
            visit.rescheduled_from,
            visit.missed,
            visit.other_clinicians,
            visit.placer,
            visit.service,
            visit.service_code,
            visit.reason,
            visit.reason_code,
            visit.appointment_type,
            visit.appointment_type_code,
            visit.event_reason,
            visit.event_reason_code,
            visit.status_code,
            visit.location,
        )
        alike = (visit.status, told, place, visit.modality)
        form = partial(self._appointment, *alike)
        resource = self._made(TYPE, f"{key}-{APPOINTMENT}", facts, alike, form)
        return Group(key, origin, visit.patient, day, None, content, [resource], before=before)

    def _made(
        self,
        type_: str,
        key: str,
        facts: Facts,
        alike: tuple[object, ...],
        form: Callable[[Facts], Json],
    ) -> Resource:
        """A resource, sealed: what `form` gives for these facts, by the template of its shape.
        `alike` is what else `form` depends on."""
        values = facts.values()
        if values is None:
            return Resource(type_, key, *sealed_as_built(form(facts)))
        shape = (type_, *alike, len(facts.moved), *map(bool, facts))
        template = self._templates.get(shape)
        if template is None:
            marked = form(facts.marked())
            marked = {**marked, "extension": marked.get("extension", [])}
            template = Template(marked, {"extension": [], **canonical(marked)})
            if len(self._templates) < _REMEMBERED:
                self._templates[shape] = template
        content = template.digest(values)
        text = template.text(values, content)
        return Resource(type_, key, partial(orjson.loads, text), content, text)

    def _form(self, type_: str, key: str, facts: Facts, meta: Json, body: Json) -> Json:
        """A resource without its digest; elements that are empty are left out."""
        both = (Identifier(self._system, key), facts.number)
        identifiers = [el.identifier(*one) for one in both if one]
        if facts.placer:
            identifiers.append({**el.identifier(*facts.placer), "type": el.PLACER_TYPE})
        whole: Json = {"resourceType": type_, "meta": meta, "identifier": identifiers, **body}
        return {name: value for name, value in whole.items() if value}

    def _appointment(
        self, status: Status, told: Told, place: Place, modality: Modality | None, facts: Facts
    ) -> Json:
        patient = el.person("Patient", facts.patient)
        request = el.logical("ServiceRequest", self._system, facts.referred)
        body: Json = {
            "extension": extensions(told, place, modality, facts),
            "status": "noshow" if told.kind == "no-show" else _WORD[status],
            **self._called_off(told, facts.notice),
            "serviceCategory": _coded(el.SERVICE_CATEGORY, self._settings.service_category),
            **self._version.service_type(words(facts.service, facts.service_code)),
            "specialty": _coded(el.SNOMED, self._settings.specialty),
            "appointmentType": type_of(place, facts),
            **self._version.appointment_reason(words(facts.reason, facts.reason_code)),
            **self._version.appointment_subject(patient),
            "start": facts.start and facts.start.text,
            "end": facts.end and facts.end.text,
            "minutesDuration": facts.minutes,
            "basedOn": [request] if facts.referred else [],
            "participant": self._participants(told, patient, facts),
        }
        meta = self._missed_meta if told.kind == "no-show" else self._visit_meta
        return self._form(TYPE, f"{facts.key}-{APPOINTMENT}", facts, meta, body)

    def _called_off(self, told: Told, notice: Moment | None) -> Json:
        """Why it was cancelled, which FHIR allows of a cancelled one alone."""
        if told.kind not in _CALLED_OFF:
            return {}
        code = _CALLED_OFF[told.kind].reason
        reason: Json = {"coding": [{"system": el.CANCELLATION_REASON, "code": code}]}
        return self._version.cancellation(reason, notice.text if notice else "")

    def _participants(self, told: Told, patient: Json, facts: Facts) -> list[Json]:
        off = _CALLED_OFF[told.kind].type if told.kind in _CALLED_OFF else ""
        found = [self._participant(patient, off)]
        if facts.practitioner:
            clinician = el.person("Practitioner", facts.practitioner)
            found.append({"type": [el.ATTENDER], **self._participant(clinician, off)})
        # in which role the others are there, nobody says
        others = (el.person("Practitioner", one) for one in facts.others)
        found += [self._participant(other, "") for other in others]
        if facts.location:
            place: Json = {"display": facts.location, "type": "Location"}
            found.append({"actor": place, "status": "accepted"})
        return found

    def _participant(self, actor: Json, off: str) -> Json:
        """Who has to be there; of the type `off` is whoever called it off."""
        status = "declined" if actor["type"] == off else "accepted"
        return {"actor": actor, "required": self._version.is_required, "status": status}

    def _referred(self, origin: Origin, visit: Visit) -> Group:
        """The referral: one for all visits to which it led, and of their patient alone."""
        day = visit.start.utc[:10]
        key, said, resource = self._referral(visit.patient, visit.referral, visit.referrer)
        return Group(key, origin, visit.patient, day, None, said, [resource], records=0)

    def _new_referral(
        self, patient: Identifier, number: Identifier | None, referrer: Identifier | None
    ) -> tuple[str, str, Resource]:
        """Its key, the digest of what is said of it, and the resource. One without a number is
        known by who referred."""
        settings, by = self._settings, referrer or ()
        natural = (*((REFERRAL, *number) if number else ("referrer", *by)), *patient)
        key = record_key(settings.named_source, natural, settings.secret)
        facts = Facts(key, number, patient, referrer)
        resource = self._made("ServiceRequest", f"{key}-{REFERRAL}", facts, (), self._request)
        return key, digest([*natural, *by], settings.secret), resource

    def _request(self, facts: Facts) -> Json:
        referrer = facts.practitioner
        body: Json = {
            # it is somebody else's: whether it still stands is not ours to say
            "status": "unknown",
            "intent": "order",
            "code": self._version.service(el.REFERRAL),
            "subject": el.person("Patient", facts.patient),
            "requester": el.person("Practitioner", referrer) if referrer else {},
        }
        return self._form(
            "ServiceRequest", f"{facts.key}-{REFERRAL}", facts, self._referral_meta, body
        )


def numbers_of(appointment: Resource) -> list[Identifier]:
    """The number that an Appointment of ours has at whoever fills it, as a list: neither the one
    that we gave, nor that of whoever asked for it."""
    identifiers = (one for one in appointment.body["identifier"] if "type" not in one)
    told = [Identifier(one["system"], one["value"]) for one in identifiers]
    return [one for one in told if one.value != appointment.key]


def _coded(system: str, code: str) -> list[Json]:
    return [el.concept(code, system)] if code else []


def _minutes(visit: Visit) -> int:
    """How long it is to last; 0 where that is no number of whole minutes."""
    length = datetime.fromisoformat(visit.end.utc) - datetime.fromisoformat(visit.start.utc)
    minutes, rest = divmod(length, timedelta(minutes=1))
    return 0 if rest else minutes
