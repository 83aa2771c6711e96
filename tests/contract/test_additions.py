"""`--merge`: what somebody added to a plan at a server, as a resource of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from alliance_fhir.testing import FhirServer
from alliance_fhir.testing.resources import Resources

from .clinic import counts, is_write, rules
from .kinds import LITTLE, R4, RUNGS
from .merging import (
    ACCEPTANCE,
    CONCEPT,
    PLAINLY,
    REASON,
    SAID,
    SD,
    a_goal,
    a_request,
    a_task,
    acceptance,
    added,
    at,
    change,
    collided,
    finish,
    held_back,
    listed,
    merged,
    merged_is,
    names,
    of_the_patient,
    said_in,
    says,
    set_clock,
    settled,
    text_of,
)
from .places import DIGEST, ServerPlace

if TYPE_CHECKING:
    from collections.abc import Callable

    from .clinic import Clinic

Json = dict[str, Any]

KEPT = "https://alliance-fhir.github.io/ig/StructureDefinition/kept-by-others"
"""What a reference says that a plan of ours has to something of others'."""

pytestmark = pytest.mark.usefixtures("march")

# --- what somebody added as a resource of their own -----------------------------------------------

ON_SERVERS = [*LITTLE, "singles", "no-versions", "by-patient", "lowest"]
by_the_ledger_at_a_server = pytest.mark.parametrize("place_kind", ["little-r4"])


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


# --- what stays theirs ----------------------------------------------------------------------------


def kept(site: Clinic) -> dict[str, str]:
    """A merge leaves something theirs; by place in the document, what of it that cannot carry."""
    [first, *others] = merged(site)
    assert (first[0], {rule for rule, *_ in others}) == ("merged", {"not-taken-in"})
    start, end = _THEIRS.split("{}")
    assert {(one.startswith(start), one.endswith(end)) for *_, one in others} == {(True, True)}
    return {path: one.removeprefix(start).removesuffix(end) for _, path, one in others}


_THEIRS = (
    "Somebody added it there, and a plan document cannot carry it ({}): it stays theirs, as it is, "
    "and the plan lists it."
)


def lists(site: Clinic) -> list[str]:
    """Where that is which the plan lists."""
    plan = site.place.by_short_name()["plan"]
    asked = [next(iter(one.values())) for one in plan["activity"]]
    return [one["reference"] for one in (*plan["goal"], *asked)]


def address(site: Clinic, *places: str) -> list[str]:
    """Where something is, as a document says it."""
    return [f"{site.place.address}/{place}" for place in places]


RESTRICTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "V"}
URGENT = [{"coding": [{"system": CONCEPT, "code": "contact-urgent"}]}]


@by_the_ledger_at_a_server
@pytest.mark.parametrize(
    ("make", "more", "told"),
    [
        (a_goal, {"note": [{"text": PLAINLY}]}, "Goal.note"),
        (a_goal, {"identifier": [{"value": "9"}]}, "Goal.identifier[0]"),
        (a_goal, {"startDate": "2026-03-06"}, "Goal.startDate"),
        (a_goal, {"startDate": "2026-02-28"}, "Goal.startDate"),
        (a_goal, {"startDate": "2026-03"}, "Goal.startDate"),
        (a_goal, {"lifecycleStatus": "on-hold"}, "Goal.lifecycleStatus"),
        (a_goal, {"lifecycleStatus": "completed"}, "Goal.lifecycleStatus"),
        (a_goal, {"meta": {"security": [RESTRICTED]}}, "Goal.meta.security"),
        (a_task, {"status": "in-progress"}, "Task.status"),
        (a_task, {"intent": "order"}, "Task.intent"),
        (a_task, {"requester": {"display": "Somebody else"}}, "Task.requester"),
        # the kind of it is not known, and what is made of that is a Task
        (
            a_request,
            {"resourceType": "ServiceRequest", "code": {"text": "Lessons"}},
            "ServiceRequest.category",
        ),
        # a plan has one such way to reach each other
        (
            a_request,
            {
                "resourceType": "CommunicationRequest",
                "category": URGENT,
                "payload": [{"contentString": PLAINLY}],
            },
            "CommunicationRequest.category",
        ),
    ],
)
def test_what_a_portal_added_and_a_document_cannot_carry_stays_theirs(
    make: Callable[..., Json], more: Json, told: str, first: Clinic
) -> None:
    [place] = added(first, make(first, **more))
    before = at(first, place)
    change(first, "goal-job", says(PLAINLY))
    assert kept(first) == {"kept_by_others[0]": told}
    assert at(first, place) == before
    assert place in lists(first)
    document = said_in(text_of(first, "jones-2.plan.yaml"))
    assert document["kept_by_others"] == address(first, place)
    assert (document["goals"][1]["text"], len(document["goals"])) == (PLAINLY, 3)


