"""Files of messages as a source of the command: one visit an appointment, slips by line."""

from __future__ import annotations

import json
import sqlite3
import tracemalloc
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import pytest

from alliance_fhir.config import Hl7v2Settings, Settings, load
from alliance_fhir.domain.attendance import Side, Status
from alliance_fhir.domain.records import Identifier
from alliance_fhir.domain.visit import Visit
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.room import Spool
from alliance_fhir.sources.hl7v2.appointment import heard
from alliance_fhir.sources.hl7v2.pile import Pile
from alliance_fhir.sources.hl7v2.site import site_of
from alliance_fhir.sources.supply import Sources
from alliance_fhir.sources.wide import Read
from command.tables import (
    GOOD,
    SECRET,
    finding,
    keeps_silent,
    outcome,
    said,
    site,
    srs,
    write,
    written,
)
from visits.rows import visit

from .making import Fields, message, segment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conftest import Ran

SITE = (
    'zone = "America/New_York"',
    'appointment_system = "urn:example:visits"',
    'patient_system = "urn:example:mrn"',
    'clinician_system = "urn:example:staff"',
    'referrer_system = "urn:example:gp"',
    'referral_system = "urn:example:orders"',
    "[hl7v2.authorities]",
    'SCHED = "urn:example:visits"',
    "[hl7v2.status]",
    'Arrived = "arrived"',
    "[hl7v2.cancelled_by]",
    'PATCAN = "patient"',
)
USUAL = "visit_minutes = 50"
SERVICES = (
    segment("PV1", {8: "lee^Lee"}),
    segment("RGS", {1: "1"}),
    segment("AIS", {3: "PT^Psychotherapy"}),
    segment("AIP", {3: "kurtz^Kurtz"}),
)
TEN = "^^^20260310100000^20260310105000"
"""From ten to ten to eleven of a day, without an offset."""


def about(
    number: str,
    event: str,
    made: str,
    control: str,
    sch: Fields | None = None,
    *others: str,
    patient: str = GOOD,
) -> str:
    """A message of an appointment: when it was made, under which number, and what it says."""
    head = {7: made, 10: control}
    return message(event, head, {2: number, 25: "", **(sch or {})}, *others, pid={3: patient})


MONDAY = [
    about(
        "1",
        "S12",
        "20260302090000-0500",
        "C1",
        {7: "R1^Low mood", 11: "^^^20260309140000-0400^20260309145000-0400", 26: "77"},
        *SERVICES,
    ),
    about("2", "S12", "20260302100000-0500", "C2", {11: TEN}),
    about("3", "S12", "20260302110000-0500", "C3", {11: TEN}),
    about("4", "S12", "20260302120000-0500", "C4", {11: TEN}),
    about("5^SCHED", "S12", "20260302130000-0500", "C5", {11: TEN}),
    about("6", "S12", "20260302140000-0500", "C6", {11: TEN, 7: "FOLLOWUP^Again^HL70276"}),
]
LATER = [
    about("1", "S26", "20260309151000-0400", "C7", {11: "", 25: "Booked"}),
    about("2", "S15", "20260309100000-0400", "C8", {6: "PATCAN^Patient is ill", 11: ""}),
    about("3", "S13", "20260309110000-0400", "C9", {11: "^^^20260311100000^20260311105000"}),
    about("3", "S14", "20260311120000-0400", "C10", {11: "", 25: "Complete"}),
    about("4", "S14", "20260310095500-0400", "C11", {11: "", 25: "ARRIVED"}),
    about("5", "S17", "20260309120000-0400", "C12", {11: "", 25: "Deleted"}),
]
MORNING = {"start": "2026-03-10T10:00:00-04:00", "end": "2026-03-10T10:50:00-04:00"}
SAME = [
    visit(
        1,
        status="no-show",
        end="2026-03-09T14:50:00-04:00",
        clinician="urn:example:staff|kurtz",
        service="Psychotherapy",
        service_code="PT",
        reason="Low mood",
        reason_code="R1",
        status_code="Booked",
        referrer="urn:example:gp|lee",
        referral="urn:example:orders|77",
    ),
    visit(
        2,
        status="cancelled",
        cancelled_at="2026-03-09T10:00:00-04:00",
        cancelled_by="patient",
        event_reason="Patient is ill",
        event_reason_code="PATCAN",
        **MORNING,
    ),
    visit(
        3,
        status="attended",
        status_code="Complete",
        start="2026-03-11T10:00:00-04:00",
        end="2026-03-11T10:50:00-04:00",
        rescheduled_from="2026-03-10T10:00:00-04:00",
    ),
    visit(4, status="arrived", status_code="ARRIVED", **MORNING),
    visit(5, status="entered-in-error", status_code="Deleted", **MORNING),
    visit(6, status="booked", reason="Again", reason_code="FOLLOWUP", first="no", **MORNING),
]
"""A table of what becomes of these messages, worked out by hand."""


