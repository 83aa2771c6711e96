"""Every fault, as a plain client sees it."""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from alliance_fhir.testing import Answer, Cut, Fault, Request, faults

from .conftest import KEY, PATIENT, Http, entry, observation

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.testing import FhirServer

NEW = entry("POST", "Observation", observation())
P = {**PATIENT, "id": "p"}


def count(server: FhirServer) -> int:
    """How many observations there are."""
    return len(server.of_type("Observation"))


# --- when


def test_a_fault_happens_when_it_is_armed_for(server: FhirServer, http: Http) -> None:
    def seen() -> list[int]:
        return [http.create(observation()).status_code for _ in range(4)]

    broken = faults.answers(500)
    for armed, statuses in {
        broken: [500, 201, 201, 201],
        broken.nth(3): [201, 201, 500, 201],
        broken.first(2): [500, 500, 201, 201],
        broken.always(): [500, 500, 500, 500],
        broken.where(lambda request: request.path == "Patient").always(): [201] * 4,
        faults.outage().once(): [500, 201, 201, 201],
    }.items():
        one = server.arm(armed)
        assert (seen(), one.hits) == (statuses, statuses.count(500)), armed.name
        one.disarm()
        assert seen() == [201] * 4


def test_reads_go_on_where_writes_fail(server: FhirServer, http: Http) -> None:
    server.arm(faults.answers(500).always())
    assert http("GET", "Patient/p").status_code == 200
    assert http("POST", "Patient/_search", b"_id=p").status_code == 200
    server.arm(faults.outage(503))
    assert http("GET", "metadata").status_code == 503


def test_faults_are_given_at_the_start(made: Callable[..., tuple[FhirServer, Http]]) -> None:
    _, http = made(faults=[faults.unauthorized(), faults.answers(409).once()])
    assert [http.create(observation()).status_code for _ in range(3)] == [401, 409, 201]


def test_a_fault_of_one_s_own(server: FhirServer, http: Http) -> None:
    def act(call: faults.Call) -> Answer:
        assert call.request.is_write
        return call.proceed()._replace(status=418)

    server.arm(Fault("teapot", act))
    assert http.create(observation()).status_code == 418
    server.between = lambda request, proceed: Answer(451)
    assert http.create(observation()).status_code == 451


def slow_clock() -> datetime:
    """The time, and a moment for others between looking and writing."""
    time.sleep(0.001)
    return datetime.now(UTC)


def test_each_of_many_clients_counts(
    made: Callable[..., tuple[FhirServer, Http]], connect: Callable[[str], Http]
) -> None:
    server, _ = made(clock=slow_clock)
    armed = server.arm(faults.answers(503).first(10))
    clients = [connect(server.url) for _ in range(8)]

    def work(http: Http) -> list[int]:
        return [http.create(observation(), If_None_Exist=KEY).status_code for _ in range(10)]

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for some in pool.map(work, clients) for status in some]
    assert sorted(statuses) == [200] * 69 + [201] + [503] * 10
    assert (armed.hits, count(server), len(server.requests)) == (10, 1, 80)


# --- connections


CUTS: dict[str, tuple[Fault, int]] = {
    "before": (faults.cut_before_body(), 0),
    "within": (faults.cut_within_body(), 0),
    "after": (faults.lost_reply(), 1),
    "reply": (faults.cut_reply(20), 1),
    "too long": (faults.wrong_length(10), 1),
}


@pytest.mark.parametrize(("fault", "done"), CUTS.values(), ids=CUTS)
def test_a_connection_ends(server: FhirServer, http: Http, fault: Fault, done: int) -> None:
    server.arm(fault)
    with pytest.raises(httpx.TransportError):
        http.create(observation(note=[{"text": "x" * 100_000}]))
    assert count(server) == done
    assert http("GET", "Patient/p").status_code == 200
    assert http.create(observation()).status_code == 201


def test_an_answer_is_longer_than_it_says(server: FhirServer, http: Http) -> None:
    server.arm(faults.wrong_length(-10))
    answer = http.create(observation())
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert count(server) == 1


