"""What the mapping hands on: resources, and the groups in which they arrive."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from alliance_fhir.domain.records import Identifier, Origin
from alliance_fhir.domain.said import MessageId
from alliance_fhir.fhir.canonical import dumps
from alliance_fhir.fhir.elements import Person
from alliance_fhir.fhir.versions import Json


class Resource:
    """A resource of ours: its type, its business key, the digest of its content, and its JSON.

    The JSON comes as `body`, a dict with the digest in it, and as text. Each may be given as what
    makes it, which happens when somebody asks for it. Neither may be changed in place.
    """

    __slots__ = ("_body", "_text", "digest", "key", "type")

    def __init__(
        self,
        type_: str,
        key: str,
        body: Json | Callable[[], Json],
        digest: str,
        text: bytes | Callable[[], bytes] = b"",
    ) -> None:
        self.type = type_
        self.key = key
        self.digest = digest
        self._body: Json | Callable[[], Json] = body
        self._text: bytes | Callable[[], bytes] = text

    @property
    def body(self) -> Json:
        """The resource as a dict."""
        body = self._body
        if callable(body):
            body = self._body = body()
        return body

    def json(self) -> bytes:
        """The resource as JSON text, decimals exact."""
        text = self._text
        if callable(text):
            text = self._text = text()
        return text or dumps(self.body)


class Group(NamedTuple):
    """One clinical event: what arrives together, or not at all.

    `when` is the day in UTC; `author` answered, where that is known; `source_digest` is of what the
    source said. `records` is of how many records of the source it is made; `documents` are those
    that are to be kept, by version, as what comes later is to be held against them. `edition` is
    the version of the newest of them, 0 of what has no versions. `of_plan`: it is of shared plans.
    `beside` are the files of the other versions that came: without them it would be another plan.
    `seen` is what somebody else has made of it at the target and what has been merged into it: keys
    and digests of contents that may be overwritten. `added` are those of them that somebody has
    there as a resource of their own, without our identifier: keys and ids. `before` is what it
    refers to and shares with other groups of its patient: it is sent before, once a run. `if_made`
    gives what it has instead of something that the source called for once and does not any more:
    that belongs to it where the other is at the target, and nowhere else.
    `messages` are those that it is made of, where it is made of messages.
    """

    key: str
    origin: Origin
    patient: Identifier
    when: str
    author: Person | None
    source_digest: str
    resources: list[Resource]
    records: int = 1
    documents: tuple[tuple[int, str], ...] = ()
    edition: int = 0
    of_plan: bool = False
    beside: tuple[str, ...] = ()
    seen: frozenset[tuple[str, str]] = frozenset()
    added: tuple[tuple[str, str], ...] = ()
    before: Group | None = None
    messages: tuple[MessageId, ...] = ()
    if_made: Callable[[], Resource] | None = None

    def added_at(self, key: str) -> str:
        """The id of what somebody added that this resource takes the place of; else nothing."""
        return next((id_ for one, id_ in self.added if one == key), "")
