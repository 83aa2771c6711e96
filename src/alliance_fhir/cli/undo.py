"""`alliance-fhir undo`."""

from __future__ import annotations

from typing import Annotated

import typer

from alliance_fhir.cli import options as o

NAME = "undo"


def command(
    to: o.TO,
    run: Annotated[
        str, typer.Argument(metavar="[RUN]", help="The run; without it, the runs are listed.")
    ] = "",
    config: o.CONFIG = None,
    fhir: o.FHIR_OF_TARGET = "",
    ledger: o.LEDGER = "",
    insecure: o.INSECURE = False,
    json: o.JSON = False,
) -> None:
    """Remove what a run made at a server, put back what it changed, and touch nothing else."""
    # imported here, so that nobody waits for it who only asks for help
    from alliance_fhir.cli.running import opened
    from alliance_fhir.cli.show import print_json, show
    from alliance_fhir.errors import ConfigError
    from alliance_fhir.ledger.place import is_url
    from alliance_fhir.targets.server import ServerTarget
    from alliance_fhir.undoing import undo

    settings = o.settings_for(config)
    # no file is made for it; a ledger on PostgreSQL is, as others may begin to use it meanwhile
    create = bool(run) and is_url(ledger or settings.ledger or "")
    with opened(to, settings, fhir, ledger, insecure=insecure, create=create) as (target, book):
        if not run:
            runs = book.runs()
            if json:
                names = ("run", "command", "started", "ended")
                told = [dict(zip(names, one, strict=True)) for one in runs]
                print_json({"command": NAME, "target": target.name, "runs": told, "exit_code": 0})
                return
            for id_, name, started, ended in runs:
                typer.echo(f"{id_}  {name:8}  {started}{'' if ended else '  not ended'}")
            return
        if not isinstance(target, ServerTarget):
            raise ConfigError(
                f"{target.name} is a folder, of which nothing is taken back; sync into a new one"
            )
        result = undo(run, target, book, target.remover, settings)
    show(result, as_json=json)
