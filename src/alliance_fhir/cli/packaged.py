"""The FHIR package as people read it, and as a file."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from alliance_fhir._version import __version__
from alliance_fhir.cli.show import print_json
from alliance_fhir.fhir.package import package
from alliance_fhir.fhir.tarball import file_name, name_of, release_of, tarball
from alliance_fhir.fhir.versions import version
from alliance_fhir.received import text
from alliance_fhir.room import writing

_SHOWN = ("id", "version", "title", "url")
_WIDEST = 1000
_AFTER = "nothing else was touched"


def tell_all(fhir: str, *, json: bool) -> None:
    """The definitions for a version of FHIR, a line each."""
    spoken = version(fhir)
    bodies = [file.body for file in package(spoken).definitions]
    told = [
        {"type": text(body, "resourceType"), **{name: text(body, name) for name in _SHOWN}}
        for body in bodies
    ]
    if json:
        about = {"package": name_of(spoken), "version": __version__, "fhir_version": spoken.full}
        print_json({"command": "profiles", **about, "definitions": told})
        return
    table = Table("type", *_SHOWN, box=None, pad_edge=False)
    for one in told:
        table.add_row(*one.values())
    console = Console(highlight=False, soft_wrap=True)
    wide = console.options.update(max_width=_WIDEST)
    console.width = console.measure(table, options=wide).maximum  # part of a URL is of no use
    console.print(table)


def write(fhir: str, out: Path | None, *, json: bool) -> None:
    """The package as a file. Raises ConfigError where it cannot be written."""
    spoken = version(fhir)
    whole = package(spoken)
    place = out or Path(file_name(spoken))
    content = tarball(whole)
    with writing(place, _AFTER):
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{place.name}.part")
        part.write_bytes(content)
        part.replace(place)
    counts = {"definitions": len(whole.definitions), "examples": len(whole.examples)}
    if json:
        about = {"package": name_of(spoken), "version": __version__, "fhir_version": spoken.full}
        print_json({"command": "profiles", **about, "file": str(place), **counts})
        return
    told = f"{counts['definitions']} definitions, {counts['examples']} examples"
    release = release_of(spoken)
    also = "" if release == spoken.full else f", which serves {spoken.full} as well"
    typer.echo(f"{place}: {name_of(spoken)} {__version__}, {told}, FHIR {release}{also}")
