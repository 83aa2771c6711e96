"""How results look: a table for people, or one JSON object for programs."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from alliance_fhir._version import __version__
from alliance_fhir.cli.show_validation import validation, without_validation
from alliance_fhir.cli.streams import tell
from alliance_fhir.domain.places import words_for
from alliance_fhir.domain.receipt import NOT_VALID, STATES, Finding
from alliance_fhir.result import Pulled, Result, Verification

_MOST = 50
"""Findings of one kind that are listed for a person; `--json` has them all."""


def show(result: Result, *, as_json: bool) -> None:
    """Prints a result, and ends the process with its exit code where that is not 0."""
    if as_json:
        print_json(result.as_json())
    else:
        people(result, Console(highlight=False, soft_wrap=True))
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def print_json(shape: dict[str, Any]) -> None:
    """One object on standard output, in UTF-8 as JSON is, whatever the terminal's encoding.

    What is no text in it, such as a part of a path, becomes U+FFFD.
    """
    try:
        told = orjson.dumps(shape, option=orjson.OPT_INDENT_2)
    except TypeError:
        text = json.dumps(shape, indent=2, ensure_ascii=False)
        told = text.encode(errors="surrogateescape").decode(errors="replace").encode()
    tell(told)


def people(result: Result, console: Console) -> None:
    """Prints a result for a person."""
    tally = result.tally
    _findings(console, "rejected", tally.rejected)
    _findings(console, "not sent or not touched", tally.blocked)
    _findings(console, "warnings", without_validation(tally.warnings))
    _findings(console, "no longer in the source", tally.disappeared)
    if told := _what(result):
        console.print(f"{result.command}: {told}, FHIR {result.fhir_version}")
    if result.undone:
        console.print(_table(result.undone, "what", "resources"))
    if result.files:
        console.print(_table(result.files, "type", "resources"))
    if result.pull:
        _pulled(console, result.pull)
    if result.is_writing:
        console.print(_table({s: tally.resources[s] for s in STATES if tally.resources[s]}))
    validation(console, result)
    if result.verify:
        _verification(console, result.verify)
    if result.target:
        run = f", run {result.run}" if result.run else ""
        console.print(f"target: {result.target}{run}", markup=False)
    if result.dead_letters:
        console.print(f"dead letters: {result.dead_letters}", markup=False)
    if result.stopped:
        Console(stderr=True, highlight=False).print(f"stopped: {result.stopped}", markup=False)


def _what(result: Result) -> str:
    """What a command was about; nothing where that is told otherwise."""
    tally = result.tally
    if result.command == "profiles":
        return f"version {__version__}"
    if result.command == "verify" or (result.command == "pull" and not tally.read):
        return ""
    return f"{tally.accepted:,} of {tally.read:,} records"


def _table(counts: dict[str, int], name: str = "state", value: str = "resources") -> Table:
    table = Table(name, value, box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for key, count in counts.items():
        table.add_row(key, f"{count:,}")
    return table


def _findings(console: Console, title: str, findings: list[Finding]) -> None:
    if not findings:
        return
    console.print(f"{title}:", style="bold")
    for finding in findings[:_MOST]:
        told = finding.as_json()
        place = f"{finding.path}{_place(finding)}"
        console.print(f"  {place}: {finding.rule}. {told['remedy']}", markup=False)
    if len(findings) > _MOST:
        rest = Counter(finding.rule for finding in findings[_MOST:])
        kinds = ", ".join(f"{count:,} {rule}" for rule, count in rest.most_common())
        console.print(f"  and {len(findings) - _MOST:,} more ({kinds}); --json lists all of them")


def _place(finding: Finding) -> str:
    """Where in a file; of what is of no row, the resource that is not valid."""
    row, column = words_for(finding.path)
    row = f", {row} {finding.row}" if finding.row else ""
    if not finding.row and finding.rule == NOT_VALID:
        row = f", {finding.resource}"
    return row + (f", {column} {finding.column}" if finding.column else "")


def _pulled(console: Console, types: dict[str, Pulled]) -> None:
    """What was counted, and what was found of it."""
    for type_, told in types.items():
        counted = "not counted" if told.counted is None else f"counted {told.counted:,}"
        since = f" changed since {told.since}" if told.since else ""
        line = f"{type_}{since}: {counted}, found {told.found + told.left_out:,}"
        line += f", {told.left_out:,} of them not asked for" if told.left_out else ""
        line += f"; {told.why}" if told.why else ""
        console.print(line, markup=False, style="red" if told.complete is False else None)


def _verification(console: Console, found: Verification) -> None:
    told = f"expected {found.expected:,}, found {found.found:,}, equal {found.equal:,}"
    console.print(f"verify: {told}", style="green" if found.ok else "red")
    for name in ("missing", "duplicated", "different", "foreign"):
        places: list[str] = getattr(found, name)
        for place in places[:_MOST]:
            console.print(f"  {name}: {place}", markup=False)
        if len(places) > _MOST:
            console.print(f"  and {len(places) - _MOST:,} more {name}")
