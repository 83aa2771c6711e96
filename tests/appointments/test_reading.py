"""Appointments that others wrote: each gives what a row of a table gives that says the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from command.tables import GOOD, Row, mapped, resources, without_place, write
from visits.rows import visit

from .making import (
    THO,
    WHY,
    Json,
    appointment,
    bundle,
    coded,
    extension,
    named,
    ndjson,
    site,
    taking_part,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

END = {"end": "2026-03-09T14:50:00-04:00"}
SNOMED = "http://snomed.info/sct"
MOVED = "https://alliance-fhir.github.io/ig/StructureDefinition/rescheduled-from"
ROLE = {"resourceType": "PractitionerRole", "id": "r", "practitioner": {"reference": "#p"}}
KURTZ: Json = {"resourceType": "Practitioner", "id": "p", "identifier": [
    {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"},
    {"system": "urn:example:staff", "value": "kurtz"}]}  # fmt: skip

CASES: dict[str, tuple[Json, Row]] = {
    "booked": ({}, {}),
    "proposed": ({"status": "proposed"}, {"status": "pending"}),
    "pending": ({"status": "pending"}, {"status": "pending"}),
    "waitlist": ({"status": "waitlist"}, {"status": "waitlist"}),
    "arrived": ({"status": "arrived"}, {"status": "arrived"}),
    "checked in": ({"status": "checked-in"}, {"status": "checked-in"}),
    "fulfilled": ({"status": "fulfilled"}, {"status": "attended"}),
    "entered in error": ({"status": "entered-in-error"}, {"status": "entered-in-error"}),
    "no-show": ({"status": "noshow"}, {"status": "no-show"}),
    "no-show with a reason, R4": (
        {"status": "noshow", "cancelationReason": coded("pat-dec")},
        {"status": "no-show", "cancelled_by": "patient"},
    ),
    "no-show for a reason of the provider's, R4": (
        {"status": "noshow", "cancelationReason": coded("prov-hosp")},
        {"status": "no-show", "cancelled_by": "provider"},
    ),
    "no-show with notice, R5": (
        {"status": "noshow", "cancellationReason": coded("pat"),
         "cancellationDate": "2026-03-09T09:00:00-04:00"},
        {"status": "no-show", "cancelled_by": "patient",
         "cancelled_at": "2026-03-09T09:00:00-04:00"},
    ),
    "cancelled by the patient, R4": (
        {"status": "cancelled", "cancelationReason": coded("pat")},
        {"status": "cancelled", "cancelled_by": "patient"},
    ),
    "cancelled by the provider, R5": (
        {"status": "cancelled", "cancellationReason": coded("prov-pers"),
         "cancellationDate": "2026-03-01"},
        {"status": "cancelled", "cancelled_by": "provider", "cancelled_at": "2026-03-01"},
    ),
    "cancelled for the weather": (
        {"status": "cancelled", "cancelationReason": coded("oth-weath")},
        {"status": "cancelled"},
    ),
    "a code that begins alike": (
        {"status": "cancelled", "cancelationReason": coded("patch")},
        {"status": "cancelled"},
    ),
    "the code in another system": (
        {"status": "cancelled", "cancelationReason": coded("pat", "http://ehr.example/why")},
        {"status": "cancelled"},
    ),
    "the site's words for a reason": (
        {"status": "cancelled", "cancelationReason": {"text": "PATIENT unwell"}},
        {"status": "cancelled", "cancelled_by": "patient"},
    ),
    "the site's code before HL7's": (
        {"status": "cancelled", "cancelationReason":
         {"coding": [{"system": WHY, "code": "pat"}, {"code": "ill-staff"}]}},
        {"status": "cancelled", "cancelled_by": "provider"},
    ),
    "a status in an extension, as code": (
        {"status": "booked", "extension": extension(valueCode="no show")},
        {"status": "no-show"},
    ),
    "a status in an extension, as coding": (
        {"status": "fulfilled", "extension": extension(valueCoding={"code": "LATE"})},
        {"status": "arrived-late"},
    ),
    "a status in an extension, by its words": (
        {"status": "cancelled",
         "extension": extension(valueCodeableConcept={"coding": [{"code": "7"}], "text": "lwbs"})},
        {"status": "too-late"},
    ),
    "an extension of the status itself": (
        {"status": "booked", "_status": {"extension": extension(valueString="No Show")}},
        {"status": "no-show"},
    ),
    "the extension that the settings name first": (
        {"extension": [*extension("http://ehr.example/second", valueCode="X"),
                       *extension(valueCode="No Show")]},
        {"status": "no-show"},
    ),
    "what was entered in error is that": (
        {"status": "entered-in-error", "extension": extension(valueCode="No Show")},
        {"status": "entered-in-error"},
    ),
    "an extension that nobody asked for": (
        {"extension": extension("http://ehr.example/third", valueCode="No Show")},
        {},
    ),
    "how long it lasts, for the end": ({"end": None, "minutesDuration": 50}, {}),
    "service and reason, R4": (
        {"serviceType": [{"text": "Psychotherapy"}, {"text": "Another"}],
         "reasonCode": [coded("1", display="Low mood")]},
        {"service": "Psychotherapy", "reason": "Low mood", "reason_code": f"{WHY}|1"},
    ),
    "service and reason, R5": (
        {"serviceType": [{"concept": {"text": "Psychotherapy"}}],
         "reason": [{"concept": coded("R1")}]},
        {"service": "Psychotherapy", "reason": "R1", "reason_code": f"{WHY}|R1"},
    ),
    "a follow-up visit": (
        {"appointmentType": coded("FOLLOWUP", f"{THO}/v2-0276")},
        {"first": "no"},
    ),
    "a new patient": ({"appointmentType": coded("185387006", SNOMED)}, {"first": "yes"}),
    "SNOMED's follow-up": ({"appointmentType": coded("185389009", SNOMED)}, {"first": "no"}),
    "a check-up, which says neither": (
        {"appointmentType": coded("CHECKUP", f"{THO}/v2-0276")},
        {"appointment_type": "CHECKUP", "appointment_type_code": f"{THO}/v2-0276|CHECKUP"},
    ),
    "the attender before others": (
        {"participant": [
            {"actor": named("intern", "urn:example:staff", "Practitioner"), "status": "accepted"},
            {"type": [coded("ATND", f"{THO}/v3-ParticipationType")], "status": "accepted",
             "actor": named("kurtz", "urn:example:staff", "Practitioner")},
            *taking_part(named(GOOD), named("7", "urn:example:rooms", "Location"))]},
        {"clinician": "urn:example:staff|kurtz", "other_clinicians": "urn:example:staff|intern"},
    ),
    "a contained patient, who has several numbers": (
        {"contained": [{"resourceType": "Patient", "id": "p", "identifier": [
            {"system": "urn:example:insurer", "value": "9"},
            {"system": "urn:example:mrn", "value": GOOD}]}],
         "participant": taking_part({"reference": "#p"})},
        {},
    ),
    "a contained role": (
        {"contained": [ROLE, KURTZ],
         "participant": taking_part(named(GOOD), {"reference": "#r"})},
        {"clinician": "urn:example:staff|kurtz"},
    ),
    "the patient as subject, R5": ({"subject": named(GOOD), "participant": []}, {}),
    "the site's number of several": (
        {"identifier": [{"system": "urn:example:portal", "value": "p9"},
                        {"system": "urn:example:visits", "value": "1"}]},
        {},
    ),
    "another's number, where the site's is not there": (
        {"identifier": [{"system": "urn:example:portal", "value": "p9"}]},
        {"appointment": "urn:example:portal|p9"},
    ),
    "an id, where there is no number": (
        {"identifier": None},
        {"appointment": "https://alliance-fhir.github.io/id/clinic-east/appointment|a-1"},
    ),
    "where it was before, in the order in which it stands": (
        {"extension": [*extension(MOVED, valueDateTime="2026-03-05T09:30:00-05:00"),
                       *extension(MOVED, valueDateTime="2026-03-02T14:00:00-05:00")]},
        {"rescheduled_from": "2026-03-05T09:30:00-05:00;2026-03-02T14:00:00-05:00"},
    ),
    "an earlier Appointment that it replaces, R5": (
        {"replaces": [named("0", "urn:example:visits", "Appointment")]}, {}),
    "an order that is named": (
        {"basedOn": [named("77", "urn:example:orders", "ServiceRequest")]},
        {"referral": "urn:example:orders|77"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("version", ["R4", "R5"])
@pytest.mark.parametrize("name", CASES)
def test_an_appointment_gives_what_a_row_gives(
    name: str, version: str, command: Callable[..., Ran]
) -> None:
    body, row = CASES[name]
    site()
    write("visits.csv", visit(1, **{**END, **row}))
    words = ("--fhir", version)
    by_row = mapped(command, "visits.csv", *words, to="rows")
    by_fhir = mapped(command, ndjson(appointment(**body)), *words)
    assert without_place(by_fhir) == without_place(by_row)


PEOPLE: list[Json] = [
    {"resourceType": "Patient", "id": "1", "identifier": [
        {"system": "urn:example:old", "value": "0", "use": "old"},
        {"system": "urn:example:mrn", "value": GOOD}]},
    {**KURTZ, "id": "2"},
    {"resourceType": "Practitioner", "id": "3",
     "identifier": [{"system": "urn:example:gp", "value": "lee"}]},
    {"resourceType": "ServiceRequest", "id": "4", "requester": {"reference": "Practitioner/3"},
     "identifier": [{"system": "urn:example:orders", "value": "77"}]},
]  # fmt: skip
BY_REFERENCE = appointment(
    participant=taking_part({"reference": "Patient/1"}, {"reference": "Practitioner/2"}),
    basedOn=[{"reference": "ServiceRequest/4"}],
)
ALL_TOLD = visit(1, **END, clinician="urn:example:staff|kurtz", referrer="urn:example:gp|lee",
                 referral="urn:example:orders|77")  # fmt: skip


def by_file(*bodies: Json) -> str:
    """Each type in a file of its own, as a bulk export has it."""
    for body in bodies:
        name = f"{body['resourceType']}.ndjson"
        same = [one for one in bodies if one["resourceType"] == body["resourceType"]]
        ndjson(*same, name=name)
    return "Appointment.ndjson"


def by_uuid(*bodies: Json) -> str:
    """A transaction, in which only its own names are known."""
    urls = {n: f"urn:uuid:00000000-0000-4000-8000-00000000000{n}" for n in range(len(bodies))}
    names = {f"{b['resourceType']}/{b['id']}": urls[n] for n, b in enumerate(bodies)}

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: names.get(one, one) if key == "reference" else renamed(one)
                for key, one in value.items()
                if key != "id"
            }
        return [renamed(one) for one in value] if isinstance(value, list) else value

    return bundle(*map(renamed, bodies), urls=urls)


def by_server(*bodies: Json) -> str:
    """What a server gives; another's Patient/1 is somebody else."""
    urls = {n: f"https://ehr.example/fhir/{b['resourceType']}/{b['id']}"
            for n, b in enumerate(bodies)}  # fmt: skip
    other = {**PEOPLE[0], "identifier": [{"system": "urn:example:mrn", "value": "9999"}]}
    urls[len(bodies)] = "https://other.example/fhir/Patient/1"
    return bundle(*bodies, other, urls=urls)


