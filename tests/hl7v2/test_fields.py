"""What is read from which field, worked out by hand.

The positions are those of the standard, v2.5.1: chapter 10 (SCH 10.6.2, AIS 10.6.4, AIG 10.6.5,
AIL 10.6.6, AIP 10.6.7, RGS 10.6.3), chapter 3 (PID, PV1), chapter 4 (TQ1), chapter 2 (MSH, data
types).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alliance_fhir.domain.records import Identifier
from alliance_fhir.domain.scheduling import fold
from alliance_fhir.sources.hl7v2.site import Site
from alliance_fhir.sources.hl7v2.statuses import EVENTS, TABLE_0278

from .making import (
    APPOINTMENT,
    PATIENT,
    SITE,
    Fields,
    aip,
    at,
    coded,
    message,
    msh,
    own,
    said,
    segment,
    told,
    v2,
)

FULL = message(
    "S13",
    {4: "EAST^2.16.1^ISO", 13: "7"},
    {
        1: "P1^PLACER",
        2: "F1^FILL^1.2.3^ISO",
        6: "R1^Moved by the clinic^L",
        7: "FOLLOWUP^Follow-up^HL70276",
        8: "Normal^^HL70277",
        11: "^^M50^20260309100000-0400^20260309105000-0400",
        25: "Pending^^HL70278",
        26: "O1^ORDERS",
        27: "O2",
    },
    segment("PV1", {2: "O", 8: "REF7^Refer^R"}),
    segment("RGS", {1: "1", 2: "A"}),
    segment("AIS", {1: "1", 3: "PSY^Psychotherapy^L", 4: "20260309101500-0400", 10: "Booked"}),
    segment("AIL", {1: "1", 3: "EAST WING^R3^^CLINIC"}),
    segment("AIP", {1: "1", 3: "K1^Kurtz^A^^^Dr^^^STAFF&1.2.5&ISO"}),
    segment("AIP", {1: "2", 3: "K2^Lee^B"}),
    segment("ZAP", {1: "anything~at\\all", 9: "^&^"}),
)


def test_all_that_is_read(tmp_path: Path) -> None:
    assert told(said(tmp_path, FULL)) == {
        "sender": "SCHED|EAST",
        "control": "C1",
        "made": at("2026-03-02T14:10:00-05:00"),
        "sequence": 7,
        "trigger": "S13",
        "appointment": Identifier("urn:oid:1.2.3", "F1"),
        "patient": PATIENT,
        "clinician": Identifier("urn:oid:1.2.5", "K1"),
        "start": at("2026-03-09T10:00:00-04:00"),
        "end": at("2026-03-09T10:50:00-04:00"),
        "status": "pending",
        "status_code": v2("0278", "Pending"),
        "event_reason": coded(own("event_reason", "R1"), "Moved by the clinic"),
        "reason": coded(v2("0276", "FOLLOWUP"), "Follow-up"),
        "appointment_type": coded(v2("0277", "Normal"), "Normal"),
        "service": coded(own("service", "PSY"), "Psychotherapy"),
        "location": "EAST WING, R3, CLINIC",
        "referrer": Identifier("urn:example:staff", "REF7"),
        "referral": Identifier("https://clinic-east.invalid/authority/ORDERS", "O1"),
        "placer": Identifier("https://clinic-east.invalid/authority/PLACER", "P1"),
        "other_clinicians": (Identifier("urn:example:staff", "K2"),),
        "first": False,
    }


APPOINTMENTS: list[tuple[Fields, Identifier, bool]] = [
    ({}, APPOINTMENT, False),
    ({1: "P1", 2: "F1"}, APPOINTMENT, False),
    ({1: "P1", 2: ""}, Identifier("urn:example:appointment", "P1"), True),
    ({2: "F1^MRN"}, Identifier("urn:example:mrn", "F1"), False),
    ({2: "F1^A B"}, Identifier("https://clinic-east.invalid/authority/A%20B", "F1"), False),
    ({2: "F1^X^1.2.3^ISO"}, Identifier("urn:oid:1.2.3", "F1"), False),
    ({2: "F1^^0C6E^UUID"}, Identifier("urn:uuid:0c6e", "F1"), False),
    ({2: "F1^^urn:x:y^URI"}, Identifier("urn:x:y", "F1"), False),
    ({2: "F1^^www.x.y^DNS"}, Identifier("https://clinic-east.invalid/authority/www.x.y", "F1"),
     False),
    # one occurrence of several, 10.6.2.3
    ({3: "2"}, Identifier("urn:example:appointment", "F1/2"), False),
    ({3: "0"}, APPOINTMENT, False),
    ({2: "F\\F\\1"}, Identifier("urn:example:appointment", "F|1"), False),
]  # fmt: skip


@pytest.mark.parametrize(("sch", "appointment", "number_of_asker"), APPOINTMENTS)
def test_the_number_of_an_appointment(
    tmp_path: Path, sch: Fields, appointment: Identifier, number_of_asker: bool
) -> None:
    one = said(tmp_path, message(sch=sch))
    assert (one.appointment, one.number_of_asker) == (appointment, number_of_asker)


PATIENTS: list[tuple[str, Site, Identifier]] = [
    ("1001", SITE, PATIENT),
    ("1001^^^MRN^MR", SITE, PATIENT),
    ("77^^^NHS^NH~1001^^^MRN^MR~~", SITE, PATIENT),
    ("1001^^^MRN~1001", SITE, PATIENT),
    ("1001^^^&1.2&ISO", SITE._replace(patient_system="urn:oid:1.2"),
     Identifier("urn:oid:1.2", "1001")),
    # which one counts is not said, and there is one alone
    ("77^^^NHS", SITE._replace(patient_system=""),
     Identifier("https://clinic-east.invalid/authority/NHS", "77")),
    ("S1^^^&www.praxis.de&DNS^PI~^^^^PT", SITE._replace(patient_system=""),
     Identifier("https://clinic-east.invalid/authority/www.praxis.de", "S1")),
]  # fmt: skip


@pytest.mark.parametrize(("pid", "site", "patient"), PATIENTS)
def test_the_number_of_a_patient(tmp_path: Path, pid: str, site: Site, patient: Identifier) -> None:
    assert said(tmp_path, message(pid={3: pid}), site).patient == patient


def test_a_message_without_a_patient_says_nothing_of_one(tmp_path: Path) -> None:
    one = message("S26").split("\rPID")[0]
    assert said(tmp_path, one).patient is None


START, END = "2026-03-09T10:00:00-04:00", "2026-03-09T10:30:00-04:00"
_T, _U = "20260309100000-0400", "20260309103000-0400"
AIS = segment("AIS", {3: "PSY", 4: _T, 7: "30", 8: "min"})
SPANS: list[tuple[Fields, tuple[str, ...], str | None]] = [
    ({}, (), END),
    ({11: f"^^^{_T}"}, (), None),
    ({9: "30", 10: "min", 11: f"^^^{_T}"}, (), END),
    ({9: "0.5", 10: "HR", 11: f"^^^{_T}"}, (), END),
    ({9: "1800", 10: "s", 11: f"^^^{_T}"}, (), END),
    ({9: "30", 10: "^minutes", 11: f"^^^{_T}"}, (), END),
    ({9: "60", 10: "min"}, (), END),  # SCH-11.5 goes before it
    # no unit, an unknown one, no amount: nothing is guessed
    ({9: "30", 11: f"^^^{_T}"}, (), None),
    ({9: "1800", 11: f"^^M30^{_T}"}, (), END),
    ({9: "2", 10: "slots", 11: f"^^30^{_T}"}, (), None),
    ({9: "0", 10: "min", 11: f"^^^{_T}"}, (), None),
    ({11: ""}, (segment("TQ1", {7: _T, 8: _U}),), END),
    ({11: ""}, (segment("TQ1", {6: "30^min", 7: _T}),), END),
    ({11: ""}, (AIS,), END),
    ({9: "30", 10: "min", 11: ""}, (segment("AIS", {3: "PSY", 4: _T}),), END),
    ({11: f"^^^{_T}^{_U}~^^^20260310100000-0400"}, (), END),
    ({}, (segment("TQ1", {7: "20260309110000-0400", 8: "20260309113000-0400"}),), END),
]


@pytest.mark.parametrize(("sch", "others", "end"), SPANS)
def test_start_and_end(
    tmp_path: Path, sch: Fields, others: tuple[str, ...], end: str | None
) -> None:
    one = said(tmp_path, message("S12", {}, sch, *others))
    assert (one.start, one.end) == (at(START), end and at(end))


CODES = {
    "Pending": "pending",
    "Waitlist": "waitlist",
    "Booked": "booked",
    "Started": "checked-in",
    "Complete": "attended",
    "Cancelled": "cancelled",
    "Deleted": "entered-in-error",
    "Noshow": "no-show",
}


@pytest.mark.parametrize(("code", "status"), CODES.items())
def test_every_status_of_table_0278(tmp_path: Path, code: str, status: str) -> None:
    for written in (code, code.upper(), code.lower()):
        one = said(tmp_path, message("S14", sch={25: written}))
        assert (one.status, one.status_code) == (status, v2("0278", code))
    assert {name.lower() for name in CODES} == {*TABLE_0278}


def ais(status: str) -> str:
    """A service with a status of its own."""
    return segment("AIS", {3: "PSY", 10: status})


STANDING: list[tuple[str, str, str, str | None, str | Identifier | None]] = [
    # event, SCH-25, AIS-10, status, code: a text is one of table 0278
    ("S12", "", "", "booked", None),
    ("S13", "", "", "booked", None),
    ("S14", "", "", None, None),
    ("S15", "", "", "cancelled", None),
    ("S17", "", "", "entered-in-error", None),
    ("S18", "", "", None, None),
    ("S26", "", "", "no-show", None),
    ("S15", "Booked", "", "cancelled", "Booked"),
    ("S15", "Deleted", "", "cancelled", "Deleted"),
    ("S17", "Cancelled", "", "entered-in-error", "Cancelled"),
    ("S26", "Cancelled", "Complete", "no-show", "Cancelled"),
    ("S26", "whatever", "", "no-show", own("status", "whatever")),
    ("S26", "Dc", "", "no-show", "Dc"),  # of the table, and no status of a visit
    ("S12", "Pending", "Complete", "pending", "Pending"),
    ("S14", "", "Complete", "attended", "Complete"),
    ("S14", "arrived", "", "arrived", own("status", "arrived")),  # the site's own word
    # the table that it names, and blanks that no code has
    ("S14", "Booked^Is booked^HL70278", "", "booked", "Booked"),
    ("S14", "booked^^L", "", "booked", own("status", "booked")),
    ("S14", "Booked^^99ABC", "", "booked", own("99ABC", "Booked")),
    ("S14", "", "Booked^^99ABC", "booked", own("99ABC", "Booked")),
    ("S26", "not  there", "", "no-show", own("status", "not there")),
    # in a table of visits it would be another system
    ("S26", "a\\F\\b", "", "no-show", None),
    ("S16", "Complete", "", "attended", "Complete"),
    # what is said of a service is not said of the appointment
    ("S20", "", "Cancelled", None, None),
    ("S18", "", "Booked", None, None),
    ("S19", "Booked", "Cancelled", "booked", "Booked"),
    ("S21", "Booked", "", "booked", "Booked"),
    ("S22", "Booked", "Deleted", "booked", "Booked"),
]


@pytest.mark.parametrize(("event", "sch", "service", "status", "code"), STANDING)
def test_how_it_stands(
    tmp_path: Path,
    event: str,
    sch: str,
    service: str,
    status: str | None,
    code: str | Identifier | None,
) -> None:
    one = said(tmp_path, message(event, {}, {25: sch}, ais(service)))
    expected = v2("0278", code) if isinstance(code, str) else code
    assert (one.trigger, one.status, one.status_code) == (event, status, expected)


def test_every_event_is_in_the_cases() -> None:
    assert {case[0] for case in STANDING} == {*EVENTS}


def test_a_site_says_what_discontinued_means(tmp_path: Path) -> None:
    site = SITE._replace(statuses={"DC": "attended"})
    assert said(tmp_path, message("S16", sch={25: ""}), site).status == "attended"
    assert said(tmp_path, message("S16", sch={25: "Dc"}), site).status == "attended"


SIDES: list[tuple[str, Fields, str | None]] = [
    ("S15", {6: "patcan^Patient cancelled"}, "patient"),
    ("S15", {6: "X9^Provider ill"}, "provider"),
    ("S15", {7: "PATCAN"}, "patient"),
    ("S15", {6: "X9^Provider ill", 7: "PATCAN"}, "provider"),
    ("S15", {6: "other"}, None),
    ("S26", {6: "PATCAN"}, "patient"),
    ("S14", {6: "PATCAN"}, None),
    ("S14", {6: "PATCAN", 25: "Cancelled"}, "patient"),
]


@pytest.mark.parametrize(("event", "sch", "side"), SIDES)
def test_who_called_it_off(tmp_path: Path, event: str, sch: Fields, side: str | None) -> None:
    assert said(tmp_path, message(event, sch=sch)).by == side


FIRST: list[tuple[Fields, Any]] = [
    ({7: "FOLLOWUP"}, False),
    ({7: "Followup^^HL70276"}, False),
    ({7: "FOLLOWUP^^L"}, None),
    ({7: "CHECKUP^^HL70276"}, None),
    ({7: "followup^Again"}, False),
    ({7: "FOLLOWUP^Again^99ABC"}, None),
    ({8: "FOLLOWUP"}, None),
    ({}, None),
]


@pytest.mark.parametrize(("sch", "first"), FIRST)
def test_that_it_is_a_follow_up_visit(tmp_path: Path, sch: Fields, first: Any) -> None:
    assert said(tmp_path, message(sch=sch)).first is first


def authority(name: str, number: str) -> Identifier:
    """A number of an authority that the site's settings do not name."""
    return Identifier(f"https://clinic-east.invalid/authority/{name}", number)


