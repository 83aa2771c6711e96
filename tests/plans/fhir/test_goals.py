"""Goals, held against what the documents say and what FHIR has for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from .making import IDS, IG, JONES, KURTZ, MR_JONES, R5, bodies, example, key, mapped, plan
from .making import words as digest_of

if TYPE_CHECKING:
    from .making import Json

SD = "http://hl7.org/fhir/StructureDefinition"
THO = "http://terminology.hl7.org/CodeSystem"
ACHIEVEMENT = f"{THO}/goal-achievement"
SLEEP = "Sleep at least 7 hours on 5 nights a week"


def acceptance(who: Json, status: str, **told: Json) -> Json:
    """goal-acceptance of a party, with our parts; `_` in a name stands for `-`."""
    parts = [
        {"url": "individual", "valueReference": who},
        {"url": "status", "valueCode": status},
    ]
    ours = [{"url": name.replace("_", "-"), **value} for name, value in told.items()]
    if ours:
        parts.append({"url": f"{IG}/StructureDefinition/agreement-to", "extension": ours})
    return {"url": f"{SD}/goal-acceptance", "extension": parts}


def on(day: str) -> Json:
    return {"valueDate": day}


def to(*words: str) -> Json:
    return {"valueString": digest_of(*words)}


def sleep() -> Json:
    """Mr. Jones's first goal, in R4."""
    agreed = {
        "on": on("2026-03-02"),
        "digest": to(SLEEP, "hours-slept", ">= 7", "h", "2026-04-30"),
    }
    return {
        "resourceType": "Goal",
        "extension": [acceptance(who, "agree", **agreed) for who in (MR_JONES, KURTZ)],
        "identifier": [{"system": IDS, "value": f"{key('jones-2026')}-goal-sleep"}],
        "lifecycleStatus": "active",
        "achievementStatus": {
            "coding": [{"system": f"{THO}/goal-achievement", "code": "in-progress"}]
        },
        "priority": {"coding": [{"system": f"{THO}/goal-priority", "code": "high-priority"}]},
        "description": {"text": SLEEP},
        "subject": MR_JONES,
        "startDate": "2026-03-02",
        "target": [
            {
                "measure": {"text": "hours-slept"},
                "detailQuantity": {
                    "comparator": ">=",
                    "value": 7,
                    "unit": "h",
                    "system": "http://unitsofmeasure.org",
                    "code": "h",
                },
                "dueDate": "2026-04-30",
            }
        ],
        "statusDate": "2026-03-02",
        "expressedBy": MR_JONES,
    }


@pytest.mark.parametrize("names", [JONES[:1], JONES[:2], JONES, tuple(reversed(JONES))])
def test_a_goal_stays_the_same_through_all_versions_but_for_how_far_it_has_come(
    names: tuple[str, ...],
) -> None:
    expected = sleep()
    if len(names) > 1:  # both reviews say so, and it has been so since the first
        expected["achievementStatus"] = {"coding": [{"system": ACHIEVEMENT, "code": "improving"}]}
        expected["statusDate"] = "2026-03-09"
    assert bodies(example(*names))["goal-sleep"] == expected


def test_in_r5_who_wanted_it_is_its_source() -> None:
    expected = sleep()
    expected["source"] = expected.pop("expressedBy")
    assert bodies(example("jones-1"), R5)["goal-sleep"] == expected


def test_a_goal_to_which_a_guardian_says_no_is_proposed_and_shows_it() -> None:
    goal = bodies(example("adolescent-1"))["goal-painting"]
    mother = {
        "identifier": {"system": "urn:example:caregiver", "value": "1032-a"},
        "type": "RelatedPerson",
    }
    girl = {"identifier": {"system": "urn:example:mrn", "value": "1032"}, "type": "Patient"}
    said = {"on": on("2026-02-27"), "digest": to("Paint on two afternoons a week")}
    assert goal["extension"] == [
        acceptance(girl, "agree", **said),
        acceptance(KURTZ, "agree", **said),
        acceptance(mother, "disagree", **said),
    ]
    assert goal["lifecycleStatus"] == "proposed"
    assert goal["statusDate"] == "2026-02-27"
    assert "achievementStatus" not in goal
    assert "target" not in goal


def test_nobody_speaks_for_an_adolescent() -> None:
    goal = bodies(example("adolescent-1"))["goal-mornings"]
    assert goal["lifecycleStatus"] == "proposed"
    assert goal["extension"][0]["extension"][1:] == [{"url": "status", "valueCode": "pending"}]
    assert "statusDate" not in goal  # nobody has decided anything


def voice(status: str, day: str, party: str = "patient") -> Json:
    return {"party": party, "status": status, "on": day}


def told(version: int, text: str, *voices: Json, **more: Any) -> Any:
    """A version of a plan with one goal."""
    goal = {"goal": "g", "text": text, "agreement": list(voices)}
    day = f"2026-03-{version:02}"
    return plan(**{"version": version, "written": day, "goals": [goal], **more})


