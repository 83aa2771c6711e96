"""The official validator, with our definitions."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import pytest

from alliance_fhir.fhir.versions import VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alliance_fhir.fhir.group import Resource
    from alliance_fhir.fhir.versions import Version
    from validator import Issue, Validator

_VALIDATORS = {"4.0": "validator_r4", "4.3": "validator_r4b", "5.0": "validator_r5"}


ACCEPTED = [
    # SNOMED CT cannot be had offline; the check digits of our few codes have a test of their own
    ("TERMINOLOGY_TX_SYSTEM_UNSUPPORTED", "'http://snomed.info/sct'"),
    # nor can LOINC, nor the categories of US Core: profiles name a few of their codes
    ("Terminology_PassThrough_TX_Message", "for 'http://loinc.org#71799-1'"),
    ("Terminology_PassThrough_TX_Message", "/us/core/CodeSystem/careplan-category#assess-plan'"),
    ("", "The value set references CodeSystem 'http://loinc.org' which has status 'not-present'"),
    # retired, and what older form fillers read; itemWeight, its successor, stands beside it
    ("MSG_DEPENDS_ON_DEPRECATED_NOTE", "ordinalValue"),
    # retired in the extension pack, an element in R6, and what others read in R4 and R5
    ("MSG_DEPENDS_ON_DEPRECATED_NOTE", "goal-acceptance"),
    # the tag by which a Provenance is known has a system of the site's own, which lists nothing
    ("Terminology_PassThrough_TX_Message", "/provenance for '"),
    # sensitivities of ActCode, which R5's value set of security labels has by way of a filter
    # that cannot be expanded offline
    ("Terminology_TX_NoValid_13", "v3-ActCode#MH"),
    ("Terminology_TX_NoValid_13", "v3-ActCode#PSY"),
    ("Terminology_TX_NoValid_13", "v3-ActCode#BH"),
    # the specification's own mark of test data, which R5's value set, an extensible one, lacks
    ("Terminology_TX_NoValid_13", "v3-ActReason#HTEST"),
    # a hint: HL7's reasons of appointments have no code of a first visit; and that of a follow-up
    # one, which passes alone, is not seen where codes of other systems stand beside it
    ("Terminology_TX_NoValid_3_CC", "CodeSystem/attendance#first"),
    ("Terminology_TX_NoValid_3_CC", "CodeSystem/attendance#follow-up"),
    # hints: the guide v2-to-FHIR itself maps table 0277 to Appointment.appointmentType; and reasons
    # and services of a site's own are kept as they are, beside their words
    ("Terminology_TX_NoValid_3_CC", "v2-0277#"),
    ("Terminology_TX_NoValid_3_CC", "'Encounter Reason Codes'"),
    ("Terminology_PassThrough_TX_Message", "for 'urn:example:"),
    ("Terminology_PassThrough_TX_Message", "/code/"),
    # that something was made of a message of HL7 v2: the code is of the v2-to-FHIR guide, whose
    # package is not here, and stands beside one that the value set, an extensible one, has
    ("Terminology_PassThrough_TX_Message", "#v2-fhir-transformation"),
    ("Terminology_TX_NoValid_2_CC", "v2-fhir-transformation"),
    # told of each extension that a profile does not name, which it may have: all are open
    ("Details_for__matching_against_Profile_", ""),
    # the NHS has no canonical for its codes: the address of the page that lists them stands for it
    ("CONCEPTMAP_GROUP_SOURCE_UNKNOWN", "datadictionary.nhs.uk"),
    # of the extension for expectations, in R4: the value set is not in the package that has it
    ("Terminology_TX_ValueSet_NotFound", "ValueSet/conformance-expectation"),
    # SNOMED CT cannot be had offline; and HL7 calls its own reasons of cancellations an example
    ("", "references CodeSystem 'http://snomed.info/sct' which has status 'not-present'"),
    ("", "appointment-cancellation-reason' which has status 'example'"),
    # it knows CQL alone, and passes over what FHIRPath counts
    ("MEASURE_M_CRITERIA_UNKNOWN", "text/fhirpath"),
]
"""The warnings that we live with: the id of each, and a part of its message."""


LIVED_WITH = [
    # LOINC and US Core's categories cannot be had offline
    ("CarePlan: warning", "us/core/CodeSystem/careplan-category"),
    ("Observation: warning", "http://loinc.org#71799-1"),
    ("Observation: ", "us/core/CodeSystem/us-core-category"),
    ("Observation: warning", "http://loinc.org#75773-2"),
    ("Observation: warning", "http://loinc.org#95541-9"),
    # R6 has it as an element; until then this extension is what others read
    ("Goal: information", "goal-acceptance"),
    # no code says that somebody agreed without a signature
    ("Provenance: warning", "No code provided, and a code should be provided"),
    # a text of ours that looks like markup on purpose, to be seen as text
    ("Goal: information", "[SECURITY_STRING_CONTENT_WARNING]"),
    ("Observation: information", "[SECURITY_STRING_CONTENT_WARNING]"),
    *(
        (f"{type_}: warning", "[TYPE_SPECIFIC_CHECKS_DT_MARKDOWN_HTML]")
        for type_ in ("Observation", "MedicationRequest", "ServiceRequest", "Task")
    ),
]
"""The start of what is said of plans besides, and a part of it."""


def beyond(told: Iterable[str]) -> list[str]:
    """What is said of plans beyond that."""
    return [
        each
        for each in told
        if not any(each.startswith(start) and part in each for start, part in LIVED_WITH)
    ]


def accepted(issue: Issue) -> bool:
    """Whether an issue is one of those; an error never is."""
    return not issue.is_error and any(
        issue.id == id_ and part in issue.message for id_, part in ACCEPTED
    )


class Official(NamedTuple):
    """The official validator of one version."""

    version: Version
    validator: Validator

    def refused(self, resources: Iterable[Resource]) -> Counter[str]:
        """What it says about these resources beyond what we live with, and how often."""
        return self.refused_json((one.type, one.json()) for one in resources)

    def refused_json(self, told: Iterable[tuple[str, bytes]]) -> Counter[str]:
        """The same of resources as JSON, with their types."""
        listed = list(told)
        found = self.validator.validate_many(text for _, text in listed)
        return Counter(
            f"{type_}: {issue}"
            for (type_, _), issues in zip(listed, found, strict=True)
            for issue in issues
            if not accepted(issue)
        )


@pytest.fixture(scope="session", params=VERSIONS.values(), ids=lambda version: version.label)
def official(request: pytest.FixtureRequest) -> Official:
    """The validator of each version in turn; it knows what is in profiles/."""
    version: Version = request.param
    return Official(version, request.getfixturevalue(_VALIDATORS[version.key]))


@pytest.fixture(scope="session", params=["4.0", "5.0"], ids=["R4", "R5"])
def profiled(request: pytest.FixtureRequest) -> Official:
    """The validators of the versions for which there are profiles."""
    version = VERSIONS[request.param]
    return Official(version, request.getfixturevalue(_VALIDATORS[version.key]))
