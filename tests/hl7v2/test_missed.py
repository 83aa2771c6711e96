"""Starts that were missed before an appointment was booked for another time, by cases worked out
by hand.

Every feed begins with a booking for ten o'clock of 20 March. Messages are made at noon of New
York's standard time, which on that day is three hours after the start.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .feed import FIRST, NOTHING, SECOND, Feed, booked, folded
from .making import Fields, at

A, B = "2026-03-20T10:00:00-04:00", "2026-03-27T10:00:00-04:00"
THIRD = {11: "^^^20260403100000-0400^20260403103000-0400"}
LATER_THAT_DAY, ELEVEN = (
    "2026-03-20T11:00:00-04:00",
    {
        11: "^^^20260320110000-0400^20260320113000-0400",
        25: "",
    },
)
BY_PATIENT, BY_CLINIC = {**NOTHING, 6: "PATCAN"}, {**NOTHING, 6: "^Provider ill"}


def without(times: Fields, status: str = "") -> Fields:
    """A start, and this status or none."""
    return {**times, 25: status}


def missed() -> Feed:
    """A booking, and that nobody came."""
    return booked().say("S26", NOTHING, day=20)


Case = tuple[Feed, list[str], list[str]]
CASES: dict[str, Case] = {
    # the messages, the starts before, and those of them that were missed
    "moved with S13": (missed().say("S13", SECOND, day=21), [A], [A]),
    "booked anew with S12": (missed().say("S12", SECOND, day=21), [A], [A]),
    "by what stands in no status": (missed().say("S13", without(SECOND), day=21), [A], [A]),
    "booked by a change of it": (missed().say("S14", SECOND, day=21), [A], [A]),
    "missed, and missed again": (
        missed().say("S13", SECOND, day=21).say("S26", NOTHING, day=27),
        [A],
        [A],
    ),
    "missed twice, and moved twice": (
        missed().say("S13", SECOND, day=21).say("S26", NOTHING, day=27).say("S13", THIRD, day=28),
        [A, B],
        [A, B],
    ),
    "missed, moved, and moved again": (
        missed().say("S13", SECOND, day=21).say("S13", THIRD, day=22),
        [A, B],
        [A],
    ),
    "moved in time, and missed": (
        booked().say("S13", SECOND).say("S26", NOTHING, day=27).say("S13", THIRD, day=28),
        [A, B],
        [B],
    ),
    "not moved yet": (missed(), [], []),
    "taken back, as it is booked": (
        missed().say("S14", FIRST, day=21).say("S13", SECOND, day=22),
        [A],
        [],
    ),
    "taken back, as somebody came": (
        missed().say("S14", without({11: ""}, "Arrived"), day=21).say("S13", SECOND, day=22),
        [A],
        [],
    ),
    "taken back, as it never was": (
        missed().say("S17", NOTHING, day=21).say("S13", SECOND, day=22),
        [A],
        [],
    ),
    "called off in time": (booked().say("S15", BY_PATIENT).say("S12", SECOND), [A], []),
    "called off late": (
        booked().say("S15", BY_PATIENT, day=19).say("S12", SECOND, day=20),
        [A],
        [],
    ),
    "called off after the start": (
        booked().say("S15", BY_PATIENT, day=20).say("S12", SECOND, day=21),
        [A],
        [A],
    ),
    "called off by the clinic after the start": (
        booked().say("S15", BY_CLINIC, day=20).say("S12", SECOND, day=21),
        [A],
        [],
    ),
    "called off by nobody knows whom after the start": (
        booked().say("S15", NOTHING, day=20).say("S12", SECOND, day=21),
        [A],
        [],
    ),
    "called off in time, and not come to": (
        booked().say("S15", BY_PATIENT).say("S26", NOTHING, day=20).say("S13", SECOND, day=21),
        [A],
        [],
    ),
    "said to be missed before its day": (
        booked().say("S26", NOTHING, day=10).say("S13", SECOND, day=11),
        [A],
        [],
    ),
    "said so before its day, and once more on it": (
        booked().say("S26", NOTHING, day=10).say("S26", NOTHING, day=20).say("S13", SECOND, day=21),
        [A],
        [A],
    ),
    "said so before its day, and on it something of a service": (
        booked().say("S26", NOTHING, day=10).say("S18", NOTHING, day=20).say("S13", SECOND, day=21),
        [A],
        [],
    ),
    "moved back to it": (
        missed().say("S13", SECOND, day=21).say("S13", FIRST, day=22),
        [A, B],
        [],
    ),
    "the start alone is corrected": (missed().say("S14", ELEVEN, day=21), [A], []),
    # it is the corrected one that was missed
    "corrected, and then moved": (
        missed().say("S14", ELEVEN, day=21).say("S13", SECOND, day=22),
        [A, LATER_THAT_DAY],
        [LATER_THAT_DAY],
    ),
    "called off after the start, which is corrected to one that was not over": (
        booked()
        .say("S15", BY_PATIENT, day=20)
        .say("S14", without({11: "^^^20260320150000-0400^20260320153000-0400"}), day=21)
        .say("S13", SECOND, day=22),
        [A, "2026-03-20T15:00:00-04:00"],
        [],
    ),
    "what is said of a service leaves it missed": (
        missed().say("S18", NOTHING, day=21).say("S13", SECOND, day=22),
        [A],
        [A],
    ),
    # a no-show cannot be of a day that is still to come: it was of the day before
    "moved ahead by a message of no status, and missed again": (
        missed().say("S14", without(SECOND), day=21).say("S26", NOTHING, day=27),
        [A],
        [A],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_which_starts_were_missed(tmp_path: Path, name: str) -> None:
    feed, before, expected = CASES[name]
    found = folded(tmp_path, feed)
    assert found.earlier == tuple(map(at, before))
    assert found.missed == tuple(map(at, expected))
    # where no end is said it is that of all visits
    assert found.visit
    assert found.visit.missed == found.missed
    assert found.visit.rescheduled_from == found.earlier


def test_a_start_that_is_written_with_two_offsets(tmp_path: Path) -> None:
    """It is one start, and stands as it was written first."""
    in_utc = {11: "^^^20260320140000+0000^20260320143000+0000"}
    feed = missed().say("S13", SECOND, day=21).say("S13", in_utc, day=22).say("S13", THIRD, day=23)
    found = folded(tmp_path, feed)
    assert found.earlier == (at(A), at(B), at("2026-03-20T14:00:00+00:00"))
    assert found.missed == (at(A),)
