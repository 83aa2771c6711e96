"""The run-time check refuses what is planted, and says where, but never what."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, get_args

import pytest
from making import ALL_VERSIONS, R4, R5, everything

from alliance_fhir.errors import MappingError
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.check import SAMPLE, Checker, Level
from alliance_fhir.fhir.group import Resource
from planting import GONE, LEAK, Fault, planted, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.fhir.versions import Json, Version

every_version = pytest.mark.parametrize("version", ALL_VERSIONS, ids=lambda v: v.label)


def _is_panel(body: Json) -> bool:
    return "hasMember" in body


def _has_mean(body: Json) -> bool:
    return "component" in body


def _is_absent(body: Json) -> bool:
    return "dataAbsentReason" in body


def _is_coded(body: Json) -> bool:
    return "answerOption" in body["item"][0]


def _anything(body: Json) -> bool:
    return bool(body)


def _is_alone(body: Json) -> bool:
    return _is_panel(body) and "derivedFrom" not in body


KINDS: dict[str, tuple[str, Callable[[Json], bool]]] = {
    "response": ("QuestionnaireResponse", _anything),
    "panel": ("Observation", _is_panel),
    "panel alone": ("Observation", _is_alone),
    "score": ("Observation", _has_mean),
    "no score": ("Observation", _is_absent),
    "Provenance": ("Provenance", _anything),
    "form": ("Questionnaire", _is_coded),
    "Device": ("Device", _anything),
}


@cache
def valid(kind: str, version: Version) -> Resource:
    """A resource as the mapping makes it."""
    type_, fits = KINDS[kind]
    return next(r for r in everything(version) if r.type == type_ and fits(r.body))


OTHER = {"system": "urn:example:mrn", "value": LEAK}
SOMEBODY = {"type": "Group", "identifier": OTHER}
PATIENT = {"type": "Patient", "identifier": OTHER}

# fmt: off
FAULTS = [
    # responses
    Fault("response", ("status",), LEAK),
    Fault("response", ("status",), "in-progress"),
    Fault("response", ("subject",), GONE),
    Fault("response", ("subject", "type"), "Group"),
    Fault("response", ("subject",), {"reference": f"Patient/{LEAK}"}, "subject.identifier"),
    Fault("response", ("subject", "identifier", "system"), LEAK),
    Fault("response", ("subject", "identifier", "value"), " "),
    Fault("response", ("source",), SOMEBODY, "source.type"),
    Fault("response", ("author",), {"display": LEAK}, "author.identifier"),
    Fault("response", ("authored",), "2026-03-02T14:10:00"),
    Fault("response", ("authored",), "02.03.2026"),
    Fault("response", ("authored",), "2026-13-02"),
    Fault("response", ("authored",), "1880-01-01T10:00:00-04:56:02"),
    Fault("response", ("questionnaire",), "https://alliance-fhir.github.io/ig/Questionnaire/x"),
    Fault("response", ("language",), "English, please"),
    Fault("response", ("item",), [], "item"),
    Fault("response", ("item", 0, "answer"), []),
    Fault("response", ("item", 0, "answer"), GONE),
    Fault("response", ("item", 0, "answer", 0), {"valueString": LEAK},
          "item.0.answer.0.valueString"),
    Fault("response", ("item", 0, "answer", 0), {"valueInteger": 1, "valueDecimal": 1},
          "item.0.answer.0.valueInteger"),
    Fault("response", ("item", 0, "answer", 0), {"valueInteger": 1.5},
          "item.0.answer.0.valueInteger"),
    Fault("response", ("item", 0, "answer", 0), {"valueDecimal": "1"},
          "item.0.answer.0.valueDecimal"),
    Fault("response", ("item", 0, "linkId"), ""),
    Fault("response", ("item", 0, "text"), LEAK),
    Fault("response", ("extension", 0, "url"), "https://example.invalid/x"),
    Fault("response", ("extension",), GONE),
    Fault("response", ("extension", -1, "valueString"), LEAK, "extension.4.valueString"),
    Fault("response", ("meta",), {}),
    Fault("response", ("meta", "security", 0), {"code": "R"}, "meta.security.0.system"),
    Fault("response", ("text",), {"status": "generated"}),
    Fault("response", ("comment",), LEAK),
    Fault("response", ("resourceType",), "Observation"),
    # scores
    Fault("score", ("status",), "preliminary"),
    Fault("score", ("category",), GONE),
    Fault("score", ("category", 0, "coding", 0, "code"), "vital-signs", "category.0.coding"),
    Fault("score", ("code", "coding", 0, "system"), "http://loinc.org", "code.coding"),
    Fault("score", ("code",), {"text": LEAK}, "code.coding"),
    Fault("score", ("subject",), SOMEBODY, "subject.type"),
    Fault("score", ("effectiveDateTime",), GONE),
    Fault("score", ("effectiveDateTime",), "2026-03-02T25:10:00Z"),
    Fault("score", ("valueQuantity", "value"), "12"),
    Fault("score", ("valueQuantity", "value"), None),
    Fault("score", ("valueQuantity", "unit"), GONE),
    Fault("score", ("valueQuantity", "system"), "urn:example:units"),
    Fault("score", ("valueQuantity", "comparator"), "<"),
    Fault("score", ("valueQuantity",), GONE, "dataAbsentReason"),
    Fault("score", ("valueString",), LEAK),
    Fault("score", ("dataAbsentReason",), {"coding": [el.NOT_PERFORMED]}),
    Fault("score", ("method",), GONE),
    Fault("score", ("derivedFrom", 0), PATIENT, "derivedFrom.0.type"),
    Fault("score", ("component", 0, "valueQuantity"), GONE),
    Fault("score", ("component",), []),
    Fault("score", ("performer",), [SOMEBODY], "performer.0.type"),
    Fault("score", ("identifier",), []),
    Fault("score", ("extension", 0, "valueCanonical"), f"Questionnaire/{LEAK}"),
    Fault("score", ("encounter",), {"display": LEAK}),
    Fault("no score", ("dataAbsentReason", "coding"), []),
    Fault("no score", ("dataAbsentReason", "coding", 0, "code"), "not performed \n"),
    Fault("no score", ("method",), GONE),
    Fault("panel", ("hasMember",), [], "hasMember"),
    Fault("panel", ("hasMember",), GONE),
    Fault("panel", ("hasMember", 0), PATIENT, "hasMember.0.type"),
    Fault("panel", ("valueQuantity",), {"value": 1, "unit": "x", "system": el.UCUM, "code": "1"}),
    Fault("panel", ("identifier", 0, "value"), GONE),
    Fault("panel alone", ("language",), "English, please"),
    Fault("panel alone", ("extension", 2, "valueCode"), LEAK, "extension.2.valueCode"),
    Fault("panel alone", ("extension", -2, "valueString"), " ", "extension.5.valueString"),
    # Provenance
    Fault("Provenance", ("target",), []),
    Fault("Provenance", ("target", 0), PATIENT, "target.0.type"),
    Fault("Provenance", ("recorded",), "2026-03-02"),
    Fault("Provenance", ("recorded",), GONE),
    Fault("Provenance", ("activity", "coding", 0, "code"), "DELETE", "activity.coding.0.code"),
    Fault("Provenance", ("agent",), []),
    Fault("Provenance", ("agent", 0, "who"), GONE),
    Fault("Provenance", ("agent", 0, "who"), SOMEBODY, "agent.0.who.type"),
    Fault("Provenance", ("agent", -1, "onBehalfOf"), PATIENT, "agent.1.onBehalfOf.type"),
    Fault("Provenance", ("entity", 0, "role"), "derivation"),
    Fault("Provenance", ("entity", 0, "what", "identifier", "value"), ""),
    Fault("Provenance", ("entity", 0, "what", "reference"), f"x/{LEAK}"),
    Fault("Provenance", ("meta", "tag"), GONE),
    Fault("Provenance", ("signature",), [{"data": LEAK}]),
    Fault("Provenance", ("extension", "+"), {"url": el.SESSION, "valuePositiveInt": 1},
          "extension"),
    # forms
    Fault("form", ("status",), "draft"),
    Fault("form", ("url",), LEAK),
    Fault("form", ("version",), "1"),
    Fault("form", ("name",), "a name"),
    Fault("form", ("copyright",), GONE),
    Fault("form", ("subjectType",), ["Group"], "subjectType.0"),
    Fault("form", ("code",), []),
    Fault("form", ("item",), [], "item"),
    Fault("form", ("item", 0, "type"), "open-choice"),
    Fault("form", ("item", 0, "type"), "string"),
    Fault("form", ("item", 0, "text"), ""),
    Fault("form", ("item", 0, "linkId"), GONE),
    Fault("form", ("item", 0, "answerOption"), []),
    Fault("form", ("item", 0, "answerOption", 0, "extension"), GONE),
    Fault("form", ("item", 0, "answerOption", 0, "valueString"), LEAK),
    Fault("form", ("item", -1, "extension", 0, "valueExpression", "language"), "text/cql",
          "item.3.extension.0.valueExpression.language"),
    Fault("form", ("derivedFrom",), ["wai-sr"], "derivedFrom.0"),
    # the software
    Fault("Device", ("identifier",), []),
    Fault("Device", ("version",), GONE),
    Fault("Device", ("version", 0, "value"), ""),
    Fault("Device", ("owner",), {"display": LEAK}),
    Fault("Device", ("extension",), [], "extension"),
    Fault("Device", ("extension", 0, "valueString"), "0123", "extension.0.valueString"),
]
# fmt: on


def with_fault(fault: Fault, version: Version) -> Resource:
    """The resource that the fault is in."""
    return planted(fault, valid(fault.kind, version))


@every_version
@pytest.mark.parametrize("fault", FAULTS, ids=attrgetter("id"))
def test_a_planted_fault_is_refused_and_named(fault: Fault, version: Version) -> None:
    wrong = with_fault(fault, version)
    assert refusal(wrong, version).startswith(f"{wrong.type}, {fault.named}: ")


@every_version
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_planted_passes(kind: str, version: Version) -> None:
    for level in get_args(Level):
        Checker(level, version).check([valid(kind, version)])


def test_each_kind_has_its_faults() -> None:
    assert {fault.kind for fault in FAULTS} == set(KINDS)


@pytest.mark.parametrize("kind", ["response", "form", "Device"])
@pytest.mark.parametrize(("ours", "other"), [(R4, R5), (R5, R4)], ids=["R5 in R4", "R4 in R5"])
def test_the_shape_of_another_version_is_refused(kind: str, ours: Version, other: Version) -> None:
    with pytest.raises(MappingError):
        Checker("schema", ours).check([valid(kind, other)])


def test_the_first_fault_stops_the_check() -> None:
    good, wrong = valid("score", R4), with_fault(FAULTS[0], R4)
    with pytest.raises(MappingError, match="QuestionnaireResponse"):
        Checker("schema", R4).check([good, wrong, good])


# What the schema lets through and the models do not.

MODEL_FAULTS = [
    Fault("score", ("effectiveDateTime",), "2026-02-30"),
    Fault("Provenance", ("recorded",), "2026-02-30T10:00:00Z"),
]


@pytest.mark.parametrize("fault", MODEL_FAULTS, ids=attrgetter("id"))
def test_the_models_refuse_what_the_schema_cannot_see(fault: Fault) -> None:
    wrong = with_fault(fault, R4)
    Checker("schema", R4).check([wrong])
    with pytest.raises(MappingError) as refused:
        Checker("models", R4).check([wrong])
    message = str(refused.value)
    assert message.startswith(f"{wrong.type}, {fault.path[0]}")
    assert "fhir.resources says" in message
    assert LEAK not in message
    assert "2026-02-30" not in message


@every_version
def test_the_models_take_all_that_we_make(version: Version) -> None:
    Checker("models", version).check(everything(version))


def test_the_sample_is_one_in_a_thousand() -> None:
    good, wrong = valid("score", R4), with_fault(MODEL_FAULTS[0], R4)
    with pytest.raises(MappingError):  # the first is looked at
        Checker("sample", R4).check([wrong])
    checker = Checker("sample", R4)
    checker.check([good])
    checker.check([wrong] * (SAMPLE - 1))
    with pytest.raises(MappingError, match=r"fhir\.resources"):
        checker.check([wrong])


def test_the_sample_holds_each_against_the_schema() -> None:
    checker = Checker("sample", R4)
    checker.check([valid("score", R4)])
    with pytest.raises(MappingError, match="schema"):
        checker.check([with_fault(FAULTS[0], R4)])


def test_without_checks_anything_passes() -> None:
    Checker("none", R4).check([with_fault(fault, R4) for fault in FAULTS + MODEL_FAULTS])


def test_decimals_are_numbers_to_every_check() -> None:
    body = {**valid("score", R4).body}
    body["valueQuantity"] = {**body["valueQuantity"], "value": Decimal("3.70")}
    exact = Resource("Observation", "x", body, "")
    for level in get_args(Level):
        Checker(level, R4).check([exact])
    assert b'"value":3.70' in exact.json()
