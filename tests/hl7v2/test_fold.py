"""What the messages of an appointment come to, by cases worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alliance_fhir.domain.records import Identifier
from alliance_fhir.domain.scheduling import fold, fold_each
from alliance_fhir.domain.visit import Visit

from .feed import FIRST, NOTHING, SECOND, Feed, booked, folded, visit
from .making import APPOINTMENT, PATIENT, Fields, at, coded, hear, own, segment, v2


def test_a_booking(tmp_path: Path) -> None:
    assert folded(tmp_path, booked()).visit == Visit(
        appointment=APPOINTMENT,
        patient=PATIENT,
        clinician=Identifier("urn:example:staff", "K1"),
        start=at("2026-03-20T10:00:00-04:00"),
        end=at("2026-03-20T10:30:00-04:00"),
        status="booked",
        reason="Low mood",
        reason_code=own("reason", "R"),
        service="Therapy",
        service_code=own("service", "PSY"),
        status_code=v2("0278", "Booked"),
    )


def test_a_cancellation_keeps_what_was_said(tmp_path: Path) -> None:
    """Notice was given when the message was made, as no field has another time for it."""
    before = visit(tmp_path, booked())
    after = visit(tmp_path, booked().say("S15", {**NOTHING, 6: "PATCAN"}))
    assert after == before.model_copy(
        update={
            "status": "cancelled",
            "called_off": at("2026-03-02T12:00:00-05:00"),
            "by": "patient",
            "status_code": None,
            "event_reason": "PATCAN",
        }
    )
    assert after.attendance() == ("patient-cancellation", "notice-in-time")


ATTENDANCE: list[tuple[Feed, str, str]] = [
    (booked().say("S14", {**FIRST, 25: "Complete"}), "attended", "was-seen"),
    (booked().say("S14", {**FIRST, 25: "Started"}), "attended", "checked-in"),
    (booked().say("S26", NOTHING), "no-show", "no-notice"),
    (booked().say("S17", NOTHING), "unknown", "no-visit"),
    (booked().say("S15", NOTHING), "unknown", "called-off-by-somebody"),
    (booked().say("S15", {**NOTHING, 6: "^Provider ill"}), "provider-cancellation",
     "called-off-by-provider"),
    # at 12 o'clock on the day before, which is 21 hours; an hour and a half after the start
    (booked().say("S15", {**NOTHING, 6: "PATCAN"}, day=19), "late-cancellation",
     "notice-in-window"),
    (booked().say("S15", {**NOTHING, 6: "PATCAN"}, day=20), "no-show", "notice-after-start"),
    # cancelled, and then told as a no-show too: notice was given
    (booked().say("S15", {**NOTHING, 6: "PATCAN"}).say("S26", NOTHING, day=21),
     "patient-cancellation", "notice-in-time"),
    # what was said first is when notice was given
    (booked().say("S15", {**NOTHING, 6: "PATCAN"}, day=10)
     .say("S14", {**NOTHING, 25: "Cancelled"}, day=20),
     "patient-cancellation", "notice-in-time"),
    # booked again: the notice of the first time is of no account
    (booked().say("S15", {6: "PATCAN", **NOTHING}).say("S13", SECOND).say("S26", NOTHING, day=28),
     "no-show", "no-notice"),
    (booked().say("S15", {6: "PATCAN", **NOTHING}).say("S14", FIRST), "unknown", "still-open"),
]  # fmt: skip


@pytest.mark.parametrize(("feed", "kind", "rule"), ATTENDANCE)
def test_what_became_of_it(tmp_path: Path, feed: Feed, kind: str, rule: str) -> None:
    assert visit(tmp_path, feed).attendance() == (kind, rule)


def test_rescheduled_and_rescheduled_again(tmp_path: Path) -> None:
    """The starts that it had before are kept, in their order; the last is the visit's."""
    third = {11: "^^^20260403100000-0400^20260403103000-0400"}
    feed = booked().say("S13", SECOND).say("S14", SECOND).say("S13", third).say("S13", FIRST)
    found = folded(tmp_path, feed)
    assert found.earlier == (
        at("2026-03-20T10:00:00-04:00"),
        at("2026-03-27T10:00:00-04:00"),
        at("2026-04-03T10:00:00-04:00"),
    )
    assert found.visit
    assert found.visit.rescheduled_from == found.earlier
    assert found.visit.start == at("2026-03-20T10:00:00-04:00")


