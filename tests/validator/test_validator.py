"""The harness tells good from bad: valid cases pass, each mutant is refused where it is wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from . import DefinitionBroken, ToolMissing, Validator, errors, packages

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = Path(__file__).parent / "cases"
FOLDERS = {"4.0.1": "r4", "4.3.0": "r4", "5.0.0": "r5"}  # R4B has the shape of R4
NAMES = sorted(file.stem for file in (CASES / "valid" / "r4").iterdir())

SD = "http://hl7.org/fhir/StructureDefinition"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition"
OURS = "https://alliance-fhir.invalid"
GONE = object()


def valid(version: str, name: str) -> dict[str, Any]:
    """A valid case in this version's shape, by its file's name."""
    return json.loads((CASES / "valid" / FOLDERS[version] / f"{name}.json").read_text())


@pytest.fixture
def validator(request: pytest.FixtureRequest) -> Callable[[str], Validator]:
    """The session's validator of a version, which knows the definitions of the cases too."""

    def get(version: str) -> Validator:
        fixture = {"4.0.1": "validator_r4", "4.3.0": "validator_r4b", "5.0.0": "validator_r5"}
        ready: Validator = request.getfixturevalue(fixture[version])
        ready.define(CASES / "definitions")
        ready.define(CASES / "valid" / FOLDERS[version] / "Questionnaire.json")
        return ready

    return get


@pytest.mark.server
@pytest.mark.parametrize("version", FOLDERS)
def test_the_valid_cases_pass(validator: Callable[[str], Validator], version: str) -> None:
    cases = [valid(version, name) for name in NAMES]
    found = validator(version).validate_many(cases)
    assert {name: errors(issues) for name, issues in zip(NAMES, found, strict=True)} == {
        name: [] for name in NAMES
    }


@dataclass(frozen=True)
class Mutant:
    """A valid case with one element changed, and what the validator must say about it."""

    name: str
    case: str
    path: tuple[str | int, ...]  # the element that is changed
    value: Any  # its new value, or GONE
    location: str  # where the error is
    rule: str  # how the error's id ends; HAPI's JSON parser gives none
    versions: tuple[str, ...] = ("4.0.1", "5.0.0")

    def resource(self, version: str) -> dict[str, Any]:
        """The changed case."""
        resource = valid(version, self.case)
        *way, last = self.path
        parent: Any = resource
        for step in way:
            parent = parent[step]
        if self.value is GONE:
            del parent[last]
        elif isinstance(parent, list) and last == len(parent):
            parent.append(self.value)
        else:
            parent[last] = self.value
        return resource


def answer(system: str, code: str) -> dict[str, Any]:
    return {"valueCoding": {"system": f"{OURS}/CodeSystem/{system}", "code": code}}


MINIMUM = "Validation_VAL_Profile_Minimum"
BINDING = "Terminology_TX_NoValid_16"
TERMINOLOGY = "Terminology_PassThrough_TX_Message"
CONTEXT = "Extension_EXTP_Context_Wrong"
TARGET = "Reference_REF_BadTargetType2"

