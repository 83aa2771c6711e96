"""What `map` makes of visits: the status by what became of them, which of a patient's each is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from command.tables import Row, said, write, written

from .rows import FULL, site, visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

Json = dict[str, Any]
DAY_BEFORE, SAME_DAY = "2026-03-08T13:59-04:00", "2026-03-08T14:01-04:00"
AT_START = "2026-03-09T14:00-04:00"
PROVIDER, PATIENT = {"cancelled_by": "provider"}, {"cancelled_by": "patient"}
BECAME: list[tuple[Row, str, str, str, str]] = [
    # by the words of docs/reference/visits-in-fhir.md: the row; status, kind, rule, reason
    ({"status": "pending"}, "pending", "unknown", "still-open", ""),
    ({"status": "waitlist"}, "waitlist", "unknown", "still-open", ""),
    ({"status": "booked"}, "booked", "unknown", "still-open", ""),
    ({"status": "arrived"}, "arrived", "attended", "arrived", ""),
    ({"status": "checked-in"}, "checked-in", "attended", "checked-in", ""),
    ({"status": "attended"}, "fulfilled", "attended", "was-seen", ""),
    ({"status": "arrived-late"}, "fulfilled", "late-arrival", "late-and-seen", ""),
    ({"status": "too-late"}, "cancelled", "late-arrival", "late-and-not-seen", ""),
    ({"status": "no-show"}, "noshow", "no-show", "no-notice", ""),
    (
        {"status": "no-show", "cancelled_at": AT_START},
        "noshow",
        "no-show",
        "notice-after-start",
        "",
    ),
    (
        {"status": "no-show", "cancelled_at": DAY_BEFORE},
        *("cancelled", "patient-cancellation", "notice-in-time", "pat"),
    ),
    (
        {"status": "no-show", **PROVIDER},
        *("cancelled", "provider-cancellation", "called-off-by-provider", "prov"),
    ),
    (
        {"status": "cancelled", **PATIENT, "cancelled_at": SAME_DAY},
        *("cancelled", "late-cancellation", "notice-in-window", "pat"),
    ),
    (
        {"status": "cancelled", **PATIENT, "cancelled_at": DAY_BEFORE},
        *("cancelled", "patient-cancellation", "notice-in-time", "pat"),
    ),
    (
        {"status": "cancelled", **PATIENT},
        *("cancelled", "patient-cancellation", "notice-at-unknown-time", "pat"),
    ),
    (
        {"status": "cancelled", **PATIENT, "cancelled_at": AT_START},
        *("noshow", "no-show", "notice-after-start", ""),
    ),
    (
        {"status": "cancelled", **PROVIDER, "cancelled_at": AT_START},
        *("cancelled", "provider-cancellation", "called-off-by-provider", "prov"),
    ),
    ({"status": "cancelled"}, "cancelled", "unknown", "called-off-by-somebody", ""),
    ({"status": "entered-in-error"}, "entered-in-error", "unknown", "no-visit", ""),
]


def parts(body: Json, name: str) -> list[str]:
    """Kind and rule of an extension of ours."""
    [told] = [one for one in body["extension"] if one["url"].endswith(f"/{name}")]
    return [one["valueCoding"]["code"] for one in told["extension"] if "valueCoding" in one]


def appointments(command: Callable[..., Ran], *words: str) -> list[Json]:
    """What `map` makes of the file."""
    assert command("map", "a.csv", "--out", "out", *words, "--check", "models").code == 0
    return [json.loads(line) for line in written("out")["Appointment.ndjson"].splitlines()]


@pytest.mark.parametrize(("release", "spelt"), [("R4", "cancelationReason"),
                                                ("R5", "cancellationReason")])  # fmt: skip
def test_the_status_follows_what_became_of_a_visit(
    release: str, spelt: str, command: Callable[..., Ran]
) -> None:
    site()
    write("a.csv", *(visit(n, **told) for n, (told, *_) in enumerate(BECAME, 1)))
    found = [
        (
            body["status"],
            *parts(body, "attendance"),
            body.get(spelt, {"coding": [{"code": ""}]})["coding"][0]["code"],
        )
        for body in appointments(command, "--fhir", release)
    ]
    assert found == [tuple(told) for _, *told in BECAME]


def test_a_site_says_what_is_late(command: Callable[..., Ran]) -> None:
    site("late_cancellation_hours = 23")
    write("a.csv", visit(1, status="cancelled", cancelled_by="patient", cancelled_at=SAME_DAY))
    [body] = appointments(command)
    assert parts(body, "attendance") == ["patient-cancellation", "notice-in-time"]


def on(number: int, day: str, status: str, **told: str) -> Row:
    """A visit at two in the afternoon of that day."""
    return visit(number, start=f"{day}T14:00-04:00", status=status, service="Therapy", **told)


HISTORY = [
    # first, follow-up or unknown, and why; in the order of the file, which is none of time
    (on(1, "2026-03-16", "no-show"), ["follow-up", "attended-before"]),
    (on(2, "2026-03-02", "no-show"), ["first", "none-attended"]),
    (on(3, "2026-03-09", "attended"), ["first", "none-attended"]),
    (on(4, "2026-03-30", "booked", first="yes"), ["first", "said"]),
    (on(5, "2026-03-30", "booked") | {"service": "Other"}, ["first", "none-attended"]),
    (on(6, "2026-03-30", "booked") | {"service": " THERAPY "}, ["follow-up", "attended-before"]),
    (on(7, "2026-03-30", "booked", patient="urn:example:mrn|2"), ["first", "none-attended"]),
    (on(8, "2025-12-31", "arrived", patient="urn:example:mrn|3"), ["unknown", "history-too-short"]),
    (on(9, "2026-03-30", "booked", patient="urn:example:mrn|3"), ["follow-up", "attended-before"]),
]


def test_which_visit_it_is_depends_on_those_that_were_attended_before(
    command: Callable[..., Ran],
) -> None:
    site("history_from = 2025-03-01")
    write("a.csv", *(row for row, _ in HISTORY))
    made = appointments(command)
    assert [parts(body, "first-or-follow-up") for body in made] == [told for _, told in HISTORY]
    types = [
        [c["code"] for c in body.get("appointmentType", {}).get("coding", [])] for body in made
    ]
    meant = {
        "first": ["first", "185387006"],
        "follow-up": ["follow-up", "FOLLOWUP", "185389009"],
        "unknown": [],
    }
    assert types == [meant[kind] for _, (kind, _) in HISTORY]


def test_how_far_back_a_site_looks(command: Callable[..., Ran]) -> None:
    site("history_from = 2026-03-01", "look_back_days = 8")
    write("a.csv", on(1, "2026-03-08", "booked"), on(2, "2026-03-09", "booked"))
    told = [parts(body, "first-or-follow-up")[0] for body in appointments(command)]
    assert told == ["unknown", "first"]


def test_a_visit_in_another_file_counts_and_one_that_is_told_in_two_ways_does_not(
    command: Callable[..., Ran],
) -> None:
    site()
    late, early = on(1, "2026-03-16", "booked"), on(2, "2026-03-09", "attended")
    write("a.csv", late)
    write("b.csv", early)
    command("map", "a.csv", "b.csv", "--out", "out")
    [told, _] = map(json.loads, written("out")["Appointment.ndjson"].splitlines())
    assert parts(told, "first-or-follow-up") == ["follow-up", "attended-before"]
    write("b.csv", early, early | {"status": "no-show"})
    assert command("map", "a.csv", "b.csv", "--out", "out").code == 4
    [told] = map(json.loads, written("out")["Appointment.ndjson"].splitlines())
    assert parts(told, "first-or-follow-up") == ["unknown", "history-too-short"]


def test_a_full_row_whole(command: Callable[..., Ran]) -> None:
    site('specialty = "394913002"', "confidentiality = false", "sensitivity = []")
    write("a.csv", FULL)
    [body] = appointments(command)
    ours = "https://alliance-fhir.github.io/ig"
    system = f"{ours}/CodeSystem/attendance"
    tho = "http://terminology.hl7.org/CodeSystem"
    participation = f"{tho}/v3-ParticipationType"
    who = FULL["patient"].partition("|")[2]

    def coded(name: str, code: str) -> Json:
        return {"url": name, "valueCoding": {"system": system, "code": code}}

    *extensions, _ = body.pop("extension")
    assert extensions == [
        {
            "url": f"{ours}/StructureDefinition/attendance",
            "extension": [
                coded("kind", "patient-cancellation"),
                coded("rule", "notice-in-time"),
                {"url": "notice", "valueDateTime": "2026-03-15"},
                {
                    "url": "status-code",
                    "valueCoding": {"system": f"{tho}/v2-0278", "code": "Noshow"},
                },
                {
                    "url": "event-reason",
                    "valueCodeableConcept": {
                        "coding": [{"system": "urn:example:reasons", "code": "DNA"}],
                        "text": "Did not attend",
                    },
                },
            ],
        },
        {
            "url": f"{ours}/StructureDefinition/first-or-follow-up",
            "extension": [coded("kind", "first"), coded("rule", "said")],
        },
        {
            "url": f"{ours}/StructureDefinition/missed-before",
            "valueDateTime": "2026-03-09T14:00:00-04:00",
        },
        {
            "url": f"{ours}/StructureDefinition/modality",
            "valueCodeableConcept": {
                "coding": [{"system": f"{tho}/v3-ParticipationMode", "code": "FACE"}]
            },
        },
        {
            "url": f"{ours}/StructureDefinition/rescheduled-from",
            "valueDateTime": "2026-03-09T14:00:00-04:00",
        },
        {
            "url": f"{ours}/StructureDefinition/rescheduled-from",
            "valueDateTime": "2026-03-12T09:30:00-04:00",
        },
    ]
    key = body["identifier"].pop(0)["value"]
    based = body.pop("basedOn")
    assert body == {
        "resourceType": "Appointment",
        "meta": {"profile": [f"{ours}/StructureDefinition/visit-appointment"]},
        "identifier": [
            {"system": "urn:example:visits", "value": "2"},
            {
                "type": {"coding": [{"system": f"{tho}/v2-0203", "code": "PLAC"}]},
                "system": "urn:example:portal",
                "value": "A-7",
            },
        ],
        "status": "cancelled",
        "cancelationReason": {
            "coding": [{"system": f"{tho}/appointment-cancellation-reason", "code": "pat"}]
        },
        "serviceCategory": [{"coding": [{"system": f"{tho}/service-category", "code": "22"}]}],
        "serviceType": [
            {
                "coding": [{"system": "urn:example:services", "code": "PT"}],
                "text": "Psychotherapy",
            }
        ],
        "specialty": [{"coding": [{"system": "http://snomed.info/sct", "code": "394913002"}]}],
        "appointmentType": {
            "coding": [
                {"system": system, "code": "first"},
                {"system": "http://snomed.info/sct", "code": "185387006"},
                {"system": f"{tho}/v2-0277", "code": "Normal"},
            ],
            "text": "Normal visit",
        },
        "reasonCode": [
            {
                "coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "F32.9"}],
                "text": "Low mood\nand poor sleep",
            }
        ],
        "start": "2026-03-16T14:00:00-04:00",
        "end": "2026-03-16T14:50:00-04:00",
        "minutesDuration": 50,
        "participant": [
            {
                "actor": {
                    "identifier": {"system": "urn:example:mrn", "value": who},
                    "type": "Patient",
                },
                "required": "required",
                "status": "declined",
            },
            {
                "type": [{"coding": [{"system": participation, "code": "ATND"}]}],
                "actor": {
                    "identifier": {"system": "urn:example:staff", "value": "kurtz"},
                    "type": "Practitioner",
                },
                "required": "required",
                "status": "accepted",
            },
            *(
                {
                    "actor": {
                        "identifier": {"system": "urn:example:staff", "value": value},
                        "type": "Practitioner",
                    },
                    "required": "required",
                    "status": "accepted",
                }
                for value in ("lindqvist", "park")
            ),
            {
                "actor": {"display": "East wing, room 12", "type": "Location"},
                "status": "accepted",
            },
        ],
    }
    assert key.endswith("-appointment")
    [referral] = map(json.loads, written("out")["ServiceRequest.ndjson"].splitlines())
    assert based == [{"identifier": referral["identifier"][0], "type": "ServiceRequest"}]


def test_a_referrer_without_a_number_gives_a_referral_of_each_patient(
    command: Callable[..., Ran],
) -> None:
    site()
    lee = {"referrer": "urn:example:gp|lee"}
    rows = [
        visit(1, **lee),
        visit(2, **lee),
        visit(3, **lee, patient="urn:example:mrn|2"),
        visit(4),
    ]
    write("a.csv", *rows)
    made = appointments(command)
    based = [[one["identifier"]["value"] for one in body.get("basedOn", [])] for body in made]
    assert based[0] == based[1]
    assert based[0] != based[2]
    assert based[3] == []
    referrals = [json.loads(line) for line in written("out")["ServiceRequest.ndjson"].splitlines()]
    assert [[one["value"] for one in r["identifier"]] for r in referrals] == [based[0], based[2]]
    assert {r["requester"]["identifier"]["value"] for r in referrals} == {"lee"}


def test_no_patient_nor_service_is_laid_down_in_the_spool(
    command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes to the temporary file is read here as it goes there."""
    from alliance_fhir.sources import history

    laid: list[object] = []

    class Spy(history.Spool):
        def execute(self, *args: Any) -> Any:
            laid.extend(args)
            return super().execute(*args)

    monkeypatch.setattr(history, "Spool", Spy)
    site()
    write("a.csv", on(1, "2026-03-09", "attended", patient="urn:example:mrn|Zebulon"))
    assert said(command("check", "a.csv", "--json"))["records"]["accepted"] == 1
    assert any("attended" in str(one) for one in laid)
    assert "Zebulon" not in str(laid)
    assert "therapy" not in str(laid).lower()
    assert Path("a.csv").exists()


def test_a_visit_that_was_moved_is_what_it_is_at_its_last_time(command: Callable[..., Ran]) -> None:
    """The notice that was given of the time before is none of this one."""
    site("late_cancellation_hours = 24")
    write(
        "a.csv",
        visit(1, status="no-show"),
        visit(2, status="no-show", rescheduled_from="2026-03-08T14:00:00-04:00"),
        visit(3, status="attended", rescheduled_from="2026-03-08T14:00:00-04:00"),
    )
    plain, missed, came = appointments(command)
    assert [parts(one, "attendance") for one in (plain, missed, came)] == [
        ["no-show", "no-notice"],
        ["no-show", "no-notice"],
        ["attended", "was-seen"],
    ]
    for one in (missed, came):
        [moved] = [e for e in one["extension"] if e["url"].endswith("/rescheduled-from")]
        assert moved["valueDateTime"] == "2026-03-08T14:00:00-04:00"
        assert (one["start"], one["minutesDuration"]) == ("2026-03-09T14:00:00-04:00", 50)
