"""Interactions with single resources and with types, as the FHIR specification (http) has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any, cast
from urllib.parse import parse_qsl

from alliance_fhir.abilities import Ability
from alliance_fhir.testing.dates import span
from alliance_fhir.testing.messages import Answer, Declined, Interaction, Json, Params, operations
from alliance_fhir.testing.parameters import TYPES, bare_reference, known, references
from alliance_fhir.testing.policy import by_identifier, untagged
from alliance_fhir.testing.searching import Pages, Search, history_entries, search_entries
from alliance_fhir.testing.store import Store, Version


@dataclass
class Conduct:
    """How a server goes about things where FHIR leaves it to the server."""

    lacks: frozenset[Ability] = frozenset()
    ignores: frozenset[Ability] = frozenset()
    client_ids: bool = True
    stale_status: int = 412
    checks_references: bool = True
    keeps_referenced: bool = False
    patches: bool = False


@dataclass
class Resources:
    """What is done with resources; not safe for threads, the server has the lock."""

    base: str
    conduct: Conduct
    store: Store = field(default_factory=Store)
    pages: Pages = field(default_factory=Pages)
    reserved: set[str] = field(default_factory=set[str])
    """Places that a transaction is going to fill."""

    def perform(self, asked: Interaction) -> Answer:
        """Does it, or raises Declined."""
        type_, *rest = asked.path.split("/")
        if type_ == "_history":
            return self._history("", asked.params)
        if type_ not in TYPES:
            raise Declined(404, "not-supported", "no such type")
        if asked.method == "GET" or rest == ["_search"]:
            return self._read(asked, type_, rest)
        match asked.method, rest:
            case "POST", []:
                return self._create(asked)
            case "PUT", [_]:
                return self._update(asked, asked.path)
            case "PATCH", [_] if self.conduct.patches:
                return self._patch(asked, asked.path)
            case "DELETE", [_]:
                return self._delete(asked, asked.path)
            case _:
                raise Declined(405, "not-supported")

    def _read(self, asked: Interaction, type_: str, rest: list[str]) -> Answer:
        match rest:
            case [] | ["_search"]:
                return self._search(type_, asked.params)
            case ["_history"]:
                return self._history(f"{type_}/", asked.params)
            case [id_]:
                return self._answer(200, self.store.current(f"{type_}/{id_}"))
            case [id_, "_history"]:
                self._known(f"{type_}/{id_}")
                return self._history(f"{type_}/{id_}", asked.params)
            case [id_, "_history", label]:
                return self._answer(200, self._version(f"{type_}/{id_}", label))
            case _:
                raise Declined(404, "not-supported")

    def search(self, type_: str, params: Params, *, lagging: bool) -> list[Version]:
        """What is found."""
        lenient = "identifier-search" in self.conduct.ignores
        search = Search(self.store, self.base, _strays(type_) if lenient else _no_strays)
        return search.hits(type_, params, lagging=lagging)

    def match(self, asked: Interaction) -> Version | None:
        """What If-None-Exist finds; Declined with 412 where that is several."""
        if asked.condition is None:
            return None
        params = tuple(parse_qsl(asked.condition.rpartition("?")[2]))
        if not params:
            raise Declined(400, "invalid", "an empty condition")
        hits = self.search(asked.type, params, lagging=False)
        if len(hits) > 1:
            raise Declined(412, "multiple-matches")
        return hits[0] if hits else None

    def create(self, asked: Interaction, id_: str) -> Answer:
        """A resource of this id, whatever condition there was."""
        return self._answer(201, self._write(asked, id_))

    def existing(self, version: Version) -> Answer:
        """The answer to a conditional create of what is there."""
        answer = self._answer(200, version)
        return answer._replace(headers={**answer.headers, **self._location(version)})

    def _create(self, asked: Interaction) -> Answer:
        found = self.match(asked)
        return self.existing(found) if found else self.create(asked, self.store.new_id())

    def _update(self, asked: Interaction, place: str) -> Answer:
        self._unchanged_since(asked, place)
        existed = self.store.exists(place)
        if not self.store.versions(place) and not self.conduct.client_ids:
            raise Declined(405, "not-supported", "ids are given by the server")
        told = (asked.resource or {}).get("id")
        if told != asked.id:
            raise Declined(400, "invalid", "another id than in the address")
        return self._answer(200 if existed else 201, self._write(asked, asked.id))

    def _patch(self, asked: Interaction, place: str) -> Answer:
        """A JSON Patch that tests and replaces elements at the top, and does nothing else."""
        self._unchanged_since(asked, place)
        body = dict(self.store.current(place).body or {})
        for one in operations(asked.patch):
            name = str(one.get("path", "")).removeprefix("/")
            if one.get("op") not in ("test", "replace") or name not in body:
                raise Declined(400, "not-supported", "no such operation here")
            if one["op"] == "test" and body[name] != one.get("value"):
                raise Declined(400, "processing", "another value")
            body[name] = one.get("value")
        return self._answer(200, self._write(asked._replace(resource=body), asked.id))

    def _delete(self, asked: Interaction, place: str) -> Answer:
        self._unchanged_since(asked, place)
        self._known(place)
        if self.conduct.keeps_referenced and self._referring(place):
            raise Declined(409, "conflict", "others refer to it")
        if self.store.exists(place) and "delete" not in self.conduct.ignores:
            self.store.remove(place, label=self._label(place))
        return Answer(204)

    def _referring(self, place: str) -> bool:
        terms = [(">", place)]
        return any(
            hit.place != place
            for type_ in TYPES
            for hit in self.store.under(type_, terms, lagging=False)
        )

    def _unchanged_since(self, asked: Interaction, place: str) -> None:
        if not asked.if_match:
            return
        last = self.store.last(place)
        wanted = asked.if_match.strip().removeprefix("W/").strip('"')
        if last is None or last.body is None or last.label != wanted:
            raise Declined(self.conduct.stale_status, "conflict", "another version")

    def _known(self, place: str) -> None:
        if not self.store.versions(place):
            raise Declined(404, "not-found")

    def _version(self, place: str, label: str) -> Version:
        self._known(place)
        if "versions" in self.conduct.ignores:
            return self.store.current(place)
        found = next((v for v in self.store.versions(place) if v.label == label), None)
        if found is None or found.body is None:
            raise Declined(404 if found is None else 410, "not-found")
        return found

    def _write(self, asked: Interaction, id_: str) -> Version:
        body = asked.resource
        if body is None or body.get("resourceType") != asked.type:
            raise Declined(400, "invalid", "another type than in the address")
        body = self._localised(body)
        for reference in references(body):
            self._leads_somewhere(reference)
        if {"tags"} & (self.conduct.lacks | self.conduct.ignores):
            body = untagged(body)
        place = f"{asked.type}/{id_}"
        if asked.type == "Provenance" and "provenance" in self.conduct.ignores:
            label, when = self._label(place) or "1", self.store.clock().isoformat()
            return Version(place, {**body, "id": id_}, label, when, "POST", 0, 0, frozenset())
        return self.store.write(body, id_, asked.method, label=self._label(place))

    def _localised(self, value: Any) -> Any:
        """A copy in which references to this very server are relative, as HAPI keeps them."""
        if isinstance(value, list):
            return [self._localised(item) for item in cast("list[Any]", value)]
        if not isinstance(value, dict):
            return value
        copy = {key: self._localised(part) for key, part in cast("Json", value).items()}
        if isinstance(where := copy.get("reference"), str):
            copy["reference"] = where.removeprefix(f"{self.base}/")
        return copy

    def _label(self, place: str) -> str | None:
        """What the next version is called; None leaves it to the store."""
        if "versions" in self.conduct.lacks:
            return ""
        return "1" if "versions" in self.conduct.ignores else None

    def _leads_somewhere(self, reference: str) -> None:
        place = bare_reference(reference)
        fine = place.startswith("#") or place in self.reserved or self.store.exists(place)
        if self.conduct.checks_references and not fine:
            raise Declined(400, "processing", "a reference leads nowhere")

    def _search(self, type_: str, params: Params) -> Answer:
        hits = self.search(type_, params, lagging=True)
        entries = list(search_entries(self.base, hits))
        return Answer(200, self.pages.first(self.base, entries, params, type="searchset"))

    def _history(self, start: str, params: Params) -> Answer:
        versions = self.store.history(start)
        if start.count("/") and not start.endswith("/"):
            versions = [version for version in versions if version.place == start]
        if "history" in self.conduct.ignores:
            versions = [v for v in versions if v is self.store.last(v.place)]
        if since := dict(params).get("_since"):
            versions = [v for v in versions if span(v.when).end > span(since).start]
        entries = list(history_entries(self.base, versions))
        return Answer(200, self.pages.first(self.base, entries, params, type="history"))

    def _location(self, version: Version) -> dict[str, str]:
        history = f"/_history/{version.label}" if version.label else ""
        return {"Location": f"{self.base}/{version.place}{history}"}

    def _answer(self, status: int, version: Version) -> Answer:
        headers = {"Last-Modified": _http_date(version.when)}
        if version.label:
            headers["ETag"] = f'W/"{version.label}"'
        if status == 201:
            headers |= self._location(version)
        body: Json = version.body or {}
        return Answer(status, body, headers)


def _strays(type_: str) -> Callable[[str], bool]:
    """The parameters that a server ignores which does not search by identifier."""
    return lambda name: by_identifier(name) or not known(type_, name)


def _no_strays(name: str) -> bool:
    return not name


def _http_date(when: str) -> str:
    return format_datetime(datetime.fromisoformat(when), usegmt=True)