def test_bytes_come_slowly(server: FhirServer, http: Http) -> None:
    server.arm(faults.slow(pause=0.01, piece=32))
    start = time.monotonic()
    answer = http.create(observation())
    assert answer.json()["id"]
    assert time.monotonic() - start > 0.01 * (len(answer.content) // 32)
    server.arm(faults.slow(pause=0.5))
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{server.url}/Observation", json=observation(), timeout=0.2)


def test_a_server_goes_away_and_comes_back(server: FhirServer, http: Http) -> None:
    port = urlsplit(server.url).port
    with socket.create_connection(("127.0.0.1", port)) as waiting:
        waiting.settimeout(5)
        waiting.sendall(b"GET /fhir/Patient/p HTTP/1.1\r\n\r\n")
        assert waiting.recv(12) == b"HTTP/1.1 200"
        with server.away():
            while waiting.recv(4096):
                pass
            with pytest.raises(httpx.ConnectError):
                http("GET", "Patient/p")
    assert http("GET", "Patient/p").status_code == 200


# --- answers


def test_a_server_has_no_time(server: FhirServer, http: Http) -> None:
    until = datetime(2026, 3, 9, 12, 0, 30, tzinfo=UTC)
    for fault, told in {
        faults.throttled(retry_after=3): "3",
        faults.throttled(503, until): "Mon, 09 Mar 2026 12:00:30 GMT",
        faults.throttled(429, None): None,
    }.items():
        server.arm(fault)
        answer = http("GET", "Patient/p")
        assert answer.status_code in (429, 503)
        assert answer.headers.get("Retry-After") == told
    assert http("GET", "Patient/p").status_code == 200


BODIES: dict[str, tuple[Fault, int, bytes]] = {
    "page": (faults.html_page(), 200, b"<!DOCTYPE html>"),
    "text": (faults.text_error(502, "Bad Gateway"), 502, b"Bad Gateway"),
    "detail": (faults.detail_error(), 422, b'{"detail":"no"}'),
    "empty": (faults.empty_error(), 500, b""),
}


@pytest.mark.parametrize(("fault", "status", "body"), BODIES.values(), ids=BODIES)
def test_an_answer_is_no_fhir(
    server: FhirServer, http: Http, fault: Fault, status: int, body: bytes
) -> None:
    server.arm(fault)
    answer = http.create(observation())
    assert (answer.status_code, count(server)) == (status, 0)
    assert answer.content.startswith(body)


def test_entries_of_a_batch_were_throttled(server: FhirServer, http: Http) -> None:
    server.arm(faults.throttled_entries(0, 2))
    entries = [entry("POST", "Observation", observation(key)) for key in "abcd"]
    assert http.statuses("transaction", entries[0]) == ["201"]  # it is for batches
    told = http.bundle("batch", *entries).json()["entry"]
    assert [one["response"]["status"] for one in told] == [
        "429 Too Many Requests",
        "201 Created",
        "429 Too Many Requests",
        "201 Created",
    ]
    assert [one.get("resource", {}).get("identifier", [{}])[0].get("value") for one in told] == [
        *(None, "b"),
        *(None, "d"),
    ]
    assert count(server) == 3
    assert http.statuses("batch", *entries) == ["201"] * 4


@pytest.mark.parametrize(("by", "entries"), [(-1, 1), (1, 3)])
def test_a_bundle_is_answered_with_another_number(
    server: FhirServer, http: Http, by: int, entries: int
) -> None:
    server.arm(faults.wrong_entry_count(by))
    assert len(http.bundle("transaction", NEW, NEW).json()["entry"]) == entries
    assert count(server) == 2


@pytest.mark.parametrize(
    ("form", "told"), [("weak", 'W/"1"'), ("strong", '"1"'), ("bare", "1"), ("none", None)]
)
def test_versions_are_told_in_several_forms(
    server: FhirServer, http: Http, form: Any, told: str | None
) -> None:
    server.arm(faults.etags(form))
    assert http("GET", "Patient/p").headers.get("ETag") == told
    [one] = http.bundle("transaction", NEW).json()["entry"]
    assert one["response"].get("etag") == told


def test_a_place_is_all_that_is_told(server: FhirServer, http: Http) -> None:
    for form in ("absolute", "relative", "history"):
        armed = server.arm(faults.location_only(form))
        answer = http.create(observation())
        [told] = http.bundle("transaction", NEW).json()["entry"]
        last = [f"Observation/{body['id']}" for body in server.of_type("Observation")[-2:]]
        ends = {"absolute": "", "relative": "", "history": "/_history/1"}
        base = "" if form == "relative" else f"{server.url}/"
        assert answer.content == b""
        assert answer.headers["Location"] == f"{base}{last[0]}{ends[form]}"
        assert list(told) == ["response"]
        assert told["response"]["location"] == f"{base}{last[1]}{ends[form]}"
        armed.disarm()


def test_decimals_come_back_shorter(server: FhirServer, http: Http) -> None:
    body = b'{"resourceType":"Observation","valueQuantity":{"value":70.10}}'
    place = f"Observation/{http('POST', 'Observation', body).json()['id']}"
    server.arm(faults.shortened_decimals())
    assert http.exact(place)["valueQuantity"]["value"] == "70.1"
    assert http.exact("Observation")["entry"][0]["resource"]["valueQuantity"]["value"] == "70.1"
    server.put(resourceType="Observation", id="whole", valueQuantity={"value": 100})
    assert http.exact("Observation/whole")["valueQuantity"]["value"] == 100


def test_another_content_type_and_another_host(server: FhirServer, http: Http) -> None:
    armed = server.arm(faults.content_type())
    assert http("GET", "Patient/p").headers["Content-Type"] == "application/json"
    armed.disarm()
    server.arm(faults.redirected("http://127.0.0.1:1/fhir"))
    answer = http("GET", "Patient/p")
    assert answer.status_code == 307
    assert answer.headers["Location"] == "http://127.0.0.1:1/fhir/Patient/p"


# --- searches


def test_a_search_is_stale(server: FhirServer, http: Http) -> None:
    server.settle()
    armed = server.arm(faults.stale_search(2))
    http.create(observation(), If_None_Exist=KEY)
    assert http.found(f"Observation?{KEY}") == []
    assert http.create(observation(), If_None_Exist=KEY).status_code == 200
    assert len(http.found(f"Observation?{KEY}")) == 1
    server.store.lag = 0
    server.arm(faults.stale_search())
    place = f"Observation/{http.create(observation('b')).json()['id']}"
    assert http("GET", place).status_code == 200
    assert http.found("Observation?identifier=b") == []
    server.settle()
    assert len(http.found("Observation?identifier=b")) == 1
    http("PUT", place, {**http("GET", place).json(), "status": "amended"})
    assert http("GET", "Observation?identifier=b").json()["entry"][0]["resource"]["status"] == (
        "final"
    )
    assert armed.hits == 0  # it has no moments of its own


def test_a_search_finds_too_much(server: FhirServer, http: Http) -> None:
    server.put(**observation())
    server.page = 1
    server.put(**observation("b"))
    armed = server.arm(faults.unfiltered_search())
    told = http("GET", "Observation?identifier=nobody").json()
    assert told["total"] == 2
    assert len(http("GET", told["link"][0]["url"]).json()["entry"]) == 1
    assert http("POST", "Observation/_search", b"identifier=nobody").json()["total"] == 2
    armed.disarm()
    server.arm(faults.unasked_hits({"resourceType": "Observation", "id": "stray"}))
    assert http.found("Observation?identifier=nobody") == ["stray"]


def test_hits_are_not_all_that_is_found(server: FhirServer, http: Http) -> None:
    bare = server.arm(faults.bare_hits())  # armed first, it is the last to see an answer
    server.arm(faults.outcome_among_hits())
    told = http("GET", "Patient").json()
    assert "total" not in told
    assert [list(one) for one in told["entry"]] == [["resource"]] * 2
    bare.disarm()
    told = http("GET", "Patient").json()["entry"]
    assert [one["search"]["mode"] for one in told] == ["match", "outcome"]
    server.arm(faults.foreign_next_link())
    [link] = http("GET", "Patient").json()["link"]
    assert link == {"relation": "next", "url": "http://elsewhere.invalid/fhir?page=2"}
    assert http("GET", "metadata").json()["resourceType"] == "CapabilityStatement"


# --- writes


def test_a_type_is_closed(server: FhirServer, http: Http) -> None:
    server.arm(faults.forbidden_type("Observation"))
    server.arm(faults.read_only_type("Patient"))
    assert http.create(observation()).status_code == 403
    assert http("GET", "Observation").status_code == 403
    assert http.create(PATIENT).status_code == 405
    assert http("DELETE", "Patient/p").status_code == 405
    assert http.found("Patient?_id=p") == ["p"]
    assert http("POST", "Patient/_search", b"_id=p").status_code == 200
    device = entry("POST", "Device", {"resourceType": "Device"})
    assert http.statuses("batch", NEW, device, entry("PUT", "Patient/p", P)) == [
        "403",
        "201",
        "405",
    ]
    assert http.bundle("transaction", device, NEW).status_code == 403
    assert len(server.everything) == 2


def test_a_request_is_too_large(server: FhirServer, http: Http) -> None:
    server.arm(faults.too_large(2000))
    assert http.bundle("batch", *[NEW] * 3).status_code == 200
    assert http.bundle("batch", *[NEW] * 30).status_code == 413
    assert count(server) == 3


def test_a_payload_breaks_the_server(server: FhirServer, http: Http) -> None:
    server.arm(faults.chokes_on("poison"))
    bad = entry("POST", "Observation", observation(note=[{"text": "poison"}]))
    assert http.create(bad["resource"]).status_code == 500
    assert http.statuses("batch", NEW, bad) == ["201", "500"]
    assert http.bundle("transaction", NEW, bad).status_code == 500
    assert http.bundle("transaction", NEW).status_code == 200


def test_conditions_by_a_parameter_are_declined(server: FhirServer, http: Http) -> None:
    armed = server.arm(faults.refused_conditions("_tag", 422))
    by_tag = entry("POST", "Observation", observation(), ifNoneExist="_tag=urn:example:t|1")
    by_key = entry("POST", "Observation", observation(), ifNoneExist=KEY)
    assert http.create(observation(), If_None_Exist="_tag=urn:example:t|1").status_code == 422
    assert http.bundle("transaction", by_key, by_tag).status_code == 422
    assert http.statuses("batch", by_key, by_tag) == ["201", "422"]
    assert http("GET", "Observation?_tag=urn:example:t|1").status_code == 200
    assert (armed.hits, count(server)) == (3, 1)


def test_conditions_by_a_parameter_are_ignored(server: FhirServer, http: Http) -> None:
    armed = server.arm(faults.ignored_conditions("_tag"))
    by_tag = entry("POST", "Observation", observation(), ifNoneExist="_tag=urn:example:t|1")
    by_both = entry("POST", "Observation", observation(), ifNoneExist=f"_tag=a|b&{KEY}")
    assert http.create(observation(), If_None_Exist="_tag=urn:example:t|1").status_code == 201
    assert http.create(observation(), If_None_Exist="_tag=urn:example:t|1").status_code == 200
    assert http.statuses("batch", by_both, by_tag) == ["200", "200"]
    assert http.statuses("transaction", by_both, by_tag) == ["200", "200"]
    assert (armed.hits, count(server)) == (4, 1)
    server.put(**observation("2"))
    assert http.create(observation(), If_None_Exist="_tag=urn:example:t|1").status_code == 412
    assert http("GET", "Observation?_tag=urn:example:t|1").json()["total"] == 0
    armed.disarm()
    assert http.create(observation(), If_None_Exist="_tag=urn:example:t|1").status_code == 201


def test_updates_conflict_though_nothing_changed(server: FhirServer, http: Http) -> None:
    armed = server.arm(faults.conflict_storm(3))
    update = entry("PUT", "Patient/p", {**P, "active": True})
    assert http("PUT", "Patient/p", P).status_code == 409
    assert http.bundle("transaction", NEW, update).status_code == 409
    assert http.statuses("batch", NEW, update) == ["201", "409"]
    assert http("PUT", "Patient/p", {**P, "active": True}).status_code == 200
    assert (armed.hits, count(server)) == (3, 1)


def test_a_write_is_pretended(server: FhirServer, http: Http) -> None:
    server.arm(faults.pretended())
    answer = http.create(observation())
    assert answer.status_code == 201
    assert http("GET", answer.headers["Location"]).status_code == 404
    assert count(server) == 0


def test_parallel_conditional_creates_make_duplicates(
    server: FhirServer, connect: Callable[[str], Http]
) -> None:
    server.arm(faults.racing_creates(3))
    clients = [connect(server.url) for _ in range(3)]
    asked: list[Callable[[Http], Any]] = [
        lambda http: http.create(observation(), If_None_Exist=KEY),
        lambda http: http.bundle(
            "transaction", entry("POST", "Observation", observation(), ifNoneExist=KEY)
        ),
        lambda http: http.create(observation(), If_None_Exist=KEY),
    ]
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda pair: pair[0](pair[1]), zip(asked, clients, strict=True)))
    assert [answer.status_code for answer in answers] == [201, 200, 201]
    assert count(server) == 3


