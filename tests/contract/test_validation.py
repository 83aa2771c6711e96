"""`--validate` at real servers: what HAPI says of what we write, and a rule of the server's own.

HAPI keeps a rule in mind when it is gone: the other tests have no ratings of the seventh session.
It keeps in mind, too, what profiles it did not have: so none of ours is claimed here.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from alliance_fhir.errors import ConfigError
from alliance_fhir.fhir import labels

from .clinic import PARTS, ROW, Clinic, counts, is_write
from .kinds import MEDPLUM, R4, validating

if TYPE_CHECKING:
    from alliance_fhir.domain.receipt import Finding
    from alliance_fhir.result import Result

Json = dict[str, Any]
OURS = "https://alliance-fhir.github.io/ig/StructureDefinition"
CLEAN = replace(ROW, record_id="r-1", patient="1001")
SEVENTH = replace(ROW, record_id="r-2", patient="1002", session="7")

FORM = ("Questionnaire.extension.value.ofType(Coding)", "processing, Terminology_TX_System_Unknown")
"""HAPI 8.8.0 for R4 does not know the code system of `artifact-versionAlgorithm`, which is of R5,
and calls that an error of the form; the rows go without it. In R5 it is an element."""
NARRATIVE = "processing, http://hl7.org/fhir/StructureDefinition/DomainResource#dom-6"
UNKNOWN_SYSTEM = "processing, Terminology_PassThrough_TX_Message"
SCORE_UNIT = "processing, TYPE_SPECIFIC_CHECKS_DT_QTY_UCUM_ANNOTATIONS"
WARNED = {
    ("Device", NARRATIVE),
    ("Observation", NARRATIVE),
    ("Observation", "processing, All_observations_should_have_a_performer"),
    ("Observation.code", UNKNOWN_SYSTEM),
    ("Observation.component.code", UNKNOWN_SYSTEM),
    ("Observation.component.value.ofType(Quantity)", SCORE_UNIT),
    ("Observation.method", UNKNOWN_SYSTEM),
    ("Observation.value.ofType(Quantity)", SCORE_UNIT),
    ("Provenance", NARRATIVE),
    ("QuestionnaireResponse", NARRATIVE),
    ("QuestionnaireResponse", "processing, Questionnaire_QR_Q_NotFound"),
}
"""What HAPI with nothing installed warns of: resources without a narrative, our code systems."""
EXTENDED = {
    *("Device", "Observation", "Provenance", "Questionnaire", "Questionnaire.item"),
    "QuestionnaireResponse",
}
"""Where there are extensions of which it says, as a hint, that it does not know them."""
LABEL = "processing, Terminology_TX_NoValid_13"
TEST_DATA = {"Device", "Observation", "Provenance", "Questionnaire", "QuestionnaireResponse"}
"""Whose label that it is test data HAPI for R5 does not find in the value set of labels."""


def first_session_only(version: str) -> Json:
    """A rule of the server: it takes ratings of the first session alone."""
    url = f"{OURS}/session-number"
    return {
        "resourceType": "StructureDefinition",
        "id": "first-session-only",
        "url": url,
        "name": "FirstSessionOnly",
        "status": "active",
        "fhirVersion": version,
        "kind": "complex-type",
        "abstract": False,
        "context": [{"type": "element", "expression": "Element"}],
        "type": "Extension",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Extension",
        "derivation": "constraint",
        "differential": {
            "element": [
                {"id": "Extension", "path": "Extension"},
                {"id": "Extension.url", "path": "Extension.url", "fixedUri": url},
                {
                    "id": "Extension.value[x]",
                    "path": "Extension.value[x]",
                    "type": [{"code": "positiveInt"}],
                    "maxValuePositiveInt": 1,
                },
            ]
        },
    }


def fhir_of(server: Any) -> str:
    """The version of FHIR that a server speaks."""
    return str(httpx.get(f"{server.address}/metadata", timeout=60).json()["fhirVersion"])


def said_of(finding: Finding) -> tuple[str, str]:
    """The element of a finding, without numbers, and what was said of it."""
    said = finding.remedy.rpartition("says: ")[2].rstrip(".")
    return re.sub(r"\[\d+\]", "", finding.column), said


def said(result: Result, rule: str) -> set[tuple[str, str]]:
    """The same of all findings of a rule."""
    found = [*result.tally.rejected, *result.tally.warnings]
    return {said_of(one) for one in found if one.rule == rule}


@validating
def test_what_breaks_a_rule_of_the_server_is_not_sent(clinic: Clinic, server: Any) -> None:
    """Said by `plan`, done by `sync`; mended in the source, it goes."""
    version = fhir_of(server)
    rule = first_session_only(version)
    httpx.put(f"{server.address}/StructureDefinition/{rule['id']}", json=rule).raise_for_status()
    clinic.set(claim_profiles=False)
    clinic.write(CLEAN, SEVENTH)
    clinic.register("1001", "1002")
    result = clinic.sync(validate=True)
    [*forms, first, second] = result.tally.rejected
    assert [said_of(one) for one in forms] == ([FORM] if version == "4.0.1" else [])
    reason = "processing, Type_Specific_Checks_DT_Integer_GT"
    assert [(one.row, one.rule, *said_of(one)) for one in (first, second)] == [
        (3, "not-valid", "QuestionnaireResponse.extension.value.ofType(positiveInt)", reason),
        (3, "not-valid", "Observation.extension.value.ofType(positiveInt)", reason),
    ]
    assert result.exit_code == 4
    assert counts(result) == {"created": 9 - len(forms), "rejected": 6 + len(forms)}
    assert clinic.of_record(CLEAN).keys() == {*PARTS}
    assert clinic.of_record(SEVENTH) == {}
    clinic.write(CLEAN, replace(SEVENTH, session="1"))
    mended = clinic.sync(validate=True)
    assert mended.tally.rejected == forms
    assert counts(mended)["created"] == 7
    assert clinic.verified() == 16 - len(forms)


@validating
def test_what_a_real_server_says_of_what_we_write(clinic: Clinic, server: Any) -> None:
    """Nothing is installed there: our extensions and code systems are unknown to it."""
    clinic.set(claim_profiles=False)
    clinic.write(CLEAN)
    clinic.register("1001")
    result = clinic.sync(validate=True)
    warned, hinted = said(result, "validation-warning"), said(result, "validation-hint")
    unknown = "processing, Extension_EXT_Unknown"
    extended = {(f"{one}.extension", unknown) for one in EXTENDED}
    if fhir_of(server) == "4.0.1":
        assert said(result, "not-valid") == {FORM}
        assert warned == WARNED | {("Questionnaire", NARRATIVE)}
        assert hinted == extended | {("Questionnaire.item.answerOption.extension", unknown)}
        assert (result.exit_code, counts(result)) == (4, {"created": 8, "rejected": 1})
        assert result.validation == {"resources": 9, "errors": 1, "warnings": 36, "hints": 104}
    else:
        of_label = {(f"{one}.meta.security", LABEL) for one in TEST_DATA}
        assert (warned, hinted) == (WARNED | of_label, extended)
        assert (result.exit_code, counts(result)) == (0, {"created": 9})
        assert result.validation == {"resources": 9, "errors": 0, "warnings": 53, "hints": 37}


@pytest.mark.parametrize("place_kind", [R4])
def test_a_real_server_without_our_profiles_is_told_and_nothing_is_sent(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labels, "_url", lambda profile: f"{OURS}/absent-{profile}")
    clinic.write(CLEAN)
    clinic.register("1001")
    clinic.wire.requests.clear()
    absent = rf"does not have {OURS}/absent-[a-z-]+: put our profiles there with `profiles install`"
    with pytest.raises(ConfigError, match=absent):
        clinic.sync_alone(validate=True)
    assert [r for r in clinic.wire.requests if is_write(r)] == []
    assert [body["resourceType"] for body in clinic.place.everything] == ["Patient"]


@pytest.mark.parametrize("place_kind", [MEDPLUM])
def test_a_real_server_that_validates_nothing_is_told_and_nothing_is_sent(clinic: Clinic) -> None:
    clinic.write(CLEAN)
    clinic.register("1001")
    clinic.wire.requests.clear()
    with pytest.raises(ConfigError, match=r"has no \$validate of a Device \(404\): leave"):
        clinic.sync_alone(validate=True)
    assert [r for r in clinic.wire.requests if is_write(r)] == []
    assert [body["resourceType"] for body in clinic.place.everything] == ["Patient"]