PLACERS: list[tuple[Fields, Identifier | None, Identifier | None]] = [
    # SCH-1 and SCH-2, the number of the asker, and what of it is the visit's
    ({1: "P1^PORTAL"}, authority("PORTAL", "P1"), authority("PORTAL", "P1")),
    ({1: "P1^^1.2.9^ISO"}, *[Identifier("urn:oid:1.2.9", "P1")] * 2),
    ({1: "P1^MRN"}, *[Identifier("urn:example:mrn", "P1")] * 2),
    ({1: "P1^PORTAL", 3: "2"}, *[authority("PORTAL", "P1")] * 2),
    # nobody says whose it is
    ({1: "P1"}, None, None),
    ({1: "F1"}, None, None),
    ({1: ""}, None, None),
    ({1: '""'}, None, None),
    # what a table would part at another place
    ({1: "P\\F\\1^PORTAL"}, None, None),
    # both are one and the same
    ({1: "F1^FILL", 2: "F1^FILL"}, authority("FILL", "F1"), None),
    ({1: "F1^PORTAL", 2: "F1^FILL"}, *[authority("PORTAL", "F1")] * 2),
    # it is the only one
    ({1: "P1^PORTAL", 2: ""}, None, None),
]


@pytest.mark.parametrize(("sch", "number", "of_visit"), PLACERS)
def test_the_number_of_whoever_asked_for_it(
    tmp_path: Path, sch: Fields, number: Identifier | None, of_visit: Identifier | None
) -> None:
    one = said(tmp_path, message(sch=sch))
    assert one.placer == number
    visit = fold([one]).visit
    assert visit
    assert visit.placer == of_visit