def lay(name: str, messages: Sequence[str]) -> None:
    """A file of these messages."""
    Path(name).write_text("".join(messages), encoding="utf-8", newline="")


def reads(*paths: str) -> list[Read]:
    """The records of these files, in which nothing is wrong, in the order of their keys."""
    found = list(Sources([*map(Path, paths)], load("alliance.toml"), Catalog()).records())
    every = [one for one in found if isinstance(one, Read)]
    assert every == found
    return sorted(every, key=lambda one: one.key)


def told(every: Sequence[Read]) -> list[tuple[str, object, str]]:
    """What does not depend on the place."""
    return [(one.key, one.record, one.content) for one in every]


# --- one visit an appointment ---------------------------------------------------------------------


def test_the_same_visits_as_a_table_and_as_messages(command: Callable[..., Ran]) -> None:
    site(*SITE)
    lay("a.hl7", MONDAY)
    lay("b.hl7", LATER)
    write("c.csv", *SAME)
    expected = outcome("check", (6, 6, 0))
    assert said(command("check", "a.hl7", "b.hl7", "--json")) == expected
    assert said(command("check", "c.csv", "--json")) == expected
    assert told(reads("a.hl7", "b.hl7")) == told(reads("c.csv"))
    for_people = command("check", "a.hl7", "b.hl7")
    assert for_people.out.endswith("check: 6 of 6 records, FHIR 4.0.1\n")


def test_a_visit_stands_where_its_newest_message_does() -> None:
    site(*SITE)
    lay("a.hl7", LATER)  # three lines each
    lay("b.hl7", MONDAY)
    origins = {
        one.record.appointment.value: one.origin
        for one in reads("a.hl7", "b.hl7")
        if isinstance(one.record, Visit)
    }
    expected = {
        "1": ("a.hl7", 1),
        "2": ("a.hl7", 4),
        "3": ("a.hl7", 10),
        "4": ("a.hl7", 13),
        "5": ("a.hl7", 16),
        "6": ("b.hl7", 1 + 7 + 4 * 3),
    }
    assert {number: at[:2] for number, at in origins.items()} == expected


def test_in_whatever_order_and_however_often_messages_come() -> None:
    site(*SITE)
    lay("a.hl7", MONDAY)
    lay("b.hl7", LATER)
    expected = told(reads("a.hl7", "b.hl7"))
    assert told(reads("b.hl7", "a.hl7")) == expected
    assert told(reads("a.hl7", "b.hl7", "a.hl7")) == expected
    every = [*MONDAY, *LATER]
    for number in range(1, len(every), 3):
        Path("in").mkdir(exist_ok=True)
        lay("in/a.hl7", every[:number][::-1])
        lay("in/b.hl7", [*every[number:][::-1], *every[::2]])
        assert told(reads("in")) == expected
    of_three = [one for one in every if "|3|" in one]
    three = [one[1] for one in expected if isinstance(one[1], Visit) and "3" in one[1].appointment]
    for some in permutations(of_three):
        lay("c.hl7", some)
        assert [one.record for one in reads("c.hl7")] == three


