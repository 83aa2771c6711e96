"""What a server declines: one record, a whole type, what is too large, what is gone there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.domain.keys import record_key
from alliance_fhir.testing import Answer, faults, outcome
from contract.clinic import Row
from contract.kinds import RUNGS

from .conftest import OF_A_ROW, PATIENTS, ROWS, Little, amended

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.testing import Fault
    from alliance_fhir.testing.messages import Interaction
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


def forbid(clinic: Little, *patients: str) -> None:
    """Nothing may be written about these."""
    for value in patients:
        clinic.arm(faults.chokes_on(f'"value":"{value}"', 403))


@ON_THE_LADDER
@pytest.mark.parametrize("status", [403, 405])
def test_a_type_that_is_closed_is_named_in_the_plan_from_then_on(
    opened: Callable[..., Little], status: int, rung: str
) -> None:
    """By a 405 at once; by 403 when it has come for two patients, of whom the first is told so."""
    clinic = opened(lacks=LADDER[rung])
    clinic.arm(faults.read_only_type("Observation", status))
    for _ in range(2):  # the second time, too, a few requests tell
        clinic.server.requests.clear()
        ran = clinic.sync()
        assert {row for row, _ in told_of(ran)} == ALL_ROWS
        forbidden = [row for row, rule in told_of(ran) if rule != "not-accepted"]
        of_whom = {ROWS[row - 2].patient for row in forbidden}
        assert len(of_whom) <= (status == 403)  # before a lane meets the second, more of the first
        assert ran.code == (4 if forbidden else 7)
        if clinic.lanes == 1:
            assert forbidden == ([2] if status == 403 else [])
        declined = [request for request in clinic.server.writes if b"Observation" in request.body]
        assert 0 < len(declined) <= 6 * clinic.lanes
        plan = clinic.plan()  # another process, which knows it by the ledger
        assert (plan.code, set(told_of(plan))) == (7, {(row, "not-accepted") for row in ALL_ROWS})
    clinic.whole()  # it is open again, and nobody had to say so


@ON_THE_LADDER
def test_what_is_forbidden_for_one_patient_is_told_of_that_one(
    opened: Callable[..., Little], rung: str
) -> None:
    clinic = opened(lacks=LADDER[rung])
    theirs = [Row(record_id=f"s-{number}", patient=PATIENTS[0]) for number in range(5)]
    clinic.write(*theirs, *ROWS[1:4])
    forbid(clinic, PATIENTS[0])
    ran = clinic.sync()
    assert (ran.code, told_of(ran)) == (4, [(row, "refused") for row in range(2, 7)])
    clinic.verified()
    assert clinic.plan().code == 0
    clinic.whole()


@ON_THE_LADDER
@pytest.mark.parametrize("lanes", [1])
def test_where_one_patient_after_the_other_is_forbidden_the_run_stops(
    opened: Callable[..., Little], rung: str
) -> None:
    """The first was taken: it is no type that is closed to us, but so much is no chance."""
    clinic = opened(lacks=LADDER[rung])
    forbid(clinic, *PATIENTS[1:])
    ran = clinic.sync()
    assert (ran.code, told_of(ran)) == (12, [(row, "refused") for row in (3, 4, 5)])
    clinic.whole()


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


@pytest.mark.parametrize("named", [True, False], ids=["entry", "nothing"])
@pytest.mark.parametrize("status", [400, 422])
def test_what_is_not_supported_of_one_record_takes_no_transactions_from_the_others(
    clinic: Little, status: int, named: bool
) -> None:
    """Where nobody says of which entry, that record is tried in pieces."""
    clinic.write(ROWS[0])
    assert clinic.sync().code == 0
    clinic.write(*(BAD, *(row for row in ROWS if row != BAD)))
    declined = outcome("not-supported")
    if named:
        declined["issue"][0]["expression"] = ["Bundle.entry[1].resource"]
    clinic.arm(
        replace(
            faults.chokes_on(""),
            meet=lambda asked: Answer(status, declined),
            fits_interaction=lambda asked: is_score_of(asked, BAD),
        )
    )
    clinic.server.requests.clear()
    ran = clinic.sync("--lanes", 1)  # then it is the first transaction of this run
    assert (ran.code, told_of(ran)) == (4, [(2, "refused")])
    responses = clinic.server.of_type("QuestionnaireResponse")
    assert len(responses) == len(ROWS) - named
    sent = [request for request in clinic.server.writes if faults.is_bundle("transaction")(request)]
    assert len(sent) >= len(ROWS) - 1
    clinic.whole()


def is_score_of(asked: Interaction, row: Row) -> bool:
    """Whether a score of a row is written."""
    key = record_key("clinic-east", ("record", row.record_id))
    return asked.type == "Observation" and key in str(asked.resource)


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


@pytest.mark.parametrize("status", [413, 414, 431])
def test_a_search_that_is_too_large_is_asked_by_halves(
    opened: Callable[..., Little], status: int
) -> None:
    """Of URLs, as some are read by proxies, and of bodies alike; the size that passed is kept."""
    clinic = opened(lacks=set() if status == 413 else {"post-search"})
    assert clinic.sync().code == 0  # nothing is there: nothing is looked for
    large = clinic.arm(
        faults.answers(status, "too-long")
        .where(lambda r: faults.is_search(r) and len(str(r.params)) + len(r.body) > 900)
        .always()
    )
    ran = clinic.sync("--reread")
    assert (ran.code, ran.json["resources"]["not_sent"]) == (0, 0)
    assert 0 < large.hits <= 4 * clinic.lanes  # 40 identifiers, 20, 10, 5: and then no more
    clinic.verified()
    clinic.whole()


@pytest.mark.parametrize("lanes", [1])
def test_a_search_for_one_that_is_too_large_stops_the_run(clinic: Little) -> None:
    large = clinic.arm(faults.answers(413, "too-long").where(faults.is_search).always())
    ran = clinic.sync()
    assert (ran.code, large.hits) == (13, 1)  # the software itself, before all else
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
