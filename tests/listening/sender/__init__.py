"""A real MLLP client that is not ours: HAPI HL7v2's, which sends each message until it is
acknowledged.

    Sender("127.0.0.1", 2575, messages, folder).answers()

The libraries come from Maven once, into a cache folder named after the digest of these files. It
needs Java 17 (a JDK) and Maven.
"""

from __future__ import annotations

import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from validator.packages import cache, run, tool

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent
FILES = ("pom.xml", "Sender.java")


class Acknowledged(NamedTuple):
    """A message by its control id; MSA-1, MSA-2, and how often it was sent until it had them."""

    control: str
    code: str
    answers: str
    times: int


class Sender:
    """The client, in a process of its own, with some connections; each waits after a message."""

    def __init__(
        self, port: int, messages: Sequence[bytes], folder: Path, lanes: int = 4, pause: float = 0
    ) -> None:
        made = installation()
        file = folder / "messages.txt"
        file.write_bytes(b"".join(one.replace(b"\r", rb"\r") + b"\n" for one in messages))
        classes = f"{made / 'classes'}:{made / 'lib'}/*"
        told = ("127.0.0.1", str(port), str(lanes), str(int(pause * 1000)), str(file))
        self._process = subprocess.Popen(
            [tool("java"), "-Xmx128m", "-cp", classes, "Sender", *told],
            stdout=subprocess.PIPE,
            text=True,
        )

    def answers(self, timeout: float = 300) -> list[Acknowledged]:
        """What was answered, when all is."""
        try:
            out, _ = self._process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        assert self._process.returncode == 0
        told = [line.split(" ") for line in out.splitlines()]
        return [Acknowledged(*first, int(times)) for *first, times in told]

    @property
    def sends(self) -> bool:
        """Whether something is not acknowledged yet."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Ends it, whatever it does."""
        self._process.kill()
        self._process.communicate()


def installation() -> Path:
    """The folder with the client and its libraries, made first where it is not there yet."""
    digest = sha256(b"\0".join((HERE / name).read_bytes() for name in FILES)).hexdigest()
    folder = cache() / f"sender-{digest[:12]}"
    if not folder.is_dir():
        _build(folder)
    return folder


def _build(folder: Path) -> None:
    """Makes the folder whole or not at all, whoever else does the same at the same time."""
    plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="sender-") as temporary:
        whole = Path(temporary) / "whole"
        (whole / "classes").mkdir(parents=True)
        run(tool("mvn"), "-B", "-q", "-ntp", "-f", HERE / "pom.xml", plugin,
            "-DincludeScope=runtime", f"-DoutputDirectory={whole / 'lib'}")  # fmt: skip
        run(tool("javac"), "-nowarn", "-proc:none", "-cp", whole / "lib" / "*",
            "-d", whole / "classes", HERE / "Sender.java")  # fmt: skip
        try:
            whole.rename(folder)
        except OSError:
            if not folder.is_dir():  # no one else was faster
                raise
