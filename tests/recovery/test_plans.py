"""Shared plans taken back: retracted as a whole, and runs of them undone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy

from alliance_fhir.testing import Answer, outcome
from contract.clinic import PLANS, lay_out
from contract.places import bare, name_of

from .conftest import RUNGS, Site, everywhere, resources, told

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.testing import Request
    from conftest import Ran

Json = dict[str, Any]
STATUSES = {"Goal": "lifecycleStatus"}
NAME = "jones-2026"
WRONG = "entered-in-error"


def give(site: Site, *versions: int) -> None:
    """The versions of Mr. Jones's plan that the clinic has."""
    lay_out(site.folder, *(f"jones-{version}" for version in versions))
    toml = (PLANS / "alliance.toml").read_text("utf-8")
    (site.folder / "alliance.toml").write_text(f'base = "https://clinic.example"\n{toml}', "utf-8")


def sync(site: Site, *words: object) -> Ran:
    """The sync of its plans."""
    return site.command("sync", site.folder / "plans", *words)


def contents(site: Site) -> Json:
    """All that is there, without what servers add."""
    return {name_of(body): bare(body) for body in site.there.everything}


def of_plan(site: Site) -> list[Json]:
    """What is there of the plan, Provenances left out."""
    alone = ("Provenance", "Patient", "Practitioner", "Questionnaire", "Device")
    return [body for body in site.there.everything if body["resourceType"] not in alone]


def statuses(site: Site) -> set[str]:
    """The statuses of what is there of the plan."""
    return {str(one[STATUSES.get(one["resourceType"], "status")]) for one in of_plan(site)}


@everywhere(main=True)
def test_a_plan_is_retracted_by_its_name_and_stays_so(site: Site) -> None:
    give(site, 1, 2)
    assert sync(site).code == 0
    number = len(of_plan(site))
    ran = site.retract(NAME)
    assert (ran.code, resources(ran)) == (0, {"updated": number, "created": 1})
    assert statuses(site) == {WRONG}
    site.verified()
    assert site.entries("SELECT count(*) FROM document") == [(0,)]

    ran = sync(site)
    assert (ran.code, set(told(ran, "warnings"))) == (0, {"retracted"})
    assert statuses(site) == {WRONG}
    assert site.entries("SELECT count(*) FROM document") == [(0,)]


def test_what_is_retracted_of_a_plan_by_itself_leaves_its_documents_known(site: Site) -> None:
    give(site, 1)
    sync(site)
    [careplan] = [one for one in of_plan(site) if one["resourceType"] == "CarePlan"]
    assert site.retract(f"CarePlan/{careplan['id']}", "--only").code == 0
    wrong = [one["resourceType"] for one in of_plan(site) if one.get("status") == WRONG]
    assert wrong == ["CarePlan"]
    assert site.entries("SELECT count(*) FROM document") == [(1,)]


@everywhere(but=("by-patient",))
def test_without_a_ledger_all_that_a_plan_lists_is_retracted(site: Site) -> None:
    give(site, 1)
    assert sync(site).code == 0
    site.forget()
    assert site.retract(NAME).code == 0
    listed = {"CarePlan", "CareTeam", "Goal", "ServiceRequest", "Task", "QuestionnaireResponse"}
    wrong = [
        body[STATUSES.get(body["resourceType"], "status")]
        for body in of_plan(site)
        if body["resourceType"] in listed
    ]
    assert set(wrong) == {WRONG}


@everywhere(main=True)
def test_what_a_run_made_of_a_plan_is_removed_and_made_again(site: Site) -> None:
    before = contents(site)
    give(site, 1)
    run = sync(site).json["run"]
    made = len(site.there.everything) - len(before)
    ran = site.command("undo", run)
    assert (ran.code, ran.json["undone"]["removed"]) == (0, made)
    assert contents(site) == before
    assert resources(sync(site)) == {"created": made}
    site.verified()


def add(site: Site, **more: Any) -> str:
    """A portal adds a goal to the plan; where it is then."""
    [patient] = [b for b in site.there.of_type("Patient") if b["identifier"][0]["value"] == "1001"]
    goal = {
        "resourceType": "Goal",
        "lifecycleStatus": "proposed",
        "description": {"text": "Play the trumpet again"},
        "subject": {"reference": f"Patient/{patient['id']}"},
        **more,
    }
    where = site.there.add(goal)
    site.there.edit(
        site.there.the("plan"), lambda body: {**body, "goal": [*body["goal"], {"reference": where}]}
    )
    return where


@everywhere(but=("no-versions",))
def test_what_was_added_to_a_plan_and_taken_in_is_theirs_again(site: Site) -> None:
    give(site, 1)
    assert sync(site).code == 0
    where = add(site, lifecycleStatus="active")
    known = {"system": "urn:example:portal", "value": "G-9"}
    site.there.edit(where, lambda body: {**body, "identifier": [known]})
    name = "Goal/G-9"
    before = contents(site)
    merged = sync(site, "--merge")
    assert (merged.code, name in contents(site)) == (0, False)  # it has a name of ours
    ran = site.command("undo", merged.json["run"])
    assert (ran.code, told(ran, "blocked")) == (0, [])
    after = contents(site)
    if site.little is None:  # HAPI takes no label off that a PUT leaves out
        before[name]["meta"] = after[name]["meta"]
    assert after == before
    assert sync(site, "--merge").code == 0
    assert site.verified()
    assert len(site.there.of_type("Goal")) == 4