def test_an_older_state_has_another_digest() -> None:
    """What is said of a visit, not how often, is what tells whether something changed."""
    site(*SITE)
    lay("a.hl7", MONDAY)
    lay("b.hl7", [*MONDAY, *LATER])
    before, after = reads("a.hl7"), reads("b.hl7")
    assert [one.key for one in before] == [one.key for one in after]
    changed = {
        new.record.appointment.value
        for old, new in zip(before, after, strict=True)
        if old.content != new.content and isinstance(new.record, Visit)
    }
    assert changed == {"1", "2", "3", "4", "5"}


def test_folders_with_tables_beside(command: Callable[..., Ran]) -> None:
    site(USUAL, *SITE)
    Path("in").mkdir()
    lay("in/a.HL7", MONDAY)
    write("in/b.csv", srs())
    write("in/c.csv", visit(99))
    assert said(command("check", "in", "--json")) == outcome("check", (8, 8, 0))
    shape = outcome("check", (3, 3, 0))
    assert said(command("check", "in", "--limit", "3", "--json")) == shape
    shape = outcome("check", (8, 5, 0))
    assert said(command("check", "in", "--since", "2026-03-10", "--json")) == shape


def test_what_a_site_says_of_its_messages_alone() -> None:
    site(
        'zone = "Europe/Berlin"',
        'patient_system = "urn:x:patients"',
        'appointment_system = "urn:x:visits"',
        'encoding = "utf-16"',
        "[hl7v2]",
        'zone = "America/New_York"',
        'encoding = "windows-1252"',
        'patient_system = "urn:example:mrn"',
        'appointment_system = "urn:example:visits"',
        'clinician_system = "urn:example:staff"',
        'referrer_system = "urn:example:gp"',
        'referral_system = "urn:example:orders"',
        "[hl7v2.cancelled_by]",
        '"patient is ill" = "patient"',
        "[hl7v2.authorities]",
        'SCHED = "urn:example:visits"',
        "[hl7v2.status]",
        'arrived = "arrived"',
    )
    umlaut = (part.replace("Low mood", "Trübsinn") for part in [*MONDAY, *LATER])
    Path("a.hl7").write_bytes("".join(umlaut).encode("windows-1252"))
    site(*Path("alliance.toml").read_text().replace('encoding = "utf-16"', "").splitlines()[1:])
    write(
        "c.csv", *[{**row, "reason": row["reason"].replace("Low mood", "Trübsinn")} for row in SAME]
    )
    assert told(reads("a.hl7")) == told(reads("c.csv"))


def test_an_authority_that_nobody_explains_has_a_system_of_the_site() -> None:
    site('base = "https://clinic.invalid/id"', *SITE[:1])
    lay("a.hl7", [about("1^S/1", "S12", "20260302090000-0500", "C1", patient="7^^^MPI")])
    (read,) = reads("a.hl7")
    assert isinstance(read.record, Visit)
    assert read.record.appointment == Identifier("https://clinic.invalid/id/authority/S%2F1", "1")
    assert read.record.patient == Identifier("https://clinic.invalid/id/authority/MPI", "7")


def test_words_of_settings_are_those_of_visits() -> None:
    assert Hl7v2Settings.model_fields["status"].annotation == dict[str, Status]
    sides = Hl7v2Settings.model_fields["cancelled_by"].annotation
    assert sides == dict[str, Literal["patient", "provider"]]
    assert get_args(Side) == ("patient", "provider")


# --- what is wrong --------------------------------------------------------------------------------

SLIPS = [
    MONDAY[0],
    about("7", "S12", "20260302090000-0500", "C20", {11: "^^^20260309"}, patient=SECRET),
    about("8", "S12", "20260302090000-0500", "C21", {25: SECRET}, patient=SECRET),
    about(
        "9", "S12", "2026030", "", {2: "", 11: "^^^20260310100000^20260310090000"}, patient=SECRET
    ),
    about("10", "S12", "20260302090000-0500", "C23", {7: "R^a\\X07\\b"}, patient=SECRET),
    "MSH|^~\\&|SCHED|EAST|||20260302090000||SIU^S12\r",
    about("11", "S23", "20260302090000-0500", "C24", patient=SECRET),
    message("A04", {9: "ADT^A04"}),
    MONDAY[1],
]
STARTS = [1, 8, 11, 14, 17, 20, 21, 24, 27]
"""The first message has seven lines, that which is cut off one, the others three."""