@pytest.mark.parametrize("layout", [ndjson, bundle, by_file, by_uuid, by_server])
def test_people_and_orders_are_found_where_the_file_has_them(
    layout: Callable[..., str], command: Callable[..., Ran]
) -> None:
    site()
    write("visits.csv", ALL_TOLD)
    by_row = mapped(command, "visits.csv", to="rows")
    # before those whom it names, and after them
    for bodies in ([BY_REFERENCE, *PEOPLE], [*PEOPLE, BY_REFERENCE]):
        by_fhir = mapped(command, layout(*bodies))
        assert without_place(by_fhir) == without_place(by_row)


def test_somebody_at_another_server_is_nobody_here(command: Callable[..., Ran]) -> None:
    site()
    urls = {
        0: "https://ehr.example/fhir/Appointment/a-1",
        1: "https://other.example/fhir/Patient/1",
    }
    ran = command("check", bundle(BY_REFERENCE, PEOPLE[0], urls=urls), "--json")
    assert [one["rule"] for one in ran.json["rejected"]] == ["reference-only"]


def test_what_the_bundle_says_twice_of_one_name_is_nobody(command: Callable[..., Ran]) -> None:
    site()
    twin = {**PEOPLE[0], "identifier": [{"system": "urn:example:mrn", "value": "9999"}]}
    ran = command("check", bundle(BY_REFERENCE, *PEOPLE, twin), "--json")
    [told] = ran.json["rejected"]
    assert told["rule"] == "reference-only"


