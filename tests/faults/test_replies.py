"""Replies that are none, or say less than they should: nothing is assumed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.domain.keys import record_key
from alliance_fhir.testing import faults
from contract.kinds import RUNGS

from .conftest import OF_A_ROW, ROWS, Little
from .outside import exactly_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.testing import Fault
    from contract.clinic import Row

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


@pytest.mark.parametrize("rung", LADDER)
def test_a_provenance_that_is_gone_is_made_again_where_asked(
    opened: Callable[..., Little], rung: str
) -> None:
    clinic = opened(lacks=LADDER[rung])
    assert clinic.sync().code == 0
    gone = clinic.server.of_type("Provenance")[0]
    clinic.server.delete(f"Provenance/{gone['id']}")
    missing = clinic.verify()
    assert (missing.code, missing.json["verify"]["missing"]) == (8, [f"Provenance/{gone['id']}"])
    assert clinic.sync().json["resources"]["created"] == 0  # nothing is made again by itself
    ran = clinic.sync("--recreate")
    assert (ran.code, [one["rule"] for one in ran.json["warnings"]]) == (0, ["recreated"])
    made = {state: number for state, number in ran.json["resources"].items() if number}
    assert made == {"created": 1, "unchanged": 2 + (OF_A_ROW - 1) * len(ROWS)}
    assert clinic.sync("--recreate").json["resources"]["created"] == 0
    clinic.whole()


@pytest.mark.parametrize("lanes", [1])
def test_a_provenance_of_what_was_changed_since_is_gone_for_good(clinic: Little) -> None:
    """It cannot be made again, and once that was asked for nobody asks for it any more."""
    assert clinic.sync().code == 0
    [first] = [one["id"] for one in clinic.server.of_type("Provenance") if of(one, ROWS[0])]
    clinic.write(*(row.with_item(4, "4") for row in ROWS))
    assert clinic.sync().code == 0
    clinic.server.delete(f"Provenance/{first}")
    ran = clinic.sync("--recreate")
    # the scores that did not change are of that write, and have a Provenance of it again
    assert (ran.code, ran.json["resources"]["created"]) == (0, 1)
    clinic.verified()
    clinic.whole(proven=False)


def of(proof: dict[str, Any], row: Row) -> bool:
    """Whether a Provenance is about a row."""
    key = record_key("clinic-east", ("record", row.record_id))
    return any(key in target["identifier"]["value"] for target in proof["target"])


# --- a server that keeps no tags


WITHOUT_TAGS = {
    "highest": frozenset({"tags"}),
    "singles": RUNGS["singles"] | {"tags"},
    "lowest": RUNGS["lowest"] - {"identifier-search"} | {"tags"},
}


@pytest.mark.parametrize("rung", WITHOUT_TAGS)
@pytest.mark.parametrize("number", range(A_GROUP - 1, A_GROUP + OF_A_ROW + 1))
@pytest.mark.parametrize("lanes", [1])
def test_where_no_tags_are_kept_a_lost_reply_makes_no_second_provenance(
    opened: Callable[..., Little], rung: str, number: int
) -> None:
    clinic = opened(lacks=WITHOUT_TAGS[rung])
    clinic.says_without("tags")
    clinic.write(*ROWS[:4])
    lost = clinic.arm(faults.lost_reply().nth(number))
    ran = clinic.sync()
    assert (ran.code, lost.hits) == (0, number <= len(clinic.server.writes))
    about = Counter(
        target["reference"]
        for one in clinic.server.of_type("Provenance")
        for target in one["target"]
    )
    assert (len(about), set(about.values())) == (4 * (OF_A_ROW - 1), {1})
    clinic.verified()