@pytest.mark.parametrize("place_kind", ["little-r4", "singles"])
def test_at_another_server_its_mark_alone_says_where_it_is(first: Clinic) -> None:
    """Servers decline references that lead out of them."""
    [place] = added(first, a_goal(first, note=[{"text": PLAINLY}]))
    assert kept(first) == {"kept_by_others[0]": "Goal.note"}
    [address_] = address(first, place)
    first.ledger = first.folder / "another.sqlite"
    with FhirServer(lacks=RUNGS["singles"]) as another:
        first.place = ServerPlace(another.url)
        first.register("1001")
        assert first.sync().exit_code == 0
        [careplan] = another.of_type("CarePlan")
        assert careplan["goal"][-1] == {"extension": [{"url": KEPT, "valueUrl": address_}]}
        settled(first)
        first.place.close()


@by_the_ledger_at_a_server
def test_what_stays_theirs_is_told_with_the_line_of_its_list(first: Clinic) -> None:
    added(first, a_goal(first, note=[{"text": PLAINLY}]))
    told = first.sync(merge=True).tally.warnings
    [row] = [one.row for one in told if one.rule == "not-taken-in"]
    lines = text_of(first, "jones-2.plan.yaml").splitlines()
    assert lines[row - 1] == "kept_by_others:"


@by_the_ledger_at_a_server
def test_what_leans_on_something_that_stays_theirs_stays_theirs_as_well(first: Clinic) -> None:
    [goal] = added(first, a_goal(first, note=[{"text": PLAINLY}]))
    serves = {"url": f"{SD}/resource-pertainsToGoal", "valueReference": {"reference": goal}}
    [task] = added(first, a_task(first, extension=[serves]))
    [other] = added(first, a_task(first))
    assert kept(first) == {
        "kept_by_others[0]": "Goal.note",
        "kept_by_others[1]": "Task.extension[0]",
    }
    document = said_in(text_of(first, "jones-2.plan.yaml"))
    assert document["kept_by_others"] == address(first, goal, task)
    assert document["tasks"][5]["task"] == other.partition("/")[2]


@by_the_ledger_at_a_server
def test_of_two_that_were_added_on_two_days_one_stays_theirs(first: Clinic) -> None:
    early, late = (a_goal(first, startDate=day) for day in ("2026-03-03", "2026-03-04"))
    [one, other] = added(first, early, late)
    before = at(first, other)
    assert kept(first) == {"kept_by_others[0]": "Goal.startDate"}
    document = said_in(text_of(first, "jones-2.plan.yaml"))
    assert (document["written"], document["goals"][3]["goal"]) == ("2026-03-03", one[5:])
    assert (at(first, one)["startDate"], at(first, other)) == ("2026-03-03", before)


@by_the_ledger_at_a_server
def test_what_stays_theirs_goes_on_to_belong_to_the_plan(first: Clinic) -> None:
    """Through a version of ours, through a lost ledger, and until the portal lists it no more."""
    [goal] = added(first, a_goal(first, note=[{"text": PLAINLY}]))
    kept(first)
    theirs = at(first, goal)
    change(first, "goal-job", says(PLAINLY))
    assert "(changed goals[1].text, removed" in merged_is(first)
    first.ledger.unlink()
    settled_again(first)
    assert (goal in lists(first), at(first, goal)) == (True, theirs)

    change(first, "plan", lambda body: {**body, "goal": body["goal"][:-1]})
    assert "(removed kept_by_others)" in merged_is(first)
    assert "kept_by_others" not in said_in(text_of(first, "jones-4.plan.yaml"))
    assert (goal in lists(first), at(first, goal)) == (False, theirs)


