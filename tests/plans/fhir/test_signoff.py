"""Who stands behind a version: those who agreed to all of it, and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.fhir.plan.signoff import sign_offs

from .making import (
    JONES,
    KURTZ,
    MR_JONES,
    R4,
    R5,
    SITE,
    bare,
    example,
    key,
    mapped,
    own,
    person,
    plan,
    words,
)

if TYPE_CHECKING:
    from .making import Json

TYPES = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
ROOT = "https://alliance-fhir.github.io/id/clinic-east"


def every(versions: list[Any], **settings: Any) -> list[Any]:
    return sign_offs(versions, R4, SITE.model_copy(update=settings))


def signed(versions: list[Any], **settings: Any) -> Any:
    """The one of the newest version, or None."""
    made = {
        one.key.split("-signed-")[1].partition("-")[0]: one for one in every(versions, **settings)
    }
    return made.get(str(max(one.version for one in versions)))


def agent(code: str, who: Json, **more: Json) -> Json:
    return {"type": {"coding": [{"system": TYPES, "code": code}]}, "who": who, **more}


EAST = person("Organization", "org", "east")


def told(patient: str, clinician: str, text: str = "Walk", **more: Any) -> Any:
    """A plan with one task, and what its two parties said of it."""
    said = [
        {"party": party, "status": word, "on": f"2026-03-{2 + place:02}"}
        for place, (party, word) in enumerate((("patient", patient), ("kurtz", clinician)))
        if word
    ]
    task = {"task": "t", "kind": "self-care", "text": text, "agreement": said}
    return plan(tasks=[task], **more)


def test_a_version_to_which_both_agreed() -> None:
    made = signed([told("agree", "agree")])
    task = words("self-care", "Walk", "", "").removeprefix("blake2b:")
    named = f"{key('short')}-plan|1|{words('task:t', task)}"
    assert made.key.startswith(f"{key('short')}-signed-1-")
    assert made.body["meta"]["profile"] == [
        "https://alliance-fhir.github.io/ig/StructureDefinition/alliance-provenance"
    ]
    assert made.body["meta"]["tag"] == [{"system": f"{ROOT}/provenance", "code": made.key}]
    assert bare(made) == {
        "resourceType": "Provenance",
        "target": [own("CarePlan", "short", "plan"), own("Task", "short", "task-t")],
        "occurredDateTime": "2026-03-03",
        "recorded": "2026-03-03T00:00:00Z",
        "activity": {"text": "Agreement to version 1 of a shared plan"},
        "agent": [
            agent("author", MR_JONES),
            agent("attester", KURTZ, onBehalfOf=EAST),
        ],
        "entity": [
            {
                "role": "source",
                "what": {"identifier": {"system": f"{ROOT}/plan-version", "value": named}},
            }
        ],
    }
    (new,) = sign_offs([told("agree", "agree")], R5, SITE)
    assert "profile" not in new.body["meta"]
    labels = {name: told for name, told in made.body["meta"].items() if name != "profile"}
    assert new.body == made.body | {"meta": labels}


@pytest.mark.parametrize("word", ["", "disagree", "withdrawn"])
def test_who_did_not_agree_is_no_agent(word: str) -> None:
    assert bare(signed([told("agree", word)]))["agent"] == [agent("author", MR_JONES)]
    assert signed([told(word, "agree")], organization="").body["agent"] == [
        agent("attester", KURTZ)
    ]
    assert signed([told(word, "")]) is None


def test_where_there_is_nothing_to_agree_to_nobody_stands_behind_it() -> None:
    assert signed([plan()]) is None


def test_a_new_version_needs_a_new_one() -> None:
    first = told("agree", "agree", written="2026-03-01")
    changed = told("", "agree", "Run", version=2, written="2026-03-03")
    both = told("agree", "agree", "Run", version=2, written="2026-03-02")
    one, two, three = signed([first]), signed([first, changed]), signed([first, both])
    assert [a["who"] for a in two.body["agent"]] == [KURTZ]
    assert len({made.key for made in (one, two, three)}) == 3
    assert signed([first]).key == one.key  # the same says the same


WRITTEN = {
    # a day, or a time with its offset; and what is recorded, of agreements on 2 and 3 March
    "2026-03-05": "2026-03-05T00:00:00Z",
    "2026-03-03": "2026-03-03T00:00:00Z",
    "2026-03-02": "2026-03-03T00:00:00Z",
    "2026-03-03T17:00:00-05:00": "2026-03-03T22:00:00Z",
    "2026-03-03T22:00:00-05:00": "2026-03-04T03:00:00Z",
    "2026-03-03T08:00:00+09:00": "2026-03-03T00:00:00Z",
    "2026-03-03T00:00:00.250Z": "2026-03-03T00:00:00.250000Z",
    "2026-03-02T10:00:00Z": "2026-03-03T00:00:00Z",
}


@pytest.mark.parametrize("written", WRITTEN)
def test_it_was_recorded_when_the_version_was_written_and_not_before_it_was_said(
    written: str,
) -> None:
    made = signed([told("agree", "agree", written=written)])
    assert made.body["recorded"] == WRITTEN[written]
    assert made.body["occurredDateTime"] == "2026-03-03"


def test_every_version_has_its_own_and_later_ones_change_nothing_of_it() -> None:
    made = every(example(*JONES))
    told = [(one.body["recorded"], [a["who"] for a in one.body["agent"]]) for one in made]
    assert told == [
        ("2026-03-02T19:10:00Z", [KURTZ]),
        ("2026-03-09T19:20:00Z", [MR_JONES, KURTZ]),
        ("2026-03-30T21:50:00Z", [MR_JONES, KURTZ]),
    ]
    for number in (1, 2):
        before = every(example(*JONES[:number]))
        assert [one.json() for one in before] == [one.json() for one in made[:number]]
    assert [one.json() for one in every(example(*reversed(JONES)))] == [one.json() for one in made]
    assert not any("-prov-" in one.key for one in made)
    settings = {"synthetic": True}
    for one in every(example(*JONES), **settings):
        assert one.body["meta"]["tag"][-1] == {"system": f"{ROOT}/provenance", "code": one.key}


def test_a_version_on_which_nobody_agreed_to_all_has_none() -> None:
    first = told("agree", "", written="2026-03-01")
    silent = told("", "", "Run", version=2, written="2026-03-04")
    again = told("agree", "agree", version=3, written="2026-03-04")
    made = every([first, silent, again])
    assert [one.body["activity"]["text"][:22] for one in made] == [
        "Agreement to version 1",
        "Agreement to version 3",
    ]


def test_who_attested_as_a_guardian_did_so_as_one() -> None:
    aunt = "urn:example:kin|aunt"
    said = [{"party": aunt, "status": "agree", "on": "2026-03-02"}]
    task = {"task": "t", "kind": "other", "text": "x", "agreement": said}
    before = plan(tasks=[task], adolescent={"guardians": [aunt]})
    after = plan(tasks=[task], clinicians=["kurtz", aunt], version=2, written="2026-03-09")
    types = [one.body["agent"][0]["who"]["type"] for one in every([before, after])]
    assert types == ["RelatedPerson", "Practitioner"]


def test_a_task_of_another_kind_is_the_target_that_it_is() -> None:
    def version(number: int, kind: str) -> Any:
        day = f"2026-03-0{number}"
        said = [{"party": "kurtz", "status": "agree", "on": day}]
        task = {"task": "t", "kind": kind, "text": "x", "agreement": said}
        return plan(tasks=[task], version=number, written=day)

    made = every([version(1, "visit"), version(2, "medication")])
    assert [one.body["target"][1] for one in made] == [
        own("ServiceRequest", "short", "task-t"),
        own("MedicationRequest", "short", "task-t:MedicationRequest"),
    ]


def test_an_agreement_to_a_part_is_no_sign_off() -> None:
    jones = signed(example("jones-1"))
    assert [a["who"] for a in jones.body["agent"]] == [KURTZ]  # he said no to the talks
    later = signed(example(*JONES))
    assert [a["who"] for a in later.body["agent"]] == [MR_JONES, KURTZ]
    assert signed(example("adolescent-1")) is None  # the task for her mother waits for Dr. Kurtz


def test_a_guardian_attests_for_nobody_but_themselves() -> None:
    aunt = "urn:example:kin|aunt"
    task = {
        "task": "t",
        "kind": "other",
        "text": "x",
        "agreement": [{"party": aunt, "status": "agree", "on": "2026-03-02"}],
    }
    made = signed([plan(tasks=[task], adolescent={"guardians": [aunt]})])
    assert made.body["agent"] == [agent("attester", person("RelatedPerson", "kin", "aunt"))]


def test_all_that_was_agreed_to_is_a_target() -> None:
    targets = signed(example(*JONES)).body["target"]
    keys = [one.key for one in mapped(example(*JONES)) if one.type == "CarePlan"]
    keys += [
        one.key for one in mapped(example(*JONES)) if "-goal-" in one.key or "-task-" in one.key
    ]
    assert [one["identifier"]["value"] for one in targets] == keys
    types = {one.key: one.type for one in mapped(example(*JONES))}
    assert all(types[one["identifier"]["value"]] == one["type"] for one in targets)
