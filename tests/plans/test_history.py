"""The versions of one plan: who agreed to what in them. The examples, and the laws."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alliance_fhir.config import load
from alliance_fhir.domain.agreement import PATIENT, Position, Voice, outcome
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.plan.history import (
    contradictions,
    in_order,
    milestone,
    standing,
    voices,
    wording,
)
from alliance_fhir.domain.plan.rules import parties
from alliance_fhir.domain.records import Identifier
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.sources.supply import Sources

from .making import plans

EXAMPLES = Path(__file__).parents[2] / "examples" / "plans"
KURTZ = Identifier("urn:example:staff", "kurtz")
MOTHER = Identifier("urn:example:caregiver", "1032-a")
JONES = ("goal:sleep", "goal:job", "goal:people", "task:bupropion", "task:sleep-hygiene",
         "task:friends", "task:talks", "task:next-visit")  # fmt: skip


@pytest.fixture(scope="module")
def examples() -> dict[tuple[str, int], SharedPlan]:
    """The plans of the examples, by name and version."""
    site = load(EXAMPLES / "alliance.toml")
    found: dict[tuple[str, int], SharedPlan] = {}
    for read in Sources([EXAMPLES], site, Catalog()).records():
        record = getattr(read, "record", None)
        assert isinstance(record, SharedPlan), read
        found[record.plan, record.version] = record
    return found


Examples = dict[tuple[str, int], SharedPlan]


def jones(examples: Examples, last: int) -> list[SharedPlan]:
    """Mr. Jones's plan up to a version, the newest first: `standing` is to put them in order."""
    return [examples["jones-2026", number] for number in range(last, 0, -1)]


def test_the_examples_are_four_documents_of_two_plans(examples: Examples) -> None:
    assert list(examples) == [("adolescent-2026", 1), *(("jones-2026", n) for n in (1, 2, 3))]


@pytest.mark.parametrize(
    ("last", "others"), [(1, {"task:talks": "disagreed"}), (2, {}), (3, {})]
)  # fmt: skip
def test_mr_jones_disagrees_once_and_it_is_resolved(
    last: int, others: dict[str, str], examples: Examples
) -> None:
    told = standing(jones(examples, last))
    keys = JONES if last < 3 else (*JONES, "task:before-missing")
    assert {key: outcome(where) for key, where in told.items()} == {
        **dict.fromkeys(keys, "agreed"),
        **others,
    }


def test_what_mr_jones_said_first_stays_to_be_seen(examples: Examples) -> None:
    assert voices(in_order(jones(examples, 3)), "task:talks") == [
        Voice(PATIENT, "disagree", "2026-03-02"),
        Voice(KURTZ, "agree", "2026-03-02"),
        Voice(PATIENT, "agree", "2026-03-09"),
        Voice(KURTZ, "agree", "2026-03-09"),
    ]


def test_without_new_signatures_the_changed_words_are_pending(examples: Examples) -> None:
    third = examples["jones-2026", 3]
    unsigned = tuple(task.model_copy(update={"agreement": ()}) for task in third.tasks)
    told = standing([*jones(examples, 2), third.model_copy(update={"tasks": unsigned})])
    pending = {key for key, where in told.items() if outcome(where) != "agreed"}
    assert pending == {"task:bupropion", "task:next-visit", "task:before-missing"}
    first = Voice(PATIENT, "agree", "2026-03-02")
    assert told["task:bupropion"][0] == Position(PATIENT, "pending", earlier=first)


def test_a_guardian_s_word_is_the_guardian_s(examples: Examples) -> None:
    plan = examples["adolescent-2026", 1]
    assert parties(plan) == (PATIENT, KURTZ, MOTHER)
    told = standing([plan])
    stands = {key: [one.standing for one in where] for key, where in told.items()}
    assert stands == {
        "goal:mornings": ["pending", "agree", "agree"],
        "goal:painting": ["agree", "agree", "disagree"],
        "task:talks": ["agree", "agree", "agree"],
        "task:wake-once": ["agree", "pending", "agree"],
    }
    assert [outcome(where) for where in told.values()] == [
        "pending",
        "disagreed",
        "agreed",
        "pending",
    ]


def test_what_no_plan_is_raises_without_its_values(examples: Examples) -> None:
    told = {**dict(examples["adolescent-2026", 1]), "patient": "urn:x|Zebulon", "status": "Zebulon"}
    with pytest.raises(ValidationError) as caught:  # nobody said whose numbers these are
        SharedPlan.model_validate(told)
    assert {error["loc"] for error in caught.value.errors()} == {("patient",), ("status",)}
    assert "Zebulon" not in str(caught.value)


def test_the_versions_of_the_examples_contradict_nothing(examples: Examples) -> None:
    assert list(contradictions(map(milestone, jones(examples, 3)))) == []


@settings(max_examples=20)
@given(plans())
def test_priorities_and_what_was_considered_are_no_words_that_are_agreed_to(
    plan: SharedPlan,
) -> None:
    goals = tuple(goal.model_copy(update={"priority": None}) for goal in plan.goals)
    tasks = tuple(task.model_copy(update={"options_considered": ()}) for task in plan.tasks)
    assert wording(plan.model_copy(update={"goals": goals, "tasks": tasks})) == wording(plan)


@settings(max_examples=20)
@given(plans(), st.data())
def test_other_words_of_a_goal_or_task_are_others(plan: SharedPlan, data: st.DataObject) -> None:
    if not plan.goals or not plan.tasks:
        return
    goal = plan.goals[0].model_copy(update={"text": plan.goals[0].text + "!"})
    change = data.draw(st.sampled_from([("text", "!"), ("when", "!"), ("who", MOTHER)]))
    task = plan.tasks[0].model_copy(update=dict([change]))
    changed = plan.model_copy(
        update={"goals": (goal, *plan.goals[1:]), "tasks": (task, *plan.tasks[1:])}
    )
    before, after = wording(plan).words, wording(changed).words
    other = {key for key in before if before[key] != after[key]}
    changes = getattr(plan.tasks[0], change[0]) != change[1]
    expected = {f"goal:{goal.goal}", *([f"task:{task.task}"] if changes else [])}
    assert other == expected


@settings(max_examples=20)
@given(plans())
def test_nobody_but_who_spoke_agrees(plan: SharedPlan) -> None:
    """Of one version: who has said something to a goal or task stands there, all others wait; and
    so do those who spoke before a version that cannot have been the first."""
    told = standing([plan])
    every = {f"goal:{goal.goal}": goal.agreement for goal in plan.goals}
    every |= {f"task:{task.task}": task.agreement for task in plan.tasks}
    assert list(told) == list(every)
    for key, positions in told.items():
        since = plan.written.day if plan.version > 1 else ""
        spoke = {agreement.party for agreement in every[key] if agreement.on >= since}
        for position in positions:
            assert (position.standing == "pending") == (position.party not in spoke)
