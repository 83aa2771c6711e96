"""Feeds of messages of one appointment, and what they come to."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

from alliance_fhir.domain.scheduling import Folded, fold
from alliance_fhir.domain.visit import Visit

from .making import Fields, hear, message, segment

FIRST = {11: "^^^20260320100000-0400^20260320103000-0400"}
SECOND = {11: "^^^20260327100000-0400^20260327103000-0400"}
NOTHING = {11: "", 25: ""}
KURTZ = segment("AIP", {3: "K1"})
_FEW = 4
"""Of so many messages every order is tried."""


class Feed:
    """Messages as they are made, a day after the other, of March 2026."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def say(
        self,
        event: str,
        sch: Fields | None = None,
        *others: str,
        day: int = 0,
        head: Fields | None = None,
        pid: Fields | None = None,
    ) -> Feed:
        """One more message; `day` where it is not the next one."""
        number = len(self.texts) + 1
        made = f"202603{day or number:02}120000-0500"
        usual = {7: made, 10: f"C{number}", **(head or {})}
        self.texts.append(message(event, usual, sch, *others, pid=pid))
        return self


def booked() -> Feed:
    """A feed with a booking."""
    return Feed().say("S12", {**FIRST, 7: "R^Low mood"}, KURTZ, segment("AIS", {3: "PSY^Therapy"}))


def folded(folder: Path, feed: Feed) -> Folded:
    """What the messages come to: in the order in which they were made and backwards, where they are
    few in any, and twice."""
    said = [one.said for one in hear(folder, "".join(feed.texts)) if one.said]
    assert len(said) == len(feed.texts)
    found = fold(said)
    for some in permutations(said) if len(said) <= _FEW else [reversed(said), said * 2]:
        assert fold(some) == found
    return found


def visit(folder: Path, feed: Feed) -> Visit:
    """The visit."""
    found = folded(folder, feed).visit
    assert found
    return found
