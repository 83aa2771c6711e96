"""Setting the status of an Appointment that is an EHR's own, and nothing else of it.

By a JSON Patch where the server says that it takes such, and no decimal can be lost by it; else by
a PUT of all of it as it was read, with the one element changed. With If-Match; where the server has
none, it is read and compared once more right before.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

import orjson

from alliance_fhir.domain.records import Identifier
from alliance_fhir.errors import AuthFailed, BadReply, Conflict, Refused
from alliance_fhir.fhir.appointment import TYPE
from alliance_fhir.fhir.bundle import entity_tag
from alliance_fhir.fhir.canonical import content_digest, dumps
from alliance_fhir.fhir.reply import Ours, found
from alliance_fhir.fhir.their_status import with_status
from alliance_fhir.fhir.versions import Json
from alliance_fhir.targets.base import There
from alliance_fhir.targets.finding import Finder
from alliance_fhir.transport.capabilities import Abilities
from alliance_fhir.transport.client import JSON_PATCH, Client
from alliance_fhir.transport.outcomes import Reply

_GONE = (404, 410)
_NO_UPDATES = 405
_NO_SUCH_CONDITION = 501


class TheirStatuses:
    """The Appointments of others at one server. The arguments are those of its target."""

    def __init__(self, client: Client, ours: Ours, abilities: Abilities, finder: Finder) -> None:
        self._client = client
        self._ours = ours
        self._abilities = abilities
        self._finder = finder

    def find(self, visits: Mapping[Identifier, Identifier]) -> Mapping[Identifier, list[There]]:
        """Those with these numbers, by number; each is given with the visit's patient."""
        return self._finder.others(visits)

    def read(self, id_: str) -> There | None:
        """One, as it is now; None where it is not there any more."""
        try:
            return self._there(self._client.get(f"{TYPE}/{id_}").body, id_)
        except Refused as refused:
            if refused.status not in _GONE:
                raise
        return None

    def set(self, there: There, status: str) -> There:
        """Sets the status of one that was just read; as it is then.

        Raises Conflict where it is not as it was read; Refused where the server declines, also
        with 403, by which it may mean this one alone.
        """
        guarded = bool(there.hit.version) and "if-match" in self._abilities
        if not guarded:
            self._compare(there)
        try:
            reply = self._sent(there, status, guarded=guarded)
        except AuthFailed as error:
            if error.status != 403:
                raise
            raise Refused(str(error), status=403) from None
        self._abilities.found_open(TYPE, "update")
        if reply.body.get("resourceType") == TYPE:
            now = self._there(reply.body, there.hit.id)
        else:  # it gave nothing back, or an outcome
            now = self._looked_up(there, status)
        if now.hit.status != status:
            raise Conflict(f"{self._client.base} took a status, and has another")
        return now

    def _looked_up(self, there: There, status: str) -> There:
        """What is there after a write whose reply does not say. What somebody else may have changed
        since is not said to be as the write left it: it has no version then."""
        now = self.read(there.hit.id)
        if now is None:
            raise Conflict(f"{self._client.base} has that {TYPE} no more")
        digest = content_digest(with_status(there.body, status))
        if now.hit.digest == digest:
            return now
        return now._replace(hit=now.hit._replace(version="", digest=digest))

    def _sent(self, there: There, status: str, *, guarded: bool) -> Reply:
        place = f"{TYPE}/{there.hit.id}"
        tag = entity_tag(there.hit.version) if guarded else ""
        try:
            patches = self._abilities.patches(TYPE, JSON_PATCH)
            if patches and not _may_be_shortened(there.body):
                return self._client.patch(place, _operations(there.body, status), if_match=tag)
            return self._client.put(place, dumps(with_status(there.body, status)), if_match=tag)
        except Refused as refused:
            if refused.status == _NO_SUCH_CONDITION and guarded:
                self._abilities.lacking.add("if-match")
                self._compare(there)
                return self._sent(there, status, guarded=False)
            if refused.status in _GONE:
                raise Conflict(f"{self._client.base} has that {TYPE} no more") from None
            if refused.status == _NO_UPDATES:
                self._abilities.learn(TYPE, "update")
            raise

    def _compare(self, there: There) -> None:
        now = self.read(there.hit.id)
        if now is None or now.body != there.body:
            raise Conflict(f"{self._client.base} has another {TYPE} than it had")

    def _there(self, body: Json, id_: str) -> There:
        hit = found(body, self._ours) if body.get("resourceType") == TYPE else None
        if hit is None or hit.id != id_:
            raise BadReply(f"{self._client.base} gave another {TYPE} than it was asked for")
        return There(hit, body)


def _may_be_shortened(value: Any) -> bool:
    """Whether it holds a decimal that is not written as a double is: where a JSON Patch names
    another element alone, HAPI 8.8.0 makes 70.1 of 70.10 all the same."""
    if isinstance(value, dict):
        return any(map(_may_be_shortened, cast("Json", value).values()))
    if isinstance(value, list):
        return any(map(_may_be_shortened, cast("list[Any]", value)))
    if not isinstance(value, Decimal):
        return False
    return value.as_tuple() != Decimal(repr(float(value))).as_tuple()


def _operations(body: Json, status: str) -> bytes:
    """The patch; where theirs has another status by then than was read, none of it is done."""
    return orjson.dumps(
        [
            {"op": "test", "path": "/status", "value": body["status"]},
            {"op": "replace", "path": "/status", "value": status},
        ]
    )
