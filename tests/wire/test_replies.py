"""Replies as servers give them: taken where they are right, never guessed at where they are not."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.errors import AuthFailed, BadReply, Refused, Unavailable
from alliance_fhir.fhir import reply
from alliance_fhir.fhir.bundle import Change
from alliance_fhir.fhir.canonical import sealed
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.reply import etag
from alliance_fhir.testing import Answer, Request, outcome
from alliance_fhir.testing import FhirServer as LittleServer
from alliance_fhir.transport.outcomes import issue_codes

from .conftest import FIRST, SECOND, Syncing, after_all, of_group

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
    return reply.answered([change], bundle)[0]


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
        {"status": "301 Moved", "location": "Observation/1"},
        {"status": "45", "location": "Observation/1"},
        {"status": None, "location": "Observation/1"},
        {"status": "Created", "location": "Observation/1"},
    ],
    ids=str,
)
def test_an_entry_that_is_no_success_is_no_success(response: Json) -> None:
    with pytest.raises(BadReply):
        answered(NEW, **response)


TAG = {"system": "urn:example:proofs", "code": "p-1"}
PROOF: Json = {
    "resourceType": "Provenance",
    "meta": {"tag": [{"system": "urn:example:labels", "code": "x"}, TAG]},
    "target": [{"type": "Observation", "identifier": {"system": "urn:example:k", "value": "k"}}],
    "recorded": "2026-03-01T08:00:00Z",
    "activity": {"text": "create"},
}


@pytest.mark.parametrize(
    ("there", "strange"),
    [
        ({}, False),
        ({"recorded": "2026-03-02T08:00:00Z", "activity": {"text": "update"}}, False),  # by its tag
        ({"meta": {"tag": [{**TAG, "code": "p-2"}]}}, True),
        ({"meta": {}, "recorded": "2026-03-02T08:00:00Z"}, False),  # tags are not kept
        ({"meta": {}, "activity": {"text": "update"}}, True),
        ({"meta": {}, "target": [{"reference": "Observation/9"}]}, True),
        ({"meta": {"tag": "none"}}, True),
    ],
)
def test_a_provenance_that_existed_is_held_against_what_was_sent(
    there: Json, strange: bool
) -> None:
    change = Change(Resource("Provenance", "p-1", PROOF, "0" * 32), "created")
    answer = answered(change, {**PROOF, "id": "1", **there}, status="200 OK")
    assert (answer.existed, answer.strange) == (True, strange)
    made = answered(change, {**PROOF, "id": "1", **there}, status="201 Created")
    assert (made.existed, made.strange) == (False, False)


@pytest.mark.parametrize("status", ["404 Not Found", "429 Too Many Requests", "500"])
def test_an_entry_that_is_declined_says_why(status: str) -> None:
    told = answered(NEW, status=status, location="Observation/1", outcome=outcome("value"))
    assert told == reply.Declined(NEW, int(status[:3]), outcome("value"))


@pytest.mark.parametrize("location", [None, "", "elsewhere", {"reference": "Observation/1"}])
def test_an_entry_without_a_place_has_to_be_looked_for(location: object) -> None:
    found = answered(NEW, status="201 Created", location=location)
    assert found == reply.Delivered(NEW, "", "", "", existed=False)


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
        reply.answered([NEW], bundle)


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
        {"response": None},
        {"response": {"status": "201", "location": "Observation/1"}, "resource": None},
        {"response": {"status": ["201"], "location": "Observation/1"}},
        {"response": {"status": "201"}, "resource": {**BODY, "id": "1", "meta": None}},
    ],
    ids=str,
)
def test_an_entry_of_another_shape_is_no_answer(entry: object) -> None:
    with pytest.raises(BadReply):
        reply.answered([NEW], {"resourceType": "Bundle", "entry": [entry]})


def without_last_entry(answer: Answer) -> Answer:
    assert isinstance(answer.body, dict)
    return answer._replace(body={**answer.body, "entry": answer.body["entry"][:-1]})


def with_refused_entry(answer: Answer) -> Answer:
    assert isinstance(answer.body, dict)
    first, *rest = answer.body["entry"]
    first = {"response": {"status": "422 Unprocessable", "outcome": outcome("value")}}
    return answer._replace(body={**answer.body, "entry": [first, *rest]})


def with_first_entry(entry: object) -> Callable[[Answer], Answer]:
    def changed(answer: Answer) -> Answer:
        assert isinstance(answer.body, dict)
        return answer._replace(body={**answer.body, "entry": [entry, *answer.body["entry"][1:]]})

    return changed


def packed(answer: Answer) -> Answer:
    assert isinstance(answer.body, dict)
    body = gzip.compress(json.dumps(answer.body, default=float).encode())
    return answer._replace(body=body, headers={"Content-Encoding": "gzip"})


def packed_and_cut_off(answer: Answer) -> Answer:
    whole = packed(answer)
    assert isinstance(whole.body, bytes)
    return whole._replace(body=whole.body[:-30])


STRANGE: dict[str, Callable[[Answer], Answer]] = {
    "a page": lambda _: Answer(200, b"<html>Welcome</html>", {"Content-Type": "text/html"}),
    "plain text": lambda _: Answer(200, b"OK"),
    "a list": lambda _: Answer(200, b"[]"),
    "JSON that is not FHIR": lambda _: Answer(200, b'{"detail": "fine"}'),
    "nothing": lambda _: Answer(200, b""),
    "not text": lambda _: Answer(200, b"\xff\xfe\x00"),
    "an outcome": lambda _: Answer(200, outcome("informational")),
    "a bundle that is too short": without_last_entry,
    "an entry of null": with_first_entry(None),
    "an entry of text": with_first_entry("201 Created"),
    "a response of text": with_first_entry({"response": "201 Created"}),
    "a resource of null": with_first_entry({"response": {"status": "201"}, "resource": None}),
    "packed and cut off": packed_and_cut_off,
    "said to be packed": lambda answer: answer._replace(headers={"Content-Encoding": "gzip"}),
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


def test_a_transaction_that_says_it_took_all_but_one_is_looked_into(clinic: Syncing) -> None:
    clinic.little.between = lambda request, proceed: (
        with_refused_entry(proceed()) if of_group(request, FIRST) else proceed()
    )
    ran = clinic.sync()  # it took that one as well
    assert (ran.code, ran.json["resources"]["rejected"]) == (0, 0)
    clinic.whole()


def test_a_packed_reply_is_unpacked(clinic: Syncing) -> None:
    clinic.little.between = lambda request, proceed: (
        proceed() if request.path == "metadata" else packed(proceed())
    )
    assert clinic.sync().code == 0
    assert clinic.verify().code == 0


def nested(levels: int) -> bytes:
    """An object of so many levels, itself one of them."""
    inside = b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1)
    return b'{"resourceType":"Bundle",' + inside[1:] if levels > 1 else inside


def number(digits: str) -> bytes:
    """A resource with this number."""
    return b'{"resourceType":"Observation","valueInteger":' + digits.encode() + b"}"


BROKEN: dict[str, bytes] = {
    "a cut": b'{"resourceType":"Bundle"',
    "two": b'{"resourceType":"Bundle"}{"resourceType":"Bundle"}',
    "Latin-1": '{"resourceType":"Bundle","title":"caf\u00e9"}'.encode("latin-1"),
    "UTF-16": '{"resourceType":"Bundle"}'.encode("utf-16"),
    "half a character": b'{"resourceType":"Bundle","title":"\\ud83d"}',
    "a line break in a text": b'{"resourceType":"Bundle","title":"a\nb"}',
    "NaN": number("NaN"),
    "infinity": number("Infinity"),
    "less than that": number("-Infinity"),
    "beyond a double": number("1e999999"),
    "beyond a decimal": number("1e-99999999999999999999"),
    "next to nothing": number("1e-999999"),
    "many digits": number("9" * 5000),
    "many decimals": number("0." + "3" * 5000),
    "a key twice": b'{"resourceType":"Bundle","resourceType":"Patient"}',
    "a key twice within": b'{"resourceType":"Bundle","entry":[{"resource":{"id":"1","id":"2"}}]}',
    "101 levels": nested(101),
    "500 levels": nested(500),
    "5000 levels": nested(5000),
    "a million lists": b"[" * 1_000_000,
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_what_is_not_quite_json_is_no_answer(
    little: LittleServer, client: Client, body: bytes
) -> None:
    little.between = lambda request, proceed: Answer(200, body)
    with pytest.raises(BadReply, match=r"GET http://127.0.0.1:\d+/fhir/metadata answered 200 with"):
        client.get("metadata")
    with pytest.raises(BadReply):
        client.post("", b"{}")
    assert len(little.requests) == 2


UNUSUAL: dict[str, bytes] = {
    "a mark in front": b"\xef\xbb\xbf" + b'{"resourceType":"Bundle"}',
    "spaces around": b' \n {"resourceType":"Bundle"} \n',
    "100 levels": nested(100),
    "a large number": number("1" + "0" * 300),
    "a small number": number("1e-300"),
    "a pair of halves": b'{"resourceType":"Bundle","title":"\\ud83d\\ude00"}',
}


@pytest.mark.parametrize("body", UNUSUAL.values(), ids=UNUSUAL)
def test_what_is_json_all_the_same_is_taken(
    little: LittleServer, client: Client, body: bytes
) -> None:
    little.between = lambda request, proceed: Answer(200, body)
    assert "resourceType" in client.get("metadata").body


def test_numbers_are_taken_as_they_were_written(little: LittleServer, client: Client) -> None:
    little.between = lambda request, proceed: Answer(200, number("3.70"))
    assert str(client.get("metadata").body["valueInteger"]) == "3.70"


def filled(size: int) -> bytes:
    """A resource of so many bytes."""
    start, end = b'{"resourceType":"Binary","data":"', b'"}'
    return start + b"A" * (size - len(start) - len(end)) + end


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_reply_is_of_a_size_that_memory_holds(
    little: LittleServer, client: Client, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alliance_fhir.transport.outcomes._LARGEST", 100_000)
    pack = gzip.compress if encoding == "gzip" else bytes
    for size in (100_000, 100_001):
        headers = {"Content-Encoding": encoding}
        little.between = lambda request, proceed, size=size, headers=headers: Answer(
            200, pack(filled(size)), headers
        )
        if size == 100_000:
            assert client.get("metadata").status == 200
        else:
            with pytest.raises(BadReply, match="more than 100000 bytes"):
                client.get("metadata")


@pytest.mark.parametrize("body", [filled(100_001), b"no gzip"], ids=["large", "packed"])
def test_a_failure_is_one_whatever_it_says(
    little: LittleServer, client: Client, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alliance_fhir.transport.outcomes._LARGEST", 100_000)
    headers = {"Content-Encoding": "gzip"} if body == b"no gzip" else {}
    for status, error in ((422, Refused), (401, AuthFailed), (503, Unavailable)):
        little.between = lambda request, proceed, status=status: Answer(status, body, headers)
        with pytest.raises(error, match=str(status)):
            client.get("metadata")


@pytest.mark.parametrize("issue", [None, "x", {}, [None], ["x"], [{"code": ["value"]}], [{}]])
def test_an_outcome_of_another_shape_has_no_codes(issue: object) -> None:
    assert issue_codes({"resourceType": "OperationOutcome", "issue": issue}) == ()


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
