"""Replies that are none, or say less than they should: nothing is assumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alliance_fhir.testing import faults
from contract.kinds import RUNGS

from .conftest import OF_A_ROW, ROWS, Little
from .outside import exactly_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.testing import Fault

LADDER: dict[str, frozenset[str]] = {
    "highest": frozenset(),
    "batches": RUNGS["batches"],
    "singles": RUNGS["singles"],
}
A_GROUP = 4
"""The number of a write after which records are under way, on every rung."""


@pytest.mark.parametrize(
    "fault",
    [
        faults.html_page(200),
        faults.html_page(201),
        faults.wrong_entry_count(-1),
        faults.wrong_length(-9),
    ],
    ids=["page-200", "page-201", "an-entry-less", "too-short"],
)
def test_what_is_no_answer_stops_the_run_and_nothing_is_assumed(
    clinic: Little, fault: Fault
) -> None:
    wrong = clinic.arm(fault.nth(A_GROUP))
    ran = clinic.sync()
    assert (ran.code, wrong.hits) == (15, 1)
    assert ran.json["resources"]["not_sent"] > 0
    clinic.whole()


def test_a_reply_that_ends_too_early_is_looked_up(clinic: Little) -> None:
    wrong = clinic.arm(faults.wrong_length(9).nth(A_GROUP))
    assert (clinic.sync().code, wrong.hits) == (0, 1)
    assert len(clinic.server.writes) == 2 + len(ROWS)
    clinic.whole()


@pytest.mark.parametrize(
    "rung",
    ["highest", *(pytest.param(r, marks=pytest.mark.long) for r in LADDER if r != "highest")],
)
@pytest.mark.parametrize(
    "fault",
    [
        faults.location_only("absolute"),
        faults.location_only("relative"),
        faults.location_only("history"),
        faults.shortened_decimals(),
        faults.etags("none"),
        faults.content_type(),
    ],
    ids=lambda fault: fault.name,
)
@pytest.mark.parametrize("lanes", [4])
def test_a_server_that_says_less_has_everything_all_the_same(
    opened: Callable[..., Little], fault: Fault, rung: str
) -> None:
    clinic = opened(lacks=LADDER[rung], faults=[fault])
    clinic.write(*(ROWS[n].with_item(3, "2") for n in range(4)))
    ran = clinic.sync()
    assert ran.code == 0
    clinic.whole()
    clinic.write(*(row.with_item(4, "1") for row in clinic.rows))
    assert clinic.sync().json["resources"]["updated"] > 0
    clinic.whole()


def test_what_a_server_said_and_did_not_do_is_found_out(clinic: Little) -> None:
    pretended = clinic.arm(faults.pretended().nth(A_GROUP))
    assert (clinic.sync().code, pretended.hits) == (0, 1)
    verified = clinic.verify()
    assert (verified.code, len(verified.json["verify"]["missing"])) == (8, OF_A_ROW)
    assert clinic.sync("--recreate").code == 0
    exactly_once(clinic.at, clinic.rows)


@pytest.mark.xfail(reason="no command says that a Provenance is gone for good: verify goes on")
@pytest.mark.parametrize("lanes", [1])
def test_a_provenance_that_is_gone_is_got_over(clinic: Little) -> None:
    assert clinic.sync().code == 0
    gone = clinic.server.of_type("Provenance")[0]
    clinic.server.delete(f"Provenance/{gone['id']}")
    assert clinic.sync("--recreate").code == 0
    clinic.verified()
