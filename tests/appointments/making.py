"""Appointments as EHRs write them, and the files that hold them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from command.tables import GOOD
from command.tables import site as of_tables

Json = dict[str, Any]

MRN, VISITS = "urn:example:mrn", "urn:example:visits"
THO = "http://terminology.hl7.org/CodeSystem"
WHY = f"{THO}/appointment-cancellation-reason"
WORDS = "http://ehr.example/StructureDefinition/appointment-status"
SITE = (
    'patient_system = "urn:example:mrn"',
    'clinician_system = "urn:example:staff"',
    'appointment_system = "urn:example:visits"',
    'referrer_system = "urn:example:gp"',
    'referral_system = "urn:example:orders"',
)
TABLES = (
    f'[fhir.status."{WORDS}"]',
    '"No Show" = "no-show"',
    'LATE = "arrived-late"',
    'LWBS = "too-late"',
    '[fhir.status."http://ehr.example/second"]',
    'X = "attended"',
    "[fhir.cancelled_by]",
    '"Patient unwell" = "patient"',
    'ILL-STAFF = "provider"',
)


def site(*lines: str) -> None:
    """Settings of a clinic whose EHR writes an extension."""
    of_tables(*SITE, *lines, *TABLES)


def named(value: str, system: str = MRN, type_: str = "Patient") -> Json:
    """A reference by identifier."""
    return {"type": type_, "identifier": {"system": system, "value": value}}


def coded(code: str, system: str = WHY, **more: str) -> Json:
    """A CodeableConcept."""
    return {"coding": [{"system": system, "code": code, **more}]}


def taking_part(*actors: Json) -> list[Json]:
    """Participants."""
    return [{"actor": actor, "status": "accepted"} for actor in actors]


PATIENT = taking_part(named(GOOD))


def appointment(number: str = "1", **told: Any) -> Json:
    """A booked one with this number, and whatever else; what is None is not there."""
    whole: Json = {
        "resourceType": "Appointment",
        "id": f"a-{number}",
        "identifier": [{"system": VISITS, "value": number}],
        "status": "booked",
        "start": "2026-03-09T14:00:00-04:00",
        "end": "2026-03-09T14:50:00-04:00",
        "participant": PATIENT,
        **told,
    }
    return {name: value for name, value in whole.items() if value is not None}


def extension(url: str = WORDS, **value: Any) -> list[Json]:
    """An extension with a value."""
    return [{"url": url, **value}]


def ndjson(*bodies: Json | str, name: str = "a.ndjson") -> str:
    """Writes a file of these resources, a line for each; a text stands as it is."""
    lines = [one if isinstance(one, str) else json.dumps(one) for one in bodies]
    Path(name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return name


def bundle(*bodies: Json, name: str = "a.json", urls: dict[int, str] | None = None) -> str:
    """Writes a Bundle as people read it: an entry in several lines."""
    entries = [
        {**({"fullUrl": urls[n]} if urls and n in urls else {}), "resource": body}
        for n, body in enumerate(bodies)
    ]
    whole = {"resourceType": "Bundle", "type": "collection", "total": 1.50, "entry": entries}
    Path(name).write_text(json.dumps(whole, indent=1), encoding="utf-8")
    return name
