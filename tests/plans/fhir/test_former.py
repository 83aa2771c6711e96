"""What an earlier version had and the newest has not: it is still there, and ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .making import (
    IDS,
    IG,
    KURTZ,
    MR_JONES,
    R4,
    R5,
    bodies,
    key,
    mapped,
    own,
    plan,
    words,
)

if TYPE_CHECKING:
    from .making import Json

SD = "http://hl7.org/fhir/StructureDefinition"
VOICES = {
    "agreed": (("patient", "agree"), ("kurtz", "agree")),
    "pending": (("patient", "agree"),),
    "disagreed": (("patient", "agree"), ("kurtz", "disagree")),
}


def said(outcome: str) -> list[Json]:
    """What parties said on the day of the first version, so that this comes of it."""
    told = VOICES[outcome]
    return [{"party": party, "status": word, "on": "2026-03-02"} for party, word in told]


def version(number: int, **told: Any) -> Any:
    """One version a week, from the second of March on."""
    return plan(version=number, written=f"2026-03-{7 * number - 5:02}", **told)


def with_goal(number: int, outcome: str, **told: Any) -> Any:
    return version(
        number, goals=[{"goal": "g", "text": "Sleep", "agreement": said(outcome)}], **told
    )


def with_task(number: int, kind: str, outcome: str = "agreed", **told: Any) -> Any:
    one = {"task": "t", "kind": kind, "text": "Words", "agreement": said(outcome)}
    return version(number, tasks=[one], **told)


# --- goals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fhir", [R4, R5])
def test_a_goal_that_is_left_was_given_up(fhir: Any) -> None:
    made = bodies([with_goal(1, "agreed"), with_goal(2, "agreed"), version(3)], fhir)

    def acceptance(who: Json) -> Json:
        to = [
            {"url": "on", "valueDate": "2026-03-02"},
            {"url": "digest", "valueString": words("Sleep")},
        ]
        parts = [
            {"url": "individual", "valueReference": who},
            {"url": "status", "valueCode": "agree"},
            {"url": f"{IG}/StructureDefinition/agreement-to", "extension": to},
        ]
        return {"url": f"{SD}/goal-acceptance", "extension": parts}

    assert made["goal-g"] == {
        "resourceType": "Goal",
        "extension": [acceptance(who) for who in (MR_JONES, KURTZ)],
        "identifier": [{"system": IDS, "value": f"{key('short')}-goal-g"}],
        "lifecycleStatus": "cancelled",
        "description": {"text": "Sleep"},
        "subject": MR_JONES,
        "startDate": "2026-03-02",
        "statusDate": "2026-03-16",
        "statusReason": "Not in the plan since version 3",
    }
    assert "goal" not in made["plan"]
    assert made["plan"]["status"] == "draft"  # of its own there is nothing to agree to


@pytest.mark.parametrize("status", ["draft", "active", "on-hold"])
@pytest.mark.parametrize("outcome", VOICES)
def test_a_goal_to_which_somebody_had_said_no_was_rejected(outcome: str, status: str) -> None:
    left = bodies([with_goal(1, outcome, status=status), version(2)])["goal-g"]
    expected = "rejected" if outcome == "disagreed" else "cancelled"
    assert left["lifecycleStatus"] == expected
    assert left["statusDate"] == "2026-03-09"


@pytest.mark.parametrize("status", ["completed", "revoked"])
@pytest.mark.parametrize("outcome", VOICES)
def test_what_ended_with_the_plan_does_not_end_again(outcome: str, status: str) -> None:
    ended = with_goal(1, outcome, status=status)
    made = bodies([ended, version(2)])
    assert made["goal-g"] == bodies([ended])["goal-g"]
    assert "goal" not in made["plan"]


def test_a_goal_that_comes_back_is_a_goal_again() -> None:
    versions = [with_goal(1, "agreed"), version(2), with_goal(3, "agreed")]
    back = bodies(versions)
    assert back["goal-g"]["lifecycleStatus"] == "active"
    assert back["goal-g"]["startDate"] == "2026-03-02"
    assert "statusReason" not in back["goal-g"]
    assert back["plan"]["goal"] == [own("Goal", "short", "goal-g")]
    assert bodies([*versions, version(4)])["goal-g"]["statusDate"] == "2026-03-23"


def test_the_words_are_the_last_ones_and_what_was_said_to_others_is_told() -> None:
    changed = version(2, goals=[{"goal": "g", "text": "Sleep well", "priority": "low"}])
    left = bodies([with_goal(1, "agreed"), changed, version(3)])["goal-g"]
    assert left["description"] == {"text": "Sleep well"}
    assert left["priority"]["coding"][0]["code"] == "low-priority"
    ours = left["extension"][0]["extension"][2]["extension"]
    assert ours == [
        {"url": "earlier", "valueCode": "agree"},
        {"url": "earlier-on", "valueDate": "2026-03-02"},
    ]


def test_who_is_a_clinician_now_is_none_but_a_clinician() -> None:
    aunt = "urn:example:kin|aunt"
    goal = {"goal": "g", "text": "Sleep", "proposed_by": aunt}
    before = version(1, goals=[goal], adolescent={"guardians": [aunt]})
    left = bodies([before, version(2, clinicians=["kurtz", aunt])])["goal-g"]
    assert left["expressedBy"]["type"] == "Practitioner"


# --- requests -------------------------------------------------------------------------------------

KINDS = {
    "medication": ("MedicationRequest", "cancelled"),
    "psychotherapy": ("ServiceRequest", "revoked"),
    "visit": ("ServiceRequest", "revoked"),
    "self-care": ("Task", "cancelled"),
    "social": ("Task", "cancelled"),
    "other": ("Task", "cancelled"),
    "contact": ("CommunicationRequest", "revoked"),
}
LEFT = {"text": "Not in the plan since version 2"}
OTHER = {"text": "Of another kind since version 2"}


def why(body: Json, fhir: Any) -> Json:
    """The reason, wherever this type of resource has it, as FHIR's definitions say."""
    if body["resourceType"] == "ServiceRequest":
        told = [e for e in body["extension"] if e["url"] == f"{SD}/request-statusReason"]
        assert "statusReason" not in body
        return told[0]["valueCodeableConcept"]
    if body["resourceType"] == "Task" and fhir is R5:
        return body["statusReason"]["concept"]
    return body["statusReason"]


