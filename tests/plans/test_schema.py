"""The JSON Schema of plan documents: as the models are, and of one mind with what reads them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest

from alliance_fhir.config import Settings
from alliance_fhir.sources.plans.document import Documents
from alliance_fhir.sources.plans.schema import made, published

from .documents import FULL, SHORT, values

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "plans").glob("*.plan.yaml"))
SITE = Documents(Settings(source="clinic-east"))


@pytest.fixture(scope="module")
def schema() -> Any:
    """The published schema, compiled."""
    return jsonschema_rs.Draft202012Validator(json.loads(published()))


def test_the_published_schema_is_that_of_the_models() -> None:
    """`alliance_fhir.sources.plans.schema.made` gives what belongs into the file."""
    assert published() == made()


def test_the_schema_speaks_to_who_writes_a_document() -> None:
    for ours in ("pydantic", "alliance_fhir", "`Identifier`", "`Moment`"):
        assert ours not in published()


def test_init_writes_it(command: Callable[..., Ran]) -> None:
    assert command("init", "--plan", "--schema") == (0, published(), "")


@pytest.mark.parametrize("text", [FULL, SHORT], ids=["full", "short"])
def test_it_accepts_what_is_good(text: str, schema: Any) -> None:
    assert [error.message for error in schema.iter_errors(values(text))] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_it_accepts_the_examples(path: Path, schema: Any) -> None:
    assert [error.message for error in schema.iter_errors(values(path.read_text("utf-8")))] == []


NOTHING = object()
MISTAKES: dict[str, tuple[tuple[Any, ...], Any]] = {
    "no plan": (("plan",), NOTHING),
    "no patient": (("patient",), NOTHING),
    "no clinician": (("clinicians",), []),
    "a key that is none": (("gaols",), []),
    "a key that is none, deep down": (("goals", 0, "measure", "unti"), "h"),
    "a status that is none": (("status",), "over"),
    "a version in quotation marks": (("version",), "2"),
    "version 0": (("version",), 0),
    "a version with a fraction": (("version",), 1.5),
    "a satisfaction of 11": (("reviews", 0, "satisfaction", "plan"), 11),
    "a doubt that is none": (("reviews", 0, "doubts", "diagnosis"), "many"),
    "text where keys are": (("contact",), "by phone"),
    "text where a list is": (("hopes",), "sleep"),
    "a number where text is": (("reason",), 7),
    "an empty text": (("reason",), ""),
    "a long text": (("goals", 0, "text"), "x" * 4_001),
    "a goal with blanks": (("goals", 0, "goal"), "to sleep"),
    "a task without a kind": (("tasks", 0, "kind"), NOTHING),
    "a kind that is none": (("tasks", 0, "kind"), "pill"),
    "an agreement that is pending": (("goals", 0, "agreement", 0, "status"), "pending"),
    "a day that is none": (("goals", 0, "agreement", 0, "on"), "soon"),
    "a time that is none": (("written",), "9.3.2026"),
    "a word for true": (("adolescent", "pressured_to_attend"), "no"),
    "a bare guardian": (("adolescent", "guardians"), ["aunt"]),
    "an achievement that is none": (("reviews", 0, "goals", "sleep", "achievement"), "better"),
    "a goal without an achievement": (("reviews", 0, "goals", "sleep", "achievement"), NOTHING),
    "a next review that is none": (("next_review",), "in a week"),
    "two plans that are replaced": (("replaces",), ["a", "b"]),
    "days below 0": (("reviews", 0, "adherence", "bupropion", "taken_as_agreed"), -1),
    "no days": (("reviews", 0, "adherence", "bupropion", "of_days"), 0),
    "201 hopes": (("hopes",), ["x"] * 201),
}
"""A place of the full document, and what is put there."""


@pytest.mark.parametrize("name", MISTAKES)
def test_it_refuses_what_the_reader_refuses(name: str, schema: Any) -> None:
    place, value = MISTAKES[name]
    told = copy.deepcopy(values())
    part = told
    for step in place[:-1]:
        part = part[step]
    if value is NOTHING:
        del part[place[-1]]
    else:
        part[place[-1]] = value
    assert not schema.is_valid(told)
    read = SITE.read(Path("a.plan.json"), json.dumps(told))
    assert read.plan is None
    assert read.findings
