"""A proxy that the environment names: it makes the way to the server, and sees nothing of it."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import trustme

from .conftest import Guarded, bearer
from .test_tls import serving
from .tunnel import ConnectProxy, Tunnel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wire.conftest import Syncing

    from .issuer import Issuer

TOKEN = "t0ken-that-the-proxy-may-not-see"  # noqa: S105 - that is what is tested
HOST = "fhir.example.invalid"
"""Of another machine: what is on this one is never asked for through a proxy."""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who signs the server's certificate."""
    return trustme.CA()


@pytest.fixture
def proxy(
    clinic: Syncing, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ConnectProxy]:
    """The only way to that clinic's server, which speaks TLS."""
    there = urlsplit(clinic.little.url).port or 0
    with Tunnel(there, serving(authority, HOST)) as tls, ConnectProxy(tls.port) as way:
        clinic.little.url = f"https://{HOST}/fhir"
        monkeypatch.setenv("HTTPS_PROXY", f"http://us:pr0xy-secret@127.0.0.1:{way.port}")
        monkeypatch.setenv("EAST_TOKEN", TOKEN)
        yield way


@pytest.fixture
def site(clinic: Syncing, issuer: Issuer) -> Guarded:
    """That clinic, whose server asks for nothing."""
    return Guarded(clinic, issuer)


def says(site: Guarded, signer: trustme.CA) -> None:
    """What alliance.toml says: a token, and whom to trust."""
    signer.cert_pem.write_to_path(site.clinic.folder / "ca.pem")
    tls = '[targets.live.tls]\nca_file = "ca.pem"'
    site.says(method="bearer", token_env="EAST_TOKEN", more=tls)  # noqa: S106 - a variable


def test_a_proxy_is_asked_for_the_way_and_sees_no_token(
    site: Guarded, proxy: ConnectProxy, authority: trustme.CA
) -> None:
    says(site, authority)
    ran = site.sync()
    assert (ran.code, ran.err) == (0, "")
    site.whole()
    lines = [head.splitlines() for head in proxy.heads]
    assert {told[0] for told in lines} == {f"CONNECT {HOST}:443 HTTP/1.1"}
    names = {line.partition(":")[0].lower() for told in lines for line in told[1:] if line}
    assert names <= {"host", "accept", "proxy-authorization"}
    ours = f"Basic {b64encode(b'us:pr0xy-secret').decode()}"
    assert all(f"Proxy-Authorization: {ours}" in told for told in lines)
    assert len(proxy.passed) > sum(len(request.body) for request in site.little.requests)
    for secret in (TOKEN, "Bearer", "pr0xy-secret", "QuestionnaireResponse"):
        assert secret.encode() not in proxy.passed
    assert {bearer(request) for request in site.little.requests} == {f"Bearer {TOKEN}"}
    assert not any("proxy-authorization" in r.headers for r in site.little.requests)
    assert "pr0xy-secret" not in ran.out


def test_a_server_that_is_not_trusted_behind_a_proxy_gets_nothing(
    site: Guarded, proxy: ConnectProxy
) -> None:
    says(site, trustme.CA())
    ran = site.sync()
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert f"{HOST}: its certificate is not trusted (" in ran.json["stopped"]
    assert site.little.requests == []
    assert TOKEN.encode() not in proxy.passed
    assert not any(TOKEN in head for head in proxy.heads)
    assert "pr0xy-secret" not in ran.out + ran.err
