"""What must never happen: a token elsewhere, patients' data in the clear or in a message."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import httpx
import pytest
import respx
from httpx._config import create_ssl_context

from alliance_fhir import open_target
from alliance_fhir.config import Settings
from alliance_fhir.domain.records import Identifier
from alliance_fhir.errors import ConfigError
from alliance_fhir.fhir.elements import Person
from alliance_fhir.testing import Answer, Cut, Request, bundle, outcome
from alliance_fhir.testing import FhirServer as LittleServer
from alliance_fhir.transport.address import checked_base
from alliance_fhir.transport.auth import BearerToken, from_environment
from alliance_fhir.transport.client import Client

from .conftest import FIRST, Syncing, instead, of_group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOKEN = "t0k3n-that-nobody-may-see"  # noqa: S105 - that is what is tested
STATEMENT = {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"}
SETTINGS = Settings(source="clinic-east")


@pytest.fixture
def elsewhere() -> Iterator[LittleServer]:
    """Another server, which nothing of ours should reach."""
    with LittleServer() as server:
        yield server


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    """A token in the environment."""
    monkeypatch.setenv("ALLIANCE_FHIR_TOKEN", TOKEN)
    return TOKEN


# --- tokens


def test_every_request_bears_the_token_and_nothing_else_does(clinic: Syncing, token: str) -> None:
    ran = clinic.sync()
    verified = clinic.verify()
    told = {request.headers.get("authorization") for request in clinic.little.requests}
    assert told == {f"Bearer {token}"}
    assert token not in ran.out + ran.err + verified.out + verified.err
    files = [file for file in clinic.folder.rglob("*") if file.is_file()]
    assert clinic.ledger in files
    assert not any(token.encode() in file.read_bytes() for file in files)


def test_without_a_token_none_is_sent(clinic: Syncing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLIANCE_FHIR_TOKEN", "  ")
    clinic.sync()
    assert {request.headers.get("authorization") for request in clinic.little.requests} == {None}


def test_a_target_may_name_its_own_variable(
    clinic: Syncing, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EAST_TOKEN", "another")
    settings = clinic.folder / "alliance.toml"
    named = f'\n[targets.east]\nurl = "{clinic.little.url}"\ntoken_env = "EAST_TOKEN"\n'
    settings.write_text(settings.read_text() + named)
    assert clinic.run("sync", clinic.folder, "--to", "east").code == 0
    told = {request.headers.get("authorization") for request in clinic.little.requests}
    assert told == {"Bearer another"}


def test_no_repr_shows_a_token(little: LittleServer, token: str, naps: list[float]) -> None:
    auth = from_environment()
    assert isinstance(auth, BearerToken)
    with Client(little.url, auth) as client:
        target = open_target(little.url, SETTINGS)
        for thing in (auth, client, target, vars(client), vars(target)):
            assert token not in repr(thing)
            assert token not in str(thing)
        target.close()


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_refused_is_not_told(clinic: Syncing, token: str, status: int) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        return Answer(status, outcome("login", request.headers["authorization"]))

    clinic.little.between = between
    ran = clinic.sync()
    assert ran.code == 12
    assert token not in ran.out + ran.err


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(
    clinic: Syncing, elsewhere: LittleServer, token: str, status: int
) -> None:
    there = {"Location": elsewhere.url}
    clinic.little.between = instead(Answer(status, b"", there))
    ran = clinic.sync()
    assert ran.code == 4
    assert ran.json["resources"]["rejected"] == 6
    assert elsewhere.requests == []
    assert elsewhere.url not in ran.out + ran.err
    clinic.whole()


@pytest.mark.parametrize("what", ["metadata", "Patient/_search", "Observation/_search"])
def test_no_read_is_redirected_either(
    clinic: Syncing, elsewhere: LittleServer, token: str, what: str
) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        moved = Answer(307, b"", {"Location": f"{elsewhere.url}/{what}"})
        return moved if request.path == what else proceed()

    clinic.little.between = between
    ran = clinic.sync()
    assert ran.code in (13, 15)
    assert elsewhere.requests == []


def test_a_page_elsewhere_is_not_asked_for(
    clinic: Syncing, elsewhere: LittleServer, token: str
) -> None:
    link = [{"relation": "next", "url": f"{elsewhere.url}?page=2"}]

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        found = Answer(200, bundle(link=link))
        return found if request.path == "Patient/_search" else proceed()

    clinic.little.between = between
    assert clinic.sync().code == 15
    assert elsewhere.requests == []


@pytest.mark.parametrize(
    "wrong",
    [
        f"Bearer {TOKEN}",
        f"{TOKEN}\n{TOKEN}",
        f"{TOKEN}\r\nX-Other: 1",
        f"{TOKEN}\u2026",
        f"\ufeff{TOKEN}",
        f"{TOKEN}\x7f",
    ],
    ids=ascii,
)
def test_a_token_that_is_none_is_not_sent_and_not_told(
    clinic: Syncing,
    wrong: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("ALLIANCE_FHIR_TOKEN", wrong)
    ran = clinic.sync()
    assert ran.code == 2
    assert "ALLIANCE_FHIR_TOKEN" in ran.json["stopped"]
    assert TOKEN not in ran.out + ran.err + caplog.text
    assert clinic.little.requests == []


def pages_by_get(little: LittleServer) -> Callable[[Request, Callable[[], Answer]], Answer]:
    """A server that searches by GET alone, and says in its paging links what was searched."""

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if request.path.endswith("_search"):
            return Answer(405)
        if "page" in request.query:
            return Answer(200, bundle())
        answer = proceed()
        if not request.is_search or "identifier" not in request.query:
            return answer
        assert isinstance(answer.body, dict)
        query = urlencode({**request.query, "page": "2"})
        link = [{"relation": "next", "url": f"{little.url}/{request.path}?{query}"}]
        return Answer(200, {**answer.body, "link": link})

    return between


@pytest.mark.parametrize("trouble", [None, Cut, Answer(503, outcome("transient"))], ids=str)
def test_no_log_holds_a_token_or_a_patient_s_data(
    clinic: Syncing,
    token: str,
    trouble: Answer | type[Cut] | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What httpx and httpcore log of requests, at their most talkative."""
    caplog.set_level(logging.DEBUG)
    clinic.write(SECRET)
    clinic.little.put(**{**clinic.little.of_type("Patient")[0], "identifier": SECRET.identifiers})
    usual = pages_by_get(clinic.little)

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if trouble is None or not of_group(request, SECRET):
            return usual(request, proceed)
        if isinstance(trouble, Answer):
            return trouble
        raise trouble

    clinic.little.between = between
    assert clinic.sync().code == (11 if trouble else 0)
    assert any(SECRET.patient in str(request.query) for request in clinic.little.requests)
    assert {"httpx", "httpcore.http11"} <= {record.name for record in caplog.records}
    assert f"{clinic.little.url}/Patient" in caplog.text
    assert token not in caplog.text
    assert SECRET.patient not in caplog.text
    assert SECRET.answers not in caplog.text


