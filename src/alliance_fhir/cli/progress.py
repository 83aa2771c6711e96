"""How far a run is, on standard error: a bar on a terminal, else a plain line once in a while."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.text import Text

from alliance_fhir.asking import Progress, Watch

EVERY = 10.0
"""Seconds between two plain lines."""


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Records a second."""
        return Text(f"{task.speed or 0:,.0f}/s")


@contextmanager
def watching(title: str, *, quiet: bool = False) -> Generator[Watch]:
    """Something to call with each step of a run."""
    if quiet or not sys.stderr.isatty():
        yield _plain(title, quiet=quiet)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)

        def show(progress: Progress) -> None:
            bar.update(task, completed=progress.done, total=progress.total or None)

        yield show


def _plain(title: str, *, quiet: bool) -> Watch:
    began = time.monotonic()
    last = began

    def show(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if quiet or now - last < EVERY:
            return
        last = now
        rate = progress.done / (now - began)
        so_far, ahead = f"{progress.done:,}", ""
        if progress.total:
            left = max(progress.total - progress.done, 0) / rate if rate else 0
            so_far += f" of {progress.total:,}"
            ahead = f", about {left:,.0f} s left"
        typer.echo(f"{title}: {so_far} done, {rate:,.0f}/s{ahead}", err=True)

    return show
