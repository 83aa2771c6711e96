"""The meta of our resources: the profiles that they fit, security labels as the site sets them, the
mark of test data, and which run made or changed them at a server."""

from __future__ import annotations

from typing import Any, cast

from alliance_fhir.config import Settings
from alliance_fhir.domain.instrument import Perspective
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.versions import Json, Version
from alliance_fhir.received import part


def meta(
    settings: Settings,
    version: Version | None = None,
    *profiles: str,
    perspective: Perspective | None = None,
) -> Json:
    """The profiles of ours that a resource claims, by their ids, where this version of FHIR has
    them; and labels by the site's settings: confidentiality, sensitivity, who reported, test data.
    """
    claimed = claims(version, *profiles) if version and settings.claim_profiles else {}
    return {**claimed, **_labels(settings, perspective)}


def claims(version: Version, *profiles: str) -> Json:
    """The claim alone, as a part of meta: nothing where the version has no profiles."""
    told = [_url(one) for one in profiles]
    return {"profile": told} if told and version.profiled else {}


def is_our_claim(profile: object) -> bool:
    """Whether this is a profile of ours: something that stands in meta.profile."""
    return isinstance(profile, str) and profile.startswith(_url(""))


def without_claim(body: Json, profile: str) -> Json:
    """A resource that does not claim this profile of ours any more."""
    about = part(body, "meta")
    told: Any = about.get("profile")
    if not isinstance(told, list) or _url(profile) not in told:
        return body
    left = [one for one in cast("list[Any]", told) if one != _url(profile)]
    rest = {name: value for name, value in about.items() if name != "profile"}
    return {**body, "meta": {**({"profile": left} if left else {}), **rest}}


def _url(profile: str) -> str:
    return f"{el.IG}/StructureDefinition/{profile}"


def _labels(settings: Settings, perspective: Perspective | None) -> Json:
    security: list[Json] = []
    if settings.confidentiality:
        security.append({"system": el.CONFIDENTIALITY, "code": settings.confidentiality})
    security += [{"system": el.ACT_CODE, "code": code} for code in settings.sensitivity]
    if perspective:
        security.append({"system": el.OBSERVATION_VALUE, "code": el.REPORTED_BY[perspective]})
    if settings.synthetic:
        return {"security": [*security, el.TEST_DATA], "tag": [el.TEST_DATA]}
    return {"security": security} if security else {}


def run_created(root: str) -> str:
    """The system of the tags that name the run by which a resource was made."""
    return f"{root}/run-created"


def run_touched(root: str) -> str:
    """The system of the tags that name the run by which a resource was changed."""
    return f"{root}/run-touched"


def tagged(resource: Resource, tags: list[Json]) -> Resource:
    """The resource with more tags, before those that it has: a Provenance's own is its last.

    Labels are no part of the content, so that the digest stays.
    """
    body = resource.body
    told: Json = body.get("meta", {})
    there: list[Json] = told.get("tag", [])
    whole = {**told, "tag": [*(tag for tag in tags if tag not in there), *there]}
    start = {"resourceType": resource.type, "meta": whole}
    return Resource(resource.type, resource.key, {**body, **start}, resource.digest)
