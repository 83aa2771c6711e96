"""A group to a transaction: whole or not at all, each request beside the change it came from.

In the bundle, resources of the group point to each other by urn:uuid; people and whatever is at
the server already are pointed to where they are. Every reference keeps its identifier beside it.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Container, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, cast
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from alliance_fhir.errors import MappingError
from alliance_fhir.fhir.canonical import dumps
from alliance_fhir.fhir.defined import DEFINED, parted
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.logical import Reference, References, located
from alliance_fhir.fhir.versions import Json
from alliance_fhir.received import part, parts


class Change(NamedTuple):
    """What is to be done with one resource: made, or put in the place of the version at the target.

    `id`, `version` are those that the target has given, `digest` is of the content that stood there
    when it was decided; all empty where it has none. `was` is the business key that it has there,
    where the change gives it another; what is `foreign` has none of ours there.
    """

    resource: Resource
    state: Literal["created", "updated"]
    id: str = ""
    version: str = ""
    digest: str = ""
    was: str = ""
    foreign: bool = False


def condition(resource: Resource) -> str:
    """The search that finds this resource and no other: what follows the `?`."""
    if resource.type in DEFINED:
        url, version = parted(resource.key)
        return f"url={_quoted(url)}&version={_quoted(version)}"
    if resource.type == "Provenance":  # it has no identifier: its own tag is the last of them
        tag = resource.body["meta"]["tag"][-1]
        return f"_tag={_token(tag['system'], tag['code'])}"
    identifier = own_identifiers(resource.body)[0]
    return f"identifier={_token(identifier['system'], identifier['value'])}"


def own_identifiers(body: Json) -> list[Json]:
    """The business identifiers of a resource: R4 has one of a response, everything else many."""
    if isinstance(body.get("identifier", []), list):
        return parts(body, "identifier")
    return [part(body, "identifier")]


def _token(system: str, value: str) -> str:
    return f"{_quoted_system(system)}{_quoted(escaped(value))}"


@lru_cache(100)
def _quoted_system(system: str) -> str:
    return _quoted(f"{escaped(system)}|")


def escaped(text: str) -> str:
    """A value as a search parameter takes it: FHIR escapes $ , and | (search, 3.2.1.5.7)."""
    for sign in ("\\", "$", ",", "|"):
        text = text.replace(sign, f"\\{sign}")
    return text


def _quoted(text: str) -> str:
    return quote(text, safe="")


def transaction(
    changes: Sequence[Change],
    references: References,
    system: str,
    outright: Container[str] = (),
) -> bytes:
    """The transaction of these changes, as JSON; `system` is that of our own identifiers.

    `outright` as for `batch`.

    Raises MappingError where two entries have one key: a server may drop the second, silently.
    """
    each_once(changes)
    entries = [
        {"fullUrl": full_url(change.resource.key), **_entry(change, outright)} for change in changes
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    return located(dumps(bundle), within(changes, references, system))


def within(changes: Sequence[Change], references: References, system: str) -> References:
    """Where everything is for the resources of one transaction: each other, too."""
    here = {
        (c.resource.type, system, c.resource.key): f"{c.resource.type}/{c.id}"
        if c.id
        else full_url(c.resource.key)
        for c in changes
    }
    return ChainMap(here, cast("dict[Reference, str]", references))


def each_once(changes: Sequence[Change]) -> None:
    """Raises MappingError where two of these changes have one key: one would be lost or doubled."""
    keys = [change.resource.key for change in changes]
    if len(set(keys)) != len(keys):
        raise MappingError("two resources that are to be sent together have one key")


def full_url(key: str) -> str:
    """The urn:uuid of a resource within a transaction: always the same for one key."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'urn:alliance-fhir:{key}')}"


def batch(
    changes: Sequence[Change], references: References, outright: Container[str] = ()
) -> bytes:
    """The batch of changes that do not point to each other, as JSON.

    `outright` are the keys of what is made without the server's looking whether it is there.

    Raises MappingError where two entries have one key: a server may make both.
    """
    each_once(changes)
    entries = [_entry(change, outright) for change in changes]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    return located(dumps(bundle), references)


def _entry(change: Change, outright: Container[str]) -> Json:
    resource = change.resource
    if change.state == "created":
        request = {"method": "POST", "url": resource.type}
        if resource.key not in outright:
            request["ifNoneExist"] = condition(resource)
    else:
        request = {"method": "PUT", "url": f"{resource.type}/{change.id}"}
        if change.version:
            request["ifMatch"] = entity_tag(change.version)
    return {"resource": _body_of(change), "request": request}


def body_of(change: Change, references: References) -> bytes:
    """The resource as it goes out, with where everything is that it points to, as JSON."""
    return located(dumps(_body_of(change)), references)


def _body_of(change: Change) -> Json:
    body = change.resource.body
    if change.state == "created":
        return body
    return {"resourceType": change.resource.type, "id": change.id, **body}


def entity_tag(version: str) -> str:
    """A version as `If-Match` takes it (FHIR http, 3.2.0.5: a weak tag)."""
    return f'W/"{version}"'
