"""The first conversation, the reviews, and what is seen in them."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.config import Settings
from alliance_fhir.domain.plan.document import Doubt, Doubts, Satisfaction
from alliance_fhir.fhir.plan.forms import DOUBT_WEIGHTS, FIRST_CONVERSATION, PLAN_REVIEW, forms
from alliance_fhir.instruments.catalog import Catalog

from .making import (
    IDS,
    IG,
    JONES,
    KURTZ,
    MR_JONES,
    R4,
    R5,
    SITE,
    WANTED,
    barrier,
    bodies,
    example,
    key,
    mapped,
    own,
    person,
    plan,
    preference,
    words,
)

if TYPE_CHECKING:
    from .making import Json

SURVEY = [
    {
        "coding": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                "code": "survey",
            }
        ]
    }
]
UCUM = "http://unitsofmeasure.org"


def item(link: str, *texts: str) -> Json:
    return {"linkId": link, "answer": [{"valueString": text} for text in texts]}


def concept(code: str) -> Json:
    return {"coding": [{"system": f"{IG}/CodeSystem/concept", "code": code}]}


def test_the_first_conversation_holds_what_was_said() -> None:
    girl = person("Patient", "mrn", "1032")
    first: Json = {
        "resourceType": "QuestionnaireResponse",
        "identifier": {"system": IDS, "value": f"{key('adolescent-2026')}-first"},
        "questionnaire": f"{IG}/Questionnaire/first-conversation|1.0.0",
        "status": "completed",
        "subject": girl,
        "authored": "2026-02-27T17:50:00-05:00",
        "source": girl,
        "item": [
            item("reason", "Stays in her room, misses school; her mother insisted on the visit"),
            item("hopes", "To be left alone about school", "To paint again"),
            item("concerns", "That friends hear of it", "That everything is told to her mother"),
            item("outcome_sought", "Mornings without a fight"),
            {
                "linkId": "barriers",
                "item": [
                    item("barriers.text", "Does not want to be seen in the waiting room"),
                    item(
                        "barriers.plan",
                        "Comes by the side entrance; every other visit by video",
                    ),
                ],
            },
            item("background", "Says that she would not have come by herself"),
            {
                "linkId": "adolescent",
                "item": [
                    {
                        "linkId": "adolescent.pressured_to_attend",
                        "answer": [{"valueBoolean": True}],
                    },
                    item(
                        "adolescent.options_offered",
                        "By video or here",
                        "With or without her mother",
                        "Talking, painting, or a group",
                    ),
                ],
            },
        ],
    }
    assert bodies(example("adolescent-1"))["first"] == first
    first["identifier"] = [first["identifier"]]
    assert bodies(example("adolescent-1"), R5)["first"] == first


def test_a_no_is_an_answer() -> None:
    made = bodies([plan(adolescent={"pressured_to_attend": False})])["first"]["item"]
    assert made[0]["item"][0]["answer"] == [{"valueBoolean": False}]


def test_where_nothing_was_said_there_is_no_response() -> None:
    for told in ({}, {"adolescent": {"guardians": ["urn:example:kin|aunt"]}}):
        made = bodies([plan(**told)])
        assert set(made) == {"team", "plan"}
        assert "supportingInfo" not in made["plan"]


def test_what_is_only_repeated_was_not_said_again() -> None:
    days = ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"]
    hopes = ["Sleep", "Work", "Sleep", "Sleep"]
    versions = [
        plan(version=n, written=day, hopes=[hope], barriers=[{"text": hope}])
        for n, (day, hope) in enumerate(zip(days, hopes, strict=True), 1)
    ]
    authored = [bodies(versions[:n])["first"]["authored"] for n in range(1, 5)]
    assert authored == ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-03"]
    assert bodies(versions)[barrier("short", "Sleep")]["effectiveDateTime"] == "2026-03-03"


BARRIERS = [
    "Leaving the site early may cost him the job",
    "Might stop coming when he feels misunderstood",
]


def test_a_barrier_is_an_observation_with_what_is_planned_about_it() -> None:
    made = bodies(example("jones-1"))
    names = [barrier("jones-2026", text) for text in BARRIERS]
    assert [name for name in made if name.startswith("barrier")] == names
    assert made[names[0]] == {
        "resourceType": "Observation",
        "identifier": [{"system": IDS, "value": f"{key('jones-2026')}-{names[0]}"}],
        "status": "final",
        "category": SURVEY,
        "code": {
            "coding": [{"system": "http://snomed.info/sct", "code": "811791000000103"}],
            "text": "Barrier",
        },
        "subject": MR_JONES,
        "effectiveDateTime": "2026-03-02T14:10:00-05:00",
        "derivedFrom": [own("QuestionnaireResponse", "jones-2026", "first")],
        "valueString": BARRIERS[0],
        "note": [
            {"text": "Visits in the early afternoon, and a note for the boss whenever he wants one"}
        ],
    }
    assert made[names[1]]["valueString"] == BARRIERS[1]
    name = barrier("short", "Far away")
    assert "note" not in bodies([plan(barriers=[{"text": "Far away"}])])[name]


def barred(*versions: list[str], **told: Any) -> dict[str, Json]:
    """What comes of versions with these barriers, by their texts: each written a day later."""
    made = bodies(
        [
            plan(
                version=n,
                written=f"2026-03-0{n}",
                barriers=[{"text": text} for text in texts],
                **told,
            )
            for n, texts in enumerate(versions, 1)
        ]
    )
    return {one["valueString"]: one for name, one in made.items() if name.startswith("barrier")}


def test_a_barrier_that_goes_takes_no_other_with_it() -> None:
    before, after = barred(["Far", "Shame"]), barred(["Far", "Shame"], ["Shame", "Money"])
    assert set(after) == {"Far", "Shame", "Money"}
    assert after["Shame"] == before["Shame"]
    days = {text: one["effectiveDateTime"] for text, one in after.items()}
    assert days == {"Far": "2026-03-01", "Shame": "2026-03-01", "Money": "2026-03-02"}
    # the response says it no longer, and so it does not come of that
    assert [text for text, one in after.items() if "derivedFrom" in one] == ["Shame", "Money"]
    assert after["Far"] == {k: v for k, v in before["Far"].items() if k != "derivedFrom"}


def test_a_barrier_that_comes_back_is_said_since_then() -> None:
    days = [one["effectiveDateTime"] for one in barred(["a", "b"], ["b"], ["a", "b"]).values()]
    assert days == ["2026-03-03", "2026-03-01"]


def test_barriers_are_the_same_by_their_words_however_these_are_broken() -> None:
    made = barred(["Shift\nwork"], ["Shift  work"])
    assert set(made) == {"Shift  work"}
    assert made["Shift  work"]["effectiveDateTime"] == "2026-03-01"


def test_a_barrier_that_stands_twice_is_one_with_all_that_is_planned() -> None:
    told = [{"text": "Far", "plan": "Bus"}, {"text": "Far"}, {"text": "Far", "plan": "Video"}]
    made = bodies([plan(barriers=told)])
    assert made[barrier("short", "Far")]["note"] == [{"text": "Bus"}, {"text": "Video"}]
    assert len([name for name in made if name.startswith("barrier")]) == 1


def test_a_secret_key_hides_the_words_of_a_barrier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLIANCE_FHIR_KEY", "a key of sixteen bytes and more")
    settings = Settings.model_validate(SITE.model_dump())
    ((type_, whole),) = [
        (one.type, one.key)
        for one in mapped([plan(barriers=[{"text": "Far"}])], settings=settings)
        if "-barrier-" in one.key
    ]
    plans_key, _, end = whole.partition("-barrier-")
    told = json.dumps([plans_key, words("Far").removeprefix("blake2b:")], separators=(",", ":"))
    secret = b"a key of sixteen bytes and more"
    assert type_ == "Observation"
    assert end == blake2b(told.encode(), digest_size=16, key=secret).hexdigest()[:16]
    assert end != blake2b(told.encode(), digest_size=16).hexdigest()[:16]


def test_a_version_that_says_nothing_of_it_leaves_the_first_conversation_as_it_was() -> None:
    told = {"hopes": ["Sleep"], "barriers": [{"text": "Far"}]}
    first = plan(**told)
    silent = [plan(version=n, written=f"2026-03-0{n + 2}") for n in (2, 3)]
    again = plan(version=4, written="2026-03-09", **told)
    name = barrier("short", "Far")
    for versions in ([first, silent[0]], [first, *silent], [first, *silent, again]):
        made, then = bodies(versions), bodies([first])
        assert (made["first"], made[name]) == (then["first"], then[name])
        assert made["plan"]["supportingInfo"] == [own("QuestionnaireResponse", "short", "first")]
    other = bodies([first, *silent, plan(version=4, written="2026-03-09", hopes=["Work"])])
    assert other["first"]["authored"] == "2026-03-09"
    assert other[name]["effectiveDateTime"] == "2026-03-02"
    assert "derivedFrom" not in other[name]


REVIEW = "review-2026-03-30"
ACHIEVEMENT = "http://terminology.hl7.org/CodeSystem/goal-achievement"


def test_a_review_holds_what_was_said() -> None:
    def degree(name: str, value: int) -> Json:
        return {"linkId": f"satisfaction.{name}", "answer": [{"valueInteger": value}]}

    def doubt(name: str, code: str) -> Json:
        system = f"{IG}/CodeSystem/check-in-answer"
        return {
            "linkId": f"doubts.{name}",
            "answer": [{"valueCoding": {"system": system, "code": code}}],
        }

    def come(goal: str, code: str) -> list[Json]:
        reference = own("Goal", "jones-2026", f"goal-{goal}")
        coding = {"system": ACHIEVEMENT, "code": code}
        return [
            {"linkId": "goals.goal", "answer": [{"valueReference": reference}]},
            {"linkId": "goals.achievement", "answer": [{"valueCoding": coding}]},
        ]

    medicine = own("MedicationRequest", "jones-2026", "task-bupropion")
    assert bodies(example(*JONES))[REVIEW] == {
        "resourceType": "QuestionnaireResponse",
        "identifier": {"system": IDS, "value": f"{key('jones-2026')}-{REVIEW}"},
        "questionnaire": f"{IG}/Questionnaire/plan-review|1.0.0",
        "status": "completed",
        "subject": MR_JONES,
        "authored": "2026-03-30T17:10:00-04:00",
        "source": MR_JONES,
        "item": [
            item("works", "Melatonin", "The walk in the morning", "Seeing his brother on Sundays"),
            item("does_not", "Visits during work", "Remembering the medicine"),
            item(
                "changes",
                "Visits in the late afternoon",
                "The medicine in the morning, beside the keys",
            ),
            {"linkId": "goals", "item": come("sleep", "improving")},
            {
                "linkId": "goals",
                "item": [
                    *come("people", "achieved"),
                    item("goals.words", "My brother comes on Sundays now"),
                ],
            },
            {
                "linkId": "satisfaction",
                "item": [
                    degree("treatment", 7),
                    degree("relationship", 8),
                    degree("communication", 8),
                    degree("plan", 8),
                ],
            },
            {
                "linkId": "doubts",
                "item": [
                    doubt("diagnosis", "some"),
                    doubt("medication", "some"),
                    doubt("treatment", "none"),
                ],
            },
            {
                "linkId": "adherence",
                "item": [
                    {"linkId": "adherence.medicine", "answer": [{"valueReference": medicine}]},
                    {"linkId": "adherence.taken_as_agreed", "answer": [{"valueInteger": 13}]},
                    {"linkId": "adherence.of_days", "answer": [{"valueInteger": 21}]},
                    {"linkId": "adherence.said_by", "answer": [{"valueReference": MR_JONES}]},
                    item("adherence.words", "After the telling-off I left it all, the pills too"),
                ],
            },
        ],
    }


def test_adherence_is_what_somebody_said_and_no_score() -> None:
    def days(code: str, count: int) -> Json:
        unit = {"unit": "d", "system": UCUM, "code": "d"}
        return {"code": concept(code), "valueQuantity": {"value": count, **unit}}

    assert bodies(example(*JONES))[f"{REVIEW}-adherence-bupropion"] == {
        "resourceType": "Observation",
        "identifier": [
            {"system": IDS, "value": f"{key('jones-2026')}-{REVIEW}-adherence-bupropion"}
        ],
        "status": "final",
        "category": SURVEY,
        "subject": MR_JONES,
        "effectiveDateTime": "2026-03-30T17:10:00-04:00",
        "derivedFrom": [own("QuestionnaireResponse", "jones-2026", REVIEW)],
        "code": {"coding": [{"system": "http://loinc.org", "code": "71799-1"}]},
        "focus": [own("MedicationRequest", "jones-2026", "task-bupropion")],
        "performer": [MR_JONES],
        "valueCodeableConcept": {"text": "Taken as agreed on 13 of 21 days"},
        "note": [{"text": "After the telling-off I left it all, the pills too"}],
        "component": [days("days-taken-as-agreed", 13), days("days-asked-about", 21)],
    }


def test_satisfaction_and_doubts_are_scores_of_the_check_in() -> None:
    made = bodies(example(*JONES))
    score = {"unit": "score", "system": UCUM, "code": "{score}"}
    treatment = made[f"{REVIEW}-satisfaction-treatment"]
    assert treatment == {
        "resourceType": "Observation",
        "identifier": [
            {"system": IDS, "value": f"{key('jones-2026')}-{REVIEW}-satisfaction-treatment"}
        ],
        "status": "final",
        "category": SURVEY,
        "subject": MR_JONES,
        "effectiveDateTime": "2026-03-30T17:10:00-04:00",
        "derivedFrom": [own("QuestionnaireResponse", "jones-2026", REVIEW)],
        "code": concept("check-in-satisfaction-treatment-patient"),
        "method": {**concept("value-complete-cases"), "text": "value of the item"},
        "valueQuantity": {"value": 7, **score},
    }
    values = {
        name.removeprefix(f"{REVIEW}-"): body["valueQuantity"]["value"]
        for name, body in made.items()
        if name.startswith(REVIEW) and "valueQuantity" in body
    }
    assert values == {
        "satisfaction-treatment": 7,
        "satisfaction-relationship": 8,
        "satisfaction-communication": 8,
        "satisfaction-plan": 8,
        "doubt-diagnosis": 1,
        "doubt-medication": 1,
        "doubt-treatment": 0,
    }


def test_the_check_in_has_these_scores_and_weights() -> None:
    check_in = Catalog()["check-in"]
    asked = {f"satisfaction-{name}" for name in Satisfaction.model_fields}
    asked |= {f"doubt-{name}" for name in Doubts.model_fields}
    assert asked == {rule.id for rule in check_in.scores}
    weights = {option.code: int(option.weight) for option in check_in.options_of(5)}
    assert weights == DOUBT_WEIGHTS
    assert set(DOUBT_WEIGHTS) == set(Doubt.__args__)  # pyright: ignore


def test_the_rater_performs_where_the_site_says_so() -> None:
    settings = SITE.model_copy(update={"score_performer": "rater"})
    made = bodies(example(*JONES), settings=settings)
    assert made[f"{REVIEW}-satisfaction-plan"]["performer"] == [MR_JONES]


def review(day: str, **told: Any) -> Json:
    return {"on": day, **told}


def reviewed(*versions: list[Json]) -> dict[str, Json]:
    """What comes of the reviews of these versions, each one day later."""
    return bodies(
        [
            plan(version=n, written=f"2026-03-2{n}", reviews=reviews)
            for n, reviews in enumerate(versions, 1)
        ]
    )


def test_reviews_of_all_versions_stay_with_the_plan() -> None:
    made = bodies(example(*JONES))
    told = [one["identifier"]["value"] for one in made["plan"]["supportingInfo"]]
    names = ["first", "review-2026-03-09", "review-2026-03-30"]
    names += [preference("jones-2026", text) for text in WANTED]
    assert told == [f"{key('jones-2026')}-{name}" for name in names]


def test_a_review_that_two_versions_hold_is_taken_from_the_last() -> None:
    old, new = review("2026-03-09", works=["Tea"]), review("2026-03-09", works=["Coffee"])
    made = reviewed([old], [new, review("2026-03-10")])
    assert made["review-2026-03-09"]["item"] == [item("works", "Coffee")]
    assert "review-2026-03-09-2" not in made
    assert "item" not in made["review-2026-03-10"]


def test_what_a_review_does_not_tell_again_was_told_all_the_same() -> None:
    evening, in_utc = "2026-03-09T23:00:00-05:00", "2026-03-10T04:00:00Z"
    taken = {"taken_as_agreed": 1, "of_days": 7, "said_by": "patient"}
    tasks = [{"task": name, "kind": "medication", "text": "x"} for name in "ab"]
    goals = [{"goal": name, "text": "x"} for name in "ab"]
    old = review(
        evening,
        works=["Tea"],
        changes=["Walk"],
        satisfaction={"plan": 3, "treatment": 4},
        goals={name: {"achievement": "improving"} for name in "ab"},
        adherence={"a": taken, "b": taken},
    )
    new = review(
        in_utc,
        works=["Coffee"],
        satisfaction={"plan": 9},
        doubts={"diagnosis": "some"},
        goals={"a": {"achievement": "achieved"}},
        adherence={"a": taken | {"taken_as_agreed": 2}},
    )
    versions = [
        plan(version=n, written=f"2026-03-2{n}", reviews=[one], goals=goals, tasks=tasks)
        for n, one in enumerate((old, new), 1)
    ]
    made = {k: v for k, v in bodies(versions).items() if k.startswith("review")}
    day = "review-2026-03-09"
    values = {
        name.removeprefix(f"{day}-"): one["valueQuantity"]["value"]
        for name, one in made.items()
        if "valueQuantity" in one
    }
    assert values == {"satisfaction-treatment": 4, "satisfaction-plan": 9, "doubt-diagnosis": 1}
    counts = {
        name: one["component"][0]["valueQuantity"]["value"]
        for name, one in made.items()
        if "component" in one
    }
    assert counts == {f"{day}-adherence-a": 2, f"{day}-adherence-b": 1}
    response = made[day]
    assert response["authored"] == evening
    assert response["item"][:2] == [item("works", "Coffee"), item("changes", "Walk")]
    links = [one["linkId"] for one in response["item"]]
    assert links[2:] == ["goals", "goals", "satisfaction", "doubts", "adherence", "adherence"]
    come = [one["item"][1]["answer"][0]["valueCoding"]["code"] for one in response["item"][2:4]]
    assert come == ["achieved", "improving"]
    assert bodies(versions[1:])["review-2026-03-10"]["authored"] == in_utc


def test_several_reviews_of_one_day_are_numbered() -> None:
    morning, evening = "2026-03-09T08:00:00Z", "2026-03-09T20:00:00Z"
    made = reviewed(
        [review("2026-03-09", works=["a"]), review("2026-03-09", works=["b"])],
        [review(morning, works=["c"]), review(evening, works=["d"])],
    )
    told = {name: body["item"] for name, body in made.items() if name.startswith("review")}
    assert told == {
        "review-2026-03-09": [item("works", "a")],
        "review-2026-03-09-2": [item("works", "b")],
        "review-2026-03-09-3": [item("works", "c")],
        "review-2026-03-09-4": [item("works", "d")],
    }


def test_no_two_things_go_by_one_key_whatever_a_task_is_called() -> None:
    told = {"taken_as_agreed": 1, "of_days": 7, "said_by": "kurtz"}
    names = ["x", "2-x", "2-adherence-x", "adherence-x"]
    days = [review("2026-03-09", adherence=dict.fromkeys(names, told)) for _ in range(2)]
    medicines = [{"task": name, "kind": "medication", "text": "x"} for name in names]
    versions = [plan(written="2026-03-10", tasks=medicines, reviews=days)]
    keys = [one.key for one in mapped(versions)]
    assert len(keys) == len(set(keys))
    made = mapped(versions)[-2].body
    assert made["performer"] == [KURTZ]
    assert {"code": "CLINRPT"}.items() <= made["meta"]["security"][-1].items()


def test_a_guardian_says_so_as_one_who_is_close() -> None:
    aunt = "urn:example:kin|aunt"
    told = {"taken_as_agreed": 1, "of_days": 7, "said_by": aunt}
    versions = [
        plan(
            written="2026-03-10",
            tasks=[{"task": "t", "kind": "medication", "text": "x"}],
            reviews=[review("2026-03-09", adherence={"t": told})],
            adolescent={"guardians": [aunt]},
        )
    ]
    made = mapped(versions)[-2].body
    assert made["performer"] == [person("RelatedPerson", "kin", "aunt")]
    assert made["meta"]["security"][-1]["code"] == "PACQRPT"


# --- the forms ------------------------------------------------------------------------------------


def asked(items: list[Json], within: str = "") -> dict[str, str]:
    """The questions of a form by their names, with the type of each."""
    found: dict[str, str] = {}
    for one in items:
        assert one["linkId"].startswith(within)
        found[one["linkId"]] = one["type"]
        found |= asked(one.get("item", []), f"{one['linkId']}.")
    return found


VALUES = {
    "valueString": "text",
    "valueBoolean": "boolean",
    "valueInteger": "integer",
    "valueReference": "reference",
}


@pytest.mark.parametrize(("version", "choice"), [(R4, "choice"), (R5, "coding")])
def test_every_answer_has_its_question_and_every_question_an_answer(
    version: Any, choice: str
) -> None:
    questions = {one.key: asked(one.body["item"]) for one in forms(version)}
    assert list(questions) == [FIRST_CONVERSATION.canonical, PLAN_REVIEW.canonical]
    given: dict[str, dict[str, str]] = {name: {} for name in questions}
    for resource in mapped(example(*JONES), version) + mapped(example("adolescent-1"), version):
        if resource.type == "QuestionnaireResponse":
            given[resource.body["questionnaire"]] |= answered(resource.body["item"], choice)
    assert given == questions


def answered(items: list[Json], choice: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in items:
        found |= {one["linkId"]: "group"} | answered(one.get("item", []), choice)
        for answer in one.get("answer", []):
            (kind,) = answer
            found[one["linkId"]] = VALUES.get(kind, choice)
    return found


def test_the_forms_are_whole_definitions() -> None:
    first, second = (form.body for form in forms(R4))
    assert first["url"] == f"{IG}/Questionnaire/first-conversation"
    assert second["url"] == f"{IG}/Questionnaire/plan-review"
    for form in (first, second):
        assert form["version"] == "1.0.0"
        assert form["extension"][1] == {
            "url": "http://hl7.org/fhir/StructureDefinition/artifact-versionAlgorithm",
            "valueCoding": {"system": "http://hl7.org/fhir/version-algorithm", "code": "semver"},
        }
    assert [form.body["copyrightLabel"] for form in forms(R5)] == ["CC0 1.0"] * 2
    treatment = second["item"][4]["item"][0]
    assert {e["url"].rpartition("/")[2]: e["valueInteger"] for e in treatment["extension"]} == {
        "minValue": 0,
        "maxValue": 10,
    }
