"""What must come out of the example clinic: every resource, whole, made by other code than ours.

The oracle shares nothing with the package, not one line and not one data file: it reads the
examples (oracle_rows), scores them (oracle_scores), and builds here what docs/ and profiles/ say
that FHIR resources of ours look like, with their keys and their content digests. What follows from
the words of a specification is said beside it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple, cast

from .oracle_rows import Clinic, Record, Rejected, Who
from .oracle_scores import INSTRUMENTS, Score, imported, scores

Json = dict[str, Any]
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:]+(Z|[+-]\d\d:\d\d)", re.ASCII)

IG = "https://alliance-fhir.github.io/ig"
THO = "http://terminology.hl7.org/CodeSystem"
HL7 = "http://hl7.org/fhir/StructureDefinition"
DIGEST = f"{IG}/StructureDefinition/content-digest"
TEST = {"system": f"{THO}/v3-ActReason", "code": "HTEST"}

RATER = {"patient": "Patient", "caregiver": "RelatedPerson"}  # all others: Practitioner
REPORTED = {"patient": "PATRPT", "caregiver": "PACQRPT"}  # all others: CLINRPT
MODE = {
    "electronic": "ELECTRONIC",
    "paper": "WRITTEN",
    "face-to-face": "VERBAL",
    "phone": "VERBAL",
    "video": "VERBAL",
}


class Expected(NamedTuple):
    """All that must come out: resources in the order of the files, and rows that give none."""

    resources: list[Json]
    rejected: list[Rejected]
    records: list[Record]
    source: str


def expect(folder: Path, release: str, recorded: str) -> Expected:
    """What must come out of a folder for a release of FHIR: R4, R4B or R5."""
    clinic = Clinic(folder)
    told = clinic.read()
    writer = _Writer(clinic.site, release, recorded)
    records = [each for each in told if isinstance(each, Record)]
    return Expected(
        resources=[resource for record in records for resource in writer.group(record)],
        rejected=[each for each in told if isinstance(each, Rejected)],
        records=records,
        source=clinic.site["source"],
    )


def business_key(source: str, record: Record) -> str:
    """BLAKE2b over the source's name and what makes this record this record."""
    natural: list[str] = ["record", record.record_id]
    if not record.record_id:
        natural = [
            "assessment",
            *record.patient,
            *(record.clinician or ("", "")),
            record.instrument,
            record.language,
            record.rater,
            *(record.rater_id or ("", "")),
            record.utc,
            str(record.session or ""),
        ]
    text = json.dumps([source, *natural], ensure_ascii=False, separators=(",", ":"))
    return hashed(text)


