"""Client credentials with a secret, in both ways of sending it."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote_plus

import pytest

from alliance_fhir.testing import Answer

from .conftest import Guarded, bearer, secret_file
from .issuer import Registered

if TYPE_CHECKING:
    from alliance_fhir.testing import FhirServer

PLAIN = "s3cret-that-nobody-may-see"
ODD = "s3cret:with/all & of+them%20=?\u00fc"
SentBy = Literal["basic", "post"]


def with_secret(guarded: Guarded, secret: str, sent_by: SentBy = "basic", **more: Any) -> None:
    """Registers a client with this secret, and sets it up."""
    method = f"client_secret_{sent_by}"
    guarded.issuer.register(Registered("east", method, secret=secret, scope="write"))
    told = {"client_id": "east", "token_url": guarded.issuer.token_url, "sent_by": sent_by}
    guarded.says(method="client-secret", **{**told, **more})


@pytest.mark.parametrize("sent_by", ["basic", "post"])
def test_a_token_for_a_secret(
    guarded: Guarded, sent_by: SentBy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLIANCE_FHIR_SECRET", f" {PLAIN}\n")
    with_secret(guarded, PLAIN, sent_by, scopes=["write"], audience="https://fhir.example.invalid")
    ran = guarded.sync()
    assert ran.code == 0
    guarded.whole()
    (asked,) = guarded.issuer.asked
    own = {"client_id": "east", "client_secret": PLAIN} if sent_by == "post" else {}
    audience = "https://fhir.example.invalid"
    common = {"grant_type": "client_credentials", "scope": "write", "audience": audience}
    assert asked.form == {**common, **own}
    (token,) = guarded.issuer.issued
    assert {bearer(r) for r in guarded.little.requests} == {f"Bearer {token}"}
    kept = [f.read_bytes() for f in guarded.clinic.folder.rglob("*.*")]
    for secret in (PLAIN, token):
        assert secret not in ran.out + ran.err
        assert not any(secret.encode() in content for content in kept)


def test_a_secret_in_the_header_is_encoded_twice(guarded: Guarded) -> None:
    """RFC 6749, 2.3.1, after RFC 7617. Authlib undoes the second alone, as many servers do."""
    secret_file(guarded.clinic.folder / "secret", f"{ODD}\n")
    with_secret(guarded, ODD, secret_file="secret")  # noqa: S106 - a file's name
    guarded.sync()
    shown = guarded.issuer.asked[0].headers["Authorization"].partition(" ")[2]
    client, _, secret = b64decode(shown).decode().partition(":")
    assert (client, unquote_plus(secret)) == ("east", ODD)
    assert ":" not in secret


def test_a_secret_in_the_form_may_hold_anything(guarded: Guarded) -> None:
    secret_file(guarded.clinic.folder / "secret", f"{ODD}\n")
    with_secret(guarded, ODD, "post", secret_file="secret")  # noqa: S106 - a file's name
    assert guarded.sync().code == 0


def test_a_secret_that_is_wrong(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EAST_SECRET", PLAIN)
    with_secret(guarded, "another", secret_env="EAST_SECRET")  # noqa: S106 - a variable
    ran = guarded.sync()
    assert ran.code == 12
    assert "(invalid_client): is this client registered there" in ran.json["stopped"]
    assert PLAIN not in ran.out + ran.err
    assert guarded.little.requests == []


def test_a_secret_that_is_missing_or_readable(guarded: Guarded) -> None:
    with_secret(guarded, PLAIN)
    ran = guarded.sync()
    assert ran.code == 2
    assert "the client's secret is missing: ALLIANCE_FHIR_SECRET is not set" in ran.json["stopped"]
    with_secret(guarded, PLAIN, secret_file="secret")  # noqa: S106 - a file's name
    file = guarded.clinic.folder / "secret"
    secret_file(file, "")
    assert "the file is empty" in guarded.sync().json["stopped"]
    file.write_bytes(b"\xff\xfe")
    assert "is no text in UTF-8" in guarded.sync().json["stopped"]
    file.chmod(0o640)
    assert "run chmod 600 on it" in guarded.sync().json["stopped"]
    assert guarded.issuer.asked == []


def test_a_secret_goes_nowhere_that_the_user_did_not_name(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The FHIR server names a token endpoint elsewhere: an assertion may go there, no secret."""
    monkeypatch.setenv("ALLIANCE_FHIR_SECRET", PLAIN)
    with_secret(guarded, PLAIN, token_url="")
    ran = guarded.sync()
    assert ran.code == 2
    assert "set token_url to it in [targets.NAME.auth]" in ran.json["stopped"]
    assert guarded.issuer.asked == []
    assert guarded.asked == []


def test_an_endpoint_at_the_same_server_may_be_found(
    guarded: Guarded, little: FhirServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the FHIR server gives tokens itself."""
    monkeypatch.setenv("ALLIANCE_FHIR_SECRET", PLAIN)
    with_secret(guarded, PLAIN, token_url="")
    usual = little.between
    found = {"token_endpoint": "token"}  # relative, as some have it
    given = {"access_token": "abc", "token_type": "bearer", "expires_in": 60}
    monkeypatch.setattr(guarded.issuer, "admits", lambda headers: True)
    answers = {".well-known/smart-configuration": found, "token": given}
    little.between = lambda request, proceed: (
        Answer(200, answers[request.path]) if request.path in answers else usual(request, proceed)
    )
    assert guarded.sync().code == 0
    assert {bearer(r)[:6] for r in little.requests if r.path == "token"} == {"Basic "}