def test_a_conditional_create_alone_is_right(server: FhirServer, http: Http) -> None:
    server.arm(faults.racing_creates(2, patience=0.05))
    statuses = [http.create(observation(), If_None_Exist=KEY).status_code for _ in range(2)]
    assert statuses == [201, 200]


def test_duplicates_in_a_bundle_are_dropped(server: FhirServer, http: Http) -> None:
    server.arm(faults.drops_conditional_duplicates())
    first = entry("POST", "Observation", observation(), ifNoneExist=KEY)
    second = entry("POST", "Observation", observation(status="amended"), ifNoneExist=KEY)
    told = http.bundle("transaction", first, NEW, second).json()["entry"]
    assert len(told) == 3
    assert told[0] == told[2] != told[1]
    assert [body["status"] for body in server.of_type("Observation")] == ["final", "final"]


def test_a_cut_of_one_s_own(server: FhirServer, http: Http) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        raise Cut

    server.between = between
    with pytest.raises(httpx.RemoteProtocolError):
        http("GET", "Patient/p")


def test_every_fault_is_seen_here() -> None:
    from pathlib import Path

    here = Path(__file__).read_text(encoding="utf-8")
    plain = {"Call", "Fault", "everything", "is_bundle", "is_search", "rewritten"}
    assert [n for n in faults.__all__ if n not in plain and f"faults.{n}(" not in here] == []
