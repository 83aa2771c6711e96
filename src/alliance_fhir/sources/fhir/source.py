"""A file with Appointments as a source: a visit for each, or what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from alliance_fhir.config import Settings
from alliance_fhir.domain.receipt import WARNINGS, Finding
from alliance_fhir.domain.records import Identifier, Origin
from alliance_fhir.domain.visit import visit_key
from alliance_fhir.sources.fhir.appointment import Reader, Taken
from alliance_fhir.sources.fhir.element import Element, Slip, Unread
from alliance_fhir.sources.fhir.files import Broken, Resource, resources
from alliance_fhir.sources.fhir.neighbours import TYPES, Neighbours
from alliance_fhir.sources.fhir.people import Around
from alliance_fhir.sources.wide import Read, visit_digest


class One(NamedTuple):
    """An Appointment with what was read of it."""

    resource: Resource
    taken: Taken


class AppointmentFile:
    """One file. `others` counts the resources in it that say nothing of visits, by their type."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self._path = path
        self._settings = settings
        self._source = settings.named_source
        self._reader = Reader(settings, datetime.now(UTC))
        self.others: Counter[str] = Counter()
        self._neighbours = False

    def unknown_columns(self) -> Iterator[Finding]:
        """None: elements that are not read are left alone."""
        yield from ()

    def identities(self) -> Iterator[tuple[str, str]]:
        """Key and content of each visit."""
        for read in self.records():
            if isinstance(read, Read):
                yield read.key, read.content

    def appointments(self) -> Iterator[One | Broken]:
        """All Appointments, and all that is no resource. Raises InputError."""
        self.others.clear()
        self._neighbours = False
        with Neighbours(self._path) as neighbours:
            for one in resources(self._path):
                if isinstance(one, Broken):
                    yield one
                elif one.body["resourceType"] == "Appointment":
                    yield One(one, self._taken(one, neighbours))
                elif one.body["resourceType"] in TYPES:
                    self._neighbours = True
                else:
                    self.others[one.body["resourceType"]] += 1

    def records(self) -> Iterator[Read | Finding]:
        """A visit for each Appointment, after what is to be told of it."""
        path = str(self._path)
        empty = True
        for one in self.appointments():
            empty = False
            if isinstance(one, Broken):
                yield self._finding(one.line, one.slip, "")
                continue
            visit, slips, number, *_ = one.taken
            key = self._key(number) if number else ""
            slips.sort(key=lambda slip: slip.rule in WARNINGS)
            for place, slip in enumerate(slips):  # the first that is no warning counts the record
                beside = place > 0 or slip.rule in WARNINGS
                yield self._finding(one.resource.line, slip, key, beside=beside)
            if visit:
                content = visit_digest(visit, self._settings.secret)
                yield Read(Origin(path, one.resource.line), key, visit, content)
        for type_, count in sorted(self.others.items()):
            remedy = f"{count:,} of this type were left alone; of FHIR only Appointments are read."
            yield Finding(path, 0, type_, "other-resources", remedy)
        if empty and not self.others and not self._neighbours:
            yield Finding(path, 0, "", "no-resources")

    def _taken(self, one: Resource, neighbours: Neighbours) -> Taken:
        element = Element(one.body, one.place)
        try:
            around = Around(element, neighbours, one.url)
        except Unread as unread:
            return Taken(None, [unread.slip], None, ours=False, rule="")
        return self._reader.read(element, around, one.url)

    def _key(self, number: Identifier) -> str:
        return visit_key(number, self._source, self._settings.secret)

    def _finding(self, line: int, slip: Slip, key: str, *, beside: bool = False) -> Finding:
        path = str(self._path)
        return Finding(path, line, slip.place, slip.rule, slip.remedy, key, beside=beside)
