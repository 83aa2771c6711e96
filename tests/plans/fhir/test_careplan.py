"""The plan itself, its team, and how it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest

from alliance_fhir.config import Settings

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
    bodies,
    example,
    key,
    mapped,
    own,
    person,
    plan,
    preference,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .making import Json

SNOMED = "http://snomed.info/sct"
XHTML = "{http://www.w3.org/1999/xhtml}"


def careplan(planned: str) -> Json:
    """Mr. Jones's second version, but for its text; `planned` is where activities have it."""
    requests = [
        ("MedicationRequest", "task-bupropion"),
        ("Task", "task-sleep-hygiene"),
        ("Task", "task-friends"),
        ("ServiceRequest", "task-talks"),
        ("ServiceRequest", "task-next-visit"),
        ("CommunicationRequest", "contact-between-visits"),
        ("CommunicationRequest", "contact-urgent"),
        ("ServiceRequest", "next-review"),
    ]
    category = "http://hl7.org/fhir/us/core/CodeSystem/careplan-category"
    return {
        "resourceType": "CarePlan",
        "extension": [
            {"url": f"{IG}/StructureDefinition/plan-version", "valuePositiveInt": 2},
            {
                "url": f"{IG}/StructureDefinition/plan-written",
                "valueDateTime": "2026-03-09T15:20:00-04:00",
            },
            {"url": f"{IG}/StructureDefinition/source-record", "valueString": "jones-2026"},
        ],
        "identifier": [{"system": IDS, "value": f"{key('jones-2026')}-plan"}],
        "status": "active",
        "intent": "plan",
        "category": [
            {"coding": [{"system": SNOMED, "code": "734163000"}]},
            {"coding": [{"system": category, "code": "assess-plan"}]},
        ],
        "title": "Shared plan",
        "subject": MR_JONES,
        "period": {"start": "2026-03-02"},
        "created": "2026-03-02T14:10:00-05:00",
        "contributor": [MR_JONES, KURTZ],
        "careTeam": [own("CareTeam", "jones-2026", "team")],
        "goal": [own("Goal", "jones-2026", f"goal-{g}") for g in ("sleep", "job", "people")],
        "supportingInfo": [
            own("QuestionnaireResponse", "jones-2026", "first"),
            own("QuestionnaireResponse", "jones-2026", "review-2026-03-09"),
            *(own("Observation", "jones-2026", preference("jones-2026", one)) for one in WANTED),
        ],
        "activity": [{planned: own(type_, "jones-2026", name)} for type_, name in requests],
    }


def test_the_plan_names_all_that_belongs_to_it() -> None:
    for version, planned in ((R4, "reference"), (R5, "plannedActivityReference")):
        made = bodies(example(*JONES[:2]), version)["plan"]
        assert made.pop("text")["status"] == "generated"
        assert made == careplan(planned)


def test_what_is_referred_to_comes_first() -> None:
    seen: set[str] = set()
    for resource in mapped(example(*JONES)):
        body = resource.body
        of_the_plan = {
            told["identifier"]["value"]
            for told in references(body)
            if told["identifier"]["system"] == IDS
        }
        assert of_the_plan <= seen, resource.key
        seen.add(resource.key)
    assert len(seen) == len(mapped(example(*JONES)))
    assert resource.type == "CarePlan"


def references(part: Any) -> list[Json]:
    """All references by identifier."""
    if isinstance(part, list):
        return [told for one in part for told in references(one)]
    if not isinstance(part, dict):
        return []
    here = [part] if "type" in part and isinstance(part.get("identifier"), dict) else []
    return here + [told for one in part.values() for told in references(one)]


@pytest.mark.parametrize("status", ["draft", "active", "on-hold", "completed", "revoked"])
def test_the_plan_has_the_status_of_its_document(status: str) -> None:
    said = [{"party": "kurtz", "status": "agree", "on": "2026-03-02"}]
    task = {"task": "t", "kind": "other", "text": "Words", "agreement": said}
    teams = {"draft": "proposed", "active": "active", "on-hold": "suspended"}
    made = bodies([plan(status=status, tasks=[task], contact={"urgent": "Crisis line"})])
    assert made["plan"]["status"] == status
    assert made["contact-urgent"]["status"] == status
    assert made["team"]["status"] == teams.get(status, "inactive")


