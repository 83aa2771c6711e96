"""Where a server's tokens come from, as the server itself says.

First `.well-known/smart-configuration` (SMART App Launch 2.2.0, "Conformance"), then the extension
oauth-uris of the CapabilityStatement, by which older servers say it.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import httpx

from alliance_fhir.errors import BadReply, ConfigError
from alliance_fhir.received import Json, objects, part, parts
from alliance_fhir.transport.address import checked_endpoint
from alliance_fhir.transport.auth.endpoint import look_up
from alliance_fhir.transport.auth.method import Site

_OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_UNKNOWN = (
    "it does not say where tokens are given, neither in .well-known/smart-configuration nor in "
    "its CapabilityStatement; set token_url in [targets.NAME.auth]"
)


class Place(NamedTuple):
    """A token endpoint, and what it takes signatures by; empty where the server does not say."""

    url: str
    algorithms: frozenset[str] = frozenset()


def place(site: Site, token_url: str) -> Place:
    """The endpoint that the settings name, else the one that the server names.

    Raises ConfigError where there is none, or one that credentials should not be sent to.
    """
    if token_url:
        return Place(checked_endpoint(token_url, insecure=site.insecure))
    told = look_up(site, f"{site.base}/.well-known/smart-configuration")
    url = told.get("token_endpoint") or _by_statement(look_up(site, f"{site.base}/metadata"))
    if not isinstance(url, str) or not url:
        raise ConfigError(f"{site.base}: {_UNKNOWN}")
    try:
        url = str(httpx.URL(f"{site.base}/").join(url))
    except httpx.InvalidURL:
        raise ConfigError(f"{site.base}: {_UNKNOWN}") from None
    algorithms = told.get("token_endpoint_auth_signing_alg_values_supported")
    known = cast("list[Any]", algorithms) if isinstance(algorithms, list) else []
    return Place(
        checked_endpoint(url, insecure=site.insecure),
        frozenset(one for one in known if isinstance(one, str)),
    )


def _by_statement(statement: Json) -> object:
    try:
        for rest in parts(statement, "rest"):
            for extension in objects(part(rest, "security").get("extension", []), "extension"):
                if extension.get("url") != _OAUTH_URIS:
                    continue
                for uri in parts(extension, "extension"):
                    if uri.get("url") == "token":
                        return uri.get("valueUri")
    except BadReply:
        return None
    return None
