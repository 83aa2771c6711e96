"""The meta of our resources: security labels as the site sets them, and the mark of test data."""

from __future__ import annotations

from alliance_fhir.config import Settings
from alliance_fhir.domain.instrument import Perspective
from alliance_fhir.fhir import elements as el
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
