"""Whom and what a file holds beside its Appointments: people and referrals, by how others refer to
them. They are gone through only where somebody is named by a reference alone.

They go to SQLite's temporary file, of each what tells who it is, so that memory stays flat.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

from alliance_fhir.domain.places import NDJSON
from alliance_fhir.errors import BadReply
from alliance_fhir.received import Json, parts, text
from alliance_fhir.room import Spool
from alliance_fhir.sources.fhir.files import Resource, resources

TYPES = ("Patient", "Practitioner", "PractitionerRole", "ServiceRequest")
"""Whom and what Appointments name; many servers have none of the last two."""
_KEPT = ("resourceType", "identifier", "practitioner", "requester")
_REFERENCE = re.compile(
    r"(?P<base>https?://[^#?]+/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9.-]{1,64})"
    r"(?:/_history/[A-Za-z0-9.-]{1,64})?"
)


class Neighbours:
    """The people and referrals of the file `path`; of one of NDJSON, also those in the files beside
    it that are named as a bulk export names them: `Patient.ndjson` and the like."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._spool: Spool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._spool:
            self._spool.close()

    def find(self, reference: str, url: str) -> Json:
        """Who or what is meant, seen from a resource with this URL; empty where that is not here,
        or where two have the same name. Raises InputError."""
        return self._first(_names(reference, url))

    def of(self, system: str, value: str) -> Json:
        """The referral with this identifier; empty as before."""
        return self._first([f"{system}|{value}"])

    def _first(self, names: list[str]) -> Json:
        for name in names:
            query = "SELECT min(told), max(told) FROM neighbour WHERE name = ?"
            least, most = self._all().execute(query, (name,)).fetchone()
            if least:
                return json.loads(least) if least == most else {}
        return {}

    def _all(self) -> Spool:
        if self._spool is None:
            self._spool = Spool(cache=4000)
            self._spool.execute("CREATE TABLE neighbour (name TEXT, told TEXT)")
            for path in self._files():
                for one in resources(path):
                    if isinstance(one, Resource) and one.body["resourceType"] in TYPES:
                        self._add(self._spool, one)
            self._spool.execute("CREATE INDEX by_name ON neighbour (name)")
        return self._spool

    def _files(self) -> list[Path]:
        if not self._path.name.lower().endswith(NDJSON):
            return [self._path]
        beside = [self._path.with_name(f"{type_}{NDJSON}") for type_ in TYPES]
        return [self._path, *(one for one in beside if one != self._path and one.is_file())]

    def _add(self, spool: Spool, one: Resource) -> None:
        told = {name: one.body[name] for name in _KEPT if name in one.body}
        names = {one.url} if _base(one.url) else {one.url, _bare(one.body)} - {""}
        if one.body["resourceType"] == "ServiceRequest":
            names.update(_identifiers(one.body))
        rows = [(name, json.dumps(told, default=str, sort_keys=True)) for name in names]
        spool.executemany("INSERT INTO neighbour VALUES (?, ?)", rows)


def type_of(reference: str) -> str:
    """The type that a reference names; empty where it names none."""
    found = _REFERENCE.fullmatch(reference)
    return found["type"] if found else ""


def _identifiers(body: Json) -> Iterator[str]:
    with suppress(BadReply):  # none is known by what has another shape
        for one in parts(body, "identifier"):
            yield f"{text(one, 'system')}|{text(one, 'value')}"


def _bare(body: Json) -> str:
    return f"{body['resourceType']}/{body['id']}" if isinstance(body.get("id"), str) else ""


def _base(url: str) -> str:
    """The server that a URL names; empty where it names none."""
    found = _REFERENCE.fullmatch(url)
    return (found["base"] or "") if found else ""


def _names(reference: str, url: str) -> list[str]:
    """By which a reference may be known here, the most certain first.

    One to a server is followed only as such: the same id at another one is somebody else.
    """
    found = _REFERENCE.fullmatch(reference)
    if not found:
        return [reference] if reference else []
    bare = f"{found['type']}/{found['id']}"
    if found["base"]:
        return [f"{found['base']}{bare}"]
    base = _base(url)
    return [f"{base}{bare}", bare] if base else [bare]
