"""Our extensions: what each says, where it stands, and its definition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

import orjson

from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.plan import REQUESTS
from alliance_fhir.fhir.plan import TYPES as PLAN_TYPES
from alliance_fhir.fhir.versions import Json

_SCORED = ("Observation", "QuestionnaireResponse")
_PARTIES = ("Patient", "Practitioner", "RelatedPerson")


class Part(NamedTuple):
    """A part of an extension that has no value of its own."""

    about: str
    type: str
    targets: tuple[str, ...] = ()
    required: bool = False


class Extension(NamedTuple):
    """What one of our extensions says, of what type, and where it stands: on types of resources, or
    within other extensions, by their URLs. One of many parts has no type."""

    title: str
    about: str
    type: str = ""
    contexts: Iterable[str] = _SCORED
    targets: tuple[str, ...] = ()
    parts: Mapping[str, Part] = MappingProxyType({})
    repeats: bool = False


_SAID = {
    "on": Part("The day on which it was said.", "date"),
    "digest": Part("The digest of the words to which it was said.", "string"),
    "withdrawn": Part(
        "True where an agreement to these words was taken back, which is no disagreement.",
        "boolean",
    ),
    "earlier": Part(
        "What the party said last to other words, where it has said nothing to these: agree, "
        "disagree or withdrawn.",
        "code",
    ),
    "earlier-on": Part("The day on which that was said.", "date"),
}
"""What FHIR's own goal-acceptance has no place for."""


def extensions() -> dict[str, Extension]:
    """All of them, by their canonicals."""
    return {
        el.CONTENT_DIGEST: Extension(
            "Content digest",
            "The digest of the resource's content as alliance-fhir wrote it. Content that no "
            "longer fits it was edited by somebody else.",
            "string",
            _our_types(),
        ),
        el.CLINICIAN: Extension(
            "Rated clinician",
            "The clinician whose relationship with the patient is rated, whoever does the rating.",
            "Reference",
            targets=("Practitioner", "PractitionerRole"),
        ),
        el.APPOINTMENT: Extension(
            "Appointment",
            "The appointment after which, or at which, the rating was made.",
            "Reference",
            targets=("Appointment",),
        ),
        el.SESSION: Extension(
            "Session number",
            "Which session of a treatment the rating is about; the first is 1.",
            "positiveInt",
        ),
        el.RECORD: Extension(
            "Source record",
            "The id that the source itself has given to the record.",
            "string",
            ("CarePlan", *_SCORED),
        ),
        el.RATER: Extension(
            "Rater",
            "Who answered, where scores came without a response that says so, and it is neither "
            "the patient nor the rated clinician.",
            "Reference",
            ("Observation",),
            targets=("Patient", "Practitioner", "PractitionerRole", "RelatedPerson"),
        ),
        el.MODE: Extension(
            "Mode",
            "How the answers were given, where scores came without a response that says so: "
            f"{', '.join(el.MODES)}.",
            "code",
            ("Observation",),
        ),
        **_of_visits(),
        **_of_measures(),
        **_of_plans(),
    }


def _of_visits() -> dict[str, Extension]:
    rule = Part("By which rule that is known, a code of ours.", "Coding", required=True)
    return {
        el.ATTENDANCE: Extension(
            "Attendance",
            "What became of a visit: so that a no-show is told from a cancellation, and a late "
            "cancellation from one in time, whatever the status says.",
            contexts=("Appointment",),
            parts={
                "kind": Part("What became of it, a code of ours.", "Coding", required=True),
                "rule": rule,
                "notice": Part("When notice was given: a time, or a day.", "dateTime"),
                "status-code": Part("How the source itself says how it stands.", "Coding"),
                "event-reason": Part("Why the source says it stands so.", "CodeableConcept"),
            },
        ),
        el.FIRST_OR_FOLLOW_UP: Extension(
            "First or follow-up visit",
            "Whether a visit is the patient's first to a service, of those that were attended.",
            contexts=("Appointment",),
            parts={
                "kind": Part("Which it is, a code of ours.", "Coding", required=True),
                "rule": rule,
            },
        ),
        el.MISSED_BEFORE: Extension(
            "Missed before",
            "When a visit was to begin that was missed, and then booked for another time: once for "
            "each such time, of those from which it was rescheduled.",
            "dateTime",
            ("Appointment",),
            repeats=True,
        ),
        el.MODALITY: Extension(
            "Modality",
            "How patient and clinician were to meet.",
            "CodeableConcept",
            ("Appointment",),
        ),
        el.RESCHEDULED_FROM: Extension(
            "Rescheduled from",
            "When a visit was to begin before it was moved to another time: once for each such "
            "time, from the first to the last.",
            "dateTime",
            ("Appointment",),
            repeats=True,
        ),
    }


