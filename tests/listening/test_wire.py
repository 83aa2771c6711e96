"""How messages come over the wire: in pieces, together, and in frames that end in any way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .engine import framed, read
from .messages import message

if TYPE_CHECKING:
    from .conftest import Site

GOOD = message("good")


def test_several_messages_in_one_piece_are_answered_in_their_order(lasting: Site) -> None:
    told = [message("piece", control=f"P{n}") for n in range(50)]
    told[7] = message("", control="P7")
    with lasting.connect() as engine:
        engine.write(b"".join(map(framed, told)))
        answers = [engine.answer() for _ in told]
    assert [one.control for one in answers] == [f"P{n}" for n in range(50)]
    assert [n for n, one in enumerate(answers) if one.code != "AA"] == [7]


def test_a_message_that_comes_byte_by_byte(lasting: Site) -> None:
    with lasting.connect() as engine:
        for byte in framed(message("bytes")):
            engine.write(bytes([byte]))
        assert engine.answer().code == "AA"


@pytest.mark.parametrize("between", [b"\x1c", b"\x1c\r\n", b"\x1c\n", b"\x1c\r\r\n\r\n"], ids=repr)
def test_frames_that_end_as_some_senders_end_them(lasting: Site, between: bytes) -> None:
    with lasting.connect() as engine:
        for n in range(3):
            engine.write(b"\x0b" + message("ends", control=f"E{n}") + between)
            assert (engine.answer().control, n) == (f"E{n}", n)


def test_a_frame_that_begins_within_another_cuts_that_off(lasting: Site) -> None:
    with lasting.connect() as engine:
        engine.write(framed(GOOD)[:90] + framed(GOOD))
        first, second = engine.answer(), engine.answer()
    assert (first.code, first.control) == ("AE", "C1")
    assert first.errors == (("", "truncated-message"),)
    assert second.code == "AA"


def test_an_answer_is_one_frame_of_segments_that_end_with_cr(lasting: Site) -> None:
    with lasting.connect() as engine:
        engine.write(framed(message("")))
        told = engine.frame()
    assert told.count(b"\r") == 3
    assert told.endswith(b"\r")
    assert b"\n" not in told
    assert read(told).code == "AE"
