"""Plans of ours that somebody else has changed at the server: what still says the same is carried,
an agreement never goes over to other words, and the rest is named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.config import Settings
from alliance_fhir.fhir.plan.reading import plans_in
from alliance_fhir.received import parsed
from alliance_fhir.sources.plans.document import as_values

from .back import resources
from .making import IDS, JONES, R4, R5, SITE, example, key, plan, preference

if TYPE_CHECKING:
    from collections.abc import Callable

    from .making import Json

SAID = [{"party": "patient", "status": "agree", "on": "2026-03-03"}]
MEASURE = {"code": "log", "target": ">= 7", "unit": "h"}


def small(**more: Any) -> list[Json]:
    """The resources of a plan with a goal and a task of each kind, with ids."""
    goal = {"goal": "a", "text": "Sleep", "agreement": SAID, "measure": MEASURE}
    kinds = ("medication", "visit", "self-care", "contact")
    tasks = [
        {"task": kind, "kind": kind, "text": "Words", "goals": ["a"], "agreement": SAID}
        for kind in kinds
    ]
    review = {
        "on": "2026-03-02",
        "works": ["Tea"],
        "satisfaction": {"plan": 7},
        "doubts": {"diagnosis": "some"},
        "adherence": {
            "medication": {"taken_as_agreed": 5, "of_days": 7, "said_by": "patient"},
        },
    }
    told = {"reason": "Tired", "goals": [goal], "tasks": tasks, "reviews": [review], **more}
    bodies = resources([plan(**told)], R4)
    for body in bodies:
        identifier = body["identifier"]
        own = identifier if isinstance(identifier, dict) else identifier[0]
        body["id"] = own["value"].removeprefix(f"{key('short')}-")
    return bodies


def changed(change: Callable[[dict[str, Json]], Any], **more: Any) -> tuple[Json, list[str]]:
    """What differs in the document when the resources, by their ids, are changed; and what is left
    then, and why."""
    bodies = small(**more)
    before = as_values(plans_in(bodies, SITE)[0].plan)  # type: ignore[arg-type]
    change({body["id"]: body for body in bodies})
    ((after, left),) = plans_in(bodies, SITE)
    assert after
    now = as_values(after)
    differs = {name: now.get(name) for name in before if now.get(name) != before[name]}
    return differs, [f"{one}: {one.why}" for one in left]


def goal(**more: Any) -> Json:
    told = {"goal": "a", "text": "Sleep", "measure": MEASURE}
    return {**told, "agreement": [{**SAID[0]}], **more}


def test_nothing_changed() -> None:
    assert changed(lambda those: None) == ({}, [])


def test_an_agreement_does_not_go_over_to_other_words() -> None:
    def other(those: dict[str, Json]) -> None:
        those["goal-a"]["description"]["text"] = "Sleep a lot"
        those["task-visit"]["code"]["text"] = "Other words"

    differs, left = changed(other)
    first = {"goal": "a", "text": "Sleep a lot", "measure": MEASURE}
    assert differs["goals"] == [first]
    assert [task.get("agreement") for task in differs["tasks"]] == [SAID, None, SAID, SAID]
    assert left == [
        "Goal/goal-a extension[0]: other-words",
        "ServiceRequest/task-visit extension[0]: other-words",
    ]


def test_another_number_is_other_words() -> None:
    def more(those: dict[str, Json]) -> None:
        those["goal-a"]["target"][0]["detailQuantity"]["value"] = 8

    differs, left = changed(more)
    measure = {**MEASURE, "target": ">= 8"}
    assert differs == {"goals": [{"goal": "a", "text": "Sleep", "measure": measure}]}
    assert left == ["Goal/goal-a extension[0]: other-words"]


def test_spaces_are_no_other_words() -> None:
    def spaced(those: dict[str, Json]) -> None:
        those["goal-a"]["description"]["text"] = " Sleep\n "

    assert changed(spaced) == ({}, [])


def test_an_agreement_of_ours_has_its_day() -> None:
    def dayless(those: dict[str, Json]) -> None:
        inner = those["goal-a"]["extension"][0]["extension"][2]
        inner["extension"] = [one for one in inner["extension"] if one["url"] != "on"]

    differs, left = changed(dayless)
    assert differs == {"goals": [{"goal": "a", "text": "Sleep", "measure": MEASURE}]}
    assert left == ["Goal/goal-a extension[0]: no-day"]


def test_what_was_said_without_a_day_and_without_our_extension_has_one_assumed() -> None:
    def plain(those: dict[str, Json]) -> None:
        for acceptance in those["goal-a"]["extension"][:2]:
            acceptance["extension"] = acceptance["extension"][:2]
        those["goal-a"]["statusDate"] = "2026-03-07"

    differs, left = changed(plain)
    assert differs == {"goals": [goal(agreement=[{**SAID[0], "on": "2026-03-07"}])]}
    assert left == ["Goal/goal-a extension[0]: day-assumed"]


def test_statuses_that_say_something_else() -> None:
    def other(those: dict[str, Json]) -> None:
        those["plan"] |= {"title": "His plan", "intent": "proposal", "note": [{"text": "x"}]}
        those["plan"]["category"].append({"text": "Other"})
        those["team"] |= {"status": "inactive", "name": "Us"}
        those["goal-a"] |= {"lifecycleStatus": "on-hold", "achievementStatus": {"text": "x"}}
        those["task-visit"]["status"] = "on-hold"

    assert changed(other) == (
        {},
        [
            "CarePlan/plan intent: no-place",
            "CarePlan/plan category[2]: no-place",
            "CarePlan/plan title: no-place",
            "CarePlan/plan note: no-place",
            "CareTeam/team status: no-place",
            "CareTeam/team name: no-place",
            "Goal/goal-a lifecycleStatus: no-place",
            "Goal/goal-a achievementStatus: no-place",
            "ServiceRequest/task-visit status: no-place",
        ],
    )


def test_what_is_gone_is_named() -> None:
    bodies = [body for body in small() if body["id"] not in ("goal-a", "task-contact", "first")]
    ((after, left),) = plans_in(bodies, SITE)
    assert after
    assert (after.goals, after.reason) == ((), None)
    assert [task.task for task in after.tasks] == ["medication", "visit", "self-care"]
    assert [f"{one}: {one.why}" for one in left] == [
        "CarePlan/plan goal[0]: not-found",
        "CarePlan/plan supportingInfo[0]: not-found",
        "CarePlan/plan activity[3].reference: not-found",
        "MedicationRequest/task-medication extension[2]: not-found",
        "ServiceRequest/task-visit extension[2]: not-found",
        "Task/task-self-care extension[2]: not-found",
    ]


def test_who_is_in_the_team() -> None:
    def more(those: dict[str, Json]) -> None:
        kurtz = those["plan"]["contributor"][1]
        aunt = {"identifier": {"system": "urn:example:kin", "value": "aunt"}}
        those["team"]["participant"] += [
            {"member": {**kurtz, "type": "RelatedPerson"}},
            {"member": {**aunt, "type": "RelatedPerson"}},
            {"member": {**aunt, "type": "Practitioner"}, "onBehalfOf": {"display": "x"}},
        ]

    assert changed(more, adolescent={"options_offered": ["Video"]}) == (
        {"adolescent": {"guardians": ["urn:example:kin|aunt"], "options_offered": ["Video"]}},
        ["CareTeam/team participant[4].onBehalfOf: no-place"],
    )


def test_what_others_added_comes_in_beside_ours() -> None:
    def added(those: dict[str, Json]) -> None:
        those["plan"]["supportingInfo"].append({"reference": "QuestionnaireResponse/first"})
        those["first"]["item"].append({"linkId": "phq", "answer": [{"valueInteger": 3}]})
        those["first"] |= {"author": {"reference": "Practitioner/k"}, "status": "amended"}
        those["first"]["source"] = {"reference": "RelatedPerson/r"}
        those["task-self-care"]["note"] = [{"text": "by phone"}]

    assert changed(added) == (
        {},
        [
            "Task/task-self-care note: no-place",
            "QuestionnaireResponse/first source: no-place",
            "QuestionnaireResponse/first item[1]: no-place",
            "QuestionnaireResponse/first author: no-place",
        ],
    )


def test_a_second_first_conversation_is_not_guessed_between() -> None:
    bodies = small()
    (first,) = [body for body in bodies if body["id"] == "first"]
    (careplan,) = [body for body in bodies if body["id"] == "plan"]
    careplan["supportingInfo"].append({"reference": "QuestionnaireResponse/again"})
    again = {**first, "id": "again", "identifier": {"system": "urn:x", "value": "again"}}
    ((after, left),) = plans_in([*bodies, again], SITE)
    assert after
    assert after.reason == "Tired"
    assert [str(one) for one in left if one.why == "found-twice"] == ["QuestionnaireResponse/again"]


REVIEW = "review-2026-03-02"
ACHIEVED = "http://terminology.hl7.org/CodeSystem/goal-achievement"
COME = {"on": "2026-03-02", "works": ["Tea"], "goals": {"a": {"achievement": "improving"}}}


@pytest.mark.parametrize(
    ("change", "adherence", "left"),
    [
        ({"adherence.taken_as_agreed": [{"valueInteger": 9}]}, {}, "item[3]: no-place"),
        ({"adherence.taken_as_agreed": []}, {}, "item[3]: no-place"),
        ({"adherence.of_days": [{"valueInteger": 1000}]}, {}, "item[3]: no-place"),
        ({"adherence.said_by": []}, {}, "item[3]: not-named"),
        (
            {"adherence.said_by": [{"valueReference": {"reference": "Practitioner/k"}}]},
            {},
            "item[3]: not-named",
        ),
        ({"adherence.medicine": []}, {}, "item[3]: not-in-plan"),
        (
            {"adherence.medicine": [{"valueReference": {"reference": "Task/task-self-care"}}]},
            {},
            "item[3]: not-in-plan",
        ),
    ],
)
def test_adherence_that_a_document_does_not_hold(change: Json, adherence: Json, left: str) -> None:
    def other(those: dict[str, Json]) -> None:
        for item in those[REVIEW]["item"][3]["item"]:
            item["answer"] = change.get(item["linkId"], item["answer"])

    differs, rest = changed(other)
    assert differs["reviews"][0].get("adherence", {}) == adherence
    assert rest == [f"QuestionnaireResponse/{REVIEW} {left}"]


def test_reviews_that_say_what_a_document_does_not_hold() -> None:
    def other(those: dict[str, Json]) -> None:
        items = those[REVIEW]["item"]
        items.append(items[3])
        items[1]["item"][0]["answer"] = [{"valueInteger": 11}]
        items[2]["item"][0]["answer"][0]["valueCoding"]["code"] = "many"

    differs, left = changed(other)
    (review,) = differs["reviews"]
    assert "satisfaction" not in review
    assert "doubts" not in review
    assert left == [
        f"QuestionnaireResponse/{REVIEW} item[1].item[0].answer: no-place",
        f"QuestionnaireResponse/{REVIEW} item[2].item[0].answer: no-place",
        f"QuestionnaireResponse/{REVIEW} item[4]: found-twice",
    ]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"goals.goal": []}, "not-in-plan"),
        ({"goals.achievement": []}, "no-words"),
        (
            {"goals.achievement": [{"valueCoding": {"system": ACHIEVED, "code": "better"}}]},
            "no-words",
        ),
        ({"goals.achievement": [{"valueCoding": {"code": "achieved"}}]}, "no-words"),
    ],
)
def test_how_far_a_goal_has_come_is_said_of_a_goal(change: Json, why: str) -> None:
    def other(those: dict[str, Json]) -> None:
        for item in those[REVIEW]["item"][1]["item"]:
            item["answer"] = change.get(item["linkId"], item["answer"])

    differs, left = changed(other, reviews=[COME])
    assert differs == {"reviews": [{"on": "2026-03-02", "works": ["Tea"]}]}
    assert left == [
        "Goal/goal-a achievementStatus: no-place",
        f"QuestionnaireResponse/{REVIEW} item[1]: {why}",
    ]


def test_how_far_a_goal_has_come_is_said_once_a_review() -> None:
    def twice(those: dict[str, Json]) -> None:
        items = those[REVIEW]["item"]
        items.append(items[1])
        those["goal-a"]["achievementStatus"]["coding"][0]["code"] = "sustaining"

    differs, left = changed(twice, reviews=[COME])
    assert differs == {}
    assert left == [
        "Goal/goal-a achievementStatus: no-place",
        f"QuestionnaireResponse/{REVIEW} item[2]: found-twice",
    ]


def test_what_an_earlier_version_had_is_not_asked_for_again() -> None:
    """It is there, ended, and the CarePlan does not list it."""
    goals = [{"goal": "a", "text": "Sleep"}, {"goal": "b", "text": "Run"}]
    tasks = [{"task": "t", "kind": "visit", "text": "Come"}]
    first = plan(goals=goals, tasks=tasks, contact={"urgent": "Line"}, next_review="2026-03-09")
    second = plan(version=2, written="2026-03-04", goals=goals[:1], status="draft", reviews=[COME])
    bodies = resources([first, second], R5)
    assert {body["resourceType"] for body in bodies} > {"ServiceRequest", "CommunicationRequest"}
    assert plans_in(bodies, SITE)[0] == (second, [])


@pytest.mark.parametrize(
    ("when", "why"),
    [("2026-03-01", "past"), ("2026-04", "no-day"), (None, "no-day")],
)
def test_a_next_review_that_is_none(when: str | None, why: str) -> None:
    def other(those: dict[str, Json]) -> None:
        those["next-review"]["occurrenceDateTime"] = when

    assert changed(other, next_review="2026-03-09") == (
        {"next_review": None},
        [f"ServiceRequest/next-review: {why}"],
    )


def test_a_review_after_the_next_one_does_not_tell_when_the_version_was_written() -> None:
    later = [{"on": "2026-03-12", "works": ["Tea"]}]
    before = plan(status="draft", reviews=later, next_review="2026-03-09")
    assert plans_in(resources([before], R4), SITE) == [(before, [])]
    moved = plan(status="draft", reviews=later)
    ((after, left),) = plans_in(resources([moved], R4), SITE)
    assert (after, left) == (moved.model_copy(update={"written": moved.reviews[0].on}), [])


def test_there_is_one_next_review() -> None:
    def twice(those: dict[str, Json]) -> None:
        again = those["task-visit"]
        again["code"] = those["next-review"]["code"]
        again["occurrenceDateTime"] = "2026-03-16"

    differs, left = changed(twice, next_review="2026-03-09")
    assert differs["next_review"] == "2026-03-16"
    assert "ServiceRequest/next-review: found-twice" in left


def test_the_plan_before_tells_its_name_where_it_is_there() -> None:
    before = plan(plan="before", status="completed")
    after = plan(replaces="before", status="draft")
    old, new = resources([before], R4), resources([after], R4)
    assert [came.plan for came in plans_in([*new, *old], SITE)] == [after, before]
    ((alone, left),) = plans_in(new, SITE)
    assert alone == after.model_copy(update={"replaces": None})
    assert [f"{one.element}: {one.why}" for one in left] == ["replaces[0]: not-found"]
    (careplan,) = [body for body in new if body["resourceType"] == "CarePlan"]
    careplan["replaces"] = [{"reference": "CarePlan/1"}, {"reference": "CarePlan/west"}]
    careplan["id"] = "1"
    west = {"resourceType": "CarePlan", "id": "west", "identifier": [{"value": "w-1"}]}
    came = plans_in([*new, west], SITE)
    assert came[0].plan == after.model_copy(update={"replaces": "w-1"})
    assert [f"{one.element}: {one.why}" for one in came[0].left] == ["replaces[0]: not-found"]


def test_a_review_without_a_day_is_none() -> None:
    def undated(those: dict[str, Json]) -> None:
        those[REVIEW]["authored"] = "2026"

    differs, left = changed(undated)
    assert differs == {"reviews": None}
    assert left == [f"QuestionnaireResponse/{REVIEW}: no-day"]


def test_a_barrier_without_words_is_none() -> None:
    def wordless(those: dict[str, Json]) -> None:
        items = those["first"]["item"]
        items[1]["item"] = items[1]["item"][1:]

    differs, left = changed(wordless, barriers=[{"text": "Far", "plan": "Bus"}])
    assert differs == {"barriers": None}
    assert left == ["QuestionnaireResponse/first item[1].item: no-place"]


PREFERS = [
    {"text": "No pills", "about": "treatment"},
    {"text": "To be asked", "about": "care-experience"},
]
PILLS, ASKED = (preference("short", one["text"]) for one in PREFERS)


def refer(those: dict[str, Json], id_: str) -> None:
    """The plan refers to one more Observation, as a server does."""
    those["plan"]["supportingInfo"].append({"reference": f"Observation/{id_}"})


def test_a_preference_in_other_words_comes_in() -> None:
    def other(those: dict[str, Json]) -> None:
        those[PILLS]["valueString"] = "No pills in the morning"
        those[PILLS]["status"] = "corrected"
        those[ASKED]["performer"] = [
            {"reference": "Practitioner/1", **those["plan"]["contributor"][1]}
        ]

    differs, left = changed(other, preferences=PREFERS)
    assert differs == {
        "preferences": [
            {"text": "No pills in the morning", "about": "treatment"},
            {**PREFERS[1], "said_by": "urn:example:staff|kurtz"},
        ]
    }
    assert left == []


def test_preferences_in_another_order() -> None:
    def turned(those: dict[str, Json]) -> None:
        those["plan"]["supportingInfo"].reverse()

    differs, left = changed(turned, preferences=PREFERS)
    assert (differs, left) == ({"preferences": PREFERS[::-1]}, [])


STRANGER = {"identifier": {"system": "urn:example:staff", "value": "x"}}
NO_PREFERENCE: dict[str, tuple[Json, str]] = {
    "an error": ({"status": "entered-in-error"}, "withdrawn"),
    "not final": ({"status": "preliminary"}, "no-place"),
    "without words": ({"valueString": " "}, "no-words"),
    "a stranger's": ({"performer": [STRANGER]}, "not-a-party"),
    "somebody's": ({"performer": [{"display": "x"}]}, "not-named"),
    "another patient's": ({"subject": STRANGER}, "another-patient"),
    "turned around": ({"modifierExtension": [{"url": "urn:x"}]}, "changes-meaning"),
}


@pytest.mark.parametrize("name", NO_PREFERENCE)
def test_what_is_not_to_be_taken_for_a_preference(name: str) -> None:
    change, why = NO_PREFERENCE[name]
    differs, left = changed(lambda those: those[PILLS].update(change), preferences=PREFERS)
    assert differs == {"preferences": PREFERS[1:]}
    assert left == [f"Observation/{PILLS}: {why}"]


def test_a_preference_that_stands_twice_is_carried_once() -> None:
    same = {"valueString": "To be\nasked"}
    differs, left = changed(lambda those: those[PILLS].update(same), preferences=PREFERS)
    assert differs == {"preferences": [{"text": "To be\nasked", "about": "treatment"}]}
    assert left == [f"Observation/{ASKED}: found-twice"]


def test_another_code_is_no_preference_and_what_is_added_is_named() -> None:
    def other(those: dict[str, Json]) -> None:
        those[PILLS]["code"]["coding"][0]["code"] = "81364-2"
        those[ASKED]["note"] = [{"text": "x"}]
        refer(those, ASKED)  # a second time

    differs, left = changed(other, preferences=PREFERS)
    assert differs == {"preferences": PREFERS[1:]}
    assert left == [
        "CarePlan/plan supportingInfo[2]: no-place",
        f"Observation/{ASKED} note: no-place",
    ]


def test_contact_that_comes_twice_is_carried_once() -> None:
    contact = {"urgent": "Crisis line", "between_visits": "Portal"}

    def twice(those: dict[str, Json]) -> None:
        those["contact-urgent"]["category"] = those["contact-between-visits"]["category"]

    differs, left = changed(twice, contact=contact)
    assert differs == {"contact": {"between_visits": "Portal"}}
    assert left == ["CommunicationRequest/contact-urgent: found-twice"]


def test_contact_that_ended_or_says_nothing() -> None:
    def ended(those: dict[str, Json]) -> None:
        those["contact-urgent"]["status"] = "revoked"
        those["contact-between-visits"]["payload"] = [{"contentString": 1}]

    differs, left = changed(ended, contact={"urgent": "Crisis line", "between_visits": "Portal"})
    assert differs == {"contact": None}
    assert left == [
        "CommunicationRequest/contact-between-visits payload: no-place",
        "CommunicationRequest/contact-urgent: ended",
    ]


def test_an_identifier_that_is_no_key() -> None:
    def odd(those: dict[str, Json]) -> None:
        (own,) = those["goal-a"]["identifier"]
        own["value"] = f"{key('short')}-goal-a b"
        reference = {"reference": "Goal/goal-a"}
        those["plan"]["goal"] = [reference]
        for name in ("medication", "visit", "self-care", "contact"):
            those[f"task-{name}"]["extension"][2]["valueReference"] = reference

    differs, left = changed(odd)
    (told,) = differs["goals"]
    assert told["goal"].startswith("a-b-")
    assert {task["goals"][0] for task in differs["tasks"]} == {told["goal"]}
    assert left == []


def test_a_plan_whose_name_is_gone_is_as_that_of_another() -> None:
    bodies = small()
    (careplan,) = [body for body in bodies if body["id"] == "plan"]
    careplan["extension"] = []
    ((after, _),) = plans_in(bodies, SITE)
    assert after
    assert (after.plan, after.version) == (f"{key('short')}-plan", 1)
    assert [goal.goal for goal in after.goals] == [f"{key('short')}-goal-a"]


def test_a_plan_whose_identifier_is_gone_keeps_its_name() -> None:
    bodies = small()
    (careplan,) = [body for body in bodies if body["id"] == "plan"]
    careplan["identifier"] = [{"value": "other"}]
    ((after, left),) = plans_in(bodies, SITE)
    assert after
    assert after.plan == "short"
    assert "CarePlan/plan identifier: no-place" in [f"{one}: {one.why}" for one in left]


# --- what FHIR says in other words ----------------------------------------------------------------

SPELT = {
    # as it is written; as it comes back where nobody has said anything to it
    ">=7": ">= 7",
    ">= 7": ">= 7",
    "<2.500": "< 2.500",
    "007": "7",
    "> -07.10": "> -7.10",
    "better": "better cups",
    "much better": "much better cups",
}


@pytest.mark.parametrize("target", SPELT)
@pytest.mark.parametrize("version", [R4, R5])
def test_the_digest_of_what_was_agreed_to_tells_how_it_was_written(
    target: str, version: Any
) -> None:
    measure = {"code": "log", "target": target, "unit": "cups"}
    said = {"goal": "a", "text": "Sleep", "measure": measure, "agreement": SAID}
    unsaid = {"goal": "b", "text": "Sleep", "measure": measure}
    bodies = resources([plan(goals=[said, unsaid])], version)
    ((after, left),) = plans_in(bodies, SITE)
    assert after
    assert left == []
    first, second = as_values(after)["goals"]
    assert first == said
    expected = {"code": "log", "target": SPELT[target]}
    assert second["measure"] == expected | ({} if "cups" in SPELT[target] else {"unit": "cups"})


@pytest.mark.parametrize("written", ["2026-03-02T23:10:00-05:00", "2026-03-02T01:10:00+10:00"])
def test_times_in_utc_are_told_in_the_zone_of_the_site(written: str) -> None:
    zone = {"-05:00": "America/New_York", "+10:00": "Australia/Brisbane"}[written[-6:]]
    before = plan(written=written, goals=[{"goal": "a", "text": "Sleep", "agreement": SAID}])
    text = json.dumps(resources([before], R4), default=str)
    bodies = json.loads(text.replace(f'"{written}"', f'"{before.written.utc}"'))
    local = SITE.model_copy(update={"zone": zone})
    assert plans_in(bodies, local)[0].plan == before
    there = plans_in(bodies, SITE)[0].plan
    assert there
    assert there.written.text == there.written.utc == before.written.utc


def test_the_examples() -> None:
    """Whole documents: of Mr. Jones's second version the no that he said before he agreed is gone,
    and his third has the reviews of all versions."""
    settings = Settings(source="clinic-east")
    ((adolescent, left),) = plans_in(resources(example("adolescent-1"), R5), settings)
    assert adolescent
    (before,) = example("adolescent-1")
    order = ["patient", *before.clinicians, *before.guardians]
    goals = tuple(_ordered(one, order) for one in before.goals)
    tasks = tuple(_ordered(one, order) for one in before.tasks)
    assert adolescent == before.model_copy(update={"goals": goals, "tasks": tasks})
    assert left == []
    first, second, third = example(*JONES)
    assert plans_in(resources([first], R4))[0] == (first, [])
    ((came, left),) = plans_in(resources([first, second], R4))
    talks = second.tasks[3].model_copy(update={"agreement": second.tasks[3].agreement[1:]})
    assert came == second.model_copy(
        update={"tasks": (*second.tasks[:3], talks, *second.tasks[4:])}
    )
    ((came, left),) = plans_in(resources([first, second, third], R5))
    assert came
    assert came.reviews == (*second.reviews, *third.reviews)
    assert left == []


def _ordered(one: Any, order: list[Any]) -> Any:
    told = sorted(one.agreement, key=lambda said: order.index(said.party))
    return one.model_copy(update={"agreement": tuple(told)})


def test_nothing_of_it_is_in_what_is_left() -> None:
    """Places and reasons, and no words of anybody."""
    bodies = [body for body in small() if body["id"] != "first"]
    for body in bodies:
        body["note"] = [{"text": "Zebulon"}]
    (came,) = plans_in([parsed(json.dumps(bodies[-1]).encode()), *bodies[:-1]], SITE)
    assert "Zebulon" not in str(came.left)
    assert IDS not in str(came.left)
