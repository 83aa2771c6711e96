"""A real HAPI FHIR JPA server on this machine: built once, started and stopped from here.

    from alliance_fhir import sandbox

    server = sandbox.start("R4", 8080)      # or R4B, R5; disk=Path("data") keeps what is written
    ...                                     # talk FHIR to server.url
    sandbox.stop(server.port)

The server is a small Maven project that travels with this package (folder `hapi`). The first start
builds it, which takes Java 17 or newer, Maven, and once 263 MB from Maven Central; everything is
kept in the cache folder: $ALLIANCE_FHIR_CACHE, else $XDG_CACHE_HOME/alliance-fhir, else
~/.cache/alliance-fhir. It may be deleted whenever no sandbox is running.

A server listens on 127.0.0.1 only, asks for no password, and goes on after the process that started
it has ended. Linux and macOS.
"""

from __future__ import annotations

from alliance_fhir.sandbox.server import start, status, stop
from alliance_fhir.sandbox.state import FhirVersion, Running

__all__ = ["FhirVersion", "Running", "start", "status", "stop"]
