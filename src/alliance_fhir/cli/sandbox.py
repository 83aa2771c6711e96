"""alliance-fhir sandbox start|stop|status: a real HAPI FHIR server on this machine.

What does the work is imported when it is asked for, so that help waits for nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from alliance_fhir.sandbox import Running

app = typer.Typer(
    name="sandbox",
    help="A real HAPI FHIR server on this machine, to try things against (Java 17+, Maven).",
    no_args_is_help=True,
)

Port = Annotated[int, typer.Option(help="The port on 127.0.0.1.", min=1, max=65535)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def start(
    *,
    fhir: Annotated[
        str, typer.Option(metavar="VERSION", help="The FHIR version it speaks: R4, R4B or R5.")
    ] = "R4",
    port: Port = 8080,
    disk: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            file_okay=False,
            help="Keep the data in this folder; without it, they are gone when the server stops.",
        ),
    ] = None,
    wait: Annotated[
        float, typer.Option(metavar="SECONDS", min=1, help="How long it may take to come up.")
    ] = 300,
    as_json: Json = False,
) -> None:
    """Start a server and print its base URL once it answers; it goes on after this command.

    The first start builds it with Maven, into the cache folder ($ALLIANCE_FHIR_CACHE, else
    ~/.cache/alliance-fhir).
    """
    from alliance_fhir import sandbox

    server = sandbox.start(fhir, port, disk=disk, wait=wait, progress=_tell)
    if as_json:
        _print_json("start", [server], running=True)
    else:
        typer.echo(server.url)


@app.command()
def stop(
    *,
    port: Port = 8080,
    every: Annotated[bool, typer.Option("--all", help="Stop all of them.")] = False,
    as_json: Json = False,
) -> None:
    """Stop a server; to find none there is no error."""
    from alliance_fhir import sandbox

    stopped: list[Running] = []
    for each in [server.port for server in sandbox.status()] if every else [port]:
        _tell(f"stopping port {each} ...")
        if server := sandbox.stop(each):
            stopped.append(server)
    if as_json:
        _print_json("stop", stopped, running=False)
    elif stopped:
        for server in stopped:
            typer.echo(f"stopped {_line(server)}")
    else:
        typer.echo("no sandbox is running" + ("" if every else f" on port {port}"))


@app.command()
def status(*, as_json: Json = False) -> None:
    """List the servers that are running."""
    from alliance_fhir import sandbox

    servers = sandbox.status()
    if as_json:
        _print_json("status", servers, running=True)
    elif servers:
        for server in servers:
            typer.echo(_line(server) + ("" if server.ready else "  (still starting)"))
    else:
        typer.echo("no sandbox is running")


def _tell(progress: str) -> None:
    typer.echo(progress, err=True)


def _line(server: Running) -> str:
    where = f"on disk in {server.disk}" if server.disk else "in memory"
    return f"{server.url}  {server.fhir_version}  {where}  pid {server.pid}  log {server.log}"


def _print_json(command: str, servers: list[Running], *, running: bool) -> None:
    """One shape for all three: the first server by port at the top, and all of them in a list."""
    each = [
        {
            "url": server.url,
            "fhir_version": server.fhir_version,
            "pid": server.pid,
            "running": running,
            "log": str(server.log),
        }
        for server in servers
    ]
    none = {"url": None, "fhir_version": None, "pid": None, "running": False, "log": None}
    first = each[0] if each else none
    typer.echo(json.dumps({"command": f"sandbox {command}", **first, "servers": each}))
