"""`alliance-fhir retract`."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer

from alliance_fhir.cli import options as o

NAME = "retract"


def command(
    keys: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY...",
            help="Records: the source's record id, an identifier as it is there, or Type/id.",
        ),
    ],
    to: Annotated[
        list[str],
        typer.Option(
            "--to",
            metavar="TARGET",
            help="Where from; may be repeated, for every place it reached.",
        ),
    ],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; it goes into the Provenance.")
    ],
    only: Annotated[
        bool,
        typer.Option(
            "--only",
            help="The resource that is named alone: for what a corrected row no longer gives.",
        ),
    ] = False,
    config: o.CONFIG = None,
    fhir: o.FHIR_OF_TARGET = "",
    ledger: o.LEDGER = "",
    insecure: o.INSECURE = False,
    json: o.JSON = False,
) -> None:
    """Mark records as entered in error, with a reason: the wrong patient, an answer withdrawn."""
    # imported here, so that nobody waits for it who only asks for help
    from alliance_fhir.cli.running import opened
    from alliance_fhir.cli.show import show
    from alliance_fhir.errors import ConfigError
    from alliance_fhir.withdrawing import retract

    if not reason.strip():
        raise ConfigError("--reason takes some words: they stand in the record's history for good")
    if ledger and len(to) > 1:
        raise ConfigError("--ledger is of one target; leave it out, or name one --to at a time")
    settings = o.settings_for(config)
    with ExitStack() as stack:
        places = [
            stack.enter_context(opened(one, settings, fhir, ledger, insecure=insecure))
            for one in to
        ]
        result = retract(keys, places, settings, reason.strip(), only=only)
    show(result, as_json=json)
