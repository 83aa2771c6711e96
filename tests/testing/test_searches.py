"""Searches: what fits, in what order, on how many pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.testing import Clock, FhirServer

from .conftest import Http, observation

if TYPE_CHECKING:
    from collections.abc import Callable

TAG = {"system": "urn:example:run", "code": "r,1"}


@pytest.fixture
def filled(made: Callable[..., tuple[FhirServer, Http]]) -> Http:
    """Two observations a day apart, of two patients, and a response and its questionnaire."""
    clock = Clock("2026-03-09T12:00:00+00:00")
    server, http = made(clock=clock)
    server.put(resourceType="Patient", id="q")
    server.put(**observation("a", id="a", meta={"tag": [TAG]}))
    clock.advance(86_400)
    later = {"effectiveDateTime": "2026-03-10", "code": {"coding": [{"code": "bond"}]}}
    who = {"identifier": {"system": "urn:example:mrn", "value": "1002"}, "reference": "Patient/q"}
    server.put(**{**observation("b", id="b"), **later, "subject": who})
    server.put(resourceType="Questionnaire", id="form", url="urn:example:form", version="1")
    server.put(
        resourceType="QuestionnaireResponse",
        id="r",
        questionnaire="urn:example:form|1",
        authored="2026-03-09T23:30:00-05:00",
        status="completed",
    )
    period = {"start": "2026-03-08", "end": "2026-03-20"}
    server.put(resourceType="CarePlan", id="c", period=period)
    server.put(resourceType="CarePlan", id="d", period={"start": "2026-03-12"})
    return http


@pytest.mark.parametrize(
    ("search", "ids"),
    [
        ("Observation", "ab"),
        ("Observation?identifier=urn:example:key|a", "a"),
        ("Observation?identifier=a", "a"),
        ("Observation?identifier=|a", ""),
        ("Observation?identifier=urn:example:key|", "ab"),
        ("Observation?identifier=urn:example:key|a,urn:example:key|b", "ab"),
        ("Observation?identifier=a&identifier=b", ""),
        ("Observation?_id=b", "b"),
        (r"Observation?_tag=urn:example:run|r\,1", "a"),
        ("Observation?patient=p", "a"),
        ("Observation?patient=Patient/q", "b"),
        ("Observation?subject=Patient/p,Patient/q", "ab"),
        ("Observation?subject:identifier=urn:example:mrn|1002", "b"),
        ("Observation?code=urn:example:codes|total", "a"),
        ("Observation?code=|bond", "b"),
        ("Observation?status=final&patient=p", "a"),
        ("Observation?date=2026-03-09", "a"),
        ("Observation?date=2026-03", "ab"),
        ("Observation?date=ge2026-03-10", "b"),
        ("Observation?date=lt2026-03-10", "a"),
        ("Observation?date=ge2026-03-09&date=lt2026-03-10", "a"),
        ("Observation?date=ne2026-03-09", "b"),
        ("Observation?date=sa2026-03-09", "b"),
        ("Observation?date=eb2026-03-10", "a"),
        ("Observation?patient=p&date=2026-03-09&code=total", "a"),
        ("Observation?_lastUpdated=gt2026-03-09T12:00:00Z", "b"),
        ("Observation?_lastUpdated=ge2026-03-09T12:00:00.000Z", "ab"),
        ("Observation?_lastUpdated=le2026-03-09T13:00:00%2B01:00", "a"),
        ("Observation?_sort=-_lastUpdated", "ba"),
        ("Observation?_sort=-date", "ba"),
        ("QuestionnaireResponse?authored=2026-03-10", "r"),
        ("QuestionnaireResponse?questionnaire=urn:example:form", "r"),
        ("QuestionnaireResponse?questionnaire=urn:example:form|1", "r"),
        ("QuestionnaireResponse?questionnaire=urn:example:form|2", ""),
        ("Observation?date=2026", "ab"),
        ("Observation?date=2026-03-09T09:00", "a"),
        ("Observation?date=2026-03-09T09:01", ""),
        ("CarePlan?date=2026-03", "c"),
        ("CarePlan?date=ge2026-03-21", "d"),
        ("CarePlan?date=lt2026-03-10", "c"),
        ("Observation?_profile=urn:example:none", ""),
    ],
)
def test_what_fits_is_found(filled: Http, search: str, ids: str) -> None:
    assert "".join(filled.found(search)) == ids


def test_a_canonical_is_found_by_url_and_version(filled: Http) -> None:
    assert filled.found("Questionnaire?url=urn:example:form&version=1") == ["form"]
    assert filled.found("Questionnaire?url=urn:example:form&version=2") == []


def test_a_search_may_be_posted(filled: Http) -> None:
    answer = filled("POST", "Observation/_search", b"identifier=urn%3Aexample%3Akey%7Ca")
    assert [hit["resource"]["id"] for hit in answer.json()["entry"]] == ["a"]
    assert answer.json()["entry"][0]["fullUrl"] == f"{filled.url}/Observation/a"


@pytest.mark.parametrize(
    "search",
    [
        "Observation?nonsense=1",
        "Observation?questionnaire=x",
        "Observation?identifier:missing=true",
        "Observation?date=soon",
        "Observation?date=2026-13-01",
        "Observation?_sort=nonsense",
        "Observation?_count=many",
    ],
)
def test_what_cannot_be_searched_by_is_declined(filled: Http, search: str) -> None:
    assert filled("GET", search, Prefer="handling=lenient").status_code == 400


@pytest.mark.parametrize("count", ["_summary=count", "_count=0"])
def test_hits_are_counted(filled: Http, count: str) -> None:
    told = filled("GET", f"Observation?{count}").json()
    assert (told["total"], "entry" in told) == (2, False)


def test_a_total_is_left_out_where_asked_for(filled: Http) -> None:
    assert filled("GET", "Observation?_total=accurate").json()["total"] == 2
    assert "total" not in filled("GET", "Observation?_total=none").json()


def walked(http: Http, path: str) -> list[list[str]]:
    """The ids on each page, next links followed."""
    pages: list[list[str]] = []
    url = f"{http.url}/{path}"
    while url:
        answer: Any = http("GET", url)
        told = answer.json()
        pages.append([one["resource"]["id"] for one in told["entry"]])
        following = [x["url"] for x in told.get("link", []) if x["relation"] == "next"]
        url = str(answer.url.join(following[0])) if following else ""
    return pages


@pytest.mark.parametrize("links", ["absolute", "relative", "none"])
def test_pages_are_linked_in_several_forms(server: FhirServer, http: Http, links: Any) -> None:
    ids = [server.put(**observation(str(n)))["id"] for n in range(5)]
    server.links = links
    whole = [ids[:2], ids[2:4], ids[4:]]
    assert walked(http, "Observation?_count=2") == (whole[:1] if links == "none" else whole)
    server.page = 3  # the server's own limit
    assert len(walked(http, "Observation?_count=4")[0]) == 3
    assert len(walked(http, "Observation/_history?_count=2")) == (1 if links == "none" else 3)


def test_pages_hold_what_was_there_when_asked(server: FhirServer, http: Http) -> None:
    for n in range(3):
        server.put(**observation(str(n)))
    first = http("GET", "Observation?_count=2").json()
    server.put(**observation("later"))
    [link] = first["link"]
    assert len(http("GET", link["url"]).json()["entry"]) == 1
    assert len(http("GET", link["url"]).json()["entry"]) == 1
