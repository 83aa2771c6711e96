"""MLLP over TLS, with real certificates: the listener's own, and those of senders."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from .engine import Engine
from .messages import message
from .test_bounds import refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Site

FILES = 'cert_file = "cert.pem"\ncert_key_file = "key.pem"\n'
CLIENTS = 'client_ca_file = "ca.pem"\n'


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who signs all certificates."""
    return trustme.CA()


def lay(folder: Path, authority: trustme.CA) -> None:
    """The listener's certificate and key, and the authority's certificate, in its folder."""
    made = authority.issue_cert("127.0.0.1")
    made.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    made.private_key_pem.write_to_path(folder / "key.pem")
    authority.cert_pem.write_to_path(folder / "ca.pem")


def trusting(authority: trustme.CA, shows: trustme.CA | None = None) -> ssl.SSLContext:
    """A sender who trusts that authority, and shows a certificate of another or the same."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    if shows:
        shows.issue_cert("engine@clinic.example.invalid").configure_cert(context)
    return context


def test_a_certificate_of_its_own(opened: Callable[..., Site], authority: trustme.CA) -> None:
    site = opened(FILES)
    lay(site.listening.folder, authority)
    port = site.listening.start().port
    with Engine(port, tls=trusting(authority)) as engine:
        assert engine.send(message("good")).code == "AA"
    with pytest.raises(ssl.SSLCertVerificationError):
        Engine(port, tls=trusting(trustme.CA()))
    with Engine(port) as plain, pytest.raises(ConnectionError):
        plain.send(message("good"))
    old = trusting(authority)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        Engine(port, tls=old)
    with Engine(port, tls=trusting(authority)) as engine:
        assert engine.send(message("good")).code == "AA"
    assert site.listening.stop() == 0
    assert site.listening.errors == ""


def test_senders_that_must_show_a_certificate(
    opened: Callable[..., Site], authority: trustme.CA
) -> None:
    site = opened(FILES + CLIENTS)
    lay(site.listening.folder, authority)
    port = site.listening.start().port
    for shows in (None, trustme.CA()):
        with pytest.raises((ssl.SSLError, ConnectionError)):  # noqa: SIM117
            with Engine(port, tls=trusting(authority, shows)) as engine:
                engine.send(message("good"))
    with Engine(port, tls=trusting(authority, authority)) as engine:
        assert engine.send(message("good")).code == "AA"
    assert site.listening.stop() == 0
    assert site.listening.errors == ""
    site.listening.until(lambda: site.listening.health["accepted"] == 1)


def test_files_that_cannot_be_used(opened: Callable[..., Site], authority: trustme.CA) -> None:
    site = opened(FILES + CLIENTS)
    listening, folder = site.listening, site.listening.folder
    refused(listening, "[listen]: cert.pem cannot be used: No such file or directory")
    lay(folder, authority)
    other = trustme.CA().issue_cert("127.0.0.1")
    other.private_key_pem.write_to_path(folder / "key.pem")
    refused(listening, "[listen]: cert.pem cannot be used: KEY_VALUES_MISMATCH")
    lay(folder, authority)
    (folder / "ca.pem").write_text("no certificate")
    refused(listening, "[listen]: ca.pem cannot be used: NO_CERTIFICATE_OR_CRL_FOUND")
    alone = opened(CLIENTS, name="alone").listening
    refused(alone, "[listen]: cert_file is missing, without which there is no TLS")