def settled_again(site: Clinic) -> None:
    """Without a ledger all is found to be as the source says."""
    assert counts(site.sync()).keys() == {"unchanged"}
    site.verified()


@pytest.mark.parametrize("place_kind", ["little-r4", "little-r5"])
def test_a_mark_that_a_portal_takes_off_is_set_again(first: Clinic) -> None:
    """It lists what it keeps as it did before; in all else the plan is as it was sent."""
    places = added(first, *(make(first, note=[{"text": PLAINLY}]) for make in (a_goal, a_task)))
    kept(first)
    before, files = first.place.by_short_name()["plan"], names(first)

    def unmarked(told: Any) -> Any:
        if isinstance(told, list):
            return [unmarked(one) for one in told]
        if not isinstance(told, dict):
            return told
        bare = told.get("reference") in places
        return {k: unmarked(one) for k, one in told.items() if not (bare and k == "extension")}

    change(first, "plan", unmarked)
    assert [rule for rule, _, _ in merged(first)] == ["merged", "not-taken-in", "not-taken-in"]
    after = first.place.by_short_name()["plan"]
    assert (after["goal"], after["activity"]) == (before["goal"], before["activity"])
    assert names(first) == files


@by_the_ledger_at_a_server
def test_what_a_portal_changes_of_its_own_is_no_change_of_the_plan(first: Clinic) -> None:
    [goal] = added(first, a_goal(first, note=[{"text": PLAINLY}]))
    kept(first)
    first.place.edit(goal, says(PLAINLY))
    settled(first)
    assert at(first, goal)["description"] == {"text": PLAINLY}


@by_the_ledger_at_a_server
def test_what_a_person_takes_out_of_the_document_is_listed_no_more(first: Clinic) -> None:
    [goal] = added(first, a_goal(first, note=[{"text": PLAINLY}]))
    kept(first)
    theirs = at(first, goal)
    path = first.folder / "plans" / "jones-2.plan.yaml"
    told = path.read_text("utf-8").replace("version: 2", "version: 3")
    start, _, rest = told.partition("kept_by_others:")
    path.with_name("jones-3.plan.yaml").write_text(start + rest.partition("\n\n")[2], "utf-8")
    assert first.sync().exit_code == 0
    settled(first)
    assert (goal in lists(first), at(first, goal)) == (False, theirs)


@by_the_ledger_at_a_server
@pytest.mark.parametrize(
    ("make", "more"),
    [
        (a_goal, {"subject": None}),
        (a_goal, {"extension": [{"url": DIGEST, "valueString": "0" * 32}]}),
    ],
)
def test_what_may_be_another_patients_or_ours_holds_the_plan_back(
    make: Callable[..., Json], more: Json, first: Clinic
) -> None:
    body = {key: value for key, value in make(first, **more).items() if value}
    added(first, body)
    assert "has no place for (CarePlan.goal[3])" in held_back(first)
    assert names(first) == ["jones-1.plan.yaml"]


# --- a status, and a time -------------------------------------------------------------------------

US = "http://hl7.org/fhir/us"
PROFILE = "Goal.meta.profile"
IN_PROGRESS = {
    "coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/goal-achievement", "code": "in-progress"}
    ]
}


@by_the_ledger_at_a_server
@pytest.mark.parametrize(
    ("make", "more", "told"),
    [
        (a_goal, {"lifecycleStatus": "active"}, "Goal.lifecycleStatus"),
        (a_goal, {"lifecycleStatus": "accepted"}, "Goal.lifecycleStatus"),
        (
            a_goal,
            {
                "lifecycleStatus": "active",
                "achievementStatus": IN_PROGRESS,
                "statusDate": "2026-03-03",
                "startDate": "2026-03-04",
            },
            "Goal.lifecycleStatus, Goal.achievementStatus, Goal.statusDate",
        ),
        (a_task, {"status": "accepted", "intent": "proposal"}, "Task.status, Task.intent"),
        (a_goal, {"meta": {"profile": [f"{US}/core/StructureDefinition/us-core-goal"]}}, PROFILE),
        # where it was written down it was the evening before
        (a_task, {"authoredOn": "2026-03-04T22:00:00-05:00"}, "Task.authoredOn"),
    ],
)
def test_nobody_agrees_by_a_status_and_a_day_has_no_time(
    make: Callable[..., Json], more: Json, told: str, first: Clinic
) -> None:
    [place] = added(first, make(first, **more))
    assert merged_is(first).endswith(
        "It stands in jones-2.plan.yaml. Of what was added there these are as the plan has them: "
        f"{told}."
    )
    body = at(first, place)
    if make is a_task:
        assert (body["status"], body["intent"]) == ("draft", "plan")
        assert body["authoredOn"] == more.get("authoredOn", "2026-03-05")[:10]
        return
    assert body["lifecycleStatus"] == "proposed"
    assert not body.keys() & {"achievementStatus", "statusDate"}
    assert body["startDate"] == more.get("startDate", "2026-03-05")
    assert acceptance(first, f"goal-{place[5:]}") == {"1001": "pending", "kurtz": "pending"}