@pytest.mark.parametrize("word", ["", "disagree", "withdrawn"])
def test_a_plan_on_which_nobody_has_agreed_to_anything_is_a_draft(word: str) -> None:
    said = [{"party": "patient", "status": word, "on": "2026-03-02"}] if word else []
    goal = {"goal": "g", "text": "Sleep", "agreement": said}
    assert bodies([plan(goals=[goal])])["plan"]["status"] == "draft"
    assert bodies([plan(goals=[goal])])["team"]["status"] == "proposed"
    assert bodies([plan()])["plan"]["status"] == "draft"  # there is nothing to agree to
    assert bodies([plan(goals=[goal], status="on-hold")])["plan"]["status"] == "on-hold"


def test_the_team_is_all_who_speak() -> None:
    mother = person("RelatedPerson", "caregiver", "1032-a")
    girl = person("Patient", "mrn", "1032")
    patient: Json = {"coding": [{"system": SNOMED, "code": "116154003"}]}
    team = {
        "resourceType": "CareTeam",
        "identifier": [{"system": IDS, "value": f"{key('adolescent-2026')}-team"}],
        "status": "active",
        "subject": girl,
        "participant": [
            {"role": [patient], "member": girl},
            {"role": [{"text": "Clinician"}], "member": KURTZ},
            {"role": [{"text": "Guardian"}], "member": mother},
        ],
    }
    assert bodies(example("adolescent-1"))["team"] == team
    for participant in team["participant"]:
        (participant["role"],) = participant["role"]
    assert bodies(example("adolescent-1"), R5)["team"] == team


def test_the_labels_are_the_sites_and_say_whose_words_they_are() -> None:
    settings = SITE.model_copy(update={"synthetic": True})
    system = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
    for resource in mapped(example(*JONES), settings=settings):
        labels = resource.body["meta"]
        told = [one["code"] for one in labels["security"] if one["system"] == system]
        said = resource.type in ("Observation", "QuestionnaireResponse")
        assert told == (["PATRPT"] if said else [])
        assert [one["code"] for one in labels["tag"]] == ["HTEST"]
    bare = SITE.model_copy(
        update={"confidentiality": None, "sensitivity": (), "claim_profiles": False}
    )
    assert all("meta" not in one.body for one in mapped([plan()], settings=bare))


