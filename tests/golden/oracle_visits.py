"""What must come out of the example visits: every resource, whole, made by other code than ours.

What became of each visit, and which of its patient's it is, was written down by a person who read
the table and the reference, of the year's visits by `oracle_year`; the resources are built from the
table and that. Nothing here is shared with the package.
"""

from __future__ import annotations

import csv
import json
import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from .oracle import IG, THO, hashed, labels, logical, seal
from .oracle_rows import Who

Json = dict[str, Any]
SNOMED = "http://snomed.info/sct"
BEFORE = ("follow-up", "attended-before")
NONE = ("first", "none-attended")
SHORT = ("unknown", "history-too-short")
Became = dict[str, tuple[str, str, str, tuple[str, str]]]
"""By a visit's number: status, kind, rule, and which visit it is by which rule."""
BECAME: Became = {
    "v-101": ("fulfilled", "attended", "was-seen", NONE),
    "v-102": ("fulfilled", "attended", "was-seen", BEFORE),
    "v-103": ("noshow", "no-show", "no-notice", BEFORE),  # 16 March
    "v-104": ("checked-in", "attended", "checked-in", BEFORE),
    "v-105": ("cancelled", "late-cancellation", "notice-in-window", BEFORE),  # 23 hours
    "v-106": ("cancelled", "patient-cancellation", "notice-in-time", BEFORE),
    "v-107": ("fulfilled", "late-arrival", "late-and-seen", BEFORE),
    "v-108": ("cancelled", "provider-cancellation", "called-off-by-provider", BEFORE),
    "v-109": ("cancelled", "late-arrival", "late-and-not-seen", BEFORE),
    "v-110": ("noshow", "no-show", "notice-after-start", BEFORE),
    "v-111": ("booked", "unknown", "still-open", NONE),  # another service
    "v-112": ("pending", "unknown", "still-open", BEFORE),
    "v-201": ("noshow", "no-show", "no-notice", NONE),
    "v-202": ("fulfilled", "attended", "was-seen", NONE),  # the one before was missed
    "v-203": ("cancelled", "patient-cancellation", "notice-in-time", BEFORE),
    "v-204": ("cancelled", "unknown", "called-off-by-somebody", BEFORE),
    "v-205": ("cancelled", "patient-cancellation", "notice-at-unknown-time", BEFORE),
    "v-206": ("entered-in-error", "unknown", "no-visit", BEFORE),
    "v-207": ("waitlist", "unknown", "still-open", BEFORE),
    "v-301": ("noshow", "no-show", "no-notice", SHORT),  # 160 days after 1 January 2025
    "v-302": ("arrived", "attended", "arrived", SHORT),
    "v-303": ("booked", "unknown", "still-open", ("first", "said")),
}
OFF_BY = {
    "late-cancellation": ("pat", "Patient"),
    "patient-cancellation": ("pat", "Patient"),
    "provider-cancellation": ("prov", "Practitioner"),
}
TYPES = {
    "first": [("attendance", "first"), (SNOMED, "185387006")],
    "follow-up": [
        ("attendance", "follow-up"),
        (f"{THO}/v2-0276", "FOLLOWUP"),
        (SNOMED, "185389009"),
    ],
}
TABLE_0278 = {"Pending", "Waitlist", "Booked", "Started", "Complete", "Cancelled", "Dc", "Deleted"}
TABLE_0278 |= {"Blocked", "Overbook", "Noshow"}
MODALITY = {"in-person": "FACE", "phone": "PHONE", "video": "VIDEOCONF"}


def expect_visits(folder: Path, release: str, became: Became = BECAME) -> list[Json]:
    """The Appointments, then the referrals, each in the order of the table."""
    site = tomllib.loads((folder / "alliance.toml").read_text(encoding="utf-8"))
    with (folder / "visits.csv").open(encoding="utf-8", newline="") as file:
        table = _Table(site, release, became)
        appointments = [table.appointment(row) for row in csv.DictReader(file)]
    return [*appointments, *table.referrals.values()]