@by_the_ledger_at_a_server
def test_a_claim_of_ours_says_nothing_of_theirs(first: Clinic) -> None:
    """A server may leave it on what was theirs before, and is given back."""
    ours = "https://alliance-fhir.github.io/ig/StructureDefinition/agreed-goal"
    added(first, a_goal(first, meta={"profile": [ours]}))
    assert merged_is(first).endswith("It stands in jones-2.plan.yaml.")


# --- an identifier of the portal's ----------------------------------------------------------------


@pytest.mark.parametrize("place_kind", [*LITTLE, "lowest", R4])
def test_by_what_a_portal_knows_its_own_it_knows_it_still(first: Clinic) -> None:
    """Through all that is written over it; and so it is when the ledger is lost."""
    known = [{"system": "urn:example:portal", "value": number} for number in ("G-9", "2026/9")]
    here = {"startDate": "2026-03-04", "lifecycleStatus": "active"}
    [goal] = added(first, a_goal(first, identifier=known, **here))
    [task] = added(first, a_task(first, identifier=known[:1]))
    assert "Goal.lifecycleStatus" in merged_is(first)
    document = said_in(text_of(first, "jones-2.plan.yaml"))
    assert document["goals"][3] == {
        "goal": goal[5:],
        "text": "Play the trumpet again",
        "identifiers": ["urn:example:portal|G-9", "urn:example:portal|2026/9"],
    }
    assert at(first, goal)["identifier"][1:] == known
    assert at(first, task)["identifier"][1:] == known[:1]
    key = at(first, goal)["identifier"][0]["value"].partition("-")[2]
    change(first, key, says(PLAINLY))
    assert "(changed goals[3].text)" in merged_is(first)
    assert at(first, goal)["identifier"][1:] == known
    first.ledger.unlink()
    settled_again(first)


@by_the_ledger_at_a_server
def test_an_identifier_that_somebody_gives_to_a_goal_of_ours_is_merged(first: Clinic) -> None:
    known = {"system": "urn:example:portal", "value": "G-9"}
    change(first, "goal-job", lambda b: {**b, "identifier": [*b["identifier"], known]})
    assert "(added goals[1].identifiers[0])" in merged_is(first)
    assert first.place.by_short_name()["goal-job"]["identifier"][1:] == [known]
    assert acceptance(first, "goal-job") == {"1001": "agree", "kurtz": "agree"}


@by_the_ledger_at_a_server
def test_an_identifier_that_another_site_of_ours_gave_is_one_like_others(first: Clinic) -> None:
    given = {"system": "https://other.example/identifier", "value": f"{'0' * 32}-goal-sleep"}
    [goal] = added(first, a_goal(first, identifier=[given]))
    assert "(added goals[3])" in merged_is(first)
    assert at(first, goal)["identifier"][1:] == [given]


# --- goals as portals have them -------------------------------------------------------------------


