"""Who stands behind a version: those who agreed to all of it, and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.fhir.plan.signoff import sign_off

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

RECORDED = "2026-04-01T06:00:00Z"
TYPES = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
ROOT = "https://alliance-fhir.github.io/id/clinic-east"


def signed(versions: list[Any], **settings: Any) -> Any:
    return sign_off(versions, R4, SITE.model_copy(update=settings), RECORDED)


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
    assert made.body["meta"]["tag"] == [{"system": f"{ROOT}/provenance", "code": made.key}]
    assert bare(made) == {
        "resourceType": "Provenance",
        "target": [own("CarePlan", "short", "plan"), own("Task", "short", "task-t")],
        "occurredDateTime": "2026-03-03",
        "recorded": RECORDED,
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
    assert sign_off([told("agree", "agree")], R5, SITE, RECORDED).body == made.body  # type: ignore


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
