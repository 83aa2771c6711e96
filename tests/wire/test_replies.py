"""Replies as servers give them: taken where they are right, never guessed at where they are not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.errors import BadReply
from alliance_fhir.fhir.bundle import Change
from alliance_fhir.fhir.canonical import sealed
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.reply import delivered, etag

from .conftest import FIRST, SECOND, Syncing, after_all, of_group
from .little import Answer, LittleServer, Request, outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.transport.client import Client

Json = dict[str, Any]

BODY, DIGEST = sealed({"resourceType": "Observation", "status": "final"})
NEW = Change(Resource("Observation", "k", BODY, DIGEST), "created")
OLD = Change(Resource("Observation", "k", BODY, DIGEST), "updated", "7", "1")


def answered(change: Change, resource: Json | None = None, **response: Any) -> Any:
    """What comes of the one entry of a reply."""
    entry = {"response": response, **({"resource": resource} if resource else {})}
    bundle = {"resourceType": "Bundle", "type": "transaction-response", "entry": [entry]}
    return delivered([change], bundle)[0]


@pytest.mark.parametrize(
    ("told", "version"),
    [
        ('W/"3"', "3"),
        ('"3"', "3"),
        ("3", "3"),
        ('W/"0fa1-22"', "0fa1-22"),
        ('W/""', ""),
        ("", ""),
        (None, ""),
        (3, ""),
    ],
)
def test_entity_tags_in_all_forms(told: object, version: str) -> None:
    assert etag(told) == version


@pytest.mark.parametrize(
    "location",
    [
        "Observation/12/_history/2",
        "/Observation/12/_history/2",
        "https://host.invalid/base/fhir/Observation/12/_history/2",
    ],
)
def test_a_place_alone_is_enough(location: str) -> None:
    found = answered(NEW, status="201 Created", location=location)
    assert (found.id, found.version, found.digest, found.existed) == ("12", "2", "", False)


def test_a_place_without_a_version_has_it_in_the_tag() -> None:
    found = answered(NEW, status="201", location="Observation/12", etag='W/"5"')
    assert (found.id, found.version) == ("12", "5")


def test_the_resource_itself_is_believed_first() -> None:
    body = {**BODY, "id": "13", "meta": {"versionId": "4"}}
    found = answered(NEW, body, status="201", location="Observation/12/_history/2", etag='W/"9"')
    assert (found.id, found.version, found.digest) == ("13", "4", DIGEST)


def test_an_outcome_in_the_place_of_the_resource_is_no_resource() -> None:
    found = answered(NEW, outcome("informational"), status="201", location="Observation/12")
    assert (found.id, found.digest) == ("12", "")


def test_a_change_without_a_place_keeps_its_own() -> None:
    found = answered(OLD, status="200 OK", etag='W/"2"')
    assert (found.id, found.version, found.existed) == ("7", "2", False)


def test_what_was_there_already_is_told_from_what_was_made() -> None:
    assert answered(NEW, status="200 OK", location="Observation/1/_history/1").existed
    assert not answered(NEW, status="201 Created", location="Observation/1/_history/1").existed


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"status": "201 Created"},
        {"status": "404 Not Found", "location": "Observation/1"},
        {"status": "429 Too Many Requests", "location": "Observation/1"},
        {"status": "500", "location": "Observation/1"},
        {"status": None, "location": "Observation/1"},
        {"status": "Created", "location": "Observation/1"},
    ],
    ids=str,
)
def test_an_entry_that_is_no_success_is_no_success(response: Json) -> None:
    with pytest.raises(BadReply):
        answered(NEW, **response)


@pytest.mark.parametrize(
    "bundle",
    [
        {},
        {"resourceType": "Bundle"},
        {"resourceType": "Bundle", "entry": None},
        {"resourceType": "Bundle", "entry": {}},
        {"resourceType": "Bundle", "entry": []},
        {"resourceType": "Bundle", "entry": [{"response": {"status": "201"}}] * 2},
        outcome("informational"),
    ],
    ids=str,
)
def test_an_answer_to_something_else_is_no_answer(bundle: Json) -> None:
    with pytest.raises(BadReply):
        delivered([NEW], bundle)


@pytest.mark.xfail(strict=True, reason="entries are taken for objects unseen")
@pytest.mark.parametrize(
    "entry",
    [
        None,
        "x",
        [],
        {"response": "201"},
        {"response": {"status": "201", "location": "Observation/1"}, "resource": "x"},
        {"response": {"status": "201"}, "resource": {**BODY, "id": "1", "meta": "x"}},
        {"response": {"status": "201"}, "resource": {**BODY, "id": "1", "extension": None}},
    ],
    ids=str,
)
def test_an_entry_of_another_shape_is_no_answer(entry: object) -> None:
    with pytest.raises(BadReply):
        delivered([NEW], {"resourceType": "Bundle", "entry": [entry]})


def without_last_entry(answer: Answer) -> Answer:
    assert isinstance(answer.body, dict)
    return answer._replace(body={**answer.body, "entry": answer.body["entry"][:-1]})


def with_refused_entry(answer: Answer) -> Answer:
    assert isinstance(answer.body, dict)
    first, *rest = answer.body["entry"]
    first = {"response": {"status": "422 Unprocessable", "outcome": outcome("value")}}
    return answer._replace(body={**answer.body, "entry": [first, *rest]})


STRANGE: dict[str, Callable[[Answer], Answer]] = {
    "a page": lambda _: Answer(200, b"<html>Welcome</html>", {"Content-Type": "text/html"}),
    "plain text": lambda _: Answer(200, b"OK"),
    "a list": lambda _: Answer(200, b"[]"),
    "JSON that is not FHIR": lambda _: Answer(200, b'{"detail": "fine"}'),
    "nothing": lambda _: Answer(200, b""),
    "not text": lambda _: Answer(200, b"\xff\xfe\x00"),
    "an outcome": lambda _: Answer(200, outcome("informational")),
    "a bundle that is too short": without_last_entry,
    "a refused entry": with_refused_entry,
}


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE)
def test_a_reply_that_is_none_stops_the_run_and_nothing_is_assumed(
    clinic: Syncing, strange: Callable[[Answer], Answer]
) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed()
        return strange(answer) if of_group(request, FIRST) else answer

    clinic.little.between = between
    ran = clinic.sync()
    assert ran.code == 15
    assert ran.json["stopped"]
    assert ran.json["resources"]["not_sent"] == 12
    sent = [request for request in clinic.little.writes if of_group(request, FIRST)]
    assert len(sent) == 1
    clinic.whole()


LOCATION_ONLY: dict[str, Callable[[Json], Json]] = {
    "relative": lambda response: response,
    "absolute": lambda response: {
        **response,
        "location": f"https://elsewhere.invalid/fhir/{response['location']}",
    },
    "without a version": lambda response: {
        **response,
        "location": response["location"].partition("/_history")[0],
        "etag": f'W/"{response["etag"]}"',
    },
    "without any version": lambda response: {
        "status": response["status"][:3],
        "location": response["location"].partition("/_history")[0],
    },
}


@pytest.mark.parametrize("form", LOCATION_ONLY.values(), ids=LOCATION_ONLY)
def test_a_server_that_sends_no_resources_back_is_believed(
    clinic: Syncing, form: Callable[[Json], Json]
) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed()
        if request.path or not isinstance(answer.body, dict):
            return answer
        entries = [{"response": form(entry["response"])} for entry in answer.body["entry"]]
        return answer._replace(body={**answer.body, "entry": entries})

    clinic.little.between = between
    assert clinic.sync().code == 0
    assert clinic.verify().code == 0
    again = clinic.sync()
    assert again.json["resources"]["unchanged"] == 14
    changed = FIRST.with_item(4, "4")
    clinic.write(changed, SECOND)
    assert clinic.sync().json["resources"]["updated"] == 3
    assert clinic.sync("--reread").json["resources"]["unchanged"] == 14


def test_what_a_server_adds_or_rewrites_is_no_difference(clinic: Syncing) -> None:
    def rewritten(body: Json) -> Json:
        narrative = {"status": "generated", "div": "<div>made by the server</div>"}
        return {**body, "text": narrative, "language": "en", "implicitRules": "urn:example:x"}

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if request.path or not request.body:
            return proceed()
        bundle = json.loads(request.body)
        for entry in bundle["entry"]:
            entry["resource"] = rewritten(entry["resource"])
        changed = request._replace(body=json.dumps(bundle).encode())
        return clinic.little.really(changed)

    clinic.little.between = between
    assert clinic.sync().code == 0
    assert clinic.verify().code == 0
    clinic.little.between = lambda request, proceed: proceed()
    assert clinic.sync("--reread").json["resources"]["unchanged"] == 14


def test_a_server_that_answers_late_is_asked_what_it_has(clinic: Syncing) -> None:
    """A gateway's time was out, the server's was not."""
    clinic.little.between = after_all(Answer(504, b"<html>Gateway Timeout</html>"))
    ran = clinic.sync()
    assert ran.code == 0
    assert sum(of_group(request, FIRST) for request in clinic.little.writes) == 1
    clinic.whole()


def test_a_get_has_no_body_and_no_bundle_where_there_is_nothing(
    little: LittleServer, client: Client
) -> None:
    little.between = lambda request, proceed: Answer(204)
    assert client.get("metadata").body == {}
