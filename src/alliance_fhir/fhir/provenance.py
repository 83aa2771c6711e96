"""Who and what made a group of resources, from which row of which file, and when.

A Provenance has no identifier in FHIR. Ours is known by a tag made from what it is about, so that
the same write, sent twice, leaves one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from pathlib import PurePath
from typing import Literal

from alliance_fhir._version import __version__
from alliance_fhir.config import Settings
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.canonical import digest, seal, sealed
from alliance_fhir.fhir.group import Group, Resource
from alliance_fhir.fhir.labels import meta
from alliance_fhir.fhir.versions import Json, Version

SOFTWARE = "device-alliance-fhir"
Activity = Literal["create", "update", "keep", "nullify"]
_ACTIVITIES: dict[Activity, Json] = {
    "create": el.CREATE,
    "update": el.UPDATE,
    "keep": {},
    "nullify": el.NULLIFY,
}
"""What a write did, as HL7's code for it. For keeping what somebody else wrote there is none."""


def tag_system(root: str) -> str:
    """The system of the tags by which our Provenances are known."""
    return f"{root}/provenance"


class ProvenanceWriter:
    """Writes the Provenances of one site: what they share is built once."""

    def __init__(self, settings: Settings) -> None:
        root = settings.root
        self._system = el.identifier_system(root)
        self._tag_system = tag_system(root)
        self._digest_system = f"{root}/source-digest"
        self._meta = meta(settings)
        self._tags: list[Json] = self._meta.get("tag", [])
        organization = settings.organization_identifier
        self._behalf: Json = (
            {"onBehalfOf": el.logical("Organization", *organization)} if organization else {}
        )
        software = el.logical("Device", self._system, SOFTWARE)
        self._assembler: Json = {"type": el.ASSEMBLER, "who": software, **self._behalf}

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
        key = f"{group.key}-prov-{_about(targets, activity, versions)}"
        source = {"system": self._digest_system, "value": f"blake2b:{group.source_digest}"}
        what: Json = {"identifier": source}
        entity = {"entity": [{"role": "source", "what": what}]} if group.source_digest else {}
        form: Json = {
            "resourceType": "Provenance",
            "target": [el.logical(t.type, self._system, t.key) for t in targets],
            "recorded": recorded,
            "activity": {**_ACTIVITIES[activity], **({"text": reason} if reason else {})},
            "agent": self._agents(group),
            **entity,
        }
        content = digest(form)  # the form is canonical: what is not in it yet does not count
        what["display"] = f"{_file_name(group.origin.path)} row {group.origin.row}"
        body: Json = {
            "resourceType": "Provenance",
            "meta": {
                **self._meta,
                "tag": [*self._tags, {"system": self._tag_system, "code": key}],
            },
            "extension": [seal(content)],
            **form,
        }
        return Resource("Provenance", key, body, content)

    def _agents(self, group: Group) -> list[Json]:
        if group.author is None:
            return [self._assembler]
        author: Json = {"type": el.AUTHOR, "who": el.person(*group.author)}
        if group.author.type == "Practitioner":  # US Core: whoever acts for an organization
            author |= self._behalf
        return [author, self._assembler]


@cache
def _file_name(path: str) -> str:
    return PurePath(path).name  # no more of the path: it tells of the machine, not of the data


def _about(targets: Sequence[Resource], activity: Activity, versions: Sequence[int]) -> str:
    numbers = [f" {v}" for v in versions] or [""] * len(targets)
    told = [f"{t.key} {t.digest}{v}" for t, v in zip(targets, numbers, strict=True)]
    text = "\n".join([activity, *told])
    return blake2b(text.encode(), digest_size=8).hexdigest()


def device(version: Version, settings: Settings) -> Resource:
    """This software, as the Device that Provenances name; one a site."""
    body: Json = {
        "resourceType": "Device",
        "meta": meta(settings),
        "identifier": [el.identifier(el.identifier_system(settings.root), SOFTWARE)],
        "version": [{"value": __version__}],
        **version.device_name("alliance-fhir"),
    }
    body = {key: value for key, value in body.items() if value}  # a site may have no labels
    return Resource("Device", SOFTWARE, *sealed(body))