def test_what_was_added_to_a_plan_and_stayed_theirs_stays_so(site: Site) -> None:
    """Whatever becomes of the run and of the plan."""
    give(site, 1)
    assert sync(site).code == 0
    where = add(site, note=[{"text": "Since school"}])
    before, whole = contents(site), theirs(site, where)
    merged = sync(site, "--merge")
    assert (merged.code, theirs(site, where)) == (0, whole)
    ran = site.command("undo", merged.json["run"])
    assert (ran.code, told(ran, "blocked"), contents(site)) == (0, [], before)
    assert sync(site, "--merge").code == 0
    assert site.retract(NAME).code == 0
    site.verified()
    assert theirs(site, where) == whole


def theirs(site: Site, where: str) -> Json:
    """What is there, with what servers add."""
    [body] = [b for b in site.there.everything if f"{b['resourceType']}/{b['id']}" == where]
    return body


def test_what_was_added_to_a_plan_and_taken_in_is_retracted_with_it(site: Site) -> None:
    give(site, 1)
    assert sync(site).code == 0
    add(site)
    assert sync(site, "--merge").code == 0
    assert site.retract(NAME).code == 0
    assert statuses(site) == {WRONG}
    site.verified()


def test_documents_are_dropped_of_plans_alone(site: Site) -> None:
    before = contents(site)
    give(site, 1)
    sources = (site.folder / "assessments.csv", site.folder / "plans")
    ran = site.command("sync", *sources)
    assert (ran.code, ran.json["records"]["accepted"]) == (0, 3)
    dropped: list[str] = []

    def note(*told: Any) -> None:
        dropped.extend(word for word in told if str(word).startswith("DELETE FROM document"))

    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", note)
    try:
        assert site.command("undo", ran.json["run"]).code == 0
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", note)
    assert len(dropped) == 1
    assert site.entries("SELECT count(*) FROM document") == [(0,)]
    assert contents(site) == before


@everywhere(but=("no-versions",))
def test_a_version_is_undone_and_the_one_before_counts_again(site: Site) -> None:
    give(site, 1)
    sync(site)
    before = contents(site)
    give(site, 2)
    run = sync(site).json["run"]
    assert contents(site) != before
    ran = site.command("undo", run)
    assert (ran.code, ran.json["undone"]["left"]) == (0, 0)
    assert contents(site) == before
    site.verified()
    give(site, 1)
    assert resources(sync(site)).keys() == {"unchanged"}  # nothing remembers version 2
    assert site.entries("SELECT DISTINCT version FROM document") == [(1,)]
    give(site, 2)
    assert resources(sync(site))["created"]
    site.verified()


# --- dead letters ---------------------------------------------------------------------------------


def refusing_goals(request: Request, proceed: Callable[[], Answer]) -> Answer:
    """A server that declines whatever holds a Goal about the job: a Bundle, or the Goal itself."""
    if request.method == "POST" and b"with no more warnings" in request.body:
        return Answer(422, outcome("invariant", "no warnings here"))
    return proceed()


def resend(site: Site) -> Ran:
    """The dead letters are sent again."""
    return site.command("sync", "--dead-letters", site.letters)


def repaired(site: Site, *versions: int) -> None:
    """The goal is put in other words."""
    for version in versions:
        path = site.folder / "plans" / f"jones-{version}.plan.yaml"
        before = path.read_text("utf-8")
        path.write_text(before.replace("with no more warnings", "without warnings"), "utf-8")
        assert path.read_text("utf-8") != before


@pytest.mark.parametrize("versions", [(1,), (1, 2), (3, 1, 2)])
@pytest.mark.parametrize("kind", [*RUNGS])
def test_a_plan_that_was_refused_goes_again_after_repair_and_as_a_whole(
    versions: tuple[int, ...], site: Site
) -> None:
    give(site, *versions)
    site.server.between = refusing_goals
    ran = sync(site)
    assert (ran.code, told(ran, "rejected")) == (4, ["refused"])
    assert not [body for body in of_plan(site) if name_of(body).endswith("-goal-job")]
    *others, newest = (site.folder / "plans" / f"jones-{n}.plan.yaml" for n in sorted(versions))
    [letter] = map(json.loads, site.letters.read_text().splitlines())
    assert (letter["path"], letter["row"]) == (str(newest), 2)
    assert letter["beside"] == [*map(str, others)]
    assert "Goal" in [one["type"] for one in letter["resources"]]

    repaired(site, *versions)
    ran = resend(site)
    assert (ran.code, told(ran, "rejected")) == (0, [])
    assert ran.json["records"]["accepted"] == len(versions)
    assert not site.letters.exists()
    there = contents(site)
    assert [body for body in of_plan(site) if name_of(body).endswith("-goal-job")]
    site.verified()
    assert resources(sync(site)).keys() == {"unchanged"}
    assert contents(site) == there


def test_of_a_plan_that_was_sent_before_the_refused_version_goes_again_by_itself(
    site: Site,
) -> None:
    give(site, 1)
    assert sync(site).code == 0
    give(site, 2)
    site.server.between = lambda request, proceed: (
        Answer(422, outcome("invariant", "not tired here"))
        if request.method == "POST" and not request.path and b"too tired" in request.body
        else proceed()
    )
    before = of_plan(site)
    ran = sync(site)
    assert (ran.code, told(ran, "rejected")) == (4, ["refused"])
    assert of_plan(site) == before
    assert site.entries("SELECT version FROM document") == [(1,)]
    ran = resend(site)
    assert (ran.code, told(ran, "rejected")) == (4, ["refused"])
    assert len(site.letters.read_text().splitlines()) == 1

    site.server.between = lambda request, proceed: proceed()
    assert resend(site).code == 0
    assert not site.letters.exists()
    site.verified()
    give(site, 1, 2)
    assert resources(sync(site)).keys() == {"unchanged"}
