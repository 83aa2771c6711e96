"""The Task to reach out to a patient after a missed visit. Pure.

It asks somebody at the site to find out why the patient did not come. What to ask about depends on
which visit it was (Stubbe 2018, doi 10.1176/appi.focus.20180022): a first one hangs on what
patients believe of their health and on what was told them by whoever referred them; a later one on
how satisfied and engaged they are, and whether they feel a need for it. Missed visits go with not
taking medicines as agreed, so that a site may have that asked as well.

We make the Task once, and call it off once where the visit turns out not to be missed. All in
between is for those who work on it (`alliance_fhir.handed_over`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple

from alliance_fhir.config import OutreachSettings, Settings
from alliance_fhir.domain.attendance import Attendance, Place, Visits
from alliance_fhir.domain.keys import identifier_system
from alliance_fhir.domain.visit import Visit
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.appointment import APPOINTMENT
from alliance_fhir.fhir.canonical import sealed_as_built
from alliance_fhir.fhir.group import Group, Resource
from alliance_fhir.fhir.labels import meta
from alliance_fhir.fhir.provenance import SOFTWARE
from alliance_fhir.fhir.versions import Json, Version

OUTREACH = "outreach"
"""What stands behind the business key of a visit in that of its Task."""

ASKED_FOR = "requested"
"""The status that the Task is made with; every later one but those below is its owner's."""

_WORDS = "Reach out to the patient, who missed a visit, and ask why."
_MEDICATION = (
    "Ask whether medicines are taken as agreed, and what stands in the way. It is a question, and "
    "no judgement."
)
_WHY_NOT = "Why did this patient not come?"
_FIRST = (
    "what the patient thinks of the trouble and of treatment, and what was told of this visit by "
    "whoever referred them"
)
_LATER = (
    "how content the patient is with treatment and with those who treat, how much they take part, "
    "and whether they feel a need to come"
)
_ASK: dict[Visits, str] = {
    "first": f"A first visit. Ask {_FIRST}.",
    "follow-up": f"A follow-up visit. Ask {_LATER}.",
    "unknown": f"It is not known whether it was a first visit. Ask {_FIRST}; and {_LATER}.",
}
_CODES: dict[Attendance, str] = {
    "no-show": "281399006",  # did not attend
    "late-cancellation": "185332005",  # cancelled by patient
}
_CALLED_OFF: dict[Attendance, str] = {
    "attended": "The patient came.",
    "late-arrival": "The patient came, late.",
    "no-show": "The site does not reach out after such visits.",
    "late-cancellation": "The patient called the visit off.",
    "patient-cancellation": "The patient called the visit off.",
    "provider-cancellation": "The provider called the visit off.",
    "unknown": "It is not known that the visit was missed.",
}
_NO_VISIT = "The visit was entered in error."


def outreach_key(visit: str) -> str:
    """The business key of a visit's Task, from that of the visit."""
    return f"{visit}-{OUTREACH}"


def is_handed_over(key: str) -> bool:
    """Whether a resource of ours is made once, and then is for those who work on it."""
    return key.partition("-")[2] == OUTREACH


class _Missed(NamedTuple):
    """A visit, whose group it is, what became of it and which of the patient's it was."""

    group: Group
    visit: Visit
    kind: Attendance
    place: Place


class OutreachMapper:
    """Adds to groups of visits what the site's settings ask for."""

    def __init__(self, version: Version, settings: Settings, asked: OutreachSettings) -> None:
        self._version = version
        self._asked = asked
        self._system = identifier_system(settings.root)
        self._meta = meta(settings, version, "outreach-task")
        self._window = timedelta(hours=settings.late_cancellation_hours)

    def added(self, group: Group, visit: Visit, place: Place, contact: Callable[[], str]) -> Group:
        """The group of a visit with its Task, if it has one; `contact` tells how patient and
        clinician reach each other between visits, and nothing where that is not known."""
        missed = _Missed(group, visit, visit.attendance(self._window).kind, place)
        if missed.kind not in self._asked.after:
            return group._replace(if_made=lambda: self._called_off(missed))
        if visit.start.day < self._asked.since.isoformat():
            return group._replace(if_made=lambda: self._task(missed, contact()))
        return group._replace(resources=[*group.resources, self._task(missed, contact())])

    def _task(self, missed: _Missed, contact: str) -> Resource:
        group, _, kind, place = missed
        coding: Json = {"system": el.ATTENDANCE_CODES, "code": place.kind}
        told: list[tuple[str, str, str | Json]] = [
            ("which-visit", "valueCodeableConcept", {"coding": [coding]}),
            ("ask-why", "valueString", _ASK[place.kind]),
            ("ask-about-medication", "valueString", _MEDICATION if self._asked.medication else ""),
            ("contact-between-visits", "valueString", contact),
        ]
        referred = group.before.resources if group.before and place.kind != "follow-up" else []
        reason = el.concept(_CODES[kind], el.SNOMED) | {"text": _WHY_NOT}
        return self._made(
            missed,
            {
                "basedOn": [el.logical(one.type, self._system, one.key) for one in referred],
                "status": ASKED_FOR,
                **self._version.task_reason(reason),
                "input": [
                    {"type": el.concept(code), element: value}
                    for code, element, value in told
                    if value
                ],
            },
        )

    def _called_off(self, missed: _Missed) -> Resource:
        """What takes its place where the visit was not missed after all: nothing is left in it of
        what was to be asked."""
        in_error = missed.visit.status == "entered-in-error"
        why = _NO_VISIT if in_error else _CALLED_OFF[missed.kind]
        status = "entered-in-error" if in_error else "cancelled"
        reason = self._version.status_reason("Task", why, "")
        return self._made(missed, {"status": status, **reason})

    def _made(self, missed: _Missed, told: Json) -> Resource:
        group, visit, *_ = missed
        key, asked = outreach_key(group.key), self._asked
        system, _, owner = asked.owner.partition("|")
        whole: Json = {
            "resourceType": "Task",
            "meta": self._meta,
            "extension": [],
            "identifier": [el.identifier(self._system, key)],
            "intent": "order",
            "code": el.concept("outreach-after-no-show"),
            "description": asked.text or _WORDS,
            "focus": el.logical("Appointment", self._system, f"{group.key}-{APPOINTMENT}"),
            "for": el.person("Patient", visit.patient),
            "requester": el.logical("Device", self._system, SOFTWARE),
            "owner": el.logical(asked.owner_type, system, owner) if owner else {},
            **self._version.task_period(self._period(visit)),
            **told,
        }
        whole = {name: value for name, value in whole.items() if value}
        return Resource("Task", key, *sealed_as_built(whole))

    def _period(self, visit: Visit) -> Json:
        """From the day of the visit on, by the clock of the place."""
        day = visit.start.day
        try:
            until = date.fromisoformat(day) + timedelta(days=self._asked.within_days)
        except OverflowError:
            return {"start": day}
        return {"start": day, "end": until.isoformat()}
