"""Private keys that sign assertions: JSON Web Keys (RFC 7517), one, or a set while they change.

cryptography and PyJWT are imported here when a key is read, and not before: they take a while.
"""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any, NamedTuple

from alliance_fhir.errors import BadReply, ConfigError
from alliance_fhir.received import Json, objects, parsed
from alliance_fhir.secret import owner_only

_LIVES = 240
"""Seconds that an assertion counts. SMART allows 300, by the server's clock, not by ours."""
_LEAST_BITS = 2048
_EXAMPLE = "an RSA key of 2048 bits or more (RS384), or an EC key of the curve P-384 (ES384)"


class Key(NamedTuple):
    """A private key, the algorithm it is for, and the name under which its public part is known."""

    id: str
    algorithm: str
    private: Any

    def __repr__(self) -> str:
        return f"Key({self.id!r}, {self.algorithm!r})"


def read(file: Path) -> tuple[Key, ...]:
    """The keys in a file that only its owner can read. Raises ConfigError, which tells no key."""
    content = owner_only(file)
    try:
        told = parsed(content)
        found = objects(told["keys"], "keys") if "keys" in told else [told]
    except BadReply:
        raise ConfigError(
            f"{file}: must be a JSON Web Key with its private part, or a set of them"
        ) from None
    if not found:
        raise ConfigError(f"{file}: there is no key in this set")
    return tuple(_key(one, f"{file}: key {n}") for n, one in enumerate(found, 1))


def _key(told: Json, where: str) -> Key:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from jwt import PyJWK, PyJWTError

    kid, algorithm = told.get("kid"), _algorithm(told)
    if not algorithm or told.get("alg", algorithm) != algorithm:
        raise ConfigError(f"{where}: is none that SMART servers take; make {_EXAMPLE}")
    if not isinstance(kid, str) or not kid:
        raise ConfigError(f"{where}: has no `kid`; give it the one under which it is registered")
    try:
        private = PyJWK(told, algorithm).key
    except (PyJWTError, ValueError, TypeError, KeyError):
        raise ConfigError(f"{where}: is no JSON Web Key that can be read") from None
    if not isinstance(private, RSAPrivateKey | EllipticCurvePrivateKey):
        raise ConfigError(f"{where}: is a public key; the private one is needed here")
    if private.key_size < (_LEAST_BITS if algorithm == "RS384" else 384):
        raise ConfigError(f"{where}: is too short; make {_EXAMPLE}")
    return Key(kid, algorithm, private)


def _algorithm(told: Json) -> str:
    if told.get("kty") == "RSA":
        return "RS384"
    return "ES384" if (told.get("kty"), told.get("crv")) == ("EC", "P-384") else ""


def assertion(key: Key, client_id: str, audience: str) -> str:
    """Who we are, signed (SMART App Launch 2.2.0, "Client Authentication: Asymmetric").

    Each has an id of its own, and may be used once. `iat` and `nbf` are left out: they are not
    asked for, and by a clock that is a little ahead they would be in the server's future.
    """
    import jwt

    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "exp": int(time.time()) + _LIVES,
        "jti": str(uuid.uuid4()),
    }
    return jwt.encode(claims, key.private, key.algorithm, headers={"kid": key.id})
