"""Messages put together field by field, and read as a user's program reads them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.domain.said import Coded, Said
from alliance_fhir.sources.hl7v2.appointment import Heard, heard
from alliance_fhir.sources.hl7v2.site import Site

SITE = Site(
    zone=ZoneInfo("America/New_York"),
    root="https://clinic-east.invalid/authority",
    base="https://clinic-east.invalid",
    appointment_system="urn:example:appointment",
    patient_system="urn:example:mrn",
    clinician_system="urn:example:staff",
    referrer_system="urn:example:staff",
    referral_system="urn:example:order",
    authorities={"MRN": "urn:example:mrn"},
    statuses={"Arrived": "arrived"},
    sides={"PATCAN": "patient", "Provider ill": "provider"},
)
Fields = dict[int, str]


def segment(name: str, fields: Fields, mark: str = "|") -> str:
    """A segment with these fields, by their numbers in the standard, and all others empty."""
    told = [fields.get(number, "") for number in range(1, max(fields, default=0) + 1)]
    return mark.join([name, *told])


def msh(fields: Fields | None = None, event: str = "S12") -> str:
    """A header; MSH-1 is the separator itself."""
    usual = {3: "SCHED", 4: "EAST", 7: "20260302141000-0500", 9: f"SIU^{event}^SIU_S12"}
    told = {**usual, 10: "C1", 11: "P", 12: "2.5.1", **(fields or {})}
    return "MSH|^~\\&|" + segment("", {n - 2: text for n, text in told.items()})[1:]


SCH: Fields = {2: "F1", 11: "^^^20260309100000-0400^20260309103000-0400", 25: "Booked"}
PID: Fields = {3: "1001"}


def message(
    event: str = "S12",
    head: Fields | None = None,
    sch: Fields | None = None,
    *others: str,
    pid: Fields | None = None,
) -> str:
    """A message with header, SCH, PID and other segments."""
    parts = [msh(head, event), segment("SCH", {**SCH, **(sch or {})})]
    return "\r".join([*parts, segment("PID", pid or PID), *others]) + "\r"


def hear(folder: Path, data: str | bytes, site: Site = SITE) -> list[Heard]:
    """What is read of a file that holds this."""
    path = folder / "a.hl7"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return list(heard(path, site))


def said(folder: Path, data: str | bytes, site: Site = SITE) -> Said:
    """What the one message of a file says, in which nothing is wrong."""
    (one,) = hear(folder, data, site)
    assert one.slips == ()
    assert one.said
    return one.said


def slips(folder: Path, data: str | bytes, site: Site = SITE) -> list[tuple[str, str]]:
    """Places and rules of all that is wrong."""
    found = hear(folder, data, site)
    assert all(bool(one.said) != bool(one.slips) for one in found)
    return [(slip.place, slip.rule) for one in found for slip in one.slips]


def at(text: str) -> Moment:
    """A moment as FHIR writes it."""
    return Moment.of(datetime.fromisoformat(text))


def told(one: Said) -> dict[str, Any]:
    """All that it says, without what it says nothing of."""
    return {
        name: value
        for name, value in one._asdict().items()
        if (value not in (None, ()) and name != "number_of_asker") or value is True
    }


def aip(number: str, action: str = "") -> str:
    """A person, and what is done with them."""
    return segment("AIP", {2: action, 3: number})


def v2(table: str, code: str) -> Identifier:
    """A code of a table of HL7 v2, as HL7 Terminology publishes it."""
    return Identifier(f"http://terminology.hl7.org/CodeSystem/v2-{table}", code)


def own(of: str, code: str) -> Identifier:
    """A code of the site's own, of what it says it for or of a table of its own."""
    return Identifier(f"https://clinic-east.invalid/code/{of}", code)


def coded(code: Identifier, text: str) -> Coded:
    """A code with its words."""
    return Coded(code.value, text, code.system)


APPOINTMENT = Identifier("urn:example:appointment", "F1")
PATIENT = Identifier("urn:example:mrn", "1001")
