"""A clinic whose server asks for tokens, and the authorization server that gives them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pytest
from joserfc.jwk import ECKey, RSAKey

from alliance_fhir.testing import Answer, FhirServer, Request, outcome
from wire.conftest import Syncing, clinic, little

from .issuer import CLIENT, SCOPES, Issuer, Registered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Ran

__all__ = ["clinic", "little"]

Kind = Literal["RS384", "ES384"]
OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


class Pair(NamedTuple):
    """A key, whole and as it is registered."""

    private: dict[str, Any]
    public: dict[str, Any]


def pair(kid: str, kind: Kind = "ES384") -> Pair:
    """A new key."""
    told = {"kid": kid, "alg": kind, "use": "sig"}
    key = RSAKey.generate_key(2048, told) if kind == "RS384" else ECKey.generate_key("P-384", told)
    return Pair(key.as_dict(private=True), key.as_dict(private=False))


def secret_file(path: Path, content: str | dict[str, Any]) -> Path:
    """A file that only its owner can read."""
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(0o600)
    return path


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """An authorization server."""
    with Issuer() as server:
        yield server


def bearer(request: Request) -> str:
    """What a request shows, and nothing where it shows nothing."""
    return request.headers.get("authorization", "")


Discovery = Literal["well-known", "statement", "none"]


class Guarded(NamedTuple):
    """A clinic whose server takes tokens of the issuer alone."""

    clinic: Syncing
    issuer: Issuer

    @property
    def little(self) -> FhirServer:
        """The FHIR server."""
        return self.clinic.little

    @property
    def asked(self) -> list[Request]:
        """What the FHIR server was asked, apart from what is public."""
        return [r for r in self.little.requests if "authorization" in r.headers]

    def says(self, **auth: Any) -> None:
        """What alliance.toml says of the server, called `live`."""
        tables = auth.pop("more", "")
        lines = [f"{name} = {json.dumps(value)}" for name, value in auth.items()]
        settings = self.clinic.folder / "alliance.toml"
        head = settings.read_text().partition("\n[targets")[0]
        table = [f'[targets.live]\nurl = "{self.little.url}"', "[targets.live.auth]", *lines]
        settings.write_text("\n".join([head, *table, tables]))

    def smart(self, *pairs: Pair, scopes: str = SCOPES, **more: Any) -> None:
        """Sets up SMART Backend Services, with all these keys registered."""
        keys = {"keys": [one.private for one in pairs]}
        secret_file(self.clinic.folder / "keys.json", keys)
        public = [one.public for one in pairs]
        self.issuer.register(Registered(CLIENT, "client_assertion_jwt", keys=public))
        told = {"client_id": CLIENT, "key_file": "keys.json", "scopes": scopes.split()}
        self.says(method="smart", **{**told, **more})

    def sync(self) -> Ran:
        """`alliance-fhir sync --json`."""
        book = ("--ledger", self.clinic.ledger, "--json")
        return self.clinic.run("sync", self.clinic.folder, "--to", "live", *book)

    def whole(self) -> None:
        """Whether everything arrived, once."""
        assert len(self.little.of_type("QuestionnaireResponse")) == 2
        assert len(self.little.of_type("Observation")) == 10

    def lets_in(
        self,
        by: Discovery = "well-known",
        before: Callable[[Request], Answer | None] = lambda request: None,
    ) -> None:
        """The server takes the issuer's tokens, and says where they come from."""

        def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
            if request.path == ".well-known/smart-configuration":
                known = by == "well-known"
                return Answer(200, self.issuer.configuration) if known else Answer(404)
            if request.path == "metadata" and not bearer(request):
                return Answer(200, self.statement(by))
            if answer := before(request):
                return answer
            if not self.issuer.admits(request.headers):
                return Answer(401, outcome("login", bearer(request)))
            return proceed()

        self.little.between = between

    def statement(self, by: Discovery) -> dict[str, Any]:
        """A CapabilityStatement that names the endpoint, or none."""
        inner = [
            {"url": "authorize", "valueUri": f"{self.issuer.url}/authorize"},
            {"url": "token", "valueUri": self.issuer.token_url},
        ]
        told = [{"url": OAUTH_URIS, "extension": inner}] if by == "statement" else []
        rest = [{"mode": "server", "security": {"cors": True, "extension": told}}]
        return {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": rest}


@pytest.fixture
def guarded(clinic: Syncing, issuer: Issuer) -> Guarded:
    """That clinic, before anything is set up."""
    made = Guarded(clinic, issuer)
    made.lets_in()
    return made
