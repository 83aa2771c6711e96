"""Tokens by client_credentials (RFC 6749, 4.4): SMART Backend Services, or with a secret."""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import quote_plus

import httpx
from pydantic import Field

from alliance_fhir.config import Frozen
from alliance_fhir.errors import AuthFailed, ConfigError
from alliance_fhir.secret import told_by
from alliance_fhir.transport.address import origin
from alliance_fhir.transport.auth.discovery import Place, place
from alliance_fhir.transport.auth.endpoint import Granted, OAuthError, ask
from alliance_fhir.transport.auth.keys import Key, assertion, read
from alliance_fhir.transport.auth.method import Site
from alliance_fhir.transport.auth.scopes import missing
from alliance_fhir.transport.auth.tokens import Token, Tokens

SECRET_VARIABLE = "ALLIANCE_FHIR_SECRET"  # noqa: S105 - the name of a variable
_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_log = logging.getLogger(__name__)


class ClientSettings(Frozen):
    """What both have in common."""

    client_id: str = Field(min_length=1)
    scopes: tuple[str, ...] = ()
    fewer_scopes: Literal["stop", "warn"] = "stop"
    token_url: str = ""


class ClientCredentials(Tokens):
    """Asks for tokens, and holds what is granted against what was asked for."""

    def __init__(self, told: ClientSettings) -> None:
        super().__init__()
        self._told = told
        self._place: Place | None = None
        self._site: Site | None = None

    def attach(self, site: Site) -> None:
        """Remembers how to ask."""
        super().attach(site)
        self._site = site

    def _fetch(self) -> Token:
        if self._site is None:
            raise ConfigError("these credentials are no client's yet")
        if self._place is None:
            self._place = place(self._site, self._told.token_url)
        granted = self._granted(self._site, self._place)
        self._enough(granted)
        return granted.token

    def _granted(self, site: Site, there: Place) -> Granted:
        raise NotImplementedError

    def _form(self) -> dict[str, str]:
        form = {"grant_type": "client_credentials"}
        return form | {"scope": " ".join(self._told.scopes)} if self._told.scopes else form

    def _enough(self, granted: Granted) -> None:
        less = [] if granted.scopes is None else missing(self._told.scopes, granted.scopes)
        if not less:
            return
        told = f"granted less than asked for: {', '.join(less)} missing"
        if self._told.fewer_scopes == "stop":
            raise AuthFailed(
                f"{told}; nothing was sent. Have them registered for {self._told.client_id}, take "
                'them off `scopes`, or set fewer_scopes = "warn"'
            )
        _log.warning("%s", told)


class SmartSettings(ClientSettings):
    """`method = "smart"`."""

    method: Literal["smart"]
    key_file: str = Field(min_length=1)
    scopes: tuple[str, ...] = Field(min_length=1)


class Smart(ClientCredentials):
    """SMART Backend Services: an assertion signed by a key whose public part the server knows.

    Of several keys the first is taken whose algorithm the server supports, and the next where the
    server does not know that one: so keys are changed without a gap.
    """

    name = "smart"
    settings = SmartSettings

    def __init__(self, told: SmartSettings, keys: Sequence[Key]) -> None:
        super().__init__(told)
        self._keys = tuple(keys)

    @classmethod
    def of(cls, told: SmartSettings, folder: Path) -> Smart:
        """From its settings."""
        return cls(told, read(folder / told.key_file))

    def _granted(self, site: Site, there: Place) -> Granted:
        fitting = [k for k in self._keys if not there.algorithms or k.algorithm in there.algorithms]
        if not fitting:
            known = ", ".join(sorted(there.algorithms))
            raise ConfigError(f"{there.url} takes {known}, and no key in key_file is for these")
        refused: OAuthError | None = None
        for key in fitting:
            try:
                granted = ask(site, there.url, lambda key=key: self._signed(key, there.url))
            except OAuthError as error:
                if error.code != "invalid_client":
                    raise
                refused = error
            else:
                self._keys = (key, *(other for other in self._keys if other is not key))
                return granted
        tried = ", ".join(key.id for key in fitting)
        raise AuthFailed(f"{refused} Client {self._told.client_id}, keys tried: {tried}")

    def _signed(self, key: Key, audience: str) -> dict[str, str]:
        return self._form() | {
            "client_assertion_type": _JWT_BEARER,
            "client_assertion": assertion(key, self._told.client_id, audience),
        }


class SecretSettings(ClientSettings):
    """`method = "client-secret"`."""

    method: Literal["client-secret"]
    secret_env: str = SECRET_VARIABLE
    secret_file: str = ""
    sent_by: Literal["basic", "post"] = "basic"
    audience: str = ""


class ClientSecret(ClientCredentials):
    """OAuth with a secret, in the header (client_secret_basic) or the form (client_secret_post)."""

    name = "client-secret"
    settings = SecretSettings

    def __init__(self, told: SecretSettings, secret: str) -> None:
        super().__init__(told)
        self._own = told
        self._secret = secret

    @classmethod
    def of(cls, told: SecretSettings, folder: Path) -> ClientSecret:
        """From its settings."""
        file = folder / told.secret_file if told.secret_file else None
        return cls(told, told_by(told.secret_env, file, "the client's secret"))

    def _granted(self, site: Site, there: Place) -> Granted:
        self._known(site, there)
        form, header = self._form(), ""
        if self._own.audience:
            form["audience"] = self._own.audience
        if self._own.sent_by == "post":
            form |= {"client_id": self._own.client_id, "client_secret": self._secret}
        else:  # RFC 6749, 2.3.1: encoded as in a form, before it is encoded by RFC 7617
            pair = f"{quote_plus(self._own.client_id)}:{quote_plus(self._secret)}"
            header = f"Basic {b64encode(pair.encode()).decode()}"
        return ask(site, there.url, lambda: form, header)

    def _known(self, site: Site, there: Place) -> None:
        """A secret, unlike an assertion, can be used by whoever gets it."""
        if self._own.token_url or origin(httpx.URL(there.url)) == origin(httpx.URL(site.base)):
            return
        raise ConfigError(
            f"{site.base} names a token endpoint at another server, {httpx.URL(there.url).host}; "
            "if the secret may go there, set token_url to it in [targets.NAME.auth]"
        )