def test_the_end_of_another_start_is_none_of_this_one(tmp_path: Path) -> None:
    moved = booked().say("S13", {11: "^^^20260319090000-0400"})
    assert folded(tmp_path, moved).lacking == ("end",)
    same = booked().say("S14", {11: "^^^20260320140000+0000"})
    assert visit(tmp_path, same).end == at("2026-03-20T10:30:00-04:00")
    assert folded(tmp_path, same).earlier == ()
    longer = booked().say("S14", {11: "^^^^20260320110000-0400"})
    assert visit(tmp_path, longer).end == at("2026-03-20T11:00:00-04:00")
    astray = booked().say("S14", {11: "^^^^20260319110000-0400"})
    assert visit(tmp_path, astray).end == at("2026-03-20T10:30:00-04:00")
    gone = booked().say("S14", {11: '^^^20260320100000-0400^""'})
    assert folded(tmp_path, gone).lacking == ("end",)


def test_an_older_message_undoes_nothing(tmp_path: Path) -> None:
    """The booking was made first and comes last: `folded` reads them backwards as well."""
    feed = booked().say("S13", SECOND).say("S15", NOTHING)
    late = Feed()
    late.texts = [*feed.texts[1:], feed.texts[0]]
    assert folded(tmp_path, late) == folded(tmp_path, feed)
    assert visit(tmp_path, late).status == "cancelled"


def test_two_of_one_moment_are_told_apart(tmp_path: Path) -> None:
    """By their sequence, MSH-13, or else by their numbers, which most senders count up."""
    one = Feed().say("S15", NOTHING, day=5, head={13: "2", 10: "C9"})
    one.say("S12", FIRST, day=5, head={13: "1", 10: "C10"})
    assert visit(tmp_path, one).status == "cancelled"
    other = (
        Feed().say("S15", NOTHING, day=5, head={10: "10"}).say("S12", FIRST, day=5, head={10: "9"})
    )
    assert visit(tmp_path, other).status == "cancelled"


def test_a_message_that_was_sent_again(tmp_path: Path) -> None:
    """Also where it was made anew: else the old booking would undo the cancellation."""
    feed = booked().say("S15", NOTHING)
    once = folded(tmp_path, feed)
    again = Feed()
    again.texts = [*feed.texts, feed.texts[0], feed.texts[0].replace("20260301", "20260309")]
    assert folded(tmp_path, again) == once


def test_one_number_for_two_messages(tmp_path: Path) -> None:
    """Some senders begin to count anew: what differs in more than its time counts."""
    feed = booked().say("S15", NOTHING, head={10: "C1"})
    assert visit(tmp_path, feed).status == "cancelled"


def test_what_is_said_to_be_no_more(tmp_path: Path) -> None:
    after = visit(tmp_path, booked().say("S14", {**FIRST, 7: '""'}))
    assert (after.reason, after.service) == (None, "Therapy")
    back = visit(tmp_path, booked().say("S14", {**FIRST, 7: '""'}).say("S14", {7: "R2^Grief"}))
    assert back.reason == "Grief"


def test_a_patient_who_was_corrected(tmp_path: Path) -> None:
    found = folded(tmp_path, booked().say("S14", FIRST, pid={3: "1002"}))
    assert found.visit
    assert found.visit.patient == Identifier("urn:example:mrn", "1002")
    assert found.patients_before == (PATIENT,)


