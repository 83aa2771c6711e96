"""What the tests of merging have in common: what somebody does at a target, what stands in the
source then, and what a merge says of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import yaml

from .clinic import counts, edited, give, rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from .clinic import Clinic
    from .places import Place

Json = dict[str, Any]
SD = "http://hl7.org/fhir/StructureDefinition"
ACCEPTANCE = f"{SD}/goal-acceptance"
SAID = "https://alliance-fhir.github.io/ig/StructureDefinition/agreement-to"
CONCEPT = "https://alliance-fhir.github.io/ig/CodeSystem/concept"
PLAINLY = "Sleep well, and wake up rested"
"""What somebody wants to say in the place of hours and nights. It is in no message."""
KURTZ = "urn:example:staff|kurtz"
REASON = "Somebody's change at the target was merged with the source's, as asked."


def set_clock(monkeypatch: pytest.MonkeyPatch, when: datetime) -> None:
    """What our clock says; in UTC."""

    for one in ("delivery", "merging"):
        monkeypatch.setattr(f"alliance_fhir.{one}.now", lambda: f"{when:%Y-%m-%dT%H:%M:%SZ}")


# --- what somebody does at the target -------------------------------------------------------------


def says(text: str) -> Callable[[Json], Json]:
    """A goal has other words; nothing else of it is touched."""
    return lambda body: {**body, "description": {"text": text}}


def agreed_by(person: str, on: str) -> Callable[[Json], Json]:
    """Somebody agrees to a goal, on a day."""

    def change(body: Json) -> Json:
        return {**body, "extension": [_agreed(one, person, on) for one in body["extension"]]}

    return change


def _agreed(extension: Json, person: str, on: str) -> Json:
    if extension["url"] != ACCEPTANCE:
        return extension
    told = {part["url"]: part for part in extension["extension"]}
    if told["individual"]["valueReference"]["identifier"]["value"] != person:
        return extension
    said = [{"url": "on", "valueDate": on}]
    told["status"] = {"url": "status", "valueCode": "agree"}
    told[SAID] = {"url": SAID, "extension": said}
    return {**extension, "extension": [*told.values()]}


def change(site: Clinic, name: str, *changes: Callable[[Json], Json]) -> None:
    """Somebody changes what goes by this short name there."""
    for one in changes:
        site.place.edit(site.place.the(name), one)


def acceptance(site: Clinic, name: str) -> dict[str, str]:
    """Who is said to agree to a goal there, by number."""
    goal = site.place.by_short_name()[name]
    parts = [one["extension"] for one in goal["extension"] if one["url"] == ACCEPTANCE]
    told = [{part["url"]: part for part in those} for those in parts]
    return {
        one["individual"]["valueReference"]["identifier"]["value"]: one["status"]["valueCode"]
        for one in told
    }


# --- what a portal adds ---------------------------------------------------------------------------


def of_the_patient(site: Clinic, number: str = "1001") -> Json:
    """A reference as a portal writes it: where Mr. Jones is, and no number of his."""
    [jones] = [p for p in site.place.of_type("Patient") if p["identifier"][0]["value"] == number]
    return {"reference": f"Patient/{jones['id']}"}


def a_goal(site: Clinic, **more: Any) -> Json:
    """A goal as a portal makes one."""
    return {
        "resourceType": "Goal",
        "lifecycleStatus": "proposed",
        "description": {"text": "Play the trumpet again"},
        "subject": of_the_patient(site),
        **more,
    }


def a_task(site: Clinic, **more: Any) -> Json:
    """A task as a portal makes one."""
    return {
        "resourceType": "Task",
        "status": "draft",
        "intent": "plan",
        "description": "Practise in the garage on Sundays",
        "for": of_the_patient(site),
        "requester": of_the_patient(site),
        **more,
    }


def a_request(site: Clinic, **more: Any) -> Json:
    """Another request as a portal makes one."""
    return {"status": "draft", "intent": "plan", "subject": of_the_patient(site), **more}


def listed(where: str) -> Callable[[Json], Json]:
    """The plan lists what is there, as its version of FHIR has it."""

    def change(body: Json) -> Json:
        reference = {"reference": where}
        if "Goal/" in where:
            return {**body, "goal": [*body["goal"], reference]}
        [name] = body["activity"][0]
        return {**body, "activity": [*body["activity"], {name: reference}]}

    return change


def added(site: Clinic, *bodies: Json) -> list[str]:
    """A portal adds these to the plan; where they are then."""
    places = [site.place.add(body) for body in bodies]
    change(site, "plan", *map(listed, places))
    return places


def at(site: Clinic, where: str) -> Json:
    """What is there."""
    type_, _, id_ = where.partition("/")
    [body] = [body for body in site.place.of_type(type_) if body["id"] == id_]
    return body


# --- what stands in the source --------------------------------------------------------------------


def names(site: Clinic) -> list[str]:
    """The files of the source."""
    return sorted(path.name for path in (site.folder / "plans").iterdir())


def text_of(site: Clinic, name: str) -> str:
    """What a file of the source holds; nobody else may read what we wrote."""
    path = site.folder / "plans" / name
    assert path.stat().st_mode & 0o077 == 0
    return path.read_text("utf-8")


def said_in(text: str) -> Json:
    """What a document says, whatever it looks like: names of people with their numbering."""
    told = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - it makes texts of everything
    return _full({**told, "patient": f"urn:example:mrn|{told['patient'].rpartition('|')[2]}"})


def _full(told: Any) -> Any:
    if isinstance(told, dict):
        return {key: _full(one) for key, one in told.items()}
    if isinstance(told, list):
        return [_full(one) for one in told]
    return KURTZ if told == "kurtz" else told


def given(site: Clinic, name: str) -> Json:
    """What a document of the clinic says."""
    return said_in((site.folder / "plans" / f"{name}.plan.yaml").read_text("utf-8"))


def reasons(place: Place) -> list[str]:
    """Why, in the words of the Provenances that give a reason."""
    told = [body["activity"].get("text", "") for body in place.of_type("Provenance")]
    return [text for text in told if text.startswith("Somebody's")]


def merged_is(site: Clinic, **options: Any) -> str:
    """A sync with `--merge` goes well; what it says of what was merged, and of nothing else."""
    [(rule, _, remedy)] = merged(site, **options)
    assert rule == "merged"
    return remedy


def merged(site: Clinic, **options: Any) -> list[tuple[str, str, str]]:
    """A sync with `--merge` goes well; what it says: rule, place in the document, remedy."""
    told = site.sync(merge=True, **options)
    assert [one.remedy for one in told.tally.blocked] == []
    assert (told.exit_code, told.tally.rejected) == (0, [])
    assert reasons(site.place) == [REASON] * len(reasons(site.place)) != []
    settled(site)
    found = [one for one in told.tally.warnings if one.rule != "clinician-not-found"]
    return [(one.rule, one.column, one.remedy) for one in found]


def settled(site: Clinic) -> None:
    """All is there as it should be, and nothing is left to do."""
    site.verified()
    before = names(site)
    for options in ({}, {"merge": True}, {"reread": True}):
        again = site.sync(**options)
        assert (again.exit_code, counts(again).keys()) == (0, {"unchanged"})
        assert "merged" not in rules(again, "warnings")
    assert names(site) == before


def held_back(site: Clinic, **options: Any) -> str:
    """A sync with `--merge` sends nothing of the plan; what it says."""
    before = site.place.versions()
    told = site.sync(merge=True, **options)
    assert told.exit_code == 7
    assert {one.rule for one in told.tally.blocked} == {"changed-at-target"}
    after = site.place.versions()
    assert {name: after[name] for name in before} == before
    assert not [name for name in after.keys() - before.keys() if "Questionnaire/" not in name]
    [remedy] = {one.remedy for one in told.tally.blocked}
    return remedy


# --- what both sides changed ----------------------------------------------------------------------


def second(site: Clinic, *changes: tuple[str, str]) -> None:
    """The clinic has written the second version, with these changes."""
    give(site, "jones-1", "jones-2")
    for old, new in changes:
        edited(site, "jones-2", lambda text, old=old, new=new: text.replace(old, new, 1))


COLLIDING = ("Sleep at least 7 hours on 5 nights", "Sleep at least 6 hours on 5 nights")


def collided(site: Clinic) -> Clinic:
    """Both have found other words for one goal, and nobody can say which count."""
    change(site, "goal-sleep", says(PLAINLY))
    second(site, COLLIDING)
    return site


def finish(site: Clinic, *, with_text: str) -> Path:
    """Somebody decides, and gives the document its name."""
    path = site.folder / "plans" / "jones-3.unfinished.yaml"
    text = path.read_text("utf-8")
    head, _, rest = text.partition("conflicts:\n")
    _, _, plan = rest.partition("\nplan:")
    plan = f"plan:{plan}".replace(f"text: {COLLIDING[1]} a week", f"text: {with_text}")
    assert with_text in plan
    path.unlink()
    finished = path.with_name("jones-3.plan.yaml")
    finished.write_text(head + plan, "utf-8")
    return finished


def pending(site: Clinic) -> None:
    """A first version in which Dr. Kurtz has said nothing to the goals."""
    give(site, "jones-1")
    goals, tasks, rest = "goals:", "tasks:", "      - {party: kurtz, status: agree, on: 2026-03-02}"
    edited(
        site,
        "jones-1",
        lambda text: (
            text.partition(goals)[0]
            + goals
            + text.partition(goals)[2].partition(tasks)[0].replace(f"{rest}\n", "")
            + tasks
            + text.partition(tasks)[2]
        ),
    )
    assert site.sync().exit_code == 0
