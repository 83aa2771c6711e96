"""A run that stops in the middle of a record says of it: arrived, in doubt, or not sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alliance_fhir.testing import Answer, Cut, Request, faults
from contract.kinds import RUNGS

from .conftest import OF_A_ROW, ROWS, Little
from .test_habits import keeping_the_rest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

SHARED = 2
"""This software and our form, before all records."""
OF_A_RECORD = OF_A_ROW - 1
"""Provenances are counted when they are written."""
BAD = ROWS[5]
ONE_LANE = pytest.mark.parametrize("lanes", [1])


def told_of(ran: Ran) -> dict[str, int]:
    """How many resources came to what."""
    return {state: number for state, number in ran.json["resources"].items() if number}


def doubted(ran: Ran) -> list[int]:
    """The rows of which it is not known whether they arrived."""
    return [one["row"] for one in ran.json.get("warnings", []) if one["rule"] == "in-doubt"]


def away_after(clinic: Little, last: Callable[[Request], bool]) -> None:
    """The server is away as soon as it has done what `last` fits."""
    between, gone = clinic.server.between, False

    def away(request: Request, proceed: Callable[[], Answer]) -> Answer:
        nonlocal gone
        if gone:
            raise Cut
        gone = last(request)
        return between(request, proceed)

    clinic.server.between = away


def back(clinic: Little) -> None:
    """The server is back, and does all right."""
    clinic.server.between = lambda request, proceed: proceed()


@ONE_LANE
def test_of_a_part_that_was_kept_before_the_server_went_away(clinic: Little) -> None:
    clinic.server.between = keeping_the_rest(clinic, BAD, b"")
    clinic.server.conduct.checks_references = False
    away_after(clinic, lambda request: BAD.record_id.encode() in request.body)
    ran = clinic.sync()
    before = ROWS.index(BAD)
    after = len(ROWS) - before - 1
    assert (ran.code, doubted(ran)) == (11, [2 + before])
    assert told_of(ran) == {
        "created": SHARED + OF_A_ROW * before + OF_A_RECORD - 1,
        "not_sent": 1 + OF_A_RECORD * after,
    }
    back(clinic)
    clinic.whole(proven=False)  # the Provenance that was kept speaks of that score as well


@ONE_LANE
@pytest.mark.parametrize("arrived", [1, 3])
def test_of_single_requests_the_last_of_which_had_no_answer(
    opened: Callable[..., Little], arrived: int
) -> None:
    clinic = opened(lacks=RUNGS["singles"])
    clinic.arm(faults.lost_reply().nth(SHARED + OF_A_ROW + arrived + 1))
    writes = iter(range(SHARED + OF_A_ROW + arrived))
    away_after(clinic, lambda request: request.is_write and next(writes, None) is None)
    ran = clinic.sync()
    assert (ran.code, doubted(ran)) == (11, [3])
    assert told_of(ran) == {
        "created": SHARED + OF_A_ROW + arrived,
        "not_sent": OF_A_RECORD * (len(ROWS) - 1) - arrived,
    }
    back(clinic)
    clinic.whole()


@ONE_LANE
def test_of_a_record_that_was_not_sent_nothing_is_in_doubt(clinic: Little) -> None:
    clinic.arm(faults.answers(401).nth(SHARED + 2))
    ran = clinic.sync()
    assert (ran.code, doubted(ran)) == (12, [])
    assert told_of(ran) == {
        "created": SHARED + OF_A_ROW,
        "not_sent": OF_A_RECORD * (len(ROWS) - 1),
    }
    clinic.whole()


@ONE_LANE
def test_of_the_last_of_several_outages_as_of_the_others(clinic: Little) -> None:
    for row in ROWS[2:5]:
        clinic.arm(faults.chokes_on(f'"value":"{row.record_id}"'))
        clinic.arm(faults.chokes_on(f'"valueString":"{row.record_id}"'))
    ran = clinic.sync()
    assert (ran.code, [told["row"] for told in ran.json["rejected"]]) == (11, [4, 5, 6])
    assert told_of(ran) == {
        "created": SHARED + OF_A_ROW * 2,
        "rejected": OF_A_RECORD * 3,
        "not_sent": OF_A_RECORD * 3,
    }
    clinic.whole()
