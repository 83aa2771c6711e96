"""Where a ledger is: a file, or a schema of a PostgreSQL database."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from alliance_fhir.errors import ConfigError
from alliance_fhir.room import unwritable

HOME = ".alliance-fhir"
"""Where ledgers lie unless the settings say otherwise: beside alliance.toml."""

_SCHEMES = ("postgresql", "postgresql+psycopg")
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class Place:
    """A place for a ledger. `name` is what messages call it; it holds no secret.

    `file` is None where it is not a file; `schema` is empty for the one that a role has anyway.
    """

    name: str
    url: URL
    file: Path | None = None
    schema: str = ""

    @property
    def is_file(self) -> bool:
        """Whether it is SQLite's, on a disk of this machine."""
        return self.url.drivername == "sqlite"

    def connect_args(self, patience: float) -> dict[str, Any]:
        """What the driver is told besides: how long, in seconds, to wait for others."""
        if self.is_file:
            return {"timeout": patience, "check_same_thread": False}
        options = {
            "lock_timeout": f"{int(patience * 1000)}ms",
            # a machine that lost its power lets go of its claims after a minute
            "tcp_keepalives_idle": "30",
            "tcp_keepalives_interval": "10",
            "tcp_keepalives_count": "3",
            **({"search_path": self.schema} if self.schema else {}),
        }
        told = " ".join(f"-c {name}={value}" for name, value in options.items())
        return {"options": told, "connect_timeout": 10, "application_name": "alliance-fhir"}

    def touch(self) -> None:
        """Makes the file here, so that nobody else can read it even for a moment.

        Raises ConfigError where it cannot be made.
        """
        if self.file is None:
            return
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise unwritable(f"{self.file}: the ledger", error, "nothing was begun") from None


def is_url(told: str | Path) -> bool:
    """Whether a ledger's place is told by a URL."""
    return isinstance(told, str) and "://" in told


def usual_name(target: str, source: str) -> str:
    """The name of a target's files, without an end: of its ledger, and of what lies beside it."""
    last = target.rpartition("://")[2] if "://" in target else Path(target).name
    slug = re.sub(r"[^A-Za-z0-9]+", "-", last).strip("-").lower()
    mark = blake2b(f"{source}\n{target}".encode(), digest_size=4).hexdigest()
    return f"{slug[:40]}-{mark}"


def place_of(told: str | Path) -> Place:
    """What a user calls a ledger: a path, or `postgresql://user@host:port/database?schema=name`.

    Raises ConfigError for another kind of database, and for a URL with a password in it. A URL that
    is refused is not repeated: it may hold a password.
    """
    if not is_url(told):
        return Place(str(told), URL.create("sqlite", database=str(told)), Path(told))
    try:
        url = make_url(str(told))
    except (ArgumentError, ValueError):
        raise ConfigError(f"the ledger's URL cannot be read; {_HOW}") from None
    if url.drivername not in _SCHEMES:
        raise ConfigError(f"a ledger cannot be at {url.drivername}://; {_HOW}")
    if url.password is not None or any("password" in key.lower() for key in url.query):
        raise ConfigError(
            "the ledger's URL holds a password, which others can read there. Take it out, and set "
            "PGPASSWORD or write it to ~/.pgpass; a password that was on a command line is to be "
            "changed"
        )
    return _on_postgresql(str(told), url)


_HOW = "name a file, or postgresql://user@host/database"


def _on_postgresql(name: str, url: URL) -> Place:
    schema = url.query.get("schema", "")
    if schema and not (isinstance(schema, str) and _SCHEMA.fullmatch(schema)):
        raise ConfigError(
            "the ledger's URL: schema takes one name of small letters, digits and underscores"
        )
    if "options" in url.query:
        raise ConfigError("the ledger's URL: options cannot be given; schema=NAME can")
    bare = url.difference_update_query(["schema"]).set(drivername="postgresql+psycopg")
    return Place(name, bare, schema=str(schema))


FORGOTTEN = URL.create("sqlite")
"""In memory, for as long as the connection lives."""
