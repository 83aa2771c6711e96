"""The command line: the only place that prints, and the only one that ends the process."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import NoReturn

import typer

from alliance_fhir._version import __version__
from alliance_fhir.cli import (
    check,
    demo,
    init,
    instruments,
    listen,
    measure,
    plan,
    probe,
    profiles,
    pull,
    retract,
    sandbox,
    sync,
    undo,
    verify,
    waiting,
)
from alliance_fhir.cli import map as map_
from alliance_fhir.cli.streams import drop, prepare
from alliance_fhir.errors import AllianceError, defect
from alliance_fhir.room import is_full, unwritable

app = typer.Typer(
    name="alliance-fhir",
    help="Therapeutic-alliance questionnaires, shared plans and visits to any FHIR server.\n\n"
    "Start with `alliance-fhir demo`; then `alliance-fhir check YOUR.csv`.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
for command in (demo, init, check, map_, plan, sync, listen, waiting, verify, measure):
    app.command(command.NAME)(command.command)
for command in (probe, pull, retract, undo):
    app.command(command.NAME)(command.command)
app.add_typer(instruments.app, name="instruments")
app.add_typer(profiles.app, name="profiles")
app.add_typer(sandbox.app, name="sandbox")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"alliance-fhir {__version__}")
        raise typer.Exit


@app.callback()
def _root(  # pyright: ignore[reportUnusedFunction] - typer calls it
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    pass


_DONE = "what was done stays done, and nothing will be there twice"
_INTERRUPTED = "interrupted; run it again to go on where it was"


class _Interrupted(BaseException):
    """Ctrl-C. Not KeyboardInterrupt, of which typer makes an exit without a word."""


def main() -> None:
    """The command `alliance-fhir`: errors of ours become a message and an exit code."""
    interrupted = False
    prepare()

    def interrupt(number: int, frame: object) -> None:
        nonlocal interrupted
        interrupted = True
        raise _Interrupted

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        app()
    except _Interrupted:
        _end(_INTERRUPTED, 130)
    except AllianceError as error:
        _end(str(error), error.exit_code)
    except Exception as error:
        if isinstance(error, OSError) and is_full(error):  # all else that we write tells its place
            drop(sys.stdout)
            full = unwritable("the result", error, _DONE)
            _end(str(full), full.exit_code)
        if os.environ.get("ALLIANCE_FHIR_DEBUG"):
            raise
        # what is interrupted in the middle of a library's code may come out as another error
        _end(*((_INTERRUPTED, 130) if interrupted else (defect(error), 70)))
    finally:
        signal.signal(signal.SIGINT, before)


def _end(message: str, code: int) -> NoReturn:
    """Says why the command ends here; with --json also as the object that programs wait for."""
    words = sys.argv[1:]
    if "--json" in words:
        command = next((word for word in words if not word.startswith("-")), "")
        shape = {"command": command, "stopped": message, "exit_code": code}
        try:
            typer.echo(json.dumps({**shape, "rejected": [], "blocked": []}, indent=2))
        except OSError:  # there is no room for that either
            drop(sys.stdout)
    try:
        typer.echo(f"error: {message}", err=True)
    except OSError:  # nobody reads it any more, or there is no room: the exit code says it
        drop(sys.stderr)
    sys.exit(code)
