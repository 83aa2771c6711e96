"""SMART Backend Services, from alliance.toml to an authorization server that checks everything."""

from __future__ import annotations

import json
import stat
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from alliance_fhir.testing import Answer

from .conftest import Discovery, Guarded, Kind, bearer, pair, secret_file
from .issuer import CLIENT, SCOPES, error

if TYPE_CHECKING:
    from pathlib import Path


def secrets(guarded: Guarded) -> list[str]:
    """Whatever nobody may see: private parts of keys, assertions, tokens."""
    keys = json.loads((guarded.clinic.folder / "keys.json").read_text())["keys"]
    assertions = [asked.form["client_assertion"] for asked in guarded.issuer.asked]
    return [*(key["d"] for key in keys), *assertions, *guarded.issuer.issued]


def test_a_token_is_asked_for_once_and_goes_to_the_server_alone(guarded: Guarded) -> None:
    guarded.smart(pair("2026-11"))
    before = time.time()
    ran = guarded.sync()
    assert (ran.code, ran.err) == (0, "")
    guarded.whole()
    (asked,) = guarded.issuer.asked
    (token,) = guarded.issuer.issued
    assert asked.header == {"alg": "ES384", "kid": "2026-11", "typ": "JWT"}
    assert set(asked.claims) == {"iss", "sub", "aud", "exp", "jti"}
    assert asked.claims["iss"] == asked.claims["sub"] == CLIENT
    assert asked.claims["aud"] == guarded.issuer.token_url
    assert before < asked.claims["exp"] <= time.time() + 300
    assert set(asked.form) == {"grant_type", "scope", "client_assertion_type", "client_assertion"}
    assert asked.form["scope"] == SCOPES
    assert "Authorization" not in asked.headers
    public = [r.path for r in guarded.little.requests if not bearer(r)]
    assert public == [".well-known/smart-configuration"]
    assert {bearer(r) for r in guarded.asked} == {f"Bearer {token}"}
    kept = [f.read_bytes() for f in guarded.clinic.folder.rglob("*.*") if f.name != "keys.json"]
    for secret in secrets(guarded):
        assert secret not in ran.out + ran.err
        assert not any(secret.encode() in content for content in kept)


@pytest.mark.parametrize("kind", ["RS384", "ES384"])
@pytest.mark.parametrize("by", ["well-known", "statement"])
def test_both_algorithms_and_both_ways_to_say_where(
    guarded: Guarded, kind: Kind, by: Discovery
) -> None:
    guarded.lets_in(by)
    guarded.smart(pair("one", kind))
    assert guarded.sync().code == 0
    guarded.whole()
    assert guarded.issuer.asked[0].header["alg"] == kind


def test_the_endpoint_may_be_set(guarded: Guarded) -> None:
    guarded.lets_in("none")
    guarded.smart(pair("one"), token_url=guarded.issuer.token_url)
    assert guarded.sync().code == 0
    assert all(bearer(r) for r in guarded.little.requests)


def test_a_server_that_does_not_say_where_is_told(guarded: Guarded) -> None:
    guarded.lets_in("none")
    guarded.smart(pair("one"))
    ran = guarded.sync()
    assert ran.code == 2
    assert "set token_url" in ran.json["stopped"]
    assert guarded.asked == []


@pytest.mark.parametrize(
    "page", [b"<html>", b'{"token_endpoint": 7}', b'{"token_endpoint": "http://[::1"}', b"[]"]
)
def test_a_configuration_that_is_none_counts_as_none(guarded: Guarded, page: bytes) -> None:
    guarded.smart(pair("one"))
    usual = guarded.little.between
    guarded.little.between = lambda request, proceed: (
        Answer(200, page) if "well-known" in request.path else usual(request, proceed)
    )
    ran = guarded.sync()
    assert ran.code == 2
    assert "set token_url" in ran.json["stopped"]


# --- several keys


def test_the_next_key_is_tried_where_one_is_not_known_there_yet(guarded: Guarded) -> None:
    new, old = pair("new"), pair("old")
    guarded.smart(new, old)
    guarded.issuer.clients[CLIENT].keys = [old.public]
    guarded.lets_in(before=lambda r: guarded.issuer.revoke() if len(guarded.asked) == 5 else None)
    assert guarded.sync().code == 0
    guarded.whole()
    kids = [asked.header["kid"] for asked in guarded.issuer.asked]
    assert kids == ["new", "old", "old"]  # the last time it was known which one is


