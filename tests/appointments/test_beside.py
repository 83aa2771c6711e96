"""What Appointments say beside the visit itself: codes, who else is there, where, and the number of
whoever asked for it. Each gives what a row of a table gives that says the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from command.tables import GOOD, Row, mapped, without_place, write
from visits.rows import FULL, visit

from .making import (
    THO,
    VISITS,
    Json,
    appointment,
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

OURS = "https://alliance-fhir.github.io/ig/StructureDefinition"
MOVED, MISSED = f"{OURS}/rescheduled-from", f"{OURS}/missed-before"
STAFF, NPI = "urn:example:staff", "http://hl7.org/fhir/sid/us-npi"
TYPES, REASONS = "urn:example:types", "urn:example:reasons"
FOLLOW_UP = {"system": f"{THO}/v2-0276", "code": "FOLLOWUP"}
HOUR = {"system": TYPES, "code": "60", "display": "An hour"}


def doctor(value: str, system: str = STAFF) -> Json:
    """A clinician who is named."""
    return named(value, system, "Practitioner")


def attends(actor: Json) -> Json:
    """Who takes part as the attender."""
    return {"actor": actor, "status": "accepted",
            "type": [coded("ATND", f"{THO}/v3-ParticipationType")]}  # fmt: skip


def team(*participants: Json) -> Json:
    """These beside the patient."""
    return {"participant": [*taking_part(named(GOOD)), *participants]}


def place(**told: str) -> Json:
    """Where it is to be, beside the patient."""
    return team({"actor": told, "status": "accepted"})


def asked(value: str, system: str | None = "urn:example:portal") -> Json:
    """A number of whoever asked for it."""
    whole = {"type": coded("PLAC", f"{THO}/v2-0203"), "system": system, "value": value}
    return {name: one for name, one in whole.items() if one}


def numbered(*identifiers: Json) -> Json:
    """With these numbers."""
    return {"identifier": [*identifiers]}


OWN = {"system": VISITS, "value": "1"}
ROOM: Json = {"resourceType": "Location", "id": "l", "name": "Room 7"}
FIFTH, SECOND = "2026-03-05T09:30:00-05:00", "2026-03-02T14:00:00-05:00"

CASES: dict[str, tuple[Json, Row]] = {
    # codes
    "a code, and words for it": (
        {"reasonCode": [{**coded("F32.9", REASONS, display="Not these"), "text": "Low mood"}]},
        {"reason": "Low mood", "reason_code": f"{REASONS}|F32.9"},
    ),
    "a code without a system": (
        {"reasonCode": [{"coding": [{"code": "F32.9", "display": "Low mood"}]}]},
        {"reason": "Low mood"},
    ),
    "a system that is none": (
        {"reasonCode": [coded("F32.9", "ICD", display="Low mood")]},
        {"reason": "Low mood"},
    ),
    "the first code whose system is named": (
        {"serviceType": [{"text": "Psychotherapy", "coding": [
            {"code": "x"}, {"system": TYPES, "code": "PT"}, {"system": TYPES, "code": "other"}]}]},
        {"service": "Psychotherapy", "service_code": f"{TYPES}|PT"},
    ),
    "a code with two blanks": (
        {"serviceType": [coded("P  T", TYPES, display="Psychotherapy")]},
        {"service": "Psychotherapy", "service_code": f"{TYPES}|P T"},
    ),
    "a code with what parts it from its system in tables": (
        {"serviceType": [coded("P|T", TYPES, display="Psychotherapy")]},
        {"service": "Psychotherapy"},
    ),
    "a service with a code, R5": (
        {"serviceType": [{"concept": coded("PT", TYPES, display="Psychotherapy")}]},
        {"service": "Psychotherapy", "service_code": f"{TYPES}|PT"},
    ),
    "only words": ({"serviceType": [{"text": "Psychotherapy"}]}, {"service": "Psychotherapy"}),
    # its type, which says which visit it is, too
    "a type": (
        {"appointmentType": {"coding": [HOUR]}},
        {"appointment_type": "An hour", "appointment_type_code": f"{TYPES}|60"},
    ),
    "a follow-up visit beside another code": (
        {"appointmentType": {"coding": [FOLLOW_UP, HOUR]}},
        {"first": "no", "appointment_type": "An hour", "appointment_type_code": f"{TYPES}|60"},
    ),
    "the other code first": (
        {"appointmentType": {"coding": [HOUR, FOLLOW_UP]}},
        {"first": "no", "appointment_type": "An hour", "appointment_type_code": f"{TYPES}|60"},
    ),
    "a follow-up visit with words": (
        {"appointmentType": {"coding": [{**FOLLOW_UP, "display": "Not these"}], "text": "Again"}},
        {"first": "no", "appointment_type": "Again"},
    ),
    "a follow-up visit and nothing else": (
        {"appointmentType": {"coding": [{**FOLLOW_UP, "display": "A follow up visit"}]}},
        {"first": "no"},
    ),
    # clinicians
    "several, and none of them attends": (
        team(*taking_part(doctor("kurtz"), doctor("lee"), doctor("park"))),
        {"clinician": f"{STAFF}|kurtz", "other_clinicians": f"{STAFF}|lee;{STAFF}|park"},
    ),
    "one of the site's system goes first": (
        team(*taking_part(doctor("9", NPI), doctor("lee"))),
        {"clinician": f"{STAFF}|lee", "other_clinicians": f"{NPI}|9"},
    ),
    "who has declined does not come": (
        team(*taking_part(doctor("kurtz")), {**taking_part(doctor("lee"))[0], "status": "declined"},
             *taking_part(doctor("park"))),
        {"clinician": f"{STAFF}|kurtz", "other_clinicians": f"{STAFF}|park"},
    ),
    "an attender who has declined was to see the patient": (
        team({**attends(doctor("kurtz")), "status": "declined"}, *taking_part(doctor("lee"))),
        {"clinician": f"{STAFF}|kurtz", "other_clinicians": f"{STAFF}|lee"},
    ),
    "but an attender goes before": (
        team(*taking_part(doctor("lee")), attends(doctor("9", NPI))),
        {"clinician": f"{NPI}|9", "other_clinicians": f"{STAFF}|lee"},
    ),
    "two who attend": (
        team(attends(doctor("kurtz")), attends(doctor("lee"))),
        {"clinician": f"{STAFF}|kurtz", "other_clinicians": f"{STAFF}|lee"},
    ),
    "one who is there twice": (
        team(*taking_part(doctor("kurtz"), doctor("kurtz"), doctor("lee"))),
        {"clinician": f"{STAFF}|kurtz", "other_clinicians": f"{STAFF}|lee"},
    ),
    "one whom only another server knows": (
        team(*taking_part(doctor("kurtz"), {"reference": "Practitioner/7"}, doctor("lee"))),
        {"clinician": f"{STAFF}|kurtz", "other_clinicians": f"{STAFF}|lee"},
    ),
    "an attender whom only another server knows": (
        team(attends({"reference": "Practitioner/7"}), *taking_part(doctor("lee"))),
        {"clinician": f"{STAFF}|lee"},
    ),
    # places
    "a place with words": (place(type="Location", display="East 7"), {"location": "East 7"}),
    "a place of another server": (
        place(reference="Location/7", display="East 7"),
        {"location": "East 7"},
    ),
    "a place of another server without words": (place(reference="Location/7"), {}),
    "a place that is contained": (
        {"contained": [ROOM], **place(reference="#l")},
        {"location": "Room 7"},
    ),
    "its words before its name": (
        {"contained": [ROOM], **place(reference="#l", display="East 7")},
        {"location": "East 7"},
    ),
    "the first place that has words": (
        team(*taking_part({"reference": "Location/7"}, {"type": "Location", "display": "East 7"},
                          {"type": "Location", "display": "West"})),
        {"location": "East 7"},
    ),
    # numbers of who asked for it
    "a number of who asked": (numbered(OWN, asked("A-7")), {"placer": "urn:example:portal|A-7"}),
    "the same before its own": (
        numbered(asked("A-7"), OWN),
        {"placer": "urn:example:portal|A-7"},
    ),
    "both of one system": (numbered(asked("9", VISITS), OWN), {"placer": f"{VISITS}|9"}),
    "both are one": (numbered(asked("1", VISITS), OWN), {}),
    "the first of two": (
        numbered(OWN, asked("A-7"), asked("B-8", "urn:example:web")),
        {"placer": "urn:example:portal|A-7"},
    ),
    "a number of who asked, of no system": (numbered(OWN, asked("A-7", None)), {}),
    "a number of who asked, and no other": (
        numbered(asked("A-7")),
        {"appointment": "urn:example:portal|A-7"},
    ),
    "a number of another type": (
        numbered(OWN, {**asked("A-7"), "type": coded("FILL", f"{THO}/v2-0203")}),
        {},
    ),
    # starts that were missed
    "missed before": (
        {"extension": [*extension(MISSED, valueDateTime=SECOND),
                       *extension(MOVED, valueDateTime=FIFTH),
                       *extension(MOVED, valueDateTime=SECOND)]},
        {"rescheduled_from": f"{FIFTH};{SECOND}", "missed": SECOND},
    ),
    "missed before, told with another offset, and twice": (
        {"extension": [*extension(MISSED, valueDateTime="2026-03-02T19:00:00Z"),
                       *extension(MISSED, valueDateTime=SECOND),
                       *extension(MOVED, valueDateTime=SECOND)]},
        {"rescheduled_from": SECOND, "missed": SECOND},
    ),
}  # fmt: skip


@pytest.mark.parametrize("version", ["R4", "R5"])
@pytest.mark.parametrize("name", CASES)
def test_an_appointment_gives_what_a_row_gives(
    name: str, version: str, command: Callable[..., Ran]
) -> None:
    body, row = CASES[name]
    site()
    write("visits.csv", visit(1, **{"end": "2026-03-09T14:50:00-04:00", **row}))
    words = ("--fhir", version)
    by_row = mapped(command, "visits.csv", *words, to="rows")
    by_fhir = mapped(command, ndjson(appointment(**body)), *words)
    assert without_place(by_fhir) == without_place(by_row)


V2_TYPE = f"{THO}/v2-0276|FOLLOWUP"
ROUNDS: dict[str, Row] = {
    "all that can be said": FULL,
    "missed, and missed before": {**FULL, "cancelled_at": "", "cancelled_by": ""},
    "a code without words": {**FULL, "reason": "", "event_reason": "", "appointment_type": ""},
    "words without a code": {
        **FULL, "reason_code": "", "event_reason_code": "", "appointment_type_code": ""},
    # of the source's own, beside what we say by the same codes
    **{
        f"a type that says that it is a follow-up visit, where it is said that it is {first}": {
            **FULL, "first": first, "appointment_type_code": V2_TYPE}
        for first in ("", "yes", "no")
    },
}  # fmt: skip


@pytest.mark.parametrize("read", ["R4", "R5"])
@pytest.mark.parametrize("written", ["R4", "R5"])
@pytest.mark.parametrize("name", ROUNDS)
def test_ours_is_read_as_what_it_was_made_from(
    name: str, written: str, read: str, command: Callable[..., Ran]
) -> None:
    """Written in one version of FHIR, and what is read of it in either."""
    site()
    write("visits.csv", ROUNDS[name])
    mapped(command, "visits.csv", "--fhir", written, to="ours")
    by_row = mapped(command, "visits.csv", "--fhir", read, to="rows")
    by_fhir = mapped(command, "ours/Appointment.ndjson", "ours/ServiceRequest.ndjson",
                     "--fhir", read)  # fmt: skip
    for type_ in ("Appointment", "ServiceRequest"):
        assert by_fhir[f"{type_}.ndjson"] == by_row[f"{type_}.ndjson"]