def slip(number: int, place: str, rule: str, remedy: str = "") -> dict[str, str | int]:
    """What is said of one of these messages."""
    return finding(STARTS[number], place, rule, remedy, "a.hl7")


UTC = "Write YYYYMMDDHHMMSS and the offset from UTC, such as 20260302141000-0500."
NAMED = [
    slip(
        1,
        "SCH-11.4",
        "not-a-time",
        "Send the time beside the day, such as 20260302141000-0500.",
    ),
    slip(
        2,
        "SCH-25",
        "unknown-status",
        "Use a code of HL7 table 0278, or map this one in [hl7v2.status].",
    ),
    slip(3, "MSH-7", "not-a-date", UTC),
    slip(3, "SCH-2", "appointment-not-numbered"),
    slip(3, "MSH-10", "message-not-numbered"),
    slip(
        3,
        "SCH-11.5",
        "ends-before-start",
        "An appointment ends after it begins; send both times as they are.",
    ),
    slip(4, "SCH-7", "control-character"),
    slip(5, "MSH", "truncated-message"),
    slip(7, "MSH-9.1", "not-scheduling"),
]


def test_slips_are_told_by_line_and_place_and_the_other_messages_go_on(
    command: Callable[..., Ran],
) -> None:
    site(*SITE)
    lay("a.hl7", SLIPS)
    shape = outcome(
        "check",
        (8, 2, 6),
        NAMED,
        code=4,
        warnings=[slip(6, "MSH-9.2", "slot-without-appointment")],
    )
    ran = command("check", "a.hl7", "--json")
    assert said(ran) == shape
    assert said(command("check", "a.hl7", "--limit", "9", "--json")) == shape
    keeps_silent(ran, command("check", "a.hl7"))


def test_slips_are_known_by_their_appointments_where_these_can_be_read() -> None:
    site(*SITE)
    lay("a.hl7", SLIPS)
    lay("b.hl7", [about(str(number), "S12", "20260302090000-0500", "C1") for number in (7, 8, 10)])
    keys = {
        one.record.appointment.value: one.key
        for one in reads("b.hl7")
        if isinstance(one.record, Visit)
    }
    settings = load("alliance.toml")
    every = Sources([Path("a.hl7")], settings, Catalog()).records()
    named = {one.row: one.key for one in every if not isinstance(one, Read)}
    expected = {1: keys["7"], 2: keys["8"], 3: "", 4: keys["10"], 5: "", 6: "", 7: ""}
    assert named == {STARTS[number]: key for number, key in expected.items()}


def test_what_none_of_the_messages_says_is_told_once_at_the_newest(
    command: Callable[..., Ran],
) -> None:
    site(*SITE)
    quiet: Fields = {11: ""}
    lay("a.hl7", [about("7", "S14", "20260303090000-0500", "C2", quiet, patient="")])
    lay("b.hl7", [about("7", "S14", "20260302090000-0500", "C1", quiet, patient=""), MONDAY[1]])
    lacking = {"PID-3": "never-said", "SCH-11.4": "never-said", "SCH-11.5": "no-end"}
    rules = {**lacking, "SCH-25": "never-said"}
    named = [finding(1, place, rule, path="a.hl7") for place, rule in rules.items()]
    shape = outcome("check", (2, 1, 1), named, code=4)
    assert said(command("check", "a.hl7", "b.hl7", "--json")) == shape
    assert said(command("check", "b.hl7", "a.hl7", "--json")) == shape
    lay("c.hl7", [about("7", "S12", "20260301090000-0500", "C0")])
    shape = outcome("check", (2, 2, 0))
    assert said(command("check", "a.hl7", "b.hl7", "c.hl7", "--json")) == shape


