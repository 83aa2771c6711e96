"""Certificates: whom we trust, who we are, and what it means where either fails.

A failure of trust does not pass by waiting: it is told once, with what to do, and not tried again.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import httpx

from alliance_fhir.config import TlsSettings
from alliance_fhir.errors import AuthFailed, ConfigError, ServerError
from alliance_fhir.secret import owner_only

_EXPIRED, _NOT_YET, _OTHER_NAME, _OTHER_ADDRESS = 10, 9, 62, 64
"""OpenSSL's X509_V_ERR_ CERT_HAS_EXPIRED, CERT_NOT_YET_VALID, HOSTNAME_ and IP_ADDRESS_MISMATCH."""
_REMEDIES = {
    _EXPIRED: "whoever runs the server must renew it; or is this machine's clock wrong?",
    _NOT_YET: "is this machine's clock wrong?",
    _OTHER_NAME: "use a name in the URL that the certificate is for",
    _OTHER_ADDRESS: "use a name in the URL that the certificate is for",
}
_UNTRUSTED = (
    "if you trust who signed it, name that authority's certificate by ca_file in "
    "[targets.NAME.tls], or by SSL_CERT_FILE"
)
_OF_CLIENTS = ("CERTIFICATE", "UNKNOWN_CA", "HANDSHAKE_FAILURE", "ACCESS_DENIED")
"""Words in the alerts that refuse a client for its certificate, or for having none."""


def context(told: TlsSettings | None, folder: Path) -> ssl.SSLContext | None:
    """What connections trust and show; None where the settings say nothing.

    `ca_file` is trusted beside the authorities that are trusted anyway: the token endpoint may be
    elsewhere. Raises ConfigError for files that cannot be used.
    """
    if told is None or not (told.ca_file or told.cert_file or told.cert_key_file):
        return None
    made = _usual()
    if told.ca_file:
        path = folder / told.ca_file
        try:
            made.load_verify_locations(path)
        except OSError as error:  # ssl.SSLError is one
            raise ConfigError(_cannot(path, error, "certificates of authorities, as PEM")) from None
    if told.cert_file or told.cert_key_file:
        _show(made, told, folder)
    return made


def _usual() -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise ConfigError(
            f"the certificates that SSL_CERT_FILE or SSL_CERT_DIR name cannot be used "
            f"({type(error).__name__})"
        ) from None


def _show(made: ssl.SSLContext, told: TlsSettings, folder: Path) -> None:
    """The certificate by which we show who we are. Its key may stand in the same file."""
    if not told.cert_file:
        raise ConfigError("cert_key_file: there is no cert_file to go with it")
    path, key = folder / told.cert_file, folder / (told.cert_key_file or told.cert_file)
    owner_only(key)
    password = os.environ.get(told.cert_key_password_env, "") if told.cert_key_password_env else ""
    try:  # a password is always given: else OpenSSL would ask for it at the terminal
        made.load_cert_chain(path, key, password=password)
    except (OSError, ValueError) as error:
        what = "a certificate, as PEM, that fits the key"
        if not told.cert_key_file:
            what += ", and the key itself, or cert_key_file its file"
        raise ConfigError(
            f"{_cannot(path, error, what)}; where the key has a password, "
            "cert_key_password_env names its variable"
        ) from None


def _cannot(path: Path, error: Exception, wanted: str) -> str:
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
        return f"{path}: {error.strerror}"
    return f"{path}: cannot be used: it must hold {wanted}"


def lasting(error: BaseException, host: str) -> ServerError | ConfigError | None:
    """What is wrong with a certificate; None where something else is wrong, which may pass."""
    cause = _cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        remedy = _REMEDIES.get(cause.verify_code, _UNTRUSTED)
        return ConfigError(
            f"{host}: its certificate is not trusted ({cause.verify_message.rstrip('.')}); {remedy}"
        )
    if cause is None:
        return None
    reason = cause.reason or ""
    if "WRONG_VERSION_NUMBER" in reason or "HTTP_REQUEST" in reason:
        return ConfigError(f"{host}: no TLS is spoken at this port; is the URL right?")
    if "ALERT" in reason and any(word in reason for word in _OF_CLIENTS):
        return AuthFailed(
            f"{host} did not take our certificate ({_words(reason)}); cert_file and cert_key_file "
            "in [targets.NAME.tls] must name one that it trusts, and that has not expired"
        )
    return None


def _words(reason: str) -> str:
    return reason.partition("ALERT_")[2].replace("_", " ").lower()


def _cause(error: BaseException | None) -> ssl.SSLError | None:
    for _ in range(8):
        if error is None or isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None
