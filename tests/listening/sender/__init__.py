"""A real MLLP client that is not ours: HAPI HL7v2's, which sends each message until it is
acknowledged.

    sender = Sender(2575)
    sender.send(messages)
    sender.answers()

The libraries come from Maven once, into a cache folder named after the digest of these files. It
needs Java 17 (a JDK) and Maven.
"""

from __future__ import annotations

import subprocess
import threading
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from validator.packages import cache, made_whole, run, tool

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Path(__file__).parent
FILES = ("pom.xml", "Sender.java")
CHARSET = "-Dca.uhn.hl7v2.llp.charset=UTF-8"  # else it sends question marks for what is not ASCII


class Acknowledged(NamedTuple):
    """A message by its control id; MSA-1, MSA-2, and how often it was sent until it had them."""

    control: str
    code: str
    answers: str
    times: int


class Sender:
    """The client, in a process of its own, with some connections.

    `acknowledged` are those that were, so far.
    """

    def __init__(self, port: int, lanes: int = 4) -> None:
        made = installation()
        classes = f"{made / 'classes'}:{made / 'lib'}/*"
        told = ("127.0.0.1", str(port), str(lanes))
        self._process = subprocess.Popen(
            [tool("java"), "-Xmx128m", CHARSET, "-cp", classes, "Sender", *told],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.acknowledged: list[Acknowledged] = []
        self._thread = threading.Thread(target=self._hear)
        self._thread.start()

    def _hear(self) -> None:
        for line in self._process.stdout or ():
            *first, times = line.split()
            self.acknowledged.append(Acknowledged(*first, int(times)))

    def send(self, messages: Iterable[bytes]) -> None:
        """Gives it messages; it does not wait until they are sent."""
        assert self._process.stdin
        for one in messages:
            self._process.stdin.write(one.decode().replace("\r", "\\r") + "\n")
        self._process.stdin.flush()

    def answers(self, timeout: float = 300) -> list[Acknowledged]:
        """What was answered, when all is that it was given."""
        assert self._process.stdin
        self._process.stdin.close()
        assert self._process.wait(timeout) == 0
        self._thread.join()
        return self.acknowledged

    def kill(self) -> None:
        """Ends it, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._thread.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()


def installation() -> Path:
    """The folder with the client and its libraries, made first where it is not there yet."""
    digest = sha256(b"\0".join((HERE / name).read_bytes() for name in FILES)).hexdigest()
    folder = cache() / f"sender-{digest[:12]}"
    if not folder.is_dir():
        _build(folder)
    return folder


def _build(folder: Path) -> None:
    """Makes the folder."""
    plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
    with made_whole(folder) as whole:
        (whole / "classes").mkdir()
        run(tool("mvn"), "-B", "-q", "-ntp", "-f", HERE / "pom.xml", plugin,
            "-DincludeScope=runtime", f"-DoutputDirectory={whole / 'lib'}")  # fmt: skip
        run(tool("javac"), "-nowarn", "-proc:none", "-cp", whole / "lib" / "*",
            "-d", whole / "classes", HERE / "Sender.java")  # fmt: skip
