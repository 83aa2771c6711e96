"""`init --plan`: an empty document that becomes a plan when it is filled in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.sources.plans.breaches import WORDS
from alliance_fhir.sources.plans.schema import empty

from .documents import finding, outcome, said, site

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

NEEDED = ("plan", "version", "written", "status", "patient")
FILLED = {
    "\nplan:": "\nplan: new",
    "\nversion:": "\nversion: 1",
    "\nwritten:": "\nwritten: 2026-03-02",
    "\nstatus:": "\nstatus: draft",
    "\npatient:": '\npatient: "urn:example:mrn|1001"',
    "clinicians: []": 'clinicians: ["urn:example:staff|kurtz"]',
    "\nreplaces:": "\nreplaces: old",
    "\nnext_review:": "\nnext_review: 2026-03-30",
    "NAME-OF-A-GOAL: {achievement: ,": "sleep: {achievement: improving,",
    '[""]': '["some words"]',
    '""': '"some words"',
    "goal:  ": "goal: sleep  ",
    "code:  ": "code: hours  ",
    "unit:  ": "unit: h  ",
    "due:  ": "due: 2026-04-30  ",
    "task:  ": "task: walk  ",
    "kind:  ": "kind: medication  ",
    "on: }": "on: 2026-03-02}",
    "- on:  ": "- on: 2026-03-02  ",
    ": ,": ": 7,",
    "plan: }   #": "plan: 7}   #",
    "diagnosis: 7, medication: 7, treatment: }": "diagnosis: some}",
    "NAME-OF-A-MEDICATION-TASK": "walk",
    "of_days: 7": "of_days: 14",
    "pressured_to_attend:": "pressured_to_attend: true",
}
"""What a person writes, in the order in which it is put there."""


def test_an_empty_plan_goes_to_standard_output_and_says_what_it_lacks(
    command: Callable[..., Ran],
) -> None:
    site()
    ran = command("init", "--plan")
    assert (ran.code, ran.out, ran.err) == (0, empty(), "")
    Path("a.plan.yaml").write_text(ran.out, "utf-8")
    lines = [line.partition(":")[0] for line in ran.out.splitlines()]
    lacks = [finding(lines.index(key) + 1, key, "missing-key") for key in NEEDED]
    more = finding(lines.index("clinicians") + 1, "clinicians", "missing-key",
                   "The list needs an entry.")  # fmt: skip
    shape = outcome("check", (1, 0, 1), *lacks, more)
    assert said(command("check", "a.plan.yaml", "--json")) == shape


def test_filled_in_with_every_key_it_is_taken(command: Callable[..., Ran]) -> None:
    site()
    assert command("init", "a.plan.yaml", "--plan") == (0, "", "")
    text = re.sub(r"^# (?= *(?:- )?[\w-]+:(?: |$)| +- \{)", "", empty(), flags=re.M)
    for old, new in FILLED.items():
        assert old in text, old
        text = text.replace(old, new)
    Path("a.plan.yaml").write_text(text, "utf-8")
    assert said(command("check", "a.plan.yaml", "--json")) == outcome("check", (1, 1, 0))


def test_every_key_is_in_it() -> None:
    assert set(re.findall(r"(\w+):(?=[ \n])", empty())) >= WORDS


@pytest.mark.parametrize("more", [(), ("--schema",)])
def test_nothing_is_overwritten(more: tuple[str, ...], command: Callable[..., Ran]) -> None:
    Path("a.plan.yaml").write_text("mine", "utf-8")
    message = "error: a.plan.yaml is there already, and was left as it is\n"
    assert command("init", "a.plan.yaml", "--plan", *more) == (2, "", message)
    assert Path("a.plan.yaml").read_text("utf-8") == "mine"


def test_the_schema_goes_to_a_file_of_any_name(command: Callable[..., Ran]) -> None:
    assert command("init", "plan.schema.json", "--plan", "--schema") == (0, "", "")
    printed = command("init", "--plan", "--schema").out
    assert Path("plan.schema.json").read_text("utf-8") == printed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "init writes plans alone so far: say --plan"),
        (("scores.csv",), "init writes plans alone so far: say --plan"),
        (
            ("a.yaml", "--plan"),
            "a.yaml: the name of a plan's file ends in .plan.yaml or .plan.yml",
        ),
        (
            ("not/there/a.plan.yaml", "--plan"),
            "not/there/a.plan.yaml cannot be written: No such file or directory",
        ),
    ],
)
def test_what_cannot_be_written_is_told(
    words: tuple[str, ...], message: str, command: Callable[..., Ran]
) -> None:
    assert command("init", *words) == (2, "", f"error: {message}\n")
    assert list(Path().iterdir()) == []