class _Writer:
    """Builds what one site's records must become."""

    def __init__(self, site: Json, release: str, recorded: str) -> None:
        self._source: str = site["source"]
        self._organization = logical("Organization", Who(*site["organization"].split("|")))
        self._root = f"https://alliance-fhir.github.io/id/{self._source}"
        self._release = release
        self._recorded = recorded
        assert site["synthetic"]
        assert "base" not in site

    def group(self, record: Record) -> list[Json]:
        """The resources of one record: the response, the panel, its members, the Provenance."""
        key = business_key(self._source, record)
        told = scores(record.instrument, record.answers)
        response = [self._response(key, record, told)]
        if not record.answers:
            told, response = imported(record.instrument, record.imported), []
        made = [
            *response,
            self._panel(key, record, told),
            *(self._member(key, record, score) for score in told),
        ]
        made = [seal(each) for each in made]
        return [*made, self._provenance(key, record, made)]

    def _id(self, name: str) -> Json:
        return {"system": f"{self._root}/identifier", "value": name}

    def _ours(self, type_: str, name: str) -> Json:
        return {"type": type_, "identifier": self._id(name)}

    def _response(self, key: str, record: Record, told: list[Score]) -> Json:
        identifier = self._id(f"{key}-qr")
        items = [
            {"linkId": f"item_{n}", "answer": [_answer(record.instrument, n, record.answers[n])]}
            for n in sorted(record.answers)
        ]
        items += [
            {"linkId": score.id, "answer": [{"valueDecimal": score.value}]}
            for score in told
            if score.value is not None
        ]
        extensions = _about(record)
        if record.mode:
            coding = {"system": f"{THO}/v3-ParticipationMode", "code": MODE[record.mode]}
            url = f"{HL7}/questionnaireresponse-completionMode"
            mode = {"coding": [coding], "text": record.mode}
            extensions.insert(0, {"url": url, "valueCodeableConcept": mode})
        response: Json = {
            "resourceType": "QuestionnaireResponse",
            "meta": labels(record.rater, self._release, "alliance-response"),
            "extension": extensions,
            "identifier": [identifier] if self._release == "R5" else identifier,
            "questionnaire": _questionnaire(record),
            "status": "completed",
            "subject": logical("Patient", record.patient),
            "authored": record.time,
            "item": items,
        }
        if record.language:
            response["language"] = record.language
        if who := _answered_by(record):
            response["source"] = who
            if record.mode == "electronic":  # and so wrote it down as well
                response["author"] = who
        return response

    def _observation(self, key: str, record: Record, name: str) -> Json:
        """What panel and members have in common."""
        survey = {"system": f"{THO}/observation-category", "code": "survey"}
        profile = "alliance-panel" if name == "panel" else "alliance-score"
        common: Json = {
            "resourceType": "Observation",
            "meta": labels(record.rater, self._release, profile),
            "extension": [
                {"url": f"{HL7}/workflow-adheresTo", "valueCanonical": _questionnaire(record)}
            ],
            "identifier": [self._id(f"{key}-{name}")],
            "status": "final",
            "category": [{"coding": [survey]}],
            "code": concept(f"{record.instrument}-{name}-{record.rater}"),
            "subject": logical("Patient", record.patient),
            "effectiveDateTime": record.time,
        }
        if record.answers:
            common["derivedFrom"] = [self._ours("QuestionnaireResponse", f"{key}-qr")]
        return common

    def _panel(self, key: str, record: Record, told: list[Score]) -> Json:
        panel = self._observation(key, record, "panel")
        panel["extension"] += _about(record)
        if record.language and not record.answers:
            panel["language"] = record.language
        panel["hasMember"] = [self._ours("Observation", f"{key}-{score.id}") for score in told]
        return panel

    def _member(self, key: str, record: Record, score: Score) -> Json:
        member = self._observation(key, record, score.id)
        member["method"] = {**concept(score.method), "text": score.text}
        code = INSTRUMENTS[record.instrument].unit
        shown = code.removeprefix("{").removesuffix("}")
        unit = {"unit": shown, "system": "http://unitsofmeasure.org", "code": code}
        if score.value is None:
            coding = {"system": f"{THO}/data-absent-reason", "code": "not-performed"}
            member["dataAbsentReason"] = {"coding": [coding], "text": score.absent}
        else:
            member["valueQuantity"] = {"value": score.value, **unit}
        if score.mean is not None:
            name = f"{record.instrument}-{score.id}-mean-{record.rater}"
            quantity = {"value": score.mean, **unit}
            member["component"] = [{"code": concept(name), "valueQuantity": quantity}]
        return member

    def _provenance(self, key: str, record: Record, made: list[Json]) -> Json:
        """Who, with what, from which row. Its key holds what it is about: keys and contents."""
        names = [identifier_of(each) for each in made]
        about = "\n".join(
            ["create", *(f"{n} {claimed(each)}" for n, each in zip(names, made, strict=True))]
        )
        code = f"{key}-prov-{hashed(about, 8)}"
        software = self._ours("Device", "device-alliance-fhir")
        agents: list[Json] = [agent("assembler", software, self._organization)]
        if who := _answered_by(record):
            behalf = self._organization if who["type"] == "Practitioner" else None
            agents.insert(0, agent("author", who, behalf))
        source = {
            "system": f"{self._root}/source-digest",
            "value": f"blake2b:{record.cells_digest}",
        }
        meta = labels("", self._release, "alliance-provenance")
        meta["tag"].append({"system": f"{self._root}/provenance", "code": code})
        activity = {"system": f"{THO}/v3-DataOperation", "code": "CREATE"}
        what = {"identifier": source, "display": f"{record.file} row {record.row}"}
        return seal(
            {
                "resourceType": "Provenance",
                "meta": meta,
                "extension": [],
                "target": [
                    self._ours(each["resourceType"], name)
                    for each, name in zip(made, names, strict=True)
                ],
                "recorded": self._recorded,
                "activity": {"coding": [activity]},
                "agent": agents,
                "entity": [{"role": "source", "what": what}],
            }
        )


def labels(rater: str, release: str, *profiles: str) -> Json:
    """The meta of a resource: the profiles are of R4, and are claimed there alone."""
    security = [
        {"system": f"{THO}/v3-Confidentiality", "code": "R"},
        {"system": f"{THO}/v3-ActCode", "code": "MH"},
    ]
    if rater:
        code = REPORTED.get(rater, "CLINRPT")
        security.append({"system": f"{THO}/v3-ObservationValue", "code": code})
    told = {"security": [*security, TEST], "tag": [TEST]}
    if release == "R4" and profiles:
        told["profile"] = [f"{IG}/StructureDefinition/{profile}" for profile in profiles]
    return told


def logical(type_: str, who: Who) -> Json:
    return {"type": type_, "identifier": {"system": who.system, "value": who.value}}


def concept(code: str) -> Json:
    return {"coding": [{"system": f"{IG}/CodeSystem/concept", "code": code}]}


def _questionnaire(record: Record) -> str:
    return f"{IG}/Questionnaire/{record.instrument}-{record.rater}|1.0.0"


def _answered_by(record: Record) -> Json | None:
    """The rater named in the row, or else the row's patient or clinician, where they rated."""
    who = {"patient": record.patient, "therapist": record.clinician}.get(record.rater)
    who = record.rater_id or who
    return logical(RATER.get(record.rater, "Practitioner"), who) if who else None


