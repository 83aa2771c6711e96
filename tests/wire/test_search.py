"""Searches as servers answer them: every hit is held against what was asked for."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir import Settings, open_target
from alliance_fhir.errors import BadReply, Refused
from alliance_fhir.targets.base import Wanted
from alliance_fhir.testing import Answer, Request, bundle, outcome
from alliance_fhir.testing import FhirServer as LittleServer

from .conftest import Syncing

if TYPE_CHECKING:
    from collections.abc import Callable

SETTINGS = Settings(source="clinic-east", base="https://example.org/clinic")
SYSTEM = "https://example.org/clinic/identifier"


def observation(id_: str, value: str, system: str = SYSTEM) -> dict[str, Any]:
    """A resource with an identifier."""
    identifier = [{"system": system, "value": value}]
    return {"resourceType": "Observation", "id": id_, "identifier": identifier}


@pytest.fixture(autouse=True)
def unhurried(naps: list[float]) -> None:
    """Nothing here really waits."""


def found(little: LittleServer, *keys: str) -> dict[str, list[str]]:
    """The ids of what is found under these keys."""
    with closing(open_target(little.url, SETTINGS)) as target:
        hits = target.find([Wanted("Observation", key) for key in keys])
    return {key: [hit.id for hit in some] for key, some in hits.items()}


def searched(
    answer: Callable[[Request], Answer],
) -> Callable[[Request, Callable[[], Answer]], Answer]:
    """This answer to searches alone."""
    return lambda request, proceed: (
        answer(request) if request.path.startswith("Observation") else proceed()
    )


def answered_with(shape: dict[str, Any]) -> Callable[[Request, Callable[[], Answer]], Answer]:
    """A Bundle of this shape to searches."""
    body = json.dumps({"resourceType": "Bundle", **shape}).encode()
    return searched(lambda _: Answer(200, body))


def test_strangers_among_the_hits_are_left_out(little: LittleServer) -> None:
    hits = [observation("1", "a"), observation("2", "b"), observation("3", "a", "urn:other")]
    little.between = searched(lambda _: Answer(200, bundle(*hits)))
    assert found(little, "a") == {"a": ["1"]}


def test_what_is_no_hit_is_left_out(little: LittleServer) -> None:
    told = bundle(outcome("informational"), {"resourceType": "Patient", "id": "1"})
    told["entry"] += [{"search": {"mode": "outcome"}}, {"fullUrl": "urn:x"}]
    told["entry"] += bundle(observation("1", "a"))["entry"]
    little.between = searched(lambda _: Answer(200, told))
    assert found(little, "a", "b") == {"a": ["1"]}


def test_a_bundle_without_entries_has_none(little: LittleServer) -> None:
    little.between = searched(lambda _: Answer(200, {"resourceType": "Bundle", "total": 3}))
    assert found(little, "a") == {}


def test_a_server_that_finds_everything_does_not_confuse_us(clinic: Syncing) -> None:
    little = clinic.little

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if not request.is_search or request.path == "metadata":
            return proceed()
        everything = little.of_type(request.path.partition("/")[0])
        return Answer(200, bundle(*everything, outcome("informational")))

    little.between = between
    assert clinic.sync().code == 0
    assert clinic.verify().code == 0
    assert clinic.sync("--reread").json["resources"]["unchanged"] == 14
    assert len(little.of_type("Observation")) == 10


def test_hits_come_page_by_page(clinic: Syncing) -> None:
    clinic.little.page = 2
    assert clinic.sync().code == 0
    assert clinic.verify().json["verify"]["equal"] == 16
    assert clinic.sync("--reread").json["resources"]["unchanged"] == 14
    assert any("_getpages" in request.query for request in clinic.little.requests)


def test_a_hit_that_is_on_two_pages_is_one(little: LittleServer) -> None:
    """Pages shift when somebody writes meanwhile."""

    def pages(request: Request) -> Answer:
        link = [] if "page" in request.query else [{"relation": "next", "url": "?page=2"}]
        return Answer(200, bundle(observation("1", "a"), link=link))

    little.between = lambda request, proceed: (
        proceed() if request.path == "metadata" else pages(request)
    )
    assert found(little, "a") == {"a": ["1"]}
    assert len(little.requests) == 3


@pytest.mark.parametrize(
    "link", ["{url}/Observation?page=2", "/fhir/Observation?page=2", "Observation?page=2"]
)
def test_a_next_link_may_be_absolute_or_relative(little: LittleServer, link: str) -> None:
    def pages(request: Request) -> Answer:
        if request.query.get("page") == "2":
            return Answer(200, bundle(observation("2", "a")))
        following = [{"relation": "next", "url": link.format(url=little.url)}]
        return Answer(200, bundle(observation("1", "a"), link=following))

    little.between = searched(pages)
    assert found(little, "a") == {"a": ["1", "2"]}


@pytest.mark.parametrize(
    "link",
    [
        "https://elsewhere.invalid/fhir?page=2",
        "http://elsewhere.invalid/fhir?page=2",
        "//elsewhere.invalid/fhir?page=2",
        "http://127.0.0.1:1/fhir?page=2",
        "https://127.0.0.1/fhir?page=2",
        "http://user@elsewhere.invalid/",
        "http://127.0.0.1@elsewhere.invalid/",
    ],
)
def test_a_next_link_to_another_host_is_not_followed(little: LittleServer, link: str) -> None:
    told = bundle(observation("1", "a"), link=[{"relation": "next", "url": link}])
    little.between = searched(lambda _: Answer(200, told))
    with pytest.raises(BadReply, match="another host") as error:
        found(little, "a")
    assert "elsewhere" not in str(error.value)


def test_pages_without_an_end_end(little: LittleServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alliance_fhir.transport.client._MOST_PAGES", 5)

    def another(_: Request) -> Answer:
        link = [{"relation": "next", "url": f"?page={len(little.requests)}"}]
        return Answer(200, bundle(observation("1", "a"), link=link))

    little.between = lambda request, proceed: (
        proceed() if request.path == "metadata" else another(request)
    )
    with pytest.raises(BadReply, match="no end"):
        found(little, "a")
    assert len(little.requests) == 1 + 6


@pytest.mark.parametrize("pages", [1, 3])
def test_pages_that_go_round_in_circles_end_at_once(little: LittleServer, pages: int) -> None:
    def around(request: Request) -> Answer:
        page = (int(request.query.get("page", 0)) + 1) % pages
        link = [{"relation": "next", "url": f"{little.url}/Observation?page={page}"}]
        return Answer(200, bundle(observation("1", "a"), link=link))

    little.between = searched(around)
    with pytest.raises(BadReply, match="no end"):
        found(little, "a")
    assert len(little.requests) == 1 + 1 + pages


@pytest.mark.parametrize("status", [404, 405, 415, 501])
def test_a_server_that_searches_by_get_alone_is_searched_so(clinic: Syncing, status: int) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        return Answer(status) if request.path.endswith("_search") else proceed()

    clinic.little.between = between
    assert clinic.sync().code == 0
    assert sum(r.path.endswith("_search") for r in clinic.little.requests) == 1
    assert clinic.verify().code == 0


def test_a_search_that_is_declined_is_not_tried_in_another_way(little: LittleServer) -> None:
    little.between = searched(lambda _: Answer(500, outcome("not-supported")))
    with pytest.raises(Refused, match="not-supported"):
        found(little, "a")
    assert not any("patient" in request.body.decode() for request in little.requests)


@pytest.mark.parametrize("body", [outcome("informational"), observation("1", "a")], ids=["a", "b"])
def test_an_answer_that_is_no_bundle_is_no_answer(
    little: LittleServer, body: dict[str, Any]
) -> None:
    little.between = searched(lambda _: Answer(200, body))
    with pytest.raises(BadReply):
        found(little, "a")


def shaped(**elements: Any) -> dict[str, Any]:
    """A bundle of one hit that has these elements besides."""
    return {"entry": [{"resource": {**observation("1", "a"), **elements}}]}


STRANGE: list[dict[str, Any]] = [
    {"entry": None},
    {"entry": "x"},
    {"entry": {}},
    {"entry": [None]},
    {"entry": ["x"]},
    {"entry": [[]]},
    {"entry": [{"resource": None}]},
    {"entry": [{"resource": "x"}]},
    {"entry": [{"resource": []}]},
    {"entry": [], "link": None},
    {"entry": [], "link": "x"},
    {"entry": [], "link": [None]},
    {"entry": [], "link": [{"relation": "next"}]},
    {"entry": [], "link": [{"relation": "next", "url": None}]},
    {"entry": [], "link": [{"relation": "next", "url": ["x"]}]},
    {"entry": [], "link": [{"relation": "next", "url": "http://[::1/"}]},
    {"entry": [], "link": [{"relation": "next", "url": "http://127.0.0.1:port/"}]},
    {"entry": [], "link": [{"relation": "next", "url": "?page=\u0000"}]},
    shaped(id=None),
    shaped(id=""),
    shaped(id=["1"]),
    shaped(identifier=["x"]),
    shaped(identifier=[None]),
    shaped(identifier="x"),
    shaped(identifier=None),
    shaped(meta="x"),
    shaped(meta=None),
    shaped(subject="x"),
    shaped(subject={"identifier": "x"}),
    shaped(extension="x"),
    shaped(extension=[None]),
    shaped(extension=None),
    shaped(code={"extension": ["x"]}),
    shaped(comment="\ud800"),
]
HARMLESS: list[dict[str, Any]] = [
    shaped(note=None),
    shaped(status=["final"]),
    shaped(status={}),
    shaped(meta={"versionId": None}),
    shaped(meta={"versionId": 3, "tag": "x"}),
    shaped(id=1),
    shaped(valueQuantity={"value": 10**30}),
    shaped(valueQuantity={"value": 6.02e23}),
    shaped(valueQuantity={"value": "many"}),
    shaped(code={"extension": []}),
    shaped(subject={"identifier": {"system": 1}}),
    {**shaped(), "link": [{}, {"url": "?page=2"}, {"relation": None}, {"relation": "self"}]},
]


@pytest.mark.parametrize("shape", STRANGE, ids=str)
def test_what_has_another_shape_than_fhir_is_no_answer(
    little: LittleServer, shape: dict[str, Any]
) -> None:
    little.between = answered_with(shape)
    with pytest.raises(BadReply) as error:
        found(little, "a")
    assert "urn:" not in str(error.value)
    assert SYSTEM not in str(error.value)


@pytest.mark.parametrize("shape", HARMLESS, ids=str)
def test_what_is_strange_and_does_no_harm_is_let_be(
    little: LittleServer, shape: dict[str, Any]
) -> None:
    little.between = answered_with(shape)
    assert found(little, "a") == {"a": ["1"]}


def test_whole_numbers_of_any_size_are_compared_exactly(little: LittleServer) -> None:
    digests: set[str] = set()
    for value in (10**30, 10**30 + 1):
        hit = {**observation("1", "a"), "valueQuantity": {"value": value}}
        body = json.dumps({"resourceType": "Bundle", "entry": [{"resource": hit}]}).encode()
        little.between = searched(lambda _, body=body: Answer(200, body))
        with closing(open_target(little.url, SETTINGS)) as target:
            digests |= {hit.digest for hit in target.find([Wanted("Observation", "a")])["a"]}
    assert len(digests) == 2
