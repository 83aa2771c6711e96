"""`alliance-fhir measure`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alliance_fhir.cli import options as o
from alliance_fhir.errors import ConfigError

NAME = "measure"


def command(
    sources: o.SOURCES,
    since: Annotated[
        str,
        typer.Option(
            "--from", metavar="DAY", help="The first day; else that of the first visit that counts."
        ),
    ] = "",
    until: Annotated[
        str,
        typer.Option(
            "--until", metavar="DAY", help="The last day; else that of the last visit that counts."
        ),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Also as NDJSON, and as a table, in this folder."
        ),
    ] = None,
    to: Annotated[
        str, typer.Option("--to", metavar="TARGET", help="Also to a server, a folder, or a name.")
    ] = "",
    csv: Annotated[bool, typer.Option("--csv", help="All figures as CSV.")] = False,
    config: o.CONFIG = None,
    fhir: o.FHIR_OF_TARGET = "",
    level: o.CHECK = "schema",
    real_data_to_public_server: o.REAL_DATA = False,
    rate: o.RATE = "",
    ledger: o.LEDGER = "",
    insecure: o.INSECURE = False,
    json: o.JSON = False,
) -> None:
    """Count who came and who stayed away, beside the published figures: no-shows, drop-out."""
    # imported here, so that nobody waits for it who only asks for help
    from alliance_fhir.asking import Options
    from alliance_fhir.cli import measured as m

    if csv and json:
        raise ConfigError("--csv and --json are two answers to one question; name one")
    m.run(
        sources,
        o.settings_for(config, sources),
        (o.day(since, "--from"), o.day(until, "--until")),
        m.Wanted(out, to, fhir, ledger, o.per_second(rate), insecure),
        Options(level, real_data_to_public_server=real_data_to_public_server),
        shape="csv" if csv else "json" if json else "table",
    )
