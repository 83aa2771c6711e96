"""Tasks and contact, held against what the documents say and what FHIR has for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .making import IDS, IG, JONES, KURTZ, MR_JONES, R5, bodies, example, key, own, plan
from .making import words as digest_of

if TYPE_CHECKING:
    from .making import Json

SD = "http://hl7.org/fhir/StructureDefinition"
BUPROPION = "Bupropion; chosen together for fewer sexual side effects"
MESSAGE = "A message before a visit that he cannot keep; a call from the clinic when he is missed"


def agreement(who: Json, status: str, day: str, *words: str) -> Json:
    """Our extension of a party that has said something to the words of today."""
    return {
        "url": f"{IG}/StructureDefinition/agreement",
        "extension": [
            {"url": "individual", "valueReference": who},
            {"url": "status", "valueCode": status},
            {"url": "on", "valueDate": day},
            {"url": "digest", "valueString": digest_of(*words)},
        ],
    }


def pertains(name: str, *goals: str) -> list[Json]:
    return [
        {"url": f"{SD}/resource-pertainsToGoal", "valueReference": own("Goal", name, f"goal-{g}")}
        for g in goals
    ]


def note(code: str, text: str) -> Json:
    concept = {"coding": [{"system": f"{IG}/CodeSystem/concept", "code": code}]}
    about = {"url": f"{SD}/annotationType", "valueCodeableConcept": concept}
    return {"extension": [about], "text": text}


def kind(code: str) -> Json:
    return {"coding": [{"system": f"{IG}/CodeSystem/concept", "code": code}]}


def medicine() -> Json:
    """Mr. Jones's medicine in the third version, in R4: new words, agreed to by both."""
    words = ("medication", BUPROPION, "patient", "in the morning, beside the keys")
    return {
        "resourceType": "MedicationRequest",
        "extension": [
            *(agreement(who, "agree", "2026-03-30", *words) for who in (MR_JONES, KURTZ)),
            *pertains("jones-2026", "sleep", "job"),
        ],
        "identifier": [{"system": IDS, "value": f"{key('jones-2026')}-task-bupropion"}],
        "status": "active",
        "subject": MR_JONES,
        "authoredOn": "2026-03-02",
        "requester": KURTZ,
        "intent": "plan",
        "medicationCodeableConcept": {"text": BUPROPION},
        "performer": MR_JONES,
        "dosageInstruction": [{"timing": {"code": {"text": "in the morning, beside the keys"}}}],
        "note": [
            note("option-considered", "Stopping it"),
            note("option-considered", "Another medicine"),
        ],
    }


def test_a_medicine_is_planned_and_never_ordered() -> None:
    assert bodies(example(*JONES))["task-bupropion"] == medicine()
    new = medicine()
    new["medication"] = {"concept": new.pop("medicationCodeableConcept")}
    new["performer"] = [MR_JONES]
    assert bodies(example(*JONES), R5)["task-bupropion"] == new


def test_psychotherapy_to_which_the_patient_says_no_is_a_draft() -> None:
    text = "Psychotherapy about how he has come to where he is"
    words = ("psychotherapy", text, "", "at every visit, beginning in 1 week")
    talks = {
        "resourceType": "ServiceRequest",
        "extension": [
            agreement(MR_JONES, "disagree", "2026-03-02", *words),
            agreement(KURTZ, "agree", "2026-03-02", *words),
            *pertains("jones-2026", "sleep", "job"),
        ],
        "identifier": [{"system": IDS, "value": f"{key('jones-2026')}-task-talks"}],
        "status": "draft",
        "subject": MR_JONES,
        "authoredOn": "2026-03-02",
        "requester": KURTZ,
        "intent": "plan",
        "category": [kind("psychotherapy")],
        "code": {"text": text},
        "occurrenceTiming": {"code": {"text": "at every visit, beginning in 1 week"}},
        "note": [
            note("option-considered", "Medicine alone"),
            note("option-considered", "Talks about sleep and work alone"),
        ],
    }
    assert bodies(example("jones-1"))["task-talks"] == talks
    talks["code"] = {"concept": talks["code"]}
    assert bodies(example("jones-1"), R5)["task-talks"] == talks


def test_the_disagreement_is_gone_once_they_met_on_other_words() -> None:
    made = bodies(example(*JONES[:2]))["task-talks"]
    words = (
        "psychotherapy",
        "Talks about sleep and work beside the medicine; he decides what else is spoken of",
        "",
        "at every visit",
    )
    both = [agreement(who, "agree", "2026-03-09", *words) for who in (MR_JONES, KURTZ)]
    assert made["extension"][:2] == both
    assert made["status"] == "active"
    assert made["authoredOn"] == "2026-03-02"


def test_a_visit_names_who_gives_it() -> None:
    visit = bodies(example("jones-1"))["task-next-visit"]
    assert visit["resourceType"] == "ServiceRequest"
    assert visit["category"] == [kind("visit")]
    assert visit["performer"] == [KURTZ]
    assert visit["occurrenceTiming"] == {"code": {"text": "in 1 week"}}
    assert "requester" not in visit  # nobody is said to have proposed it
    assert visit["status"] == "active"


