"""What is wrong with a message: the place, the rule, and never what stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alliance_fhir.domain.receipt import RULES
from alliance_fhir.sources.hl7v2.appointment import read
from alliance_fhir.sources.hl7v2.site import Site

from .making import PID, SCH, SITE, Fields, hear, message, msh, segment, slips

WHOLE: list[tuple[str, str, str]] = [
    ("MSH-12", "unknown-version", message(head={12: ""})),
    ("MSH-12", "unknown-version", message(head={12: "2.2"})),
    ("MSH-9.1", "not-scheduling", message(head={9: "ADT^A01"})),
    ("MSH-9.1", "not-scheduling", message(head={9: "SRM^S01"})),
    ("MSH-9.2", "unknown-event", message("S11")),
    ("MSH-9.2", "unknown-event", message("S25")),
    ("MSH-9.2", "unknown-event", message("S27")),
    ("MSH-9.2", "unknown-event", message(head={9: "SIU"})),
    ("MSH-9.2", "slot-without-appointment", message("S23")),
    ("MSH-9.2", "slot-without-appointment", message("S24")),
    ("SCH", "no-appointment", f"{msh()}\r{segment('PID', PID)}\r"),
    ("SCH", "several-appointments", message("S12", {}, {}, segment("SCH", SCH))),
    ("MSH", "truncated-message", "MSH|^~\\&|SCHED|EAST|||2026030"),
    ("MSH", "truncated-message", "MSH|^~\\&\rSCH|1|2|3|4|5|6|7|8|9|10|11|12"),
    ("MSH-2", "bad-separators", "MSH|\r"),
    ("MSH-2", "bad-separators", message().replace("^~\\&", "^^\\&", 1)),
    ("MSH-2", "bad-separators", message().replace("^~\\&", "^~\\&#%", 1)),
    ("MSH-2", "bad-separators", message().replace("^~\\&", "A~\\&", 1)),
    ("MSH-2", "bad-separators", message().replace("^~\\&|", "|", 1)),
    ("MSH-2", "bad-separators", message().replace("^~\\&", "&", 1)),
    ("MSH-18", "unknown-charset", message(head={18: "UNICODE UTF-16"})),
    ("MSH-18", "unknown-charset", message(head={18: "ISO IR87"})),
]  # fmt: skip


@pytest.mark.parametrize(("place", "rule", "text"), WHOLE)
def test_a_message_that_cannot_be_read(tmp_path: Path, place: str, rule: str, text: str) -> None:
    assert slips(tmp_path, text) == [(place, rule)]


def test_bytes_of_another_character_set(tmp_path: Path) -> None:
    latin = message(sch={7: "R^Müller"}).encode("latin-1")
    assert slips(tmp_path, latin) == [("MSH-18", "wrong-encoding")]
    unnamed = message(sch={7: "R^Müller"}).encode()
    assert slips(tmp_path, unnamed) == [("MSH-18", "wrong-encoding")]
    named = message(head={18: "UNICODE UTF-8"}, sch={7: "R^Müller"}).encode("latin-1")
    assert slips(tmp_path, named) == [("MSH-18", "wrong-encoding")]


_T = "20260309100000-0400"
PLACES: list[tuple[str, str, Fields, Fields]] = [
    # place, rule, header, SCH
    ("MSH-7", "missing-time", {7: ""}, {}),
    ("MSH-7", "not-a-time", {7: "20260302"}, {}),
    ("MSH-7", "not-a-date", {7: "2026-03-02T14:10:00Z"}, {}),
    ("MSH-10", "message-not-numbered", {10: ""}, {}),
    ("SCH-2", "appointment-not-numbered", {}, {2: ""}),
    ("SCH-2", "appointment-not-numbered", {}, {2: "^FILL"}),
    ("SCH-2.1", "not-an-identifier", {}, {2: "F\\X0D\\1"}),
    ("SCH-11.4", "missing-time", {}, {11: ""}),
    ("SCH-11.4", "missing-time", {}, {11: "^^30^^20260309103000-0400"}),
    ("SCH-11.4", "not-a-time", {}, {11: "^^^20260309"}),
    ("SCH-11.4", "not-a-time", {}, {11: "^^^2026"}),
    ("SCH-11.4", "not-a-date", {}, {11: "^^^20260309100000000000"}),
    ("SCH-11.4", "not-a-date", {}, {11: "^^^202603091"}),
    ("SCH-11.4", "not-a-date", {}, {11: "^^^202613091000"}),
    ("SCH-11.4", "not-a-date", {}, {11: "^^^202603092400"}),
    ("SCH-11.4", "not-a-date", {}, {11: "^^^202603091000+1900"}),
    ("SCH-11.4", "not-a-date", {}, {11: "^^^202603091000-05"}),
    ("SCH-11.4", "not-a-date", {}, {11: "^^^٢٠٢٦٠٣٠٩١٠٠٠"}),
    # New York, 2026: 2:30 is left out on 8 March and comes twice on 1 November at 1:30
    ("SCH-11.4", "clock-change", {}, {11: "^^^202603080230"}),
    ("SCH-11.4", "clock-change", {}, {11: "^^^202611010130"}),
    ("SCH-11.5", "ends-before-start", {}, {11: f"^^^{_T}^20260309093000-0400"}),
    ("SCH-11.5", "ends-before-start", {}, {11: f"^^^{_T}^{_T}"}),
    ("SCH-11.5", "not-a-time", {}, {11: f"^^^{_T}^20260309"}),
    ("SCH-25", "unknown-status", {}, {25: "Dc"}),
    ("SCH-25", "unknown-status", {}, {25: "Blocked"}),
    ("SCH-25", "unknown-status", {}, {25: "Overbook"}),
    ("SCH-25", "unknown-status", {}, {25: "Secret"}),
    ("SCH-26", "identifier-without-system", {}, {26: "O1"}),
]


@pytest.mark.parametrize(("place", "rule", "head", "sch"), PLACES)
def test_a_place_that_breaks_a_rule(
    tmp_path: Path, place: str, rule: str, head: Fields, sch: Fields
) -> None:
    text = message("S12", {18: "UNICODE UTF-8", **head}, sch)
    site = SITE._replace(referral_system="")
    assert slips(tmp_path, text, site) == [(place, rule)]


OTHERS: list[tuple[str, str, str]] = [
    ("TQ1-7", "not-a-time", message("S12", {}, {11: ""}, segment("TQ1", {7: "20260309"}))),
    ("TQ1-8", "ends-before-start",
     message("S12", {}, {11: ""}, segment("TQ1", {7: _T, 8: "20260309093000-0400"}))),
    ("AIS-4", "not-a-time", message("S12", {}, {11: ""}, segment("AIS", {4: "20260309"}))),
    ("AIS-10", "unknown-status", message("S14", {}, {25: ""}, segment("AIS", {10: "Secret"}))),
    ("MSH-9.2", "unknown-status", message("S16", {}, {25: ""})),
    ("PID-3", "several-patient-numbers", message(pid={3: "1001^^^MRN~1002^^^MRN"})),
    ("PID-3", "patient-of-no-system", message(pid={3: "77^^^NHS~78^^^OTHER"})),
    ("PID", "several-patients", message("S12", {}, {}, segment("PID", {3: "1002"}))),
]  # fmt: skip


@pytest.mark.parametrize(("place", "rule", "text"), OTHERS)
def test_other_segments_that_break_a_rule(tmp_path: Path, place: str, rule: str, text: str) -> None:
    assert slips(tmp_path, text) == [(place, rule)]


def test_a_site_that_sets_nothing(tmp_path: Path) -> None:
    """Nothing is assumed of zone and systems; a number with a universal id needs none."""
    bare = message(
        "S12",
        {7: "20260302141000"},
        {11: "^^^202603091000"},
        segment("AIP", {3: "K1"}),
        pid={3: "1001^^^NHS"},
    )
    assert slips(tmp_path, bare, Site()) == [
        ("MSH-7", "no-zone"),
        ("SCH-2", "identifier-without-system"),
        ("SCH-11.4", "no-zone"),
        ("PID-3", "identifier-without-system"),
        ("AIP-3", "identifier-without-system"),
    ]
    whole = message(sch={2: "F1^^1.2^ISO"}, pid={3: "1001^^^&1.3&ISO"})
    assert slips(tmp_path, whole, Site()) == []


CONTROLS: list[tuple[tuple[str, Fields, str], str]] = [
    (("S26", {25: "x\\X07\\"}, "AIS"), "SCH-25"),
    (("S26", {25: ""}, segment("AIS", {10: "x\\X07\\"})), "AIS-10"),
    (("S14", {6: "R^x\\X07\\"}, "AIS"), "SCH-6"),
    (("S14", {7: "R\\X07\\^x"}, "AIS"), "SCH-7"),
    (("S14", {8: "x\\X07\\"}, "AIS"), "SCH-8"),
    (("S14", {}, segment("AIS", {3: "R^x\\X07\\"})), "AIS-3"),
    (("S14", {}, segment("AIL", {3: "^x\\X07\\"})), "AIL-3"),
]


@pytest.mark.parametrize(("one", "place"), CONTROLS)
def test_a_character_that_fhir_cannot_write(
    tmp_path: Path, one: tuple[str, Fields, str], place: str
) -> None:
    event, sch, other = one
    text = message(event, {}, sch, other)
    assert slips(tmp_path, text) == [(place, "control-character")]


def test_several_numbers_of_which_none_is_chosen(tmp_path: Path) -> None:
    text = message(pid={3: "77^^^NHS~1001^^^MRN"})
    assert slips(tmp_path, text, SITE._replace(patient_system="")) == [
        ("PID-3", "several-patient-numbers")
    ]


def test_all_slips_are_told_at_once(tmp_path: Path) -> None:
    text = message(
        "S12", {7: "", 10: ""}, {2: "", 11: "^^^2026", 25: "Secret"}, pid={3: "77^^^NHS"}
    )
    assert slips(tmp_path, text) == [
        ("MSH-7", "missing-time"),
        ("SCH-2", "appointment-not-numbered"),
        ("MSH-10", "message-not-numbered"),
        ("SCH-11.4", "not-a-time"),
        ("SCH-25", "unknown-status"),
        ("PID-3", "patient-of-no-system"),
    ]


def test_a_bad_message_does_not_stop_the_others(tmp_path: Path) -> None:
    found = hear(tmp_path, message() + message(head={7: ""}) + message("S26", {10: "C9"}))
    assert [(one.number, one.control, bool(one.said)) for one in found] == [
        (1, "C1", True),
        (2, "C1", False),
        (3, "C9", True),
    ]


SECRETS = [
    message("S12", {7: "19991231"}, {2: "^Zz", 11: "^^^19991231", 25: "Zzyzx"}, pid={3: "Z1^^^Zz"}),
    message("S12", {}, {11: "^^^199912311000", 25: "Zz"}, pid={3: "Z1^^^MRN~Z2^^^MRN"}),
    message("S12", {}, {2: "Z\\X0D\\z", 11: "^^^199912311000-0500^199912310900-0500"}),
    message("Zz1"),
    message(head={9: "Zz^Z1"}),
    message(head={12: "Zz"}),
    message(head={18: "Zz"}),
    message(sch={7: "Zé"}),
]


@pytest.mark.parametrize("text", SECRETS)
def test_no_value_is_told(tmp_path: Path, text: str) -> None:
    (one,) = hear(tmp_path, text, Site(authorities={"MRN": "urn:example:mrn"}))
    assert one.slips
    assert not re.search("1999|Z", str(one.slips))


def test_nothing_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Least of all by the library that parts the messages, whose unescaping logs the text."""
    hear(tmp_path, message(sch={7: "R^a\\XZZ\\b\\.in\\c\\M1\\d\\\\"}))
    assert caplog.text == ""


pieces = st.lists(
    st.sampled_from(
        [
            *"|^~\\&\r\n\x0b\x1c\0é",
            *("MSH", "MSH|^~\\&|", "SCH|", "PID|", "BHS|", "BTS|9", "FTS", '""', "SIU^S12"),
            *("2.5.1", "20260309100000", "\\F\\", "\\X", message()),
        ]
    ),
    max_size=40,
)


@given(pieces)
@settings(max_examples=300)
def test_whatever_comes_is_read_or_named(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    for one in hear(folder, "".join(parts)):
        assert bool(one.said) != bool(one.slips)
        assert all(slip.rule in RULES for slip in one.slips)


@given(st.binary(max_size=200))
def test_whatever_bytes_a_message_holds(data: bytes) -> None:
    for whole in (data, b"MSH" + data, message().encode() + data):
        one = read(whole, SITE)
        assert bool(one.said) != bool(one.slips)
