"""The floor for visits: a script for the one table of `make_visits` that writes what `map` writes.

No checks, no duplicates found, no time zones, no other source, all rows in memory: csv.reader, dict
literals, orjson. Its output is held against that of `map`, byte for byte.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

import orjson

from benchmarks.floor import BASE, RECORDED, SYSTEM, THO

Json = dict[str, Any]
_EXTENSION = f"{BASE}/ig/StructureDefinition"
_CODES = f"{BASE}/ig/CodeSystem/attendance"
_META = {
    "security": [
        {"system": f"{THO}/v3-Confidentiality", "code": "R"},
        {"system": f"{THO}/v3-ActCode", "code": "MH"},
    ]
}
_BECAME = {
    "attended": ("fulfilled", "attended", "was-seen"),
    "no-show": ("noshow", "no-show", "no-notice"),
    "cancelled": ("cancelled", "late-cancellation", "notice-in-window"),
}
_FOLLOW_UP = {
    "coding": [
        {"system": _CODES, "code": "follow-up"},
        {"system": f"{THO}/v2-0276", "code": "FOLLOWUP"},
        {"system": "http://snomed.info/sct", "code": "185389009"},
    ]
}


def write(source: Path, out: Path) -> None:
    """Maps the file of `make_visits`."""
    with source.open(newline="") as file:
        rows = csv.reader(file)
        next(rows)
        every = [(number, row, _utc(row[3])) for number, row in enumerate(rows, 2)]
    first: dict[tuple[str, str], str] = {}
    for _, row, start in every:
        if row[5] == "attended":
            who = row[1], row[9]
            first[who] = min(start, first.get(who, start))
    with (
        (out / "Appointment.ndjson").open("wb", 1 << 20) as appointments,
        (out / "ServiceRequest.ndjson").open("wb", 1 << 20) as requests,
        (out / "Provenance.ndjson").open("wb", 1 << 20) as provenances,
    ):
        sent: set[str] = set()
        for number, row, start in every:
            place = f"{source.name} row {number}"
            request = ""
            if row[11]:
                natural = ["referral", "urn:example:referral", row[11], "urn:example:patient"]
                natural.append(row[1])
                request = _key("bench", *natural)
                if request not in sent:
                    sent.add(request)
                    digest = _seal(_request(request, row), requests)
                    about = f"{request}-referral", "ServiceRequest", digest
                    _proof(provenances, request, about, _key(*natural), place)
            key = _key("bench", "visit", "urn:example:appointment", row[0])
            follows = first.get((row[1], row[9]), "~") < start
            body, said = _appointment(key, row, start, request, follows=follows)
            about = f"{key}-appointment", "Appointment", _seal(body, appointments)
            _proof(provenances, key, about, said, place)


def _appointment(
    key: str, row: list[str], start: str, request: str, *, follows: bool
) -> tuple[Json, str]:
    """An Appointment, its times in UTC, and the digest of what was said of the visit."""
    number, patient, clinician, begins, ends, word, off, by, reason, service, _, referral = row
    status, kind, rule = _BECAME[word]
    end, notice = _utc(ends), _utc(off) if off else ""
    which, since = ("follow-up", "attended-before") if follows else ("unknown", "history-too-short")
    told: Json = {
        "appointment": ("urn:example:appointment", number),
        "patient": ("urn:example:patient", patient),
        "clinician": ("urn:example:clinician", clinician),
        "start": (_full(begins), start),
        "end": (_full(ends), end),
        "status": word,
    }
    if off:
        told |= {"called_off": (_full(off), notice), "by": by}
    told |= {"reason": reason, "service": service, "modality": "in-person"}
    if referral:
        told["referral"] = ("urn:example:referral", referral)
    said = _key(_key(orjson.dumps(told).decode()), which, since)
    became = [_coded("kind", kind), _coded("rule", rule)]
    if off:
        became.append({"url": "notice", "valueDateTime": (notice, _full(off))})
    mode = {"system": f"{THO}/v3-ParticipationMode", "code": "FACE"}
    body: Json = {
        "resourceType": "Appointment",
        "meta": _META,
        "identifier": [
            {"system": SYSTEM, "value": f"{key}-appointment"},
            {"system": "urn:example:appointment", "value": number},
        ],
        "extension": [
            {"url": f"{_EXTENSION}/attendance", "extension": became},
            {
                "url": f"{_EXTENSION}/first-or-follow-up",
                "extension": [_coded("kind", which), _coded("rule", since)],
            },
            {"url": f"{_EXTENSION}/modality", "valueCodeableConcept": {"coding": [mode]}},
        ],
        "status": status,
    }
    if off:
        why = {"system": f"{THO}/appointment-cancellation-reason", "code": "pat"}
        body["cancelationReason"] = {"coding": [why]}
    body["serviceCategory"] = [{"coding": [{"system": f"{THO}/service-category", "code": "22"}]}]
    body["serviceType"] = [{"text": service}]
    if follows:
        body["appointmentType"] = _FOLLOW_UP
    body |= {
        "reasonCode": [{"text": reason}],
        "start": (start, _full(begins)),
        "end": (end, _full(ends)),
        "minutesDuration": _minutes(start, end),
    }
    if request:
        who = {"system": SYSTEM, "value": f"{request}-referral"}
        body["basedOn"] = [{"identifier": who, "type": "ServiceRequest"}]
    attender = {"system": f"{THO}/v3-ParticipationType", "code": "ATND"}
    body["participant"] = [
        {
            "actor": _person("Patient", patient),
            "required": "required",
            "status": "declined" if off else "accepted",
        },
        {
            "type": [{"coding": [attender]}],
            "actor": _person("Practitioner", clinician),
            "required": "required",
            "status": "accepted",
        },
    ]
    return body, said


def _request(key: str, row: list[str]) -> Json:
    return {
        "resourceType": "ServiceRequest",
        "meta": _META,
        "identifier": [
            {"system": SYSTEM, "value": f"{key}-referral"},
            {"system": "urn:example:referral", "value": row[11]},
        ],
        "status": "unknown",
        "intent": "order",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "3457005"}]},
        "subject": _person("Patient", row[1]),
    }


def _proof(file: IO[bytes], key: str, about: tuple[str, str, str], said: str, place: str) -> None:
    name, type_, digest = about
    tag = blake2b(f"create\n{name} {digest}".encode(), digest_size=8).hexdigest()
    what: Json = {
        "identifier": {"system": f"{BASE}/id/bench/source-digest", "value": f"blake2b:{said}"}
    }
    assembler = {"system": f"{THO}/provenance-participant-type", "code": "assembler"}
    software = {"identifier": {"system": SYSTEM, "value": "device-alliance-fhir"}, "type": "Device"}
    proof: Json = {
        "resourceType": "Provenance",
        "target": [{"identifier": {"system": SYSTEM, "value": name}, "type": type_}],
        "recorded": RECORDED,
        "activity": {"coding": [{"system": f"{THO}/v3-DataOperation", "code": "CREATE"}]},
        "agent": [{"type": {"coding": [assembler]}, "who": software}],
        "entity": [{"role": "source", "what": what}],
    }
    content = blake2b(orjson.dumps(proof, None, orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()
    what["display"] = place
    known_by = {"system": f"{BASE}/id/bench/provenance", "code": f"{key}-prov-{tag}"}
    meta = {**_META, "tag": [known_by]}
    sealed = {"url": f"{_EXTENSION}/content-digest", "valueString": content}
    whole = {"resourceType": "Provenance", "meta": meta, "extension": [sealed], **proof}
    file.write(orjson.dumps(whole) + b"\n")


def _seal(body: Json, file: IO[bytes]) -> str:
    """Digests a resource as it is in UTC, without its meta and its extensions sorted, seals it and
    writes it."""
    plain = {name: value for name, value in body.items() if name != "meta"}
    extensions = body.get("extension", [])
    if extensions:
        plain["start"], body["start"] = body["start"]
        plain["end"], body["end"] = body["end"]
        became = extensions[0]["extension"]
        if len(became) > 2:
            kind, rule, notice = became
            utc, local = notice["valueDateTime"]
            sort = [kind, {"url": "notice", "valueDateTime": utc}, rule]
            plain["extension"] = [{**extensions[0], "extension": sort}, *extensions[1:]]
            notice["valueDateTime"] = local
    text = orjson.dumps(plain, None, orjson.OPT_SORT_KEYS)
    digest = blake2b(text, digest_size=16).hexdigest()
    sealed = {"url": f"{_EXTENSION}/content-digest", "valueString": digest}
    body["extension"] = [*extensions, sealed]
    file.write(orjson.dumps(body) + b"\n")
    return digest


def _key(*parts: str) -> str:
    return blake2b(orjson.dumps(parts), digest_size=16).hexdigest()


def _utc(time: str) -> str:
    return datetime.fromisoformat(time).astimezone(UTC).isoformat()[:-6] + "Z"


def _full(time: str) -> str:
    return f"{time[:16]}:00{time[16:]}"


def _minutes(start: str, end: str) -> int:
    lasts = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return int(lasts.total_seconds()) // 60


def _coded(url: str, code: str) -> Json:
    return {"url": url, "valueCoding": {"system": _CODES, "code": code}}


def _person(type_: str, number: str) -> Json:
    return {
        "identifier": {"system": f"urn:example:{_SYSTEMS[type_]}", "value": number},
        "type": type_,
    }


_SYSTEMS = {"Patient": "patient", "Practitioner": "clinician"}
