"""The CapabilityStatements say what is asked of servers, and what is enough of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.testing import FhirServer

from .asked import asked, granted, statement

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

EXAMPLES = Path(__file__).parents[2] / "examples"
SOURCES = {
    "clinic/session-ratings.csv": ("--limit", "40"),
    "plans": (),
    "visits/visits.csv": (),
}
SHOULD = {"transactions", "batches", "conditional-create", "if-match", "post-search", "history"}
"""What a server may lack by the statement, beside deleting."""


def everything(server: FhirServer, run: Callable[..., Ran], folder: Path) -> None:
    """Each kind of source is written, looked at again, measured, read back and taken back, and so
    is the package."""
    for number, (name, more) in enumerate(SOURCES.items()):
        source = EXAMPLES / name
        toml = (source if source.is_dir() else source.parent) / "alliance.toml"
        place = ("--to", server.url, "--config", toml, "--ledger", folder / f"{number}.sqlite")
        made = run("sync", source, *more, "--create-people", *place, "--json")
        assert made.code == 0, made.err
        assert run("sync", source, *more, "--create-people", "--reread", *place).code == 0
        assert run("verify", *place).code == 0
        assert run("pull", "--from", server.url, "--config", toml, "--out", folder / name).code == 0
        assert run("undo", made.json["run"], *place).code in (0, 7)  # what is shared may stay
    year = EXAMPLES / "year"  # of fewer patients no figure is shown
    place = (
        "--to",
        server.url,
        "--config",
        year / "alliance.toml",
        "--ledger",
        folder / "year.sqlite",
    )
    assert run("measure", year / "visits.csv", *place).code == 0
    package = ("--to", server.url, "--config", toml, "--ledger", folder / "package.sqlite")
    made = run("profiles", "install", *package, "--json")
    assert made.code == 0, made.err
    assert run("undo", made.json["run"], *package).code == 0


@pytest.mark.parametrize(("version", "build"), [("4.0.1", "r4"), ("5.0.0", "r5")])
def test_no_more_is_asked_than_is_said(
    version: str, build: str, command: Callable[..., Ran], tmp_path: Path
) -> None:
    with FhirServer(version) as server:
        everything(server, command, tmp_path)
        told = asked(server.requests)
    says = granted(statement("alliance-client", build))
    assert told - says == set()
    # no type is named that is never written
    written = {type_ for type_, name in told if name == "create"}
    assert {type_ for type_, name in says if name == "create"} == written


def test_what_is_needed_is_enough(command: Callable[..., Ran], tmp_path: Path) -> None:
    """On a server that has nothing of what SHOULD be there but searches by identifier."""
    with FhirServer(lacks=SHOULD) as server:
        place = ("--to", server.url, "--ledger", tmp_path / "ledger.sqlite", "--create-people")
        source = EXAMPLES / "plans"
        assert command("sync", source, *place).code == 0
        again = command("sync", source, "--reread", *place, "--json").json
        told = asked(server.requests)
    assert {state for state, count in again["resources"].items() if count} == {"unchanged"}
    says = statement("alliance-server")
    shall, should = granted(says, "SHALL"), granted(says, "SHOULD")
    people = {("Patient", "create"), ("Practitioner", "create")}  # asked for, by --create-people
    declined = {
        (type_, name) for type_, name in told if name in ("history-instance", "vread", "delete")
    }
    searches = {(type_, name) for type_, name in told if name.startswith("?")}
    assert told - searches - declined - people <= shall
    assert searches <= shall | should
