"""`alliance-fhir profiles`: the FHIR package, looked at, as a file, and on a server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alliance_fhir.cli import options as o

app = typer.Typer(
    no_args_is_help=True,
    help="The FHIR package: profiles, extensions, code systems, value sets, forms, measures.",
)


@app.command("list")
def list_(fhir: o.FHIR = "R4", json: o.JSON = False) -> None:
    """All definitions, a line each."""
    # imported here, so that nobody waits for it who only asks for help
    from alliance_fhir.cli.packaged import tell_all

    tell_all(fhir, json=json)


@app.command()
def export(
    fhir: o.FHIR = "R4",
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to; else its usual name, here."),
    ] = None,
    json: o.JSON = False,
) -> None:
    """Write the package as a tgz, as validators and FHIR registries take it."""
    from alliance_fhir.cli.packaged import write

    write(fhir, out, json=json)


@app.command()
def install(
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="TARGET",
            help="A FHIR server's URL, or the name of one in alliance.toml.",
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    config: o.CONFIG = None,
    fhir: o.FHIR_OF_TARGET = "",
    take: o.TAKE = None,
    recreate: o.RECREATE = False,
    adopt: o.ADOPT = False,
    rate: o.RATE = "",
    ledger: o.LEDGER = "",
    insecure: o.INSECURE = False,
    json: o.JSON = False,
) -> None:
    """Put all definitions on a server, or bring them up to date; run it as often as you like."""
    from alliance_fhir.asking import Options
    from alliance_fhir.cli.progress import watching
    from alliance_fhir.cli.running import opened
    from alliance_fhir.cli.show import show
    from alliance_fhir.installing import COMMAND, on_server
    from alliance_fhir.installing import install as installed

    settings = o.settings_for(config)
    if not settings.source:  # definitions are of no source; the ledger has to have a name
        settings = settings.model_copy(update={"source": COMMAND})
    options = Options(take=take or "", recreate=recreate, adopt=adopt)
    with (
        opened(
            *(to, settings, fhir, ledger),
            rate=o.per_second(rate),
            insecure=insecure,
            create=not dry_run,
            fit=on_server,
        ) as (target, book),
        watching(COMMAND, quiet=json) as watch,
    ):
        result = installed(target, book, settings, options, watch, dry=dry_run)
    show(result, as_json=json)
