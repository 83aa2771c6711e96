"""`alliance-fhir pull`."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from alliance_fhir.cli import options as o
from alliance_fhir.errors import ConfigError

NAME = "pull"
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")


def command(
    from_: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="TARGET",
            help="A FHIR server's URL, a folder, or a name in alliance.toml.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where NDJSON goes, a file for each type."),
    ] = None,
    assessments: Annotated[
        Path | None,
        typer.Option(
            "--assessments",
            metavar="FILE",
            help="Write the assessments back to this .csv, in the wide layout.",
        ),
    ] = None,
    plans: Annotated[
        Path | None,
        typer.Option(
            "--plans",
            metavar="DIR",
            help="Write the shared plans back to this new folder, a document for each.",
        ),
    ] = None,
    type_: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="Only this type of resource; may be repeated."),
    ] = None,
    everybody: Annotated[
        bool, typer.Option("--everybody", help="Also what was not written by us.")
    ] = False,
    since_last: Annotated[
        bool,
        typer.Option(
            "--since-last/--full",
            help="Only what changed since the last pull into DIR; deletions are not seen by it.",
        ),
    ] = False,
    config: o.CONFIG = None,
    fhir: o.FHIR_OF_TARGET = "",
    insecure: o.INSECURE = False,
    json: o.JSON = False,
) -> None:
    """Read back what is at a target: as NDJSON, or as a table; counted = found, or what is not."""
    # imported here, so that nobody waits for it who only asks for help
    from alliance_fhir.cli.progress import watching
    from alliance_fhir.cli.show import show
    from alliance_fhir.documenting import PEOPLE, PLANS
    from alliance_fhir.opening import open_target
    from alliance_fhir.pulling import pull, pull_plans, pull_table
    from alliance_fhir.targets.reading import SPARE, TABLE, TYPES, Wish

    if out is None and (not (assessments or plans) or since_last):
        raise ConfigError(
            "name --out DIR, where what is pulled goes, --assessments FILE or --plans DIR"
        )
    if assessments and plans:
        raise ConfigError("--assessments and --plans are two pulls: one after the other")
    if assessments and assessments.suffix.lower() != ".csv":
        raise ConfigError("--assessments takes the name of a file that ends with .csv")
    if any(not _TYPE.fullmatch(told) for told in type_ or ()):
        raise ConfigError("--type takes a type of FHIR, such as Observation")
    usual = TABLE if assessments else (*PLANS, *(PEOPLE if everybody else ()))
    types = tuple(dict.fromkeys(type_ or (TYPES if out else usual)))
    settings = o.settings_for(config)
    wish = Wish(types, everybody, since_last, () if type_ else SPARE)
    with (
        closing(open_target(from_, settings, fhir, insecure=insecure)) as target,
        watching("pull", quiet=json) as watch,
    ):
        if assessments:
            result = pull_table(target, assessments, settings, wish, out, watch)
        elif plans:
            result = pull_plans(target, plans, settings, wish, out, watch)
        else:
            assert out  # noqa: S101 - held above
            result = pull(target, out, settings, wish, watch)
    show(result, as_json=json)
