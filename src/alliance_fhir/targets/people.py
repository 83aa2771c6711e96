"""Who is who at a server: found by identifier, and followed to whom they were merged into."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import groupby

from alliance_fhir.errors import Refused
from alliance_fhir.fhir.bundle import escaped
from alliance_fhir.fhir.elements import Person
from alliance_fhir.fhir.people import FOUND_BY_IDENTIFIER, Resolution, replaced_by, resolve
from alliance_fhir.fhir.versions import Json
from alliance_fhir.targets.portions import Portions
from alliance_fhir.transport.client import Client

_MERGES = 5
"""So many times somebody may have been merged into somebody else; more is a circle."""
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


class People:
    """The people of one server. Who was found is remembered; lanes may ask at the same time."""

    def __init__(self, client: Client, portions: Portions) -> None:
        self._client = client
        self._portions = portions
        self._known: dict[Person, Resolution] = {}
        self._lock = threading.Lock()

    def resolve(self, persons: Iterable[Person]) -> Mapping[Person, Resolution]:
        """Who is meant by these identifiers."""
        asked = sorted(p for p in set(persons) if p.type in FOUND_BY_IDENTIFIER)
        with self._lock:  # never while a request is on its way: lanes would wait for each other
            answer = {person: self._known[person] for person in asked if person in self._known}
        unknown = [person for person in asked if person not in answer]
        for type_, some in groupby(unknown, lambda person: person.type):
            answer |= dict(self._portions.asked(list(some), partial(self._look_up, type_)))
        # who was not found may be mended by the time that somebody asks again
        found = {person: answer[person] for person in unknown if not answer[person].rule}
        with self._lock:
            self._known |= found
        return answer

    def _look_up(self, type_: str, persons: list[Person]) -> Iterator[tuple[Person, Resolution]]:
        tokens = [f"{escaped(p.identifier.system)}|{escaped(p.identifier.value)}" for p in persons]
        hits = list(self._client.search(type_, {"identifier": ",".join(tokens), "_count": "200"}))
        for person in persons:
            resolution, merged_into = resolve(person, hits)
            yield person, self._survivor(merged_into, resolution)

    def _survivor(self, reference: str, merged: Resolution) -> Resolution:
        """Who a patient was merged into in the end; `merged` as it is where that is nobody."""
        places = set(merged.places)
        for _ in range(_MERGES):
            hit = self._patient(reference)
            if hit is None:
                return merged
            places.add(there := f"Patient/{hit['id']}")
            following = replaced_by(hit)
            if following is None:
                return Resolution(there, places=frozenset(places))
            reference = following
        return merged

    def _patient(self, reference: str) -> Json | None:
        """The patient whom a reference leads to, if that is at this server."""
        type_, _, id_ = reference.removeprefix(f"{self._client.base}/").partition("/")
        if type_ != "Patient" or not _ID.fullmatch(id_):
            return None
        try:
            body = self._client.get(f"Patient/{id_}").body
        except Refused:  # not there any more, or nothing that we may see
            return None
        meant = (body.get("resourceType"), body.get("id")) == ("Patient", id_)
        return body if meant else None
