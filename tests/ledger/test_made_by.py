"""Which run made what is at the target: the ground that `undo` stands on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.testing import Answer, Cut, Request
from contract.clinic import rows_of
from wire.conftest import FIRST, SECOND, Syncing, of_group

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.abilities import Ability


def made_by(clinic: Syncing) -> dict[str, set[str]]:
    """The runs that made what is at the target, by type."""
    counting = "state IN ('created', 'updated', 'unchanged')"
    rows = rows_of(clinic.ledger, f"SELECT type, made_by FROM entry WHERE {counting}")
    return {type_: {run for other, run in rows if other == type_} for type_, _ in rows}


TYPES = ("Device", "Questionnaire", "QuestionnaireResponse", "Observation", "Provenance")


def test_the_run_that_created_something_is_kept_through_updates(clinic: Syncing) -> None:
    first = clinic.sync().json["run"]
    assert made_by(clinic) == {type_: {first} for type_ in TYPES}
    clinic.write(FIRST.with_item(4, "5"), SECOND)
    second = clinic.sync().json["run"]
    after = made_by(clinic)
    assert after.pop("Provenance") == {first, second}
    assert after == {type_: {first} for type_ in TYPES[:-1]}
    runs = rows_of(clinic.ledger, "SELECT DISTINCT run FROM entry WHERE state = 'updated'")
    assert runs == [(second,)]


@pytest.mark.parametrize("arrived", [True, False], ids=["arrived", "not arrived"])
def test_what_had_no_reply_is_of_the_run_that_sent_it_if_it_arrived(
    clinic: Syncing, arrived: bool
) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if of_group(request, FIRST) and not killed:
            if arrived:
                proceed()
            killed.append(process.pid)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            raise Cut
        return proceed()

    killed: list[int] = []
    clinic.little.between = between
    to = ("--to", clinic.little.url, "--ledger", str(clinic.ledger), "--lanes", "1")
    words = [sys.executable, "-m", "alliance_fhir", "sync", str(clinic.folder), *to]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        pass
    assert process.returncode == -signal.SIGKILL
    [(lost,)] = rows_of(clinic.ledger, "SELECT id FROM run")
    then = clinic.sync().json["run"]
    rows = dict(rows_of(clinic.ledger, "SELECT row, made_by FROM entry WHERE row > 0"))
    assert rows == {2: lost if arrived else then, 3: then}
    assert made_by(clinic)["Device"] == {lost}


@pytest.mark.parametrize("server", [frozenset(), frozenset({"tags"})], ids=["tags", "no tags"])
def test_a_lost_ledger_reads_off_the_tags_who_made_what(
    clinic: Syncing, server: frozenset[Ability]
) -> None:
    """The same clinic with another ledger, or with the same one lost."""
    clinic.little.conduct.ignores = server
    first = clinic.sync().json["run"]
    clinic.ledger.unlink()
    clinic.sync()
    told = "" if server else first
    assert made_by(clinic) == {type_: {told} for type_ in TYPES[:-1]}
    clinic.write(FIRST.with_item(4, "5"), SECOND)
    then = clinic.sync().json["run"]
    assert made_by(clinic) == {**{type_: {told} for type_ in TYPES[:-1]}, "Provenance": {then}}


def test_what_came_into_being_between_look_and_request_is_of_no_run(clinic: Syncing) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if of_group(request, FIRST):
            proceed()
        return proceed()

    clinic.little.between = between
    then = clinic.sync().json["run"]
    rows = set(rows_of(clinic.ledger, "SELECT row, made_by FROM entry WHERE row > 0"))
    assert rows == {(2, ""), (3, then)}
