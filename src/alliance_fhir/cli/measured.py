"""What `alliance-fhir measure` does, and how figures look."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Literal, NamedTuple

import typer
from rich.console import Console

from alliance_fhir import measuring
from alliance_fhir.asking import Options
from alliance_fhir.cli.progress import watching
from alliance_fhir.cli.running import opened
from alliance_fhir.cli.show import people, print_json
from alliance_fhir.cli.streams import tell
from alliance_fhir.config import Settings
from alliance_fhir.domain.engagement import Period
from alliance_fhir.domain.intervals import percent
from alliance_fhir.domain.published import PUBLISHED, Measure
from alliance_fhir.fhir.measure import CODES, TOLD, published
from alliance_fhir.fhir.versions import version
from alliance_fhir.figures import Line, as_csv, lines
from alliance_fhir.result import Result

Shape = Literal["table", "csv", "json"]
_HEADS: dict[Measure, str] = {
    "no-show-rate": "  missed    visits     rate   95 % interval  patients",
    "drop-out-over-a-year": "    left  patients     rate   95 % interval",
}
"""What stands above the numbers: what is counted, of how many."""


class Wanted(NamedTuple):
    """Where figures go beside standard output."""

    out: Path | None
    to: str
    fhir: str
    ledger: str
    rate: float
    insecure: bool


def run(
    sources: list[Path],
    settings: Settings,
    period: tuple[str, str],
    wanted: Wanted,
    options: Options,
    shape: Shape,
) -> None:
    """Counts, writes and sends what is wanted, and shows it; ends the process with the exit code
    where that is not 0. Where a file could not be read nothing is whole: neither written nor sent.
    """
    began = time.monotonic()
    since, until = (date.fromisoformat(day) if day else None for day in period)
    with watching("measure", quiet=shape == "json") as watch:
        told = measuring.measure(sources, settings, since, until, watch)
    result = measuring.result_of(told, settings)
    result.fhir_version = version(wanted.fhir or "R4").full
    if not any(finding.row == 0 for finding in told.tally.rejected):
        _deliver(result, told, settings, wanted, options)
    result.seconds = time.monotonic() - began
    figures = lines(told.engagement, settings)
    if shape == "json":
        print_json(result.as_json())
    elif shape == "csv":
        tell(as_csv(figures).removesuffix("\n").encode())
        people(result, Console(stderr=True, highlight=False, soft_wrap=True))
    else:
        for line in table(figures, told.engagement.period, settings.smallest_group):
            typer.echo(line)
        people(result, Console(highlight=False, soft_wrap=True))
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def _deliver(
    result: Result,
    told: measuring.Measured,
    settings: Settings,
    wanted: Wanted,
    options: Options,
) -> None:
    if wanted.out:
        release = version(wanted.fhir or "R4")
        result.files = measuring.write(told, wanted.out, settings, release, options.check)
        result.target = str(wanted.out)
    if not wanted.to:
        return
    with opened(
        wanted.to,
        settings,
        wanted.fhir,
        wanted.ledger,
        rate=wanted.rate,
        insecure=wanted.insecure,
    ) as (target, book):
        sent = measuring.send(told, target, book, settings, options)
    result.run, result.target, result.fhir_version = sent.run, sent.target, sent.fhir_version
    result.tally.resources = sent.tally.resources
    result.tally.rejected += sent.tally.rejected
    result.tally.blocked += sent.tally.blocked
    result.tally.warnings += sent.tally.warnings
    result.stopped, result.stop_code = sent.stopped, sent.stop_code
    result.requests, result.dead_letters = sent.requests, sent.dead_letters


def table(figures: Sequence[Line], period: Period, smallest: int) -> Iterator[str]:
    """The lines of a table for people: each measure, its groups, and the published figures."""
    for measure, every in groupby(figures, _measure):
        of_measure = list(every)
        yield f"{TOLD[measure].title}, {period.since} to {period.until}"
        yield TOLD[measure].about
        width = max(len(_name(line)) for line in of_measure if line.by not in _APART)
        yield f"{'':{width}}  {_HEADS[measure]}"
        for by, group in groupby(of_measure, lambda line: line.by):
            if by == "published":
                yield "Published:"
                yield from (f"  {published(one)}" for one in PUBLISHED[measure])
            elif by == "not-counted":
                yield f"Not counted: {', '.join(map(_not_counted, group))}"
            else:
                yield from ([f"by {CODES[by].display.lower()}"] if by else [])
                yield from (f"{_name(line):{width}}  {_numbers(line)}".rstrip() for line in group)
        yield ""
    if any(line.is_masked for line in figures):
        yield (
            f"Not shown: groups of fewer than {smallest} patients, and those by which they could "
            "be told."
        )


def _measure(line: Line) -> Measure:
    return line.measure


_APART = ("published", "not-counted")


def _name(line: Line) -> str:
    return f"  {line.group}" if line.by else line.group


def _numbers(line: Line) -> str:
    if line.counted is None:
        return f"{'not shown':>18}"
    some, of, patients = line.counted
    rate, interval = "-", "-"
    if line.rate is not None and line.interval:
        ends = " to ".join(percent(end).removesuffix(" %") for end in line.interval)
        # of the numbers themselves: four decimals, rounded once more, may be another percentage
        rate, interval = percent(Decimal(some) / of), f"{ends} %"
    whose = f"{patients:>9,}" if line.measure == "no-show-rate" else ""
    return f"{some:>8,} {of:>9,} {rate:>8} {interval:>15} {whose}"


def _not_counted(line: Line) -> str:
    return f"{line.group} {f'{line.counted.of:,}' if line.counted else 'not shown'}"