def test_no_end_is_asked_for_where_all_visits_last_as_long(command: Callable[..., Ran]) -> None:
    site(USUAL, *SITE)
    lay("a.hl7", [about("7", "S26", "20260302090000-0500", "C1", {11: ""})])
    shape = outcome(
        "check", (1, 0, 1), [finding(1, "SCH-11.4", "never-said", path="a.hl7")], code=4
    )
    assert said(command("check", "a.hl7", "--json")) == shape


def test_what_nobody_can_know_yet(command: Callable[..., Ran]) -> None:
    site(USUAL, *SITE)
    lay("a.hl7", [about("7", "S26", "20260302090000-0500", "C1", {11: "^^^21990309140000-0500"})])
    named = [finding(1, "SCH-11.4", "known-too-soon", path="a.hl7")]
    shape = outcome("check", (1, 0, 1), named, code=4)
    assert said(command("check", "a.hl7", "--json")) == shape


def test_people_read_lines_and_fields(command: Callable[..., Ran]) -> None:
    site(USUAL, *SITE)
    lay("a.hl7", [about("7", "S12", "20260302090000-0500", "C1", {11: TEN, 25: "Gone"})])
    assert command("check", "a.hl7").out.splitlines()[1] == (
        "  a.hl7, line 1, field SCH-25: unknown-status. "
        "Use a code of HL7 table 0278, or map this one in [hl7v2.status]."
    )


THE_TENTH, THE_TWENTIETH = {11: "^^^20260310140000-0400"}, {11: "^^^20260320140000-0400"}
MISSED = about("7", "S26", "20260310170000-0400", "C1", THE_TENTH)


def test_what_was_known_of_another_day(command: Callable[..., Ran]) -> None:
    """That it was missed on the tenth says nothing of the twentieth, though both are over."""
    site(USUAL, *SITE)
    moved = about("7", "S14", "20260311090000-0400", "C2", THE_TWENTIETH)
    again = about("7", "S14", "20260321090000-0400", "C3", THE_TWENTIETH)
    lay("a.hl7", [MISSED, moved])
    lay("b.hl7", [again, moved, MISSED])
    for path, line in (("a.hl7", 4), ("b.hl7", 1)):
        named = [finding(line, "SCH-11.4", "known-too-soon", path=path)]
        shape = outcome("check", (1, 0, 1), named, code=4)
        assert said(command("check", path, "--json")) == shape


def test_a_start_that_was_corrected_after_the_visit(command: Callable[..., Ran]) -> None:
    """It was known after both."""
    site(USUAL, *SITE)
    moved = {11: "^^^20260311140000-0400"}
    lay("a.hl7", [MISSED, about("7", "S14", "20260312090000-0400", "C2", moved)])
    assert said(command("check", "a.hl7", "--json")) == outcome("check", (1, 1, 0))


FAR = "^^^99991231235900+0000"


def test_what_would_end_after_all_time(command: Callable[..., Ran]) -> None:
    site(USUAL, *SITE)
    made = "20260302090000-0500"
    lay("a.hl7", [about("7", "S12", made, "C1", {11: FAR, 9: "60", 10: "min"})])
    lay("b.hl7", [about("8", "S12", made, "C2", {11: FAR})])
    remedy = "It ends after the year 9999; correct the start."
    named = [
        finding(1, "SCH-11.4", "not-a-date", remedy, "a.hl7"),
        finding(1, "SCH-11.5", "no-end", path="b.hl7"),
    ]
    shape = outcome("check", (2, 0, 2), named, code=4)
    assert said(command("check", "a.hl7", "b.hl7", "--json")) == shape


@pytest.mark.parametrize(
    ("text", "place", "rule"),
    [("", "", "empty-file"), ("BHS|^~\\&|S\r" + MONDAY[1] + "BTS|2\r", "BTS-1", "count-differs")],
)
def test_what_is_wrong_with_a_file_as_a_whole(
    text: str, place: str, rule: str, command: Callable[..., Ran]
) -> None:
    site(*SITE)
    lay("a.hl7", [text])
    named = [finding(0, place, rule, path="a.hl7")]
    number = int(bool(text))
    shape = outcome("check", (number, number, 0), named, code=3)
    assert said(command("check", "a.hl7", "--json")) == shape