@pytest.mark.parametrize(
    ("word", "status"), [("agree", "agree"), ("disagree", "disagree"), ("withdrawn", "pending")]
)
def test_words_that_changed_make_it_pending_and_the_earlier_word_stays(
    word: str, status: str
) -> None:
    first = told(1, "Sleep", voice(word, "2026-03-01"))
    goal = bodies([first])["goal-g"]
    taken_back = {"withdrawn": {"valueBoolean": True}} if word == "withdrawn" else {}
    assert goal["extension"][0] == acceptance(
        MR_JONES, status, on=on("2026-03-01"), digest=to("Sleep"), **taken_back
    )
    goal = bodies([first, told(2, "Sleep well")])["goal-g"]
    assert goal["extension"] == [
        acceptance(MR_JONES, "pending", earlier={"valueCode": word}, earlier_on=on("2026-03-01")),
        acceptance(KURTZ, "pending"),
    ]
    assert goal["lifecycleStatus"] == "proposed"
    assert goal["startDate"] == "2026-03-01"


def test_what_stands_beside_the_old_words_alone_is_not_said_to_those_of_the_same_day() -> None:
    old = told(1, "Sleep", voice("agree", "2026-03-02"), voice("agree", "2026-03-02", "kurtz"))
    goal = bodies([old, told(2, "Sleep well")])["goal-g"]
    assert goal["extension"][0] == acceptance(
        MR_JONES, "pending", earlier={"valueCode": "agree"}, earlier_on=on("2026-03-02")
    )
    assert goal["lifecycleStatus"] == "proposed"
    both = told(
        2, "Sleep well", voice("agree", "2026-03-02"), voice("agree", "2026-03-02", "kurtz")
    )
    assert bodies([old, both])["goal-g"]["lifecycleStatus"] == "active"
    same = told(2, "Sleep")
    assert bodies([old, same])["goal-g"]["lifecycleStatus"] == "active"


def test_of_a_later_version_alone_nobody_can_tell_what_was_agreed_to_before() -> None:
    said = [voice("agree", "2026-03-01"), voice("agree", "2026-03-01", "kurtz")]
    first, second = told(1, "Sleep", *said), told(2, "Sleep", *said)
    assert bodies([second])["goal-g"]["lifecycleStatus"] == "proposed"
    assert bodies([first, second])["goal-g"]["lifecycleStatus"] == "active"
    copied = told(2, "Sleep well", *said)
    assert (
        bodies([first, copied])["goal-g"]["extension"] == (bodies([copied])["goal-g"]["extension"])
    )


BOTH = {
    "agreed": ("agree", "agree"),
    "pending": ("agree", ""),
    "withdrawn": ("agree", "withdrawn"),
    "disagreed": ("disagree", "agree"),
}
STATUSES = {
    # by outcome: draft, active, on-hold, completed, revoked
    "agreed": ["proposed", "active", "on-hold", "completed", "cancelled"],
    "pending": ["proposed", "proposed", "proposed", "cancelled", "cancelled"],
    "withdrawn": ["proposed", "proposed", "proposed", "cancelled", "cancelled"],
    "disagreed": ["proposed", "proposed", "proposed", "rejected", "cancelled"],
}
DECIDED = {
    "agreed": "2026-03-02",
    "pending": None,
    "withdrawn": "2026-03-02",
    "disagreed": "2026-03-01",
}


@pytest.mark.parametrize("outcome", STATUSES)
def test_the_status_of_a_goal_follows_the_plan_and_who_agreed(outcome: str) -> None:
    patient, clinician = BOTH[outcome]
    said = [voice(patient, "2026-03-01")]
    if clinician:
        said.append(voice(clinician, "2026-03-02", "kurtz"))
    statuses = ["draft", "active", "on-hold", "completed", "revoked"]
    goals = {s: bodies([told(1, "Sleep", *said, status=s)])["goal-g"] for s in statuses}
    assert [goals[s]["lifecycleStatus"] for s in statuses] == STATUSES[outcome]
    assert ["achievementStatus" in goals[s] for s in statuses] == [
        status == "active" for status in STATUSES[outcome]
    ]
    days = [None, DECIDED[outcome], None, None, None]  # else it was the plan that decided
    assert [goals[s].get("statusDate") for s in statuses] == days


def test_agreed_to_as_a_draft_it_is_the_plan_that_made_it_active_later() -> None:
    said = [voice("agree", "2026-03-01"), voice("agree", "2026-03-01", "kurtz")]
    draft = told(1, "Sleep", *said, status="draft")
    goal = bodies([draft, told(2, "Sleep", *said)])["goal-g"]
    assert goal["lifecycleStatus"] == "active"
    assert "statusDate" not in goal
    later = told(2, "Sleep", *said, voice("agree", "2026-03-03", "kurtz"))
    assert bodies([draft, later])["goal-g"]["statusDate"] == "2026-03-03"


