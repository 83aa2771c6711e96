"""What Tasks must come out of the example visits and plans with the settings of the outreach
example, made by other code than ours.

Which visits were missed, which of the patient's each was, and what the plan said that day of how to
reach the patient was written down by a person who read the table, the documents and the reference;
so were the words. Nothing here is shared with the package.
"""

from __future__ import annotations

import csv
import json
import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from .oracle import IG, hashed, labels, logical, seal
from .oracle_rows import Who

Json = dict[str, Any]
SNOMED = "http://snomed.info/sct"
DID_NOT_ATTEND, CANCELLED_BY_PATIENT = "281399006", "185332005"
PORTAL = "Portal message, answered within 1 working day"
OR_CALL = f"{PORTAL}; a call after 17:00"
MISSED = {
    "v-103": (DID_NOT_ATTEND, "follow-up", PORTAL),  # version 2, of 9 March
    "v-105": (CANCELLED_BY_PATIENT, "follow-up", OR_CALL),  # 13 April: version 3, of 30 March
    "v-110": (DID_NOT_ATTEND, "follow-up", OR_CALL),
    "v-201": (DID_NOT_ATTEND, "first", ""),  # her plan is of 27 February
}
ASK = {
    "first": (
        "A first visit. Ask what the patient thinks of the trouble and of treatment, and what was "
        "told of this visit by whoever referred them."
    ),
    "follow-up": (
        "A follow-up visit. Ask how content the patient is with treatment and with those who "
        "treat, how much they take part, and whether they feel a need to come."
    ),
}
MEDICATION = (
    "Ask whether medicines are taken as agreed, and what stands in the way. It is a question, and "
    "no judgement."
)


def expect_outreach(visits: Path, settings: Path, release: str) -> list[Json]:
    """The Tasks, in the order of the table."""
    site = tomllib.loads(settings.read_text(encoding="utf-8"))
    with (visits / "visits.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["appointment"] in MISSED]
    return [_task(row, site, release) for row in rows]


def _task(row: dict[str, str], site: Json, release: str) -> Json:
    why, which, contact = MISSED[row["appointment"]]
    visit = Who(site["appointment_system"], row["appointment"])
    patient = Who(site["patient_system"], row["patient"])
    key = _key(site, "visit", *visit)
    day = date.fromisoformat(row["start"][:10])
    period = {"start": day.isoformat(), "end": (day + timedelta(days=2)).isoformat()}
    reason = {**_concept(SNOMED, why), "text": "Why did this patient not come?"}
    code = _concept(f"{IG}/CodeSystem/attendance", which)
    told = [
        _input("which-visit", valueCodeableConcept=code),
        _input("ask-why", valueString=ASK[which]),
    ]
    told.append(_input("ask-about-medication", valueString=MEDICATION))
    if contact:
        told.append(_input("contact-between-visits", valueString=contact))
    body: Json = {
        "resourceType": "Task",
        "meta": labels("", release, "outreach-task"),
        "extension": [],
        "identifier": [_ours(site, f"{key}-outreach")],
        "status": "requested",
        "intent": "order",
        "code": _concept(f"{IG}/CodeSystem/concept", "outreach-after-no-show"),
        "description": "Reach out to the patient, who missed a visit, and ask why.",
        "focus": {"type": "Appointment", "identifier": _ours(site, f"{key}-appointment")},
        "for": logical("Patient", patient),
        "requester": {"type": "Device", "identifier": _ours(site, "device-alliance-fhir")},
        "owner": logical("CareTeam", Who("urn:example:teams", "front-desk")),
        "input": told,
    }
    if which == "first":  # without a number, a referral is known by who referred and the patient
        by = (*Who(site["referrer_system"], row["referrer"]), *patient)
        referral = _ours(site, f"{_key(site, 'referrer', *by)}-referral")
        body["basedOn"] = [{"type": "ServiceRequest", "identifier": referral}]
    if release == "R5":
        body |= {"requestedPeriod": period, "reason": [{"concept": reason}]}
    else:
        body |= {"restriction": {"period": period}, "reasonCode": reason}
    return seal(body)


def _input(code: str, **value: Any) -> Json:
    return {"type": _concept(f"{IG}/CodeSystem/concept", code), **value}


def _concept(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def _ours(site: Json, value: str) -> Json:
    system = f"https://alliance-fhir.github.io/id/{site['source']}/identifier"
    return {"system": system, "value": value}


def _key(site: Json, *natural: str) -> str:
    return hashed(json.dumps([site["source"], *natural], ensure_ascii=False, separators=(",", ":")))
