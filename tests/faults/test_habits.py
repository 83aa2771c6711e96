"""Servers that claim what they do not do, search late, or let two make the same."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.domain.keys import record_key
from alliance_fhir.fhir.canonical import dumps
from alliance_fhir.testing import Answer, Request, faults, outcome
from alliance_fhir.testing.messages import parsed
from contract.kinds import RUNGS

from .conftest import ROWS, Little, amended

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract.clinic import Row

    Between = Callable[[Request, Callable[[], Answer]], Answer]

LADDER: dict[str, frozenset[str]] = {
    "highest": frozenset(),
    "batches": RUNGS["batches"],
    "singles": RUNGS["singles"],
    "search-first": RUNGS["search-first"],
}
A_GROUP = 4
BAD = ROWS[5]


@pytest.mark.parametrize("ignores", [{"conditional-create"}, {"conditional-create", "if-match"}])
@pytest.mark.parametrize("rung", LADDER)
def test_conditions_that_are_ignored_make_no_doubles(
    opened: Callable[..., Little], rung: str, ignores: set[str]
) -> None:
    clinic = opened(lacks=LADDER[rung] - ignores, ignores=ignores)
    lost = [clinic.arm(faults.lost_reply().nth(number)) for number in (1, A_GROUP, A_GROUP + 2)]
    assert clinic.sync().code == 0
    assert [one.hits for one in lost] == [1, 1, 1]
    clinic.whole()


@pytest.mark.parametrize("lag", [3, 6])
@pytest.mark.parametrize("rung", LADDER)
@pytest.mark.parametrize("lanes", [1])
def test_a_search_that_lags_behind_a_lost_reply_makes_no_doubles(
    opened: Callable[..., Little], naps: list[float], rung: str, lag: int
) -> None:
    """Two further looks, some seconds apart, find what the first did not."""
    clinic = opened(lacks=LADDER[rung], ignores=IGNORED[rung])
    clinic.write(*ROWS[:4])
    stale = faults.stale_search(lag)
    lost = clinic.arm(faults.lost_reply().nth(A_GROUP))
    clinic.arm(stale)
    assert clinic.sync().code == 0
    assert lost.hits == 1
    assert set(naps) & {1, 3}
    clinic.server.settle()
    clinic.whole()


IGNORED: dict[str, set[str]] = {
    "highest": {"conditional-create"},
    "batches": {"conditional-create"},
    "singles": {"conditional-create"},
    "search-first": set(),
}


@pytest.mark.parametrize("lanes", [1])
def test_a_search_that_never_sees_anything_costs_nothing_but_looks(
    opened: Callable[..., Little],
) -> None:
    """Conditional creates see at once what searches do not."""
    clinic = opened()
    clinic.arm(faults.stale_search())
    clinic.arm(faults.lost_reply().nth(A_GROUP))
    clinic.server.settle()  # the patients are seen
    assert clinic.sync().code == 0
    clinic.server.settle()
    clinic.whole()


def test_a_transaction_that_is_not_rolled_back_is_told_and_gone_on_with(clinic: Little) -> None:
    told_and_gone_on_with(clinic, b"")


@pytest.mark.parametrize("lanes", [1])
def test_what_points_to_a_part_that_was_not_kept_is_pointed_anew(clinic: Little) -> None:
    told_and_gone_on_with(clinic, b'"reference":"Observation/none",')


def told_and_gone_on_with(clinic: Little, dangling: bytes) -> None:
    """A record of which one score is declined; what pointed to that has this then."""
    clinic.server.conduct.checks_references = False
    clinic.server.between = keeping_the_rest(clinic, BAD, dangling)
    ran = clinic.sync()
    assert (ran.code, [told["row"] for told in ran.json["rejected"]]) == (4, [2 + ROWS.index(BAD)])
    scores = clinic.server.of_type("Observation")
    assert len(scores) == 5 * len(ROWS) - 1
    clinic.server.between = lambda request, proceed: proceed()
    clinic.whole(proven=False)  # the Provenance that was kept speaks of that score as well


def keeping_the_rest(clinic: Little, row: Row, dangling: bytes) -> Between:
    """Of a row's transaction one score is declined and all else is kept, as Medplum does it."""
    score = f"{record_key('clinic-east', ('record', row.record_id))}-bond"

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if not faults.is_bundle()(request):
            return proceed()
        asked = parsed(request.body)
        told = [str(entry["request"].get("ifNoneExist", "")) for entry in asked["entry"]]
        [*declined] = [n for n, condition in enumerate(told) if condition.endswith(score)]
        if not declined:
            return proceed()
        gone = asked["entry"].pop(declined[0])
        body = dumps(asked).replace(f'"reference":"{gone["fullUrl"]}",'.encode(), dangling)
        assert gone["fullUrl"].encode() not in body
        answer = clinic.server.really(request._replace(body=body))
        assert isinstance(answer.body, dict)
        refused = {"response": {"status": "422", "outcome": outcome("value")}}
        answer.body["entry"].insert(declined[0], refused)
        return answer

    return between


