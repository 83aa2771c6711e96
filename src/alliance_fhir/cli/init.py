"""`alliance-fhir init`: a first version of a file that a person then fills in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

NAME = "init"


def command(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Where it goes; else to standard output."),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="An empty plan, every key of it explained.")
    ] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="With --plan: the JSON Schema of plans, for editors.")
    ] = False,
) -> None:
    """Write an empty plan to fill in, or the JSON Schema of plans. Nothing is overwritten."""
    # imported here, so that nobody waits for it who only asks for help
    from alliance_fhir.domain.places import YAML
    from alliance_fhir.errors import ConfigError
    from alliance_fhir.sources.plans import schema as documents

    if not plan:
        raise ConfigError("init writes plans alone so far: say --plan")
    text = documents.published() if schema else documents.empty()
    if file is None:
        typer.echo(text, nl=False)
        return
    _write(file, text, () if schema else YAML)


def _write(file: Path, text: str, endings: tuple[str, ...]) -> None:
    """Raises ConfigError where the file is there, cannot be written, or would not be read."""
    from alliance_fhir.errors import ConfigError
    from alliance_fhir.room import unwritable

    if endings and not file.name.lower().endswith(endings):
        raise ConfigError(f"{file}: the name of a plan's file ends in {' or '.join(endings)}")
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError:
        raise ConfigError(f"{file} is there already, and was left as it is") from None
    except OSError as error:
        raise unwritable(file, error, "it is written whole") from None
