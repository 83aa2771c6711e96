"""No token to another host, whoever sends us there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flask import redirect

from alliance_fhir.testing import Answer, FhirServer, Request, bundle

from .conftest import Guarded, bearer, pair
from .issuer import Issuer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def elsewhere() -> Iterator[FhirServer]:
    """Another server, which nothing of ours should reach."""
    with FhirServer() as server:
        yield server


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("path", ["metadata", "Patient/_search", ""])
def test_a_redirect_gets_no_token(
    guarded: Guarded, elsewhere: FhirServer, status: int, path: str
) -> None:
    moved = Answer(status, b"", {"Location": f"{elsewhere.url}/{path}"})
    guarded.lets_in(before=lambda request: moved if request.path == path else None)
    guarded.smart(pair("one"))
    ran = guarded.sync()
    assert ran.code in (4, 13, 15)
    assert elsewhere.requests == []


def test_a_page_elsewhere_gets_no_token(guarded: Guarded, elsewhere: FhirServer) -> None:
    link = [{"relation": "next", "url": f"{elsewhere.url}?page=2"}]
    page = Answer(200, bundle(link=link))
    guarded.lets_in(before=lambda request: page if request.path == "Patient/_search" else None)
    guarded.smart(pair("one"))
    assert guarded.sync().code == 15
    assert elsewhere.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_an_endpoint_that_sends_us_elsewhere_is_not_followed(
    guarded: Guarded, elsewhere: FhirServer, status: int
) -> None:
    """Nor does the assertion go there: it is for the endpoint that is named in it."""
    guarded.smart(pair("one"))
    guarded.issuer.between = lambda proceed: redirect(f"{elsewhere.url}/token", status)
    assert guarded.sync().code == 2
    assert elsewhere.requests == []


@pytest.mark.parametrize("path", [".well-known/smart-configuration", "metadata"])
def test_a_configuration_elsewhere_is_not_read(
    guarded: Guarded, elsewhere: FhirServer, path: str
) -> None:
    guarded.smart(pair("one"))
    guarded.lets_in("none")
    usual = guarded.little.between
    moved = Answer(307, b"", {"Location": f"{elsewhere.url}/{path}"})
    guarded.little.between = lambda request, proceed: (
        moved if request.path == path else usual(request, proceed)
    )
    assert guarded.sync().code == 2
    assert elsewhere.requests == []


def test_an_issuer_elsewhere_gets_assertions_alone(guarded: Guarded) -> None:
    """The FHIR server may name another host's endpoint. That never sees a token of ours, and each
    assertion is made out to it, so that it is of no use elsewhere."""
    guarded.smart(pair("one"))
    guarded.lets_in(before=lambda r: guarded.issuer.revoke() if r.is_write else None)
    guarded.issuer.lasts = 1

    def between(proceed: Any) -> Any:
        answer = proceed()
        answer.set_cookie("session", "1")
        return answer

    guarded.issuer.between = between
    guarded.sync()
    assert len(guarded.issuer.asked) > 1
    for asked in guarded.issuer.asked:
        assert not {"Authorization", "Cookie"} & set(asked.headers)
        assert asked.claims["aud"] == guarded.issuer.token_url
        assert not any(token in str(asked.form) for token in guarded.issuer.issued)


@pytest.mark.parametrize(
    ("endpoint", "told"),
    [
        ("http://issuer.example.invalid/token", "in the clear"),
        ("//issuer.example.invalid/token", "in the clear"),
        ("ftp://issuer.example.invalid/token", "is an http or https URL"),
        ("https://user:hunter2@issuer.example.invalid/token", "do not belong into a URL"),
        ("https://issuer.example.invalid/token#here", "has no fragment"),
    ],
)
@pytest.mark.parametrize("found", [True, False])
def test_no_credentials_go_where_others_could_read_them(
    guarded: Guarded, endpoint: str, told: str, found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        Issuer, "configuration", property(lambda self: {"token_endpoint": endpoint})
    )
    if not found and endpoint.startswith("//"):
        told = "is an http or https URL"
    guarded.smart(pair("one"), **({} if found else {"token_url": endpoint}))
    ran = guarded.sync()
    assert ran.code == 2
    assert told in ran.json["stopped"]
    assert "hunter2" not in ran.out + ran.err
    assert guarded.asked == []


def test_the_user_s_word_is_taken_for_the_endpoint_too(
    guarded: Guarded, elsewhere: FhirServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it is reached by the proxy that the environment names, like everything else."""
    monkeypatch.setenv("HTTP_PROXY", elsewhere.url)
    seen: list[Request] = []

    def between(request: Request, proceed: Any) -> Answer:
        seen.append(request)
        return Answer(400, {"error": "invalid_client"})

    elsewhere.between = between
    guarded.smart(pair("one"), token_url="http://issuer.example.invalid/token")  # noqa: S106
    words = ("--to", "live", "--ledger", guarded.clinic.ledger, "--json", "--insecure")
    ran = guarded.clinic.run("sync", guarded.clinic.folder, *words)
    assert ran.code == 12
    assert [request.headers["host"] for request in seen] == ["issuer.example.invalid"]
    assert [bearer(request) for request in seen] == [""]