def test_a_key_is_chosen_by_what_the_server_takes(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auth.issuer.ALGORITHMS", ["ES384"])
    guarded.smart(pair("rsa", "RS384"), pair("ec"))
    assert guarded.sync().code == 0
    assert [asked.header["kid"] for asked in guarded.issuer.asked] == ["ec"]


def test_no_key_for_what_the_server_takes(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auth.issuer.ALGORITHMS", ["RS384"])
    guarded.smart(pair("ec"))
    ran = guarded.sync()
    assert ran.code == 2
    assert "RS384" in ran.json["stopped"]
    assert guarded.issuer.asked == []


def test_a_key_that_nobody_knows(guarded: Guarded, naps: list[float]) -> None:
    guarded.smart(pair("first"), pair("second"))
    guarded.issuer.clients[CLIENT].keys = [pair("third").public]
    ran = guarded.sync()
    told = ran.json["stopped"]
    assert ran.code == 12
    assert "(invalid_client): is this client registered there" in told
    assert f"Client {CLIENT}, keys tried: first, second" in told
    assert not any(secret in ran.out + ran.err for secret in secrets(guarded))
    assert guarded.asked == []
    assert naps == []


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_clock_that_is_wrong_is_named(
    guarded: Guarded, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An assertion of an hour ago has expired; how far the clocks differ is in the message."""

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(UTC) + timedelta(hours=hours)

    ours = SimpleNamespace(time=lambda: time.time() + hours * 3600)
    monkeypatch.setattr("alliance_fhir.transport.auth.keys.time", ours)
    monkeypatch.setattr("alliance_fhir.transport.auth.endpoint.datetime", Shifted)
    guarded.smart(pair("one"))
    if hours > 0:  # Authlib lets these pass; others do not
        guarded.issuer.between = lambda proceed: error(400, "invalid_client")
    ran = guarded.sync()
    assert ran.code == 12
    way = "ahead of" if hours > 0 else "behind"
    words = ran.json["stopped"].partition("This machine's clock is ")[2].split()
    assert abs(int(words[0]) - 7200) <= 2
    assert " ".join(words[2:]).startswith(f"{way} the server's.")


# --- key files


def test_a_key_that_others_can_read_is_not_used(guarded: Guarded) -> None:
    guarded.smart(pair("one"))
    file = guarded.clinic.folder / "keys.json"
    for mode in (stat.S_IRGRP, stat.S_IROTH, stat.S_IWGRP):
        file.chmod(0o600 | mode)
        ran = guarded.sync()
        assert ran.code == 2
        assert ran.json["stopped"].endswith(
            "keys.json: others can read this secret; run chmod 600 on it"
        )
    assert guarded.little.requests == []


def generated(kind: str) -> dict[str, Any]:
    """Keys that will not do."""
    private = pair("one").private
    return {
        "public": pair("one").public,
        "no kid": {k: v for k, v in private.items() if k != "kid"},
        "short": {**RSAKey.generate_key(1024).as_dict(private=True), "kid": "one"},
        "curve": {**ECKey.generate_key("P-256").as_dict(private=True), "kid": "one"},
        "shared": {**OctKey.generate_key(256).as_dict(private=True), "kid": "one"},
        "alg": {**private, "alg": "ES256"},
        "broken": {**private, "x": "!"},
        "cut": {k: v for k, v in private.items() if k != "x"},
    }[kind]


KEYS = {
    "public": "is a public key",
    "no kid": "has no `kid`",
    "short": "is too short",
    "curve": "is none that SMART servers take",
    "shared": "is none that SMART servers take",
    "alg": "is none that SMART servers take",
    "broken": "is no JSON Web Key that can be read",
    "cut": "is no JSON Web Key that can be read",
}


@pytest.mark.filterwarnings("ignore:.*key.*:UserWarning")
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("kind", KEYS)
def test_a_key_that_will_not_do_is_told_without_it(guarded: Guarded, kind: str) -> None:
    guarded.smart(pair("one"))
    key = generated(kind)
    secret_file(guarded.clinic.folder / "keys.json", {"keys": [pair("two").private, key]})
    ran = guarded.sync()
    assert ran.code == 2
    assert f"keys.json: key 2: {KEYS[kind]}" in ran.json["stopped"]
    for part in ("d", "k", "x", "n"):
        assert str(key.get(part, "no-such-part")) not in ran.out + ran.err or len(key[part]) < 9
    assert guarded.little.requests == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"keys": []}', "there is no key in this set"),
        ('{"keys": 7}', "must be a JSON Web Key"),
        ("-----BEGIN PRIVATE KEY-----", "must be a JSON Web Key"),
        ("", "must be a JSON Web Key"),
        (None, "No such file"),
    ],
)
def test_a_file_that_holds_no_key(guarded: Guarded, content: str | None, why: str) -> None:
    guarded.smart(pair("one"))
    file: Path = guarded.clinic.folder / "keys.json"
    file.unlink()
    if content is not None:
        secret_file(file, content)
    ran = guarded.sync()
    assert ran.code == 2
    assert f"keys.json: {why}" in ran.json["stopped"]


def test_one_key_alone_is_a_set_of_one(guarded: Guarded) -> None:
    key = pair("one")
    guarded.smart(key)
    secret_file(guarded.clinic.folder / "keys.json", key.private)
    assert guarded.sync().code == 0