class _Table:
    def __init__(self, site: Json, release: str, told: Became) -> None:
        self._site = site
        self._told = told
        self._release = release
        self._r5 = release == "R5"
        self._identifiers = f"https://alliance-fhir.github.io/id/{site['source']}/identifier"
        self.referrals: dict[str, Json] = {}

    def appointment(self, row: dict[str, str]) -> Json:
        number = row["appointment"]
        status, kind, rule, place = self._told[number]
        visit = self._who("appointment", number)
        patient = logical("Patient", self._who("patient", row["patient"]))
        start = self._time(row["start"])
        end = self._time(row["end"]) if row["end"] else start + timedelta(minutes=50)
        attendance: Json = _ours("attendance", kind, rule)
        if row["cancelled_at"]:
            told = row["cancelled_at"]
            notice = self._time(told).isoformat() if "T" in told else told
            attendance["extension"].append({"url": "notice", "valueDateTime": notice})
        if told := row.get("status_code"):
            code = self._code("status", told)
            attendance["extension"].append({"url": "status-code", "valueCoding": code})
        if row.get("event_reason"):
            why = self._concept(row, "event_reason")
            attendance["extension"].append({"url": "event-reason", "valueCodeableConcept": why})
        extensions = [attendance, _ours("first-or-follow-up", *place)]
        extensions += self._starts(row, "missed", "missed-before")
        if row.get("modality"):
            mode = coded(f"{THO}/v3-ParticipationMode", MODALITY[row["modality"]])
            url = f"{IG}/StructureDefinition/modality"
            extensions.append({"url": url, "valueCodeableConcept": mode})
        extensions += self._starts(row, "rescheduled_from", "rescheduled-from")
        code, off = OFF_BY.get(kind, ("", ""))
        participants = self._participants(row, patient, off)
        missed = ["no-show-appointment"] if status == "noshow" else []
        body: Json = {
            "resourceType": "Appointment",
            "meta": labels("", self._release, "visit-appointment", *missed),
            "extension": extensions,
            "identifier": [
                {"system": self._identifiers, "value": f"{self._key('visit', *visit)}-appointment"},
                {"system": visit.system, "value": visit.value},
            ],
            "status": status,
            "serviceCategory": [coded(f"{THO}/service-category", "22")],
            "serviceType": [self._said(row, "service")],
            "start": start.isoformat(),
            "end": end.isoformat(),
            "participant": participants,
        }
        seconds = int((end - start).total_seconds())
        if seconds % 60 == 0:
            body["minutesDuration"] = seconds // 60
        if code:
            body |= self._called_off(code, attendance["extension"])
        if self._r5:
            body["subject"] = patient
        return seal(body | self._if_told(row, patient, place[0]))

    def _participants(self, row: dict[str, str], patient: Json, off: str) -> list[Json]:
        participants = [self._participant(patient, off)]
        if row["clinician"]:
            clinician = logical("Practitioner", self._who("clinician", row["clinician"]))
            attender = coded(f"{THO}/v3-ParticipationType", "ATND")
            participants.append({"type": [attender], **self._participant(clinician, off)})
        for told in filter(None, row.get("other_clinicians", "").split(";")):
            other = logical("Practitioner", self._who("clinician", told))
            participants.append(self._participant(other, ""))
        if where := row.get("location"):
            place_: Json = {"type": "Location", "display": where}
            participants.append({"actor": place_, "status": "accepted"})
        return participants

    def _called_off(self, code: str, told: list[Json]) -> Json:
        reason = coded(f"{THO}/appointment-cancellation-reason", code)
        if not self._r5:
            return {"cancelationReason": reason}
        dates = [part["valueDateTime"] for part in told if part["url"] == "notice"]
        return {"cancellationReason": reason, **({"cancellationDate": dates[0]} if dates else {})}

    def _if_told(self, row: dict[str, str], patient: Json, which: str) -> Json:
        body: Json = {}
        if specialty := self._site.get("specialty"):
            body["specialty"] = [coded(SNOMED, specialty)]
        if row["reason"]:
            body["reason" if self._r5 else "reasonCode"] = [self._said(row, "reason")]
        if which in TYPES:
            system = f"{IG}/CodeSystem/attendance"
            codings = [(system if s == "attendance" else s, c) for s, c in TYPES[which]]
            body["appointmentType"] = {"coding": [{"system": s, "code": c} for s, c in codings]}
        if said := row.get("appointment_type"):
            kind = body.setdefault("appointmentType", {})
            kind["text"] = said
            if code := row["appointment_type_code"]:
                kind["coding"] = [
                    *kind.get("coding", []),
                    {"system": f"{THO}/v2-0277", "code": code},
                ]
        if row["referral"] or row["referrer"]:
            value = self._referral(row, patient)
            referral = {"system": self._identifiers, "value": value}
            body["basedOn"] = [{"type": "ServiceRequest", "identifier": referral}]
        return body

    def _referral(self, row: dict[str, str], patient: Json) -> str:
        """By its number and its patient; without a number, by who referred and the patient."""
        known = "referral" if row["referral"] else "referrer"
        natural = (*self._who(known, row[known]), *self._who("patient", row["patient"]))
        value = f"{self._key(known, *natural)}-referral"
        if value in self.referrals:
            return value
        code = coded(SNOMED, "3457005")
        identifiers = [{"system": self._identifiers, "value": value}]
        if row["referral"]:
            identifiers.append(self._who("referral", row["referral"])._asdict())
        body: Json = {
            "resourceType": "ServiceRequest",
            "meta": labels("", self._release, "visit-referral"),
            "extension": [],
            "identifier": identifiers,
            "status": "unknown",
            "intent": "order",
            "code": {"concept": code} if self._r5 else code,
            "subject": patient,
        }
        if row["referrer"]:
            body["requester"] = logical("Practitioner", self._who("referrer", row["referrer"]))
        self.referrals[value] = seal(body)
        return value

    def _participant(self, actor: Json, off: str) -> Json:
        status = "declined" if actor["type"] == off else "accepted"
        return {"actor": actor, "required": True if self._r5 else "required", "status": status}

    def _starts(self, row: dict[str, str], column: str, name: str) -> list[Json]:
        url = f"{IG}/StructureDefinition/{name}"
        told = filter(None, row.get(column, "").split(";"))
        return [{"url": url, "valueDateTime": self._time(one).isoformat()} for one in told]

    def _said(self, row: dict[str, str], column: str) -> Json:
        concept = self._concept(row, column)
        return {"concept": concept} if self._r5 else concept

    def _concept(self, row: dict[str, str], column: str) -> Json:
        told = row.get(f"{column}_code")
        return {"text": row[column], **({"coding": [self._code(column, told)]} if told else {})}

    def _code(self, about: str, code: str) -> Json:
        """Of HL7's table of statuses where that has it, else the site's own."""
        own = f"https://alliance-fhir.github.io/id/{self._site['source']}/code/{about}"
        of_hl7 = about == "status" and code in TABLE_0278
        return {"system": f"{THO}/v2-0278" if of_hl7 else own, "code": code}

    def _who(self, what: str, value: str) -> Who:
        system, _, bare = value.rpartition("|")
        return Who(system or self._site[f"{what}_system"], bare)

    def _key(self, *natural: str) -> str:
        told = [self._site["source"], *natural]
        return hashed(json.dumps(told, ensure_ascii=False, separators=(",", ":")))

    def _time(self, text: str) -> datetime:
        """With its offset, and no zone: what is added to it is added to what its clock shows."""
        when = datetime.fromisoformat(text)
        if when.tzinfo is None:
            when = when.replace(tzinfo=ZoneInfo(self._site["zone"]))
        return datetime.fromisoformat(when.isoformat())


def coded(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def _ours(name: str, kind: str, rule: str) -> Json:
    system = f"{IG}/CodeSystem/attendance"
    parts = [
        {"url": url, "valueCoding": {"system": system, "code": code}}
        for url, code in (("kind", kind), ("rule", rule))
    ]
    return {"url": f"{IG}/StructureDefinition/{name}", "extension": parts}
