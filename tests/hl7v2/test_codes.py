"""Of which system a code of a message is, worked out by hand.

The codes are those of HL7 Terminology's CodeSystems v2-0276, v2-0277 and v2-0278, the URIs those
that it and FHIR give the systems of table 0396.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alliance_fhir.domain.records import Identifier
from alliance_fhir.domain.said import Coded

from .making import SITE, message, own, said, segment, v2

KINDS = {
    "event_reason": ("SCH", 6),
    "reason": ("SCH", 7),
    "appointment_type": ("SCH", 8),
    "service": ("AIS", 3),
}
"""What is said by a code, and where."""


def with_code(kind: str, written: str) -> str:
    """A message with this in the field of that."""
    name, field = KINDS[kind]
    if name == "SCH":
        return message("S14", sch={field: written})
    return message("S14", {}, {}, segment(name, {field: written}))


SNOMED, CPT = "http://snomed.info/sct", "http://www.ama-assn.org/go/cpt"
ANYWHERE: dict[str, Any] = {
    # of no table, or of table L: the site's own, by what it says
    "X1^Words": "X1",
    "X1^Words^L": "X1",
    "X1^Words^l": "X1",
    "X1^^L": "X1",
    "X  1^Words": "X 1",
    # of another table: as the site says, else as HL7 says, else the site's by the table
    "X1^Words^99SITE": Identifier("urn:example:reasons", "X1"),
    "X1^Words^SCT": Identifier(SNOMED, "X1"),
    "X1^Words^LN": Identifier("http://loinc.org", "X1"),
    "X1^Words^I10": Identifier("http://hl7.org/fhir/sid/icd-10", "X1"),
    "X1^Words^i10c": Identifier("http://hl7.org/fhir/sid/icd-10-cm", "X1"),
    "X1^Words^C4": Identifier(CPT, "X1"),
    "X1^^C4": Identifier(CPT, "X1"),
    "X1^Words^99A B": own("99A%20B", "X1"),
    # the alternate one, where only that is there
    "^^^X1^Words^SCT": Identifier(SNOMED, "X1"),
    # only words
    "X1": None,
    "^Words": None,
    "a\\F\\b^Words": None,
}
"""By what is written: its code, the site's own where that is a text."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("written", ANYWHERE)
def test_the_system_of_a_code(tmp_path: Path, kind: str, written: str) -> None:
    site = SITE._replace(authorities={"99SITE": "urn:example:reasons"})
    found = getattr(said(tmp_path, with_code(kind, written), site), kind)
    expected = ANYWHERE[written]
    assert found.coding == (own(kind, expected) if isinstance(expected, str) else expected)
    text = "X1" if "Words" not in written else "Words"
    assert found.words == text


def test_a_site_says_what_table_of_its_own_hl7_s_are(tmp_path: Path) -> None:
    """What it says goes before what HL7 does."""
    site = SITE._replace(authorities={"SCT": "urn:x:sct", "HL70276": "urn:x:0276", "L": "urn:x:l"})
    for table, system in site.authorities.items():
        one = said(tmp_path, message(sch={7: f"CHECKUP^Words^{table}"}), site)
        assert one.reason == Coded("CHECKUP", "Words", system)


TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "reason": ("0276", ("CHECKUP", "EMERGENCY", "FOLLOWUP", "ROUTINE", "WALKIN")),
    "appointment_type": ("0277", ("Complete", "Normal", "Tele")),
}
"""By what is said: its table of HL7, and the codes of that."""


@pytest.mark.parametrize("kind", TABLES)
def test_codes_of_hl7_s_own_tables(tmp_path: Path, kind: str) -> None:
    """In whatever case, with the table or without; and in no other field."""
    table, codes = TABLES[kind]
    for code in codes:
        for one in (code, code.upper(), code.lower(), code.title()):
            for end in ("", "^Words", f"^Words^HL7{table}", f"^^{table}", f"^^hl7{table}"):
                found = getattr(said(tmp_path, with_code(kind, one + end)), kind)
                assert found.coding == v2(table, code)
                assert found.words == ("Words" if "Words" in end else one)
            local = getattr(said(tmp_path, with_code(kind, f"{one}^Words^L")), kind)
            assert local.coding == own(kind, one)
        for other in {*KINDS} - {kind}:
            assert getattr(said(tmp_path, with_code(other, code)), other).coding is None
            found = getattr(said(tmp_path, with_code(other, f"{code}^Words")), other)
            assert found.coding == own(other, code)
    unknown = getattr(said(tmp_path, with_code(kind, f"TRIAGE^Words^HL7{table}")), kind)
    assert unknown.coding == own(kind, "TRIAGE")


STATUSES = (
    *("Blocked", "Booked", "Cancelled", "Complete", "Dc", "Deleted", "Noshow", "Overbook"),
    *("Pending", "Started", "Waitlist"),
)


def test_every_code_of_table_0278_is_known_as_a_status_code(tmp_path: Path) -> None:
    for code in STATUSES:
        one = said(tmp_path, message("S26", sch={25: code.upper()}))
        assert one.status_code == v2("0278", code)