def test_a_secret_key_changes_every_identifier(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {one.key for one in mapped(example(*JONES))}
    monkeypatch.setenv("ALLIANCE_FHIR_KEY", "a key of sixteen bytes and more")
    other = Settings.model_validate(SITE.model_dump())
    after = {one.key for one in mapped(example(*JONES), settings=other)}
    assert len(after) == len(before)
    assert not before & after


def test_versions_of_two_plans_or_patients_are_no_plan() -> None:
    for versions in ([], [plan(), plan(plan="other")], [plan(), plan(patient="1002")]):
        with pytest.raises(ValueError, match="one plan and one patient"):
            mapped(versions)


# --- how it reads ---------------------------------------------------------------------------------


def text(versions: Sequence[Any]) -> tuple[str, list[str]]:
    """The narrative, as it is and line by line as it is read."""
    div = bodies(list(versions))["plan"]["text"]["div"]
    root = ElementTree.fromstring(div)  # noqa: S314 - our own text
    assert root.tag == f"{XHTML}div"
    for line_break in root.iter(f"{XHTML}br"):
        line_break.text = "\n"
    blocks = [
        one
        for one in root.iter()
        if one.tag.removeprefix(XHTML) in ("p", "h2", "li") and one.find(f"{XHTML}p") is None
    ]
    lines = [line for block in blocks for line in "".join(block.itertext()).split("\n")]
    return div, [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def test_a_patient_can_read_it() -> None:
    _, lines = text(example("adolescent-1"))
    assert lines == [
        "Shared plan, version 1, written on 27 February 2026. It is in use.",
        "What is sought",
        "Mornings without a fight",
        "Hopes",
        "To be left alone about school",
        "To paint again",
        "Goals",
        "On 3 school days a week, up and dressed without a fight",
        "To be seen by: calm-mornings, at least 3 per week",
        "Proposed by guardian 1032-a.",
        "The patient has not said anything yet.",
        "Clinician kurtz and guardian 1032-a agreed on 27 February 2026.",
        "Paint on two afternoons a week",
        "Proposed by the patient.",
        "The patient and clinician kurtz agreed on 27 February 2026.",
        "Guardian 1032-a said no on 27 February 2026.",
        "What we do",
        "Talks with paper and paint on the table",
        "Who: clinician kurtz",
        "When: every week",
        "Proposed by the patient.",
        "Also considered: Talks alone; A group of her age; Talks with her mother present",
        "The patient and clinician kurtz agreed on 27 February 2026.",
        "Guardian 1032-a agreed on 28 February 2026.",
        "Wakes her once, and then leaves it to her",
        "Who: guardian 1032-a",
        "Proposed by the patient.",
        "The patient agreed on 27 February 2026.",
        "Clinician kurtz has not said anything yet.",
        "Guardian 1032-a agreed on 28 February 2026.",
        "Between visits",
        "Text message to the clinic; what she writes is not shown to her mother",
        "When it is urgent: The crisis line for young people, day and night",
        "When we look at it again",
        "On 27 March 2026.",
    ]


def test_entries_of_several_lines_stand_apart_and_days_are_not_torn() -> None:
    div, _ = text(example("adolescent-1"))
    goal = "<p><b>Paint on two afternoons a week</b><br/>Proposed by the patient.<br/>"
    assert f"<li>{goal}" in div
    assert "written on 27\N{NO-BREAK SPACE}February\N{NO-BREAK SPACE}2026. It" in div


MEASURES = [
    (">= 7", "h", "at least 7 hours"),
    ("<=1", "h", "at most 1 hour"),
    ("> 21", "d", "more than 21 days"),
    ("< 2", "h/d", "less than 2 hours per day"),
    ("3", "/wk", "3 per week"),
    (">= 2", "visits/mo", "at least 2 visits per month"),
    ("70.5", "kg", "70.5 kg"),
    ("20", "kg/m2", "20 kg/m2"),
    ("most of the nights", None, "most of the nights"),
    (None, "min", "minutes"),
]


@pytest.mark.parametrize(("target", "unit", "read"), MEASURES)
def test_a_measure_reads_as_people_say_it(target: str | None, unit: str | None, read: str) -> None:
    measure = {"code": "log", "target": target, "unit": unit, "due": "2026-04-01"}
    told = {key: value for key, value in measure.items() if value}
    _, lines = text([plan(goals=[{"goal": "g", "text": "x", "measure": told}])])
    assert f"To be seen by: log, {read}, until 1 April 2026" in lines


def test_a_review_is_told_without_what_the_patient_rated() -> None:
    _, lines = text(example(*JONES[:2]))
    assert lines[lines.index("Looking back") :] == [
        "Looking back",
        "9 March 2026",
        "What works: Melatonin",
        "What does not: The walk in the evening: too tired",
        "What changes: Walk in the morning; Talk about sleep and work first",
        "When we look at it again",
        "On 16 March 2026 at 14:30.",
    ]
    assert "To be seen by: hours-slept, at least 7 hours, until 30 April 2026" in lines


def test_what_was_said_in_confidence_is_not_in_it() -> None:
    told = {
        "reason": "SECRET",
        "concerns": ["SECRET"],
        "background": ["SECRET"],
        "barriers": [{"text": "SECRET", "plan": "SECRET"}],
        "adolescent": {"options_offered": ["SECRET"]},
    }
    div, lines = text([plan(**told)])
    assert "SECRET" not in div
    assert lines == ["Shared plan, version 1, written on 2 March 2026. It is a draft."]


SAID = [
    ("agree", "The patient agreed to other words on 1 March 2026"),
    ("disagree", "The patient said no to other words on 1 March 2026"),
    ("withdrawn", "The patient took an agreement to other words back on 1 March 2026"),
]


@pytest.mark.parametrize(("word", "sentence"), SAID)
def test_what_was_said_to_other_words_is_told(word: str, sentence: str) -> None:
    said = [{"party": "patient", "status": word, "on": "2026-03-01"}]
    versions = [
        plan(
            version=number,
            written=f"2026-03-0{number}",
            goals=[{"goal": "g", "text": words, "agreement": said}],
        )
        for number, words in ((1, "Sleep"), (2, "Sleep well"))
    ]
    assert text(versions)[1][-2:] == [
        f"{sentence}, and has not said anything to these yet.",
        "Clinician kurtz has not said anything yet.",
    ]
    now = {
        "agree": "The patient agreed on 1 March 2026.",
        "disagree": "The patient said no on 1 March 2026.",
        "withdrawn": "The patient took the agreement back on 1 March 2026.",
    }
    assert text(versions[:1])[1][-2] == now[word]


def test_who_stands_alike_is_told_together() -> None:
    aunt = "urn:example:caregiver|aunt"
    told = {"clinicians": ["kurtz", "lee"], "adolescent": {"guardians": [aunt]}}
    goals = [{"goal": "g", "text": words, "agreement": []} for words in ("Sleep", "Sleep well")]
    staff = [{"party": who, "status": "disagree", "on": "2026-03-01"} for who in ("kurtz", "lee")]
    first = plan(goals=[goals[0] | {"agreement": staff}], **told)
    assert text([first])[1][-2:] == [
        "The patient and guardian aunt have not said anything yet.",
        "Clinician kurtz and clinician lee said no on 1 March 2026.",
    ]
    second = plan(version=2, written="2026-03-09", goals=goals[1:], **told)
    assert text([first, second])[1][-1] == (
        "Clinician kurtz and clinician lee said no to other words on 1 March 2026, "
        "and have not said anything to these yet."
    )
    silent = plan(goals=goals[1:], **told)
    everybody = "The patient, clinician kurtz, clinician lee and guardian aunt"
    assert text([silent])[1][-1] == f"{everybody} have not said anything yet."


def test_lines_are_kept_and_markup_is_only_words() -> None:
    words = "<script>alert('1')</script>\n&lt;b> \"quoted\" ]]> <!-- -->"
    div, lines = text([plan(goals=[{"goal": "g", "text": words}], hopes=[words])])
    assert "<script" not in div
    assert "<!--" not in div
    assert lines[2:4] == words.split("\n")
    assert lines[5:7] == words.split("\n")


def test_what_others_keep_is_listed_by_its_own_type_whatever_the_address_begins_with() -> None:
    goal, task = "https://ehr.example/Task/Goal/1", "https://ehr.example/Goal/Task/1"
    careplan = bodies([plan(kept_by_others=[task, goal])])["plan"]
    assert [one["reference"] for one in careplan["goal"]] == [goal]
    assert [one["reference"]["reference"] for one in careplan["activity"]] == [task]


def test_numbers_of_people_are_escaped() -> None:
    clinician = "urn:example:staff|<b>&kurtz"
    made = plan(
        clinicians=[clinician], goals=[{"goal": "g", "text": "x", "proposed_by": clinician}]
    )
    div, lines = text([made])
    assert "<b>&" not in div
    assert "Proposed by clinician <b>&kurtz." in lines


def test_who_was_a_guardian_and_is_a_clinician_now_is_a_clinician() -> None:
    aunt = "urn:example:caregiver|aunt"
    before = plan(adolescent={"guardians": [aunt]})
    now = plan(version=2, written="2026-03-09", clinicians=["kurtz", aunt])
    assert bodies([before, now])["plan"]["contributor"] == [
        MR_JONES,
        KURTZ,
        person("Practitioner", "caregiver", "aunt"),
    ]
