"""What a server declines: one record, a whole type, what is too large, what is gone there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alliance_fhir.testing import faults
from contract.kinds import RUNGS

from .conftest import OF_A_ROW, ROWS, Little, amended

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.testing import Fault
    from conftest import Ran

LADDER: dict[str, frozenset[str]] = {
    "highest": frozenset(),
    "batches": RUNGS["batches"],
    "singles": RUNGS["singles"],
}
ON_THE_LADDER = pytest.mark.parametrize("rung", LADDER)
BAD = ROWS[5]
ALL_ROWS = {2 + n for n in range(len(ROWS))}


def told_of(ran: Ran) -> list[tuple[int, str]]:
    """The rows that a run names, and why."""
    told = ran.json
    return [(one["row"], one["rule"]) for kind in ("rejected", "blocked") for one in told[kind]]


@ON_THE_LADDER
@pytest.mark.parametrize("status", [400, 422])
def test_one_bad_record_is_told_and_the_others_go_on(
    opened: Callable[..., Little], status: int, rung: str
) -> None:
    clinic = opened(lacks=LADDER[rung])
    clinic.arm(faults.chokes_on(f'"value":"{BAD.record_id}"', status))
    clinic.arm(faults.chokes_on(f'"valueString":"{BAD.record_id}"', status))
    ran = clinic.sync()
    assert (ran.code, told_of(ran)) == (4, [(2 + ROWS.index(BAD), "refused")])
    assert ran.json["resources"]["created"] >= 2 + OF_A_ROW * (len(ROWS) - 1)
    clinic.verified()
    again = clinic.sync()  # it is tried again, and nothing else is
    assert (again.code, told_of(again)) == (4, told_of(ran))
    assert again.json["resources"]["created"] == 0
    clinic.whole()


@ON_THE_LADDER
def test_what_the_server_fails_at_is_tried_once_more(
    opened: Callable[..., Little], rung: str
) -> None:
    """HAPI fails so at one of two writes that race for one key."""
    clinic = opened(lacks=LADDER[rung])
    failing = [clinic.arm(faults.answers(500).nth(number)) for number in (1, 5)]
    ran = clinic.sync()
    assert [fault.hits for fault in failing] == [1, 1]
    assert (ran.code, told_of(ran)) == (0, [])
    clinic.whole()


# --- a type that is closed to us


LOWER = pytest.mark.parametrize("rung", [rung for rung in LADDER if rung != "highest"])
CLOSED = pytest.mark.parametrize("status", [403, 405])


def probed(clinic: Little) -> None:
    """The type is open again, and somebody tries the server out anew."""
    for armed in clinic.armed:
        armed.disarm()
    book = ("--ledger", clinic.ledger, "--config", clinic.folder / "alliance.toml")
    assert clinic.run("probe", clinic.url, "--write", *book).code == 0


@LOWER
@CLOSED
def test_a_type_that_is_closed_is_named_in_the_plan_from_then_on(
    opened: Callable[..., Little], status: int, rung: str
) -> None:
    clinic = opened(lacks=LADDER[rung])
    clinic.arm(faults.read_only_type("Observation", status))
    first = clinic.sync()
    assert (first.code, {row for row, _ in told_of(first)}) == (7, ALL_ROWS)
    plan = clinic.plan()  # another process, which knows it by the ledger
    assert (plan.code, set(told_of(plan))) == (7, {(row, "not-accepted") for row in ALL_ROWS})
    clinic.server.requests.clear()
    assert told_of(clinic.sync()) == told_of(plan)
    assert clinic.server.writes == []  # nothing is tried any more
    probed(clinic)
    clinic.whole()


@CLOSED
def test_a_type_that_is_closed_within_transactions_is_told(clinic: Little, status: int) -> None:
    """Of several types in one transaction nobody can say which it is."""
    clinic.arm(faults.read_only_type("Observation", status))
    ran = clinic.sync()
    assert ran.code == (12 if status == 403 else 4)  # forbidden three times in a row: it stops
    assert clinic.server.of_type("QuestionnaireResponse") == []
    clinic.whole()


@pytest.mark.xfail(reason="no answer to a transaction says which of its types is closed")
@pytest.mark.parametrize("lanes", [1])
def test_a_type_that_is_closed_within_transactions_is_named_in_the_plan(clinic: Little) -> None:
    clinic.arm(faults.read_only_type("Observation", 405))
    clinic.sync()
    assert clinic.plan().code == 7


@ON_THE_LADDER
@pytest.mark.parametrize("fault", [faults.forbidden_type, faults.read_only_type])
def test_where_provenances_are_closed_the_records_go_without(
    opened: Callable[..., Little], rung: str, fault: Callable[[str], Fault]
) -> None:
    clinic = opened(lacks=LADDER[rung])
    closed = clinic.arm(fault("Provenance"))
    ran = clinic.sync()
    assert (ran.code, [told["rule"] for told in ran.json["warnings"]]) == (0, ["left-out"]), ran.out
    assert closed.hits <= 2 * clinic.lanes  # once it is known, nobody asks again
    clinic.server.requests.clear()
    plan = clinic.plan()
    assert [told["rule"] for told in plan.json["warnings"]] == ["left-out"]
    clinic.whole(proven=False)


# --- too large


@pytest.mark.parametrize("limit", {"transactions": 17000, "batches": 8000}.items(), ids=str)
def test_what_is_too_large_goes_in_smaller_pieces(
    opened: Callable[..., Little], limit: tuple[str, int]
) -> None:
    """Our form, sent before, is larger: the server takes that, and nothing else of its size."""
    clinic = opened(lacks=set() if limit[0] == "transactions" else {"transactions"})
    large = clinic.arm(
        faults.answers(413, "too-long")
        .where(lambda r: len(r.body) > limit[1] and b'"resourceType":"Questionnaire"' not in r.body)
        .always()
    )
    ran = clinic.sync()
    assert (ran.code, ran.json["resources"]["not_sent"]) == (0, 0)
    assert large.hits == len(ROWS)
    clinic.whole()


# --- what is gone


@pytest.mark.parametrize("words", [(), ("--reread",)], ids=["amended", "reread"])
@pytest.mark.parametrize("status", [404, 410])
def test_what_was_deleted_there_is_told_and_made_again_only_where_asked(
    clinic: Little, status: int, words: tuple[str, ...]
) -> None:
    assert clinic.sync().code == 0
    gone = clinic.server.of_type("QuestionnaireResponse")[3]
    clinic.server.delete(f"QuestionnaireResponse/{gone['id']}")
    if status == 404:  # a server that forgets what it deletes
        clinic.server.store._versions.pop(f"QuestionnaireResponse/{gone['id']}")
    if not words:
        clinic.write(*(amended(row) for row in ROWS))
    ran = clinic.sync(*words)
    assert (ran.code, [rule for _, rule in told_of(ran)]) == (7, ["deleted-at-target"])
    assert len(clinic.server.of_type("QuestionnaireResponse")) == len(ROWS) - 1
    again = clinic.sync("--reread")
    assert told_of(again) == told_of(ran)
    assert len(clinic.server.of_type("QuestionnaireResponse")) == len(ROWS) - 1
    assert clinic.sync("--recreate").code == 0
    clinic.whole(proven=False)
