"""What plan, sync and verify have in common: a target and its ledger, opened and closed."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from alliance_fhir.asking import Options
from alliance_fhir.cli.progress import watching
from alliance_fhir.cli.show import show
from alliance_fhir.config import Settings
from alliance_fhir.errors import ConfigError
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.opening import ledger_place, open_target
from alliance_fhir.result import Result
from alliance_fhir.story import open_ledger
from alliance_fhir.targets.base import Target


def anything(target: Target) -> None:
    """Every target will do."""


@contextmanager
def opened(
    to: str,
    settings: Settings,
    fhir: str,
    ledger: str,
    *,
    rate: float = 0,
    insecure: bool,
    create: bool = True,
    there: bool = False,
    fit: Callable[[Target], None] = anything,
) -> Generator[tuple[Target, Ledger]]:
    """A target and its ledger. `there`: raises ConfigError where nothing was ever sent by it. `fit`
    raises for a target that is none for this command, before there is a ledger of it."""
    target = open_target(to, settings, fhir, rate=rate, insecure=insecure)
    try:
        fit(target)
        place = ledger_place(target, settings, ledger)
        with open_ledger(place, target, settings, create=create and not there) as book:
            if there and not book.kept:
                raise ConfigError(
                    f"nothing is known to have been sent to {target.name}: there is no ledger "
                    f"{book.name}. Look whether target, --config and --ledger are the ones of the "
                    "sync"
                )
            yield target, book
    finally:
        target.close()


def run(
    story: Callable[..., Result],
    name: str,
    sources: list[Path],
    to: str,
    settings: Settings,
    options: Options,
    fhir: str,
    ledger: str,
    *,
    rate: float,
    insecure: bool,
    json: bool,
) -> None:
    """Runs plan or sync, and shows what came of it."""
    with (
        opened(to, settings, fhir, ledger, rate=rate, insecure=insecure, create=name != "plan") as (
            target,
            book,
        ),
        watching(name, quiet=json) as watch,
    ):
        result = story(sources, target, book, settings, options, watch)
    show(result, as_json=json)
