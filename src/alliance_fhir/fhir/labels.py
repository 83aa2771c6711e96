"""The meta of our resources: security labels as the site sets them, the mark of test data, and
which run made or changed them at a server."""

from __future__ import annotations

from alliance_fhir.config import Settings
from alliance_fhir.domain.instrument import Perspective
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.versions import Json


def meta(settings: Settings, perspective: Perspective | None = None) -> Json:
    """Labels by the site's settings: confidentiality, sensitivity, who reported, test data."""
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
