"""Preferences that a plan says outright: an Observation each, as US Core has them."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.config import Settings

from .making import (
    IDS,
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
    words,
)
from .test_careplan import text

if TYPE_CHECKING:
    from alliance_fhir.domain.plan.document import SharedPlan
    from alliance_fhir.fhir.versions import Version

    from .making import Json

MOTHER = "urn:example:kin|mother"
YOUNG = {"adolescent": {"guardians": [MOTHER]}}
US_CORE = "http://hl7.org/fhir/us/core/CodeSystem/us-core-category"


def wanted(text: str, about: str = "treatment", **more: Any) -> Json:
    return {"text": text, "about": about, **more}


def observation(name: str, category: str, code: str, label: str, **rest: Any) -> Json:
    """As US Core's profiles ask for it; `name` is what comes after the plan's key."""
    return {
        "resourceType": "Observation",
        "identifier": [{"system": IDS, "value": name}],
        "status": "final",
        "category": [{"coding": [{"system": US_CORE, "code": category}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": code}], "text": label},
        **rest,
    }


def treatment(name: str, **rest: Any) -> Json:
    category, label = "treatment-intervention-preference", "Treatment intervention preference"
    return observation(name, category, "75773-2", label, **rest)


def care(name: str, **rest: Any) -> Json:
    category, label = "care-experience-preference", "Care experience preference"
    return observation(name, category, "95541-9", label, **rest)


def of(versions: list[SharedPlan], version: Version = R4) -> dict[str, Json]:
    """The Observations of preferences, by what comes after the plan's key."""
    made = bodies(versions, version)
    return {name: body for name, body in made.items() if name.startswith("preference-")}


def listed(versions: list[SharedPlan]) -> list[str]:
    """What the plan refers to beside its goals and tasks, by what comes after its key."""
    start = key(versions[0].plan)
    told = bodies(versions)["plan"].get("supportingInfo", [])
    return [one["identifier"]["value"].removeprefix(f"{start}-") for one in told]


@pytest.mark.parametrize("version", [R4, R5])
def test_mr_jones_prefers(version: Version) -> None:
    names = [preference("jones-2026", one) for one in WANTED]
    said: Json = {
        "subject": MR_JONES,
        "effectiveDateTime": "2026-03-02T14:10:00-05:00",
        "performer": [MR_JONES],
    }
    whole = [f"{key('jones-2026')}-{name}" for name in names]
    made = {
        names[0]: treatment(whole[0], **said, valueString=WANTED[0]),
        names[1]: care(whole[1], **said, valueString=WANTED[1]),
    }
    for number in (1, 2, 3):  # he has not said it again
        versions = example(*JONES[:number])
        assert of(versions, version) == made
        assert listed(versions)[-2:] == names


def test_who_said_it_is_its_performer_and_its_label() -> None:
    told = [
        wanted("No pills"),
        wanted("No pills", said_by=MOTHER),
        wanted("No pills", said_by="kurtz"),
    ]
    versions = [plan(preferences=told, **YOUNG)]
    made = {name: body["performer"] for name, body in of(versions).items()}
    kin = person("RelatedPerson", "kin", "mother")
    assert made == {
        preference("short", "No pills"): [MR_JONES],
        preference("short", "No pills", MOTHER): [kin],
        preference("short", "No pills", "urn:example:staff|kurtz"): [KURTZ],
    }
    assert listed(versions) == [*made]
    labels = [
        one.body["meta"]["security"][-1]["code"]
        for one in mapped(versions)
        if "-preference-" in one.key
    ]
    assert labels == ["PATRPT", "PACQRPT", "CLINRPT"]


def test_a_preference_is_dated_by_the_version_since_which_it_has_been_said() -> None:
    told = [["a", "b"], ["b"], ["a", "b", "c"]]
    versions = [
        plan(version=n, written=f"2026-03-0{n}", preferences=[wanted(one) for one in texts])
        for n, texts in enumerate(told, 1)
    ]
    names = {text: preference("short", text) for text in "abc"}
    days = {name: body["effectiveDateTime"] for name, body in of(versions).items()}
    assert days == {
        names["a"]: "2026-03-03",
        names["b"]: "2026-03-01",
        names["c"]: "2026-03-03",
    }


def test_what_is_left_out_was_said_then_and_is_referred_to_no_more() -> None:
    first = plan(preferences=[wanted("No pills"), wanted("To be asked", "care-experience")])
    second = plan(version=2, written="2026-03-09", preferences=[wanted("No needles")])
    last = plan(version=3, written="2026-03-16")
    before, after = of([first]), of([first, second, last])
    assert {name: after[name] for name in before} == before
    assert after[preference("short", "No needles")]["effectiveDateTime"] == "2026-03-09"
    assert len(after) == 3
    assert listed([first, second]) == [preference("short", "No needles")]
    assert listed([first, second, last]) == []


def test_words_are_the_same_however_they_are_broken_and_what_they_are_about_may_change() -> None:
    before = plan(preferences=[wanted("To be\nasked")])
    now = plan(
        version=2, written="2026-03-09", preferences=[wanted("To be  asked", "care-experience")]
    )
    name = preference("short", "To be asked")
    assert of([before, now]) == {
        name: care(
            f"{key('short')}-{name}",
            subject=MR_JONES,
            effectiveDateTime="2026-03-02",
            performer=[MR_JONES],
            valueString="To be  asked",
        )
    }


def test_a_secret_key_hides_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLIANCE_FHIR_KEY", "a key of sixteen bytes and more")
    settings = Settings.model_validate(SITE.model_dump())
    made = mapped([plan(preferences=[wanted("No pills")])], settings=settings)
    ((plans_key, end),) = [
        one.key.split("-preference-") for one in made if "-preference-" in one.key
    ]
    told = json.dumps(
        [plans_key, words("No pills").removeprefix("blake2b:")], separators=(",", ":")
    )
    secret = b"a key of sixteen bytes and more"
    assert end == blake2b(told.encode(), digest_size=16, key=secret).hexdigest()[:16]
    assert end != blake2b(told.encode(), digest_size=16).hexdigest()[:16]


def test_the_patient_can_read_it() -> None:
    told = [wanted("No <pills>\nand no needles"), wanted("To be asked first", said_by=MOTHER)]
    div, lines = text([plan(hopes=["Sleep"], preferences=told, **YOUNG)])
    assert lines[1:] == [
        "Hopes",
        "Sleep",
        "Preferences",
        "No <pills>",
        "and no needles",
        "To be asked first",
        "Said by guardian mother.",
    ]
    assert "<pills>" not in div


def test_a_plan_without_preferences_has_none() -> None:
    assert of([plan(hopes=["Sleep"])]) == {}
    assert listed([plan(hopes=["Sleep"])]) == ["first"]
    assert (
        own("QuestionnaireResponse", "short", "first")
        in bodies([plan(hopes=["Sleep"])])["plan"]["supportingInfo"]
    )
