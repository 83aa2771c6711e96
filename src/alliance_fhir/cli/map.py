"""`alliance-fhir map`."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from alliance_fhir.cli import options as o
from alliance_fhir.errors import ConfigError

NAME = "map"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")


def _instant(text: str) -> str:
    """An instant with an offset, in UTC as FHIR writes it. Raises ConfigError for anything else."""
    from alliance_fhir.domain.records import in_utc

    try:
        if _INSTANT.fullmatch(text):
            return in_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):  # no such day; in UTC before the year 1, after 9999
        pass
    raise ConfigError("--recorded takes an instant such as 2026-06-30T12:00:00Z")


def command(
    sources: o.SOURCES,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the files go.")],
    config: o.CONFIG = None,
    fhir: o.FHIR = "R4",
    level: o.CHECK = "schema",
    recorded: Annotated[
        str,
        typer.Option(
            "--recorded",
            metavar="INSTANT",
            help="The time that Provenances bear; else each source file's own.",
        ),
    ] = "",
    patient: o.PATIENT = None,
    since: o.SINCE = "",
    limit: o.LIMIT = 0,
    json: o.JSON = False,
) -> None:
    """Write FHIR as NDJSON, one file for each resource type; no server is needed."""
    # imported here, so that nobody waits for it who only asks for help
    from alliance_fhir.asking import Options
    from alliance_fhir.cli.progress import watching
    from alliance_fhir.cli.show import show
    from alliance_fhir.fhir.versions import version
    from alliance_fhir.story import map_to

    recorded = _instant(recorded) if recorded else ""
    settings = o.settings_for(config, sources)
    options = Options(level, frozenset(patient or ()), o.day(since), limit)
    with watching("map", quiet=json) as watch:
        result = map_to(sources, out, settings, version(fhir), options, recorded, watch)
    show(result, as_json=json)
