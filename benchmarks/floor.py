"""The floor: a script for one instrument and one layout that writes what `map` writes.

No checks, no duplicates found, no time zones, no missing answers, no second instrument: csv.reader,
dict literals, orjson. Its output is held against that of `map`, byte for byte.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

BASE = "https://alliance-fhir.github.io"
SYSTEM = f"{BASE}/id/bench/identifier"
CONCEPT = f"{BASE}/ig/CodeSystem/concept"
ANSWER = f"{BASE}/ig/CodeSystem/wai-sr-answer"
FORM = f"{BASE}/ig/Questionnaire/wai-sr-patient|1.0.0"
THO = "http://terminology.hl7.org/CodeSystem"
RECORDED = "2026-06-30T12:00:00Z"


def _exact(value: Any) -> Any:
    return orjson.Fragment(str(value))


def _plain(value: Any) -> Any:
    return orjson.Fragment(format(value.normalize(), "f"))


def _digest(form: dict[str, Any]) -> str:
    text = orjson.dumps(form, _plain, orjson.OPT_SORT_KEYS)
    return blake2b(text, digest_size=16).hexdigest()


def write(source: Path, out: Path) -> int:
    """Maps the file of `make_rows`; returns how many rows it had."""
    labels = [
        {"system": f"{THO}/v3-Confidentiality", "code": "R"},
        {"system": f"{THO}/v3-ActCode", "code": "MH"},
    ]
    patient_said = [*labels, {"system": f"{THO}/v3-ObservationValue", "code": "PATRPT"}]
    of_response, of_panel, of_score = (
        {"profile": [f"{BASE}/ig/StructureDefinition/alliance-{what}"], "security": patient_said}
        for what in ("response", "panel", "score")
    )
    of_proof = {
        "profile": [f"{BASE}/ig/StructureDefinition/alliance-provenance"],
        "security": labels,
    }
    count = 0
    with (
        source.open(newline="") as file,
        (out / "QuestionnaireResponse.ndjson").open("wb", 1 << 20) as responses,
        (out / "Observation.ndjson").open("wb", 1 << 20) as observations,
        (out / "Provenance.ndjson").open("wb", 1 << 20) as provenances,
    ):
        rows = csv.reader(file)
        next(rows)
        for number, row in enumerate(rows, 2):
            count += 1
            patient, clinician, instrument, rater, at, session, *items = row
            p_system, p_value = patient.split("|")
            c_system, c_value = clinician.split("|")
            utc = datetime.fromisoformat(at).astimezone(UTC).isoformat()[:-6] + "Z"
            natural = [
                "bench",
                "assessment",
                p_system,
                p_value,
                c_system,
                c_value,
                instrument,
                "",
                rater,
                "",
                "",
                utc,
                session,
            ]
            key = blake2b(orjson.dumps(natural), digest_size=16).hexdigest()
            v = [int(item) for item in items]
            scores = (
                ("total", sum(v), 12),
                ("goal", v[3] + v[5] + v[7] + v[10], 4),
                ("task", v[0] + v[1] + v[9] + v[11], 4),
                ("bond", v[2] + v[4] + v[6] + v[8], 4),
            )
            subject = {"identifier": {"system": p_system, "value": p_value}, "type": "Patient"}
            about = [
                {
                    "url": f"{BASE}/ig/StructureDefinition/rated-clinician",
                    "valueReference": {
                        "identifier": {"system": c_system, "value": c_value},
                        "type": "Practitioner",
                    },
                },
                {
                    "url": f"{BASE}/ig/StructureDefinition/session-number",
                    "valuePositiveInt": int(session),
                },
            ]
            response: dict[str, Any] = {
                "resourceType": "QuestionnaireResponse",
                "meta": of_response,
                "extension": about,
                "identifier": {"system": SYSTEM, "value": f"{key}-qr"},
                "questionnaire": FORM,
                "status": "completed",
                "subject": subject,
                "authored": utc,
                "source": subject,
                "item": [
                    {
                        "linkId": f"item_{n}",
                        "answer": [{"valueCoding": {"system": ANSWER, "code": item}}],
                    }
                    for n, item in enumerate(items, 1)
                ]
                + [
                    {"linkId": name, "answer": [{"valueDecimal": value}]}
                    for name, value, _ in scores
                ],
            }
            done = [
                (f"{key}-qr", "QuestionnaireResponse", _finish(response, responses, "authored", at))
            ]
            derived = [
                {
                    "identifier": {"system": SYSTEM, "value": f"{key}-qr"},
                    "type": "QuestionnaireResponse",
                }
            ]
            adheres = {
                "url": "http://hl7.org/fhir/StructureDefinition/workflow-adheresTo",
                "valueCanonical": FORM,
            }
            panel: dict[str, Any] = {
                "resourceType": "Observation",
                "meta": of_panel,
                "extension": [adheres, *about],
                "identifier": [{"system": SYSTEM, "value": f"{key}-panel"}],
                "status": "final",
                "category": [
                    {"coding": [{"system": f"{THO}/observation-category", "code": "survey"}]}
                ],
                "code": {"coding": [{"system": CONCEPT, "code": "wai-sr-panel-patient"}]},
                "subject": subject,
                "effectiveDateTime": utc,
                "derivedFrom": derived,
                "hasMember": [
                    {
                        "identifier": {"system": SYSTEM, "value": f"{key}-{name}"},
                        "type": "Observation",
                    }
                    for name, _, _ in scores
                ],
            }
            digest = _finish(panel, observations, "effectiveDateTime", at)
            done.append((f"{key}-panel", "Observation", digest))
            for name, value, size in scores:
                mean = (Decimal(value) / size).quantize(Decimal("0.01"), ROUND_HALF_UP)
                unit = {"unit": "score", "system": "http://unitsofmeasure.org", "code": "{score}"}
                score: dict[str, Any] = {
                    "resourceType": "Observation",
                    "meta": of_score,
                    "extension": [adheres],
                    "identifier": [{"system": SYSTEM, "value": f"{key}-{name}"}],
                    "status": "final",
                    "category": [
                        {"coding": [{"system": f"{THO}/observation-category", "code": "survey"}]}
                    ],
                    "code": {"coding": [{"system": CONCEPT, "code": f"wai-sr-{name}-patient"}]},
                    "subject": subject,
                    "effectiveDateTime": utc,
                    "derivedFrom": derived,
                    "method": {
                        "coding": [{"system": CONCEPT, "code": "sum-complete-cases"}],
                        "text": "sum of item weights, complete cases, wai-sr scoring 1.0.0",
                    },
                    "valueQuantity": {"value": value, **unit},
                    "component": [
                        {
                            "code": {
                                "coding": [
                                    {"system": CONCEPT, "code": f"wai-sr-{name}-mean-patient"}
                                ]
                            },
                            "valueQuantity": {"value": mean, **unit},
                        }
                    ],
                }
                digest = _finish(score, observations, "effectiveDateTime", at)
                done.append((f"{key}-{name}", "Observation", digest))
            text = "create\n" + "\n".join(f"{name} {digest}" for name, _, digest in done)
            tag = blake2b(text.encode(), digest_size=8).hexdigest()
            content = blake2b("\x1f".join(row).encode(), digest_size=16).hexdigest()
            what: dict[str, Any] = {
                "identifier": {
                    "system": f"{BASE}/id/bench/source-digest",
                    "value": f"blake2b:{content}",
                }
            }
            participant = f"{THO}/provenance-participant-type"
            proof: dict[str, Any] = {
                "resourceType": "Provenance",
                "target": [
                    {"identifier": {"system": SYSTEM, "value": name}, "type": type_}
                    for name, type_, _ in done
                ],
                "recorded": RECORDED,
                "activity": {"coding": [{"system": f"{THO}/v3-DataOperation", "code": "CREATE"}]},
                "agent": [
                    {
                        "type": {"coding": [{"system": participant, "code": "author"}]},
                        "who": subject,
                    },
                    {
                        "type": {"coding": [{"system": participant, "code": "assembler"}]},
                        "who": {
                            "identifier": {"system": SYSTEM, "value": "device-alliance-fhir"},
                            "type": "Device",
                        },
                    },
                ],
                "entity": [{"role": "source", "what": what}],
            }
            digest = _digest(proof)
            what["display"] = f"{source.name} row {number}"
            known_by = {"system": f"{BASE}/id/bench/provenance", "code": f"{key}-prov-{tag}"}
            whole = {
                "resourceType": "Provenance",
                "meta": {**of_proof, "tag": [known_by]},
                "extension": [_seal(digest)],
                **proof,
            }
            provenances.write(orjson.dumps(whole) + b"\n")
    return count


def _seal(digest: str) -> dict[str, str]:
    return {"url": f"{BASE}/ig/StructureDefinition/content-digest", "valueString": digest}


def _finish(body: dict[str, Any], file: Any, time: str, at: str) -> str:
    """Digests a resource (its time in UTC, without its meta), seals it and writes it."""
    digest = _digest({key: value for key, value in body.items() if key != "meta"})
    body[time] = at
    body["extension"] = [*body["extension"], _seal(digest)]
    file.write(orjson.dumps(body, _exact) + b"\n")
    return digest
