"""The parts of one message, parted by python-hl7.

Its own unescaping is not used: it knows no character sets, and logs what it cannot read, which may
be a patient's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple, cast

import hl7  # pyright: ignore[reportMissingTypeStubs]

from alliance_fhir.sources.hl7v2.slips import Unread

_part = cast("Callable[[str], list[list[list[Any]]]]", hl7.parse)  # pyright: ignore

NULL = '""'
"""What a sender writes where there is nothing any more; an empty field says nothing."""

_READ = {
    "MSH": (3, 4, 7, 9, 10, 11, 12, 13),
    "SCH": (1, 2, 3, 6, 7, 8, 9, 10, 11, 25, 26, 27),
    "TQ1": (6, 7, 8),
    "PID": (3,),
    "PV1": (8,),
    "RGS": (2,),
    "AIS": (2, 3, 4, 7, 8, 10),
    "AIG": (2, 3, 4),
    "AIL": (2, 3),
    "AIP": (2, 3),
}
"""The fields that somebody reads, by segment. Of these the library gets those that have parts: its
time is that of the fields it gets, empty ones too."""
_ALIKE = {"MSH": (9,), "SCH": (6, 7, 8), "PV1": (8,), "AIS": (3,), "AIL": (3,), "AIP": (3,)}
"""Fields that are alike in many messages, as there are few events, services, rooms and clinicians:
what the library made of them is kept."""
_MOST_ALIKE, _LONGEST_ALIKE = 4_000, 200
"""So many of them, and so many characters of each, at most."""
_TO_THE_VERSION = 11
"""Separators in a header up to MSH-12."""
_LINES = {".br": "\n", ".sp": "\n", ".ce": "\n", "H": "", "N": ""}
"""Formatting that is a new line, or highlighting."""
_HEX = re.compile(r"X((?:[0-9A-F]{2})+)", re.IGNORECASE | re.ASCII)


class Marks(NamedTuple):
    """What MSH-1 and MSH-2 say: the separators, the escape character or none, the encoding."""

    field: str
    component: str
    repetition: str
    escape: str
    sub: str
    encoding: str


class Repetition(NamedTuple):
    """One value of a field."""

    parts: list[list[str]]
    marks: Marks

    def text(self, component: int = 1, sub: int = 1) -> str:
        """A component's text, trimmed; empty where there is none, or that it is emptied is said."""
        parts = self.parts
        # most of what is asked for is not there, and an IndexError takes longer than a look
        if component > len(parts) or sub > len(parts[component - 1]):
            return ""
        raw = parts[component - 1][sub - 1]
        if not raw or raw == NULL:
            return ""
        escape = self.marks.escape
        return (_unescaped(raw, self.marks) if escape and escape in raw else raw).strip()

    def null(self, component: int = 1) -> bool:
        """Whether it says that there is nothing any more."""
        return self.parts[component - 1 : component] == [[NULL]]


_NOTHING = Repetition([[""]], Marks("", "", "", "", "", ""))


class Segment(NamedTuple):
    """One segment: its name, and those of its fields that are read and not empty, by their numbers,
    MSH-1 being the separator."""

    name: str
    fields: dict[int, list[Repetition]]

    def repetitions(self, field: int) -> list[Repetition]:
        """The values of a field, those that are empty left out. Raises ValueError for one that is
        never read."""
        if field not in _READ[self.name]:
            raise ValueError(f"{self.name}-{field} is not among the fields that are read")
        return self.fields.get(field, [])

    def first(self, field: int) -> Repetition:
        """The first value of a field, which may be empty."""
        found = self.fields.get(field) or self.repetitions(field)
        return found[0] if found else _NOTHING

    def text(self, field: int, component: int = 1, sub: int = 1) -> str:
        """A component's text of the first value."""
        return self.first(field).text(component, sub)


class Message(NamedTuple):
    """One message: its segments that are of an appointment. All others, as notes, observations and
    Z-segments, are left alone."""

    segments: list[Segment]

    def all(self, name: str) -> list[Segment]:
        """The segments of a name, in their order."""
        return [one for one in self.segments if one.name == name]

    def resources(self, name: str, *, gone: bool) -> Iterator[Segment]:
        """The segments of a resource that are part of the appointment; `gone` tells whether the
        event takes them off."""
        for one, off in self._told_of(name, gone=gone):
            if not off:
                yield one

    def taken_off(self, name: str, *, gone: bool) -> Iterator[Segment]:
        """Those that are no part of it any more."""
        for one, off in self._told_of(name, gone=gone):
            if off:
                yield one

    def _told_of(self, name: str, *, gone: bool) -> Iterator[tuple[Segment, bool]]:
        """The segments of a resource, and whether it is taken off: RGS-2 and AI*-2 (table 0206) say
        of a group and of each what is done with it; else the event does."""
        group = ""
        for one in self.segments:
            if one.name == "RGS":
                group = one.text(2)
            elif one.name == name:
                action = one.text(2) or group
                yield one, action == "D" or (gone and not action)


