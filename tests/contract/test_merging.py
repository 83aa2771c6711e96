"""`--merge`: shared plans that were changed at their source and at a target."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml

from alliance_fhir.errors import ConfigError
from alliance_fhir.testing.resources import Resources

from .clinic import PLANS, Clinic, counts, edited, give, is_write, rows_of, rules
from .kinds import LITTLE, MEDPLUM, R4, R5, by_the_ledger
from .places import DIGEST, bare, name_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from postgres import Postgres

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


@pytest.fixture(autouse=True)
def march(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is 5 March 2026, between the first two versions of Mr. Jones's plan."""
    set_clock(monkeypatch, datetime(2026, 3, 5, 12, tzinfo=UTC))


def set_clock(monkeypatch: pytest.MonkeyPatch, when: datetime) -> None:
    """What our clock says."""

    class Standing(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return when.astimezone(tz)

    monkeypatch.setattr("alliance_fhir.delivery.datetime", Standing)


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
    """A sync with `--merge` goes well; what it says of what was merged, and of nothing else. The
    plan before it leaves no trace in the source."""
    before = names(site)
    told = site.plan(merge=True, **options)
    assert names(site) == before
    told = site.sync(merge=True, **options)
    assert [one.remedy for one in told.tally.blocked] == []
    assert (told.exit_code, told.tally.rejected) == (0, [])
    [finding] = [one for one in told.tally.warnings if one.rule != "clinician-not-found"]
    assert finding.rule == "merged"
    assert reasons(site.place) == [REASON] * len(reasons(site.place)) != []
    settled(site)
    return finding.remedy


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
    before, files = site.place.versions(), names(site)
    site.plan(merge=True, **options)
    assert names(site) == files
    told = site.sync(merge=True, **options)
    assert told.exit_code == 7
    assert {one.rule for one in told.tally.blocked} == {"changed-at-target"}
    after = site.place.versions()
    assert {name: after[name] for name in before} == before
    assert not [name for name in after.keys() - before.keys() if "Questionnaire/" not in name]
    [remedy] = {one.remedy for one in told.tally.blocked}
    return remedy


@pytest.fixture
def first(site: Clinic) -> Clinic:
    """The clinic has sent the first version of a plan."""
    give(site, "jones-1")
    assert site.sync().exit_code == 0
    return site


KINDS = ["folder", *LITTLE, "singles", "no-versions", "lowest", R4, MEDPLUM]
main = pytest.mark.parametrize("place_kind", KINDS)


# --- one side changed it --------------------------------------------------------------------------


@pytest.mark.parametrize("place_kind", [*KINDS, R5])
def test_what_somebody_changed_there_becomes_the_next_version_of_the_source(first: Clinic) -> None:
    change(first, "goal-sleep", says(PLAINLY))
    assert merged_is(first) == (
        "Merged with what somebody changed there (changed goals[0].text, removed "
        "goals[0].agreement[0], removed goals[0].agreement[1]). Somebody has still to agree to "
        "goals[0]. It stands in jones-2.plan.yaml."
    )
    assert names(first) == ["jones-1.plan.yaml", "jones-2.plan.yaml"]
    expected = given(first, "jones-1")
    expected |= {"version": "2", "written": "2026-03-05T07:00:00-05:00"}
    expected["goals"][0]["text"] = PLAINLY
    del expected["goals"][0]["agreement"]
    assert said_in(text_of(first, "jones-2.plan.yaml")) == expected
    goal = first.place.by_short_name()["goal-sleep"]
    assert (goal["description"], goal["lifecycleStatus"]) == ({"text": PLAINLY}, "proposed")
    assert acceptance(first, "goal-sleep") == {"1001": "pending", "kurtz": "pending"}
    assert acceptance(first, "goal-job") == {"1001": "agree", "kurtz": "agree"}


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


@by_the_ledger
def test_who_agreed_there_to_the_words_of_the_source_has_agreed(site: Clinic) -> None:
    pending(site)
    change(site, "goal-people", agreed_by("kurtz", "2026-03-04"))
    assert merged_is(site) == (
        "Merged with what somebody changed there (added goals[2].agreement[1]). It stands in "
        "jones-2.plan.yaml."
    )
    said = said_in(text_of(site, "jones-2.plan.yaml"))["goals"][2]["agreement"]
    assert said[1] == {"party": KURTZ, "status": "agree", "on": "2026-03-04"}
    assert acceptance(site, "goal-people") == {"1001": "agree", "kurtz": "agree"}
    assert site.place.by_short_name()["goal-people"]["lifecycleStatus"] == "active"


@by_the_ledger
def test_who_agreed_there_to_words_that_were_found_there_has_agreed(first: Clinic) -> None:
    """The version counts from the day on which he did."""
    change(first, "goal-sleep", says(PLAINLY), agreed_by("1001", "2026-03-04"))
    assert "Somebody has still to agree to goals[0]." in merged_is(first)
    assert said_in(text_of(first, "jones-2.plan.yaml"))["written"] == "2026-03-04"
    assert acceptance(first, "goal-sleep") == {"1001": "agree", "kurtz": "pending"}


@by_the_ledger
def test_who_is_said_to_agree_without_day_or_words_has_not_agreed_to_new_ones(
    first: Clinic,
) -> None:
    """A portal that knows nothing of our part of an acceptance drops it, and leaves the rest."""

    def barely(body: Json) -> Json:
        told = [
            {**one, "extension": [part for part in one["extension"] if part["url"] != SAID]}
            if one["url"] == ACCEPTANCE
            else one
            for one in body["extension"]
        ]
        return {**body, "extension": told, "statusDate": "2026-03-04"}

    change(first, "goal-sleep", says(PLAINLY), barely)
    assert "Goal.extension[0], Goal.extension[1]" in held_back(first)
    [told] = {one.remedy for one in first.plan(reread=True).tally.blocked}
    assert told == (
        "Somebody changed the plan there (changed goals[0].text, removed goals[0].agreement[0], "
        "removed goals[0].agreement[1]); choose --merge, or --take source or server."
    )


@by_the_ledger
def test_a_next_review_that_has_gone_by_is_left_out_and_told(
    first: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(first, "goal-sleep", says(PLAINLY))
    set_clock(monkeypatch, datetime(2026, 3, 20, 3, 30, tzinfo=UTC))
    assert "Left out: next_review gone-by." in merged_is(first)
    text = text_of(first, "jones-2.plan.yaml")
    assert said_in(text)["written"] == "2026-03-19T23:30:00-04:00"
    assert "next_review" not in said_in(text)
    assert "#     before: '2026-03-09T14:30:00-04:00'\n" in text


@by_the_ledger
def test_a_plan_in_json_goes_on_in_json(site: Clinic) -> None:
    give(site, "jones-1")
    told = given(site, "jones-1")
    (site.folder / "plans" / "jones-1.plan.yaml").unlink()
    path = site.folder / "plans" / "Jones.plan.json"
    path.write_text(json.dumps({**told, "version": 1}), "utf-8")
    assert site.sync().exit_code == 0
    change(site, "goal-sleep", says(PLAINLY))
    assert "It stands in Jones-2.plan.json." in merged_is(site)
    text = text_of(site, "Jones-2.plan.json")
    assert json.loads(text)["goals"][0]["text"] == PLAINLY


@by_the_ledger
def test_a_number_in_a_name_that_is_no_version_stays_there(first: Clinic) -> None:
    plans = first.folder / "plans"
    (plans / "jones-1.plan.yaml").rename(plans / "jones-2026.plan.yml")
    change(first, "goal-sleep", says(PLAINLY))
    assert "It stands in jones-2026-2.plan.yml." in merged_is(first)


# --- both sides changed it ------------------------------------------------------------------------


def second(site: Clinic, *changes: tuple[str, str]) -> None:
    """The clinic has written the second version, with these changes."""
    give(site, "jones-1", "jones-2")
    for old, new in changes:
        edited(site, "jones-2", lambda text, old=old, new=new: text.replace(old, new, 1))


@main
def test_what_both_changed_in_different_places_is_brought_together(
    first: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(first, "goal-people", says(PLAINLY))
    set_clock(monkeypatch, datetime(2026, 3, 10, 12, tzinfo=UTC))
    second(first)
    merged_is(first)
    expected = given(first, "jones-2")
    merged = said_in(text_of(first, "jones-3.plan.yaml"))
    assert merged["goals"][2] == {
        "goal": "people",
        "text": PLAINLY,
        "proposed_by": KURTZ,
        "priority": "medium",
    }
    assert [one["text"] for one in merged["tasks"]] == [one["text"] for one in expected["tasks"]]
    for key in ("hopes", "concerns", "barriers", "background", "contact"):
        assert merged[key] == expected[key]
    [review] = merged["reviews"]
    assert review["satisfaction"] == expected["reviews"][0]["satisfaction"]
    kept = rows_of(first.ledger, "SELECT version FROM document WHERE key NOT LIKE '%-seen'")
    assert [version for (version,) in kept] == [1, 2, 3]


@by_the_ledger
def test_an_agreement_to_other_words_than_the_source_has_is_told_and_pending(
    site: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He spoke to the words of the first version when the clinic had others already."""
    pending(site)
    change(site, "goal-people", agreed_by("kurtz", "2026-03-10"))
    change(site, "goal-job", says(PLAINLY))
    set_clock(monkeypatch, datetime(2026, 3, 12, 12, tzinfo=UTC))
    second(site, ("See friends or family once a week", "See friends or family every Sunday"))
    assert merged_is(site) == (
        "Merged with what somebody changed there (changed goals[1].text, removed "
        "goals[1].agreement[0], removed goals[1].agreement[1]). Somebody has still to agree to "
        "goals[1]. Left out: goals[1].agreement[1] other-words, goals[2].agreement[1] other-words. "
        "It stands in jones-3.plan.yaml."
    )
    text = text_of(site, "jones-3.plan.yaml")
    assert "#       - party: urn:example:staff|kurtz\n#         status: agree\n" in text
    assert acceptance(site, "goal-people")["kurtz"] == "pending"


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


@main
def test_where_they_collide_a_person_finishes_the_document(
    first: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch, datetime(2026, 3, 10, 12, tzinfo=UTC))
    collided(first)
    assert held_back(first) == (
        "Both sides changed the plan, and collide (goals[0].text both-changed, "
        "reviews[0].goals[0] other-words). `sync` keeps both in jones-3.unfinished.yaml: finish "
        "that, name it jones-3.plan.yaml, and sync --merge."
    )
    text = text_of(first, "jones-3.unfinished.yaml")
    told = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - it makes texts of everything
    assert told["conflicts"][0] == {
        "at": "goals[0].text",
        "why": "both-changed",
        "before": f"{COLLIDING[0]} a week",
        "source": f"{COLLIDING[1]} a week",
        "target": PLAINLY,
    }
    held_back(first)
    assert text_of(first, "jones-3.unfinished.yaml") == text

    (first.folder / "plans" / "jones-3.unfinished.yaml").rename(
        first.folder / "plans" / "jones-3.plan.yaml"
    )
    [unfinished] = first.sync(merge=True).tally.rejected  # nobody has decided
    assert (unfinished.rule, unfinished.column) == ("merge-unfinished", "conflicts")
    (first.folder / "plans" / "jones-3.plan.yaml").rename(
        first.folder / "plans" / "jones-3.unfinished.yaml"
    )

    finish(first, with_text="Sleep well, 6 hours at least")
    told = first.sync(merge=True)
    assert (told.exit_code, "merged" in rules(told, "warnings")) == (0, True)
    goal = first.place.by_short_name()["goal-sleep"]
    assert goal["description"] == {"text": "Sleep well, 6 hours at least"}
    settled(first)
    assert rows_of(first.ledger, "SELECT count(*) FROM document WHERE key LIKE '%-seen'") == [(0,)]


@by_the_ledger
@pytest.mark.parametrize(
    ("name", "collides"), [("goal-job", False), ("goal-sleep", True)], ids=["beside", "there"]
)
def test_what_was_changed_there_since_is_not_overwritten_by_a_finished_document(
    name: str, collides: bool, first: Clinic
) -> None:
    collided(first)
    held_back(first)
    finish(first, with_text="Sleep well, 6 hours at least")
    change(first, name, says("Once more, in other words"))
    if collides:
        assert "goals[0].text both-changed" in held_back(first)
        assert "jones-4.unfinished.yaml" in names(first)
        return
    merged_is(first)
    there = first.place.by_short_name()
    assert there["goal-sleep"]["description"]["text"] == "Sleep well, 6 hours at least"
    assert there["goal-job"]["description"]["text"] == "Once more, in other words"
    assert names(first)[-1] == "jones-4.plan.yaml"


@by_the_ledger
def test_where_one_plan_collides_the_others_go_on(first: Clinic) -> None:
    change(first, "goal-sleep", says(PLAINLY))
    give(first, "jones-1", "jones-2", "adolescent-1")
    edited(first, "jones-2", lambda text: text.replace(*COLLIDING))
    told = first.sync(merge=True)
    assert (told.exit_code, rules(told, "blocked")) == (7, ["changed-at-target"])
    there = [body for body in first.place.of_type("CarePlan") if body["status"] == "active"]
    assert len(there) == 2


# --- what somebody added as a resource of their own -----------------------------------------------

ON_SERVERS = [*LITTLE, "singles", "no-versions", "by-patient", "lowest"]
by_the_ledger_at_a_server = pytest.mark.parametrize("place_kind", ["little-r4"])


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


def taken_in(site: Clinic) -> None:
    """What a portal added is in the merged plan, and is ours where it was."""
    goal, task = added(site, a_goal(site), a_task(site))
    counted = {type_: len(site.place.of_type(type_)) for type_ in ("Goal", "Task")}
    assert merged_is(site) == (
        "Merged with what somebody changed there (added goals[3], added tasks[5]). Somebody has "
        "still to agree to goals[3], tasks[5]. It stands in jones-2.plan.yaml."
    )
    said = said_in(text_of(site, "jones-2.plan.yaml"))
    goal_key, task_key = goal.partition("/")[2], task.partition("/")[2]
    assert said["goals"][3] == {"goal": goal_key, "text": "Play the trumpet again"}
    assert said["tasks"][5] == {
        "task": task_key,
        "kind": "other",
        "text": "Practise in the garage on Sundays",
        "proposed_by": "patient",
    }
    assert {type_: len(site.place.of_type(type_)) for type_ in counted} == counted
    there = site.place.by_short_name()
    assert there[f"goal-{goal_key}"] == at(site, goal)
    assert there[f"task-{task_key}"] == at(site, task)
    assert acceptance(site, f"goal-{goal_key}") == {"1001": "pending", "kurtz": "pending"}
    references = [one["reference"] for one in there["plan"]["goal"]]
    assert references[3:] == [goal]
    proofs = [body for body in site.place.of_type("Provenance") if body["activity"].get("text")]
    [proof] = [body for body in proofs if body["activity"]["text"] == REASON]
    assert {goal, task} <= {one["reference"] for one in proof["target"]}


@pytest.mark.parametrize("place_kind", [*ON_SERVERS, R4])
def test_what_a_portal_added_is_taken_in_where_it_is(first: Clinic) -> None:
    taken_in(first)


@by_the_ledger_at_a_server
def test_what_a_portal_added_is_told_without_a_merge(first: Clinic) -> None:
    added(first, a_goal(first))
    told = first.sync(reread=True)
    [finding] = told.tally.blocked
    assert told.exit_code == 7
    assert finding.remedy == (
        "Somebody changed the plan there (added goals[3]); choose --merge, or --take source or "
        "server."
    )


@by_the_ledger_at_a_server
def test_what_was_taken_in_is_known_again_when_the_ledger_is_lost(first: Clinic) -> None:
    taken_in(first)
    first.ledger.unlink()
    assert counts(first.sync()).keys() == {"unchanged"}
    first.verified()


@by_the_ledger_at_a_server
def test_tasks_of_every_kind_are_taken_in(first: Clinic) -> None:
    [goal] = added(first, a_goal(first))
    jones = of_the_patient(first)
    asked = {"status": "draft", "intent": "plan", "subject": jones, "requester": jones}
    medicine: Json = {"resourceType": "MedicationRequest", **asked}
    medicine |= {"medicationCodeableConcept": {"text": "Melatonin"}}
    visit: Json = {"resourceType": "ServiceRequest", **asked, "code": {"text": "A visit"}}
    visit |= {"category": [{"coding": [{"system": CONCEPT, "code": "visit"}]}]}
    message: Json = {"resourceType": "CommunicationRequest", **asked}
    message |= {"payload": [{"contentString": "How the week was"}]}
    del message["intent"]
    serves = {"url": f"{SD}/resource-pertainsToGoal", "valueReference": {"reference": goal}}
    exercise = a_task(first, extension=[serves])
    places = added(first, medicine, visit, message, exercise)
    assert "added goals[3], added tasks[5]" in merged_is(first)
    tasks = said_in(text_of(first, "jones-2.plan.yaml"))["tasks"][5:]
    assert [(one["kind"], one["text"]) for one in tasks] == [
        ("medication", "Melatonin"),
        ("visit", "A visit"),
        ("contact", "How the week was"),
        ("other", "Practise in the garage on Sundays"),
    ]
    assert tasks[3]["goals"] == [goal.partition("/")[2]]
    there = first.place.by_short_name()
    for where in places:
        assert at(first, where) == there[f"task-{where.partition('/')[2]}"]


@by_the_ledger_at_a_server
@pytest.mark.parametrize("day", ["2026-03-04", "2026-03-05"])
def test_what_has_a_day_is_dated_by_it(day: str, first: Clinic) -> None:
    goal, task = added(first, a_goal(first, startDate=day), a_task(first, authoredOn=day))
    merged_is(first)
    assert said_in(text_of(first, "jones-2.plan.yaml"))["written"][:10] == day
    assert (at(first, goal)["startDate"], at(first, task)["authoredOn"]) == (day, day)


@by_the_ledger_at_a_server
def test_who_agreed_to_what_they_added_has_agreed(first: Clinic) -> None:
    said = [
        {"url": "individual", "valueReference": of_the_patient(first)},
        {"url": "status", "valueCode": "agree"},
        {"url": SAID, "extension": [{"url": "on", "valueDate": "2026-03-04"}]},
    ]
    [goal] = added(first, a_goal(first, extension=[{"url": ACCEPTANCE, "extension": said}]))
    merged_is(first)
    key = goal.partition("/")[2]
    assert acceptance(first, f"goal-{key}") == {"1001": "agree", "kurtz": "pending"}


@by_the_ledger_at_a_server
def test_who_agreed_on_no_day_is_asked_again(first: Clinic) -> None:
    said = [
        {"url": "individual", "valueReference": of_the_patient(first)},
        {"url": "status", "valueCode": "agree"},
    ]
    [goal] = added(first, a_goal(first, extension=[{"url": ACCEPTANCE, "extension": said}]))
    merged_is(first)
    key = goal.partition("/")[2]
    assert acceptance(first, f"goal-{key}") == {"1001": "pending", "kurtz": "pending"}


@by_the_ledger_at_a_server
def test_what_was_taken_in_is_merged_like_all_that_is_ours(first: Clinic) -> None:
    taken_in(first)
    [goal] = [one for one in first.place.of_type("Goal") if "trumpet" in one["description"]["text"]]
    change(first, f"goal-{goal['id']}", says(PLAINLY))
    assert "changed goals[3].text" in merged_is(first)
    assert at(first, f"Goal/{goal['id']}")["description"] == {"text": PLAINLY}


@pytest.mark.parametrize("place_kind", ["little-r4", "singles", "lowest"])
def test_what_a_portal_changes_while_it_is_taken_in_is_not_overwritten(first: Clinic) -> None:
    [goal] = added(first, a_goal(first))
    document = first.folder / "plans" / "jones-2.plan.yaml"
    once: list[bool] = []

    def meanwhile(request: httpx.Request) -> None:
        if document.exists() and not once:
            once.append(True)
            first.place.edit(goal, says(PLAINLY))

    first.wire.before = meanwhile
    told = first.sync_alone(merge=True)
    first.wire.calm()
    assert (told.exit_code, set(rules(told, "blocked"))) == (7, {"changed-at-target"})
    assert at(first, goal)["description"] == {"text": PLAINLY}
    assert "identifier" not in at(first, goal)
    merged_is(first)
    assert at(first, goal)["description"] == {"text": PLAINLY}
    assert len(first.place.of_type("Goal")) == 4


@pytest.mark.parametrize("place_kind", ["little-r4", "lowest"])
def test_what_a_portal_takes_away_while_it_is_taken_in_is_not_made_again(first: Clinic) -> None:
    [goal] = added(first, a_goal(first))
    document = first.folder / "plans" / "jones-2.plan.yaml"
    once: list[bool] = []

    def meanwhile(request: httpx.Request) -> None:
        if document.exists() and not once:
            once.append(True)
            first.place.delete(goal)

    first.wire.before = meanwhile
    told = first.sync_alone(merge=True)
    first.wire.calm()
    assert (told.exit_code, set(rules(told, "blocked"))) == (7, {"changed-at-target"})
    assert len(first.place.of_type("Goal")) == 3


@pytest.mark.parametrize("place_kind", ["little-r4", "singles", "lowest"])
def test_who_is_cut_off_when_it_was_taken_in_has_it_once(first: Clinic) -> None:
    [goal] = added(first, a_goal(first))

    def cut(request: httpx.Request) -> None:
        if is_write(request) and goal.encode() in request.content + request.url.raw_path:
            raise KeyboardInterrupt

    first.wire.after = cut
    with pytest.raises(KeyboardInterrupt):
        first.sync_alone(merge=True)
    first.wire.calm()
    assert first.sync(merge=True).exit_code == 0
    settled(first)
    assert len(first.place.of_type("Goal")) == 4
    assert names(first) == ["jones-1.plan.yaml", "jones-2.plan.yaml"]


@by_the_ledger_at_a_server
def test_where_both_collide_it_is_taken_in_with_the_finished_document(
    first: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch, datetime(2026, 3, 10, 12, tzinfo=UTC))
    [goal] = added(first, a_goal(first))
    collided(first)
    held_back(first)
    assert "identifier" not in at(first, goal)
    finish(first, with_text="Sleep well, 6 hours at least")
    assert first.sync(merge=True).exit_code == 0
    settled(first)
    assert len(first.place.of_type("Goal")) == 4
    key = goal.partition("/")[2]
    assert at(first, goal) == first.place.by_short_name()[f"goal-{key}"]


@by_the_ledger_at_a_server
def test_what_a_person_leaves_out_stays_what_it_was(
    first: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch, datetime(2026, 3, 10, 12, tzinfo=UTC))
    [goal] = added(first, a_goal(first))
    collided(first)
    held_back(first)
    before = at(first, goal)
    finished = finish(first, with_text="Sleep well, 6 hours at least")
    block = f'  - goal: "{goal.partition("/")[2]}"\n    text: Play the trumpet again\n'
    text = finished.read_text("utf-8").replace(block.replace('"', "'"), "")
    assert "trumpet" not in text
    finished.write_text(text, "utf-8")
    assert first.sync(merge=True).exit_code == 0
    settled(first)
    assert at(first, goal) == before
    assert len(first.place.by_short_name()["plan"]["goal"]) == 3


RESTRICTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "V"}


@by_the_ledger_at_a_server
@pytest.mark.parametrize(
    ("make", "more", "told"),
    [
        (a_goal, {"note": [{"text": PLAINLY}]}, "Goal.note"),
        (a_goal, {"identifier": [{"value": "9"}]}, "Goal.identifier"),
        (a_goal, {"startDate": "2026-03-06"}, "Goal.startDate"),
        (a_goal, {"startDate": "2026-02-28"}, "Goal.startDate"),
        (a_goal, {"startDate": "2026-03"}, "Goal.startDate"),
        (a_goal, {"lifecycleStatus": "active"}, "Goal.lifecycleStatus"),
        (a_goal, {"lifecycleStatus": "completed"}, "Goal.lifecycleStatus, CarePlan.goal"),
        (a_goal, {"meta": {"security": [RESTRICTED]}}, "Goal.meta.security"),
        (a_task, {"authoredOn": "2026-03-04T10:00:00Z"}, "Task.authoredOn"),
        (a_task, {"requester": {"display": "Somebody else"}}, "Task.requester"),
        (a_goal, {"subject": None}, "CarePlan.goal[3]"),
        (a_goal, {"extension": [{"url": DIGEST, "valueString": "0" * 32}]}, "CarePlan.goal[3]"),
    ],
)
def test_what_a_portal_added_and_a_document_cannot_carry_holds_the_plan_back(
    make: Callable[..., Json], more: Json, told: str, first: Clinic
) -> None:
    body = {key: value for key, value in make(first, **more).items() if value}
    added(first, body)
    assert f"has no place for ({told})" in held_back(first)
    assert names(first) == ["jones-1.plan.yaml"]


@by_the_ledger_at_a_server
def test_what_is_another_patients_or_at_another_server_is_not_taken_in(
    first: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Resources, "_leads_somewhere", lambda *_: None)
    another = first.place.add(a_goal(first, subject=of_the_patient(first, "1032")))
    nobodys = first.place.add(a_goal(first, subject={"reference": "Patient/77"}))
    here = first.place.add(a_goal(first))
    elsewhere = f"https://fhir.example/r4/{here}"
    change(first, "plan", *map(listed, (another, nobodys, elsewhere)))
    assert "(CarePlan.goal[3], CarePlan.goal[4], CarePlan.goal[5])" in held_back(first)


@by_the_ledger_at_a_server
@pytest.mark.parametrize(
    ("body", "told"),
    [
        # the kind of it is not known, and what is made of that is a Task
        (
            {"resourceType": "ServiceRequest", "code": {"text": "Lessons"}},
            "ServiceRequest.category",
        ),
        # a plan has one such way to reach each other
        (
            {
                "resourceType": "CommunicationRequest",
                "category": [{"coding": [{"system": CONCEPT, "code": "contact-urgent"}]}],
                "payload": [{"contentString": PLAINLY}],
            },
            "CommunicationRequest.category",
        ),
    ],
)
def test_what_would_become_something_else_is_not_taken_in(
    body: Json, told: str, first: Clinic
) -> None:
    usual = {"status": "draft", "intent": "plan", "subject": of_the_patient(first)}
    added(first, {**usual, **body})
    assert told in held_back(first)


@pytest.mark.parametrize("place_kind", ["folder"])
def test_in_a_folder_nothing_is_referred_to_by_an_id(first: Clinic) -> None:
    change(first, "plan", listed("Goal/9"))
    assert "has no place for (CarePlan.goal[3])" in held_back(first)


# --- where nothing is merged ----------------------------------------------------------------------


def annotated(body: Json) -> Json:
    """A goal has a note, which a plan document has no place for."""
    return {**body, "note": [{"text": PLAINLY}]}


def renamed(body: Json) -> Json:
    """A plan is titled otherwise."""
    return {**body, "title": PLAINLY}


def has_status(status: str) -> Callable[[Json], Json]:
    """Something has another status."""

    def change(body: Json) -> Json:
        name = "lifecycleStatus" if body["resourceType"] == "Goal" else "status"
        return {**body, name: status}

    return change


def untitled(body: Json) -> Json:
    """A plan has no title any more."""
    return {key: value for key, value in body.items() if key != "title"}


def with_another(body: Json) -> Json:
    """Somebody has put a task of their own into a plan."""
    task = {"type": "Task", "identifier": {"system": "urn:example:portal", "value": "9"}}
    return {**body, "activity": [*body["activity"], {"reference": task}]}


@by_the_ledger
@pytest.mark.parametrize(
    ("name", "put", "told"),
    [
        ("goal-sleep", annotated, "Goal.note"),
        ("plan", renamed, "CarePlan.title"),
        ("plan", untitled, "CarePlan.title"),
        ("plan", with_another, "CarePlan.activity[8].reference"),
        ("goal-sleep", has_status("completed"), "Goal.lifecycleStatus"),
        ("goal-sleep", has_status("on-hold"), "Goal.lifecycleStatus"),
        ("goal-sleep", has_status("entered-in-error"), "Goal.lifecycleStatus"),
        ("task-sleep-hygiene", has_status("completed"), "Task.status"),
        ("task-sleep-hygiene", has_status("in-progress"), "Task.status"),
        ("contact-urgent", has_status("revoked"), "CommunicationRequest.status"),
    ],
)
def test_what_a_document_has_no_place_for_is_not_overwritten(
    name: str, put: Callable[[Json], Json], told: str, first: Clinic
) -> None:
    change(first, name, put)
    change(first, "goal-job", says(PLAINLY))
    assert held_back(first) == (
        f"Somebody put there, or took away, what a plan document has no place for ({told}): "
        "nothing is merged, as that would be lost. Say it in the source in words of the plan and "
        "choose --take source; or --take server."
    )
    assert names(first) == ["jones-1.plan.yaml"]


MOVED = (
    "Somebody moved the plan to another patient there (CarePlan.subject): nothing of it is "
    "overwritten or merged. Look at it there, and move it back, or choose --take source."
)


def moved(site: Clinic, *, named: bool) -> None:
    """Somebody makes the whole plan another patient's: where it leads to, and whom it `named`."""
    other = {"identifier": {"system": "urn:example:mrn", "value": "1032"}}
    where = of_the_patient(site, "1032") if site.place.people else {}

    def change(body: Json) -> Json:
        name = "for" if body["resourceType"] == "Task" else "subject"
        return {**body, name: {**body[name], **where, **(other if named else {})}}

    for one in ("subject", "for"):
        bodies = [body for body in site.place.everything if one in body]
        for body in bodies:
            site.place.edit(name_of(body), change)


@by_the_ledger
def test_a_plan_that_was_moved_to_another_patient_is_told_as_one(first: Clinic) -> None:
    told_as_moved(first, named=True)


@pytest.mark.parametrize("place_kind", ["little-r4"])
def test_a_plan_that_leads_to_another_patient_is_told_as_one(first: Clinic) -> None:
    told_as_moved(first, named=False)


def told_as_moved(first: Clinic, *, named: bool) -> None:
    """All of it is held back, and told once, of the CarePlan."""
    moved(first, named=named)
    for options in ({"reread": True}, {"merge": True}):
        told = first.plan(**options)
        assert told.tally.resources["conflict"] > 10
        [finding] = told.tally.blocked
        assert (finding.rule, finding.remedy) == ("changed-at-target", MOVED)
        assert finding.resource.startswith("CarePlan/")
    assert names(first) == ["jones-1.plan.yaml"]


@by_the_ledger
def test_without_a_ledger_nobody_knows_what_both_began_with(first: Clinic) -> None:
    change(first, "goal-sleep", says(PLAINLY))
    first.ledger.unlink()
    assert held_back(first) == (
        "Somebody changed the plan there, and this ledger has no document of it that was sent: "
        "what both began with is not known, and nothing is merged; choose --take source or server."
    )
    assert names(first) == ["jones-1.plan.yaml"]


@by_the_ledger
def test_a_document_of_that_name_is_left_as_it_is(first: Clinic) -> None:
    change(first, "goal-sleep", says(PLAINLY))
    first.sources = [first.folder / "plans" / "jones-1.plan.yaml"]
    other = first.folder / "plans" / "jones-2.plan.yaml"
    other.write_text("mine", "utf-8")
    assert held_back(first) == (
        "The merged plan is to be jones-2.plan.yaml, and there is something of that name: give it "
        "too, or move it."
    )
    assert other.read_text("utf-8") == "mine"


@by_the_ledger
@pytest.mark.parametrize("both", [False, True], ids=["merged", "unfinished"])
def test_what_cannot_be_written_to_the_source_is_not_sent(both: bool, first: Clinic) -> None:
    if both:
        collided(first)
    else:
        change(first, "goal-sleep", says(PLAINLY))
    name = "jones-3.unfinished.yaml" if both else "jones-2.plan.yaml"
    in_the_way = first.folder / "plans" / f".{name}.part"
    in_the_way.mkdir()
    before = first.place.versions()
    told = first.sync_alone(merge=True)
    [finding] = told.tally.blocked
    assert (told.exit_code, finding.rule) == (7, "changed-at-target")
    assert finding.remedy.startswith(f"Beside the source {name} could not be written (")
    assert {name: first.place.versions()[name] for name in before} == before
    in_the_way.rmdir()
    if both:
        held_back(first)
        assert name in names(first)
    else:
        merged_is(first)


@by_the_ledger
def test_two_answers_to_one_question_are_one_too_many(clinic: Clinic) -> None:
    with pytest.raises(ConfigError, match="--merge and --take are two answers"):
        clinic.sync_alone(merge=True, take="source")


# --- in the middle of it --------------------------------------------------------------------------


@pytest.mark.parametrize("place_kind", ["folder", "little-r4", "singles"])
def test_a_merge_that_is_cut_off_before_it_is_sent_is_gone_on_with(
    first: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(first, "goal-sleep", says(PLAINLY))

    def cut(request: object) -> None:
        if not isinstance(request, httpx.Request) or is_write(request):
            raise KeyboardInterrupt

    first.wire.before = cut
    with monkeypatch.context() as patch:
        patch.setattr("alliance_fhir.targets.folder.FolderTarget.finish", cut)
        with pytest.raises(KeyboardInterrupt):
            first.sync_alone(merge=True)
    first.wire.calm()
    written = text_of(first, "jones-2.plan.yaml")
    told = first.sync(merge=True)
    assert (told.exit_code, rules(told, "warnings")[-1]) == (0, "merged")
    settled(first)
    assert names(first) == ["jones-1.plan.yaml", "jones-2.plan.yaml"]
    assert text_of(first, "jones-2.plan.yaml") == written


@pytest.mark.parametrize("place_kind", ["little-r4", "singles"])
def test_what_is_changed_there_while_it_is_merged_is_not_overwritten(first: Clinic) -> None:
    change(first, "goal-sleep", says(PLAINLY))
    once: list[bool] = []

    def meanwhile(request: httpx.Request) -> None:
        if is_write(request) and not once:
            once.append(True)
            change(first, "goal-sleep", says("Once more, in other words"))

    first.wire.before = meanwhile
    told = first.sync_alone(merge=True)
    first.wire.calm()
    assert (told.exit_code, set(rules(told, "blocked"))) == (7, {"changed-at-target"})
    assert "merged" not in rules(told, "warnings")
    there = first.place.by_short_name()["goal-sleep"]
    assert there["description"]["text"] == "Once more, in other words"
    merged_is(first)
    assert names(first)[-1] == "jones-3.plan.yaml"


@by_the_ledger
def test_merged_again_and_again_each_change_is_a_version(first: Clinic) -> None:
    for number, text in enumerate(("Sleep", "Sleep well", "Sleep very well"), 2):
        change(first, "goal-sleep", says(text))
        merged_is(first)
        assert names(first)[-1] == f"jones-{number}.plan.yaml"
    assert said_in(text_of(first, "jones-4.plan.yaml"))["goals"][0]["text"] == "Sleep very well"


@by_the_ledger
def test_the_merged_documents_alone_make_what_is_there(first: Clinic) -> None:
    """Another ledger and an empty place: what the source says now is what the target has."""
    change(first, "goal-sleep", says(PLAINLY), agreed_by("1001", "2026-03-04"))
    merged_is(first)
    told = {name: bare(body) for name, body in first.place.by_short_name().items()}
    first.ledger.unlink()
    again = first.sync()
    assert counts(again).keys() == {"unchanged"}
    assert {name: bare(body) for name, body in first.place.by_short_name().items()} == told


@pytest.mark.server
@pytest.mark.parametrize("place_kind", ["little-r4"])
def test_with_a_ledger_that_several_share(site: Clinic, postgres: Postgres) -> None:
    """A plan is decided anew under its claim, with what has been merged into it."""
    site.ledger = postgres.url(postgres.database())  # type: ignore[assignment]
    give(site, "jones-1")
    assert site.sync_alone().exit_code == 0
    collided(site)
    told = site.sync_alone(merge=True)
    assert (told.exit_code, set(rules(told, "blocked"))) == (7, {"changed-at-target"})
    finish(site, with_text="Sleep well, 6 hours at least")
    told = site.sync_alone(merge=True)
    assert (told.exit_code, rules(told, "warnings")[-1]) == (0, "merged")
    goal = site.place.by_short_name()["goal-sleep"]
    assert goal["description"] == {"text": "Sleep well, 6 hours at least"}
    site.verified()
    assert counts(site.sync_alone(merge=True)).keys() == {"unchanged"}
    added(site, a_goal(site))
    assert site.sync_alone(merge=True).exit_code == 0
    site.verified()
    assert counts(site.sync_alone(merge=True)).keys() == {"unchanged"}
    assert len(site.place.of_type("Goal")) == 4


# --- by command -----------------------------------------------------------------------------------


@by_the_ledger
def test_by_command_and_no_word_of_the_plan_is_in_what_it_says(
    first: Clinic, request: pytest.FixtureRequest
) -> None:
    command = request.getfixturevalue("command")
    change(first, "goal-sleep", says(PLAINLY))
    second(first, COLLIDING)
    shutil.copy(PLANS / "alliance.toml", first.sources[0])
    words = ("--to", first.place.address, "--ledger", first.ledger, "--merge")
    for how in ("plan", "sync"):
        ran = command(how, *first.sources, *words)
        assert ran.code == 7
        assert "jones-3.unfinished.yaml" in ran.out
        assert PLAINLY not in ran.out + ran.err
        assert COLLIDING[1] not in ran.out + ran.err
    ran = command("sync", *first.sources, *words, "--take", "server")
    told = "error: --merge and --take are two answers to one question; name one\n"
    assert (ran.code, ran.err) == (2, told)
