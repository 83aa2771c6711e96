"""What comes of two sides, place by place: small plans, in whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from alliance_fhir.config import Settings
from alliance_fhir.domain.plan.differences import differences, in_one_line
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.plan.history import standing
from alliance_fhir.domain.plan.merging import Merged, merge
from alliance_fhir.domain.records import Moment
from alliance_fhir.sources.plans.document import Documents

SITE = Documents(Settings(source="clinic-east", clinician_system="urn:example:staff"))
NOW = Moment("2026-03-20", "2026-03-20")
Json = dict[str, Any]


def doc(**more: Any) -> SharedPlan:
    """A plan that says no more than this, as a site writes it."""
    told = {
        "plan": "short",
        "patient": "urn:example:mrn|1001",
        "clinicians": ["kurtz"],
        "written": "2026-03-02",
        "version": 1,
        "status": "draft",
        **more,
    }
    found = SITE.read(Path("a.plan.json"), json.dumps(told))
    assert found.findings == []
    assert found.plan
    return found.plan


def said(*words: str) -> list[Json]:
    """`kurtz agree 2026-03-02`, and so on."""
    return [dict(zip(("party", "status", "on"), one.split(), strict=True)) for one in words]


def goal(name: str = "sleep", *words: str, text: str = "Sleep", **more: Any) -> Json:
    """A goal, and what was said to it."""
    return {"goal": name, "text": text, "agreement": said(*words), **more}


AUNT = "urn:example:kin|aunt"
WITH_AUNT: Json = {"adolescent": {"guardians": [AUNT]}}


def wanted(text: str, about: str = "treatment", **more: Any) -> Json:
    """A preference."""
    return {"text": text, "about": about, **more}


def task(name: str = "walk", *words: str, text: str = "Walk", **more: Any) -> Json:
    """A task, and what was said to it."""
    return {"task": name, "kind": "self-care", "text": text, "agreement": said(*words), **more}


def medicine(name: str = "walk") -> Json:
    """A task about which one may say how it was taken."""
    return task(name, kind="medication")


def review(on: str, **more: Any) -> Json:
    """A review on a day of March."""
    return {"on": f"2026-03-{on}", **more}


def taken(name: str = "walk", said_by: str = "patient") -> Json:
    """How it was taken."""
    return {"adherence": {name: {"taken_as_agreed": 5, "of_days": 7, "said_by": said_by}}}


def come(name: str = "sleep", how: str = "achieved") -> Json:
    """How far a goal has come."""
    return {"goals": {name: {"achievement": how}}}


def young(*guardians: str, **more: Any) -> Json:
    """What is told of an adolescent."""
    return {"guardians": [f"urn:example:staff|{one}" for one in guardians], **more}


Case = tuple[Json, Json, Json, Json, list[str]]
"""Base, ours, theirs, the merged plan, what is told of conflicts."""

TAKEN: dict[str, Case] = {
    "texts of both": (
        {"hopes": ["a", "b"]},
        {"hopes": ["a", "b", "ours"]},
        {"hopes": ["b", "theirs"], "concerns": ["c"]},
        {"hopes": ["b", "ours", "theirs"], "concerns": ["c"]},
        [],
    ),
    "at the beginning, and in between": (
        {"hopes": ["a", "b"]},
        {"hopes": ["ours", "a", "more", "b"]},
        {"hopes": ["theirs", "a", "other", "b"]},
        {"hopes": ["ours", "theirs", "a", "more", "other", "b"]},
        [],
    ),
    "an order that one side has changed": (
        {"hopes": ["a", "b", "c"]},
        {"hopes": ["a", "b", "c", "ours"]},
        {"hopes": ["c", "a", "b", "theirs"]},
        {"hopes": ["c", "ours", "a", "b", "theirs"]},  # behind "c", as there
        [],
    ),
    "an order that both have changed": (
        {"hopes": ["a", "b", "c"]},
        {"hopes": ["b", "a", "c"]},
        {"hopes": ["c", "a", "b", "theirs"]},
        {"hopes": ["b", "theirs", "a", "c"]},
        ["hopes both-changed"],
    ),
    "a single value": (
        {"reason": "a", "outcome_sought": "a", "contact": {"urgent": "a"}},
        {"reason": "ours", "contact": {"urgent": "a", "between_visits": "ours"}},
        {"reason": "theirs", "outcome_sought": "theirs", "contact": {"urgent": "theirs"}},
        {"reason": "ours", "contact": {"urgent": "theirs", "between_visits": "ours"}},
        ["reason both-changed", "outcome_sought both-changed"],
    ),
    "what one side removed and the other changed": (
        {"contact": {"urgent": "a"}, "barriers": [{"text": "a"}, {"text": "b"}]},
        {"barriers": [{"text": "a", "plan": "ours"}, {"text": "b"}]},
        {"contact": {"urgent": "theirs"}, "barriers": [{"text": "b", "plan": "theirs"}]},
        {"barriers": [{"text": "a", "plan": "ours"}, {"text": "b", "plan": "theirs"}]},
        ["barriers[0] both-changed", "contact both-changed"],
    ),
    "two barriers of one text": (
        {"barriers": [{"text": "a"}, {"text": "a", "plan": "b"}]},
        {"barriers": [{"text": "a"}, {"text": "a", "plan": "ours"}], "hopes": ["ours"]},
        {"barriers": [{"text": "a", "plan": "theirs"}, {"text": "a", "plan": "b"}]},
        {
            "barriers": [{"text": "a", "plan": "theirs"}, {"text": "a", "plan": "ours"}],
            "hopes": ["ours"],
        },
        [],
    ),
    "preferences of both, by their words and by who said them": (
        {"preferences": [wanted("a"), wanted("b")], **WITH_AUNT},
        {"preferences": [wanted("b"), wanted("ours"), wanted("same")], **WITH_AUNT},
        {
            "preferences": [wanted("a"), wanted("b", said_by=AUNT), wanted("c"), wanted("same")],
            **WITH_AUNT,
        },
        {
            "preferences": [wanted("ours"), wanted("b", said_by=AUNT), wanted("c"), wanted("same")],
            **WITH_AUNT,
        },
        [],
    ),
    "a preference is one thing": (
        {"preferences": [wanted("a"), wanted("b c")]},
        {"preferences": [wanted("a", "care-experience"), wanted("b  c")]},
        {"preferences": [wanted("b c")]},
        {"preferences": [wanted("a", "care-experience"), wanted("b  c")]},
        ["preferences[0] both-changed"],
    ),
    "a preference of somebody who is gone": (
        {**WITH_AUNT},
        {"hopes": ["ours"]},
        {"preferences": [wanted("a", said_by=AUNT)], **WITH_AUNT},
        {"hopes": ["ours"]},
        ["preferences[0] leans-on-removed", "adolescent.guardians[0] leans-on-removed"],
    ),
    "a measure is one thing": (
        {"goals": [goal(measure={"code": "a", "target": "7"})]},
        {"goals": [goal(measure={"code": "a", "target": "8"})]},
        {"goals": [goal(measure={"code": "a", "target": "7", "unit": "h"}, priority="low")]},
        {
            "goals": [goal(measure={"code": "a", "target": "8"}, priority="low")],
            "version": 2,
            "written": "2026-03-20",
        },
        ["goals[0].measure both-changed"],
    ),
    "a next review that the merged plan leaves behind": (
        {"next_review": "2026-03-09"},
        {"next_review": "2026-03-16", "goals": [goal()]},
        {"next_review": "2026-03-09", "goals": [goal("job")]},
        {"goals": [goal(), goal("job")], "version": 2, "written": "2026-03-20"},
        ["next_review gone-by"],
    ),
    "one that it does not": (
        {"next_review": "2026-03-09"},
        {"next_review": "2026-03-16"},
        {"next_review": "2026-03-09", "hopes": ["theirs"]},
        {"next_review": "2026-03-16", "hopes": ["theirs"]},
        [],
    ),
    "two next reviews": (
        {},
        {"next_review": "2026-03-16", "replaces": "ours"},
        {"next_review": "2026-03-23", "replaces": "theirs"},
        {"next_review": "2026-03-16", "replaces": "ours"},
        ["replaces both-changed", "next_review both-changed"],
    ),
    "reviews, by time": (
        {"written": "2026-03-18", "reviews": [review("10")]},
        {"written": "2026-03-18", "reviews": [review("10", works=["ours"]), review("16")]},
        {
            "written": "2026-03-18",
            "reviews": [review("04"), review("10", works=["theirs"]), review("12")],
        },
        {
            "written": "2026-03-18",
            "reviews": [
                review("04"),
                review("10", works=["ours", "theirs"]),
                review("12"),
                review("16"),
            ],
        },
        [],
    ),
    "one review, written down on both sides": (
        {"written": "2026-03-18"},
        {
            "written": "2026-03-18",
            "reviews": [review("10", works=["a"], satisfaction={"plan": 6, "treatment": 5})],
        },
        {
            "written": "2026-03-18",
            "reviews": [
                review("10", works=["b"], satisfaction={"plan": 7}, doubts={"medication": "some"})
            ],
        },
        {
            "written": "2026-03-18",
            "reviews": [
                review(
                    "10",
                    works=["a", "b"],
                    satisfaction={"plan": 6, "treatment": 5},
                    doubts={"medication": "some"},
                )
            ],
        },
        ["reviews[0].satisfaction.plan both-changed"],
    ),
}

BY_KEY: dict[str, Case] = {
    "goals and tasks of both": (
        {"goals": [goal(), goal("job")], "tasks": [task(goals=["job"])]},
        {"goals": [goal(), goal("job"), goal("ours")], "tasks": [task(goals=["job", "ours"])]},
        {"goals": [goal(), goal("theirs")], "tasks": [task(), task("rest", goals=["theirs"])]},
        {
            "goals": [goal(), goal("ours"), goal("theirs")],
            "tasks": [task(goals=["ours"]), task("rest", goals=["theirs"])],
            "version": 2,
            "written": "2026-03-20",
        },
        [],
    ),
    "one goal of one wording, added by both": (
        {},
        {"goals": [goal("sleep", "patient agree 2026-03-05", priority="high")], "version": 2},
        {"goals": [goal("sleep", "kurtz agree 2026-03-06", proposed_by="kurtz")], "version": 2},
        {
            "goals": [
                goal(
                    "sleep",
                    "patient agree 2026-03-05",
                    "kurtz agree 2026-03-06",
                    priority="high",
                    proposed_by="kurtz",
                )
            ],
            "version": 2,
        },
        [],
    ),
    "other things by one name, added by both": (
        {},
        {"goals": [goal(text="Sleep long")], "tasks": [task(text="Walk far")]},
        {"goals": [goal(text="Sleep well", priority="low")], "tasks": [task(when="daily")]},
        {
            "goals": [goal(text="Sleep long")],
            "tasks": [task(text="Walk far")],
            "version": 2,
            "written": "2026-03-20",
        },
        ["goals[0] both-changed", "tasks[0] both-changed"],
    ),
    "a goal that one side uses and the other removed": (
        {"goals": [goal(), goal("job")]},
        {"goals": [goal("job")]},
        {"goals": [goal(), goal("job")], "tasks": [task(goals=["job", "sleep"])]},
        {
            "goals": [goal("job")],
            "tasks": [task(goals=["job"])],
            "version": 2,
            "written": "2026-03-20",
        },
        ["goals[0] leans-on-removed", "tasks[0].goals[1] leans-on-removed"],
    ),
    "the same the other way round": (
        {"goals": [goal(), goal("job")]},
        {"goals": [goal(), goal("job")], "tasks": [task(goals=["job", "sleep"])]},
        {"goals": [goal("job")]},
        {
            "goals": [goal(), goal("job")],
            "tasks": [task(goals=["job", "sleep"])],
            "version": 2,
            "written": "2026-03-20",
        },
        ["goals[0] leans-on-removed", "tasks[0].goals[1] leans-on-removed"],
    ),
    "a medicine that is gone, and how it was taken": (
        {"written": "2026-03-18", "tasks": [medicine()]},
        {"written": "2026-03-18"},
        {
            "written": "2026-03-18",
            "tasks": [medicine()],
            "reviews": [review("10", works=["a"], **taken())],
        },
        {"version": 2, "written": "2026-03-20", "reviews": [review("10", works=["a"])]},
        ["tasks[0] leans-on-removed", "reviews[0].adherence[0] leans-on-removed"],
    ),
    "a goal that is gone, and how far it has come": (
        {"written": "2026-03-18", "goals": [goal(), goal("job")]},
        {"written": "2026-03-18", "goals": [goal("job")]},
        {
            "written": "2026-03-18",
            "goals": [goal(), goal("job")],
            "reviews": [review("10", works=["a"], **come())],
        },
        {
            "version": 2,
            "written": "2026-03-20",
            "goals": [goal("job")],
            "reviews": [review("10", works=["a"])],
        },
        ["goals[0] leans-on-removed", "reviews[0].goals[0] leans-on-removed"],
    ),
    "how far a goal has come is one thing": (
        {"written": "2026-03-18", "goals": [goal()], "reviews": [review("10")]},
        {"written": "2026-03-18", "goals": [goal()], "reviews": [review("10", **come())]},
        {
            "written": "2026-03-18",
            "goals": [goal()],
            "reviews": [
                review("10", goals={"sleep": {"achievement": "improving", "words": "theirs"}})
            ],
        },
        {"written": "2026-03-18", "goals": [goal()], "reviews": [review("10", **come())]},
        ["reviews[0].goals[0] both-changed"],
    ),
    "how far it has come, of words that have changed": (
        {"written": "2026-03-09", "goals": [goal(), goal("job")]},
        {
            "version": 2,
            "written": "2026-03-18",
            "goals": [goal(), goal("job")],
            "reviews": [review("16", goals={**come()["goals"], **come("job")["goals"]})],
        },
        {"written": "2026-03-09", "goals": [goal(text="Sleep long"), goal("job")]},
        {
            "version": 3,
            "written": "2026-03-20",
            "goals": [goal(text="Sleep long"), goal("job")],
            "reviews": [review("16", **come("job"))],
        },
        ["reviews[0].goals[0] other-words"],
    ),
    "the same, where the side that looked back has changed them": (
        {"written": "2026-03-09", "goals": [goal()]},
        {
            "version": 2,
            "written": "2026-03-18",
            "goals": [goal(text="Sleep long")],
            "reviews": [review("16", **come())],
        },
        {"written": "2026-03-09", "goals": [goal()], "hopes": ["theirs"]},
        {
            "version": 2,
            "written": "2026-03-18",
            "goals": [goal(text="Sleep long")],
            "reviews": [review("16", **come())],
            "hopes": ["theirs"],
        },
        [],
    ),
    "two tell otherwise how it was taken": (
        {"written": "2026-03-18", "tasks": [medicine()], "reviews": [review("10")]},
        {"written": "2026-03-18", "tasks": [medicine()], "reviews": [review("10", **taken())]},
        {
            "written": "2026-03-18",
            "tasks": [medicine()],
            "clinicians": ["kurtz", "roe"],
            "reviews": [review("10", **taken(said_by="kurtz"))],
        },
        {
            "written": "2026-03-18",
            "tasks": [medicine()],
            "clinicians": ["kurtz", "roe"],
            "reviews": [review("10", **taken())],
        },
        ["reviews[0].adherence[0] both-changed"],
    ),
    "how two medicines were taken": (
        {
            "written": "2026-03-18",
            "tasks": [medicine("a"), medicine("b")],
            "reviews": [review("10")],
        },
        {
            "written": "2026-03-18",
            "tasks": [medicine("a"), medicine("b")],
            "reviews": [review("10", **taken("b"))],
        },
        {
            "written": "2026-03-18",
            "tasks": [medicine("a"), medicine("b")],
            "reviews": [review("10", **taken("a"))],
        },
        {
            "written": "2026-03-18",
            "tasks": [medicine("a"), medicine("b")],
            "reviews": [
                review("10", adherence={**taken("a")["adherence"], **taken("b")["adherence"]})
            ],
        },
        [],
    ),
}

PEOPLE: dict[str, Case] = {
    "a clinician who left, and speaks": (
        {"clinicians": ["kurtz", "roe"], "goals": [goal()]},
        {"clinicians": ["kurtz"], "goals": [goal()]},
        {
            "clinicians": ["kurtz", "roe"],
            "goals": [goal("sleep", "roe agree 2026-03-05", "patient agree 2026-03-05")],
            "tasks": [task(who="roe", proposed_by="roe")],
        },
        {
            "clinicians": ["kurtz"],
            "goals": [goal("sleep", "patient agree 2026-03-05")],
            "tasks": [task()],
            "version": 2,
            "written": "2026-03-20",
        },
        [
            "clinicians[1] leans-on-removed",
            "goals[0].agreement[0] leans-on-removed",
            "tasks[0].proposed_by leans-on-removed",
            "tasks[0].who leans-on-removed",
        ],
    ),
    "two clinicians, each sent away by one side": (
        {"clinicians": ["kurtz", "roe"]},
        {"clinicians": ["kurtz"]},
        {"clinicians": ["roe"], "hopes": ["theirs"]},
        {"clinicians": ["kurtz"], "hopes": ["theirs"]},
        ["clinicians both-changed"],
    ),
    "a clinician here, and a guardian there": (
        {},
        {"clinicians": ["kurtz", "roe"]},
        {"adolescent": young("roe", options_offered=["theirs"])},
        {"clinicians": ["kurtz", "roe"], "adolescent": young(options_offered=["theirs"])},
        ["clinicians[1] leans-on-removed", "adolescent.guardians[0] leans-on-removed"],
    ),
    "a guardian here, and a clinician there": (
        {},
        {"adolescent": young("roe", options_offered=["ours"])},
        {"clinicians": ["kurtz", "roe"]},
        {"adolescent": young("roe", options_offered=["ours"])},
        ["clinicians[1] leans-on-removed", "adolescent.guardians[0] leans-on-removed"],
    ),
    "a guardian who speaks here, and is gone there with the rest": (
        {
            "adolescent": young("roe", options_offered=["a"], pressured_to_attend=True),
            "goals": [goal()],
        },
        {
            "adolescent": young("roe", options_offered=["a"], pressured_to_attend=True),
            "goals": [goal(proposed_by="urn:example:staff|roe")],
        },
        {"goals": [goal()]},
        {
            "adolescent": young("roe"),
            "goals": [goal(proposed_by="urn:example:staff|roe")],
        },
        ["goals[0].proposed_by leans-on-removed", "adolescent.guardians[0] leans-on-removed"],
    ),
    "a clinician who became a guardian, where the other side has told that there is none": (
        {"clinicians": ["kurtz", "roe"], "adolescent": young(), "goals": [goal(proposed_by="roe")]},
        {"clinicians": ["kurtz", "roe"], "goals": [goal(proposed_by="roe")]},
        {"adolescent": young("roe"), "goals": [goal(proposed_by="roe")]},
        {"clinicians": ["kurtz", "roe"], "goals": [goal(proposed_by="roe")]},
        [
            "clinicians[1] leans-on-removed",
            "adolescent both-changed",
            "adolescent.guardians[0] leans-on-removed",
        ],
    ),
}

SPEAKING: dict[str, Case] = {
    "two words of one party on one day": (
        {"goals": [goal()]},
        {"goals": [goal("sleep", "patient agree 2026-03-05", "kurtz agree 2026-03-05")]},
        {"goals": [goal("sleep", "patient disagree 2026-03-05", "kurtz agree 2026-03-06")]},
        {
            "goals": [
                goal(
                    "sleep",
                    "patient agree 2026-03-05",
                    "kurtz agree 2026-03-05",
                    "kurtz agree 2026-03-06",
                )
            ]
        },
        ["goals[0].agreement[0] both-changed"],
    ),
    "a word that one side has put right": (
        {"goals": [goal("sleep", "patient agree 2026-03-02", "kurtz agree 2026-03-02")]},
        {"goals": [goal("sleep", "kurtz agree 2026-03-02")]},
        {
            "goals": [
                goal(
                    "sleep",
                    "patient agree 2026-03-02",
                    "kurtz agree 2026-03-02",
                    "kurtz withdrawn 2026-03-02",
                )
            ]
        },
        {"goals": [goal("sleep", "kurtz agree 2026-03-02", "kurtz withdrawn 2026-03-02")]},
        [],
    ),
    "each side has changed something of the words": (
        {"goals": [goal()]},
        {"goals": [goal("sleep", "patient agree 2026-03-05", text="Sleep long")]},
        {"goals": [goal("sleep", "kurtz agree 2026-03-06", measure={"code": "a"})]},
        {
            "goals": [
                goal(
                    "sleep",
                    "patient agree 2026-03-05",
                    "kurtz agree 2026-03-06",
                    text="Sleep long",
                    measure={"code": "a"},
                )
            ],
            "version": 2,
            "written": "2026-03-20",
        },
        [],
    ),
    "the same, and something was said on the day of the merge": (
        {"goals": [goal()]},
        {"goals": [goal("sleep", "patient agree 2026-03-20", text="Sleep long")]},
        {"goals": [goal("sleep", "kurtz agree 2026-03-06", measure={"code": "a"})]},
        {
            "goals": [
                goal("sleep", "kurtz agree 2026-03-06", text="Sleep long", measure={"code": "a"})
            ],
            "version": 2,
            "written": "2026-03-20",
        },
        ["goals[0].agreement[0] other-words"],
    ),
    "signed there when the words were others here already": (
        {"goals": [goal()]},
        {"goals": [goal(text="Sleep long")], "version": 2, "written": "2026-03-05"},
        {"goals": [goal("sleep", "patient agree 2026-03-06", "kurtz agree 2026-03-04")]},
        {
            "goals": [goal("sleep", "kurtz agree 2026-03-04", text="Sleep long")],
            "version": 2,
            "written": "2026-03-05",
        },
        ["goals[0].agreement[0] other-words"],
    ),
    "carried along by one side to words of its own, which it may answer for": (
        {"goals": [goal("sleep", "patient agree 2026-03-03")]},
        {
            "goals": [goal("sleep", "patient agree 2026-03-03", text="Sleep long")],
            "written": "2026-03-05",
        },
        {"goals": [goal("sleep", "patient agree 2026-03-03")], "hopes": ["theirs"]},
        {
            "goals": [goal("sleep", "patient agree 2026-03-03", text="Sleep long")],
            "hopes": ["theirs"],
            "version": 2,
            "written": "2026-03-20",
        },
        [],
    ),
    "the same other words in the same document, with the same agreement": (
        {"goals": [goal()]},
        {"goals": [goal("sleep", "patient agree 2026-03-02", text="Long")], "hopes": ["ours"]},
        {"goals": [goal("sleep", "patient agree 2026-03-02", text="Long")], "concerns": ["c"]},
        {
            "goals": [goal("sleep", "patient agree 2026-03-02", text="Long")],
            "hopes": ["ours"],
            "concerns": ["c"],
        },
        [],
    ),
    "the same new words on both sides": (
        {"goals": [goal()]},
        {
            "goals": [goal("sleep", "patient agree 2026-03-05", text="Sleep long")],
            "version": 2,
            "written": "2026-03-05",
        },
        {
            "goals": [goal("sleep", "patient agree 2026-03-05", text="Sleep long")],
            "hopes": ["theirs"],
            "version": 2,
            "written": "2026-03-10",
        },
        {
            "goals": [goal("sleep", "patient agree 2026-03-05", text="Sleep long")],
            "hopes": ["theirs"],
            "version": 3,
            "written": "2026-03-20",
        },
        [],
    ),
}

CASES = TAKEN | BY_KEY | PEOPLE | SPEAKING


@pytest.mark.parametrize("name", CASES)
def test_what_comes_of_two_sides(name: str) -> None:
    *documents, told, conflicts = CASES[name]
    base, ours, theirs = (doc(**one) for one in documents)
    merged = merge(base, ours, theirs, NOW)
    assert merged.plan == doc(**told)
    assert [one.told for one in merged.conflicts] == conflicts


def test_words_that_nobody_has_seen_are_pending_for_everybody() -> None:
    base, ours, theirs = (
        doc(**one) for one in SPEAKING["each side has changed something of the words"][:3]
    )
    merged = merge(base, ours, theirs, NOW).plan
    for known in ([base, ours], [base, theirs], [base], [ours], []):
        told = standing([*known, merged])["goal:sleep"]
        assert [one.standing for one in told] == ["pending", "pending"]
        # what they said to other words stays to be seen
        assert [one.earlier and one.earlier.on for one in told] == ["2026-03-05", "2026-03-06"]


def test_who_signed_other_words_is_pending() -> None:
    name = "signed there when the words were others here already"
    base, ours, theirs = (doc(**one) for one in SPEAKING[name][:3])
    merged = merge(base, ours, theirs, NOW).plan
    for side in (ours, theirs):
        told = standing([base, side, merged])["goal:sleep"]
        assert [one.standing for one in told] == ["pending", "pending"]


def test_more_than_a_list_may_hold_is_a_conflict_of_the_list() -> None:
    many = {side: [f"{side} {number}" for number in range(101)] for side in ("ours", "theirs")}
    base, ours, theirs = (doc(hopes=many.get(side, [])) for side in ("base", "ours", "theirs"))
    merged = merge(base, ours, theirs, NOW)
    assert merged.plan == ours
    [conflict] = merged.conflicts
    assert conflict == (("hopes",), (), ours.hopes, theirs.hopes, "both-changed", "hopes")


# --- numbers and times ----------------------------------------------------------------------------

NUMBERS: dict[str, tuple[Json, Json, tuple[int, str]]] = {
    # ours, theirs, number and day of what comes of them
    "no other words": ({"version": 2, "written": "2026-03-05"}, {}, (2, "2026-03-05")),
    "no other words than there": ({}, {"version": 3, "written": "2026-03-05"}, (3, "2026-03-05")),
    "words of the older": ({"goals": [goal()]}, {"version": 2}, (3, "2026-03-20")),
    "words of the newer": ({"goals": [goal()], "version": 2}, {}, (2, "2026-03-02")),
    "one number, two times": ({"written": "2026-03-05"}, {}, (2, "2026-03-20")),
    "a later time beside a lower number": (
        {"version": 2},
        {"written": "2026-03-05"},
        (3, "2026-03-20"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NUMBERS)
def test_the_number_is_the_highest_or_one_more(name: str) -> None:
    mine, others, told = NUMBERS[name]
    plan = merge(doc(), doc(**mine, hopes=["ours"]), doc(**others, concerns=["c"]), NOW).plan
    assert (plan.version, plan.written.day) == told


def refused(ours: Json, theirs: Json) -> str:
    """What is said instead of a plan."""
    with pytest.raises(ValueError, match=r"^[a-z ]+$") as caught:
        merge(doc(), doc(hopes=["a"], **ours), doc(hopes=["b"], **theirs), NOW)
    return str(caught.value)


def test_what_cannot_be_merged_raises() -> None:
    early = "the merged plan cannot be written before what is merged"
    assert refused({}, {"written": "2026-03-21"}) == early
    assert refused({"written": "2026-03-21"}, {}) == early
    last = {"version": 100_000}
    assert refused(last, {**last, "written": "2026-03-05"}) == (
        "no number is left for a version that follows"
    )


def test_where_nothing_is_to_be_merged_no_time_is_looked_at() -> None:
    base, late = doc(), doc(written="2026-04-01", version=100_000)
    assert merge(base, late, base, NOW) == Merged(late, ())


# --- differences ----------------------------------------------------------------------------------


def test_differences_are_told_by_name_and_without_a_word() -> None:
    before = doc(
        clinicians=["kurtz", "roe"],
        hopes=["a"],
        barriers=[{"text": "a"}, {"text": "a", "plan": "b"}],
        goals=[goal("sleep", "patient agree 2026-03-02"), goal("job"), goal("rest")],
        tasks=[medicine(), task("rest", goals=["job"])],
        reviews=[review("01", works=["a"]), review("01", **taken())],
    )
    after = doc(
        version=2,
        clinicians=["kurtz", "roe"],
        hopes=["a", "b"],
        barriers=[{"text": "a"}, {"text": "a"}],
        goals=[goal("rest"), goal("sleep", "patient disagree 2026-03-02", priority="low")],
        tasks=[medicine(), task("rest", who="roe")],
        contact={"urgent": "a"},
        reviews=[review("01"), review("01", **taken(said_by="kurtz"))],
    )
    found = differences(before, after)
    assert [(".".join(map(str, one.place)), one.told) for one in found] == [
        ("version", "changed version"),
        ("hopes", "changed hopes"),
        ("barriers.a.2.plan", "removed barriers[1].plan"),
        ("goals.sleep.priority", "added goals[1].priority"),
        ("goals.sleep.agreement.patient", "removed goals[1].agreement[0]"),
        ("goals.sleep.agreement.patient", "added goals[1].agreement[0]"),
        ("goals.job", "removed goals[1]"),
        ("goals", "changed goals"),
        ("tasks.rest.who", "added tasks[1].who"),
        ("tasks.rest.goals.job", "removed tasks[1].goals[0]"),
        ("contact", "added contact"),
        ("reviews.2026-03-01.works", "removed reviews[0].works"),
        ("reviews.2026-03-01.2.adherence.walk", "changed reviews[1].adherence[0]"),
    ]
    assert in_one_line(found[:3]) == "changed version, changed hopes, removed barriers[1].plan"
    values = {one.told: (one.before, one.after) for one in found}
    assert values["changed hopes"] == (("a",), ("a", "b"))
    assert values["removed barriers[1].plan"] == ("b", None)
    assert values["removed goals[1]"] == (before.goals[1], None)
    assert values["added goals[1].agreement[0]"] == (None, after.goals[1].agreement[0])
    assert values["added contact"] == (None, after.contact)