def _of_measures() -> dict[str, Extension]:
    return {
        el.SCORE_INTERVAL: Extension(
            "Score interval",
            "The interval of a proportion, and how many patients stand behind it: what is counted "
            "of one patient is not independent.",
            contexts=("Quantity",),
            parts={
                "level": Part("Of how many per cent it is.", "decimal", required=True),
                "method": Part("How it was found.", "CodeableConcept", required=True),
                "low": Part("Its lower end, from 0 to 1.", "decimal", required=True),
                "high": Part("Its upper end, from 0 to 1.", "decimal", required=True),
                "patients": Part("How many patients there are.", "integer", required=True),
            },
        ),
    }


def _of_plans() -> dict[str, Extension]:
    return {
        el.PLAN_VERSION: Extension(
            "Plan version",
            "Which version of a shared plan this is, as its document counts them; the first is 1.",
            "positiveInt",
            ("CarePlan",),
        ),
        el.PLAN_WRITTEN: Extension(
            "Plan written",
            "When this version of a shared plan was written, as its document says: a day or "
            "a time. CarePlan.created says when the first was.",
            "dateTime",
            ("CarePlan",),
        ),
        el.KEPT_BY_OTHERS: Extension(
            "Kept by others",
            "A goal or a request that belongs to a shared plan, is not of it, and stays as others "
            "have it: where it is.",
            "url",
            ("Reference",),
        ),
        el.AGREEMENT: Extension(
            "Agreement",
            "Where a party stands on the words of a task of a shared plan.",
            contexts=REQUESTS,
            parts={
                "individual": Part("Who.", "Reference", _PARTIES, required=True),
                "status": Part(
                    "As in goal-acceptance: agree, disagree or pending.", "code", required=True
                ),
                **_SAID,
            },
            repeats=True,
        ),
        el.AGREEMENT_TO: Extension(
            "Agreement to words",
            "When, and to which words of a goal, a party said what goal-acceptance says of it.",
            contexts=(el.GOAL_ACCEPTANCE,),
            parts=_SAID,
        ),
    }


@cache
def _our_types() -> tuple[str, ...]:
    """The types of all resources that we write: those that the run-time check knows, and plans."""
    schema = orjson.loads((files("alliance_fhir.fhir") / "schema.json").read_bytes())
    checked = {name.partition("-")[0] for name in schema["$defs"] if name[0].isupper()}
    return tuple(sorted(checked.union(PLAN_TYPES)))


def structure(url: str, what: Extension) -> Json:
    """What a StructureDefinition says of the extension, beside what all definitions say."""
    told = [_whole(what), *(_parts(url, what) if what.parts else _value(url, what))]
    elements = [{**one, "path": re.sub(r":[^.]+", "", one["id"])} for one in told]
    return {
        "kind": "complex-type",
        "abstract": False,
        "context": [
            {"type": "extension" if "://" in name else "element", "expression": name}
            for name in what.contexts
        ],
        "type": "Extension",
        "baseDefinition": f"{el.SD}/Extension",
        "derivation": "constraint",
        "differential": {"element": elements},
    }


def _whole(what: Extension) -> Json:
    most = "*" if what.repeats else "1"
    return {"id": "Extension", "min": 0, "max": most, "short": what.title, "definition": what.about}


def _value(url: str, what: Extension) -> Iterator[Json]:
    yield {"id": "Extension.extension", "max": "0"}
    yield {"id": "Extension.url", "fixedUri": url}
    yield {"id": "Extension.value[x]", "min": 1, "type": [_type(what.type, what.targets)]}


def _parts(url: str, what: Extension) -> Iterator[Json]:
    slicing = {"discriminator": [{"type": "value", "path": "url"}], "rules": "closed"}
    needed = sum(part.required for part in what.parts.values())
    yield {"id": "Extension.extension", "min": max(needed, 1), "slicing": slicing}
    for name, part in what.parts.items():
        slice_: Json = {"sliceName": name, "min": int(part.required), "max": "1"}
        at = f"Extension.extension:{name}"
        yield {"id": at, **slice_, "short": part.about, "definition": part.about}
        yield {"id": f"{at}.extension", "max": "0"}
        yield {"id": f"{at}.url", "fixedUri": name}
        yield {"id": f"{at}.value[x]", "min": 1, "type": [_type(part.type, part.targets)]}
    yield {"id": "Extension.url", "fixedUri": url}
    yield {"id": "Extension.value[x]", "max": "0"}


def _type(code: str, targets: Iterable[str]) -> Json:
    profiles = [f"{el.SD}/{target}" for target in targets]
    return {"code": code, **({"targetProfile": profiles} if profiles else {})}
