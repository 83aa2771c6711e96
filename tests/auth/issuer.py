"""An authorization server: Authlib's, in Flask, in a thread.

It checks clients, signatures, audiences, times and ids of assertions by itself; what is ours here
is where it keeps clients and tokens, and a record of what it was asked.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    ClientMixin,
    InvalidClientError,
    ResourceProtector,
    TokenMixin,
    grants,
)
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from flask import Flask, Response, jsonify, request
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from werkzeug.serving import make_server

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from types import TracebackType

ALGORITHMS = ["RS384", "ES384"]
CLIENT = "alliance-nightly"
SCOPES = "system/Patient.rs system/Observation.cruds system/QuestionnaireResponse.cruds"


@dataclass
class Registered(ClientMixin):
    """A client, as it was registered."""

    client_id: str
    method: str
    scope: str = SCOPES
    secret: str = ""
    keys: list[dict[str, Any]] = field(default_factory=list)

    def get_client_id(self) -> str:
        return self.client_id

    def get_allowed_scope(self, scope: str) -> str | None:
        """What is asked for, as far as it may be had; None where that is nothing at all."""
        allowed = [word for word in (scope or "").split() if word in self.scope.split()]
        return " ".join(allowed) or (None if scope else "")

    def check_client_secret(self, client_secret: str) -> bool:
        return bool(self.secret) and client_secret == self.secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.method

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"


@dataclass
class Issued(TokenMixin):
    """A token that is out."""

    scope: str
    ends: float
    revoked: bool = False

    def is_expired(self) -> bool:
        return time.monotonic() > self.ends

    def is_revoked(self) -> bool:
        return self.revoked

    def get_scope(self) -> str:
        return self.scope


class Asked(NamedTuple):
    """A request for a token: its headers, its form, and what stood in its assertion."""

    headers: dict[str, str]
    form: dict[str, str]
    header: dict[str, Any]
    claims: dict[str, Any]


class Issuer:
    """The server. `between` may answer in its stead; `asked` is all that it was asked."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.clients: dict[str, Registered] = {}
        self.issued: dict[str, Issued] = {}
        self.asked: list[Asked] = []
        self.lasts = 3600
        self.between: Callable[[Callable[[], Response]], Response] = lambda proceed: proceed()
        self.jtis: set[str] = set()
        app = Flask("issuer")
        app.add_url_rule("/token", view_func=self._token, methods=["POST"])
        self._server = AuthorizationServer(app, self.clients.get, self._save)
        self._server.register_grant(_ClientCredentials)
        self._server.register_client_auth_method(_Assertion.CLIENT_AUTH_METHOD, _Assertion(self))
        generator = self._server.create_bearer_token_generator({})
        generator.expires_generator = lambda client, grant_type: self.lasts
        self._server.register_token_generator("default", generator)
        self._protector = ResourceProtector()
        self._protector.register_token_validator(_Known(self))
        self._http = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=tls)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._http.server_port}"
        self.token_url = f"{self.url}/token"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def register(self, client: Registered) -> None:
        """Another client, or the same otherwise."""
        self.clients[client.client_id] = client

    def revoke(self) -> None:
        """Ends all tokens that are out."""
        for token in self.issued.values():
            token.revoked = True

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether a request with these headers bears a token of ours that counts."""
        try:
            self._protector.validate_request(
                None, _Bare({k.title(): v for k, v in headers.items()})
            )
        except OAuth2Error:
            return False
        return True

    @property
    def configuration(self) -> dict[str, Any]:
        """What a FHIR server says of this one in .well-known/smart-configuration."""
        return {
            "token_endpoint": self.token_url,
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
            "capabilities": ["client-confidential-asymmetric", "permission-v2"],
        }

    def _token(self) -> Response:
        form = dict(request.form)
        header: dict[str, Any] = {}
        claims: dict[str, Any] = {}
        if "client_assertion" in form:
            told = jws.extract_compact(form["client_assertion"].encode())
            header, claims = dict(told.headers()), json.loads(told.payload)
        self.asked.append(Asked(dict(request.headers), form, header, claims))
        return self.between(self._server.create_token_response)

    def _save(self, token: dict[str, Any], _: object) -> None:
        ends = time.monotonic() + token["expires_in"]
        self.issued[token["access_token"]] = Issued(token.get("scope", ""), ends)


def error(status: int, code: str, told: str = "") -> Response:
    """An error as RFC 6749 has it."""
    answer = jsonify(error=code, error_description=told)
    answer.status_code = status
    return answer


class _Bare(NamedTuple):
    """As much of a request as a validator looks at."""

    headers: dict[str, str]


class _ClientCredentials(grants.ClientCredentialsGrant):
    """With all ways in which clients of ours show who they are."""

    TOKEN_ENDPOINT_AUTH_METHODS = [  # noqa: RUF012 - as in the base class
        "client_secret_basic",
        "client_secret_post",
        JWTBearerClientAssertion.CLIENT_AUTH_METHOD,
    ]


class _Assertion(JWTBearerClientAssertion):
    """private_key_jwt with the algorithms of SMART."""

    def __init__(self, issuer: Issuer) -> None:
        super().__init__(leeway=0)
        self._issuer = issuer

    def get_audiences(self) -> list[str]:
        return [self._issuer.token_url]

    def validate_jti(self, claims: dict[str, Any], jti: str) -> bool:
        fresh = jti not in self._issuer.jtis
        self._issuer.jtis.add(jti)
        return fresh

    def resolve_client_public_key(self, client: Registered) -> KeySet:
        return KeySet.import_key_set({"keys": client.keys})

    def process_assertion_claims(self, assertion: str, resolve_key: Any) -> Any:
        """As the base class has it, which knows RS256 and ES256 alone."""
        try:
            token = jwt.decode(assertion, resolve_key, algorithms=ALGORITHMS)
        except (JoseError, ValueError) as wrong:
            raise InvalidClientError(description=f"{assertion} is wrong") from wrong
        self.verify_claims(token.claims)
        return token.claims


class _Known(BearerTokenValidator):
    """Looks tokens up where they are kept."""

    def __init__(self, issuer: Issuer) -> None:
        super().__init__()
        self._issuer = issuer

    def authenticate_token(self, token_string: str) -> Issued | None:
        return self._issuer.issued.get(token_string)