def _about(record: Record) -> list[Json]:
    """Our extensions on what is said of a visit, in the order of their urls."""
    root = f"{IG}/StructureDefinition"
    about: list[Json] = []
    if record.appointment:
        visit = logical("Appointment", record.appointment)
        about.append({"url": f"{root}/appointment", "valueReference": visit})
    if record.mode and not record.answers:
        about.append({"url": f"{root}/mode", "valueCode": record.mode})
    if record.clinician:
        rated = logical("Practitioner", record.clinician)
        about.append({"url": f"{root}/rated-clinician", "valueReference": rated})
    if record.rater_id and not record.answers:
        rater = logical(RATER.get(record.rater, "Practitioner"), record.rater_id)
        about.append({"url": f"{root}/rater", "valueReference": rater})
    if record.session:
        about.append({"url": f"{root}/session-number", "valuePositiveInt": record.session})
    if record.record_id:
        about.append({"url": f"{root}/source-record", "valueString": record.record_id})
    return about


def _answer(name: str, number: int, answer: str) -> Json:
    instrument = INSTRUMENTS[name]
    if number in instrument.codes:
        return {"valueCoding": {"system": f"{IG}/CodeSystem/{name}-answer", "code": answer}}
    kind = "valueInteger" if number in instrument.whole else "valueDecimal"
    return {kind: Decimal(answer)}


def agent(role: str, who: Json, behalf: Json | None) -> Json:
    coding = {"system": f"{THO}/provenance-participant-type", "code": role}
    told: Json = {"type": {"coding": [coding]}, "who": who}
    if behalf:
        told["onBehalfOf"] = behalf
    return told


def identifier_of(resource: Json) -> str:
    identifier = resource["identifier"]
    return str((identifier[0] if isinstance(identifier, list) else identifier)["value"])


def seal(resource: Json) -> Json:
    """The resource with the digest of its content as its last extension."""
    extension = {"url": DIGEST, "valueString": content_digest(resource)}
    return {**resource, "extension": [*resource["extension"], extension]}


def claimed(resource: Json) -> str:
    """The digest that a resource carries."""
    found = [e["valueString"] for e in resource["extension"] if e["url"] == DIGEST]
    assert len(found) == 1
    return str(found[0])


def content_digest(resource: Json) -> str:
    """BLAKE2b over the canonical form; see `_canonical` for what that is."""
    form = {
        key: value
        for key, value in resource.items()
        if key not in ("id", "meta", "text", "implicitRules")
    }
    form["extension"] = [e for e in form.get("extension", []) if e["url"] != DIGEST]
    if not form["extension"]:
        del form["extension"]
    return hashed(text_of(_canonical(form)))


def _canonical(value: Any, key: str = "") -> Any:
    """References by identifier keep that and their type, extensions are sorted, times in UTC."""
    if isinstance(value, str):
        return _in_utc(value) if _TIME.fullmatch(value) else value
    if isinstance(value, dict):
        element = cast("Json", value)
        if isinstance(element.get("identifier"), dict) and "resourceType" not in element:
            element = {k: v for k, v in element.items() if k in ("identifier", "type")}
        return {name: _canonical(each, name) for name, each in element.items()}
    if isinstance(value, list):
        entries = [_canonical(each) for each in cast("list[Any]", value)]
        if key == "extension":
            entries.sort(key=lambda entry: (entry["url"], text_of(entry)))
        return entries
    if isinstance(value, Decimal):
        text = format(value, "f")
        return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)
    return value


def _in_utc(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def text_of(value: Any) -> str:
    """Compact JSON, keys sorted, decimals with the digits that they have."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, dict):
        pairs = sorted(cast("Json", value).items())
        return "{" + ",".join([f"{_quoted(key)}:{text_of(each)}" for key, each in pairs]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([text_of(each) for each in cast("list[Any]", value)]) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    return json.dumps(value)


@lru_cache(maxsize=10_000)
def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def parse(line: str | bytes) -> Json:
    """A resource whose numbers keep their digits."""
    return json.loads(line, parse_float=Decimal)


def differences(expected: Iterable[Json], found: Iterable[Json]) -> list[str]:
    """Names of resources that are missing, too many, or not equal to the last digit, with the
    elements that are not."""
    wanted = {name_of(resource): resource for resource in expected}
    come: Counter[str] = Counter()
    told: list[str] = []
    for resource in found:
        name = name_of(resource)
        come[name] += 1
        if name not in wanted:
            told.append(f"{name}: not expected")
        elif other := _unequal(resource, wanted[name]):
            told.append(f"{name}: differs in {', '.join(other)}")
    told += [f"{name}: missing" for name in wanted if name not in come]
    return told + [f"{name}: came {times} times" for name, times in come.items() if times > 1]


def _unequal(one: Json, other: Json) -> list[str]:
    if text_of(one) == text_of(other):
        return []
    return [e for e in {**one, **other} if text_of(one.get(e)) != text_of(other.get(e))]


def name_of(resource: Json) -> str:
    """A resource's type and its own name: its identifier, or the tag of a Provenance."""
    if resource["resourceType"] == "Provenance":
        return f"Provenance {resource['meta']['tag'][-1]['code']}"
    return f"{resource['resourceType']} {identifier_of(resource)}"


def hashed(text: str, size: int = 16) -> str:
    return blake2b(text.encode(), digest_size=size).hexdigest()
