"""What either of HL7's own engine and HAPI's validator says of our examples and definitions, and
the other does not. Both run offline, without a terminology server. `docs/reference/fhir.md` has
the same in words.
"""

from __future__ import annotations

from typing import NamedTuple

from shorthand import Build
from validator import Issue

R4: tuple[Build, ...] = ("r4",)
R5: tuple[Build, ...] = ("r5",)
BOTH: tuple[Build, ...] = ("r4", "r5")


class Difference(NamedTuple):
    """Issues of one kind: the severity and id of each, a part of its message, and in what of our
    packages it is met."""

    severity: str
    id: str
    part: str
    builds: tuple[Build, ...] = BOTH

    def covers(self, issue: Issue) -> bool:
        """Whether an issue is one of those."""
        same = (issue.severity, issue.id) == (self.severity, self.id)
        return same and self.part in issue.message


_NOT_FOUND = "Type_Specific_Checks_DT_URL_Resolve"
_UNKNOWN = "UNKNOWN_CODESYSTEM"
_NO_SERVER = "Error_validating_code_running_without_terminology_services"
_US_CORE = "http://hl7.org/fhir/us/core/CodeSystem"
_SITE = "https://alliance-fhir.github.io/id/clinic-east/code"

OF_HL7 = [
    # US Core's package is in no registry that tests can reach. To the engine a system below
    # hl7.org/fhir that it does not know is an error, to HAPI's validator it is any other unknown
    # one. The codes themselves are held against US Core in tests/docs/guides.toml. Where a profile
    # of ours wants the code, the engine says twice that it cannot look it up.
    Difference("error", _NOT_FOUND, f"'{_US_CORE}/careplan-category'"),
    Difference("warning", _UNKNOWN, f"'{_US_CORE}/careplan-category'"),
    Difference("error", _NOT_FOUND, f"'{_US_CORE}/us-core-category'"),
    Difference("error", _UNKNOWN, f"'{_US_CORE}/us-core-category'"),
    # The same of the code by which the guide v2-to-FHIR marks what was made of a message.
    Difference("error", _NOT_FOUND, "/v2mappings/CodeSystem/provenance-activity-type-v2-to-fhir'"),
    # R5's value set of all languages has a system instead of a list, which the engine asks a
    # terminology server for. HAPI's validator knows the languages by itself.
    Difference("error", "UNABLE_TO_INFER_CODESYSTEM", "the code 'en' in the ValueSet "
               "'http://hl7.org/fhir/ValueSet/all-languages|5.0.0'", R5),
    Difference("error", "Terminology_TX_NoValid_16", "The value provided ('en') was not found in "
               "the value set 'All Languages'", R5),
    # The same of R4, whose value set of languages has a list: it looks for their system, too, and
    # tells that twice. And of R5's media types, that of expressions.
    *(
        Difference("warning", id_, f"CodeSystem 'urn:ietf:bcp:{number}' could not be found", builds)
        for number, builds in ((47, R4), (13, R5))
        for id_ in (_UNKNOWN, "")
    ),
    # Units: HAPI's validator knows UCUM. The engine, which has it, asks a server all the same.
    Difference("warning", _NO_SERVER, "in system 'http://unitsofmeasure.org'"),
    # SNOMED CT, of which HAPI's validator says the same under another name.
    Difference("warning", _NO_SERVER, "in system 'http://snomed.info/sct'"),
    # A site's own reasons and services, of which HAPI's validator does, too.
    *(Difference("warning", _UNKNOWN, f"'{_SITE}/{of}'") for of in ("event_reason", "service")),
    # R4's core package and HL7's terminology both hold these code systems. We mean either.
    Difference("warning", "TYPE_SPECIFIC_CHECKS_DT_CANONICAL_MULTIPLE_POSSIBLE_VERSIONS",
               "'http://terminology.hl7.org/CodeSystem/", R4),
    # Codes that are mapped from table 0278, which it leaves to a terminology server.
    Difference("warning", "", "used for the CodeSystem http://terminology.hl7.org/CodeSystem/v2-0278|"),
    # What Measures count: both know CQL alone. HAPI's, of an older engine, looks at fewer of them.
    Difference("warning", "MEASURE_M_CRITERIA_UNKNOWN", "text/fhirpath"),
    # On which packages ours rests: the tests have put them in the folder of packages under FHIR's
    # own canonical, all of them, and HAPI's validator does not look there.
    Difference("error", "IG_DEPENDENCY_CLASH_CANONICAL", "to the canonical http://hl7.org/fhir "),
    # Measures that are in the package, which it does not find there. HAPI's looks for none.
    Difference("warning", "Measure_MR_M_NotFound", "The Measure 'https://alliance-fhir.github.io/"),
    # Rules that take one of what FHIR lets be many, where the profile lets there be one.
    Difference("warning", "FHIRPATH_COLLECTION_STATUS_OPERATION_LEFT", "inherently a collection"),
    # FHIR's own bindings, which snapshots repeat.
    Difference("warning", "SD_ED_EXPERIMENTAL_BINDING", "the value set 'http://hl7.org/fhir/", R5),
    Difference("warning", "SD_ED_BIND_UNKNOWN_VS", "/ValueSet/EncounterClass on element", R5),
    # The engine breaks where it looks for a type in this value set of R5, and tells that so.
    Difference("warning", "Terminology_TX_NoValid_17", "(http://hl7.org/fhir/ValueSet/"
               "elementdefinition-types|5.0.0)", R5),
]  # fmt: skip
"""What HL7's engine alone says, each with its reason."""

OF_HAPI = [
    # Code systems that are not here: US Core's, of which the engine says more, see above; and
    # LOINC, of which both know but the codes of value sets.
    Difference("warning", "Terminology_PassThrough_TX_Message", f"for '{_US_CORE}/"),
    Difference("warning", "Terminology_PassThrough_TX_Message", "for 'http://loinc.org#", R4),
    # Rules of FHIR's own for what is below an element where a snapshot stops: an older engine does
    # not look for that in the type.
    Difference("error", "ED_INVARIANT_EXPRESSION_ERROR", "dosageInstruction.timing.repeat]", R4),
    # Of R4's value sets it has other definitions.
    Difference("warning", "SD_ED_EXPERIMENTAL_BINDING", "the value set 'http://hl7.org/fhir/", R4),
]
"""What HAPI's validator alone says, beyond what its own tests live with (`conftest.ACCEPTED`)."""

UNDECIDED = {"missed-visit": "Terminology_TX_Binding_NoServer"}
"""Planted faults, by what HAPI's validator says of them, that the engine cannot tell from what is
right, and what it says instead, as an information: whether another code of SNOMED CT is in a value
set, it asks a terminology server, although the value set lists its codes."""
