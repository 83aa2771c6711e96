"""A place in a message and the rule that it breaks."""

from __future__ import annotations

from typing import NamedTuple


class Slip(NamedTuple):
    """Segment, field and component, such as `SCH-11.4`, and the rule; never what stands there.

    `place` is empty where the message or the file as a whole is meant; `remedy` where more can be
    said than the rule's own.
    """

    place: str
    rule: str
    remedy: str = ""


class Unread(Exception):
    """A slip that ends the reading of a field. It never leaves this package."""

    def __init__(self, place: str, rule: str, remedy: str = "") -> None:
        super().__init__(rule)
        self.slip = Slip(place, rule, remedy)
