"""Who is to see the patient, and who else is to be there, worked out by hand.

AIP-3 and AIG-3 name them, RGS-2 and AI*-2 (table 0206) what is done with them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from alliance_fhir.config import Hl7v2Settings, Settings
from alliance_fhir.domain.records import Identifier
from alliance_fhir.sources.hl7v2.site import site_of

from .feed import FIRST, NOTHING, Feed, visit
from .making import SITE, aip, message, said, segment


def rgs(action: str) -> str:
    """A group, and what is done with it."""
    return segment("RGS", {1: "1", 2: action})


CLINICIANS: list[tuple[str, tuple[str, ...], str | None]] = [
    ("S14", (aip("K1"),), "K1"),
    ("S14", (aip("K1"), aip("K2")), "K1"),
    ("S14", (aip("^Kurtz^A"), aip("K2")), "K2"),
    ("S14", (aip("77^^^^^^^^NPI~K2"),), "K2"),
    # another one instead: RGS-2 and AIP-2, table 0206
    ("S14", (aip("K1", "D"), aip("K2", "A")), "K2"),
    ("S14", (rgs("D"), aip("K1"), rgs("A"), aip("K2")), "K2"),
    ("S14", (rgs("D"), aip("K1")), None),
    # the event says that it is gone
    ("S20", (aip("K1"),), None),
    ("S21", (aip("K1"),), None),
    ("S22", (aip("K1", "D"), aip("K2", "X")), "K2"),
    ("S19", (aip("K1"),), "K1"),
]


@pytest.mark.parametrize(("event", "others", "number"), CLINICIANS)
def test_the_clinician(
    tmp_path: Path, event: str, others: tuple[str, ...], number: str | None
) -> None:
    one = said(tmp_path, message(event, {}, {}, *others))
    assert one.clinician == (number and Identifier("urn:example:staff", number))


def aig(resource: str, kind: str = "", action: str = "") -> str:
    """A resource in general, of a kind, and what is done with it."""
    return segment("AIG", {2: action, 3: resource, 4: kind})


ROOM = aig("7^Room 7", "R")
GENERAL: list[tuple[tuple[str, ...], tuple[str, ...], str | None]] = [
    # the types of the site, the segments, the number
    ((), (aig("K1", "D"),), None),
    (("D",), (ROOM, aig("K1^Kurtz, A", "d^Doctor")), "K1"),
    (("D", "P"), (ROOM, aig("K1^Kurtz^A^^^^MD", "P^^L")), "K1"),
    (("D",), (ROOM, aig("K1")), None),
    (("",), (ROOM, aig("K1")), "K1"),
    (("D",), (aig("^Kurtz", "D"), aig("K2", "D")), "K2"),
    (("D",), (aig("K1", "D", "D"), aig("K2", "D", "A")), "K2"),
    # who is in AIP goes before
    (("D",), (aig("K1", "D"), aip("K2")), "K2"),
    (("D",), (aig("K1", "D"), aip('""')), None),
]


@pytest.mark.parametrize(("types", "others", "number"), GENERAL)
def test_a_clinician_who_is_a_resource_in_general(
    tmp_path: Path, types: tuple[str, ...], others: tuple[str, ...], number: str | None
) -> None:
    settings = Settings(
        source="clinic-east",
        clinician_system="urn:example:staff",
        patient_system="urn:example:mrn",
        appointment_system="urn:example:appointment",
        hl7v2=Hl7v2Settings(clinician_types=types),
    )
    one = said(tmp_path, message("S14", {}, {}, *others), site_of(settings))
    assert one.clinician == (number and Identifier("urn:example:staff", number))


OTHERS: list[tuple[tuple[str, ...], tuple[str, ...], bool]] = [
    # the segments, the numbers beside the first, whether it says that there are none any more
    ((aip("K1"),), (), False),
    ((aip("K1"), aip("K2"), aip("K3")), ("K2", "K3"), False),
    ((aip("K1"), aip("K2"), aip("K1"), aip("K2")), ("K2",), False),
    ((aip("K1"), aip("K1")), (), False),
    # a segment is for one of them, by as many numbers as they have
    ((aip("77^^^^^^^^NPI~K1"), aip("88^^^^^^^^NPI~K2")), ("K2",), False),
    # who has no number, or one of which nobody knows whose it is
    ((aip("K1"), aip("^Kurtz^A"), aip("K3")), ("K3",), False),
    ((aip("K1"), aip("K2", "D"), aip("K3")), ("K3",), False),
    ((aip("K1", "D"), aip("K2"), aip("K3")), ("K3",), False),
    ((aip("K1"), aip('""')), (), True),
    ((aip('""'),), (), True),
    ((aip("K1"), aip('""'), aip("K3")), ("K3",), False),
    # who is in AIG as well is known from AIP
    ((aip("K1"), aig("K2", "D")), (), False),
    ((aig("K1", "D"), aig("7", "R"), aig("K2", "D")), ("K2",), False),
]


@pytest.mark.parametrize(("segments", "numbers", "none"), OTHERS)
def test_further_clinicians(
    tmp_path: Path, segments: tuple[str, ...], numbers: tuple[str, ...], none: bool
) -> None:
    site = SITE._replace(clinician_types=frozenset("d"))
    one = said(tmp_path, message("S14", {}, {}, *segments), site)
    expected = tuple(Identifier("urn:example:staff", number) for number in numbers)
    assert one.other_clinicians == (expected or None)
    assert ("other_clinicians" in one.emptied) == none


def team() -> Feed:
    """A booking with three clinicians."""
    return Feed().say("S12", FIRST, aip("K1"), aip("K2"), aip("K3"))


TAKEN_OFF: dict[str, tuple[Feed, str | None, list[str]]] = {
    # what comes after a booking of K1, K2 and K3; the clinician, and the others
    "nobody": (team(), "K1", ["K2", "K3"]),
    "a further one": (team().say("S14", NOTHING, aip("K2", "D")), "K1", ["K3"]),
    "by the group": (team().say("S14", NOTHING, rgs("D"), aip("K2"), aip("K3")), "K1", []),
    "by the event": (team().say("S20", NOTHING, aip("K2")), "K1", ["K3"]),
    "the first": (team().say("S21", NOTHING, aip("K1")), "K2", ["K3"]),
    "the first, for another": (
        team().say("S14", NOTHING, aip("K1", "D"), aip("K4", "A")),
        "K4",
        ["K2", "K3"],
    ),
    "all": (team().say("S22", NOTHING, aip("K1"), aip("K2"), aip("K3")), None, []),
    "somebody who was not there": (team().say("S14", NOTHING, aip("K9", "D")), "K1", ["K2", "K3"]),
    "and named again": (
        team().say("S14", NOTHING, aip("K2", "D"), aip("K1", "A"), aip("K2", "A")),
        "K1",
        ["K2"],
    ),
    "and back later": (
        team().say("S14", NOTHING, aip("K2", "D")).say("S14", NOTHING, aip("K1"), aip("K2")),
        "K1",
        ["K2"],
    ),
    "somebody without a number": (
        team().say("S14", NOTHING, aip("^Kurtz^A", "D")),
        "K1",
        ["K2", "K3"],
    ),
}


@pytest.mark.parametrize("name", TAKEN_OFF)
def test_who_is_taken_off(tmp_path: Path, name: str) -> None:
    feed, clinician, others = TAKEN_OFF[name]
    one = visit(tmp_path, feed)
    told = one.clinician and one.clinician.value
    assert (told, [who.value for who in one.other_clinicians]) == (clinician, others)


def test_a_further_clinician_of_nobody_s_numbering_is_left_out(tmp_path: Path) -> None:
    site = SITE._replace(root="")
    segments = (aip("K1"), aip("K2^^^^^^^^ELSEWHERE"), aip("K3"))
    one = said(tmp_path, message("S14", {}, {}, *segments), site)
    assert one.other_clinicians == (Identifier("urn:example:staff", "K3"),)