def test_the_order_that_it_is_made_on(tmp_path: Path) -> None:
    assert said(tmp_path, message(sch={27: "O2"})).referral == Identifier("urn:example:order", "O2")


def test_what_is_said_to_be_no_more(tmp_path: Path) -> None:
    one = message(
        "S14",
        {},
        {1: '""', 6: '""', 7: '""', 8: '""', 11: f'^^^{_T}^""', 26: '""'},
        aip('""'),
        segment("AIS", {3: '""'}),
        segment("AIL", {3: '""'}),
        segment("PV1", {8: '""'}),
    )
    read = said(tmp_path, one)
    assert read.emptied == (
        *("appointment_type", "clinician", "end", "event_reason", "location"),
        *("other_clinicians", "placer", "reason", "referral", "referrer", "service"),
    )
    assert (read.end, read.reason, read.clinician) == (None, None, None)
    assert (read.placer, read.appointment_type, read.other_clinicians) == (None, None, None)


ESCAPES = {
    "a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f": "a|b^c&d~e\\f",
    "one\\.br\\two": "one\ntwo",
    "M\\XC3BC\\ller, \\H\\bold\\N\\": "Müller, bold",
    "\\Zsite\\ and \\C2842\\": "\\Zsite\\ and \\C2842\\",
    "a lone \\ stays": "a lone \\ stays",
}


