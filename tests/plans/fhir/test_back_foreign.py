"""Care plans that others wrote: they come in as far as a plan document has a place for them, and
the rest is named.

The cases are of our own, after the shapes of published profiles; each names where its shape is
from.
"""

from __future__ import annotations

import copy
import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.config import Settings
from alliance_fhir.fhir.plan.reading import plans_in
from alliance_fhir.sources.plans.document import as_values

if TYPE_CHECKING:
    from alliance_fhir.fhir.plan.reading import Came

    from .making import Json

SITE = Settings(
    source="clinic-east", patient_system="urn:example:mrn", clinician_system="urn:example:staff"
)
ACCEPTANCE = "http://hl7.org/fhir/StructureDefinition/goal-acceptance"
PERTAINS = "http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal"
PRIORITY = "http://terminology.hl7.org/CodeSystem/goal-priority"
SNOMED = "http://snomed.info/sct"


def to(place: str, **more: Any) -> Json:
    return {"reference": place, **more}


def known(type_: str, id_: str, system: str, value: str, *more: Json) -> Json:
    """Somebody at the server, known by an identifier."""
    told = [*more, {"system": f"urn:example:{system}", "value": value}]
    return {"resourceType": type_, "id": id_, "identifier": told}


INSURED = {"system": "urn:example:insurer", "value": "77"}
PEOPLE = [
    known("Patient", "p", "mrn", "1001", INSURED),
    known("Practitioner", "k", "staff", "kurtz"),
    known("Practitioner", "m", "staff", "maier"),
    known("RelatedPerson", "r", "kin", "aunt"),
    {"resourceType": "PractitionerRole", "id": "role", "practitioner": to("Practitioner/k")},
    {"resourceType": "Practitioner", "id": "nobody", "name": [{"text": "x"}]},
]


def accepted(place: str, status: str, **more: Any) -> Json:
    parts = [
        {"url": "individual", "valueReference": to(place)},
        {"url": "status", "valueCode": status},
    ]
    return {"url": ACCEPTANCE, "extension": [*parts, *more.get("parts", [])]}


def told(came: Came) -> tuple[Json, list[str]]:
    """What the document says, and what was left, each with the reason."""
    assert came.plan
    return as_values(came.plan), [f"{one}: {one.why}" for one in came.left]


def read(*resources: Json, settings: Settings | None = SITE) -> Any:
    (came,) = plans_in([*resources, *PEOPLE], settings)
    return told(came) if came.plan else [f"{one}: {one.why}" for one in came.left]


# --- after US Core: http://hl7.org/fhir/us/core/StructureDefinition/us-core-careplan and
# us-core-goal, 9.0.0: a narrative that adds to the elements, the category assess-plan, goals with a
# day until when and without a measure

US_CORE: list[Json] = [
    {
        "resourceType": "CarePlan",
        "id": "1",
        "meta": {"lastUpdated": "2026-03-02T15:00:00.000+00:00", "versionId": "4"},
        "text": {"status": "additional", "div": "<div>Assessment and plan</div>"},
        "status": "active",
        "intent": "order",
        "category": [
            {
                "coding": [
                    {
                        "system": "http://hl7.org/fhir/us/core/CodeSystem/careplan-category",
                        "code": "assess-plan",
                        "display": "Assessment and Plan of Treatment",
                    }
                ]
            },
            {"coding": [{"system": SNOMED, "code": "734163000"}]},
        ],
        "title": "Low mood",
        "subject": to("Patient/p"),
        "careTeam": [to("CareTeam/t")],
        "addresses": [to("Condition/9")],
        "goal": [to("Goal/g")],
        "activity": [
            {"detail": {"status": "scheduled", "description": "Follow-up"}},
            {"reference": to("ServiceRequest/s")},
            {"outcomeReference": [to("Observation/o")], "reference": to("ServiceRequest/gone")},
        ],
    },
    {
        "resourceType": "CareTeam",
        "id": "t",
        "status": "active",
        "subject": to("Patient/p"),
        "participant": [
            {"member": to("Patient/p"), "role": [{"text": "Patient"}]},
            {"member": to("PractitionerRole/role")},
            {"member": to("RelatedPerson/r")},
            {"member": to("Practitioner/nobody")},
        ],
    },
    {
        "resourceType": "Goal",
        "id": "g",
        "text": {"status": "generated", "div": "<div>Goal</div>"},
        "lifecycleStatus": "active",
        "description": {
            "coding": [{"system": SNOMED, "code": "1", "display": "Sleeps through the night"}]
        },
        "subject": to("Patient/p"),
        "startDate": "2026-03-02",
        "target": [{"dueDate": "2026-04-30"}],
    },
    {
        "resourceType": "ServiceRequest",
        "id": "s",
        "status": "active",
        "intent": "order",
        "category": [{"coding": [{"system": SNOMED, "code": "2"}]}],
        "code": {"text": "Psychotherapy"},
        "subject": to("Patient/p"),
        "occurrenceDateTime": "2026-03-09",
        "requester": to("PractitionerRole/role"),
        "performer": [to("Practitioner/m"), to("Practitioner/k")],
    },
]


