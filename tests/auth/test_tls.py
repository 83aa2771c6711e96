"""Certificates, with real TLS: whom we trust, and who we are."""

from __future__ import annotations

import ssl
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import urlsplit

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from alliance_fhir import Settings, open_target

from .conftest import Guarded, pair, secret_file
from .issuer import CLIENT, Issuer, Registered
from .tunnel import Tunnel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Ran
    from wire.conftest import Syncing

PASSWORD = "p4ssword-that-nobody-may-see"  # noqa: S105 - that is what is tested


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who signs the certificates of this site."""
    return trustme.CA()


@pytest.fixture(scope="module")
def stranger() -> trustme.CA:
    """Another authority, which nobody knows."""
    return trustme.CA()


def serving(
    authority: trustme.CA, *names: str, clients: trustme.CA | None = None, **more: Any
) -> ssl.SSLContext:
    """What a server shows; with `clients` it asks for their certificates."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("127.0.0.1",)), **more).configure_cert(made)
    if clients:
        clients.configure_trust(made)
        made.verify_mode = ssl.CERT_REQUIRED
    return made


class Secured(NamedTuple):
    """A clinic whose server stands behind TLS."""

    clinic: Syncing
    tunnel: Tunnel

    def says(self, **tls: str) -> None:
        """What alliance.toml says of certificates."""
        settings = self.clinic.folder / "alliance.toml"
        head = settings.read_text().partition("\n[targets")[0]
        lines = [f'{name} = "{value}"' for name, value in tls.items()]
        table = [f'[targets.live]\nurl = "{self.clinic.little.url}"', "[targets.live.tls]", *lines]
        settings.write_text("\n".join([head, *table]))

    def trusting(self, authority: trustme.CA, **tls: str) -> None:
        """The same, with the file of an authority."""
        authority.cert_pem.write_to_path(self.clinic.folder / "ca.pem")
        self.says(ca_file="ca.pem", **tls)

    def sync(self) -> Ran:
        """`alliance-fhir sync --json`."""
        book = ("--ledger", self.clinic.ledger, "--json")
        return self.clinic.run("sync", self.clinic.folder, "--to", "live", *book)

    def refused(self, code: int, *told: str) -> str:
        """It does not work, and is told in one line, at the first attempt."""
        ran = self.sync()
        assert ran.code == code
        assert all(words in ran.json["stopped"] for words in told), ran.json["stopped"]
        assert ran.err.count("\n") == 1
        assert self.clinic.little.requests == []
        assert PASSWORD not in ran.out + ran.err
        return ran.json["stopped"]


@pytest.fixture
def secured(clinic: Syncing) -> Iterator[Any]:
    """That clinic, once it is told what its server shows."""
    tunnels: list[Tunnel] = []

    def opened(tls: ssl.SSLContext) -> Secured:
        tunnel = Tunnel(urlsplit(clinic.little.url).port or 0, tls)
        tunnels.append(tunnel.__enter__())
        clinic.little.url = f"https://127.0.0.1:{tunnel.port}/fhir"
        return Secured(clinic, tunnel)

    yield opened
    for tunnel in tunnels:
        tunnel.__exit__(None, None, None)


# --- whom we trust


def test_an_authority_of_one_s_own(secured: Any, authority: trustme.CA) -> None:
    site = secured(serving(authority))
    site.trusting(authority)
    ran = site.sync()
    assert (ran.code, ran.err) == (0, "")
    assert len(site.clinic.little.of_type("Observation")) == 10


def test_a_certificate_that_nobody_vouches_for(
    secured: Any, authority: trustme.CA, stranger: trustme.CA, naps: list[float]
) -> None:
    site = secured(serving(authority))
    for trust in (lambda: site.says(), lambda: site.trusting(stranger)):
        trust()
        site.refused(2, "127.0.0.1: its certificate is not trusted (", "ca_file", "SSL_CERT_FILE")
    assert naps == []
    assert site.tunnel.calls == 0