@pytest.mark.parametrize("fhir", [R4, R5])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("outcome", VOICES)
def test_a_task_that_is_left_is_asked_for_no_longer(outcome: str, kind: str, fhir: Any) -> None:
    before = with_task(1, kind, outcome)
    made = bodies([before, version(2)], fhir)
    left, then = made["task-t"], bodies([before], fhir)["task-t"]
    assert (left["resourceType"], left["status"]) == KINDS[kind]
    assert why(left, fhir) == LEFT
    changed = "2026-03-09" if (kind, fhir) == ("medication", R5) else None
    assert left.get("statusChanged") == changed
    own_words = {"status", "statusReason", "statusChanged", "extension"}
    assert {k: v for k, v in left.items() if k not in own_words} == {
        k: v for k, v in then.items() if k not in own_words
    }
    assert left["extension"][:2] == then["extension"]  # who agreed, as it stood
    assert "activity" not in made["plan"]


@pytest.mark.parametrize("fhir", [R4, R5])
def test_another_kind_that_is_another_resource_has_a_key_of_its_own(fhir: Any) -> None:
    versions = [with_task(1, "medication"), with_task(2, "self-care")]
    made = bodies(versions, fhir)
    assert made["task-t"]["resourceType"] == "MedicationRequest"
    assert made["task-t"]["status"] == "cancelled"
    assert why(made["task-t"], fhir) == OTHER
    new = made["task-t:Task"]
    assert (new["resourceType"], new["authoredOn"]) == ("Task", "2026-03-09")
    assert new["identifier"][0]["value"] == f"{key('short')}-task-t:Task"
    planned = "reference" if fhir is R4 else "plannedActivityReference"
    assert made["plan"]["activity"] == [{planned: own("Task", "short", "task-t:Task")}]


