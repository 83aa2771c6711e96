"""Trying a server out: what it can do by what it does.

Each trial is one row of TRIALS: it gives True or False, or None where nothing can be said. What the
trials make is marked as test data, and removed at the end.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from urllib.parse import quote

from alliance_fhir.errors import BadReply, Conflict, Refused, ServerError
from alliance_fhir.fhir.bundle import entity_tag, escaped
from alliance_fhir.fhir.canonical import dumps
from alliance_fhir.received import Json, part, parts, text
from alliance_fhir.transport.client import Client
from alliance_fhir.transport.outcomes import Reply

SYSTEM = "https://alliance-fhir.github.io/id/probe"
"""Of the identifiers and tags of what a probe makes."""
_TEST_DATA = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
_PATIENCE = 5.0
"""Seconds in which what was written has to be found."""


class Probe:
    """The trials at one server. `close` removes what they made."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._mark = secrets.token_hex(6)
        self._made: list[str] = []
        self._numbers = iter(range(1, 1000))
        self._first = ""
        self._shown: dict[str, bool] = {}

    def run(self) -> dict[str, bool]:
        """What every trial shows. Raises ServerError where nothing at all can be written."""
        self._first = self._create(self._body())
        for trait, trial in TRIALS.items():
            try:
                shown = trial(self)
            except (Refused, BadReply, Conflict):
                shown = False
            if shown is not None:
                self._shown[trait] = shown
        return self._shown

    def remove(self) -> tuple[bool, list[str]]:
        """Whether what was made could be removed, and what is still there."""
        left: list[str] = []
        for place in reversed(self._made):
            try:
                self._delete(place)
            except ServerError:
                left.append(place)
        return not left, left

    def _delete(self, place: str) -> None:
        try:
            self._client.delete(place)
        except Conflict:  # some servers want to be told which version
            self._client.delete(place, entity_tag(self._version(place)))

    def _body(self) -> Json:
        key = f"{self._mark}-{next(self._numbers)}"
        return {
            "resourceType": "Observation",
            "meta": {"tag": [_TEST_DATA, {"system": SYSTEM, "code": key}]},
            "identifier": [{"system": SYSTEM, "value": key}],
            "status": "final",
            "code": {"text": "alliance-fhir probe: test data, to be removed"},
            "valueQuantity": {"value": 1},
        }

    def _create(self, body: Json, condition: str = "") -> str:
        """Where the resource is then."""
        reply = self._client.post("Observation", dumps(body), condition)
        return self._note(reply)

    def _note(self, reply: Reply) -> str:
        id_ = text(reply.body, "id")
        location = reply.headers.get("Location", "").partition("/_history/")[0]
        id_ = id_ or location.rpartition("/")[2]
        if not id_:
            raise BadReply("the server does not say where it put a resource")
        place = f"Observation/{id_}"
        if place not in self._made:
            self._made.append(place)
        return place

    def _hits(self, parameter: str, key: str) -> int:
        search = {parameter: f"{escaped(SYSTEM)}|{escaped(key)}"}
        hits = [
            f"Observation/{text(hit, 'id')}"
            for hit in self._client.search("Observation", search)
            if {"system": SYSTEM, "value": key} in parts(hit, "identifier")
        ]
        self._made += [place for place in hits if place not in self._made]
        return len(hits)

    def _found(self, parameter: str, key: str) -> bool:
        """Whether a search finds it, after a while, and finds nothing for what is not there."""
        nobody = {parameter: f"{escaped(SYSTEM)}|{self._mark}-none", "_count": "1"}
        if next(self._client.search("Observation", nobody), None):
            return False  # it does not look at the parameter
        ends = time.monotonic() + _PATIENCE
        while not self._hits(parameter, key):
            if time.monotonic() > ends:
                return False
            self._client.pace.sleep(0.5)
        return True

    def _key(self, body: Json) -> str:
        return text(parts(body, "identifier")[0], "value")

    def versions(self) -> bool:
        """A resource has a version."""
        body = self._client.get(self._first).body
        return bool(text(part(body, "meta"), "versionId"))

    def post_search(self) -> bool:
        """A search by POST is answered."""
        list(self._client.search("Observation", {"_id": self._first.partition("/")[2]}))
        return self._client.post_search

    def identifier_search(self) -> bool:
        """What was made is found by its identifier."""
        return self._found("identifier", f"{self._mark}-1")

    def tags(self) -> bool:
        """What was made is found by its tag."""
        return self._found("_tag", f"{self._mark}-1")

    def conditional_create(self) -> bool | None:
        """Made on condition twice, it is there once."""
        if not self._shown["identifier-search"]:
            return None  # it cannot look for it either
        body = self._body()
        condition = f"identifier={quote(f'{SYSTEM}|{self._key(body)}', safe='')}"
        first = self._create(body, condition)
        if not self._found("identifier", self._key(body)):
            return None  # it could not know
        return self._create(body, condition) == first

    def if_match(self) -> bool:
        """A change to a version that is no more is declined, and one to the last is made."""
        body = self._body()
        place = self._create(body)
        old = self._version(place)
        whole = {**body, "id": place.partition("/")[2]}
        self._put(place, {**whole, "valueQuantity": {"value": 2}}, old)
        try:
            self._put(place, {**whole, "valueQuantity": {"value": 3}}, old)
        except Conflict:
            return True
        return False

    def _version(self, place: str) -> str:
        return text(part(self._client.get(place).body, "meta"), "versionId")

    def _put(self, place: str, body: Json, version: str = "") -> None:
        self._client.put(place, dumps(body), entity_tag(version) if version else "")

    def history(self) -> bool:
        """An earlier version is still there."""
        place = self._create(body := self._body())
        old = self._version(place)
        whole = {**body, "id": place.partition("/")[2], "valueQuantity": {"value": 2}}
        self._put(place, whole, old if self._shown["if-match"] else "")
        earlier = self._client.get(f"{place}/_history/{old}").body
        return part(earlier, "valueQuantity").get("value") == 1

    def transactions(self) -> bool:
        """Two resources in one transaction are there."""
        return all(self._bundle("transaction", [self._entry(), self._entry()]))

    def batches(self) -> bool:
        """Two resources in one batch are there."""
        return all(self._bundle("batch", [self._entry(), self._entry()]))

    def rollback(self) -> bool | None:
        """Of a transaction of which one part is declined nothing is there."""
        by = [name for name in ("identifier-search", "tags") if self._shown[name]]
        if not by or not self._shown["transactions"]:
            return None
        entry = self._entry()
        wrong = {
            "resource": {**self._body(), "id": self._first.partition("/")[2]},
            "request": {
                "method": "PUT",
                "url": self._first,
                "ifMatch": entity_tag("no-such-version"),
            },
        }
        try:
            if all(self._bundle("transaction", [entry, wrong])):
                return None  # it took what no server should
        except (Refused, Conflict):
            pass
        parameter = {"tags": "_tag"}.get(by[0], "identifier")
        return not self._hits(parameter, self._key(entry["resource"]))

    def _entry(self) -> Json:
        return {
            "resource": self._body(),
            "request": {"method": "POST", "url": "Observation"},
        }

    def _bundle(self, kind: str, entries: list[Json]) -> list[bool]:
        bundle = {"resourceType": "Bundle", "type": kind, "entry": entries}
        reply = self._client.post("", dumps(bundle))
        answers = parts(reply.body, "entry")
        if len(answers) != len(entries):
            raise BadReply("another number of answers than of entries")
        return [self._went(answer) for answer in answers]

    def _went(self, answer: Json) -> bool:
        response = part(answer, "response")
        place = text(response, "location").partition("/_history/")[0]
        id_ = text(part(answer, "resource"), "id") or place.rpartition("/")[2]
        good = text(response, "status")[:1] == "2"
        if good and id_:
            self._made.append(f"Observation/{id_}")
        return good

    def provenance(self) -> bool:
        """A Provenance of what was made is taken."""
        body = {
            "resourceType": "Provenance",
            "meta": {"tag": [_TEST_DATA]},
            "target": [{"reference": self._first}],
            "recorded": "2000-01-01T00:00:00Z",
            "agent": [{"who": {"display": "alliance-fhir probe"}}],
        }
        reply = self._client.post("Provenance", dumps(body))
        id_ = text(reply.body, "id") or reply.headers.get("Location", "").rpartition("/")[2]
        self._made.append(f"Provenance/{id_}")
        return True


TRIALS: dict[str, Callable[[Probe], bool | None]] = {
    "versions": Probe.versions,
    "post-search": Probe.post_search,
    "identifier-search": Probe.identifier_search,
    "tags": Probe.tags,
    "conditional-create": Probe.conditional_create,
    "if-match": Probe.if_match,
    "history": Probe.history,
    "transactions": Probe.transactions,
    "rollback": Probe.rollback,
    "batches": Probe.batches,
    "provenance": Probe.provenance,
}
"""How each trait is tried out; that a server deletes is shown by the end."""