def parted(text: str, encoding: str) -> Message:
    """The parts of a message whose segments end with CR. Raises Unread."""
    header = text.split("\r", 1)[0]
    field = header[3:4]
    marks = marks_of(field, header[4:].split(field, 1)[0] if field else "", encoding)
    if header.count(marks.field) < _TO_THE_VERSION:
        raise Unread("MSH", "truncated-message")
    lines = [line for line in text.split("\r") if line[:3] in _READ]
    lines[-1] = lines[-1].rstrip()  # as the library would
    reader = _Reader(header, marks)
    segments = [reader.segment(line) for line in lines]
    reader.part()
    return Message(segments)


_Key = tuple[Marks, str] | None
_known: dict[_Key, list[Repetition]] = {}


class _Reader:
    """Reads segments. What has parts is put aside, until the library parts all of it at once, as
    fields of one segment."""

    def __init__(self, header: str, marks: Marks) -> None:
        self._marks = marks
        self._told = header.split(marks.field)[:2]
        self._places: list[tuple[dict[int, list[Repetition]], int, _Key]] = []

    def segment(self, line: str) -> Segment:
        """A segment, of which some fields are still to come."""
        marks = self._marks
        told = line.split(marks.field)
        name = told[0]
        if name == "MSH":  # the first mark is a field, too
            told.insert(1, marks.field)
        fields: dict[int, list[Repetition]] = {}
        count, alike = len(told), _ALIKE.get(name, ())
        for number in _READ.get(name, ()):
            if number >= count:
                break
            one = told[number]
            if not one:
                continue
            if marks.component in one or marks.repetition in one or marks.sub in one:
                key = (marks, one) if number in alike else None
                if key in _known:
                    fields[number] = _known[key]
                    continue
                self._told.append(one)
                self._places.append((fields, number, key))
            else:
                fields[number] = [Repetition([[one]], marks)]
        return Segment(name, fields)

    def part(self) -> None:
        """Gives the segments the fields that were put aside."""
        if not self._places:
            return
        # a mark at the end, as the library takes blanks away there
        (segment,) = _part(self._marks.field.join([*self._told, ""]))
        for (fields, number, key), told in zip(self._places, segment[3:], strict=False):
            parts = [[_list(component) for component in _list(one)] for one in told]
            if found := [Repetition(one, self._marks) for one in parts if any(map(any, one))]:
                fields[number] = found
                if key and len(_known) < _MOST_ALIKE and len(key[1]) <= _LONGEST_ALIKE:
                    _known[key] = found


@lru_cache(maxsize=64)
def marks_of(field: str, told: str, encoding: str) -> Marks:
    """What MSH-2, `told`, leaves out stands for itself as usual, but for the escape character.
    Raises Unread."""
    given = field + told
    component, repetition, escape, sub = (told + "^~\\&"[len(told) :])[:4]
    parting = {field, component, repetition, sub}
    odd = any(one.isalnum() or one.isspace() for one in given)
    if not 1 <= len(told) <= 5 or len({*given}) < len(given) or len(parting) < 4 or odd:
        raise Unread("MSH-2", "bad-separators")
    if len(told) < 3 or escape in parting:  # "^~&" has none
        escape = ""
    return Marks(field, component, repetition, escape, sub, encoding)


def _list(told: list[Any] | str) -> list[Any]:
    # the library's own lists are slow to read
    return [*told] if isinstance(told, list) else [told]


def _unescaped(text: str, marks: Marks) -> str:
    r"""The text with \F\ \S\ \T\ \R\ \E\ \Xdd\ \.br\ as what they mean; others stay as they are."""
    mark = marks.escape
    sequence = re.compile(f"{re.escape(mark)}([^{re.escape(mark)}]+){re.escape(mark)}")
    return sequence.sub(lambda found: _meant(found[0], found[1], marks), text)


def _meant(whole: str, code: str, marks: Marks) -> str:
    own = {
        "F": marks.field,
        "S": marks.component,
        "T": marks.sub,
        "R": marks.repetition,
        "E": marks.escape,
    }
    if code in own:
        return own[code]
    if code[:3] in _LINES:
        return _LINES[code[:3]]
    if found := _HEX.fullmatch(code):
        return bytes.fromhex(found[1]).decode(marks.encoding, "replace")
    return whole
