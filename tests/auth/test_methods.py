"""The table of methods, the methods that need no one else, and the settings of all."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import httpx
import pytest

from alliance_fhir import Settings, open_target
from alliance_fhir.errors import BadReply, ConfigError
from alliance_fhir.testing import Answer, FhirServer, Request
from alliance_fhir.transport.auth import METHODS, BearerToken, Method, method
from alliance_fhir.transport.client import Client

from .conftest import Guarded, bearer, pair, secret_file

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "p4ssword-that-nobody-may-see"  # noqa: S105 - that is what is tested


@pytest.fixture
def elsewhere() -> Iterator[FhirServer]:
    """Another server, which nothing of ours should reach."""
    with FhirServer() as server:
        yield server


def settings_of(name: str, folder: Path) -> dict[str, Any]:
    """Settings that do for each method."""
    secret_file(folder / "keys.json", pair("one").private)
    secret_file(folder / "secret", PASSWORD)
    client = {"client_id": "c", "token_url": "https://issuer.example.invalid/token"}
    return {
        "method": name,
        **{
            "none": {},
            "basic": {"user": "east", "password_file": "secret"},
            "bearer": {"token_file": "secret"},
            "smart": {**client, "key_file": "keys.json", "scopes": ["system/*.rs"]},
            "client-secret": {**client, "secret_file": "secret"},
        }[name],
    }


@pytest.mark.parametrize("name", METHODS)
def test_each_method_comes_from_its_settings_and_shows_no_secret(tmp_path: Path, name: str) -> None:
    told = settings_of(name, tmp_path)
    made = method(told, tmp_path)
    assert type(made) is METHODS[name]
    assert get_args(made.settings.model_fields["method"].annotation) == (name,)
    shown = repr(made) + str(made)
    assert PASSWORD not in shown
    if name == "smart":
        told = json.loads((tmp_path / "keys.json").read_text())
        assert told["d"] not in repr(vars(made))


@pytest.mark.parametrize("name", METHODS)
def test_each_method_tells_what_is_wrong_with_its_settings(tmp_path: Path, name: str) -> None:
    told = settings_of(name, tmp_path)
    with pytest.raises(ConfigError) as wrong:
        method({**told, "password": PASSWORD}, tmp_path, "targets.live.auth")
    assert str(wrong.value) == "targets.live.auth.password: is no key that we know"
    for key in set(told) - {"method", "token_url", "scopes"}:
        if METHODS[name].settings.model_fields[key].is_required():
            with pytest.raises(ConfigError, match=rf"^auth\.{key}: is missing; add it$"):
                method({k: v for k, v in told.items() if k != key}, tmp_path)


@pytest.mark.parametrize("told", [{}, {"method": "kerberos"}, {"method": ["none"]}])
def test_a_method_that_there_is_not(told: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"^auth\.method: must be one of none, basic, bearer, "):
        method(told)


@pytest.mark.parametrize("name", METHODS)
def test_no_method_sends_anything_to_another_server(
    tmp_path: Path, little: FhirServer, elsewhere: FhirServer, name: str
) -> None:
    """Whoever hands our requests on: the credentials themselves hold on to their server."""
    made = method(settings_of(name, tmp_path), tmp_path)
    with Client(little.url, made), httpx.Client(auth=made) as other:
        for url in (elsewhere.url, little.url.replace("127.0.0.1", "localhost")):
            with pytest.raises(BadReply, match="another server"):
                other.get(url)
    with pytest.raises(ConfigError, match="each needs its own"):
        Client(elsewhere.url, made)
    assert elsewhere.requests == []


def shown(requests: list[Request]) -> set[str]:
    """What requests bore."""
    return {bearer(request) for request in requests}


def test_user_and_password(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLIANCE_FHIR_PASSWORD", PASSWORD)
    monkeypatch.setattr(guarded.issuer, "admits", lambda headers: True)
    guarded.says(method="basic", user="\u00fcser")
    ran = guarded.sync()
    assert ran.code == 0
    expected = b64encode(f"\u00fcser:{PASSWORD}".encode()).decode()
    assert shown(guarded.little.requests) == {f"Basic {expected}"}
    assert PASSWORD not in ran.out + ran.err


@pytest.mark.parametrize(("user", "password"), [("a:b", "x"), ("a\n", "x"), ("a", "x\ny")])
def test_a_password_that_no_header_holds(
    guarded: Guarded, user: str, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLIANCE_FHIR_PASSWORD", password)
    guarded.says(method="basic", user=user)
    ran = guarded.sync()
    assert ran.code == 2
    assert "a user has no colon" in ran.json["stopped"]


def test_a_wrong_password_is_tried_once(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLIANCE_FHIR_PASSWORD", PASSWORD)
    guarded.says(method="basic", user="east")
    assert guarded.sync().code == 12
    assert len(guarded.asked) == 1


def test_none_means_none(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLIANCE_FHIR_TOKEN", PASSWORD)
    monkeypatch.setattr(guarded.issuer, "admits", lambda headers: True)
    guarded.says(method="none")
    assert guarded.sync().code == 0
    assert shown(guarded.little.requests) == {""}


def test_a_token_that_is_asked_for_must_be_there(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded.says(method="bearer", token_env="EAST_TOKEN")  # noqa: S106 - a variable
    ran = guarded.sync()
    assert ran.code == 2
    assert "the bearer token is missing: EAST_TOKEN is not set" in ran.json["stopped"]
    monkeypatch.setenv("EAST_TOKEN", f"Bearer {PASSWORD}")
    ran = guarded.sync()
    assert ran.code == 2
    assert "EAST_TOKEN holds no bearer token" in ran.json["stopped"]
    assert PASSWORD not in ran.out + ran.err


def test_a_token_in_a_file_is_read_again_when_it_is_refused(guarded: Guarded) -> None:
    """Somebody else renews it, while we run."""
    file = secret_file(guarded.clinic.folder / "token", "old")
    guarded.says(method="bearer", token_file="token")  # noqa: S106 - a file's name
    writes: list[Request] = []

    def between(request: Request, proceed: Any) -> Answer:
        if request.is_write:
            writes.append(request)
            file.write_text("new\n")
        good = "new" if writes else "old"
        return proceed() if bearer(request) == f"Bearer {good}" else Answer(401)

    guarded.little.between = between
    assert guarded.sync().code == 0
    guarded.whole()
    assert shown(guarded.asked) == {"Bearer old", "Bearer new"}
    assert [r.body for r in writes].count(writes[0].body) == 2


def test_a_token_in_a_file_that_stays_the_same_is_not_sent_again(guarded: Guarded) -> None:
    secret_file(guarded.clinic.folder / "token", "old")
    guarded.says(method="bearer", token_file="token")  # noqa: S106 - a file's name
    assert guarded.sync().code == 12
    assert len(guarded.asked) == 1


def test_a_token_s_variable_stands_in_one_place(guarded: Guarded) -> None:
    guarded.says(method="none", more='[targets.live.tls]\nca_file = ""')
    settings = guarded.clinic.folder / "alliance.toml"
    told = settings.read_text().replace("[targets.live]\n", '[targets.live]\ntoken_env = "T"\n')
    settings.write_text(told)
    ran = guarded.sync()
    assert ran.code == 2
    assert "targets.live.token_env: with an [auth] table" in ran.json["stopped"]


def test_the_same_from_python(guarded: Guarded, naps: list[float], tmp_path: Path) -> None:
    """By settings, and by whatever else speaks for us, which the settings do not know."""
    guarded.smart(pair("one"))
    folder = guarded.clinic.folder
    told = {
        "method": "smart",
        "client_id": "alliance-nightly",
        "key_file": str(folder / "keys.json"),
        "scopes": ["system/Patient.rs"],
    }
    targets = {"live": {"url": guarded.little.url, "auth": told}}
    settings = Settings.model_validate({"source": "clinic-east", "targets": targets})
    open_target("live", settings).close()
    (token,) = guarded.issuer.issued
    open_target(guarded.little.url, settings, auth=BearerToken(token)).close()

    class Signed(httpx.Auth):
        def auth_flow(self, request: httpx.Request) -> Any:
            request.headers["Authorization"] = f"Bearer {token}"
            yield request

    open_target("live", settings, auth=Signed()).close()
    assert shown(guarded.asked) == {f"Bearer {token}"}
    assert not isinstance(Signed(), Method)