@pytest.mark.parametrize(("written", "text"), ESCAPES.items())
def test_escape_sequences(tmp_path: Path, written: str, text: str) -> None:
    """Chapter 2.7; what is of the site or a character set within the text stays as it is."""
    one = message(head={18: "UNICODE UTF-8"}, sch={7: f"R^{written}"})
    assert said(tmp_path, one).reason == coded(own("reason", "R"), text)


def test_separators_of_its_own(tmp_path: Path) -> None:
    swap = str.maketrans("|^~\\&", "#*!?$")
    assert said(tmp_path, FULL.translate(swap)) == said(tmp_path, FULL)
    other = message(sch={7: "R^a\\F\\b"}).translate(swap)
    assert said(tmp_path, other).reason == coded(own("reason", "R"), "a#b")


@pytest.mark.parametrize("marks", ["^~\\&#", "^~\\", "^~", "^", "^~&"])
def test_separators_that_are_left_out_or_added(tmp_path: Path, marks: str) -> None:
    """v2.7 adds the fifth; the last three may be left out where they are not used."""
    one = said(tmp_path, message().replace("^~\\&", marks, 1))
    assert (one.start, one.patient) == (at(START), PATIENT)


def test_without_an_escape_character_none_escapes(tmp_path: Path) -> None:
    one = message(sch={7: "R^a\\F\\b"}).replace("^~\\&", "^~", 1)
    assert said(tmp_path, one).reason == coded(own("reason", "R"), "a\\F\\b")


