"""`alliance-fhir instruments`: what is in the catalog, and how sure it is."""

from __future__ import annotations

from typing import Annotated

import typer

from alliance_fhir.cli import options as o

app = typer.Typer(
    no_args_is_help=True, help="The questionnaires that are known: structure, scoring, evidence."
)
NAME = Annotated[str, typer.Argument(metavar="ID", help="Such as wai-sr, or wai-sr@1.")]


@app.command("list")
def list_(config: o.CONFIG = None, json: o.JSON = False) -> None:
    """All instruments, a line each."""
    # imported here, so that nobody waits for it who only asks for help
    from alliance_fhir.cli.describe import tell_all

    tell_all(o.settings_for(config), json=json)


@app.command()
def show(name: NAME, config: o.CONFIG = None, json: o.JSON = False) -> None:
    """One instrument: items, scores, licence, and what about it is not verified."""
    from alliance_fhir.cli.describe import tell_one

    tell_one(o.settings_for(config), name, json=json)


@app.command()
def export(
    name: NAME,
    rater: Annotated[str, typer.Option("--rater", help="Whose form; else the first one.")] = "",
    fhir: o.FHIR = "R4",
    config: o.CONFIG = None,
) -> None:
    """The instrument as a FHIR Questionnaire that scores itself, on standard output."""
    from alliance_fhir.cli.describe import tell_form

    tell_form(o.settings_for(config), name, rater, fhir)