def test_us_core() -> None:
    assert read(*US_CORE) == (
        {
            "plan": "1",
            "patient": "urn:example:mrn|1001",
            "clinicians": ["urn:example:staff|kurtz"],
            "written": "2026-03-02T15:00:00Z",
            "version": 1,
            "status": "active",
            "goals": [{"goal": "g", "text": "Sleeps through the night"}],
            "tasks": [
                {
                    "task": "s",
                    "kind": "other",
                    "text": "Psychotherapy",
                    "proposed_by": "urn:example:staff|kurtz",
                    "who": "urn:example:staff|kurtz",
                    "when": "2026-03-09",
                }
            ],
        },
        [
            "CarePlan/1 text: no-place",
            "CarePlan/1 intent: no-place",
            "CarePlan/1 title: no-place",
            "CarePlan/1 addresses: no-place",
            "CarePlan/1 activity[0]: no-place",
            "CarePlan/1 activity[2].outcomeReference: no-place",
            "CarePlan/1 activity[2].reference: not-found",
            "CareTeam/t participant[0].role: no-place",
            "CareTeam/t participant[2]: not-a-party",
            "CareTeam/t participant[3]: not-named",
            "Goal/g lifecycleStatus: no-place",
            "Goal/g description.coding[0].system: no-place",
            "Goal/g description.coding[0].code: no-place",
            "Goal/g startDate: no-place",
            "Goal/g target: no-place",
            "ServiceRequest/s status: no-place",
            "ServiceRequest/s intent: no-place",
            "ServiceRequest/s category: no-place",
            "ServiceRequest/s performer[0]: not-a-party",
        ],
    )


# --- after US Core: us-core-treatment-intervention-preference and
# us-core-care-experience-preference, 8.0.0: a value in words or as a concept, a performer or none