@pytest.mark.parametrize("lanes", [4])
@pytest.mark.parametrize("rung", LADDER)
def test_of_our_conditional_creates_none_is_a_double_that_could_be_dropped(
    opened: Callable[..., Little], rung: str
) -> None:
    clinic = opened(lacks=LADDER[rung], faults=[faults.drops_conditional_duplicates()])
    assert clinic.sync().code == 0
    clinic.whole()


def racing(clinic: Little) -> None:
    """Two creates of one key at a time both create, where they meet within a moment."""
    clinic.arm(faults.racing_creates(2, patience=0.02))


@pytest.mark.parametrize("lanes", [4])
@pytest.mark.parametrize("rung", ["highest", "singles"])
def test_our_lanes_never_race_for_one_key(opened: Callable[..., Little], rung: str) -> None:
    clinic = opened(lacks=LADDER[rung])
    racing(clinic)
    clinic.words = ("--create-people",)
    assert clinic.sync().code == 0
    clinic.whole()


# --- conflicts


@pytest.mark.parametrize("status", [409, 412])
@pytest.mark.parametrize("rung", LADDER)
def test_a_storm_of_conflicts_passes(opened: Callable[..., Little], status: int, rung: str) -> None:
    clinic = opened(lacks=LADDER[rung])
    assert clinic.sync().code == 0
    clinic.write(*map(amended, ROWS))
    storm = clinic.arm(faults.conflict_storm(3, status))
    ran = clinic.sync()
    assert (ran.code, storm.hits) == (0, 3)
    assert ran.json["resources"]["updated"] == 3 * len(ROWS)
    clinic.whole()


@pytest.mark.parametrize("status", [409, 412])
def test_a_conflict_that_stays_is_told_and_nothing_is_overwritten(
    clinic: Little, status: int
) -> None:
    assert clinic.sync().code == 0
    clinic.write(*map(amended, ROWS))
    clinic.arm(faults.conflict_storm(10**6, status))
    ran = clinic.sync()
    assert (ran.code, {told["rule"] for told in ran.json["blocked"]}) == (7, {"always-in-conflict"})
    told = clinic.server.of_type("QuestionnaireResponse")
    assert {body["meta"]["versionId"] for body in told} == {"1"}
    clinic.whole()


@pytest.mark.parametrize("ignores", [set[str](), {"if-match"}], ids=["if-match", "ignored"])
def test_what_somebody_changes_between_our_look_and_our_write_is_not_overwritten(
    opened: Callable[..., Little], ignores: set[str]
) -> None:
    """Where If-Match is ignored, and the settings say so, it is read and compared right before."""
    clinic = opened(ignores=ignores)
    if ignores:
        clinic.says_without("if-match")
    assert clinic.sync().code == 0
    clinic.write(*map(amended, ROWS))
    theirs = clinic.server.of_type("QuestionnaireResponse")[0]
    edit = {**theirs, "language": "es"}
    once = threading.Lock()

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if once.acquire(blocking=False):  # the ledger has decided already
            clinic.server.put(**edit)
        return proceed()

    clinic.server.requests.clear()
    clinic.server.between = lambda request, proceed: (
        between(request, proceed) if request.path != "metadata" else proceed()
    )
    ran = clinic.sync()
    assert (ran.code, {told["rule"] for told in ran.json["blocked"]}) == (7, {"changed-at-target"})
    kept = clinic.server.history(f"QuestionnaireResponse/{theirs['id']}")
    assert len(kept) == 2
    assert (kept[-1] or {})["language"] == "es"
    assert clinic.sync("--take", "source").code == 0
    clinic.whole(proven=False)