def test_a_file_that_cannot_be_read(command: Callable[..., Ran]) -> None:
    site(*SITE)
    Path("in").mkdir()
    Path("in/a.hl7").symlink_to("nothing")
    lay("in/b.hl7", MONDAY[1:])
    remedy = "It is a link to nothing; mend or remove it."
    named = [finding(0, "", "unreadable-file", remedy, "in/a.hl7")]
    shape = outcome("check", (5, 5, 0), named, code=3)
    assert said(command("check", "in", "--json")) == shape


def test_a_file_that_breaks_off_while_it_is_read(command: Callable[..., Ran]) -> None:
    site(*SITE)
    Path("a.hl7").symlink_to("/proc/self/mem")
    named = [finding(0, "", "unreadable-file", "Input/output error", "a.hl7")]
    shape = outcome("check", (0, 0, 0), named, code=3)
    assert said(command("check", "a.hl7", "--json")) == shape


# --- beside tables --------------------------------------------------------------------------------


def test_an_appointment_in_a_table_and_in_messages(command: Callable[..., Ran]) -> None:
    site(*SITE)
    lay("a.hl7", MONDAY[:3])
    lay("b.hl7", LATER[:3])
    write("c.csv", SAME[0], {**SAME[1], "cancelled_by": "provider"}, SAME[3])
    mine = "What is said of one appointment differs; keep what is right."
    equal = "Another source says the same of this appointment; it was taken once."
    different = (
        "Another source says something else of this appointment; give one of the two, or mend one "
        "of them."
    )
    shape = outcome(
        "check",
        (6, 3, 2),
        [
            finding(3, "", "duplicate-different", mine, "c.csv"),
            finding(4, "", "duplicate-different", different, "b.hl7"),
        ],
        code=4,
        warnings=[finding(1, "", "duplicate-equal", equal, "b.hl7")],
    )
    assert said(command("check", ".", "--json")) == shape
    assert said(command("check", ".", "--limit", "9", "--json")) == shape


def test_two_tables_that_say_the_same_in_other_cells(command: Callable[..., Ran]) -> None:
    site(USUAL, *SITE)
    write("a.csv", visit(1))
    write("b.csv", {**visit(1, appointment="1"), "status": "BOOKED"})
    warnings = [finding(2, "", "duplicate-equal", path="b.csv")]
    shape = outcome("check", (2, 1, 0), warnings=warnings)
    assert said(command("check", "a.csv", "b.csv", "--json")) == shape


def test_what_is_made_of_messages_is_what_is_made_of_a_table(command: Callable[..., Ran]) -> None:
    site(*SITE)
    lay("a.hl7", MONDAY)
    lay("b.hl7", LATER)
    write("c.csv", *SAME)
    recorded = ("--recorded", "2026-06-30T12:00:00Z")
    every = command("map", "a.hl7", "b.hl7", "--out", "messages", "--json", *recorded)
    table = command("map", "c.csv", "--out", "table", "--json", *recorded)
    assert (every.code, table.code) == (0, 0)
    assert said(every)["files"] == said(table)["files"]
    assert set(said(every)["files"]) == {"Appointment", "Device", "Provenance", "ServiceRequest"}
    for type_ in ("Appointment", "ServiceRequest"):
        ours, theirs = (
            sorted(written(name)[f"{type_}.ndjson"].splitlines()) for name in ("messages", "table")
        )
        assert ours == theirs


def test_messages_that_come_later_update_what_they_change(command: Callable[..., Ran]) -> None:
    site(*SITE)
    Path("in").mkdir()
    lay("in/a.hl7", MONDAY)
    made = said(command("sync", "in", "--to", "out", "--json"))
    assert (made["exit_code"], made["records"]["accepted"]) == (0, 6)
    again = said(command("sync", "in", "--to", "out", "--json"))
    assert "created" not in again["resources"] or not again["resources"]["created"]
    lay("in/b.hl7", LATER[1:3])
    later = said(command("sync", "in", "--to", "out", "--json"))
    assert (later["exit_code"], later["resources"]["updated"]) == (0, 2)