def preferred(id_: str, code: str, category: str, **more: Any) -> Json:
    coding = {"system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-category", "code": category}
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "category": [{"coding": [{**coding, "display": "As it is shown"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": code, "display": "Shown"}]},
        "subject": to("Patient/p"),
        "effectiveDateTime": "2026-02-01",
        **more,
    }


def test_preferences_of_others_come_in() -> None:
    plan = {**US_CORE[0], "supportingInfo": [to(f"Observation/{n}") for n in "1234"]}
    treatment = "treatment-intervention-preference"
    document, left = read(
        plan,
        *US_CORE[1:],
        preferred("1", "75773-2", treatment, valueString="No pills", performer=[to("Patient/p")]),
        preferred(
            "2",
            "95541-9",
            "care-experience-preference",
            valueCodeableConcept={"text": "A quiet room"},
        ),
        preferred(
            "3", "75773-2", treatment, valueString="No needles", performer=[to("RelatedPerson/r")]
        ),
        preferred("4", "29463-7", "vital-signs", valueString="70"),
    )
    before, plain = read(*US_CORE)
    assert document == {
        **before,
        "preferences": [
            {"text": "No pills", "about": "treatment"},
            {"text": "A quiet room", "about": "care-experience"},
        ],
    }
    assert sorted({*left} - {*plain}) == [
        "CarePlan/1 supportingInfo[3]: no-place",
        "Observation/1 effectiveDateTime: no-place",
        "Observation/2 effectiveDateTime: no-place",
        "Observation/3: not-a-party",  # whose aunt it is, and for whom she speaks, nobody can tell
    ]


# --- after PCO: http://hl7.org/fhir/us/pco/StructureDefinition/pco-care-plan and pco-goal-profile,
# 1.0.0: goals in the patient's words, activities by reference alone; here in R5's elements as well

PCO: list[Json] = [
    {
        "resourceType": "CarePlan",
        "id": "what-matters",
        "identifier": [{"value": "WM 2026/7"}, {"system": "urn:example:plans", "value": "8"}],
        "status": "draft",
        "intent": "plan",
        "subject": to("https://west.example/fhir/Patient/p", type="Patient"),
        "created": "2026-03",
        "period": {"start": "2026-03-02", "end": "2026-06-30"},
        "custodian": to("Practitioner/k"),
        "contributor": [to("Patient/p"), to("RelatedPerson/r")],
        "goal": [to("#dog"), to("Goal/pain")],
        "contained": [
            {
                "resourceType": "Goal",
                "id": "dog",
                "extension": [accepted("Patient/p", "agree")],
                "lifecycleStatus": "proposed",
                "category": [{"text": "Physical function"}],
                "description": {"text": "Walk the dog once a week"},
                "subject": to("Patient/p"),
                "source": to("Patient/p"),
                "priority": {"coding": [{"system": PRIORITY, "code": "high-priority"}]},
                "target": [
                    {"dueDate": "2026-09"},
                    {
                        "measure": {"text": "walks"},
                        "detailQuantity": {
                            "value": 1,
                            "unit": "per week",
                            "system": "http://unitsofmeasure.org",
                            "code": "/wk",
                        },
                        "dueDate": "2026-09-30",
                    },
                ],
            }
        ],
        "activity": [
            {"plannedActivityReference": to("Task/walk")},
            {"plannedActivityReference": to("MedicationRequest/tea")},
            {"plannedActivityReference": to("CommunicationRequest/call")},
            {"plannedActivityReference": to("NutritionOrder/n")},
            {"progress": [{"text": "went well"}]},
        ],
    },
    {"resourceType": "NutritionOrder", "id": "n", "status": "active"},
    {
        "resourceType": "Goal",
        "id": "pain",
        "identifier": [{"system": "urn:example:goals", "value": "pain"}],
        "extension": [
            accepted("Patient/p", "agree"),
            accepted("Practitioner/k", "disagree", parts=[{"url": "priority"}]),
            accepted("Practitioner/m", "agree"),
            accepted("Practitioner/nobody", "pending"),
            accepted("Patient/p", "disagree"),
        ],
        "lifecycleStatus": "on-hold",
        "description": {"text": " Pain below 5 while walking "},
        "subject": to("Patient/p"),
        "expressedBy": to("RelatedPerson/r"),
        "statusDate": "2026-02-27",
        "target": [
            {
                "measure": {"coding": [{"system": "http://loinc.org", "display": "Pain score"}]},
                "detailQuantity": {"comparator": "<", "value": 4.50},
            },
            {"measure": {"text": "Steps"}},
        ],
    },
    {
        "resourceType": "Task",
        "id": "walk",
        "status": "accepted",
        "intent": "plan",
        "code": {"text": "Walk"},
        "owner": to("Patient/p"),
        "extension": [
            {"url": PERTAINS, "valueReference": to("Goal/pain")},
            {"url": PERTAINS, "valueReference": to("#dog")},
            {"url": PERTAINS, "valueReference": to("Goal/other")},
        ],
        "note": [{"text": "in any weather"}],
    },
    {
        "resourceType": "MedicationRequest",
        "id": "tea",
        "status": "draft",
        "intent": "plan",
        "medication": {"reference": to("Medication/m")},
        "subject": to("Patient/p"),
        "performer": [to("Patient/p")],
        "dosageInstruction": [{"timing": {"code": {"text": "at bedtime"}}, "text": "1 cup"}],
    },
    {"resourceType": "Medication", "id": "m", "code": {"text": "Tea"}, "status": "active"},
    {
        "resourceType": "CommunicationRequest",
        "id": "call",
        "status": "draft",
        "intent": "plan",
        "subject": to("Patient/p"),
        "payload": [
            {"contentCodeableConcept": {"text": "Phone call"}},
            {"contentAttachment": {"url": "https://west.example/leaflet"}},
        ],
        "informationProvider": [to("Practitioner/k")],
    },
]


def test_pco() -> None:
    assert read(*PCO) == (
        {
            "plan": "WM 2026/7",
            "patient": "urn:example:mrn|1001",
            "clinicians": ["urn:example:staff|kurtz"],
            "written": "2026-03-02",
            "version": 1,
            "status": "draft",
            "goals": [
                {
                    "goal": "dog",
                    "text": "Walk the dog once a week",
                    "proposed_by": "patient",
                    "priority": "high",
                    "measure": {
                        "code": "walks",
                        "target": "1",
                        "unit": "/wk",
                        "due": "2026-09-30",
                    },
                    "agreement": [{"party": "patient", "status": "agree", "on": "2026-03-02"}],
                },
                {
                    "goal": "pain",
                    "text": "Pain below 5 while walking",
                    "measure": {"code": "Pain score", "target": "< 4.5"},
                    "agreement": [
                        {"party": "patient", "status": "agree", "on": "2026-02-27"},
                        {
                            "party": "urn:example:staff|kurtz",
                            "status": "disagree",
                            "on": "2026-02-27",
                        },
                    ],
                },
            ],
            "tasks": [
                {
                    "task": "walk",
                    "kind": "other",
                    "text": "Walk",
                    "who": "patient",
                    "goals": ["dog", "pain"],
                },
                {
                    "task": "tea",
                    "kind": "medication",
                    "text": "Tea",
                    "who": "patient",
                    "when": "at bedtime",
                },
                {
                    "task": "call",
                    "kind": "contact",
                    "text": "Phone call",
                    "who": "urn:example:staff|kurtz",
                },
            ],
        },
        [
            "CarePlan/what-matters identifier[1]: no-place",
            "CarePlan/what-matters created: no-place",
            "CarePlan/what-matters period.end: no-place",
            "CarePlan/what-matters contributor[1]: not-a-party",
            "CarePlan/what-matters contained[0].extension[0]: day-assumed",
            "CarePlan/what-matters contained[0].category: no-place",
            "CarePlan/what-matters contained[0].target[0]: no-place",
            "CarePlan/what-matters contained[0].target[1].detailQuantity.unit: no-place",
            "CarePlan/what-matters activity[3]: no-place",
            "CarePlan/what-matters activity[4]: no-place",
            "Goal/pain extension[0]: day-assumed",
            "Goal/pain extension[1]: day-assumed",
            "Goal/pain extension[1].extension[2]: no-place",
            "Goal/pain extension[2]: not-a-party",
            "Goal/pain extension[3]: not-named",
            "Goal/pain extension[4]: found-twice",
            "Goal/pain lifecycleStatus: no-place",
            "Goal/pain expressedBy: not-a-party",
            "Goal/pain statusDate: no-place",
            "Goal/pain target[0].measure.coding[0].system: no-place",
            "Goal/pain target[1]: no-place",
            "Task/walk status: no-place",
            "Task/walk extension[2]: not-found",
            "Task/walk note: no-place",
            "MedicationRequest/tea dosageInstruction[0].text: no-place",
            "CommunicationRequest/call payload[1]: no-place",
            "Medication/m status: no-place",
        ],
    )


# --- after MCC: http://hl7.org/fhir/us/mcc/StructureDefinition/mccCarePlan, 1.0.0: contributors
# instead of an author, a custodian as an extension, goals with acceptances that have priorities

MCC: list[Json] = [
    {
        "resourceType": "CarePlan",
        "id": "mcc",
        "extension": [
            {
                "url": "http://hl7.org/fhir/us/mcc/StructureDefinition/custodian",
                "valueReference": to("Practitioner/k"),
            }
        ],
        "identifier": [{"system": "urn:example:plans", "value": "ecare-1"}],
        "status": "completed",
        "intent": "plan",
        "subject": {"identifier": {"system": "urn:example:mrn", "value": "1001"}},
        "period": {"start": "2026-01-05"},
        "created": "2026-01-05T09:00:00-05:00",
        "author": to("Practitioner/m"),
        "contributor": [
            to("Practitioner/k"),
            {"identifier": {"system": "urn:example:staff", "value": "castaneda"},
             "type": "Practitioner"},
            to("Practitioner/k"),
            to("Organization/o"),
        ],
        "goal": [to("Goal/a"), to("Goal/b"), to("Goal/a")],
        "activity": [{"reference": to("MedicationRequest/m")}],
        "supportingInfo": [to("Observation/o")],
        "note": [{"text": "Seen by all"}],
    },
    {
        "resourceType": "Goal",
        "id": "a",
        "lifecycleStatus": "completed",
        "achievementStatus": {"text": "achieved"},
        "description": {"text": "Walk without pain"},
        "subject": {"identifier": {"system": "urn:example:mrn", "value": "1001"}},
        "extension": [
            accepted("Patient/p", "agree"),
            accepted("Practitioner/k", "agree"),
            accepted("Practitioner/other", "agree"),
        ],
    },
    {
        "resourceType": "Goal",
        "id": "b",
        "lifecycleStatus": "cancelled",
        "description": {"text": "Run"},
        "subject": to("Patient/p"),
    },
    {
        "resourceType": "MedicationRequest",
        "id": "m",
        "status": "stopped",
        "intent": "order",
        "medicationReference": to("Medication/9"),
        "subject": to("Patient/p"),
        "performer": to("Practitioner/k"),
    },
]  # fmt: skip


def test_mcc() -> None:
    assert read(*MCC) == (
        {
            "plan": "ecare-1",
            "patient": "urn:example:mrn|1001",
            "clinicians": ["urn:example:staff|kurtz", "urn:example:staff|castaneda"],
            "written": "2026-01-05T09:00:00-05:00",
            "version": 1,
            "status": "completed",
            "goals": [
                {
                    "goal": "a",
                    "text": "Walk without pain",
                    "agreement": [
                        {"party": "patient", "status": "agree", "on": "2026-01-05"},
                        {
                            "party": "urn:example:staff|kurtz",
                            "status": "agree",
                            "on": "2026-01-05",
                        },
                    ],
                },
                {"goal": "b", "text": "Run"},
            ],
        },
        [
            "CarePlan/mcc extension: no-place",
            "CarePlan/mcc author: no-place",
            "CarePlan/mcc contributor[3]: not-named",
            "CarePlan/mcc supportingInfo: no-place",
            "CarePlan/mcc note: no-place",
            "Goal/a lifecycleStatus: no-place",
            "Goal/a achievementStatus: no-place",
            "Goal/a extension[0]: day-assumed",
            "Goal/a extension[1]: day-assumed",
            "Goal/a extension[2]: not-named",
            "MedicationRequest/m: no-words",
        ],
    )


# --- single shapes --------------------------------------------------------------------------------

LEAST: Json = {
    "resourceType": "CarePlan",
    "id": "1",
    "status": "active",
    "intent": "plan",
    "subject": to("Patient/p"),
    "created": "2026-03-02",
    "contributor": [to("Practitioner/k")],
}
LEAST_TOLD: Json = {
    "plan": "1",
    "patient": "urn:example:mrn|1001",
    "clinicians": ["urn:example:staff|kurtz"],
    "written": "2026-03-02",
    "version": 1,
    "status": "active",
}
GOAL: Json = {
    "resourceType": "Goal",
    "id": "g",
    "lifecycleStatus": "proposed",
    "description": {"text": "Sleep"},
    "subject": to("Patient/p"),
}
TASK: Json = {
    "resourceType": "Task",
    "id": "t",
    "status": "draft",
    "intent": "plan",
    "description": "Walk",
    "for": to("Patient/p"),
}


def plan(**more: Any) -> Json:
    """The least CarePlan, with more; None takes an element away."""
    told = {**copy.deepcopy(LEAST), **more}
    return {name: value for name, value in told.items() if value is not None}


def test_the_least() -> None:
    assert read(plan()) == (LEAST_TOLD, [])
    assert read(plan(title="", note=[], period={}, goal=[])) == (LEAST_TOLD, [])


NO_PLAN = {
    "withdrawn": {"status": "entered-in-error"},
    "status-unknown": {"status": "unknown"},
    "changes-meaning": {"modifierExtension": [{"url": "urn:x", "valueBoolean": True}]},
    "patient-not-named": {"subject": to("Patient/gone")},
    "clinician-not-named": {"contributor": [to("Practitioner/nobody"), to("Patient/p")]},
    "no-day": {"created": "2026-03"},
    "no-name": {"id": None, "identifier": [{"system": "urn:example:plans"}]},
}


@pytest.mark.parametrize("why", NO_PLAN)
def test_no_plan_comes_of_what_cannot_be_one(why: str) -> None:
    name = "CarePlan[0]" if why == "no-name" else "CarePlan/1"
    assert read(plan(**NO_PLAN[why])) == [f"{name}: {why}"]


@pytest.mark.parametrize(
    "more",
    [
        {"subject": to("Group/1")},
        {"subject": to("Practitioner/k")},
        {"subject": {"display": "the patient"}},
        {"subject": {"identifier": {"system": "no URI", "value": "1001"}}},
        {"subject": {"identifier": {"system": "urn:example:mrn", "value": "1|2"}}},
        {"subject": {"identifier": {"system": "urn:example:mrn", "value": " 1"}}},
    ],
)
def test_a_patient_is_told_by_an_identifier(more: Json) -> None:
    assert read(plan(**more)) == ["CarePlan/1: patient-not-named"]


def test_of_several_identifiers_that_of_the_site_counts() -> None:
    assert read(plan(), settings=None) == ["CarePlan/1: patient-not-named"]
    other = Settings(patient_system="urn:example:insurer")
    (came,) = plans_in([plan(), *PEOPLE], other)
    assert told(came) == ({**LEAST_TOLD, "patient": "urn:example:insurer|77"}, [])
    (came,) = plans_in([plan(), *PEOPLE, {**PEOPLE[0], "id": "q"}], SITE)
    assert told(came) == (LEAST_TOLD, [])
    twice = {**PEOPLE[0], "identifier": [PEOPLE[0]["identifier"][1]] * 2}
    (came,) = plans_in([plan(), twice, *PEOPLE[1:]], SITE)
    assert came.plan is None


def test_an_author_counts_where_nobody_contributes() -> None:
    (came,) = plans_in([plan(contributor=None, author=to("Practitioner/k")), *PEOPLE], SITE)
    assert told(came) == (LEAST_TOLD, [])


def test_nobody_is_patient_and_clinician() -> None:
    same = known("Practitioner", "self", "mrn", "1001")
    told, left = read(plan(contributor=[to("Practitioner/self"), to("Practitioner/k")]), same)
    assert told == LEAST_TOLD
    assert left == ["CarePlan/1 contributor[0]: not-a-party"]


def test_how_far_a_goal_has_come_goes_without_saying_where_it_is_active() -> None:
    progress = {
        "coding": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/goal-achievement",
                "code": "in-progress",
            }
        ]
    }
    said = [accepted(f"{who}", "agree") for who in ("Patient/p", "Practitioner/k")]
    goal = {**GOAL, "achievementStatus": progress}
    _, left = read(plan(goal=[to("Goal/g")]), goal)
    assert left == ["Goal/g achievementStatus: no-place"]
    goal |= {"extension": said, "lifecycleStatus": "active"}
    _, left = read(plan(goal=[to("Goal/g")]), goal)
    assert left == ["Goal/g extension[0]: day-assumed", "Goal/g extension[1]: day-assumed"]


def test_what_is_of_another_patient_is_not_carried() -> None:
    other = known("Patient", "q", "mrn", "1002")
    for subject in (to("Patient/q"), to("Practitioner/k"), {"display": "x"}):
        goal = {**GOAL, "subject": subject}
        told = read(plan(goal=[to("Goal/g")]), goal, other)
        assert told == (LEAST_TOLD, ["Goal/g: another-patient"])
    task = {**TASK, "for": to("Patient/q")}
    told = read(plan(activity=[{"reference": to("Task/t")}]), task, other)
    assert told == (LEAST_TOLD, ["Task/t: another-patient"])


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"lifecycleStatus": "entered-in-error"}, "withdrawn"),
        ({"lifecycleStatus": "rejected"}, "ended"),
        ({"description": {"coding": [{"code": "1"}]}}, "no-words"),
        ({"description": {"text": "x" * 4001}}, "no-words"),
        ({"description": "Sleep"}, "no-words"),
        ({"implicitRules": "urn:x"}, "changes-meaning"),
    ],
)
def test_a_goal_that_cannot_be_one(more: Json, why: str) -> None:
    told = read(plan(goal=[to("Goal/g")]), {**GOAL, **more})
    assert told == (LEAST_TOLD, [f"Goal/g: {why}"])


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"status": "entered-in-error"}, "withdrawn"),
        ({"status": "cancelled"}, "ended"),
        ({"description": None}, "no-words"),
        ({"doNotPerform": True}, "changes-meaning"),
    ],
)
def test_a_task_that_cannot_be_one(more: Json, why: str) -> None:
    """Above all nobody is told to do what is not to be done."""
    told = read(plan(activity=[{"reference": to("Task/t")}]), {**TASK, **more})
    assert told == (LEAST_TOLD, [f"Task/t: {why}"])


