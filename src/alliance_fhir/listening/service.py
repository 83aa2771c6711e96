"""Listening as a whole: the listener, the journal, the forwarder, and a line of health."""

from __future__ import annotations

import asyncio
import signal
import ssl
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from alliance_fhir.asking import Options
from alliance_fhir.config import ListenSettings, Settings
from alliance_fhir.errors import AllianceError, ConfigError
from alliance_fhir.ledger.inbox import Counts, Inbox
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.listening.forwarding import Forwarder
from alliance_fhir.listening.journal import Journal
from alliance_fhir.listening.listener import Bounds, Event, Listener
from alliance_fhir.listening.understanding import Reader
from alliance_fhir.mapping import site_catalog
from alliance_fhir.opening import Prepared
from alliance_fhir.public_servers import refuse_real_data

Health = dict[str, Any]
"""docs/reference/json.md, "Listening"."""
Tell = Callable[[str, Health], None]
"""Hears what happens (`listening`, `health`, `trouble`, `stopping`, `stopped`) and how it goes."""
_PATIENCE = 10.0
"""Seconds for what is under way when this is to end."""


class Service:
    """Listens until it is told to stop (SIGTERM, SIGINT), and sends on what comes."""

    def __init__(
        self,
        address: tuple[str, int],
        inbox: Inbox,
        target: Prepared,
        ledger: Ledger,
        settings: Settings,
        options: Options,
        tell: Tell,
    ) -> None:
        self._address = address
        self._inbox = inbox
        self._target = target
        self._settings = settings
        self._tell = tell
        told = settings.listen or ListenSettings()
        self._every = told.health_seconds
        self._bounds = bounds(told, address[0])
        self._tls = certificates(told, settings.folder)
        refuse_real_data(
            target.identity,
            synthetic=settings.synthetic,
            meant=options.real_data_to_public_server,
        )
        self._forwarder = Forwarder(
            inbox, target, ledger, settings, options, site_catalog(settings), self._troubled
        )
        self._began = time.time()
        self._held: tuple[Counts, int, dict[str, int]] = Counts(), 0, {}
        self._listener: Listener | None = None

    def run(self) -> None:
        """Until it is told to stop. Raises ConfigError where the address cannot be had."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        loop, ends = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ends.set)
        journal = Journal(self._inbox, self._forwarder.wake)
        self._listener = Listener(
            Reader(self._settings), journal, self._bounds, self._tls, self._troubled
        )
        try:
            host, port = await self._listener.start(*self._address)
            self._inbox.retry(time.time())
            self._forwarder.start()
            shown = f"[{host}]" if ":" in host else host
            self._tell(f"listening at {shown}:{port}", self.health())
            await self._until(ends)
            self._tell("stopping", self.health())
            await self._listener.stop(_PATIENCE)
            await asyncio.to_thread(self._forwarder.stop, _PATIENCE)
        finally:
            journal.close()
        self._tell("stopped", self.health())

    async def _until(self, ends: asyncio.Event) -> None:
        while not ends.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(ends.wait(), self._every)
                return
            self._tell("health", self.health())

    def _troubled(self, what: str) -> None:
        self._tell(what, self.health())

    def health(self) -> Health:
        """How it goes, in numbers."""
        listener, state = self._listener, self._forwarder.state
        counted: Counter[Event] = listener.counted if listener else Counter()
        with suppress(AllianceError):  # it cannot be read now: what it held is told
            self._held = self._inbox.counts(), len(self._inbox), self._inbox.held_for()
        (counts, kept, held_for), now = self._held, time.time()
        return {
            "seconds": round(now - self._began),
            "connections": listener.connections if listener else 0,
            "accepted": counted["accepted"],
            "refused": counted["refused"],
            "refused_for": dict(sorted(listener.refused_for.items())) if listener else {},
            "turned_away": counted["turned-away"],
            "broken_off": counted["broken-off"],
            "kept": kept,
            "delivered": state.delivered,
            "waiting": counts.waiting,
            "incomplete": counts.incomplete,
            "held": counts.held,
            "held_for": held_for,
            "oldest_seconds": round(now - counts.oldest) if counts.oldest else 0,
            "target": state.trouble or "answers",
        }


def bounds(told: ListenSettings, host: str) -> Bounds:
    """What is taken from senders.

    Raises ConfigError where it listens to other machines, and nothing says to which.
    """
    if not told.allow and not _is_here(host):
        raise ConfigError(
            f"at {host} anybody on the network can send: name the senders as allow in [listen], "
            'such as allow = ["10.1.2.0/24"], or listen at 127.0.0.1'
        )
    return Bounds(
        told.largest_message,
        told.connections,
        told.message_seconds,
        told.idle_seconds,
        [ip_network(one, strict=False) for one in told.allow],
    )


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def certificates(told: ListenSettings, folder: Path) -> ssl.SSLContext | None:
    """TLS, where the settings name a certificate; with `client_ca_file`, for those alone who have
    one of that authority. Raises ConfigError for files that cannot be used."""
    if not told.cert_file:
        if told.cert_key_file or told.client_ca_file:
            raise ConfigError("[listen]: cert_file is missing, without which there is no TLS")
        return None
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    path = folder / told.cert_file
    key = folder / told.cert_key_file if told.cert_key_file else None
    try:
        made.load_cert_chain(path, key, password=lambda: "")
        if told.client_ca_file:
            path = folder / told.client_ca_file
            made.load_verify_locations(path)
            made.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or "no PEM"
        raise ConfigError(f"[listen]: {path} cannot be used: {reason}") from None
    return made
