"""What all tests share: the same environment everywhere, the command, the servers."""

from __future__ import annotations

import json
import os
import sys
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import hypothesis
import pytest
import typer.main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytest_plugins = ["servers", "postgres", "validator.fixtures"]

hypothesis.settings.register_profile("alliance", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("alliance")

KEPT = "ALLIANCE_FHIR_CACHE"
"""Where sandbox and validators are built: of the machine, not of a test."""


BETWEEN = {
    *("batches", "singles", "search-first", "read-and-compare", "by-patient"),
    *("by-get", "no-versions", "no-statement"),
}
"""The rungs between the highest and the lowest: whatever the lowest lacks, one of them lacks alone.
`make check` leaves them out."""


def rung_of(item: pytest.Item) -> str:
    """The rung that a test is on, by whatever name its parameter goes; empty where it has none."""
    call = getattr(item, "callspec", None)
    params = call.params if call else {}
    values = (str(params[name]) for name in ("place_kind", "kind", "rung") if name in params)
    rungs = (value.rpartition(":")[2] for value in values)
    return next((rung for rung in rungs if rung in BETWEEN or rung == "lowest"), "")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what is on such a rung. Single requests stand in for the lowest where a test cannot be
    on that."""
    of_test = {item: item.nodeid.partition("[")[0] for item in items}
    on_lowest = {of_test[item] for item in items if rung_of(item) == "lowest"}
    for item in items:
        rung = rung_of(item)
        if rung in BETWEEN and (rung != "singles" or of_test[item] in on_lowest):
            item.add_marker("rung")


def pytest_sessionfinish() -> None:
    """Whoever counts lines lays the count down before it says that it is done: a worker that then
    takes more than ten seconds to end, as on a busy machine, is killed, and the count with it."""
    coverage = sys.modules.get("coverage")
    counting = coverage.Coverage.current() if coverage else None
    if counting:
        counting.save()


@pytest.fixture(autouse=True)
def frozen_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of whoever runs the tests, and a working folder of each test's own."""
    for name in os.environ:
        if name.startswith("ALLIANCE_") and name != KEPT:
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)


@cache
def _trust(*told: object, **named: object) -> object:
    from httpx._config import create_ssl_context

    return create_ssl_context(*told, **named)


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long our client would have slept: it does not. What it trusts is read once."""
    from alliance_fhir.transport.retry import Patience

    slept: list[float] = []
    patience = partial(Patience, sleep=slept.append)
    monkeypatch.setattr("alliance_fhir.transport.client.Patience", patience)
    monkeypatch.setattr("httpx._transports.default.create_ssl_context", _trust)
    return slept


class Ran(NamedTuple):
    """What a command gave back."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Its standard output as the one object that `--json` promises."""
        return json.loads(self.out)


_get_command = cache(typer.main.get_command)


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Runs `alliance-fhir` with these words, in this process.

    What typer makes of the functions is made once for all: that takes longer than many a command.
    """
    from alliance_fhir.cli import main

    monkeypatch.setattr(typer.main, "get_command", _get_command)

    def run(*words: object) -> Ran:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["alliance-fhir", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        return Ran(code, *capsys.readouterr())

    return run
