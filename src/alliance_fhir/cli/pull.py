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
    appointments: Annotated[
        Path | None,
        typer.Option(
            "--appointments",
            metavar="FILE",
            help="Write the Appointments back to this .csv, as a table of visits.",
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
    from alliance_fhir.pulling import pull, pull_appointments, pull_plans, pull_table
    from alliance_fhir.sources.fhir.neighbours import TYPES as NAMED
    from alliance_fhir.targets.reading import SPARE, TABLE, TYPES, VISITS, Wish

    makers = {
        "--assessments": (assessments, pull_table, TABLE, ()),
        "--plans": (plans, pull_plans, PLANS, PEOPLE),
        "--appointments": (appointments, pull_appointments, VISITS, NAMED),
    }
    made = {name: told for name, told in makers.items() if told[0]}
    if out is None and (not made or since_last):
        raise ConfigError(
            "name --out DIR, where what is pulled goes, --assessments FILE, --plans DIR or "
            "--appointments FILE"
        )
    if len(made) > 1:
        raise ConfigError(f"{' and '.join(made)} are pulls of their own: one after the other")
    for name, file in (("--assessments", assessments), ("--appointments", appointments)):
        if file and file.suffix.lower() != ".csv":
            raise ConfigError(f"{name} takes the name of a file that ends with .csv")
    if any(not _TYPE.fullmatch(told) for told in type_ or ()):
        raise ConfigError("--type takes a type of FHIR, such as Observation")
    place, make, usual, named = next(iter(made.values()), (None, None, (), ()))
    usual = (*usual, *(named if everybody else ()))
    types = tuple(dict.fromkeys(type_ or (*(TYPES if out else ()), *usual)))
    settings = o.settings_for(config)
    wish = Wish(types, everybody, since_last, () if type_ else (*SPARE, *NAMED[2:]))
    with (
        closing(open_target(from_, settings, fhir, insecure=insecure)) as target,
        watching("pull", quiet=json) as watch,
    ):
        if place and make:
            result = make(target, place, settings, wish, out, watch)
        else:
            assert out  # noqa: S101 - held above
            result = pull(target, out, settings, wish, watch)
    show(result, as_json=json)