LACKING: list[tuple[tuple[str, Fields, str], tuple[str, ...]]] = [
    (("S15", NOTHING, "1001"), ("start", "end")),
    (("S26", NOTHING, ""), ("patient", "start", "end")),
    (("S14", {**FIRST, 25: ""}, "1001"), ("status",)),
]


@pytest.mark.parametrize(("one", "lacking"), LACKING)
def test_too_little_is_said_yet(
    tmp_path: Path, one: tuple[str, Fields, str], lacking: tuple[str, ...]
) -> None:
    event, sch, patient = one
    feed = Feed().say(event, sch, day=9, pid={3: patient})
    found = folded(tmp_path, feed)
    assert (found.visit, found.lacking) == (None, lacking)
    feed.say("S12", FIRST, day=1)
    assert folded(tmp_path, feed).lacking == ()


def test_the_codes_of_the_source_are_kept(tmp_path: Path) -> None:
    now: Any = folded(tmp_path, booked().say("S15", {**NOTHING, 6: "PATCAN^Called"})).now
    assert (now.status, now.status_code, now.by) == ("cancelled", None, "patient")
    assert now.reason == coded(own("reason", "R"), "Low mood")
    assert now.service == coded(own("service", "PSY"), "Therapy")
    assert now.event_reason == coded(own("event_reason", "PATCAN"), "Called")


def test_each_appointment_by_itself(tmp_path: Path) -> None:
    feed = booked().say("S12", {**SECOND, 2: "F0"}).say("S15", {**NOTHING, 2: "F0"})
    said = [one.said for one in hear(tmp_path, "".join(feed.texts)) if one.said]
    found = fold_each(said)
    assert [(key.value, one.visit and one.visit.status) for key, one in found.items()] == [
        ("F0", "cancelled"),
        ("F1", "booked"),
    ]
    with pytest.raises(ValueError, match="of one appointment"):
        fold(said)
    with pytest.raises(ValueError, match="of one appointment"):
        fold([])


STATUS_CODES: list[tuple[Feed, Identifier | None]] = [
    (booked(), v2("0278", "Booked")),
    # of one status, whoever says it without a code
    (booked().say("S14", {11: "", 25: ""}), v2("0278", "Booked")),
    (booked().say("S13", {**SECOND, 25: ""}), v2("0278", "Booked")),
    # another one
    (booked().say("S15", NOTHING), None),
    (booked().say("S15", NOTHING).say("S14", {11: "", 25: "CANCELLED"}), v2("0278", "Cancelled")),
    (booked().say("S14", {11: "", 25: "Arrived"}), own("status", "Arrived")),
]


@pytest.mark.parametrize(("feed", "code"), STATUS_CODES)
def test_the_code_of_a_status_lasts_as_long_as_that(
    tmp_path: Path, feed: Feed, code: Identifier | None
) -> None:
    assert visit(tmp_path, feed).status_code == code


BECAUSE = {**NOTHING, 6: "ILL^Patient is ill"}
ILL, CALLED = (own("event_reason", code) for code in ("ILL", "TEL"))
WHY: list[tuple[Feed, str | None, Identifier | None]] = [
    (booked().say("S15", BECAUSE), "Patient is ill", ILL),
    (booked().say("S15", BECAUSE).say("S15", NOTHING), "Patient is ill", ILL),
    (booked().say("S15", BECAUSE).say("S18", NOTHING), "Patient is ill", ILL),
    (booked().say("S15", BECAUSE).say("S14", {11: "", 25: "Cancelled"}), "Patient is ill", ILL),
    (booked().say("S15", BECAUSE).say("S18", {**NOTHING, 6: "TEL^By phone"}), "By phone", CALLED),
    (booked().say("S15", BECAUSE).say("S15", {**NOTHING, 6: "^By phone"}), "By phone", None),
    # why it was called off is not why it was booked, nor why nobody came
    (booked().say("S15", BECAUSE).say("S12", SECOND), None, None),
    (booked().say("S15", BECAUSE).say("S26", NOTHING, day=21), None, None),
    (booked().say("S15", BECAUSE).say("S12", {**SECOND, 6: "TEL"}), "TEL", None),
    (booked().say("S15", BECAUSE).say("S15", {**NOTHING, 6: '""'}), None, None),
]