def test_what_the_patient_does_is_a_task() -> None:
    text = "Sleep hygiene with a walk in the morning; melatonin as needed"
    words = ("self-care", text, "patient", "")
    for version in (None, R5):
        made = bodies(example(*JONES), *([version] if version else []))
        assert made["task-sleep-hygiene"] == {
            "resourceType": "Task",
            "extension": [
                *(agreement(who, "agree", "2026-03-09", *words) for who in (MR_JONES, KURTZ)),
                *pertains("jones-2026", "sleep"),
            ],
            "identifier": [{"system": IDS, "value": f"{key('jones-2026')}-task-sleep-hygiene"}],
            "status": "accepted",
            "for": MR_JONES,
            "authoredOn": "2026-03-02",
            "requester": MR_JONES,
            "intent": "plan",
            "code": kind("self-care"),
            "description": text,
            "owner": MR_JONES,
        }


def test_contact_as_a_task_is_a_request_to_communicate() -> None:
    words = ("contact", MESSAGE, "patient", "")
    contact = {
        "resourceType": "CommunicationRequest",
        "extension": [agreement(who, "agree", "2026-03-30", *words) for who in (MR_JONES, KURTZ)],
        "identifier": [{"system": IDS, "value": f"{key('jones-2026')}-task-before-missing"}],
        "status": "active",
        "subject": MR_JONES,
        "authoredOn": "2026-03-30",
        "requester": KURTZ,
        "category": [kind("contact")],
        "payload": [{"contentString": MESSAGE}],
        "sender": MR_JONES,
    }
    assert bodies(example(*JONES))["task-before-missing"] == contact
    del contact["sender"]
    contact |= {
        "intent": "plan",
        "payload": [{"contentCodeableConcept": {"text": MESSAGE}}],
        "informationProvider": [MR_JONES],
    }
    assert bodies(example(*JONES), R5)["task-before-missing"] == contact


def test_contact_between_visits_and_where_to_turn_to() -> None:
    made = bodies(example(*JONES))
    assert made["contact-between-visits"] == {
        "resourceType": "CommunicationRequest",
        "identifier": [{"system": IDS, "value": f"{key('jones-2026')}-contact-between-visits"}],
        "status": "active",
        "category": [kind("contact-between-visits")],
        "subject": MR_JONES,
        "authoredOn": "2026-03-02",
        "payload": [
            {"contentString": "Portal message, answered within 1 working day; a call after 17:00"}
        ],
    }
    urgent = made["contact-urgent"]
    assert urgent["category"] == [kind("contact-urgent")]
    assert urgent["payload"] == [{"contentString": "The crisis line of the clinic, day and night"}]


def test_a_plan_may_have_no_contact_or_a_part_of_it() -> None:
    def contacts(**told: Any) -> list[str]:
        return [name for name in bodies([plan(**told)]) if name.startswith("contact")]

    assert contacts() == []
    assert contacts(contact={}) == []
    assert contacts(contact={"urgent": "Crisis line"}) == ["contact-urgent"]


KINDS = {
    # what becomes of a task by its kind: agreed to, and not, in each status of the plan
    "medication": (
        ["draft", "active", "on-hold", "completed", "cancelled"],
        ["draft", "draft", "draft", "cancelled", "cancelled"],
    ),
    "psychotherapy": (
        ["draft", "active", "on-hold", "completed", "revoked"],
        ["draft", "draft", "draft", "revoked", "revoked"],
    ),
    "self-care": (
        ["draft", "accepted", "on-hold", "completed", "cancelled"],
        ["draft", "draft", "draft", "cancelled", "cancelled"],
    ),
}
KINDS |= {"visit": KINDS["psychotherapy"], "contact": KINDS["psychotherapy"]}
KINDS |= {"social": KINDS["self-care"], "other": KINDS["self-care"]}


@pytest.mark.parametrize("word", KINDS)
def test_the_status_of_a_task_follows_the_plan_and_who_agreed(word: str) -> None:
    def statuses(*parties: str) -> list[str]:
        said = [{"party": p, "status": "agree", "on": "2026-03-02"} for p in parties]
        task = {"task": "t", "kind": word, "text": "Words", "agreement": said}
        plans = ["draft", "active", "on-hold", "completed", "revoked"]
        return [bodies([plan(status=s, tasks=[task])])["task-t"]["status"] for s in plans]

    assert (statuses("patient", "kurtz"), statuses("patient")) == KINDS[word]


@pytest.mark.parametrize("word", ["self-care", "contact"])
def test_when_is_a_note_where_fhir_has_no_words_for_it(word: str) -> None:
    task = {
        "task": "t",
        "kind": word,
        "text": "Words",
        "when": "on Sundays",
        "options_considered": ["Nothing"],
    }
    made = bodies([plan(tasks=[task])])["task-t"]
    assert made["note"] == [note("when", "on Sundays"), note("option-considered", "Nothing")]
    assert {"owner", "sender", "requester"}.isdisjoint(made)


@pytest.mark.parametrize("word", KINDS)
def test_a_task_of_any_kind_may_say_no_more_than_its_words(word: str) -> None:
    made = bodies([plan(tasks=[{"task": "t", "kind": word, "text": "Words"}])])["task-t"]
    assert {"note", "performer", "occurrenceTiming", "dosageInstruction"}.isdisjoint(made)
    assert len(made["extension"]) == 2  # the two who are asked
    assert made["authoredOn"] == "2026-03-02"


def test_a_goal_that_is_named_twice_is_named_once() -> None:
    task = {"task": "t", "kind": "other", "text": "Words", "goals": ["g", "g"]}
    made = bodies([plan(goals=[{"goal": "g", "text": "Sleep"}], tasks=[task])])["task-t"]
    assert made["extension"][2:] == pertains("short", "g")
