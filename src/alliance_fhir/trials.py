"""Trying a server out: what it can do by what it does.

Each trial is one row of TRIALS: it gives True or False, or None where nothing can be said. What the
trials make is marked as test data, and removed at the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import quote

from alliance_fhir.errors import AuthFailed, BadReply, Conflict, Refused
from alliance_fhir.fhir.bundle import entity_tag, escaped
from alliance_fhir.marked import SYSTEM, Marked, entry, key_of
from alliance_fhir.received import Json, part, text
from alliance_fhir.transport.client import Client

_PATIENCE = 5.0
"""Seconds in which what was written has to be found."""
_FORBIDDEN = 403
"""What is not allowed to us is lacking; with other credentials that fail nothing can be tried."""


class Probe:
    """The trials at one server. What they make is `made`, in which there may be something already:
    one more is not made where one will do."""

    def __init__(self, client: Client, made: Marked) -> None:
        self._client = client
        self._made = made
        self._first = self._key = ""
        self._shown: dict[str, bool] = {}

    def run(self) -> dict[str, bool]:
        """What every trial shows. Raises ServerError where nothing at all can be written."""
        self._first, self._key = self._made.one("Observation")
        if not self._first:
            body = self._body()
            self._first, self._key = self._made.create(body), key_of(body)
        for trait, trial in TRIALS.items():
            try:
                shown = trial(self)
            except (Refused, BadReply, Conflict):
                shown = False
            except AuthFailed as error:
                if error.status != _FORBIDDEN:
                    raise
                shown = False
            if shown is not None:
                self._shown[trait] = shown
        return self._shown

    def _body(self) -> Json:
        return self._made.body(
            status="final",
            code={"text": "alliance-fhir probe: test data, to be removed"},
            valueQuantity={"value": 1},
        )

    def _found(self, parameter: str, key: str) -> bool:
        """Whether a search finds it, after a while, and finds nothing for what is not there."""
        nobody = {parameter: f"{escaped(SYSTEM)}|{self._made.mark}-none", "_count": "1"}
        if next(self._client.search("Observation", nobody), None):
            return False  # it does not look at the parameter
        ends = time.monotonic() + _PATIENCE
        while not self._made.hits(parameter, key):
            if time.monotonic() > ends:
                return False
            self._client.pace.sleep(0.5)
        return True

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
        return self._found("identifier", self._key)

    def tags(self) -> bool:
        """What was made is found by its tag."""
        return self._found("_tag", self._key)

    def conditional_create(self) -> bool | None:
        """Made on condition twice, it is there once."""
        if not self._shown["identifier-search"]:
            return None  # it cannot look for it either
        body = self._body()
        condition = f"identifier={quote(f'{SYSTEM}|{key_of(body)}', safe='')}"
        first = self._made.create(body, condition)
        if not self._found("identifier", key_of(body)):
            return None  # it could not know
        return self._made.create(body, condition) == first

    def if_match(self) -> bool:
        """A change to a version that is no more is declined, and one to the last is made."""
        body = self._body()
        place = self._made.create(body)
        old = self._made.version(place)
        whole = {**body, "id": place.partition("/")[2]}
        self._made.put(place, {**whole, "valueQuantity": {"value": 2}}, old)
        try:
            self._made.put(place, {**whole, "valueQuantity": {"value": 3}}, old)
        except Conflict:
            return True
        return False

    def history(self) -> bool:
        """An earlier version is still there."""
        place = self._made.create(body := self._body())
        old = self._made.version(place)
        whole = {**body, "id": place.partition("/")[2], "valueQuantity": {"value": 2}}
        self._made.put(place, whole, old if self._shown["if-match"] else "")
        earlier = self._client.get(f"{place}/_history/{old}").body
        return part(earlier, "valueQuantity").get("value") == 1

    def transactions(self) -> bool:
        """Two resources in one transaction are there."""
        return all(self._made.bundle("transaction", [self._body(), self._body()]))

    def batches(self) -> bool:
        """Two resources in one batch are there."""
        return all(self._made.bundle("batch", [self._body(), self._body()]))

    def rollback(self) -> bool | None:
        """Of a transaction of which one part is declined nothing is there."""
        by = [name for name in ("identifier-search", "tags") if self._shown[name]]
        if not by or not self._shown["transactions"]:
            return None
        body = self._body()
        wrong: Json = entry({**self._body(), "id": self._first.partition("/")[2]})
        stale = {"ifMatch": entity_tag("no-such-version")}
        wrong["request"] = {"method": "PUT", "url": self._first, **stale}
        try:
            if all(self._made.bundle("transaction", [body], wrong)):
                return None  # it took what no server should
        except (Refused, Conflict):
            pass
        parameter = {"tags": "_tag"}.get(by[0], "identifier")
        return not self._made.hits(parameter, key_of(body))

    def provenance(self) -> bool:
        """A Provenance of what was made is taken, as may have been seen already."""
        if self._made.one("Provenance") == ("", ""):
            self._made.create(self._made.provenance(self._first))
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
