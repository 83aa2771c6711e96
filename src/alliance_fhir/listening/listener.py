"""The listener: connections, and an answer to every message."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import struct
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_address
from itertools import islice
from typing import Literal, NamedTuple

from alliance_fhir.domain.records import now
from alliance_fhir.errors import AllianceError, ConfigError, defect
from alliance_fhir.ledger.inbox import Arrived
from alliance_fhir.listening.frames import BEGIN, CR, END, Frame, Frames
from alliance_fhir.listening.journal import Journal
from alliance_fhir.listening.replies import header_of, reply, verdict_on
from alliance_fhir.listening.understanding import Reader, Understood
from alliance_fhir.sources.hl7v2.slips import Slip

Network = IPv4Network | IPv6Network
Event = Literal["accepted", "refused", "turned-away", "broken-off"]
"""What is counted: messages that were taken or refused, senders that were turned away, connections
that were broken off by us."""

_CHUNK = 64 * 1024
_BACKLOG = 100
_AT_ONCE = 50
"""Messages of one sender that are answered together."""
_DROP = struct.pack("ii", 1, 0)
"""For SO_LINGER: what is not sent yet is dropped, and the other side told so (socket(7))."""
_NOT_READ = Slip("", "not-read", "This is a defect of the receiver's; keep the message.")
_NOT_KEPT = Slip("", "not-kept", "It could not be written to the disk here; send it again later.")


class Bounds(NamedTuple):
    """What is taken from senders: the bytes of a message, connections at a time, the seconds for
    one message from its first byte to its last, and the seconds without any message after which a
    connection is closed. `allowed` are the networks of senders; none: whoever is on this machine.
    """

    largest: int
    connections: int
    message_seconds: float
    idle_seconds: float
    allowed: Sequence[Network] = ()

    def allows(self, address: str) -> bool:
        """Whether a sender at this address is heard."""
        told = ip_address(address.partition("%")[0])
        sender = getattr(told, "ipv4_mapped", None) or told
        if sender.is_loopback and not self.allowed:
            return True
        return any(sender in network for network in self.allowed)


class Listener:
    """Hears senders at one address. Messages go to the journal; `counted` says what became, and
    `refused_for` by which rules messages were refused, each by the first that it breaks.

    `tell` hears when nothing can be kept, and why, and when it can again.
    """

    def __init__(
        self,
        reader: Reader,
        journal: Journal,
        bounds: Bounds,
        tls: ssl.SSLContext | None,
        tell: Callable[[str], None],
    ) -> None:
        self._reader = reader
        self._journal = journal
        self._bounds = bounds
        self._tls = tls
        self._tell = tell
        self._trouble = ""
        self._open: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._ends = False
        self.counted: Counter[Event] = Counter()
        self.refused_for: Counter[str] = Counter()

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Begins, and says where. Raises ConfigError where that address cannot be had."""
        try:
            self._server = await asyncio.start_server(
                self._connected, host, port, limit=_CHUNK, backlog=_BACKLOG, ssl=self._tls
            )
        except OSError as error:
            number = error.errno or 0  # asyncio's own words repeat the address
            reason = os.strerror(number) if number > 0 else error.strerror or str(error)
            raise ConfigError(f"{host}:{port} cannot be listened at: {reason}") from None
        name = self._server.sockets[0].getsockname()
        return name[0], name[1]

    @property
    def connections(self) -> int:
        """How many senders are connected."""
        return len(self._open)

    async def stop(self, patience: float) -> None:
        """Hears nobody new; who is in the middle of a message has some seconds to end it."""
        self._ends = True
        if self._server:
            self._server.close()
        for task in self._open - self._busy:
            task.cancel()
        if self._busy:
            await asyncio.wait(self._busy, timeout=patience)
        for task in set(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        address = writer.get_extra_info("peername")
        known = address and self._bounds.allows(str(address[0]))
        if task is None or not known or len(self._open) >= self._bounds.connections:
            self.counted["turned-away"] += 1
            writer.transport.abort()
            return
        self._open.add(task)
        try:
            await self._conversation(reader, writer, task)
        except TimeoutError:
            self.counted["broken-off"] += 1
        except OSError:  # the sender is gone
            pass
        except asyncio.CancelledError:  # we end
            pass
        finally:
            self._open.discard(task)
            self._busy.discard(task)
            await _closed(writer)

    async def _conversation(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        task: asyncio.Task[None],
    ) -> None:
        bounds, frames = self._bounds, Frames(self._bounds.largest)
        loop = asyncio.get_running_loop()
        until = loop.time() + bounds.idle_seconds
        while True:
            async with asyncio.timeout_at(until):
                data = await reader.read(_CHUNK)
            if not data:
                if frames.inside:
                    self.counted["broken-off"] += 1
                return
            began = frames.inside
            self._busy.add(task)
            over, fed = False, frames.feed(data)
            while done := list(islice(fed, _AT_ONCE)):
                over = True
                await self._answer(done, writer, bounds.message_seconds)
                if done[-1].fault == "no-frame":
                    self.counted["broken-off"] += 1
                    return
            if not frames.inside:
                self._busy.discard(task)
                if self._ends:
                    return
                until = loop.time() + bounds.idle_seconds
            elif over or not began:
                until = loop.time() + bounds.message_seconds

    async def _answer(
        self, frames: Sequence[Frame], writer: asyncio.StreamWriter, seconds: float
    ) -> None:
        """Answers each, in their order, when those that are accepted are on disk."""
        told = [self._understood(frame) for frame in frames]
        kept = await self._kept([one for one in told if not one.slips])
        for frame, one in zip(frames, told, strict=True):
            slips = one.slips or (() if kept else (_NOT_KEPT,))
            self.counted["refused" if slips else "accepted"] += 1
            if slips:
                self.refused_for[slips[0].rule] += 1
            answer = reply(header_of(frame.data), verdict_on(slips), slips)
            if answer:
                writer.write(BEGIN + answer + END + CR)
        async with asyncio.timeout(seconds):  # who sends and never reads is no sender
            await writer.drain()
        await asyncio.sleep(0)  # others have their turn, whatever one sender writes

    def _understood(self, frame: Frame) -> Understood:
        try:
            return self._reader.understood(frame)
        except Exception:  # a defect of ours is to end nobody's connection, and to show no data
            return Understood("", b"", "", (_NOT_READ,))

    async def _kept(self, told: Sequence[Understood]) -> bool:
        """Whether they are on disk now, all of them."""
        if not told:
            return True
        came = now("milliseconds")
        arrived = [Arrived(one.key, one.digest, came, one.told) for one in told]
        why = ""
        try:
            await asyncio.shield(asyncio.wrap_future(self._journal.put(arrived)))
        except AllianceError as error:
            why = str(error)
        except Exception as error:  # a defect of ours: it is not known whether they are
            why = defect(error)
        if why != self._trouble:
            self._trouble = why
            self._tell(f"nothing can be kept: {why}" if why else "keeping again")
        return not why


async def _closed(writer: asyncio.StreamWriter) -> None:
    """Ends a connection. Who does not take what was answered is hung up on: else the system would
    keep those answers, some megabytes, and try for minutes to bring them."""
    writer.close()
    with suppress(OSError, asyncio.CancelledError):
        async with asyncio.timeout(1):
            await writer.wait_closed()
            return
    with suppress(OSError):  # it is gone by itself
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DROP)
    writer.transport.abort()


def address_of(told: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`, `[IPV6]:PORT` or `:PORT` (this machine alone).

    Raises ConfigError.
    """
    host, _, port = told.rpartition(":")
    number = int(port) if port.isascii() and port.isdigit() else -1
    bare = host.removeprefix("[").removesuffix("]")
    if not 0 <= number < 65536 or (":" in bare and bare == host):
        raise ConfigError("--mllp takes HOST:PORT, such as 127.0.0.1:2575 or [::1]:2575")
    return bare or "127.0.0.1", number
