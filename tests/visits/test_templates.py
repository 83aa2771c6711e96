"""Appointments and referrals are filled into templates: no visit may look another way for it."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alliance_fhir.config import Settings
from alliance_fhir.domain.attendance import Place
from alliance_fhir.domain.records import Identifier, Origin
from alliance_fhir.domain.visit import Visit
from alliance_fhir.fhir.appointed import Facts
from alliance_fhir.fhir.appointment import VisitMapper
from alliance_fhir.fhir.canonical import claimed_digest, content_digest, dumps
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.versions import VERSIONS, version

from .test_laws import visits

SITES = (
    Settings(source="clinic-east"),
    Settings(source="clinic-east", synthetic=True, specialty="394913002"),
)
PLACES = (
    Place("first", "said"),
    Place("follow-up", "attended-before"),
    Place("unknown", "history-too-short"),
)
LIKE_A_TIME = "2026-03-09T14:00:00-04:00"
"""A text that is the same as 2026-03-09T18:00:00Z to whoever compares contents."""


class Mappers(NamedTuple):
    """One that goes on using its templates, and what makes one that has none."""

    usual: VisitMapper
    site: Settings
    version: str


MAPPERS = [
    Mappers(VisitMapper(version(name), site), site, name) for name in VERSIONS for site in SITES
]


def mapped(mapper: VisitMapper, visit: Visit, place: Place) -> list[Resource]:
    """The referral, if there is one, and the Appointment."""
    group = mapper.group("k" * 32, Origin("a.csv", 2), visit, "c" * 32, place)
    return [*(group.before.resources if group.before else []), *group.resources]


odd = st.sampled_from(["", LIKE_A_TIME, '"', "\\", "\U0001f600"])


@st.composite
def any_visits(draw: st.DrawFn) -> Visit:
    """Visits, some with texts and numbers that look like times, or that JSON writes in its own
    way."""
    visit = draw(visits())
    service, number = draw(odd), draw(odd)
    changed: dict[str, object] = {}
    if service:
        changed["service"] = service
    if number:
        changed["appointment"] = Identifier("urn:example:visits", number)
    return visit.model_copy(update=changed)


def alike(visit: Visit) -> list[Visit]:
    """The visit, and others that differ from it in one thing that a template might hold."""
    changes: list[dict[str, object]] = [
        {},
        {"modality": None},
        {"modality": "phone"},
        {"modality": "video"},
        {"status": "booked"},
        {"status": "pending"},
        {"clinician": None},
        {"service": None},
        {"referral": None},
        {"referrer": None},
        {"end": visit.start},
        {"rescheduled_from": ()},
        {"rescheduled_from": (visit.end,)},
        {"rescheduled_from": (visit.end, visit.start)},
    ]
    return [visit.model_copy(update=change) for change in changes]


@given(any_visits(), st.sampled_from(PLACES), st.sampled_from(MAPPERS))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_template_makes_what_is_made_without_one(
    monkeypatch: pytest.MonkeyPatch, visit: Visit, place: Place, mappers: Mappers
) -> None:
    for one in alike(visit):
        found = mapped(mappers.usual, one, place)
        with monkeypatch.context() as without:
            without.setattr(Facts, "values", lambda facts: None)
            plain = mapped(VisitMapper(version(mappers.version), mappers.site), one, place)
        assert [resource.json() for resource in found] == [resource.json() for resource in plain]
        for resource in found:
            body = resource.body
            assert resource.json() == dumps(body)
            assert resource.digest == claimed_digest(body) == content_digest(body)
