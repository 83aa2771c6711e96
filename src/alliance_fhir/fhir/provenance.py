"""Who and what made a group of resources, from which place in which file, and when.

A Provenance has no identifier in FHIR. Ours is known by a tag made from what it is about, so that
the same write, sent twice, leaves one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from hashlib import blake2b
from typing import Literal, NamedTuple

import orjson

from alliance_fhir._version import __version__
from alliance_fhir.config import Settings
from alliance_fhir.domain.keys import identifier_system
from alliance_fhir.domain.places import place_of
from alliance_fhir.domain.said import MessageId
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.canonical import resealed, sealed
from alliance_fhir.fhir.group import Group, Resource
from alliance_fhir.fhir.labels import meta
from alliance_fhir.fhir.template import (
    KEY,
    MESSAGES,
    PLACE,
    RATER,
    REASON,
    SOURCE,
    TIME,
    WRITE,
    Template,
    json_text,
)
from alliance_fhir.fhir.versions import Json, Version
from alliance_fhir.received import part, parts, text

SOFTWARE = "device-alliance-fhir"
Activity = Literal["create", "update", "keep", "nullify"]
_ACTIVITIES: dict[Activity, Json] = {
    "create": el.CREATE,
    "update": el.UPDATE,
    "keep": {},
    "nullify": el.NULLIFY,
}
"""What a write did, as HL7's code for it. For keeping what somebody else wrote there is none."""

_MOST_MESSAGES = 50
"""The newest of those that a visit is made of: hardly any has ten."""
_REMEMBERED = 1_000
"""How many shapes are kept ready: records of one form have few."""

_SOURCE, _MESSAGE = "blake2b:", "sha256:"
"""Before the digests of what the source said, and of messages."""

_Shape = tuple[object, ...]


OF_STATUS = "-prov-status-"
"""What the keys of those have in them that are about the status of an Appointment of others."""


def status_key(key: str, *about: str) -> str:
    """The key of the Provenance of a status that was set, of the visit with this key."""
    told = "\n".join(about)
    return f"{key}{OF_STATUS}{blake2b(told.encode(), digest_size=8).hexdigest()}"


def tag_system(root: str) -> str:
    """The system of the tags by which our Provenances are known."""
    return f"{root}/provenance"


