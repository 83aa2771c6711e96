"""A message on its way to what it says: its fields by their kinds, and the slips found so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from alliance_fhir.domain.records import Identifier
from alliance_fhir.domain.said import Coded
from alliance_fhir.sources.codings import standard_code, table_code
from alliance_fhir.sources.fields import has_control
from alliance_fhir.sources.hl7v2.ids import somebody
from alliance_fhir.sources.hl7v2.message import Message, Segment
from alliance_fhir.sources.hl7v2.site import Site
from alliance_fhir.sources.hl7v2.slips import Slip, Unread

_T = TypeVar("_T")


class Reading:
    """One message of one appointment, of which all slips are to be told at once.

    `emptied` takes the names of what the message says that there is nothing of any more.
    """

    def __init__(self, message: Message, site: Site) -> None:
        self.message = message
        self.site = site
        self.header = message.segments[0]
        self.event = self.header.text(9, 2)
        self.sch = message.all("SCH")[0]
        self.slips: list[Slip] = []
        self.emptied: set[str] = set()

    def attempt(self, read: Callable[[], _T]) -> _T | None:
        """What is read; None, and the slip is kept, where that cannot be done."""
        try:
            return read()
        except Unread as unread:
            self.slips.append(unread.slip)
            return None

    def coded(self, name: str, segment: Segment | None, field: int) -> Coded | None:
        """A CE or CWE: code, text and table; the alternate ones where only those are there."""
        if segment is None or not (several := segment.repetitions(field)):
            return None
        told = several[0]
        if self.noted(name, null=told.null()):
            return None
        for code, text, table in ((1, 2, 3), (4, 5, 6)):
            found = Coded(told.text(code), told.text(text))
            if has_control(found.code) or has_control(found.text):
                self.slips.append(Slip(f"{segment.name}-{field}", "control-character"))
                return None
            if found.words:
                return self._with_system(name, found, told.text(table))
        return None

    def _with_system(self, name: str, told: Coded, table: str) -> Coded:
        """A code alone, of which nobody says that it is one, is but words."""
        if told.text or table:
            found = self.code(name, told.code, table)
        else:
            found = standard_code(name, told.code)
        return Coded(found.value, told.words, found.system) if found else told

    def code(self, name: str, told: str, table: str) -> Identifier | None:
        """A code and its system; None for one that a table of visits could not hold."""
        code, site = " ".join(told.split()), self.site
        if not code or "|" in code or not site.base:
            return None
        named = site.authorities.get(table)
        return Identifier(named, code) if named else table_code(name, code, table, site.base)

    def person(
        self, name: str, segments: Sequence[Segment], field: int, system: str
    ) -> Identifier | None:
        """The first person with a number in the field of any of the segments; `system` is that of
        a number without an authority."""
        for segment in segments:
            if self.noted(name, null=segment.first(field).null()):
                return None
            found = self.attempt(lambda at=segment: somebody(at, field, system, self.site))
            if found:
                return found
        return None

    def noted(self, name: str, *, null: bool) -> bool:
        """Whether something is said to be no more; it is then kept in `emptied`."""
        if null:
            self.emptied.add(name)
        return null