# fmt: off
MUTANTS = [
    # what must be there
    Mutant("no status", "Observation", ("status",), GONE, "Observation", MINIMUM),
    Mutant("no code", "Observation", ("code",), GONE, "Observation", MINIMUM),
    Mutant("no subject", "Goal", ("subject",), GONE, "Goal", MINIMUM),
    Mutant("no participant", "Appointment", ("participant",), GONE, "Appointment", MINIMUM),
    Mutant("no agent", "Provenance", ("agent",), GONE, "Provenance", MINIMUM),
    # what there is no such thing as
    Mutant("unknown element", "Observation", ("score",), 5, "Observation", ""),
    Mutant("unknown element deep inside", "CarePlan", ("activity", 0, "text"), "x",
           "CarePlan.activity[0]", ""),
    Mutant("two values", "Observation", ("valueString",), "5", "Observation", ""),
    # JSON of the wrong type
    Mutant("decimal as a string", "Observation", ("valueQuantity", "value"), "5",
           "Observation.value[x].value", ""),
    Mutant("empty array", "CarePlan", ("goal",), [], "CarePlan.goal", ""),
    Mutant("one where many may be", "CarePlan", ("category",), {"text": "x"},
           "CarePlan.category", ""),
    # primitives
    Mutant("time without a zone", "Observation", ("effectiveDateTime",), "2026-03-02T20:10:00",
           "Observation.effective.ofType(dateTime)", "DateTime_TZ"),
    Mutant("day for an instant", "Observation", ("issued",), "2026-03-02",
           "Observation.issued", "DateTime_Regex"),
    Mutant("id with a blank", "Goal", ("id",), "a b", "Goal.id", "Resource_RES_ID_Malformed_Chars"),
    Mutant("narrative that is not XHTML", "Goal", ("text", "div"), "<div>x</div>",
           "Goal.text.div", "XHTML_XHTML_NS_InValid"),
    # codes
    Mutant("status that is none", "Observation", ("status",), "finished",
           "Observation.status", BINDING),
    Mutant("no-show misspelt", "Appointment", ("status",), "no-show",
           "Appointment.status", BINDING),
    Mutant("unit that UCUM lacks", "Observation", ("valueQuantity", "code"), "scores",
           "Observation.value.ofType(Quantity)", TERMINOLOGY),
    Mutant("code that our system lacks", "Observation", ("code", "coding", 0, "code"), "evening",
           "Observation.code", TERMINOLOGY),
    # extensions
    Mutant("unknown extension", "Observation", ("extension", 0),
           {"url": f"{OURS}/StructureDefinition/none", "valueString": "x"},
           "Observation.extension[0]", "Extension_EXT_Unknown_NotHere"),
    Mutant("extension of another type", "Observation", ("extension", 0),
           {"url": f"{SD}/goal-acceptance", "extension": [
               {"url": "individual", "valueReference": {"reference": "Patient/p1"}}]},
           "Observation", CONTEXT),
    Mutant("own extension of another type", "Goal", ("extension", 0),
           {"url": f"{OURS}/StructureDefinition/digest", "valueString": "x"}, "Goal", CONTEXT),
    Mutant("own extension with another value", "Observation", ("extension", 1),
           {"url": f"{OURS}/StructureDefinition/digest", "valueInteger": 1},
           "Observation.extension[1]", "Extension_EXT_Type"),
    Mutant("weight on the answer itself", "QuestionnaireResponse",
           ("item", 0, "answer", 0, "extension"), [{"url": f"{SD}/itemWeight", "valueDecimal": 2}],
           "QuestionnaireResponse.item[0].answer[0]", f"{CONTEXT}_VER"),
    Mutant("calculation on a code", "Questionnaire", ("item", 2, "code", 0, "extension"),
           [{"url": f"{SDC}/sdc-questionnaire-calculatedExpression",
             "valueExpression": {"language": "text/fhirpath", "expression": "1"}}],
           "Questionnaire.item[2].code[0]", CONTEXT),
    # references
    Mutant("score derived from a patient", "Observation", ("derivedFrom", 0, "reference"),
           "Patient/p1", "Observation.derivedFrom[0]", TARGET),
    Mutant("observation for a goal", "CarePlan", ("goal", 0, "reference"), "Observation/e1",
           "CarePlan.goal[0]", TARGET),
    Mutant("device that agrees", "Goal",
           ("extension", 0, "extension", 0, "valueReference", "reference"), "Device/d1",
           "Goal.extension[0].extension[0].value.ofType(Reference)", TARGET),
    # invariants
    Mutant("value and why there is none", "Observation-absent", ("valueQuantity",), {"value": 5},
           "Observation", "#obs-6"),
    Mutant("no-show without end", "Appointment", ("end",), GONE, "Appointment", "#app-3"),
    Mutant("no-show with a reason", "Appointment", ("cancelationReason",), {"text": "x"},
           "Appointment", "#app-4", ("4.0.1", "4.3.0")),
    Mutant("detail without measure", "Goal", ("target",), [{"detailString": "x"}],
           "Goal.target[0]", "#gol-1"),
    Mutant("link id twice", "Questionnaire", ("item", 1, "linkId"), "item_1",
           "Questionnaire", "#que-2"),
    # a response against its Questionnaire
    Mutant("answer that is no option", "QuestionnaireResponse", ("item", 0, "answer"),
           [answer("evening-answer", "4")],
           "QuestionnaireResponse.item[0].answer[0]", "Questionnaire_QR_Item_NoCoding"),
    Mutant("answer from another system", "QuestionnaireResponse", ("item", 0, "answer"),
           [answer("evening", "first")],
           "QuestionnaireResponse.item[0].answer[0]", "Questionnaire_QR_Item_NoCoding"),
    Mutant("answer of another type", "QuestionnaireResponse", ("item", 0, "answer"),
           [{"valueDecimal": 2}], "QuestionnaireResponse.item[0].answer[0].value.ofType(decimal)",
           "Questionnaire_QR_Item_WrongType"),
    Mutant("second answer", "QuestionnaireResponse", ("item", 0, "answer", 1),
           answer("evening-answer", "1"), "QuestionnaireResponse.item[0]",
           "Questionnaire_QR_Item_OnlyOneA"),
    Mutant("unknown item", "QuestionnaireResponse", ("item", 0, "linkId"), "item_9",
           "QuestionnaireResponse", "Questionnaire_QR_Item_NotFound"),
    Mutant("one item in two", "QuestionnaireResponse", ("item", 1, "linkId"), "item_1",
           "QuestionnaireResponse", "Questionnaire_QR_Item_OnlyOneI"),
    Mutant("items out of order", "QuestionnaireResponse", ("item", 3),
           {"linkId": "item_1", "answer": [answer("evening-answer", "1")]},
           "QuestionnaireResponse", "Questionnaire_QR_Item_Order"),
    Mutant("unknown Questionnaire", "QuestionnaireResponse", ("questionnaire",),
           f"{OURS}/Questionnaire/none|1.0.0",
           "QuestionnaireResponse", "Questionnaire_QR_Q_NotFound"),
    Mutant("unknown version of the Questionnaire", "QuestionnaireResponse", ("questionnaire",),
           f"{OURS}/Questionnaire/evening|9.0.0",
           "QuestionnaireResponse", "Questionnaire_QR_Q_NotFound"),
    # profiles
    Mutant("unknown profile", "Goal", ("meta",), {"profile": [f"{OURS}/StructureDefinition/none"]},
           "Goal.meta.profile[0]", "Validation_VAL_Profile_Unknown"),
]
# fmt: on