def test_a_certificate_that_has_expired(secured: Any, authority: trustme.CA) -> None:
    site = secured(serving(authority, not_after=datetime.now(UTC) - timedelta(days=1)))
    site.trusting(authority)
    told = site.refused(2, "(certificate has expired); whoever runs the server must renew it")
    assert "ca_file" not in told


def test_a_certificate_that_is_not_valid_yet(secured: Any, authority: trustme.CA) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    site = secured(serving(authority, not_before=later))
    site.trusting(authority)
    site.refused(2, "(certificate is not yet valid); is this machine's clock wrong?")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_certificate_for_another_name(secured: Any, authority: trustme.CA, host: str) -> None:
    site = secured(serving(authority, "fhir.example.invalid"))
    site.clinic.little.url = site.clinic.little.url.replace("127.0.0.1", host)
    site.trusting(authority)
    site.refused(2, f"{host}: its certificate is not trusted (", "use a name in the URL")


def test_a_server_that_speaks_no_tls(clinic: Syncing, secured: Any, authority: trustme.CA) -> None:
    there = clinic.little.url.replace("http:", "https:")
    site = secured(serving(authority))
    clinic.little.url = there
    site.says()
    site.refused(2, "127.0.0.1: no TLS is spoken at this port; is the URL right?")


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_an_authority_s_file_that_is_none(
    secured: Any, authority: trustme.CA, content: str | None
) -> None:
    site = secured(serving(authority))
    site.says(ca_file="ca.pem")
    if content is not None:
        (site.clinic.folder / "ca.pem").write_text(content)
    site.refused(2, "ca.pem: ", "No such file" if content is None else "it must hold certificates")


