"""`alliance-fhir demo`: the example clinic, from its files to a target, before your eyes."""

from __future__ import annotations

from typing import Annotated

import typer

from alliance_fhir.cli import options as o

NAME = "demo"
FOLDER = "alliance-demo/fhir"


def command(
    to: Annotated[
        str,
        typer.Option("--to", metavar="TARGET", help="A FHIR server's URL, or a folder."),
    ] = FOLDER,
    fhir: o.FHIR_OF_TARGET = "",
    insecure: o.INSECURE = False,
    json: o.JSON = False,
) -> None:
    """The bundled example clinic, scored, mapped, synced, verified, and synced once more.

    All of it is synthetic, and marked as test data. Its files are laid out in alliance-demo/clinic.
    At a server its people are made, too.
    """
    # imported here, so that nobody waits for it who only asks for help
    from alliance_fhir.cli.tour import tell

    tell(to, fhir, insecure=insecure, json=json)
