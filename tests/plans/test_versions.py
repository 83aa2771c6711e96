"""Several documents of one plan: doubles, and versions that cannot have followed each other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from .documents import SHORT, finding, outcome, said, site, values, version, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

WAYS = ((), ("--limit", "9"))
"""Trusting that nothing is wrong and beginning again where it is; and looking first."""

EQUAL = "This version of the plan stands in several documents; it was taken once."
DIFFERENT = (
    "Documents of this plan and version differ; keep the right one, or give one of them a version "
    "of its own."
)


@pytest.mark.parametrize("more", WAYS)
def test_equal_documents_of_one_version_are_taken_once_however_they_are_written(
    more: tuple[str, ...], command: Callable[..., Ran]
) -> None:
    site()
    write("a.plan.yaml", SHORT)
    write("b.plan.json", json.dumps(dict(reversed(values(SHORT).items())), indent=1))
    write("c.plan.yml", SHORT.replace("2026-03-02", "'2026-03-02'  # the same") + "hopes: []\n")
    warnings = [
        finding(9, "", "duplicate-equal", EQUAL, path="b.plan.json"),
        finding(1, "", "duplicate-equal", EQUAL, path="c.plan.yml"),
    ]
    assert said(command("check", ".", *more, "--json")) == outcome(
        "check", (3, 1, 0), warnings=warnings
    )


def test_the_order_in_which_medicines_are_told_makes_no_other_document(
    command: Callable[..., Ran],
) -> None:
    site()
    taken = {"taken_as_agreed": 5, "of_days": 7, "said_by": "patient"}
    medicines = [{"task": name, "kind": "medication", "text": name} for name in "xy"]
    for name, order in (("a", "xy"), ("b", "yx")):
        reviews = [{"on": "2026-03-02", "adherence": dict.fromkeys(order, taken)}]
        text = version(1, "2026-03-02", tasks=medicines, reviews=reviews)
        write(f"{name}.plan.yaml", text)
    twice = finding(2, "", "duplicate-equal", EQUAL, path="b.plan.yaml")
    shape = outcome("check", (2, 1, 0), warnings=[twice])
    assert said(command("check", ".", "--json")) == shape


@pytest.mark.parametrize("more", WAYS)
def test_different_documents_of_one_version_are_all_rejected(
    more: tuple[str, ...], command: Callable[..., Ran]
) -> None:
    site()
    write("a.plan.yaml", SHORT)
    write("b.plan.yaml", SHORT.replace("draft", "active"))
    write("c.plan.yaml", SHORT.replace("version: 1", "version: 2"))
    told = [
        finding(1, "", "duplicate-different", DIFFERENT, path=f"{name}.plan.yaml") for name in "ab"
    ]
    assert said(command("check", ".", *more, "--json")) == outcome("check", (3, 1, 2), *told)


def goal(*days: str) -> list[dict[str, Any]]:
    """A goal to which the patient agreed on these days."""
    said = [{"party": "patient", "status": "agree", "on": day} for day in days]
    return [{"goal": "sleep", "text": "Sleep", "agreement": said}]


def task(*days: str) -> list[dict[str, Any]]:
    """A task to which the patient agreed on these days."""
    said = [{"party": "patient", "status": "agree", "on": day} for day in days]
    return [{"task": "walk", "kind": "self-care", "text": "Walk", "agreement": said}]


OTHER = "urn:example:mrn|1002"
COMPLETED = version(1, "2026-03-02", status="completed")


def new(number: int = 1, written: str = "2026-03-09", **told: Any) -> str:
    """A version of another plan, which takes the place of the short one."""
    return version(number, written, plan="new", replaces="short", **told)


NEW_YORK = "2026-03-09T22:00:00-04:00"
"""In UTC it is the tenth."""

ORDERS: dict[str, tuple[list[str], list[tuple[int, str, str]]]] = {
    # the documents in their order, and what is said: the document, the key, the rule
    "in order": ([version(1, "2026-03-02"), version(2, "2026-03-09")], []),
    "on one day": ([version(1, "2026-03-02"), version(2, "2026-03-02T08:00:00Z")], []),
    "with a gap": ([version(7, "2026-03-09"), version(2, "2026-03-02")], []),
    "other plans": ([version(1, "2026-03-09"), version(2, "2026-03-02", plan="other")], []),
    "backwards": (
        [version(1, "2026-03-09"), version(2, "2026-03-02"), version(3, "2026-03-16")],
        [(1, "written", "version-goes-back")],
    ),
    "backwards, and then nothing is said of what was agreed": (
        [version(1, "2026-03-09", goals=goal("2026-03-09")), version(2, "2026-03-02")],
        [(1, "written", "version-goes-back")],
    ),
    "backwards by an hour, across offsets": (
        [version(1, NEW_YORK), version(2, "2026-03-10T01:00:00Z")],
        [(1, "written", "version-goes-back")],
    ),
    "backwards by half a second": (
        [version(1, "2026-03-10T01:00:00.5Z"), version(2, "2026-03-10T01:00:00Z")],
        [(1, "written", "version-goes-back")],
    ),
    "forwards by half a second": (
        [version(1, "2026-03-10T01:00:00Z"), version(2, "2026-03-10T01:00:00.5Z")],
        [],
    ),
    "agreed on the day of the next": (
        [version(1, "2026-03-02", goals=goal("2026-03-09")), version(2, NEW_YORK)],
        [],
    ),
    "agreed on the day after the next": (
        [
            version(1, "2026-03-02", goals=goal("2026-03-02", "2026-03-10")),
            version(2, NEW_YORK),
            version(3, "2026-03-16", goals=goal("2026-04-10")),  # there is no next one yet
        ],
        [(0, "goals[0].agreement[1].on", "agreed-too-late")],
    ),
    "a task, and a goal, agreed to too late": (
        [
            version(1, "2026-03-02", goals=goal("2026-03-10"), tasks=task("2026-03-11")),
            version(2, NEW_YORK),
        ],
        [
            (0, "goals[0].agreement[0].on", "agreed-too-late"),
            (0, "tasks[0].agreement[0].on", "agreed-too-late"),
        ],
    ),
    "of two patients": (
        [
            version(1, "2026-03-02"),
            version(2, "2026-03-09", patient="urn:example:mrn|1002"),
            version(1, "2026-03-09", plan="other", patient="urn:example:mrn|1002"),
        ],
        [(0, "patient", "patient-differs"), (1, "patient", "patient-differs")],
    ),
    "of two patients and backwards": (
        [version(1, "2026-03-09"), version(2, "2026-03-02", patient="urn:example:mrn|1002")],
        [
            (0, "patient", "patient-differs"),
            (1, "patient", "patient-differs"),
            (1, "written", "version-goes-back"),
        ],
    ),
    "in the place of one that is completed": ([COMPLETED, new()], []),
    "in the place of one that was revoked at last": (
        [new(), version(1, "2026-03-02"), version(2, "2026-03-08", status="revoked")],
        [],
    ),
    "in the place of one that is not here": ([new(), version(1, "2026-03-02", plan="old")], []),
    "in the place of one that goes on": (
        [
            COMPLETED,
            version(2, "2026-03-08", status="on-hold"),
            new(),
            version(2, "2026-03-10", plan="new"),
            new(3, "2026-03-11"),
        ],
        [(2, "replaces", "replaces-unfinished"), (4, "replaces", "replaces-unfinished")],
    ),
    "in the place of another patient's": (
        [COMPLETED, new(patient=OTHER)],
        [(1, "replaces", "replaces-another-patients")],
    ),
    "in the place of another patient's, which goes on, and backwards": (
        [version(1, "2026-03-02"), new(patient=OTHER), new(2, "2026-03-08", patient=OTHER)],
        [
            (1, "replaces", "replaces-another-patients"),
            (2, "written", "version-goes-back"),
            (2, "replaces", "replaces-another-patients"),
        ],
    ),
}


@pytest.mark.parametrize("more", WAYS)
@pytest.mark.parametrize("name", ORDERS)
def test_versions_that_contradict_each_other_are_named(
    name: str, more: tuple[str, ...], command: Callable[..., Ran]
) -> None:
    documents, told = ORDERS[name]
    site()
    for number, text in enumerate(documents):
        write(f"{number}.plan.yaml", text)
    rejected = [finding(2, key, rule, path=f"{n}.plan.yaml") for n, key, rule in told]
    bad = {number for number, _, _ in told}
    counts = (len(documents), len(documents) - len(bad), len(bad))
    shape = outcome("check", counts, *rejected)
    assert said(command("check", ".", *more, "--json")) == shape


def test_a_version_that_comes_twice_is_held_against_the_others_once(
    command: Callable[..., Ran],
) -> None:
    site()
    write("a.plan.yaml", version(1, "2026-03-09"))
    for name in "bc":
        write(f"{name}.plan.yaml", version(2, "2026-03-02"))
    back = finding(2, "written", "version-goes-back", path="b.plan.yaml")
    twice = finding(2, "", "duplicate-equal", EQUAL, path="c.plan.yaml")
    shape = outcome("check", (3, 1, 1), back, warnings=[twice])
    assert said(command("check", ".", "--json")) == shape


def test_a_bad_version_says_nothing_of_the_others(command: Callable[..., Ran]) -> None:
    site()
    write("a.plan.yaml", version(1, "2026-03-09", status="over"))
    write("b.plan.yaml", version(2, "2026-03-02"))
    words = "Write 'draft', 'active', 'on-hold', 'completed' or 'revoked'."
    told = finding(2, "status", "unknown-word", words)
    assert said(command("check", ".", "--json")) == outcome("check", (2, 1, 1), told)


def test_with_a_secret_key_the_same_is_found(
    command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLIANCE_FHIR_KEY", "a key of sixteen bytes and more")
    test_equal_documents_of_one_version_are_taken_once_however_they_are_written((), command)


def goals(**texts: str) -> list[dict[str, Any]]:
    """Goals by their names."""
    return [{"goal": name, "text": text} for name, text in texts.items()]


TWO = goals(sleep="Sleep", job="Keep the job")
OVER = version(2, "2026-03-08", status="completed", goals=TWO)
RENAMED: dict[str, tuple[list[str], bool]] = {
    # the documents, of which the last has another plan name; and whether that is told of it
    "all goals alike": ([version(1, "2026-03-02", goals=TWO)], True),
    "in another order": ([version(1, "2026-03-02", goals=TWO[::-1])], True),
    "half of them in other words": (
        [version(1, "2026-03-02", goals=goals(sleep="Sleep better", job="Keep the job"))],
        True,
    ),
    "all in other words": (
        [version(1, "2026-03-02", goals=goals(sleep="Sleep better", job="Another job"))],
        False,
    ),
    "one goal more": ([version(1, "2026-03-02", goals=[*TWO, *goals(more="x")])], False),
    "in an earlier version alone": (
        [version(1, "2026-03-02", goals=TWO), version(2, "2026-03-08", goals=TWO[:1])],
        False,
    ),
    "of another patient": ([version(1, "2026-03-02", goals=TWO, patient=OTHER)], False),
    "of a plan that is over": ([version(1, "2026-03-02", goals=TWO), OVER], False),
    "no goals": ([version(1, "2026-03-02")], False),
}


@pytest.mark.parametrize("more", WAYS)
@pytest.mark.parametrize("name", RENAMED)
def test_a_plan_with_the_goals_of_another_is_told_and_taken(
    name: str, more: tuple[str, ...], command: Callable[..., Ran]
) -> None:
    documents, told = RENAMED[name]
    site()
    last = version(3, "2026-03-09", plan="shrot", goals=[] if name == "no goals" else TWO)
    for number, text in enumerate([*documents, last]):
        write(f"{number}.plan.yaml", text)
    place = (f"{len(documents)}.plan.yaml", f"{len(documents) - 1}.plan.yaml")
    remedy = (
        f"{place[1]} has these goals under another plan name: under two names they are there "
        "twice. Is the name right? A plan that follows another names it in `replaces`."
    )
    warnings = [finding(2, "plan", "same-goals", remedy, path=place[0])] if told else []
    count = len(documents) + 1
    shape = outcome("check", (count, count, 0), **({"warnings": warnings} if told else {}))
    assert said(command("check", ".", *more, "--json")) == shape


def test_a_plan_that_takes_the_place_of_another_may_have_its_goals(
    command: Callable[..., Ran],
) -> None:
    site()
    write("0.plan.yaml", version(1, "2026-03-02", status="completed", goals=TWO))
    write("1.plan.yaml", new(goals=TWO))
    assert said(command("check", ".", "--json")) == outcome("check", (2, 2, 0))


def test_a_plan_with_the_goals_of_another_is_sent(command: Callable[..., Ran]) -> None:
    site()
    write("0.plan.yaml", version(1, "2026-03-02", goals=TWO))
    write("1.plan.yaml", version(1, "2026-03-03", plan="shrot", goals=TWO))
    ran = command("sync", ".", "--to", "there", "--json")
    assert [one["rule"] for one in ran.json["warnings"]] == ["same-goals"]
    assert ran.json["records"] == {"read": 2, "accepted": 2, "rejected": 0}
    assert ran.code == 0
