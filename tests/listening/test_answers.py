"""What is answered to a message: to good ones, to each that is not, and that others go on after it.

Acknowledgements are parted by python-hl7, and held against chapter 2 of the standard: MSA-1 by
table 0008, ERR-3 by table 0357, and what MSH-15 and MSH-16 ask for by table 0155.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import hl7
import pytest

from .engine import framed
from .messages import DAY, HOUR, found, message, stamp

if TYPE_CHECKING:
    from .conftest import Site

GOOD = message("good")
TRUNCATED = GOOD.partition(b"\rSCH")[0][:40]
LARGE = message("large", more="NTE|1||" + "x" * 5_000_000)
FAR = "21990309140000+0000"


def replaced(old: bytes, new: bytes) -> bytes:
    """The good message with something else at one place."""
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


WRONG = {
    "cut off in its header": (TRUNCATED, "AE", [("MSH", "truncated-message", "102")]),
    "no MSH": (GOOD.partition(b"\r")[2], "AR", [("MSH", "no-header", "100")]),
    "nothing": (b"", "AR", [("MSH", "no-header", "100")]),
    "MSH and no more in its line": (
        replaced(b"MSH|", b"MSH\r|"),
        "AR",
        [("MSH-2", "bad-separators", "102")],
    ),
    "separators that are one": (
        replaced(b"^~\\&", b"^^\\&"),
        "AR",
        [("MSH-2", "bad-separators", "102")],
    ),
    "separators that are letters": (
        replaced(b"^~\\&", b"^~A&"),
        "AR",
        [("MSH-2", "bad-separators", "102")],
    ),
    "two MSH in one frame": (GOOD + GOOD, "AE", [("MSH", "several-headers", "100")]),
    "an unknown event": (message("x", "S27"), "AR", [("MSH-9.2", "unknown-event", "201")]),
    "a slot": (message("x", "S23"), "AR", [("MSH-9.2", "slot-without-appointment", "201")]),
    "ADT": (
        replaced(b"SIU^S12^SIU_S12", b"ADT^A04^ADT_A01"),
        "AR",
        [("MSH-9.1", "not-scheduling", "200")],
    ),
    "an unknown version": (
        replaced(b"|P|2.5.1", b"|P|3.0"),
        "AR",
        [("MSH-12", "unknown-version", "203")],
    ),
    "no control id": (
        message("x", control=""),
        "AE",
        [("MSH-10", "message-not-numbered", "101")],
    ),
    "no time of its own": (message("x", made=""), "AE", [("MSH-7", "missing-time", "101")]),
    "no number": (message(""), "AE", [("SCH-2", "appointment-not-numbered", "101")]),
    "two appointments": (
        GOOD + b"SCH||another\r",
        "AE",
        [("SCH", "several-appointments", "100")],
    ),
    "no appointment": (replaced(b"SCH|", b"ZCH|"), "AE", [("SCH", "no-appointment", "100")]),
    "a date of eight digits": (
        message("x", start="20260309"),
        "AE",
        [("SCH-11.4", "not-a-time", "102")],
    ),
    "a date of twenty digits": (
        message("x", start="20260309140000000000"),
        "AE",
        [("SCH-11.4", "not-a-date", "102")],
    ),
    "no zone": (message("x", start="20260309140000"), "AE", [("SCH-11.4", "no-zone", "102")]),
    "an unknown status": (
        message("x", status="Vielleicht"),
        "AE",
        [("SCH-25", "unknown-status", "103")],
    ),
    "an end before the start": (
        message("x", end=stamp(DAY - HOUR)),
        "AE",
        [("SCH-11.5", "ends-before-start", "102")],
    ),
    "a no-show in the future": (
        message("x", "S26", start=FAR, end="21990309150000+0000"),
        "AE",
        [("SCH-11.4", "known-too-soon", "102")],
    ),
    "a character set that nobody knows": (
        message("x", head={18: "ISO IR87"}),
        "AE",
        [("MSH-18", "unknown-charset", "103")],
    ),
    "several slips at once": (
        message("", control="", start="20260309"),
        "AE",
        [
            ("SCH-2", "appointment-not-numbered", "101"),
            ("MSH-10", "message-not-numbered", "101"),
            ("SCH-11.4", "not-a-time", "102"),
        ],
    ),
    "five megabytes": (LARGE, "AR", [("", "message-too-large", "102")]),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_named_and_the_next_message_is_taken(lasting: Site, what: str) -> None:
    data, code, slips = WRONG[what]
    before = lasting.listening.health["kept"]
    with lasting.connect() as engine:
        answer = engine.send(data)
        assert engine.send(GOOD).code == "AA"
    assert (answer.code, answer.errors) == (code, tuple(slip[:2] for slip in slips))
    told = [str(one[3]) for one in answer.whole if str(one[0]) == "ERR"]
    assert [one.partition("^")[0] for one in told] == [slip[2] for slip in slips]
    assert all(one.endswith("^HL70357") for one in told)
    remedies = [str(one[8]) for one in answer.whole if str(one[0]) == "ERR"]
    assert all(len(remedy) > 10 for remedy in remedies)
    assert "Vielleicht" not in str(answer.whole)  # what stands in a message is not told
    assert lasting.listening.idle()["kept"] <= before + 1


def test_whom_it_is_for(lasting: Site) -> None:
    """MSH-3 and 4 of the message are MSH-5 and 6 of its answer, and the other way round."""
    with lasting.connect() as engine:
        answer = engine.send(message("good", control="Z-4711", head={11: "T", 12: "2.6"}))
    assert [answer.field("MSH", n) for n in (3, 4, 5, 6)] == ["OURS", "HUB", "SCHED", "EAST"]
    assert [answer.field("MSH", n) for n in (9, 11, 12)] == ["ACK^S12^ACK", "T", "2.6"]
    assert answer.field("MSH", 10)
    assert (answer.code, answer.control) == ("AA", "Z-4711")
    when = datetime.strptime(answer.field("MSH", 7), "%Y%m%d%H%M%S%z")
    assert abs(when - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_sender_of_v2_3_is_answered_as_of_its_time(lasting: Site) -> None:
    """Before v2.5, ERR is of another form, and ACK has no event in MSH-9."""
    with lasting.connect() as engine:
        answer = engine.send(message("", head={12: "2.3"}))
    assert (answer.code, answer.errors) == ("AE", ())
    assert answer.field("MSH", 9) == "ACK"
    assert answer.field("MSA", 3) == "SCH-2 appointment-not-numbered"


UNNUMBERED = "SCH-2 appointment-not-numbered"
NUMBER = "appointment-not-numbered^Send the number of the appointment in SCH-2, or else in SCH-1.^L"
CONTROL = (
    "control-character^Remove the control character, or the line end that is none everywhere.^L"
)
STRANGER = "PID-3 patient-of-no-system"
AUTHORITY = (
    "patient-of-no-system^Send the number of the site's patients, or set its authority's system "
    "in [hl7v2.authorities].^L"
)
CONDITIONS = {
    "2.3": ({"appointment": ""}, UNNUMBERED, NUMBER),
    "2.3.1": (
        {"appointment": "x", "patient": "99^^^OTHER", "more": "AIS|1||\x01"},
        f"{STRANGER}; AIS-3 control-character",
        CONTROL,
    ),
    "2.4": ({"appointment": "x", "patient": "99^^^OTHER"}, STRANGER, AUTHORITY),
}
"""By version: what a message says, then MSA-3 and MSA-6 of its answer."""


@pytest.mark.parametrize("version", CONDITIONS)
def test_before_v2_5_msa_6_has_one_remedy(lasting: Site, version: str) -> None:
    """Error Condition is a CE of at most 100 characters in 2.3 and 2.3.1, of 250 in 2.4 (chapter 2,
    MSA attributes); fields 4 and 5 are none of ours."""
    said, text, condition = CONDITIONS[version]
    with lasting.connect() as engine:
        answer = engine.send(message(**said, head={12: version}))
    assert str(answer.whole.segment("MSA")) == f"MSA|AE|C1|{text}|||{condition}"
    assert len(condition) <= (250 if version == "2.4" else 100)
    assert len(answer.whole) == 2


def test_a_remedy_for_which_there_is_no_room_is_not_cut_off(lasting: Site) -> None:
    """116 characters, where 100 are there; and v2.2 has none of this field."""
    assert len(AUTHORITY) == 116
    with lasting.connect() as engine:
        old = engine.send(message("good", patient="99^^^OTHER", head={12: "2.3"}))
        older = engine.send(message("good", head={12: "2.2"}))
    assert str(old.whole.segment("MSA")) == f"MSA|AE|C1|{STRANGER}"
    assert str(older.whole.segment("MSA")) == "MSA|AR|C1|MSH-12 unknown-version"


def test_the_separators_of_the_message_are_those_of_its_answer(lasting: Site) -> None:
    data = GOOD.replace(b"|", b"#").replace(b"^~\\&", b"@~\\&").replace(b"^", b"@")
    with lasting.connect() as engine:
        answer = engine.send(data.replace(b"##1001", b"##1001"))
        assert str(answer.whole).startswith("MSH#@~\\&#OURS#HUB#SCHED#EAST#")
        assert answer.code == "AA"
        wrong = engine.send(data.replace(b"#good#", b"##"))
    assert str(wrong.whole.segment("ERR")[2]) == "SCH@1@2"


def test_separators_that_are_none_are_answered_in_the_usual_ones(lasting: Site) -> None:
    """What is to be done names them, and thus has them escaped (chapter 2.7)."""
    with lasting.connect() as engine:
        answer = engine.send(replaced(b"^~\\&", b"^^\\&"))
    assert str(answer.whole).startswith("MSH|^~\\&|OURS|HUB|SCHED|EAST|")
    assert answer.control == str(hl7.parse(GOOD.decode()).segment("MSH")[10])
    assert answer.field("ERR", 8) == (
        "Use \\F\\\\S\\\\R\\\\E\\\\T\\ or other characters that differ, "
        "and are no letters and no digits."
    )


def test_a_message_without_an_escape_character_is_answered_without_one(lasting: Site) -> None:
    """MSH-2 is "-~&": what would have to be escaped is a blank."""
    with lasting.connect() as engine:
        engine.write(framed(message("").replace(b"^~\\&", b"-~&").replace(b"^", b"-")))
        answer = engine.frame()
    assert b"|SCH 2 appointment not numbered\r" in answer
    assert b"&" not in answer.partition(b"-~&")[2]


ACCEPT = {"AL": "AE", "ER": "E", "SU": "A", "NE": ""}
"""Table 0155: whether a good message (A) and one that is not (E) are answered."""


@pytest.mark.parametrize("asked", ACCEPT)
def test_whoever_names_msh_15_is_answered_as_table_0155_says(lasting: Site, asked: str) -> None:
    """Nothing comes where nothing is wanted: the next thing that comes is the answer to another."""
    with lasting.connect() as engine:
        engine.write(framed(message("good", control="A", head={15: asked, 16: "NE"})))
        engine.write(framed(message("", control="E", head={15: asked, 16: "NE"})))
        engine.write(framed(message("good", control="last")))
        told = []
        while not told or told[-1].control != "last":
            told.append(engine.answer())
    expected = {"A": ("CA", "A"), "E": ("CE", "E")}
    wanted = [expected[verdict] for verdict in ACCEPT[asked]]
    assert [(one.code, one.control) for one in told] == [*wanted, ("AA", "last")]


@pytest.mark.parametrize("asked", ACCEPT)
def test_whoever_names_msh_16_alone_is_answered_so_in_the_original_codes(
    lasting: Site, asked: str
) -> None:
    with lasting.connect() as engine:
        engine.write(framed(message("good", control="A", head={15: "NE", 16: asked})))
        engine.write(framed(message("", control="E", head={15: "NE", 16: asked})))
        engine.write(framed(message("good", control="last")))
        told = []
        while not told or told[-1].control != "last":
            told.append(engine.answer())
    wanted = [(f"A{verdict}", verdict) for verdict in ACCEPT[asked]]
    assert [(one.code, one.control) for one in told] == [*wanted, ("AA", "last")]


def test_a_header_that_is_refused_in_enhanced_mode(lasting: Site) -> None:
    with lasting.connect() as engine:
        assert engine.send(message("x", "S27", head={15: "AL"})).code == "CR"


# --- what is taken --------------------------------------------------------------------------------


def test_a_no_show_that_was_never_booked_waits_for_its_booking(lasting: Site) -> None:
    before = lasting.listening.idle()["incomplete"]
    bare = b"\r".join(
        (
            b"MSH|^~\\&|SCHED|EAST|||20260302150000+0000||SIU^S26|N2|P|2.5.1",
            b"SCH||never-seen",
            b"",
        )
    )
    with lasting.connect() as engine:
        assert engine.send(bare).code == "AA"
        said = lasting.listening.idle()
        assert (said["incomplete"], said["waiting"]) == (before + 1, before + 1)
        assert "never-seen" not in found(lasting.server.of_type("Appointment"))
        assert engine.send(message("never-seen", control="N1")).code == "AA"
    assert lasting.listening.idle()["incomplete"] == before
    told = found(lasting.server.of_type("Appointment"))
    assert told["never-seen"] == ("noshow", DAY, DAY + HOUR)


TAKEN = {
    "a no-show without SCH-25": (message("f1", "S26", status=""), "f1", "noshow"),
    "of several numbers the site's own": (
        message("f2", patient="99^^^OTHER~1001"),
        "f2",
        "booked",
    ),
    "ISO 8859-1": (
        message("f3", head={18: "8859/1"}, more="NTE|1||x").replace(b"|x\r", b"|M\xfcller\r"),
        "f3",
        "booked",
    ),
    "UTF-8": (
        message("f4", head={18: "UNICODE UTF-8"}, more="NTE|1||M\u00fcller"),
        "f4",
        "booked",
    ),
    "line feeds": (message("f5").replace(b"\r", b"\n"), "f5", "booked"),
    "both": (message("f6").replace(b"\r", b"\r\n"), "f6", "booked"),
    "no last line end": (message("f7").rstrip(b"\r"), "f7", "booked"),
}


@pytest.mark.parametrize("what", TAKEN)
def test_what_is_taken(lasting: Site, what: str) -> None:
    data, appointment, status = TAKEN[what]
    with lasting.connect() as engine:
        answer = engine.send(data)
    assert (answer.code, answer.errors) == ("AA", ())
    lasting.listening.idle()
    bodies = lasting.server.of_type("Appointment")
    assert found(bodies)[appointment] == (status, DAY, DAY + HOUR)
    (body,) = (one for one in bodies if one["identifier"][-1]["value"] == appointment)
    assert body["participant"][0]["actor"]["identifier"]["value"] == "1001"


def test_what_was_sent_twice_is_kept_once_and_accepted_twice(lasting: Site) -> None:
    before = lasting.listening.idle()
    with lasting.connect() as engine:
        told = [engine.send(message("twice")).code for _ in range(3)]
    after = lasting.listening.idle()
    assert told == ["AA"] * 3
    assert after["accepted"] - before["accepted"] == 3
    assert after["kept"] - before["kept"] == 1