def test_the_same_in_a_table_is_taken_once(command: Callable[..., Ran]) -> None:
    site()
    write("visits.csv", visit(1, **END))
    ran = command("check", "visits.csv", ndjson(appointment()), "--json")
    assert ran.json["records"] == {"read": 2, "accepted": 1, "rejected": 0}
    assert [one["rule"] for one in ran.json["warnings"]] == ["duplicate-equal"]
    other = command("check", "visits.csv", ndjson(appointment(status="noshow")), "--json")
    assert [one["rule"] for one in other.json["rejected"]] == ["duplicate-different"] * 2


def test_an_earlier_visit_in_fhir_makes_a_later_one_a_follow_up(
    command: Callable[..., Ran],
) -> None:
    site()
    write("visits.csv", visit(2, start="2026-04-01T14:00:00Z", end="2026-04-01T15:00:00Z"))
    mapped(command, "visits.csv", ndjson(appointment(status="fulfilled")))
    kinds = {
        body["identifier"][1]["value"]: body["extension"][1]["extension"][0]["valueCoding"]["code"]
        for body in resources("out", "Appointment")
    }
    assert kinds == {"1": "unknown", "2": "follow-up"}


def test_what_else_is_json_in_a_folder_is_passed_over(command: Callable[..., Ran]) -> None:
    """Keys and settings of other programs lie beside the data; named by itself, such a file is
    told."""
    site()
    folder = Path("visits")
    folder.mkdir()
    (folder / "visits.json").write_text(json.dumps(appointment()))
    (folder / "keys.json").write_text('{"keys": [{"kty": "RSA"}]}')
    (folder / "empty.json").write_text("")
    ran = command("check", "visits", "--config", "alliance.toml", "--json")
    assert (ran.code, ran.json["records"]["accepted"]) == (0, 1)
    assert ran.json["rejected"] == []
    alone = command("check", "visits/keys.json", "--config", "alliance.toml", "--json")
    assert [one["rule"] for one in alone.json["rejected"]] == ["not-a-resource"]
