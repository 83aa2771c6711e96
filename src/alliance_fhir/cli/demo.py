"""`alliance-fhir demo`: the example clinic, from its files to a target, before your eyes."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from alliance_fhir import config
from alliance_fhir.cli import options as o
from alliance_fhir.cli.progress import watching
from alliance_fhir.cli.running import opened
from alliance_fhir.cli.show import print_json, show
from alliance_fhir.config import Settings
from alliance_fhir.errors import ConfigError
from alliance_fhir.result import Result
from alliance_fhir.running import Options
from alliance_fhir.sync import sync, verify

NAME = "demo"
FOLDER = "alliance-demo"


def command(
    to: Annotated[
        str,
        typer.Option("--to", metavar="TARGET", help="A FHIR server's URL, or a folder."),
    ] = FOLDER,
    fhir: o.FHIR = "",
    insecure: o.INSECURE = False,
    json: o.JSON = False,
) -> None:
    """The bundled example clinic, scored, mapped, synced, verified, and synced once more.

    All of it is synthetic, and marked as test data. At a server its people are made, too.
    """
    clinic = files("alliance_fhir") / "examples" / "clinic"
    if not clinic.is_dir():
        raise ConfigError("the example clinic is not in this installation")
    with as_file(clinic) as folder:
        settings = config.load(folder / config.FILE).model_copy(update={"folder": Path()})
        result = _story(folder, settings, to, fhir, insecure=insecure, json=json)
    if json:
        print_json(result.as_json())
    code = 0 if result.verify and result.verify.ok and not result.stop_code else 8
    if code:
        raise typer.Exit(result.stop_code or code)


def _story(
    folder: Path, settings: Settings, to: str, fhir: str, *, insecure: bool, json: bool
) -> Result:
    console = Console(highlight=False, quiet=json)
    options = Options(create_people=True)
    with opened(to, settings, fhir, None, insecure=insecure) as (target, book):
        console.print(
            "[bold]1. First sync[/]: the clinic's files, read, scored, mapped, delivered."
        )
        console.print("   Two rows are broken on purpose; they are named, the others go on.\n")
        with watching("sync", quiet=json) as watch:
            result = sync([folder], target, book, settings, options, watch)
        _tell(result, json=json)
        console.print("\n[bold]2. Verify[/]: everything read back from the target.\n")
        checked = verify(target, book)
        _tell(checked, json=json)
        console.print("\n[bold]3. Second sync[/] of the same files: nothing is sent.\n")
        again = sync([folder], target, book, settings, options)
        again.tally.rejected.clear()  # named above
        again.tally.warnings.clear()
        _tell(again, json=json)
        console.print(f"\nThe ledger is {book.path}. {_next(to)}")
    result.command = NAME
    result.verify = checked.verify
    return result


def _tell(result: Result, *, json: bool) -> None:
    if not json:
        try:
            show(result, as_json=False)
        except typer.Exit:
            return  # rows that were rejected on purpose do not end the story


def _next(to: str) -> str:
    if "://" in to:
        return "Next: `alliance-fhir sync YOUR.csv --to` this server."
    return (
        f"Look into {to}/, then try a real server: `alliance-fhir sandbox start`, and "
        "`alliance-fhir demo --to http://127.0.0.1:8080/fhir`."
    )