def test_the_logs_of_others_are_theirs(
    little: LittleServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with Client("https://fhir.example.invalid/r4"):
        httpx.get(f"{little.url}/metadata?mine=1")
    with Client(little.url):
        pass
    httpx.get(f"{little.url}/metadata?mine=2")
    assert "mine=1" in caplog.text
    assert "mine=2" in caplog.text


# --- addresses


@pytest.mark.parametrize(
    "base",
    [
        "http://localhost:8080/fhir",
        "http://LOCALHOST/fhir",
        "http://127.0.0.1:8080/fhir",
        "http://[::1]:8080/fhir",
        "https://fhir.example.invalid/r4",
        "HTTPS://fhir.example.invalid/r4",
    ],
)
def test_this_machine_and_https_are_all_right(base: str) -> None:
    assert checked_base(base) == base
    assert checked_base(f"{base}/") == base


@pytest.mark.parametrize(
    "base",
    [
        "http://fhir.example.invalid/r4",
        "http://127.0.0.1.example.invalid/fhir",
        "http://localhost.example.invalid/fhir",
        "http://0.0.0.0/fhir",
        "http://10.0.0.7/fhir",
        "http://[::2]/fhir",
    ],
)
def test_http_to_another_machine_needs_the_user_s_word(base: str) -> None:
    with pytest.raises(ConfigError, match="--insecure"):
        checked_base(base)
    assert checked_base(base, insecure=True) == base


@pytest.mark.parametrize(
    "base",
    [
        "ftp://localhost/fhir",
        "http:///fhir",
        "https://host/fhir?token=abc",
        "https://host/fhir#top",
        "https://user:hunter2@host/fhir",
        "https://user@host/fhir",
        "https://:hunter2@host/fhir",
        "http://user:hunter2@localhost/fhir",
        "http://localhost:abc/fhir",
        "http://localhost:99999/fhir",
        "http://[::1/fhir",
        "https://[host]/fhir",
        "https://host/fh\nir",
        "https://host/fh ir",
        "https://host/\u2028fhir",
        "https://@host/fhir",
        "https://host/fhir?",
        "https://host/fhir#",
        f"https://{'x' * 70000}/fhir",
        "https://xn--\u2026/fhir",
    ],
)
def test_an_address_that_is_none_is_told_without_what_is_secret_in_it(
    clinic: Syncing, base: str
) -> None:
    ran = clinic.run("sync", clinic.folder, "--to", base, "--json")
    assert ran.code == 2
    assert "hunter2" not in ran.out + ran.err
    assert "abc" not in ran.out + ran.err


@respx.mock
def test_the_user_s_word_is_taken_from_the_command_and_from_the_settings(
    clinic: Syncing, respx_mock: respx.MockRouter
) -> None:
    base = "http://fhir.example.invalid/r4"
    asked = respx.get(f"{base}/metadata").respond(503)
    assert clinic.run("sync", clinic.folder, "--to", base).code == 2
    assert not asked.called
    assert clinic.run("sync", clinic.folder, "--to", base, "--insecure").code == 11
    settings = clinic.folder / "alliance.toml"
    named = f'\n[targets.lan]\nurl = "{base}"\ninsecure = true\n'
    settings.write_text(settings.read_text() + named)
    calls = asked.call_count
    assert clinic.run("sync", clinic.folder, "--to", "lan").code == 11
    assert asked.call_count > calls


@respx.mock
def test_https_is_asked_as_fhir_is(naps: list[float]) -> None:
    base = "https://fhir.example.invalid/r4"
    asked = respx.get(f"{base}/metadata").respond(json=STATEMENT)
    searched = respx.post(f"{base}/Patient/_search").respond(json=bundle())
    target = open_target(f"{base}/", SETTINGS)
    target.resolve([Person("Patient", Identifier("urn:example:mrn", "1001"))])
    target.close()
    assert target.version.full == "4.0.1"
    for route, cache in ((asked, "max-age=60"), (searched, "no-cache")):
        headers = route.calls.last.request.headers
        assert headers["Accept"] == "application/fhir+json"
        assert headers["Cache-Control"] == cache
        assert "Authorization" not in headers


@respx.mock
@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut"),
        httpx.ReadError("cut"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_server_that_is_not_there_is_told(clinic: Syncing, error: httpx.HTTPError) -> None:
    respx.get("https://fhir.example.invalid/r4/metadata").mock(side_effect=error)
    ran = clinic.run("sync", clinic.folder, "--to", "https://fhir.example.invalid/r4", "--json")
    assert ran.code == 11
    assert type(error).__name__ in ran.json["stopped"]


def test_a_proxy_has_no_business_with_this_machine(
    clinic: Syncing, elsewhere: LittleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTP_PROXY", elsewhere.url)
    assert clinic.sync().code == 0
    assert elsewhere.requests == []


@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_no_variable_leads_what_is_local_to_a_proxy(
    little: LittleServer, naps: list[float], monkeypatch: pytest.MonkeyPatch, name: str, host: str
) -> None:
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv(name, "http://elsewhere.invalid")
    with Client(little.url.replace("127.0.0.1", host)) as client:
        assert client.get("metadata").status == 200


def test_other_machines_are_reached_by_the_proxy_that_there_is(
    elsewhere: LittleServer, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", elsewhere.url)
    with Client("http://fhir.example.invalid/fhir", insecure=True) as client:
        client.get("metadata")
    assert len(elsewhere.requests) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_PROXY", "gopher://user:hunter2@proxy.invalid"),
        ("HTTPS_PROXY", "http://user:hunter2@[::1"),
        ("ALL_PROXY", "http://user:hunter2@proxy.invalid:port"),
        ("ALL_PROXY", "socks5://user:hunter2@proxy.invalid"),
        ("SSL_CERT_FILE", "no-such-file.pem"),
        ("SSL_CERT_FILE", "alliance.toml"),
    ],
)
def test_an_environment_that_cannot_be_used_is_told(
    clinic: Syncing, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("httpx._transports.default.create_ssl_context", create_ssl_context)
    monkeypatch.chdir(clinic.folder)
    monkeypatch.setenv(name, value)
    ran = clinic.sync()
    assert ran.code == 2
    assert name in ran.json["stopped"]
    assert "hunter2" not in ran.out + ran.err


# --- patients' data

SECRET = FIRST.patient_of("SECRET-4711")


def echo(status: int) -> Callable[[Request], Answer]:
    """The server repeats what it was sent, as servers do."""
    return lambda request: Answer(
        status, outcome("value", f"{request.path} {request.query} {request.body.decode()}")
    )


def page(status: int) -> Callable[[Request], Answer]:
    """The same as a page."""
    return lambda request: Answer(status, b"<html>" + request.body + b"</html>")


def with_links(request: Request) -> Answer:
    """A page that is elsewhere, with the search in its address."""
    url = f"https://elsewhere.invalid/fhir?{request.body.decode()}"
    return Answer(200, bundle(link=[{"relation": "next", "url": url}]))


def cut(request: Request) -> Answer:
    raise Cut


ECHOES: dict[str, Callable[[Request], Answer]] = {
    **{f"an outcome, {s}": echo(s) for s in (200, 307, 400, 401, 404, 409, 422, 429, 500, 502)},
    **{f"a page, {status}": page(status) for status in (200, 400, 401, 409, 500, 503)},
    "a page elsewhere": with_links,
    "a cut": cut,
}


@pytest.mark.parametrize("where", ["search", "transaction"])
@pytest.mark.parametrize("answer", ECHOES.values(), ids=ECHOES)
def test_no_message_holds_a_patient_s_data(
    clinic: Syncing, where: str, answer: Callable[[Request], Answer]
) -> None:
    clinic.write(SECRET)
    clinic.little.put(**{**clinic.little.of_type("Patient")[0], "identifier": SECRET.identifiers})

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        searching = request.path == "Patient/_search"
        mine = searching if where == "search" else of_group(request, SECRET)
        return answer(request) if mine else proceed()

    clinic.little.between = between
    for words in ((), ("--json",)):
        ran = clinic.run("sync", clinic.folder, "--to", clinic.little.url, *words)
        assert ran.out + ran.err
        assert SECRET.patient not in ran.out + ran.err
        assert SECRET.answers not in ran.out + ran.err


def test_no_address_holds_a_patient_s_identifier(clinic: Syncing) -> None:
    clinic.write(SECRET)
    clinic.sync("--create-people")
    clinic.verify()
    for request in clinic.little.requests:
        assert SECRET.patient not in request.path
        assert SECRET.patient not in str(request.query)
