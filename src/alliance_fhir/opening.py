"""What a user calls a target, opened: a server's URL, a folder, or a name in alliance.toml."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from alliance_fhir.config import Settings, TargetSettings
from alliance_fhir.domain.keys import identifier_system
from alliance_fhir.errors import ConfigError
from alliance_fhir.fhir.labels import run_created, run_touched
from alliance_fhir.fhir.provenance import tag_system
from alliance_fhir.fhir.reply import Ours
from alliance_fhir.ledger.place import HOME, is_url, usual_name
from alliance_fhir.paths import PathLike, is_there
from alliance_fhir.targets.base import Target
from alliance_fhir.targets.folder import FolderTarget, whole

if TYPE_CHECKING:
    import ssl

    import httpx

    from alliance_fhir.transport.client import Client


class Identified(Protocol):
    """What is known by a target's identity."""

    @property
    def identity(self) -> str:
        """The target's name, the same for every way to write it."""
        ...


class Prepared(NamedTuple):
    """A target that was asked for nothing yet. `opened` asks it whether it is one, and may be
    called again, whether that failed or not; `hurry` is for whoever waits for its answer."""

    identity: str
    opened: Callable[[], Target]
    hurry: Callable[[], None]
    close: Callable[[], None]


def open_target(
    name: PathLike,
    settings: Settings,
    fhir_version: str = "",
    *,
    rate: float = 0,
    insecure: bool = False,
    auth: httpx.Auth | None = None,
    tls: ssl.SSLContext | None = None,
) -> Target:
    """Opens a target. A server is asked for its version at once, so that it is known to be one.

    `rate` is the most requests a second, 0 what the settings say or as fast as they are answered.

    `auth` and `tls` take the place of what the settings say, for methods that they do not know.
    Raises ConfigError for what no target is called; ServerError where a server does not answer.
    """
    prepared = prepare(
        name, settings, fhir_version, rate=rate, insecure=insecure, auth=auth, tls=tls
    )
    try:
        return prepared.opened()
    except BaseException:
        prepared.close()
        raise


def prepare(
    name: PathLike,
    settings: Settings,
    fhir_version: str = "",
    *,
    rate: float = 0,
    insecure: bool = False,
    auth: httpx.Auth | None = None,
    tls: ssl.SSLContext | None = None,
) -> Prepared:
    """A target as `open_target` opens it, when its `opened` is called. Raises ConfigError."""
    name = _called(name)
    told = settings.targets.get(name) or TargetSettings(url=name, insecure=insecure)
    root = settings.root
    ours = Ours(identifier_system(root), tag_system(root), run_created(root), run_touched(root))
    asked = fhir_version or told.fhir_version or ""
    if "://" not in told.url:
        if name not in settings.targets:
            _no_slip(name, settings)
        if told.appointments == "status-only":
            raise ConfigError(
                f'targets.{name}.appointments: "status-only" is for servers; a folder holds '
                "nothing of others"
            )
        folder = FolderTarget(Path(told.url), ours, asked)
        return Prepared(folder.identity, lambda: folder, folder.hurry, folder.close)
    if not told.url.startswith(("http://", "https://")):
        raise ConfigError("a target is an http(s) URL, a folder, or a name in [targets]")
    from alliance_fhir.targets.server import ServerTarget  # httpx takes 0.2 s: servers only

    insecure = told.insecure or insecure
    told = told.model_copy(update={"rate": rate or told.rate})
    client = _client(told, settings.folder, name, insecure=insecure, auth=auth, tls=tls)
    return Prepared(
        client.base,
        lambda: ServerTarget(
            client, ours, asked, told.without, told.lanes, appointments=told.appointments
        ),
        client.pace.end,
        client.close,
    )


def named_ledger(name: PathLike, settings: Settings, explicit: str = "") -> str | Path:
    """Where the ledger of a target is, which is not opened, so that no credentials are needed; its
    name may be empty where the ledger is named. Raises ConfigError."""
    named = bool(explicit or settings.ledger)
    if not named and not name:
        raise ConfigError("each target has a ledger of its own: name one by --to or --ledger")
    return ledger_place(_Named("" if named else _identity(name, settings)), settings, explicit)


class _Named(NamedTuple):
    identity: str


def _identity(name: PathLike, settings: Settings) -> str:
    name = _called(name)
    url = settings.targets[name].url if name in settings.targets else name
    if "://" not in url:
        return whole(Path(url))
    from alliance_fhir.transport.address import checked_base

    return checked_base(url, insecure=True)


def _client(
    told: TargetSettings,
    folder: Path,
    name: str,
    *,
    insecure: bool,
    auth: httpx.Auth | None,
    tls: ssl.SSLContext | None,
) -> Client:
    from alliance_fhir.transport import tls as certificates
    from alliance_fhir.transport.auth import from_environment, method
    from alliance_fhir.transport.client import Client

    if told.auth and "token_env" in told.model_fields_set:
        raise ConfigError(
            f"targets.{name}.token_env: with an [auth] table it stands there, if at all"
        )
    if auth is None and told.auth:
        auth = method(told.auth, folder, f"targets.{name}.auth")
    return Client(
        told.url,
        auth or from_environment(told.token_env),
        tls=tls or certificates.context(told.tls, folder),
        insecure=insecure,
        rate=told.rate,
    )


def _called(name: PathLike) -> str:
    """What a target is called. Raises ConfigError for a URL of which somebody made a path."""
    if not isinstance(name, str) and re.match(r"https?:", os.fspath(name)):
        raise ConfigError("a server's URL is text: a path drops one of its slashes")
    return os.fspath(name)


_HOST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:\d+)?/.*|[A-Za-z0-9.-]+:\d+(/.*)?")


def _no_slip(name: str, settings: Settings) -> None:
    """Raises ConfigError for a folder that is not there, and whose name looks like something else:
    patients' data would go into a new folder of that name, and nowhere else."""
    if is_there(name):
        return
    known = {target.casefold(): target for target in settings.targets}
    near = get_close_matches(name.casefold(), known, 1)
    if near and Path(name).parts == (name,):
        raise ConfigError(
            f"no target is called {name}; nearest: {known[near[0]]}. A new folder of this name is "
            f"./{name}"
        )
    if _HOST.fullmatch(name):
        raise ConfigError(
            f"{name} is no folder that is there. A server is https://{name}, a new folder ./{name}"
        )


def ledger_place(target: Identified, settings: Settings, explicit: str = "") -> str | Path:
    """Where the ledger of a target is: a URL, or one file a target, beside alliance.toml."""
    if explicit:
        return explicit if is_url(explicit) else Path(explicit)
    if settings.ledger:
        return settings.ledger if is_url(settings.ledger) else settings.folder / settings.ledger
    return settings.folder / HOME / f"{usual_name(target.identity, settings.source)}.sqlite"
