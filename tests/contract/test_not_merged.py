"""`--merge`: what is known too little of to be merged, or is merged and told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .clinic import edited, give, rules
from .kinds import by_the_ledger
from .merging import (
    ACCEPTANCE,
    KURTZ,
    PLAINLY,
    SAID,
    agreed_by,
    change,
    given,
    held_back,
    merged_is,
    names,
    pending,
    said_in,
    says,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .clinic import Clinic

Json = dict[str, Any]
pytestmark = pytest.mark.usefixtures("march")
IG = "https://alliance-fhir.github.io/ig/StructureDefinition"
NO_PLACE = (
    "Somebody put there, or took away, what a plan document has no place for ({}): nothing is "
    "merged, as that would be lost. Say it in the source in words of the plan and choose --take "
    "source; or --take server."
)


def with_slip(text: str) -> str:
    """A document whose status is no word that a plan knows."""
    return text.replace("status: active", "status: going well", 1)


def cut(text: str) -> str:
    """A document that breaks off, before anybody can know of which plan it is."""
    return "goals: [" + text


@by_the_ledger
@pytest.mark.parametrize(("slip", "rule"), [(with_slip, "unknown-word"), (cut, "not-yaml")])
def test_where_a_document_is_rejected_none_is_merged_without_it(
    slip: Callable[[str], str], rule: str, first: Clinic
) -> None:
    change(first, "goal-sleep", says(PLAINLY))
    give(first, "jones-1", "jones-2")
    whole = given(first, "jones-2")
    text = (first.folder / "plans" / "jones-2.plan.yaml").read_text("utf-8")
    edited(first, "jones-2", slip)
    before, files = first.place.versions(), names(first)
    for told in (first.plan(merge=True), first.sync(merge=True)):
        assert rules(told, "rejected") == [rule]
        [finding] = told.tally.blocked
        assert (finding.rule, finding.remedy) == (
            "changed-at-target",
            (
                f"Somebody changed the plan there, and jones-2.plan.yaml was rejected ({rule}): "
                "what the source says now is not known, and nothing is merged. Mend it, run again."
            ),
        )
    assert (first.place.versions(), names(first)) == (before, files)
    edited(first, "jones-2", lambda _: text)
    assert "goals[0].text" in merged_is(first)
    merged = said_in(text_of(first, "jones-3.plan.yaml"))
    assert (merged["goals"][0]["text"], merged["hopes"]) == (PLAINLY, whole["hopes"])


@by_the_ledger
def test_a_rejected_document_of_another_plan_is_in_the_way_of_none(first: Clinic) -> None:
    """Though nobody can tell which version of that it is."""
    change(first, "goal-sleep", says(PLAINLY))
    other = first.folder / "plans" / "other.plan.yaml"
    other.write_text("plan: other\nversion: 0\n", "utf-8")
    for told in (first.plan(merge=True), first.sync(merge=True)):
        assert {one.path for one in told.tally.rejected} == {str(other)}
        assert told.tally.blocked == []
        assert "merged" in rules(told, "warnings")


def written(when: str) -> Callable[[Json], Json]:
    """A plan says that its version was written then."""

    def rewritten(body: Json) -> Json:
        told = [
            {**one, "valueDateTime": when} if one["url"] == f"{IG}/plan-written" else one
            for one in body["extension"]
        ]
        return {**body, "extension": told}

    return rewritten


@by_the_ledger
@pytest.mark.parametrize("more", [False, True], ids=["alone", "beside a title"])
def test_when_it_was_written_is_nobody_s_to_change(more: bool, first: Clinic) -> None:
    change(first, "plan", written("2026-03-01T09:00:00-05:00"))
    change(first, "goal-job", says(PLAINLY))
    if more:
        change(first, "plan", lambda body: {**body, "status": "on-hold"})
    assert held_back(first) == NO_PLACE.format("CarePlan.extension (plan-written)")


@by_the_ledger
def test_nobody_has_agreed_on_a_day_to_come(site: Clinic) -> None:
    pending(site)
    change(site, "goal-people", agreed_by("kurtz", "2999-01-01"))
    assert held_back(site) == NO_PLACE.format("Goal.extension[1]")


def agreed_on_no_day(body: Json) -> Json:
    """A portal that knows nothing of our part of an acceptance says that Dr. Kurtz agrees."""
    told: list[Json] = []
    for one in agreed_by("kurtz", "2026-03-04")(body)["extension"]:
        of_kurtz = one["url"] == ACCEPTANCE and "kurtz" in str(one)
        parts = [part for part in one.get("extension", ()) if part["url"] != SAID]
        told.append({**one, "extension": parts} if of_kurtz else one)
    return {**body, "extension": told}


@by_the_ledger
def test_who_agreed_on_no_day_has_that_of_the_plan_which_is_told(site: Clinic) -> None:
    pending(site)
    change(site, "goal-people", agreed_on_no_day)
    assert merged_is(site) == (
        "Merged with what somebody changed there (added goals[2].agreement[1]). It stands in "
        "jones-2.plan.yaml. What was said there without a day (1) has the plan's."
    )
    said = said_in(text_of(site, "jones-2.plan.yaml"))["goals"][2]["agreement"]
    assert said[1] == {"party": KURTZ, "status": "agree", "on": "2026-03-02"}
