"""HL7's own validation engine, given nothing but our package: one JVM that stays warm.

    with Engine("r4", archive("r4", folder)) as engine:
        issues = engine.validate(resource)

The first use on a machine fetches what it needs (see installed); then no network is needed, and
none is used: the engine is told so, and what it may still ask for, a proxy that answers nobody
hears (`calls`).
"""

from __future__ import annotations

import socket
from pathlib import Path

from shorthand import Build
from validator import Validator

from .archive import CORE, VERSIONS
from .installed import installation


class Engine(Validator):
    """The engine for one version of FHIR, a context manager. It knows the core definitions, one
    package and what that depends on; `define` is not for it."""

    def __init__(self, build: Build, package: Path) -> None:
        super().__init__(VERSIONS[build])
        self._core = "#".join(CORE[build])
        self._package = package
        self._proxy = socket.create_server(("127.0.0.1", 0))
        self._proxy.setblocking(False)

    def command(self) -> list[str]:
        """What starts the JVM."""
        here = installation()
        host, port = self._proxy.getsockname()
        proxies = [
            f"-D{scheme}.proxy{part}={value}"
            for scheme in ("http", "https")
            for part, value in (("Host", host), ("Port", port))
        ]
        return [
            "java", "-Xmx3g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *proxies,
            f"-Duser.home={here / 'home'}",  # where it looks for packages
            "-cp", f"{here / 'classes'}:{here / 'lib'}/*", "Engine",
            self.fhir_version, self._core, str(self._package),
        ]  # fmt: skip

    def calls(self) -> int:
        """How often somebody tried to reach the network since this was last asked."""
        count = 0
        while True:
            try:
                self._proxy.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1

    def close(self) -> None:
        """Ends the JVM."""
        super().close()
        self._proxy.close()
