"""A request and its reply to receipts: each entry answers the change in its own place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from alliance_fhir.errors import BadReply
from alliance_fhir.fhir.bundle import Change, own_identifiers
from alliance_fhir.fhir.canonical import claimed_digest, content_digest, same_content
from alliance_fhir.fhir.defined import DEFINED, canonical_of
from alliance_fhir.fhir.elements import PLAN_VERSION
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.versions import Json
from alliance_fhir.received import part, parts, text

_LOCATION = re.compile(
    r"(?:^|/)(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})"
    r"(?:/_history/(?P<version>[^/]+))?$"
)
_RUN = re.compile(r"[0-9a-f]{16}")
_ETAG = re.compile(r'^(?:W/)?"?(?P<version>[^"]+)"?$')


class Delivered(NamedTuple):
    """What a server did with one change: `existed` where it had the resource already.

    `digest` is of the content that came back; empty where the reply had no body. `id` is empty
    where the reply does not say where it is: then it has to be looked for. `strange`: what existed
    is a Provenance that is not seen to be the one that was sent.
    """

    change: Change
    id: str
    version: str
    digest: str
    existed: bool
    strange: bool = False


class Found(NamedTuple):
    """A resource at the target: where it is, what its content is, and whether that is ours.

    `claimed` is the digest that it carries, empty where it is none of ours; `subject` is the
    identifier of the patient whose it is, as `system|value`, empty where it names none; `at` is the
    reference beside it, to the target's own Patient, without a version. `withdrawn`: it says that
    it was entered in error. `made_by` is the run that its tag says made it. `links` are the keys of
    what else of ours it points to, each with the reference beside it, without a version.
    `edition` is the version of a plan that it says it is, 0 where it says none. `status` is what it
    says in that element.
    """

    type: str
    key: str
    id: str
    version: str
    digest: str
    claimed: str
    subject: str = ""
    at: str = ""
    withdrawn: bool = False
    made_by: str = ""
    links: tuple[tuple[str, str], ...] = ()
    edition: int = 0
    status: str = ""

    @property
    def retracted(self) -> bool:
        """Whether it was withdrawn by us, and nobody changed it since."""
        return self.withdrawn and self.claimed == self.digest


class Declined(NamedTuple):
    """What a server said to one change that it did not make: the status, and its outcome."""

    change: Change
    status: int
    outcome: Json


def answered(changes: Sequence[Change], bundle: Json) -> list[Delivered | Declined]:
    """What became of each change of a transaction or batch.

    Raises BadReply for an answer to something else.
    """
    if bundle.get("resourceType") != "Bundle":
        raise BadReply("a transaction was not answered with a Bundle")
    answers = parts(bundle, "entry")
    if len(answers) != len(changes):
        raise BadReply(f"a transaction of {len(changes)} had {len(answers)} answers")
    return [_one(change, answer) for change, answer in zip(changes, answers, strict=True)]


def single(change: Change, status: int, body: Json, headers: Mapping[str, str]) -> Delivered:
    """What became of a change that went by itself. Raises BadReply as `answered` does."""
    response = {
        "status": str(status),
        "location": headers.get("Location") or headers.get("Content-Location") or "",
        "etag": headers.get("ETag") or "",
    }
    answer = _one(change, {"resource": body, "response": response})
    if isinstance(answer, Declined):
        raise BadReply(f"a write was answered with {status}")
    return answer


def _one(change: Change, answer: Json) -> Delivered | Declined:
    response = part(answer, "response")
    status = text(response, "status")[:3]
    if status not in ("200", "201", "204"):
        if status[:1] in ("4", "5") and status.isdecimal() and len(status) == 3:
            return Declined(change, int(status), part(response, "outcome"))
        raise BadReply(f"an entry of a transaction was answered with {status or 'nothing'}")
    existed = change.state == "created" and status == "200"
    return _done(change, part(answer, "resource"), response, existed=existed)


def existing(change: Change, body: Json) -> Delivered:
    """What a server has where it says that a change is done, as it was read there.

    Raises BadReply where that is something of another type.
    """
    return _done(change, body, {}, existed=True)


def _done(change: Change, body: Json, response: Json, *, existed: bool) -> Delivered:
    if body.get("resourceType") == "OperationOutcome":
        body = {}
    place = _LOCATION.search(text(response, "location"))
    if not _fits(change, body, place["type"] if place else ""):
        raise BadReply("an entry of a transaction was answered with another resource")
    id_ = text(body, "id") or (place["id"] if place else change.id)
    version = version_of(body) or (place and place["version"]) or etag(response.get("etag"))
    strange = existed and change.resource.type == "Provenance" and not _is_it(change.resource, body)
    return Delivered(change, id_, version or "", _digest(change.resource, body), existed, strange)


def _is_it(proof: Resource, came: Json) -> bool:
    """Whether this Provenance is the one that was sent, maybe at another time: by its tag; where it
    bears none of ours, as servers may not keep them, by all that it says but when and who."""
    tag = proof.body["meta"]["tag"][-1]
    try:
        codes = tags_of(came, tag["system"])
        return tag["code"] in codes if codes else _said(came) == _said(proof.body)
    except BadReply:  # anybody's, and in a shape that nobody expects
        return False


def _said(proof: Json) -> str:
    return content_digest({name: proof.get(name) for name in ("target", "activity", "entity")})


def _digest(sent: Resource, came: Json) -> str:
    """The digest of what came back."""
    if not came:
        return ""
    return sent.digest if same_content(came, sent.body) else content_digest(came)


def _fits(change: Change, body: Json, type_: str) -> bool:
    """Whether an answer may be the one to this change: one in another place may not."""
    asked = change.resource
    types = {type_, text(body, "resourceType")} - {""}
    if not types <= {asked.type}:
        return False
    if body.get("identifier") == asked.body.get("identifier"):
        return True
    sent = {(i.get("system"), i.get("value")) for i in own_identifiers(asked.body)}
    came = {(i.get("system"), i.get("value")) for i in own_identifiers(body)}
    return not sent or not came or bool(sent & came)


def version_of(body: Json) -> str:
    """The version that a server gave a resource: an opaque text."""
    return text(part(body, "meta"), "versionId")


def etag(told: object) -> str:
    """The version in an entity tag, weak, strong or bare."""
    match = _ETAG.match(told) if isinstance(told, str) else None
    return match["version"] if match else ""


class Ours(NamedTuple):
    """What is ours at a target: the systems of our identifiers, of our Provenances' tags, and of
    the tags that name the run by which a resource was made, and changed."""

    identifiers: str
    tags: str
    made: str = ""
    touched: str = ""


def found(body: Json, ours: Ours) -> Found:
    """A resource that came back from a search or a file. Raises BadReply where it is none."""
    return Found(
        type=text(body, "resourceType"),
        key=own_key(body, ours),
        id=text(body, "id"),
        version=version_of(body),
        digest=content_digest(body),
        claimed=claimed_digest(body),
        subject=_subject(body),
        at=text(whose(body), "reference").partition("/_history/")[0],
        links=() if body["resourceType"] == "Provenance" else tuple(_links(body, ours.identifiers)),
        withdrawn="entered-in-error" in (text(body, "status"), text(body, "lifecycleStatus")),
        made_by=_maker(body, ours.made),
        edition=_edition(body),
        status=text(body, "status"),
    )


def _edition(body: Json) -> int:
    told = (e for e in parts(body, "extension") if e.get("url") == PLAN_VERSION)
    number = next((e.get("valuePositiveInt") for e in told), 0)
    return number if isinstance(number, int) else 0


def _maker(body: Json, system: str) -> str:
    """The run by which a resource was made. Labels are anybody's: strange ones count as none."""
    try:
        return next(filter(_RUN.fullmatch, tags_of(body, system)), "")
    except BadReply:
        return ""


