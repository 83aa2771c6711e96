"""How many messages a second `listen` acknowledges, durably, against a listener that keeps nothing.

    python -m benchmarks.mllp [--messages 8000] [--connections 8] [--rounds 3] [--quick]

The other listener is python-hl7's own server (`hl7.mllp`), which parses each message and answers
it by `create_ack`, and does nothing else. Both are asked by the same client, in processes of their
own: so many connections, each of which sends its next message when the last is acknowledged. Ours
parses, checks and keeps each message before it answers; its target is away, so that nothing else
is measured. Rounds take turns. Wanted: 0.3 of the other's speed, and 500 a second. What it comes to
while the same process sends on to a folder is told beside it. Ends with 1 where something is
missed.
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.report import Report

TOML = """
source = "clinic-east"
synthetic = true
patient_system = "urn:example:mrn"
appointment_system = "urn:example:appointment"
clinician_system = "urn:example:staff"
[hl7v2.authorities]
MRN = "urn:example:mrn"
"""
WHEN = "^^50^20260309100000-0400^20260309105000-0400"
WHO = "kurtz^Kurtz^Anna"
PROCESSES = 2
AWAY = "http://127.0.0.1:9/fhir"
"""Port 9 is that of the discard protocol, which hardly any machine has."""
THEIRS = """
import asyncio, hl7.mllp

async def hear(reader, writer):
    try:
        while True:
            writer.writemessage((await reader.readmessage()).create_ack())
            await writer.drain()
    except asyncio.IncompleteReadError:
        writer.close()

async def main():
    server = await hl7.mllp.start_hl7_server(hear, "127.0.0.1", 0, encoding="utf-8")
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""
"""python-hl7's listener, as its documentation has it."""


class Share(NamedTuple):
    """What one process of the client does: at which port, and which messages over how many
    connections."""

    port: int
    first: int
    count: int
    connections: int


def message(number: int) -> bytes:
    """A booking of an appointment, no two alike, in its frame."""
    segments = (
        f"MSH|^~\\&|SCHED|EAST|HUB|EAST|20260302141000-0500||SIU^S12^SIU_S12|C{number}|P|2.5.1",
        f"SCH||F{number}^SCHED|||||ROUTINE|FOLLOWUP|50|min|{WHEN}|||||{WHO}||||{WHO}|||||Booked",
        f"PID|1||{1000 + number % 500}^^^MRN^MR||Example^Patient||19800101|F",
        "PV1|1|O|EAST^ROOM1",
        "RGS|1|A",
        "AIP|1|A|kurtz^Kurtz^Anna|ATND^Attending||20260309100000-0400|||50|min",
    )
    return b"\x0b" + "".join(f"{one}\r" for one in segments).encode() + b"\x1c\r"


def send(share: Share) -> list[float]:
    """Sends a share; the seconds that each acknowledgement took. One thread serves all connections
    by turns: all have a message under way all the time."""
    numbers = iter(range(share.first, share.first + share.count))
    took: list[float] = []
    began: dict[socket.socket, float] = {}
    came: dict[socket.socket, bytes] = {}
    with selectors.DefaultSelector() as selector:

        def following(one: socket.socket) -> None:
            number = next(numbers, None)
            if number is None:
                selector.unregister(one)
                one.close()
                return
            began[one], came[one] = time.perf_counter(), b""
            one.sendall(message(number))

        for _ in range(share.connections):
            one = socket.create_connection(("127.0.0.1", share.port))
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(one, selectors.EVENT_READ)
            following(one)
        while selector.get_map():
            for key, _ in selector.select():
                one = key.fileobj
                assert isinstance(one, socket.socket)
                came[one] += one.recv(4096)
                if came[one].endswith(b"\x1c\r"):
                    took.append(time.perf_counter() - began[one])
                    assert b"|AA|" in came[one], came[one]
                    following(one)
    return took


@contextmanager
def theirs() -> Generator[int]:
    """The port of the other listener."""
    with subprocess.Popen([sys.executable, "-c", THEIRS], stdout=subprocess.PIPE) as process:
        assert process.stdout
        yield int(process.stdout.readline())
        process.terminate()


@contextmanager
def ours(target: str) -> Generator[int]:
    """The port of ours, with an inbox that holds nothing."""
    with tempfile.TemporaryDirectory() as name:
        Path(name, "alliance.toml").write_text(TOML)
        words = ("listen", "--mllp", "127.0.0.1:0", "--to", target, "--create-people", "--json")
        with subprocess.Popen(
            [sys.executable, "-m", "alliance_fhir", *words], stdout=subprocess.PIPE, cwd=name
        ) as process:
            assert process.stdout
            yield int(json.loads(process.stdout.readline())["event"].rpartition(":")[2])
            process.terminate()
            process.communicate()


def shares(port: int, count: int, connections: int) -> Iterator[Share]:
    """The parts of the client's processes."""
    for number in range(PROCESSES):
        part = count // PROCESSES
        yield Share(port, number * part, part, connections // PROCESSES)


def measured(pool: Any, port: int, count: int, connections: int) -> tuple[float, list[float]]:
    """Messages a second, and the seconds of each."""
    began = time.perf_counter()
    took = [one for some in pool.map(send, shares(port, count, connections)) for one in some]
    return len(took) / (time.perf_counter() - began), took


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--messages", type=int, default=8_000)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round of a quarter of it")
    told = parser.parse_args()
    count, rounds = (told.messages // 4, 1) if told.quick else (told.messages, told.rounds)
    listeners = {"theirs": theirs, "ours": partial(ours, AWAY), "sending": partial(ours, "./out")}
    speeds: dict[str, list[float]] = {name: [] for name in listeners}
    latencies: dict[str, list[float]] = {name: [] for name in listeners}
    with Pool(PROCESSES) as pool:
        for number in range(rounds):
            for name, listener in listeners.items():
                with listener() as port:
                    speed, took = measured(pool, port, count, told.connections)
                speeds[name].append(speed)
                latencies[name] += took
            shown = ", ".join(f"{name} {some[-1]:,.0f}" for name, some in speeds.items())
            print(f"round {number + 1}, messages a second: {shown}", file=sys.stderr)
    report = Report()
    report.line(f"{count:,} messages over {told.connections} connections, {rounds} rounds, medians")
    for name, some in latencies.items():
        cuts = statistics.quantiles(some, n=100)
        report.line(f"{name}: p50 {cuts[49] * 1e3:.1f} ms, p99 {cuts[98] * 1e3:.1f} ms")
    ratios = [a / b for a, b in zip(speeds["ours"], speeds["theirs"], strict=True)]
    report.at_least("ours against one that keeps nothing", statistics.median(ratios), 0.3)
    report.at_least("ours, messages a second", statistics.median(speeds["ours"]), 500)
    report.line(f"while it sends on, a second: {statistics.median(speeds['sending']):,.0f}")
    sys.exit(report.code)


if __name__ == "__main__":
    main()
