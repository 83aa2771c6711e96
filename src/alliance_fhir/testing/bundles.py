"""Transactions and batches: a bundle as a whole, or each entry on its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, cast

from alliance_fhir.testing.messages import (
    Answer,
    Declined,
    Interaction,
    Json,
    entries_of,
    entry_interaction,
    split_url,
)
from alliance_fhir.testing.resources import Resources
from alliance_fhir.testing.store import Version, instant

Admit = Callable[[Interaction], Interaction]
"""What stands before every interaction: raises Declined, or gives it back, changed or not."""

_ORDER = ("DELETE", "POST", "PUT", "PATCH", "GET", "HEAD")
"""The order within a transaction (FHIR http, 3.1.0.11.2)."""


def batch(resources: Resources, asked: Json, admit: Admit) -> Json:
    """Each entry on its own: what one comes to is nothing to the others. References stay as is."""
    answers: list[Json] = []
    for entry in entries_of(asked):
        try:
            answer = resources.perform(admit(entry_interaction(entry)))
        except Declined as declined:
            answer = declined.answer
        answers.append(_entry(resources, answer))
    return {"resourceType": "Bundle", "type": "batch-response", "entry": answers}


def transaction(resources: Resources, asked: Json, admit: Admit) -> Json:
    """All or nothing; Declined with what the first bad entry came to."""
    mark = resources.store.mark()
    try:
        return _Transaction(resources, entries_of(asked), admit).answers()
    except Declined:
        if "transactions" not in resources.conduct.ignores:
            resources.store.roll_back(mark)
        raise
    finally:
        resources.reserved.clear()


class _Transaction:
    """One transaction: where its entries go is settled first, then they are done in order."""

    def __init__(self, resources: Resources, entries: list[Json], admit: Admit) -> None:
        self._resources = resources
        self._asked = [admit(entry_interaction(entry)) for entry in entries]
        self._found: dict[int, Version] = {}
        self._ids: dict[int, str] = {}
        self._places: dict[str, str] = {}
        for number, (entry, asked) in enumerate(zip(entries, self._asked, strict=True)):
            self._places[str(entry.get("fullUrl"))] = self._place(number, asked)
        self._distinct()

    def _distinct(self) -> None:
        written = [a.path for a in self._asked if a.method in ("PUT", "DELETE")]
        if len(set(written)) != len(written):
            raise Declined(400, "processing", "two entries for one resource")

    def _place(self, number: int, asked: Interaction) -> str:
        """Where the resource of an entry is going to be."""
        if asked.method != "POST":
            if asked.method == "PUT":
                self._resources.reserved.add(asked.path)
            return asked.path
        if found := self._resources.match(asked):
            self._found[number] = found
            return found.place
        self._ids[number] = self._resources.store.new_id()
        place = f"{asked.type}/{self._ids[number]}"
        self._resources.reserved.add(place)
        return place

    def answers(self) -> Json:
        """The transaction-response, in the order in which was asked."""
        order = sorted(
            range(len(self._asked)),
            key=lambda n: _ORDER.index(m) if (m := self._asked[n].method) in _ORDER else 9,
        )
        done = {number: self._done(number) for number in order}
        entries = [_entry(self._resources, done[number]) for number in range(len(done))]
        return {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}

    def _done(self, number: int) -> Answer:
        asked = self._asked[number]
        if asked.resource is not None:
            asked = asked._replace(resource=self._linked(asked.resource))
        if number in self._found:
            return self._resources.existing(self._found[number])
        if number in self._ids:
            return self._resources.create(asked, self._ids[number])
        return self._resources.perform(asked)

    def _linked(self, value: Any) -> Any:
        """A copy in which references to entries and conditional ones are literal."""
        if isinstance(value, list):
            return [self._linked(item) for item in cast("list[Any]", value)]
        if not isinstance(value, dict):
            return value
        copy = {key: self._linked(part) for key, part in cast("Json", value).items()}
        where = copy.get("reference")
        if isinstance(where, str):
            copy["reference"] = self._places.get(where) or self._by_search(where)
        return copy

    def _by_search(self, reference: str) -> str:
        path, params = split_url(reference)
        if not params or "/" in path:
            return reference
        hits = self._resources.search(path, params, lagging=False)
        if len(hits) != 1:
            raise Declined(412 if hits else 400, "processing", "a conditional reference")
        return hits[0].place


def _entry(resources: Resources, answer: Answer) -> Json:
    """An answer as the entry of a response."""
    told = {name.lower(): value for name, value in answer.headers.items()}
    response: Json = {"status": f"{answer.status} {_phrase(answer.status)}"}
    if location := told.get("location"):
        response["location"] = location.removeprefix(f"{resources.base}/")
    elif place := _place_of(answer):
        response["location"] = place
    if tag := told.get("etag"):
        response["etag"] = tag.removeprefix("W/").strip('"')  # bare, as HAPI writes it here
    if modified := told.get("last-modified"):
        response["lastModified"] = instant(parsedate_to_datetime(modified).astimezone(UTC))
    if not isinstance(answer.body, dict) or not answer.body:
        return {"response": response}
    if answer.status >= 400:
        return {"response": {**response, "outcome": answer.body}}
    return {"resource": answer.body, "response": response}


def _place_of(answer: Answer) -> str:
    """Where a resource is that was written, by what it says of itself."""
    body = answer.body
    if not isinstance(body, dict) or "id" not in body or answer.status not in (200, 201):
        return ""
    version = body.get("meta", {}).get("versionId")
    return f"{body['resourceType']}/{body['id']}" + (f"/_history/{version}" if version else "")


def _phrase(status: int) -> str:
    with suppress(ValueError):
        return HTTPStatus(status).phrase
    return "Unknown"