def tags_of(body: Json, system: str) -> list[str]:
    """The codes of a resource's tags of one system."""
    tags = parts(part(body, "meta"), "tag")
    return [text(tag, "code") for tag in tags if system and tag.get("system") == system]


def _links(value: Any, system: str) -> Iterator[tuple[str, str]]:
    """The keys of ours that references name, with where each of them leads."""
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _links(item, system)
    elif isinstance(value, dict):
        told = cast("Json", value)
        where = told.get("reference")
        named = told.get("identifier")
        if isinstance(where, str) and isinstance(named, dict):
            identifier = cast("Json", named)
            if identifier.get("system") == system:
                yield text(identifier, "value"), where.partition("/_history/")[0]
        for inner in told.values():
            yield from _links(inner, system)


def whose(body: Json) -> Json:
    """The reference to whom a resource is about; of an Appointment, the patient who takes part."""
    if body.get("resourceType") != "Appointment":
        return part(body, "subject")
    for one in parts(body, "participant"):
        if _is_patient(actor := part(one, "actor")):
            return actor
    return {}


def _is_patient(reference: Json) -> bool:
    where = text(reference, "reference").partition("/_history/")[0]
    return reference.get("type") == "Patient" or where.split("/")[-2:-1] == ["Patient"]


def _subject(body: Json) -> str:
    told = part(whose(body), "identifier")
    system, value = text(told, "system"), text(told, "value")
    return f"{system}|{value}" if system and value else ""


def own_key(body: Json, ours: Ours) -> str:
    """The business key of a resource, as it stands in itself; empty where it is none of ours."""
    if body.get("resourceType") in DEFINED:
        return canonical_of(body)
    if body.get("resourceType") == "Provenance":
        return next(iter(tags_of(body, ours.tags)), "")
    told = own_identifiers(body)
    return next((text(i, "value") for i in told if i.get("system") == ours.identifiers), "")