def test_the_digest_is_that_of_the_canonical_form_where_a_text_looks_like_a_time() -> None:
    when = "2026-03-02T10:00:00+02:00"
    assert bodies([told(1, when, written=when)])["goal-g"]["description"] == {"text": when}


H = {"unit": "h", "system": "http://unitsofmeasure.org", "code": "h"}
TARGETS: dict[str, tuple[Json, Json]] = {
    "a number": ({"target": "7"}, {"detailQuantity": {"value": 7}}),
    "a decimal": ({"target": "< 2.50"}, {"detailQuantity": {"comparator": "<", "value": 2.5}}),
    "no blank": ({"target": "<=0"}, {"detailQuantity": {"comparator": "<=", "value": 0}}),
    "below zero": ({"target": "> -1"}, {"detailQuantity": {"comparator": ">", "value": -1}}),
    "with a unit": (
        {"target": ">= 7", "unit": "h"},
        {"detailQuantity": {"comparator": ">=", "value": 7, **H}},
    ),
    "a count": (
        {"target": "3", "unit": "{visits}/wk"},
        {
            "detailQuantity": {
                "value": 3,
                "unit": "visits/wk",
                "system": "http://unitsofmeasure.org",
                "code": "{visits}/wk",
            }
        },
    ),
    "a unit in words": (
        {"target": "3", "unit": "cups of tea"},
        {"detailQuantity": {"value": 3, "unit": "cups of tea"}},
    ),
    "one word": (
        {"target": "7", "unit": "hours"},
        {"detailQuantity": {"value": 7, "unit": "hours"}},
    ),
    "the henry": ({"target": "7", "unit": "H"}, {"detailQuantity": {"value": 7, "unit": "H"}}),
    "metres or minutes": (
        {"target": "7", "unit": "m"},
        {"detailQuantity": {"value": 7, "unit": "m"}},
    ),
    "words": ({"target": "most nights"}, {"detailString": "most nights"}),
    "words with a unit": ({"target": "7 or 8", "unit": "h"}, {"detailString": "7 or 8 h"}),
    "other digits": ({"target": "\u0667"}, {"detailString": "\u0667"}),
    "too many digits": ({"target": "1" * 19}, {"detailString": "1" * 19}),
    "equal": ({"target": "= 7"}, {"detailString": "= 7"}),
    "a unit alone": ({"unit": "h"}, {"detailQuantity": H}),
    "nothing": ({}, {}),
    "a day": ({"due": "2026-04-30"}, {"dueDate": "2026-04-30"}),
}


UCUM = ["s", "min", "h", "d", "wk", "mo", "a", "mg", "g", "kg", "mL", "L", "cm", "km", "kcal",
        "mm[Hg]", "kg/m2", "%", "1", "{nights}", "/wk", "h/d", "{a-b}/mo"]  # fmt: skip
NO_UCUM = ["hr", "days", "D", "/", "/week", "h/", "{a b}", "{}", "{a}{b}", "{{a}", "h/d/d",
           "times/wk", "{\u00e4}", "kG", "minutes"]  # fmt: skip


@pytest.mark.parametrize("unit", [*UCUM, *NO_UCUM])
def test_only_a_code_of_ucum_says_that_it_is_one(unit: str) -> None:
    goal = {"goal": "g", "text": "Sleep", "measure": {"code": "log", "target": "7", "unit": unit}}
    (target,) = bodies([plan(goals=[goal])])["goal-g"]["target"]
    quantity = target["detailQuantity"]
    assert quantity.get("code") == (unit if unit in UCUM else None)
    assert quantity.get("system") == ("http://unitsofmeasure.org" if unit in UCUM else None)
    assert quantity["unit"] == (unit.replace("{", "").replace("}", "") if unit in UCUM else unit)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_is_a_quantity_where_it_is_a_number(name: str) -> None:
    measure, expected = TARGETS[name]
    goal = {"goal": "g", "text": "Sleep", "measure": {"code": "sleep log", **measure}}
    (target,) = bodies([plan(goals=[goal])])["goal-g"]["target"]
    assert target == {"measure": {"text": "sleep log"}, **expected}


def test_a_decimal_stays_as_it_was_written() -> None:
    goal = {"goal": "g", "text": "Sleep", "measure": {"code": "log", "target": ">= 2.50"}}
    made = mapped([plan(goals=[goal])])
    (text,) = [one.json() for one in made if one.type == "Goal"]
    assert b'"value":2.50' in text
    assert json.loads(text)["target"][0]["detailQuantity"]["comparator"] == ">="


def test_a_goal_without_anything_else() -> None:
    goal = bodies([plan(goals=[{"goal": "g", "text": "Sleep"}])])["goal-g"]
    assert goal == {
        "resourceType": "Goal",
        "extension": [acceptance(MR_JONES, "pending"), acceptance(KURTZ, "pending")],
        "identifier": [{"system": IDS, "value": f"{key('short')}-goal-g"}],
        "lifecycleStatus": "proposed",
        "description": {"text": "Sleep"},
        "subject": MR_JONES,
        "startDate": "2026-03-02",
    }