@pytest.mark.server
@pytest.mark.parametrize(
    ("version", "mutant"),
    [
        pytest.param(version, mutant, id=f"{version}-{mutant.name}")
        for mutant in MUTANTS
        for version in mutant.versions
    ],
)
def test_each_mutant_is_refused(
    validator: Callable[[str], Validator], version: str, mutant: Mutant
) -> None:
    found = errors(validator(version).validate(mutant.resource(version)))
    assert any(e.location == mutant.location and e.id.endswith(mutant.rule) for e in found), found


R4_IN_R5 = {
    "CarePlan": ("CarePlan.activity[0]", "property 'reference'"),
    "Goal": ("Goal", "property 'expressedBy'"),
    "Questionnaire": ("Questionnaire.item[0].type", "choice"),
    "QuestionnaireResponse": ("QuestionnaireResponse.identifier", "must be a JSON Array"),
}
R5_IN_R4 = {
    "Appointment": ("Appointment", "property 'subject'"),
    "CarePlan": ("CarePlan.activity[0]", "property 'plannedActivityReference'"),
    "Goal": ("Goal", "property 'source'"),
    "Questionnaire": ("Questionnaire.item[0].type", "coding"),
    "QuestionnaireResponse": ("QuestionnaireResponse.identifier", "must be an Object"),
}


@pytest.mark.server
@pytest.mark.parametrize(
    ("shape", "version", "name", "location", "says"),
    [("4.0.1", "5.0.0", name, *expected) for name, expected in R4_IN_R5.items()]
    + [("5.0.0", "4.0.1", name, *expected) for name, expected in R5_IN_R4.items()]
    + [("5.0.0", "4.3.0", name, *expected) for name, expected in R5_IN_R4.items()],
)
def test_the_shape_of_another_version_is_refused(
    validator: Callable[[str], Validator],
    shape: str,
    version: str,
    name: str,
    location: str,
    says: str,
) -> None:
    found = errors(validator(version).validate(valid(shape, name)))
    assert any(e.location == location and says in e.message for e in found), found


