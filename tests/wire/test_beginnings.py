"""A server that has nothing of ours is asked that once, and not for each resource."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from alliance_fhir import Options, load, open_ledger, open_target, sync
from alliance_fhir.testing import Answer, bundle, outcome
from contract.clinic import Row

from .conftest import Syncing

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.testing import Request

ROWS = [Row(record_id=f"r-{n}", patient=("1001", "1002")[n % 2]) for n in range(1, 31)]
SCORES = "Observation/_search"


def looks(clinic: Syncing, path: str = SCORES) -> list[str]:
    """What was searched for by identifier."""
    asked = [r for r in clinic.little.requests if r.path == path]
    return [identifiers(request) for request in asked]


def identifiers(request: Request) -> str:
    """What a search is for, by identifier; empty for everything else."""
    return parse_qs(request.body.decode()).get("identifier", [""])[0] if request.is_search else ""


def only_by_system(asked: str) -> bool:
    return asked.endswith("|") and "," not in asked


def test_nothing_of_ours_is_there(clinic: Syncing) -> None:
    clinic.write(*ROWS)
    assert clinic.sync().json["resources"]["created"] == 7 * len(ROWS) + 2
    for type_ in ("Observation", "QuestionnaireResponse"):
        [asked] = looks(clinic, f"{type_}/_search")
        assert only_by_system(asked)
    clinic.little.requests.clear()
    assert clinic.sync().json["resources"]["unchanged"] == 6 * len(ROWS) + 2
    assert looks(clinic) == []
    assert clinic.verify().code == 0


def test_a_lost_ledger_still_finds_everything(clinic: Syncing) -> None:
    clinic.write(*ROWS)
    clinic.sync()
    clinic.ledger.unlink()
    clinic.little.requests.clear()
    assert clinic.sync().json["resources"]["created"] == 0
    first, *others = looks(clinic)
    assert only_by_system(first)
    assert sum(asked.count(",") + 1 for asked in others) == 5 * len(ROWS)


def test_a_few_are_looked_for_at_once(clinic: Syncing) -> None:
    clinic.sync()
    [asked] = looks(clinic)
    assert asked.count(",") + 1 == 10


@pytest.mark.parametrize(
    "told", [Answer(200, bundle()), Answer(400, outcome("not-supported"))], ids=["empty", "400"]
)
def test_a_server_that_does_not_find_by_the_system_alone(clinic: Syncing, told: Answer) -> None:
    """It does not even find this software's Device so: then each is looked for."""
    clinic.write(*ROWS)

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        return told if identifiers(request).endswith("|") else proceed()

    clinic.little.between = between
    clinic.sync()
    clinic.ledger.unlink()
    clinic.little.requests.clear()
    ran = clinic.sync()
    assert (ran.code, ran.json["resources"]["created"]) == (0, 0)
    asked = looks(clinic)
    assert not any(map(only_by_system, asked))
    assert sum(one.count(",") + 1 for one in asked) == 5 * len(ROWS)


def test_what_somebody_else_makes_meanwhile_is_not_made_twice(clinic: Syncing) -> None:
    """Another run, with a ledger of its own, sends the same while this one believes that nothing
    is there: the server finds it, and both are right."""
    clinic.write(*ROWS)
    others: list[bool] = []

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if b'"resourceType":"QuestionnaireResponse"' in request.body and not others:
            others.append(False)
            others.append(_another_run(clinic))
        return proceed()

    clinic.little.between = between
    ran = clinic.sync()
    assert others == [False, True]
    assert (ran.code, ran.json["resources"]["created"]) == (0, 2)  # Device and Questionnaire
    assert len(clinic.little.of_type("Observation")) == 5 * len(ROWS)
    assert clinic.verify().code == 0


def _another_run(clinic: Syncing) -> bool:
    settings = load(clinic.folder / "alliance.toml")
    target = open_target(clinic.little.url, settings)
    try:
        with open_ledger(clinic.folder / "other.sqlite", target, settings) as ledger:
            return sync([clinic.folder], target, ledger, settings, Options(lanes=1)).ok
    finally:
        target.close()
