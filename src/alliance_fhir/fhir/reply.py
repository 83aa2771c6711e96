"""A request and its reply to receipts: each entry answers the change in its own place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from alliance_fhir.errors import BadReply
from alliance_fhir.fhir.bundle import Change, own_identifiers
from alliance_fhir.fhir.canonical import claimed_digest, content_digest
from alliance_fhir.fhir.versions import Json

_LOCATION = re.compile(
    r"(?:^|/)(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})"
    r"(?:/_history/(?P<version>[^/]+))?$"
)
_ETAG = re.compile(r'^(?:W/)?"?(?P<version>[^"]+)"?$')


class Delivered(NamedTuple):
    """What a server did with one change: `existed` where it had the resource already.

    `digest` is of the content that came back; empty where the reply had no body.
    """

    change: Change
    id: str
    version: str
    digest: str
    existed: bool


class Found(NamedTuple):
    """A resource at the target: where it is, what its content is, and whether that is ours.

    `claimed` is the digest that it carries, empty where it is none of ours; `subject` is the
    identifier of the patient whose it is, as `system|value`, empty where it names none.
    """

    type: str
    key: str
    id: str
    version: str
    digest: str
    claimed: str
    subject: str = ""


def delivered(changes: Sequence[Change], bundle: Json) -> list[Delivered]:
    """What became of each change. Raises BadReply for an answer to something else."""
    entries: Any = bundle.get("entry")
    if bundle.get("resourceType") != "Bundle" or not isinstance(entries, list):
        raise BadReply("a transaction was not answered with a Bundle")
    answers = cast("list[Json]", entries)
    if len(answers) != len(changes):
        raise BadReply(f"a transaction of {len(changes)} had {len(answers)} answers")
    return [_one(change, answer) for change, answer in zip(changes, answers, strict=True)]


def _one(change: Change, answer: Json) -> Delivered:
    response: Json = answer.get("response") or {}
    status = str(response.get("status", ""))[:3]
    if status not in ("200", "201", "204"):
        raise BadReply(f"an entry of a transaction was answered with {status or 'nothing'}")
    body: Json = answer.get("resource") or {}
    if body.get("resourceType") != change.resource.type:
        body = {}
    place = _LOCATION.search(str(response.get("location", "")))
    id_ = str(body.get("id") or (place and place["id"]) or change.id)
    if not id_:
        raise BadReply("an entry of a transaction was answered without an id")
    version = version_of(body) or (place and place["version"]) or etag(response.get("etag"))
    existed = change.state == "created" and status == "200"
    digest = content_digest(body) if body else ""
    return Delivered(change, id_, version or "", digest, existed)


def version_of(body: Json) -> str:
    """The version that a server gave a resource: an opaque text."""
    meta: Json = body.get("meta") or {}
    return str(meta.get("versionId") or "")


def etag(told: object) -> str:
    """The version in an entity tag, weak, strong or bare."""
    match = _ETAG.match(told) if isinstance(told, str) else None
    return match["version"] if match else ""


class Ours(NamedTuple):
    """What is ours at a target: the systems of our identifiers and of our Provenances' tags."""

    identifiers: str
    tags: str


def found(body: Json, ours: Ours) -> Found:
    """A resource that came back from a search or a file."""
    return Found(
        type=str(body.get("resourceType", "")),
        key=own_key(body, ours),
        id=str(body.get("id", "")),
        version=version_of(body),
        digest=content_digest(body),
        claimed=claimed_digest(body),
        subject=_subject(body),
    )


def _subject(body: Json) -> str:
    subject: Json = body.get("subject") or {}
    told: Json = subject.get("identifier") or {}
    return f"{told['system']}|{told['value']}" if "system" in told and "value" in told else ""


def own_key(body: Json, ours: Ours) -> str:
    """The business key of a resource, as it stands in itself; empty where it is none of ours."""
    if body.get("resourceType") == "Questionnaire":
        return f"{body.get('url', '')}|{body.get('version', '')}"
    if body.get("resourceType") == "Provenance":
        meta: Json = body.get("meta") or {}
        tags: list[Json] = meta.get("tag") or []
        return next((str(t.get("code")) for t in tags if t.get("system") == ours.tags), "")
    told = own_identifiers(body)
    return next((str(i.get("value")) for i in told if i.get("system") == ours.identifiers), "")