@pytest.mark.server
def test_the_profiles_of_the_packages_are_known(validator: Callable[[str], Validator]) -> None:
    response = valid("4.0.1", "QuestionnaireResponse")
    response["meta"] = {"profile": [f"{SDC}/sdc-questionnaireresponse"]}
    del response["extension"]  # SDC slices these by R5's definitions, which no package here holds
    assert errors(validator("4.0.1").validate(response)) == []
    del response["authored"]
    found = errors(validator("4.0.1").validate(response))
    assert [e.id for e in found] == [MINIMUM]


@pytest.mark.server
def test_a_later_definition_replaces_an_earlier_one(
    validator: Callable[[str], Validator], tmp_path: Path
) -> None:
    questionnaire = valid("4.0.1", "Questionnaire")
    questionnaire["item"].pop(1)
    lines = tmp_path / "Questionnaire.ndjson"
    lines.write_text(f"{json.dumps(questionnaire)}\n\n")
    ready = validator("4.0.1")
    response = valid("4.0.1", "QuestionnaireResponse")
    assert errors(ready.validate(response)) == []
    ready.define(lines)
    (error,) = errors(ready.validate(response))
    assert error.id == "Questionnaire_QR_Item_NotFound"
    assert "item_2" in error.message


@pytest.mark.server
def test_many_are_answered_in_order_even_when_the_caller_stops(
    validator: Callable[[str], Validator],
) -> None:
    ready = validator("4.0.1")
    good, bad = valid("4.0.1", "Goal"), {"resourceType": "Goal"}
    pretty = json.dumps(good, indent=1).encode()
    cases = [bad if n % 3 else pretty for n in range(50)]
    found = list(ready.validate_many(cases))
    assert [bool(errors(issues)) for issues in found] == [bool(n % 3) for n in range(50)]

    answers = ready.validate_many(cases)
    assert errors(next(answers)) == []
    del answers
    assert errors(ready.validate(bad)) != []
    assert errors(ready.validate(good)) == []


@pytest.mark.server
@pytest.mark.parametrize("text", ["{}", '{"resourceType": "Nothing"}', '{"resourceType": "Goal"'])
def test_what_is_no_resource_is_an_error(validator: Callable[[str], Validator], text: str) -> None:
    assert errors(validator("4.0.1").validate(text)) != []


@pytest.mark.server
def test_a_broken_definition_is_told_of(
    validator: Callable[[str], Validator], tmp_path: Path
) -> None:
    broken = tmp_path / "CodeSystem-x.json"
    broken.write_text('{"resourceType": "CodeSystem", "url": "urn:x", "content": "some"}')
    for file in (broken, tmp_path / "CodeSystem-missing.json"):
        with pytest.raises(DefinitionBroken, match=file.name):
            validator("4.0.1").define(file)


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(ValueError, match=r"3\.0\.2 is none of 4\.0\.1"):
        Validator("3.0.2")


@pytest.mark.parametrize("missing", ["java", "javac", "mvn", "npm"])
def test_a_missing_tool_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, missing: str
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in {"java", "javac", "mvn", "npm"} - {missing}:
        (tools / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("ALLIANCE_FHIR_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ToolMissing, match=f"^{missing} is missing") as error:
        packages.installation()
    assert error.value.tool == missing
    assert not (tmp_path / "cache").exists()


def test_nothing_is_left_of_a_failed_setup(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("java", "javac", "mvn", "npm"):
        (tools / name).write_text("#!/bin/sh\necho no network; exit 3\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/bin:/usr/bin")
    monkeypatch.delenv("ALLIANCE_FHIR_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(packages.SetupFailed, match="mvn failed with 3: no network"):
        packages.installation()
    assert list((tmp_path / "cache" / "alliance-fhir").iterdir()) == []
