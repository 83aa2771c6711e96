"""A FHIR server as target: transactions with conditional creates, people found by identifier."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TypeVar

from alliance_fhir.errors import BadReply, ConfigError, Refused
from alliance_fhir.fhir.bundle import Change, escaped, transaction
from alliance_fhir.fhir.canonical import dumps
from alliance_fhir.fhir.elements import Person
from alliance_fhir.fhir.people import FOUND_BY_IDENTIFIER, Resolution, replaced_by, resolve
from alliance_fhir.fhir.reply import Delivered, Found, Ours, delivered, found
from alliance_fhir.fhir.versions import Json, Version, version
from alliance_fhir.targets.base import Wanted
from alliance_fhir.transport.client import Client

T = TypeVar("T")

_AT_ONCE = 50
"""Identifiers in one search: enough to save requests, few enough for every server's limits."""
_BY_ID = frozenset({"Provenance", "Patient", "Practitioner"})
"""Types without a business identifier of ours: found again by the id that the server gave."""
_MERGES = 5
"""So many times somebody may have been merged into somebody else; more is a circle."""
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


class ServerTarget:
    """A FHIR server."""

    all_at_once = False
    people = True

    def __init__(self, client: Client, ours: Ours, fhir_version: str = "") -> None:
        self._client = client
        self._ours = ours
        self.name = self.identity = client.base
        self.version = _version(client, fhir_version)
        self._resolved: dict[Person, Resolution] = {}

    @property
    def client(self) -> Client:
        """The connection, for whoever reads what is not looked for by key."""
        return self._client

    def begin(self, *, writing: bool) -> None:
        """Nothing to do: a server has many writers, and each request says what it expects."""

    def resolve(self, persons: Iterable[Person]) -> Mapping[Person, Resolution]:
        """Who is meant by these identifiers; who was found is remembered."""
        asked = sorted(p for p in set(persons) if p.type in FOUND_BY_IDENTIFIER)
        unknown = [p for p in asked if p not in self._resolved]
        for type_, some in groupby(unknown, lambda person: person.type):
            for portion in _portions(list(some)):
                self._look_up(type_, portion)
        answer = {person: self._resolved[person] for person in asked}
        for person, resolution in answer.items():
            if resolution.rule:  # it may be mended by the time that somebody asks again
                del self._resolved[person]
        return answer

    def _look_up(self, type_: str, persons: list[Person]) -> None:
        tokens = [f"{escaped(p.identifier.system)}|{escaped(p.identifier.value)}" for p in persons]
        hits = list(self._client.search(type_, {"identifier": ",".join(tokens), "_count": "200"}))
        for person in persons:
            resolution, merged_into = resolve(person, hits)
            self._resolved[person] = self._survivor(merged_into, resolution)

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

    def find(self, wanted: Sequence[Wanted]) -> Mapping[str, list[Found]]:
        """What is there under these keys, every hit held against what was asked for."""
        answer: dict[str, list[Found]] = {}
        for type_, some in groupby(sorted(wanted), lambda one: one.type):
            for portion in _portions(list(some)):
                for key, hit in self._hits(type_, portion):
                    answer.setdefault(key, []).append(hit)
        return answer

    def _hits(self, type_: str, wanted: list[Wanted]) -> Iterator[tuple[str, Found]]:
        by_id = {one.id: one.key for one in wanted if one.id} if type_ in _BY_ID else {}
        keys = {one.key for one in wanted}
        searches = [{"_id": ",".join(by_id)}] if by_id else []
        unseen = [one.key for one in wanted if not (type_ in _BY_ID and one.id)]
        if unseen:
            searches.append(self._by_key(type_, unseen))
        seen: set[str] = set()
        for search in searches:
            for body in self._client.search(type_, {**search, "_count": "200"}):
                hit = found(body, self._ours)
                if not hit.id:
                    raise BadReply(f"a search for {type_} gave one without an id")
                key = by_id.get(hit.id, hit.key)
                if key in keys and hit.id not in seen:
                    seen.add(hit.id)
                    yield key, hit

    def _by_key(self, type_: str, keys: list[str]) -> dict[str, str]:
        if type_ == "Questionnaire":  # url alone: some servers find nothing by url and version
            return {"url": ",".join(sorted({escaped(key.rpartition("|")[0]) for key in keys}))}
        name, system = ("identifier", self._ours.identifiers)
        if type_ == "Provenance":
            name, system = ("_tag", self._ours.tags)
        return {name: ",".join(f"{escaped(system)}|{escaped(key)}" for key in keys)}

    def deliver(
        self, changes: Sequence[Change], references: Mapping[tuple[str, str, str], str]
    ) -> list[Delivered]:
        """One group as one transaction."""
        bundle = transaction(changes, references, self._ours.identifiers)
        return delivered(changes, self._client.post("", dumps(bundle)).body)

    def finish(self) -> None:
        """Nothing to do: every transaction counted at once."""

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()


def _version(client: Client, asked: str) -> Version:
    """The server's version of FHIR, by its CapabilityStatement or, where it has none, as asked."""
    try:
        statement = client.get("metadata").body
    except Refused as refused:
        raise BadReply(
            f"{client.base} is no FHIR server: /metadata gave {refused.status}"
        ) from None
    told = statement.get("fhirVersion")
    if statement.get("resourceType") != "CapabilityStatement" or not isinstance(told, str):
        if not asked:
            raise ConfigError(
                f"{client.base} does not say which version of FHIR it speaks; say it by --fhir"
            )
        return version(asked)
    spoken = version(told)
    if asked and version(asked) != spoken:
        raise ConfigError(f"{client.base} speaks FHIR {told}, and --fhir asks for {asked}")
    return spoken


def _portions(items: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
