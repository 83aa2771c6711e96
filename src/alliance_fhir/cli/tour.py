"""The story that `alliance-fhir demo` tells: a first sync, a verification, a second sync; plans
that change from version to version; and a year of visits."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import typer
from rich.console import Console

from alliance_fhir import config
from alliance_fhir.asking import Options, Watch, unwatched
from alliance_fhir.cli import tour_visits
from alliance_fhir.cli.progress import watching
from alliance_fhir.cli.running import opened
from alliance_fhir.cli.show import people, print_json
from alliance_fhir.cli.tour_plans import Versions
from alliance_fhir.config import Settings
from alliance_fhir.errors import ConfigError
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.result import Result
from alliance_fhir.room import writing
from alliance_fhir.story import sync, verify
from alliance_fhir.targets.base import Target

HOME = Path("alliance-demo")


class _Folders(NamedTuple):
    """The parts of the example."""

    clinic: Path
    plans: Path
    year: Path


def tell(to: str, fhir: str, *, insecure: bool, json: bool) -> None:
    """Syncs the bundled clinic to a target, verifies it, syncs it once more; then its plans, one
    version after the other, and its visits.

    The rows that are broken on purpose do not count as a failure here. Raises ConfigError where
    the example clinic is not in this installation.
    """
    folders = _Folders(*map(_laid_out, _Folders._fields))
    settings = config.load(folders.clinic / config.FILE)
    result = _story(folders, settings, to, fhir, insecure=insecure, json=json)
    good = result.verify and result.verify.ok
    code = result.stop_code or (0 if good else 8)
    if json:
        print_json({**result.as_json(), "exit_code": code})
    if code:
        raise typer.Exit(code)


def _laid_out(name: str) -> Path:
    """Files of the example clinic, laid out to be looked at, and to be changed."""
    folder, example = HOME / name, files("alliance_fhir") / "examples" / name
    if not example.is_dir():
        raise ConfigError("the example clinic is not in this installation")
    with writing(folder, "it begins anew"):
        folder.mkdir(parents=True, exist_ok=True)
        for file in example.iterdir():
            copy = folder / file.name
            if file.is_file() and not copy.exists():  # what somebody changed stays changed
                part = folder / f".{file.name}.part"
                part.write_bytes(file.read_bytes())
                part.replace(copy)
    return folder


def _story(
    folders: _Folders,
    settings: Settings,
    to: str,
    fhir: str,
    *,
    insecure: bool,
    json: bool,
) -> Result:
    console = Console(highlight=False, quiet=json, soft_wrap=True)
    with opened(to, settings, fhir, "", insecure=insecure) as (target, book):
        tour = _Tour(target, book, console)
        console.print("[bold]1. First sync[/]: the clinic's files, read, scored, mapped, sent.")
        console.print("   Two rows are broken on purpose: they are named, the others go on.\n")
        with watching("sync", quiet=json) as watch:
            result = tour.sync(folders.clinic, settings, watch)
        people(result, console)
        console.print("\n[bold]2. Verify[/]: everything is read back from the target.\n")
        with watching("verify", quiet=json) as watch:
            checked = verify(target, book, watch)
        people(checked, console)
        console.print("\n[bold]3. Second sync[/] of the same files: nothing is sent.\n")
        again = tour.sync(folders.clinic, settings)
        again.tally.rejected.clear()  # they were named above
        again.tally.warnings.clear()
        people(again, console)
        tour.plans(folders.plans, settings)
        with watching("sync", quiet=json) as watch:
            tour.visits(folders.year, watch)
        with watching("verify", quiet=json) as watch:
            checked = verify(target, book, watch)
        console.print()
        people(checked, console)
        console.print(f"\n{_next(to, folders.clinic)}", markup=False)
    result.command = "demo"
    result.verify = checked.verify
    return result


class _Tour(NamedTuple):
    """Where the example goes, and where it is told."""

    target: Target
    book: Ledger
    console: Console

    def sync(self, path: Path, settings: Settings, watch: Watch = unwatched) -> Result:
        options = Options(create_people=True)
        return sync([path], self.target, self.book, settings, options, watch)

    def plans(self, folder: Path, settings: Settings) -> None:
        """Each document by itself, and what it changed."""
        self.console.print("\n[bold]4. Shared plans[/], version by version, and who agrees.\n")
        versions = Versions(settings)
        for path in sorted(folder.glob("*.plan.yaml")):
            change = self.sync(path, settings)
            self._told(path, change)
            if not change.exit_code:
                self._lines(versions.lines(path))

    def visits(self, folder: Path, watch: Watch) -> None:
        """The year, by its own settings, and who did not come."""
        self.console.print("\n[bold]5. A year of visits[/], and who did not come.\n")
        settings = config.load(folder / config.FILE)
        self._told(folder, self.sync(folder, settings, watch))
        self._lines(tour_visits.lines(folder, settings))

    def _told(self, path: Path, change: Result) -> None:
        """What was sent, and what went wrong."""
        self.console.print(f"   {path.name}: {_states(change)}", markup=False)
        if change.exit_code:
            people(change, self.console)

    def _lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.console.print(f"     {line}", markup=False)


def _states(result: Result) -> str:
    counts = result.tally.resources.items()
    return ", ".join(f"{state} {number:,}" for state, number in counts if number)


def _next(to: str, folder: Path) -> str:
    settings = folder / config.FILE
    lines = [
        f"The clinic's files are in {folder.parent}/. Change one, and run the demo again, or",
        f"  alliance-fhir plan {folder} --to {to}",
        f"  alliance-fhir verify --to {to} --config {settings}",
    ]
    if "://" not in to:
        lines += [
            "The same with a real FHIR server on this machine (Java 17, Maven):",
            "  alliance-fhir sandbox start",
            "  alliance-fhir demo --to http://127.0.0.1:8080/fhir",
        ]
    return "\n".join(lines)