def test_a_first_visit_is_one_of_messages_and_tables_together() -> None:
    """Who was seen at a visit of a table comes back at one of messages, and the other way round."""
    site("history_from = 2020-01-01", USUAL, *SITE)
    lay("a.hl7", MONDAY[2:3] + LATER[2:4])
    before = visit(
        21, status="attended", start="2026-03-01T10:00:00-05:00", end="2026-03-01T10:50:00-05:00"
    )
    after = visit(
        22, status="attended", start="2026-03-30T10:00:00-04:00", end="2026-03-30T10:50:00-04:00"
    )
    for row, expected in ((before, ("first", "follow-up")), (after, ("follow-up", "first"))):
        write("c.csv", row)
        found = {one.origin.path: one.place.kind for one in reads("a.hl7", "c.csv")}
        assert (found["c.csv"], found["a.hl7"]) == expected


# --- what is kept until the end of the run --------------------------------------------------------


def test_nothing_that_can_be_read_at_a_glance_is_kept(
    command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    site(*SITE)
    values = ("Aurelia", "Low mood", "kurtz", "urn:example:visits")
    assert all(value in "".join([*MONDAY, *SITE]) for value in values)
    lay("a.hl7", MONDAY)
    kept: list[bytes] = []

    def close(spool: Spool) -> None:
        kept.append(spool.serialize())
        sqlite3.Connection.close(spool)

    monkeypatch.setattr(Spool, "close", close)
    command("check", "a.hl7")
    assert b"a.hl7" in b"".join(kept)
    assert not [value for value in values if value.encode() in b"".join(kept)]
    assert sorted(path.name for path in Path().iterdir()) == ["a.hl7", "alliance.toml"]


def test_what_is_heard_does_not_stay_in_memory(tmp_path: Path) -> None:
    """What more appointments take at the peak is less than a message's own size for each."""
    path = tmp_path / "a.hl7"
    path.write_text(about("1", "S12", "20260302090000-0500", "C1"), newline="")
    systems = dict.fromkeys(("appointment_system", "patient_system"), "urn:example:all")
    settings = Settings.model_validate({"source": "clinic-east", **systems})
    ((_, spoken, *_),) = heard(path, site_of(settings))
    assert spoken

    def peak(number: int) -> int:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        with Pile(settings) as pile:
            for n in range(number):
                pile.add(f"{n:032}", "a.hl7", n, spoken._replace(control=str(n)))
            assert sum(isinstance(read, Read) for read in pile.records()) == number
        return tracemalloc.get_traced_memory()[1] - before

    tracemalloc.start()
    try:
        peak(10)
        assert peak(4_000) - peak(2_000) < 2_000 * 100  # kept, each takes 400 bytes packed
    finally:
        tracemalloc.stop()


def test_the_whole_of_json(command: Callable[..., Ran]) -> None:
    """As it is printed, with nothing taken out but the seconds."""
    site(*SITE)
    lay("a.hl7", [MONDAY[1], SLIPS[1]])
    shape = json.loads(command("check", "a.hl7", "--json").out)
    del shape["seconds"]
    assert shape == {
        "command": "check",
        "fhir_version": "4.0.1",
        "records": {"read": 2, "accepted": 1, "rejected": 1},
        "rejected": [
            {
                "path": "a.hl7",
                "row": 4,
                "column": "SCH-11.4",
                "rule": "not-a-time",
                "remedy": "Send the time beside the day, such as 20260302141000-0500.",
            }
        ],
        "blocked": [],
        "exit_code": 4,
    }


def test_a_number_with_control_characters_stays_out_of_fhir(command: Callable[..., Ran]) -> None:
    """FHIR has none in its texts; the number is told without."""
    site(*SITE)
    lay("a.hl7", message("S12", {10: r"C\X01\1", 3: r"A\X02\B"}))
    assert command("map", "a.hl7", "--out", "out").code == 0
    proof = json.loads(Path("out/Provenance.ndjson").read_text(encoding="utf-8"))
    told = [entity["what"]["display"] for entity in proof["entity"]]
    assert told == ["a.hl7 line 1", "message C 1 of A B|EAST"]