ACHIEVED = {
    "coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/goal-achievement", "code": "achieved"}
    ],
    "text": "Achieved",
}
HIGH = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/goal-priority",
            "code": "high-priority",
            "display": "High Priority",
        }
    ],
    "text": "high",
}
PORTALS: dict[str, tuple[Json, str]] = {
    # after https://hl7.org/fhir/us/core/Goal-goal-1.json.html (US Core 8.0.1)
    "us-core": (
        {
            "meta": {"profile": [f"{US}/core/StructureDefinition/us-core-goal|8.0.1"]},
            "text": {
                "status": "generated",
                "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Active</p></div>',
            },
            "lifecycleStatus": "active",
            "description": {"text": "Patient is targeting a weight of 195 lbs"},
            "target": [{"dueDate": "2026-04-05"}],
        },
        "Goal.target",
    ),
    # after https://hl7.org/fhir/us/mcc/Goal-appetite-to-normal.html (MCC eCare Plan 1.0.0)
    "mcc": (
        {
            "meta": {"profile": [f"{US}/mcc/StructureDefinition/MCCGoal"]},
            "lifecycleStatus": "active",
            "achievementStatus": IN_PROGRESS,
            "priority": HIGH,
            "description": {
                "coding": [{"system": "http://snomed.info/sct", "code": "289145003"}],
                "text": "Achieve adequate appetite level",
            },
            "startDate": "2026-02-08",
            "statusReason": "Goal initiated",
            "addresses": [{"display": "Loss of appetite"}],
        },
        "Goal.description.coding, Goal.priority.text, Goal.statusReason, Goal.addresses",
    ),
    # after https://hl7.org/fhir/us/mcc/Goal-lower-pain-minimal-opioids.html (the same)
    "mcc-achieved": (
        {
            "lifecycleStatus": "completed",
            "achievementStatus": ACHIEVED,
            "description": {"text": "Decrease pain with alternative methods"},
            "startDate": "2026-01-14",
            "statusDate": "2026-02-14",
            "statusReason": "Goal met",
        },
        "Goal.lifecycleStatus",
    ),
    # by https://hl7.org/fhir/us/pco/StructureDefinition-pco-gas-goal-profile.html (PCO 1.0.0)
    "pco": (
        {
            "extension": [
                {
                    "url": f"{US}/pco/StructureDefinition/pco-goal-attainment-scaling",
                    "extension": [
                        {"url": "score", "valueInteger": 0},
                        {"url": "realistic", "valueString": "Play with the band once a month"},
                    ],
                }
            ],
            "lifecycleStatus": "active",
            "category": [{"text": "Social"}],
            "description": {"text": "Play with the band again"},
        },
        "Goal.extension, Goal.category",
    ),
    # with what a server of an electronic record adds of its own
    "record": (
        {
            "meta": {"source": "urn:example:portal#abc", "tag": [{"code": "from-the-app"}]},
            "identifier": [{"use": "usual", "system": "urn:example:portal", "value": "G-9"}],
            "lifecycleStatus": "accepted",
            "description": {"text": "Walk the dog every day"},
            "startDate": "2026-03-04",
            "note": [{"time": "2026-03-04T09:12:33.123Z", "text": "Said on the phone"}],
        },
        "Goal.meta.tag, Goal.identifier[0].use, Goal.note",
    ),
}
"""Goals, and what of them a plan document cannot carry."""


@pytest.mark.parametrize("place_kind", [*LITTLE, R4])
def test_goals_of_portals_belong_to_the_plan_and_nothing_of_them_is_lost(first: Clinic) -> None:
    """All at once, in one run, in which another change of the portal is merged as well."""
    places = added(first, *(a_goal(first, **body) for body, _ in PORTALS.values()))
    before = [at(first, place) for place in places]
    change(first, "goal-job", says(PLAINLY))
    told = [{*one.split(", ")} for one in kept(first).values()]  # in the order of the server
    assert told == [{*one.split(", ")} for _, one in PORTALS.values()]
    assert [at(first, place) for place in places] == before
    assert lists(first)[3:8] == places
    document = said_in(text_of(first, "jones-2.plan.yaml"))
    assert document["kept_by_others"] == address(first, *places)
    assert (document["goals"][1]["text"], len(document["goals"])) == (PLAINLY, 3)
    first.ledger.unlink()
    settled_again(first)
    assert [at(first, place) for place in places] == before


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


@pytest.mark.parametrize("place_kind", ["folder"])
def test_in_a_folder_nothing_is_referred_to_by_an_id(first: Clinic) -> None:
    change(first, "plan", listed("Goal/9"))
    assert "has no place for (CarePlan.goal[3])" in held_back(first)
