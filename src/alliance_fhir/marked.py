"""What a probe makes at a server: marked as test data, and removed again.

A reply may get lost, and with it the place of what was made. So each thing bears a mark that
nothing else bears, and before anything is removed the server is asked for what bears it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import NamedTuple

from alliance_fhir.errors import AuthFailed, BadReply, Conflict, Refused, ServerError, Unavailable
from alliance_fhir.fhir.bundle import entity_tag, escaped
from alliance_fhir.fhir.canonical import dumps
from alliance_fhir.received import Json, part, parts, text
from alliance_fhir.transport.client import Client
from alliance_fhir.transport.outcomes import Reply

SYSTEM = "https://alliance-fhir.github.io/id/probe"
"""Of the identifiers and tags of what a probe makes."""
LOOKS = 10
"""So often, half a second apart, what was written is looked for."""
_TEST_DATA = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
_GONE = (404, 410)
_NOT_THERE = (400, 401, 403, 404, 405, 413, 415, 422, 501)
"""With these a server declines one resource before it has made it."""


class Removed(NamedTuple):
    """How removing went. `deletes`: whether the server deletes; None where that was not seen.

    `left` is what is still there, as `Type/id`, and what may be, as the search that would find it.
    """

    deletes: bool | None
    left: list[str]


class Marked:
    """What one probe makes at one server."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.mark = secrets.token_hex(6)
        self._count = 0
        self._places: dict[str, str] = {}
        """Where something of it is, in the order in which it was made or found; and its key."""
        self._doubtful: dict[str, str] = {}
        """Of what was sent, and may be where nobody told us: its key, and its type."""
        self._lost = False
        """Whether an answer got lost: what it was about may be found late."""

    def body(self, type_: str = "Observation", **elements: object) -> Json:
        """A resource with a key of its own."""
        self._count += 1
        key = f"{self.mark}-{self._count}"
        tags = [_TEST_DATA, {"system": SYSTEM, "code": self.mark}, {"system": SYSTEM, "code": key}]
        head: Json = {"resourceType": type_, "meta": {"tag": tags}}
        if type_ != "Provenance":  # that has none
            head["identifier"] = [{"system": SYSTEM, "value": key}]
        return {**head, **elements}

    def provenance(self, place: str) -> Json:
        """A Provenance of what is there. It bears the mark where no tags are kept, too."""
        return self.body(
            "Provenance",
            target=[{"reference": place}],
            recorded="2000-01-01T00:00:00Z",
            agent=[{"who": {"display": f"alliance-fhir probe {self.mark}"}}],
        )

    @property
    def places(self) -> tuple[str, ...]:
        """Where something of it is known to be."""
        return tuple(self._places)

    def one(self, type_: str) -> tuple[str, str]:
        """The place and the key of the first of a type that is there; empty where none is."""
        made = (item for item in self._places.items() if item[0].startswith(f"{type_}/"))
        return next(made, ("", ""))

    def create(self, body: Json, condition: str = "") -> str:
        """Where the resource is then."""
        type_, key = text(body, "resourceType"), key_of(body)
        self._doubtful[key] = type_
        try:
            reply = self._client.post(type_, dumps(body), condition)
            place = _place_in(type_, reply)
        except ServerError as error:
            self._failed(error, [key])
            raise
        self._there(place, key)
        return place

    def bundle(self, kind: str, bodies: list[Json], *more: Json) -> list[bool]:
        """Makes these in one bundle, with other entries besides; which entries were taken."""
        entries = [entry(body) for body in bodies] + list(more)
        keys = [key_of(body) for body in bodies]
        self._doubtful |= {key_of(body): text(body, "resourceType") for body in bodies}
        try:
            bundle = {"resourceType": "Bundle", "type": kind, "entry": entries}
            answers = parts(self._client.post("", dumps(bundle)).body, "entry")
            if len(answers) != len(entries):
                raise BadReply("another number of answers than of entries")
            sent = [part(one, "resource") for one in entries]
            return [self._went(*told) for told in zip(sent, answers, strict=True)]
        except ServerError as error:
            self._failed(error, keys, whole=False)
            raise

    def _went(self, sent: Json, answer: Json) -> bool:
        response = part(answer, "response")
        place = text(response, "location").partition("/_history/")[0]
        id_ = text(part(answer, "resource"), "id") or place.rpartition("/")[2]
        good = text(response, "status")[:1] == "2"
        if good and id_:
            self._there(f"{text(sent, 'resourceType')}/{id_}", key_of(sent))
        elif not good:
            self._doubtful.pop(key_of(sent), None)
        return good

    def _failed(self, error: ServerError, keys: list[str], *, whole: bool = True) -> None:
        """What an error says of what was sent. Of a bundle that was declined, not as a `whole`
        perhaps, a part may be there."""
        nothing = isinstance(error, Unavailable) and not error.sent
        if isinstance(error, Conflict):
            nothing = whole
        elif isinstance(error, (AuthFailed, Refused)):
            nothing = error.status in (_NOT_THERE if whole else (401, 403, 404, 405, 501))
        elif not nothing:
            self._lost = True
        for key in keys if nothing else ():
            self._doubtful.pop(key, None)

    def _there(self, place: str, key: str) -> None:
        self._places.setdefault(place, key)
        self._doubtful.pop(key, None)

    def version(self, place: str) -> str:
        """The version that it has; empty where it has none."""
        return text(part(self._client.get(place).body, "meta"), "versionId")

    def put(self, place: str, body: Json, version: str = "") -> None:
        """Changes what is there; on condition where a version is named."""
        self._client.put(place, dumps(body), entity_tag(version) if version else "")

    def hits(self, parameter: str, key: str) -> int:
        """How many Observations of this key a search finds."""
        search = {parameter: f"{escaped(SYSTEM)}|{escaped(key)}"}
        hits = [hit for hit in self._client.search("Observation", search) if key_of(hit) == key]
        for hit in hits:
            self._found(hit)
        return len(hits)

    def _found(self, hit: Json) -> None:
        place = f"{text(hit, 'resourceType')}/{text(hit, 'id')}"
        if place not in self._places:  # what was there before is not what got lost
            self._there(place, key_of(hit))

    def remove(self) -> Removed:
        """Looks for what bears the mark, and deletes it with all that is known to be there."""
        left = self._look()
        refused, deleted = False, False
        away: Unavailable | None = None
        for place in reversed(self._places):
            try:
                if away:
                    raise away
                self._delete(place)
                deleted = True
            except ServerError as error:
                left.append(place)
                refused |= not isinstance(error, Unavailable)
                away = error if isinstance(error, Unavailable) else None
        return Removed(False if refused else (deleted or None), left)

    def _delete(self, place: str) -> None:
        try:
            try:
                self._delete_once(place)
            except Unavailable as error:
                if not error.sent:
                    raise
                self._delete_once(place)  # to delete it twice does no harm
        except Refused as refused:
            if refused.status not in _GONE:
                raise

    def _delete_once(self, place: str) -> None:
        try:
            self._client.delete(place)
        except Conflict:  # some servers want to be told which version
            self._client.delete(place, entity_tag(self.version(place)))

    def _look(self) -> list[str]:
        """Has the server find what bears the mark; what may be there and cannot be found."""
        types = {place.partition("/")[0] for place in self._places} | {*self._doubtful.values()}
        blind: set[str] = set()
        for _ in range(LOOKS):
            try:
                blind = {type_ for type_ in sorted(types) if not self._sees(type_)}
            except Unavailable:
                blind = types
                break
            if not (self._lost and self._doubtful):
                break
            self._client.pace.sleep(0.5)
        return [
            f"{type_}?_tag={SYSTEM}|{key}"
            for key, type_ in self._doubtful.items()
            if type_ in blind
        ]

    def _sees(self, type_: str) -> bool:
        """Whether the server can be asked for what is there of a type: it finds what is known."""
        known = {place for place in self._places if place.startswith(f"{type_}/")}
        seen: set[str] = set()
        asked = False
        for parameter, value in self._searches(type_):
            try:
                for hit in self._client.search(type_, {parameter: value}):
                    if self.mark not in dumps(hit).decode():
                        raise BadReply("it gives others too: all that there are, perhaps")
                    self._found(hit)
                    seen.add(f"{type_}/{text(hit, 'id')}")
                asked = True
            except (Refused, BadReply, Conflict, AuthFailed):
                continue
        return asked and known <= seen

    def _searches(self, type_: str) -> Iterator[tuple[str, str]]:
        """By what may be found what we made: its tag, and where none are kept what else it has."""
        system = escaped(SYSTEM)
        yield "_tag", f"{system}|{self.mark}"
        if type_ != "Provenance":
            keys = (f"{self.mark}-{number}" for number in range(1, self._count + 1))
            yield "identifier", ",".join(f"{system}|{key}" for key in keys)
        elif about := [p for p in self._places if not p.startswith("Provenance/")]:
            yield "target", ",".join(about)


def key_of(body: Json) -> str:
    """The key of what was made: in its identifier or, where it has none, in a tag."""
    told: object = body.get("identifier")
    some = parts(body, "identifier") if isinstance(told, list) else [part(body, "identifier")]
    keys = [text(one, "value") for one in some if one.get("system") == SYSTEM]
    tags = [text(t, "code") for t in parts(part(body, "meta"), "tag") if t.get("system") == SYSTEM]
    return next(iter(keys or sorted(tags, key=len, reverse=True)), "")


def entry(body: Json) -> Json:
    """What makes this in a bundle."""
    return {"resource": body, "request": {"method": "POST", "url": text(body, "resourceType")}}


def _place_in(type_: str, reply: Reply) -> str:
    location = reply.headers.get("Location", "").partition("/_history/")[0]
    id_ = text(reply.body, "id") or location.rpartition("/")[2]
    if not id_:
        raise BadReply("the server does not say where it put a resource")
    return f"{type_}/{id_}"
