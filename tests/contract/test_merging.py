"""`--merge`: shared plans that were changed at their source and at a target."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml

from alliance_fhir.errors import ConfigError

from .clinic import PLANS, Clinic, counts, edited, give, is_write, rows_of, rules
from .kinds import LITTLE, MEDPLUM, R4, R5, by_the_ledger
from .merging import (
    ACCEPTANCE,
    COLLIDING,
    KURTZ,
    PLAINLY,
    SAID,
    a_goal,
    acceptance,
    added,
    agreed_by,
    change,
    collided,
    finish,
    given,
    held_back,
    merged_is,
    names,
    of_the_patient,
    pending,
    said_in,
    says,
    second,
    set_clock,
    settled,
    text_of,
)
from .places import bare, name_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from postgres import Postgres

Json = dict[str, Any]

pytestmark = pytest.mark.usefixtures("march")

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


@main
def test_the_plan_of_a_merge_changes_nothing_there(first: Clinic) -> None:
    """By what all of it says there, where other tests look at what plans send."""
    change(first, "goal-sleep", says(PLAINLY))
    before = first.place.versions()
    assert rules(first.plan(merge=True), "warnings").count("merged") == 1
    assert first.plan(reread=True).exit_code == 7
    assert first.place.versions() == before


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