CHARSETS = [
    ("ASCII", "ascii", "Mueller"),
    ("", "ascii", "Mueller"),
    ("8859/1", "latin-1", "Müller"),
    ("8859/2", "iso8859-2", "Dvořák"),
    ("8859/5", "iso8859-5", "Иванов"),
    ("8859/15", "iso8859-15", "Œuvre €"),
    ("UNICODE UTF-8", "utf-8", "Müller 山田"),
    ("unicode utf-8~ISO IR87", "utf-8", "Müller"),
]


@pytest.mark.parametrize(("name", "codec", "text"), CHARSETS)
def test_character_sets(tmp_path: Path, name: str, codec: str, text: str) -> None:
    one = message(head={18: name}, sch={7: f"R^{text}"})
    assert said(tmp_path, one.encode(codec)).reason == coded(own("reason", "R"), text)


def test_a_site_says_the_character_set_that_none_names(tmp_path: Path) -> None:
    one = message(sch={7: "R^Müller"}).encode("latin-1")
    site = SITE._replace(encoding="latin-1")
    assert said(tmp_path, one, site).reason == coded(own("reason", "R"), "Müller")


TIMES = {
    "2026030914-0400": "2026-03-09T14:00:00-04:00",
    "202603091405-0400": "2026-03-09T14:05:00-04:00",
    "20260309140506-0400": "2026-03-09T14:05:06-04:00",
    "20260309140506.5-0400": "2026-03-09T14:05:06.500000-04:00",
    "20260309140506.1234-0400": "2026-03-09T14:05:06.123400-04:00",
    "20260309140506+0530": "2026-03-09T14:05:06+05:30",
    "20260309140506+0000": "2026-03-09T14:05:06+00:00",
    "20260309140506-0000": "2026-03-09T14:05:06+00:00",
    # of the site's zone: New York, before and after the clock change of 8 March 2026
    "202603071405": "2026-03-07T14:05:00-05:00",
    "202603091405": "2026-03-09T14:05:00-04:00",
}


@pytest.mark.parametrize(("written", "moment"), TIMES.items())
def test_times(tmp_path: Path, written: str, moment: str) -> None:
    assert said(tmp_path, message(sch={11: f"^^^{written}"})).start == at(moment)


@pytest.mark.parametrize(
    "version", ["2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8"]
)
def test_versions(tmp_path: Path, version: str) -> None:
    assert said(tmp_path, message(head={12: version})).start == at(START)
    assert said(tmp_path, message(head={12: f"{version}^USA"})).start == at(START)


def test_a_header_by_itself() -> None:
    """The builder of these tests, against a header typed whole."""
    assert msh() == "MSH|^~\\&|SCHED|EAST|||20260302141000-0500||SIU^S12^SIU_S12|C1|P|2.5.1"


@pytest.mark.parametrize("written", ["", "x", "-1", "1.5", "9" * 19, "9" * 5_000])
def test_what_is_no_sequence_number_says_nothing(tmp_path: Path, written: str) -> None:
    """Python refuses to read a number of more than 4,300 digits."""
    assert said(tmp_path, message("S12", {13: written})).sequence is None
