"""An appointment of which messages say all that can be said, as a row of a table and in FHIR."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from command.tables import GOOD, mapped, resources, site, without_place, write
from visits.rows import visit

from .making import Fields, message, segment

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

SITE = (
    'zone = "America/New_York"',
    'appointment_system = "urn:example:visits"',
    'patient_system = "urn:example:mrn"',
    'clinician_system = "urn:example:staff"',
    "[hl7v2.authorities]",
    'PORTAL = "urn:example:portal"',
    '99WHY = "urn:example:reasons"',
)


def about(
    event: str, made: str, start: str = "", sch: Fields | None = None, *others: str, end: str = ""
) -> str:
    """A message of the appointment, which is numbered by when it was made."""
    head = {7: f"{made}-0400", 10: made}
    return message(event, head, {2: "1", 11: start and f"^^^{start}^{end}", 25: "", **(sch or {})},
                   *others, pid={3: GOOD})  # fmt: skip


MESSAGES = [
    about(
        "S12",
        "20260309090000",
        "20260310100000",
        {
            1: "A-7^PORTAL",
            6: "NEW^Asked for by the patient",
            7: "F32.9^Low mood^I10",
            8: "TELE^By video^HL70277",
            25: "Booked^^HL70278",
        },
        segment("AIS", {3: "PT^Psychotherapy^L"}),
        segment("AIL", {3: "EAST^12"}),
        *(segment("AIP", {3: name}) for name in ("kurtz", "lindqvist", "park")),
        end="20260310105000",
    ),
    about("S26", "20260310150000", sch={6: "DNA^Nobody came^99WHY", 25: "NOSHOW"}),
    about("S13", "20260311090000", "20260317100000", {6: "TEL"}, end="20260317105000"),
    about("S26", "20260317150000", sch={6: "DNA^Nobody came^99WHY", 25: "Away"}),
]
MISSED = "2026-03-10T10:00:00-04:00"
ROW = visit(
    1,
    clinician="urn:example:staff|kurtz",
    start="2026-03-17T10:00:00-04:00",
    end="2026-03-17T10:50:00-04:00",
    status="no-show",
    reason="Low mood",
    reason_code="http://hl7.org/fhir/sid/icd-10|F32.9",
    service="Psychotherapy",
    service_code="PT",
    rescheduled_from=MISSED,
    missed=MISSED,
    placer="urn:example:portal|A-7",
    other_clinicians="lindqvist; urn:example:staff|park",
    location="EAST, 12",
    appointment_type="By video",
    appointment_type_code="tele",
    status_code="Away",
    event_reason="Nobody came",
    event_reason_code="urn:example:reasons|DNA",
)
"""What becomes of the messages, worked out by hand."""

OURS = "https://alliance-fhir.github.io"
THO = "http://terminology.hl7.org/CodeSystem"


def extension(name: str, **value: Any) -> dict[str, Any]:
    """One of our extensions."""
    return {"url": f"{OURS}/ig/StructureDefinition/{name}", **value}


def part(url: str, code: str) -> dict[str, Any]:
    """A part of one, of our codes."""
    return {"url": url, "valueCoding": {"system": f"{OURS}/ig/CodeSystem/attendance", "code": code}}


def concept(system: str, code: str, text: str) -> dict[str, Any]:
    """The source's words and its code for them."""
    return {"coding": [{"system": system, "code": code}], "text": text}


def participant(type_: str, system: str, value: str) -> dict[str, Any]:
    """Somebody who takes part."""
    actor = {"identifier": {"system": system, "value": value}, "type": type_}
    return {"actor": actor, "required": "required", "status": "accepted"}


BESIDE = {
    "extension": [
        extension(
            "attendance",
            extension=[
                part("kind", "no-show"),
                part("rule", "no-notice"),
                {
                    "url": "status-code",
                    "valueCoding": {
                        "system": f"{OURS}/id/clinic-east/code/status",
                        "code": "Away",
                    },
                },
                {
                    "url": "event-reason",
                    "valueCodeableConcept": concept("urn:example:reasons", "DNA", "Nobody came"),
                },
            ],
        ),
        extension("first-or-follow-up", extension=[part("kind", "unknown"),
                                                   part("rule", "history-too-short")]),
        extension("missed-before", valueDateTime=MISSED),
        extension("rescheduled-from", valueDateTime=MISSED),
    ],
    "appointmentType": concept(f"{THO}/v2-0277", "Tele", "By video"),
    "reasonCode": [concept("http://hl7.org/fhir/sid/icd-10", "F32.9", "Low mood")],
    "serviceType": [concept(f"{OURS}/id/clinic-east/code/service", "PT", "Psychotherapy")],
    "participant": [
        participant("Patient", "urn:example:mrn", GOOD),
        {
            "type": [{"coding": [{"system": f"{THO}/v3-ParticipationType", "code": "ATND"}]}],
            **participant("Practitioner", "urn:example:staff", "kurtz"),
        },
        participant("Practitioner", "urn:example:staff", "lindqvist"),
        participant("Practitioner", "urn:example:staff", "park"),
        {"actor": {"type": "Location", "display": "EAST, 12"}, "status": "accepted"},
    ],
}  # fmt: skip
"""Of the Appointment in R4 what these tests are about."""


@pytest.mark.parametrize("version", ["R4", "R5"])
def test_messages_and_a_table_give_the_same_appointment(
    version: str, command: Callable[..., Ran]
) -> None:
    site(*SITE)
    write("visits.csv", ROW)
    words = ("--fhir", version)
    by_row = mapped(command, "visits.csv", *words, to="rows")
    for some in (MESSAGES, [*MESSAGES[::-1], *MESSAGES]):
        Path("a.hl7").write_text("".join(some), encoding="utf-8", newline="")
        by_message = mapped(command, "a.hl7", *words)
        assert (
            without_place(by_message)["Appointment.ndjson"]
            == (without_place(by_row)["Appointment.ndjson"])
        )


def test_all_that_was_said_is_in_the_appointment(command: Callable[..., Ran]) -> None:
    site(*SITE)
    Path("a.hl7").write_text("".join(MESSAGES), encoding="utf-8", newline="")
    mapped(command, "a.hl7")
    (body,) = resources("out", "Appointment")
    digest = extension("content-digest")["url"]
    body["extension"] = [one for one in body["extension"] if one["url"] != digest]
    assert {name: body[name] for name in BESIDE} == BESIDE
    assert body["identifier"][1:] == [
        {"system": "urn:example:visits", "value": "1"},
        {
            "system": "urn:example:portal",
            "value": "A-7",
            "type": {"coding": [{"system": f"{THO}/v2-0203", "code": "PLAC"}]},
        },
    ]


def test_what_we_wrote_is_read_as_what_the_messages_said(command: Callable[..., Ran]) -> None:
    site(*SITE)
    Path("a.hl7").write_text("".join(MESSAGES), encoding="utf-8", newline="")
    for version in ("R4", "R5"):
        words = ("--fhir", version)
        one = mapped(command, "a.hl7", *words, to=f"one-{version}")
        two = mapped(command, f"one-{version}/Appointment.ndjson", *words, to=f"two-{version}")
        assert two["Appointment.ndjson"] == one["Appointment.ndjson"]