def test_another_kind_of_one_resource_is_the_same_one() -> None:
    made = bodies([with_task(1, "psychotherapy"), with_task(2, "visit")])
    assert made["task-t"]["resourceType"] == "ServiceRequest"
    assert made["task-t"]["authoredOn"] == "2026-03-02"
    assert "task-t:ServiceRequest" not in made


def test_a_kind_that_comes_back_is_the_first_resource_again() -> None:
    kinds = ["medication", "contact", "medication", "visit"]
    versions = [with_task(number, kind) for number, kind in enumerate(kinds, 1)]
    statuses = [
        {name: one["status"] for name, one in bodies(versions[:n]).items() if "task" in name}
        for n in (3, 4)
    ]
    assert statuses == [
        {"task-t": "active", "task-t:CommunicationRequest": "revoked"},
        {
            "task-t": "cancelled",
            "task-t:CommunicationRequest": "revoked",
            "task-t:ServiceRequest": "draft",
        },
    ]


def test_a_medicine_that_is_left_is_what_was_taken_then() -> None:
    told = {"taken_as_agreed": 1, "of_days": 7, "said_by": "patient"}
    taken = [{"on": "2026-03-09", "adherence": {"t": told}}]
    versions = [with_task(1, "visit"), with_task(2, "medication", reviews=taken), version(3)]
    made = bodies(versions)
    medicine = own("MedicationRequest", "short", "task-t:MedicationRequest")
    assert made["review-2026-03-09-adherence-t"]["focus"] == [medicine]
    assert made["task-t:MedicationRequest"]["status"] == "cancelled"


@pytest.mark.parametrize("status", ["completed", "revoked"])
def test_a_task_that_ended_with_the_plan_stays_as_it_ended(status: str) -> None:
    ended = with_task(1, "visit", status=status, contact={"urgent": "Crisis line"})
    made, then = bodies([ended, version(2)]), bodies([ended])
    for name in ("task-t", "contact-urgent"):
        assert made[name] == then[name]
        assert made[name]["status"] == status


def test_contact_that_is_left_is_revoked() -> None:
    both = {"between_visits": "Portal", "urgent": "Crisis line"}
    made = bodies([version(1, contact=both), version(2, contact={"urgent": "Crisis line"})])
    assert made["contact-between-visits"] == {
        "resourceType": "CommunicationRequest",
        "identifier": [{"system": IDS, "value": f"{key('short')}-contact-between-visits"}],
        "status": "revoked",
        "statusReason": LEFT,
        "category": [
            {"coding": [{"system": f"{IG}/CodeSystem/concept", "code": "contact-between-visits"}]}
        ],
        "subject": MR_JONES,
        "authoredOn": "2026-03-02",
        "payload": [{"contentString": "Portal"}],
    }
    assert made["contact-urgent"]["status"] == "draft"
    urgent = own("CommunicationRequest", "short", "contact-urgent")
    assert made["plan"]["activity"] == [{"reference": urgent}]
    gone = bodies([version(1, contact=both), version(2)])
    assert gone["contact-urgent"]["status"] == "revoked"
    assert "activity" not in gone["plan"]


def test_what_ended_comes_after_what_it_refers_to() -> None:
    goals = [{"goal": name, "text": "Sleep"} for name in "ab"]
    task = {"task": "t", "kind": "other", "text": "x", "goals": ["a", "b"]}
    keys = [
        one.key
        for one in mapped([version(1, goals=goals, tasks=[task]), version(2, goals=goals[:1])])
    ]
    order = [f"{key('short')}-{name}" for name in ("goal-a", "goal-b", "task-t", "plan")]
    assert [one for one in keys if one in order] == order
