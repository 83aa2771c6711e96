"""Plans beside tables: all commands take both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .documents import FULL, SECRET, SHORT, Json, finding, outcome, said, site, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

ROW = "patient,instrument,rater,completed_at,item_1,item_2,item_3,item_4\n"
ROW += "urn:example:mrn|1001,srs,patient,2026-03-09,7.5,8.0,9.25,10\n"
LATE = finding(6, "status", "unknown-word", "Write 'draft', 'active', 'on-hold', 'completed' or "
               "'revoked'.", path="inbox/c.plan.yaml")  # fmt: skip


@pytest.fixture(autouse=True)
def inbox() -> None:
    """A folder with a table, two plans, one of them bad, and what is none of both."""
    site()
    write("inbox/a.csv", ROW)
    write("inbox/b.plan.yaml", FULL)
    write("inbox/c.plan.yaml", SHORT.replace("draft", "begun"))
    write("inbox/notes.yaml", "not: read")
    write("inbox/.d.plan.yaml", "not: read")


def test_check_takes_both(command: Callable[..., Ran]) -> None:
    shape = outcome("check", (3, 2, 1), LATE)
    assert said(command("check", "inbox", "--json")) == shape
    one = said(command("check", "inbox/b.plan.yaml", "inbox/a.csv", "--json"))
    assert one == outcome("check", (2, 2, 0))


@pytest.mark.parametrize(
    ("words", "counts"),
    [
        (("--patient", SECRET), (3, 1, 1)),
        (("--patient", f"urn:example:mrn|{SECRET}"), (3, 1, 1)),
        (("--patient", "1001"), (3, 1, 1)),
        (("--since", "2026-03-10"), (3, 0, 1)),
        (("--since", "2026-03-09"), (3, 2, 1)),
        (("--limit", "2"), (3, 2, 1)),  # plans come when all is read
    ],
)
def test_check_takes_the_plans_that_are_asked_for(
    words: tuple[str, ...], counts: tuple[int, int, int], command: Callable[..., Ran]
) -> None:
    told = [LATE] if counts[2] else []
    shape = outcome("check", counts, *told)
    assert said(command("check", "inbox", *words, "--json")) == shape


@pytest.mark.parametrize("words", [("map", "--out"), ("plan", "--to"), ("sync", "--to")])
def test_what_maps_takes_both(words: tuple[str, str], command: Callable[..., Ran]) -> None:
    name, option = words
    ran = command(name, "inbox", option, "out", "--json")
    found = said(ran)
    assert ran.code == 4
    assert found["records"] == {"read": 3, "accepted": 2, "rejected": 1}
    assert found["rejected"] == [LATE]
    apart = [
        said(command(name, f"inbox/{one}", option, f"alone-{n}", "--json"))
        for n, one in enumerate(("a.csv", "b.plan.yaml"))
    ]
    counts = [sum(counts_of(one).values()) for one in (found, *apart)]
    assert counts[0] == sum(counts[1:]) - 1  # both have this software, as a Device
    assert counts[1] == 6  # of the row: form, response, two scores, ...


def counts_of(told: Json) -> dict[str, int]:
    """How many resources there were, by what the command tells of them."""
    return told["files"] if told["command"] == "map" else told["resources"]


def test_a_sync_of_everything_misses_no_plan_of_which_a_version_is_wrong(
    command: Callable[..., Ran],
) -> None:
    write("inbox/c.plan.yaml", SHORT)
    command("sync", "inbox", "--to", "out")
    Path("inbox/a.csv").write_text(ROW.replace("2026-03-09", "2026-03-10"))
    write("inbox/c.plan.yaml", SHORT.replace("draft", "begun"))
    found = said(command("sync", "inbox", "--to", "out", "--complete", "--json"))
    gone = [(one["rule"], one["path"]) for one in found["disappeared"]]
    assert gone == [("disappeared", "inbox/a.csv")]
    assert [one["rule"] for one in found["rejected"]] == ["unknown-word"]
    assert "not-compared" not in json.dumps(found)


def test_a_plan_that_is_gone_is_told(command: Callable[..., Ran]) -> None:
    command("sync", "inbox", "--to", "out")
    Path("inbox/b.plan.yaml").unlink()
    found = said(command("sync", "inbox", "--to", "out", "--complete", "--json"))
    gone = [(one["rule"], one["path"]) for one in found["disappeared"]]
    assert gone == [("disappeared", "inbox/b.plan.yaml")]


def test_a_suffix_alone_is_no_plan(command: Callable[..., Ran]) -> None:
    ran = command("check", "inbox/notes.yaml")
    message = (
        "error: inbox/notes.yaml: unknown-format: Use .csv, .tsv, .txt, .xlsx; .hl7 for "
        "messages; .ndjson, .json for Appointments; or .plan.yaml, .plan.json for a plan.\n"
    )
    assert (ran.code, ran.err) == (3, message)
