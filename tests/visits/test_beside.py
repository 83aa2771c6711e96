"""Visits beside questionnaires and plans: checked, mapped and sent in one run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from command.books import book
from command.tables import GOOD, finding, outcome, said, srs, write, written

from .rows import FULL, site, visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

PLAN = """
plan: jones
patient: "urn:example:mrn|1001"
clinicians: ["urn:example:staff|kurtz"]
written: 2026-03-02T14:10:00-05:00
version: 1
status: draft
goals: [{goal: sleep, text: "Sleep through the night", proposed_by: patient}]
"""
BAD = finding(3, "status", "unknown-status", path="inbox/b.csv")


@pytest.fixture(autouse=True)
def inbox() -> None:
    """A folder with a table of each kind, a plan, and a workbook of visits."""
    site()
    Path("inbox").mkdir()
    write("inbox/a.csv", srs())
    write("inbox/b.csv", visit(1), visit(2, status="gone"), FULL | {"appointment": "urn:x:y|3"})
    Path("inbox/c.plan.yaml").write_text(PLAN)
    book("inbox/d.xlsx", visit(4))


def test_check_takes_all_of_them(command: Callable[..., Ran]) -> None:
    ran = command("check", "inbox", "--json")
    assert said(ran) == outcome("check", (6, 5, 1), [BAD], code=4)
    assert ran.code == 4
    for_people = command("check", "inbox")
    assert for_people.out.endswith("check: 5 of 6 records, FHIR 4.0.1\n")


@pytest.mark.parametrize(
    ("words", "counts"),
    [
        (("--patient", "1001"), (6, 1, 1)),  # the plan's
        (("--patient", GOOD), (6, 4, 1)),
        (("--since", "2026-03-16"), (6, 1, 1)),  # the day in UTC
        (("--limit", "3"), (4, 3, 1)),
    ],
)
def test_check_takes_the_visits_that_are_asked_for(
    words: tuple[str, ...], counts: tuple[int, int, int], command: Callable[..., Ran]
) -> None:
    shape = outcome("check", counts, [BAD], code=4)
    assert said(command("check", "inbox", *words, "--json")) == shape


@pytest.mark.parametrize("words", [("map", "--out"), ("plan", "--to"), ("sync", "--to")])
def test_what_maps_takes_all_of_them_too(
    words: tuple[str, str], command: Callable[..., Ran]
) -> None:
    name, option = words
    ran = command(name, "inbox", option, "out", "--json")
    told = said(ran)
    assert (ran.code, told["records"]) == (4, {"read": 6, "accepted": 5, "rejected": 1})
    assert told["rejected"] == [BAD]
    if name == "map":
        assert len(written("out")["Appointment.ndjson"].splitlines()) == 3


def test_a_sync_of_everything_still_knows_what_is_gone(command: Callable[..., Ran]) -> None:
    """The referral of a visit that is gone is gone, too."""
    command("sync", "inbox", "--to", "out")
    write("inbox/a.csv", srs(session="2"))
    write("inbox/b.csv", visit(1))
    told = said(command("sync", "inbox", "--to", "out", "--complete", "--json"))
    gone = [(2, "inbox/a.csv"), (4, "inbox/b.csv"), (4, "inbox/b.csv")]
    assert told["disappeared"] == [finding(row, "", "disappeared", path=path) for row, path in gone]
    assert "warnings" not in told