def test_what_the_environment_trusts_counts_beside_it(
    secured: Any, authority: trustme.CA, stranger: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = secured(serving(authority))
    site.trusting(stranger)
    authority.cert_pem.write_to_path(site.clinic.folder / "usual.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(site.clinic.folder / "usual.pem"))
    assert site.sync().code == 0
    monkeypatch.setenv("SSL_CERT_FILE", "no-such-file.pem")
    assert site.sync().code == 2


# --- who we are


Form = Literal["two files", "one file", "with a password"]


def write_certificate(
    folder: Path, signer: trustme.CA, form: Form = "two files", **more: Any
) -> dict[str, str]:
    """Our certificate and its key, and the settings that name them."""
    made = signer.issue_cert("alliance@clinic.example.invalid", **more)
    chain = "".join(blob.bytes().decode() for blob in made.cert_chain_pems)
    key = made.private_key_pem.bytes()
    if form == "one file":
        secret_file(folder / "client.pem", chain + key.decode())
        return {"cert_file": "client.pem"}
    told = {"cert_file": "client.pem", "cert_key_file": "client.key"}
    if form == "with a password":
        lock = BestAvailableEncryption(PASSWORD.encode())
        loaded = load_pem_private_key(key, None)
        key = loaded.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)
        told["cert_key_password_env"] = "CLIENT_PASSWORD"  # noqa: S105 - a variable
    (folder / "client.pem").write_text(chain)
    secret_file(folder / "client.key", key.decode())
    return told


FORMS: tuple[Form, ...] = ("two files", "one file", "with a password")


@pytest.mark.parametrize("form", FORMS)
def test_a_client_s_certificate(
    secured: Any, authority: trustme.CA, form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIENT_PASSWORD", PASSWORD)
    site = secured(serving(authority, clients=authority))
    site.trusting(authority, **write_certificate(site.clinic.folder, authority, form))
    ran = site.sync()
    assert (ran.code, ran.err) == (0, "")
    assert len(site.clinic.little.of_type("Observation")) == 10


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("what", ["none", "a stranger's", "expired"])
def test_a_client_that_the_server_does_not_take(
    secured: Any,
    authority: trustme.CA,
    stranger: trustme.CA,
    newest: ssl.TLSVersion,
    what: str,
    naps: list[float],
) -> None:
    tls = serving(authority, clients=authority)
    tls.maximum_version = newest
    site = secured(tls)
    past = datetime.now(UTC) - timedelta(days=1)
    signer, more = {
        "none": (None, {}),
        "a stranger's": (stranger, {}),
        "expired": (authority, {"not_after": past}),
    }[what]
    shown = write_certificate(site.clinic.folder, signer, **more) if signer else {}
    site.trusting(authority, **shown)
    site.refused(12, "127.0.0.1 did not take our certificate (", "cert_file and cert_key_file")
    assert naps == []


def test_a_client_s_key_that_others_can_read(secured: Any, authority: trustme.CA) -> None:
    site = secured(serving(authority, clients=authority))
    for form, name in (("two files", "client.key"), ("one file", "client.pem")):
        site.trusting(authority, **write_certificate(site.clinic.folder, authority, form))
        (site.clinic.folder / name).chmod(0o640)
        site.refused(2, f"{name}: others can read this secret; run chmod 600 on it")


@pytest.mark.parametrize(
    "slip", ["another key", "no key", "no certificate", "key alone", "password", "no password"]
)
def test_a_client_s_certificate_that_cannot_be_used(
    secured: Any, authority: trustme.CA, slip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is asked for a password at the terminal either."""
    monkeypatch.setattr(sys, "stdin", None)
    site = secured(serving(authority, clients=authority))
    folder = site.clinic.folder
    told = write_certificate(
        folder, authority, "with a password" if "pass" in slip else "two files"
    )
    if slip == "another key":
        other = authority.issue_cert("other@clinic.example.invalid").private_key_pem
        secret_file(folder / "client.key", other.bytes().decode())
    if slip == "no key":
        (folder / "client.pem").chmod(0o600)
        del told["cert_key_file"]
    if slip == "no certificate":
        (folder / "client.pem").write_text("")
    if slip == "key alone":
        del told["cert_file"]
    if slip == "password":
        monkeypatch.setenv("CLIENT_PASSWORD", "another")
    site.trusting(authority, **told)
    words = "there is no cert_file" if slip == "key alone" else "client.pem: cannot be used"
    site.refused(2, words)


# --- tokens over TLS


@pytest.mark.parametrize("trusted", [True, False])
def test_the_token_endpoint_is_held_to_the_same(
    clinic: Syncing, authority: trustme.CA, stranger: trustme.CA, trusted: bool, naps: list[float]
) -> None:
    """It, too, is trusted by ca_file, and shown our certificate."""
    with Issuer(serving(authority, clients=authority)) as issuer:
        guarded = Guarded(clinic, issuer)
        guarded.lets_in()
        key = pair("one")
        guarded.smart(key)
        signer = authority if trusted else stranger
        signer.cert_pem.write_to_path(clinic.folder / "ca.pem")
        names = {"ca_file": "ca.pem", **write_certificate(clinic.folder, authority)}
        tls = "\n".join(["[targets.live.tls]", *(f'{k} = "{v}"' for k, v in names.items())])
        issuer.register(Registered(CLIENT, "client_assertion_jwt", keys=[key.public]))
        told = {"client_id": CLIENT, "key_file": "keys.json", "scopes": ["system/Patient.rs"]}
        guarded.says(method="smart", **told, more=tls)
        ran = guarded.sync()
        assert ran.code == (0 if trusted else 2)
        assert len(issuer.asked) == int(trusted)
        assert naps == []
        if not trusted:
            assert "its certificate is not trusted (" in ran.json["stopped"]


def test_the_same_from_python(secured: Any, authority: trustme.CA, naps: list[float]) -> None:
    site = secured(serving(authority))
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    open_target(site.clinic.little.url, Settings(source="clinic-east"), tls=trust).close()
    assert site.tunnel.calls == 1
