"""Business keys: the same input gives the same identifiers, on any machine, at any time.

One BLAKE2b digest (RFC 7693) a record, over the source's name and the record's natural key as a
JSON array; each
resource of the record takes the digest with a suffix. With a site's secret key the digest is keyed,
so that a patient's number cannot be guessed from it by trying them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import orjson

KEY_BYTES = 16
"""128 bits: a billion records collide with a probability of about 1e-21."""


def digest(parts: Sequence[str], secret: bytes = b"") -> str:
    """The hexadecimal digest of texts, as a JSON array: where one ends is part of it."""
    return blake2b(orjson.dumps(parts), digest_size=KEY_BYTES, key=secret).hexdigest()


def record_key(source: str, natural_key: tuple[str, ...], secret: bytes = b"") -> str:
    """The business key of a record of `source`: 32 hexadecimal digits."""
    return digest((source, *natural_key), secret)


def subject_digest(patient: Sequence[str], secret: bytes = b"") -> str:
    """What stands for a patient, a system and a number in it, where nobody is to be named."""
    return digest(["subject", *patient], secret)


def identifier_system(root: str) -> str:
    """The system of all identifiers that a site gives, by the root of its systems."""
    return f"{root}/identifier"


def fingerprint(secret: bytes) -> str:
    """Tells one secret key from another without giving it away; "none" where there is none."""
    return blake2b(secret, digest_size=8, person=b"fingerprint").hexdigest() if secret else "none"