class ProvenanceWriter:
    """Writes the Provenances of one site and version of FHIR: what they share is built once."""

    def __init__(self, version: Version, settings: Settings) -> None:
        root = settings.root
        self._system = identifier_system(root)
        self._tag_system = tag_system(root)
        self._digest_system = f"{root}/source-digest"
        system = orjson.dumps(self._digest_system)
        self._known_by = b'{"system":%b,"value":"%b' % (system, _MESSAGE.encode())
        self._meta = meta(settings, version, "alliance-provenance")
        self._tags: list[Json] = self._meta.get("tag", [])
        organization = settings.organization_identifier
        self._behalf: Json = (
            {"onBehalfOf": el.logical("Organization", *organization)} if organization else {}
        )
        software = el.logical("Device", self._system, SOFTWARE)
        self._assembler: Json = {"type": el.ASSEMBLER, "who": software, **self._behalf}
        self._templates: dict[_Shape, Template] = {}

    def write(
        self,
        group: Group,
        targets: Sequence[Resource],
        activity: Activity,
        recorded: str,
        versions: Sequence[int] = (),
        reason: str = "",
    ) -> Resource:
        """The Provenance of a write. `recorded` is its time, an instant of FHIR in UTC.

        `reason` says why, where that is not that the source says so. `versions` are those of the
        targets after the write, where they are not the first ones: the same content, written twice
        with another between, was written by two writes.
        """
        about = _about(targets, activity, versions)
        values = {
            "key": group.key.encode(),
            "write": about.encode(),
            "time": (time := recorded.encode()),
            "utc": time,
            "rater": json_text(el.person(*group.author) if group.author else None),
            "source": group.source_digest.encode(),
            "place": json_text(place_of(group.origin.path, group.origin.row)),
            "reason": json_text(reason),
            **self._messages(group.messages[-_MOST_MESSAGES:]),
        }
        template = self._template(group, targets, activity, told=bool(reason))
        content = template.digest(values)
        told = template.text(values, content)
        key = f"{group.key}-prov-{about}"
        return Resource("Provenance", key, partial(orjson.loads, told), content, told)

    def of_status(
        self, group: Group, visit: Resource, place: str, key: str, reason: str, recorded: str
    ) -> Resource:
        """The Provenance of a status that was set of what others have at this `place`, and of which
        ours is the `visit`: that one is named by the number that both have."""
        body = self.write(group, [visit], "update", recorded, (), reason).body
        number = next(one for one in visit.body["identifier"] if one["system"] != self._system)
        tags = [*body["meta"]["tag"][:-1], {"system": self._tag_system, "code": key}]
        target = {"reference": place, "type": visit.type, "identifier": number}
        told = {**body, "meta": {**body["meta"], "tag": tags}, "target": [target]}
        return Resource("Provenance", key, *resealed(told))

    def _template(
        self, group: Group, targets: Sequence[Resource], activity: Activity, *, told: bool
    ) -> Template:
        start = len(group.key)
        keys = [
            (t.type, KEY + t.key[start:] if t.key.startswith(group.key) else t.key) for t in targets
        ]
        kind = group.author.type if group.author else ""
        of = (bool(group.source_digest), bool(group.messages))
        shape = (activity, told, kind, *of, *keys)
        template = self._templates.get(shape)
        if template is None:
            template = self._made(activity, told, kind, of, keys)
            if len(self._templates) < _REMEMBERED:
                self._templates[shape] = template
        return template

    def _made(
        self,
        activity: Activity,
        told: bool,
        author: str,
        of: tuple[bool, bool],
        keys: list[tuple[str, str]],
    ) -> Template:
        """A template; `told` is whether there is a reason, and `of` whether there are the digest of
        the source and messages."""
        source, messages = of
        identified: Json = {
            "identifier": {"system": self._digest_system, "value": f"{_SOURCE}{SOURCE}"}
        }
        form: Json = {
            "resourceType": "Provenance",
            "meta": {
                **self._meta,
                "tag": [*self._tags, {"system": self._tag_system, "code": f"{KEY}-prov-{WRITE}"}],
            },
            "extension": [],
            "target": [el.logical(type_, self._system, key) for type_, key in keys],
            "recorded": TIME.text,
            "activity": {
                **_activity(activity, messages=messages),
                **({"text": REASON} if told else {}),
            },
            "agent": self._agents(author),
        }
        if not source:
            return Template(form)
        entity = {"role": "source", "what": identified}
        shown = {"role": "source", "what": {**identified, "display": PLACE}}
        rest = [MESSAGES] if messages else []
        return Template(
            {**form, "entity": [shown, *rest]}, canonical={**form, "entity": [entity, *rest]}
        )

    def _messages(self, messages: Sequence[MessageId]) -> dict[str, bytes]:
        """Entities of messages: known by the digests of their bytes; a person reads their numbers,
        and of whom these are."""
        if not messages:
            return {}
        plain: list[bytes] = []
        shown: list[bytes] = []
        for one in messages:
            told = f"message {one.control} of {one.sender}"
            if not told.isprintable():  # FHIR has no control characters
                told = "".join(c if c.isprintable() else " " for c in told)
            known = b'"identifier":%b%b"}' % (self._known_by, one.digest.encode())
            plain.append(b'{"role":"source","what":{%b}}' % known)
            shown.append(
                b'{"role":"source","what":{"display":%b,%b}}' % (orjson.dumps(told), known)
            )
        return {"messages": b",".join(shown), "plain_messages": b",".join(plain)}

    def _agents(self, author: str) -> list[Json]:
        """Who did it; `author` is the type of who answered."""
        if not author:
            return [self._assembler]
        told: Json = {"type": el.AUTHOR, "who": RATER}
        if author == "Practitioner":  # US Core: whoever acts for an organization
            told |= self._behalf
        return [told, self._assembler]


def _activity(activity: Activity, *, messages: bool) -> Json:
    """What a write did; what is made of messages was transformed besides (v2-to-FHIR)."""
    told = _ACTIVITIES[activity]
    if not messages or not told:
        return told
    return {**told, "coding": [*told["coding"], el.FROM_V2]}


def _about(targets: Sequence[Resource], activity: Activity, versions: Sequence[int]) -> str:
    numbers = [f" {v}" for v in versions] or [""] * len(targets)
    told = [f"{t.key} {t.digest}{v}" for t, v in zip(targets, numbers, strict=True)]
    whole = "\n".join([activity, *told])
    return blake2b(whole.encode(), digest_size=8).hexdigest()


class MadeOf(NamedTuple):
    """What a Provenance of ours says that its targets were made of: the digest of what the source
    said, empty where it names none, and the digests of messages, as `MessageId` has them."""

    source: str
    messages: frozenset[str]


def made_of(body: Json) -> MadeOf:
    """What a Provenance of ours says. Raises BadReply for what is in no shape of FHIR's."""
    named = [
        text(part(part(entity, "what"), "identifier"), "value") for entity in parts(body, "entity")
    ]
    source = next((one.removeprefix(_SOURCE) for one in named if one.startswith(_SOURCE)), "")
    messages = (one.removeprefix(_MESSAGE) for one in named if one.startswith(_MESSAGE))
    return MadeOf(source, frozenset(messages))


def device(version: Version, settings: Settings) -> Resource:
    """This software, as the Device that Provenances name; one a site."""
    body: Json = {
        "resourceType": "Device",
        "meta": meta(settings, version, "alliance-device"),
        "identifier": [el.identifier(identifier_system(settings.root), SOFTWARE)],
        "version": [{"value": __version__}],
        **version.device_name("alliance-fhir"),
    }
    body = {key: value for key, value in body.items() if value}  # a site may have no labels
    return Resource("Device", SOFTWARE, *sealed(body))