@pytest.mark.parametrize(("feed", "text", "code"), WHY)
def test_why_it_stands_so_lasts_as_long_as_it_does(
    tmp_path: Path, feed: Feed, text: str | None, code: Identifier | None
) -> None:
    found = visit(tmp_path, feed)
    assert (found.event_reason, found.event_reason_code) == (text, code)


TEAM: list[tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]] = [
    # the numbers of each message, and who is known in the end, the clinician first
    ((("K1", "K2", "K3"),), ("K1", "K2", "K3")),
    ((("K1", "K2"), ("K1",)), ("K1", "K2")),
    ((("K1", "K2"), ()), ("K1", "K2")),
    ((("K1", "K2"), ("K3",)), ("K3", "K2")),
    ((("K1", "K2"), ("K2",)), ("K2",)),
    ((("K1", "K2"), ("K2",), ("K1",)), ("K1", "K2")),
    ((("K1", "K2", "K3"), ("K1", "K4")), ("K1", "K4")),
    ((("K1", "K2"), ("K2", "K1")), ("K2", "K1")),
    ((("K1", "K2"), ("K1", '""')), ("K1",)),
    ((("K1", "K2"), ('""',)), ()),
    # nobody is to be the first, and somebody is there
    ((("K1", "K2"), ('""', "K3")), ("K3",)),
]


@pytest.mark.parametrize(("messages", "known"), TEAM)
def test_who_is_to_be_there(
    tmp_path: Path, messages: tuple[tuple[str, ...], ...], known: tuple[str, ...]
) -> None:
    feed = Feed()
    for numbers in messages:
        feed.say("S13", FIRST, *(segment("AIP", {3: number}) for number in numbers))
    found = visit(tmp_path, feed)
    people = tuple(Identifier("urn:example:staff", number) for number in known)
    assert (found.clinician, found.other_clinicians) == (next(iter(people), None), people[1:])


BESIDE: dict[str, tuple[Fields, tuple[str, ...]]] = {
    "placer": ({1: '""'}, ()),
    "reason": ({7: '""'}, ()),
    "appointment_type": ({8: '""'}, ()),
    "service": ({}, (segment("AIS", {3: '""'}),)),
    "location": ({}, (segment("AIL", {3: '""'}),)),
}


@pytest.mark.parametrize("name", BESIDE)
def test_each_of_them_lasts_until_it_is_taken_back(tmp_path: Path, name: str) -> None:
    sch = {**FIRST, 1: "P1^PORTAL", 7: "R^Low mood", 8: "TELE^By video"}
    segments = (segment("AIS", {3: "PSY^Therapy"}), segment("AIL", {3: "EAST^7"}))
    feed = Feed().say("S12", sch, *segments).say("S14", FIRST)
    before = visit(tmp_path, feed)
    told = {
        "placer": Identifier("https://clinic-east.invalid/authority/PORTAL", "P1"),
        "reason": "Low mood",
        "reason_code": own("reason", "R"),
        "appointment_type": "By video",
        "appointment_type_code": v2("0277", "Tele"),
        "service": "Therapy",
        "service_code": own("service", "PSY"),
        "location": "EAST, 7",
    }
    assert {key: getattr(before, key) for key in told} == told
    fields, others = BESIDE[name]
    after = visit(tmp_path, feed.say("S14", {**FIRST, **fields}, *others))
    gone = {key: None for key in told if key.removesuffix("_code") == name}
    assert after == before.model_copy(update=gone)
