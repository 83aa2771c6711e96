"""`alliance-fhir probe`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from alliance_fhir.cli import options as o
from alliance_fhir.errors import ConfigError

if TYPE_CHECKING:
    from alliance_fhir.probing import Probed
    from alliance_fhir.targets.server import ServerTarget

NAME = "probe"


def command(
    server: Annotated[
        str,
        typer.Argument(
            metavar="URL", help="A FHIR server's URL, or the name of one in alliance.toml."
        ),
    ],
    write: Annotated[
        bool,
        typer.Option(
            "--write",
            help="Try it out with resources marked as test data, which are removed again.",
        ),
    ] = False,
    config: o.CONFIG = None,
    fhir: o.FHIR_OF_TARGET = "",
    ledger: o.LEDGER = "",
    insecure: o.INSECURE = False,
    json: o.JSON = False,
) -> None:
    """What a server can do, what it only claims, and how a sync goes about it then."""
    # imported here, so that nobody waits for it who only asks for help
    from contextlib import closing

    from alliance_fhir.cli.show import print_json
    from alliance_fhir.opening import open_target
    from alliance_fhir.probing import probe
    from alliance_fhir.result import Result
    from alliance_fhir.targets.server import ServerTarget

    settings = o.settings_for(config)
    # whose data it is does not matter here, and may not be decided yet
    named = settings if settings.source else settings.model_copy(update={"source": NAME})
    with closing(open_target(server, named, fhir, insecure=insecure)) as target:
        if not isinstance(target, ServerTarget):
            raise ConfigError("a folder takes everything; there is nothing to probe")
        probed = probe(target, write=write)
        if write and settings.source and not probed.error:
            _keep(target, settings, ledger)
        requests = target.requests()
    if json:
        result = Result(NAME, target=target.name, fhir_version=target.version.full)
        result.probe, result.requests = probed.as_json(), requests
        if probed.error:
            result.stopped, result.stop_code = str(probed.error), probed.error.exit_code
        print_json(result.as_json())
    else:
        _show(target, probed, tried=write)
    if probed.error:
        typer.echo(f"error: {probed.error}", err=True)
        raise typer.Exit(probed.error.exit_code)


def _keep(target: ServerTarget, settings: o.Settings, ledger: str) -> None:
    """What was found out goes into the ledger: runs begin with it from now on."""
    from alliance_fhir.opening import ledger_place
    from alliance_fhir.running import ABILITIES
    from alliance_fhir.story import open_ledger

    with open_ledger(ledger_place(target, settings, ledger), target, settings) as book:
        book.note(ABILITIES, target.remembered())
        book.commit()


def _show(target: ServerTarget, probed: Probed, *, tried: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=True)
    whose = f"{target.name}: FHIR {target.version.full}, {probed.server or 'no name'}"
    console.print(whose, markup=False)  # the server's name is anything
    table = Table("trait", "claimed", "tried", "what it is", box=None, pad_edge=False)
    for row in probed.rows:
        table.add_row(row.trait, _word(row.claimed), _word(row.found), row.what)
    console.print(table)
    told = [f"{row.trait}: {row.so}" for row in probed.rows if row.so]
    told += [f"{type_}: no {' and no '.join(some)}" for type_, some in probed.refused.items()]
    console.print("what follows:" if told else "what follows: nothing is done without")
    for line in told:
        console.print(f"  {line}", markup=False)
    for quirk in probed.quirks:
        console.print(f"known of it: {quirk.what} ({quirk.evidence})", markup=False)
    for place in probed.left:
        console.print(f"not removed: {place}", markup=False)
    if not tried:
        console.print("nothing was tried out; --write does, with test data that it removes again")


def _word(told: bool | None) -> str:
    return {True: "yes", False: "no", None: "-"}[told]