def short(*parts: str) -> str:
    """The beginning of a digest, by the standard library alone."""
    text = json.dumps(["urn:example:goals", *parts], separators=(",", ":"), ensure_ascii=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()[:8]


KEYS = {
    "pain": "pain",
    "a.b-c_d": "a.b-c_d",
    "x" * 64: "x" * 64,
    "x" * 65: f"{'x' * 55}-{short('x' * 65)}",
    "urn:uuid:7": f"urn-uuid-7-{short('urn:uuid:7')}",
    "-1": f"1-{short('-1')}",
    "\u00e4": short("\u00e4"),
    "Pain, less": f"Pain-less-{short('Pain, less')}",
}
"""What is made of identifiers of the system urn:example:goals."""


@pytest.mark.parametrize("value", KEYS)
def test_keys_are_made_of_identifiers(value: str) -> None:
    goal = {**GOAL, "identifier": [{"system": "urn:example:goals", "value": value}]}
    told, left = read(plan(goal=[to("Goal/g")]), goal)
    assert told["goals"] == [{"goal": KEYS[value], "text": "Sleep"}]
    assert left == []


def test_no_key_comes_twice() -> None:
    named = [{"type": {"text": "none yet"}}, {"system": "urn:example:goals", "value": "g0"}]
    goals = [{**GOAL, "id": f"g{n}", "identifier": named if n else []} for n in range(4)]
    told, _ = read(plan(goal=[to(f"Goal/g{n}") for n in range(4)]), *goals)
    keys = [goal["goal"] for goal in told["goals"]]
    digests = [short("g0"), short("g0", "again"), short("g0", "again", "again")]
    assert keys == ["g0", *(f"g0-{digest}" for digest in digests)]


def test_what_is_there_twice_is_not_guessed() -> None:
    named = {"identifier": [{"system": "urn:example:goals", "value": "g"}]}
    reference = {"type": "Goal", "identifier": named["identifier"][0]}
    twins = [{**GOAL, **named, "id": id_} for id_ in ("a", "b")]
    told = read(plan(goal=[reference]), *twins)
    assert told == (LEAST_TOLD, ["CarePlan/1 goal[0]: found-twice"])
    # the same that came on two pages is one, and so is one that is listed twice
    bare = {"identifier": named["identifier"][0]}
    told, left = read(plan(goal=[reference, bare, to("Goal/a")]), twins[0], twins[0])
    assert (len(told["goals"]), left) == (1, [])


def test_a_reference_says_of_which_type_it_is() -> None:
    goal = {**GOAL, "id": "t"}
    told = read(plan(goal=[to("Task/t"), to("urn:uuid:0"), to("#x")]), goal, TASK)
    assert told == (
        LEAST_TOLD,
        [
            "CarePlan/1 goal[0]: no-place",
            "CarePlan/1 goal[1]: not-found",
            "CarePlan/1 goal[2]: not-found",
        ],
    )


TARGETS: list[tuple[Json, Json | None, list[str]]] = [
    ({"detailQuantity": {"value": 7, "unit": "hours"}}, {"target": "7", "unit": "hours"}, []),
    ({"detailQuantity": {"value": 7.25}}, {"target": "7.25"}, []),
    (
        {"detailQuantity": {"value": 7, "unit": "hours", "system": "http://unitsofmeasure.org"}},
        {"target": "7", "unit": "hours"},
        ["target[0].detailQuantity.system"],
    ),
    (
        {"detailQuantity": {"value": 7, "comparator": "ad", "unit": "h"}},
        {},
        ["target[0].detailQuantity"],
    ),
    ({"detailQuantity": {"value": 1e300}}, {}, ["target[0].detailQuantity"]),
    ({"detailQuantity": {"value": True}}, {}, ["target[0].detailQuantity"]),
    ({"detailQuantity": {"comparator": "<"}}, {}, ["target[0].detailQuantity"]),
    ({"detailString": "by far more"}, {"target": "by far more"}, []),
    ({"detailString": "two\nlines"}, {}, ["target[0].detailString"]),
    ({"detailRange": {"low": {"value": 1}}}, {}, ["target[0].detailRange"]),
    ({"dueDate": "2026"}, {}, ["target[0].dueDate"]),
]


@pytest.mark.parametrize(("target", "measure", "left"), TARGETS)
def test_targets(target: Json, measure: Json, left: list[str]) -> None:
    goal = {**GOAL, "target": [{"measure": {"text": "log"}, **target}]}
    told, rest = read(plan(goal=[to("Goal/g")]), goal)
    assert told["goals"] == [{"goal": "g", "text": "Sleep", "measure": {"code": "log", **measure}}]
    assert rest == [f"Goal/g {path}: no-place" for path in left]


def test_a_long_text_is_a_target_with_a_unit() -> None:
    words = "so much better " * 20
    goal = {**GOAL, "target": [{"measure": {"text": "log"}, "detailString": words.strip()}]}
    told, left = read(plan(goal=[to("Goal/g")]), goal)
    measure = told["goals"][0]["measure"]
    assert f"{measure['target']} {measure['unit']}" == words.strip()
    assert left == []


def test_more_than_a_document_holds_is_left() -> None:
    goals = [{**GOAL, "id": f"g{n}"} for n in range(201)]
    tasks = [{**TASK, "id": f"t{n}"} for n in range(201)]
    told, left = read(
        plan(
            goal=[to(f"Goal/g{n}") for n in range(201)],
            activity=[{"reference": to(f"Task/t{n}")} for n in range(201)],
        ),
        *goals,
        *tasks,
    )
    assert (len(told["goals"]), len(told["tasks"])) == (200, 200)
    assert left == ["CarePlan/1 goal[200]: no-place", "Task/t200: no-place"]


def test_what_belongs_to_no_care_plan_is_no_concern() -> None:
    assert plans_in([GOAL, TASK, *PEOPLE]) == []
    two = plans_in([plan(), plan(id="2"), plan(id="2", status="unknown"), *PEOPLE], SITE)
    assert [came.plan.plan for came in two if came.plan] == ["1", "2"]
