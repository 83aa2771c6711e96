"""`undo`: what a run did is taken back, and nothing else is touched."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.domain.keys import record_key
from alliance_fhir.testing import Answer, Cut, Request
from contract.clinic import patient
from contract.places import name_of

from .conftest import (
    CREATED,
    FIRST,
    SECOND,
    TOUCHED,
    Site,
    everywhere,
    resources,
    tags,
    told,
    where,
)

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
KEY = record_key("clinic-east", ("record", FIRST.record_id))
CHANGED = FIRST.with_item(4, "4")
THIRD = replace(FIRST, record_id="r-3", completed_at="2026-04-01")
NOTHING = {"removed": 0, "restored": 0, "already_gone": 0, "left": 0}


def contents(site: Site) -> dict[str, Json]:
    """All that is there by where it is, without what servers count."""
    return {
        where(body): {k: v for k, v in body.items() if k not in ("meta",)}
        for body in site.there.everything
    }


def undone(**counts: int) -> dict[str, int]:
    """What an `undo` did."""
    return {**NOTHING, **counts}


@everywhere()
def test_what_a_run_made_is_removed_and_the_next_sync_makes_it_again(site: Site) -> None:
    before = contents(site)
    first = site.sync().json["run"]
    made = len(site.there.everything) - len(before)
    ran = site.command("undo", first)
    assert (ran.code, ran.json["undone"]) == (0, undone(removed=made))
    assert contents(site) == before
    assert (ran.json["command"], ran.json["target"]) == ("undo", site.there.address)
    ran = site.command("undo", first)
    assert (ran.code, ran.json["undone"]) == (0, NOTHING)
    assert resources(site.sync()) == {"created": 16}
    assert site.verified()


@everywhere(but=("no-versions",), main=True)
def test_what_a_run_changed_is_put_back_and_what_it_added_removed(site: Site) -> None:
    site.sync()
    before = contents(site)
    site.write(CHANGED, SECOND, THIRD)
    second = site.sync().json["run"]
    ran = site.command("undo", second)
    assert (ran.code, ran.json["undone"]) == (0, undone(removed=8, restored=3))
    assert contents(site) == before
    assert site.verified()
    assert resources(site.sync()) == {"updated": 3, "created": 8, "unchanged": 11}
    assert site.of_record(FIRST)["total"]["valueQuantity"]["value"] == 32
    assert site.verified()


@everywhere(but=("no-versions",))
def test_a_retraction_can_be_undone(site: Site) -> None:
    site.sync()
    before = contents(site)
    run = site.retract(FIRST.record_id).json["run"]
    ran = site.command("undo", run)
    assert (ran.code, ran.json["undone"]) == (0, undone(removed=1, restored=6))
    assert contents(site) == before
    ran = site.sync()
    assert (ran.code, told(ran, "warnings"), resources(ran)) == (0, [], {"unchanged": 14})
    assert site.verified()


@everywhere(but=("no-versions",), main=True)
def test_without_a_ledger_what_was_changed_is_put_back_from_the_history(site: Site) -> None:
    first = site.sync().json["run"]
    before = contents(site)
    site.write(CHANGED, SECOND, THIRD)
    second = site.sync().json["run"]
    site.forget()
    ran = site.command("undo", second)
    assert (ran.code, told(ran, "blocked")) == (0, [])
    assert ran.json["undone"] == undone(removed=8, restored=3)
    assert contents(site) == before
    assert not site.ledger.exists()
    ran = site.command("undo", second)  # where tags stay, it is still found by them
    assert ran.json.get("undone", NOTHING) == NOTHING
    assert contents(site) == before
    site.write(FIRST, SECOND)
    assert resources(site.sync()) == {"unchanged": 14}
    assert {body["id"] for body in site.there.everything if tags(body, CREATED) == [first]}


@everywhere(but=("no-versions", "by-patient"))
def test_without_a_ledger_a_retraction_is_undone(site: Site) -> None:
    site.sync()
    before = contents(site)
    site.forget()
    run = site.retract(KEY).json["run"]
    site.forget()
    ran = site.command("undo", run)
    assert (ran.code, ran.json["undone"]) == (0, undone(removed=1, restored=6))
    assert contents(site) == before
    assert resources(site.sync()) == {"unchanged": 14}


def test_a_ledger_that_began_with_the_change_has_it_put_back_all_the_same(site: Site) -> None:
    """It does not know from what: it was lost before."""
    site.sync()
    before = contents(site)
    site.forget()
    site.write(CHANGED, SECOND)
    second = site.sync().json["run"]
    ran = site.command("undo", second)
    assert (ran.code, ran.json["undone"]) == (0, undone(removed=1, restored=3))
    assert contents(site) == before
    assert resources(site.sync()) == {"updated": 3, "created": 1, "unchanged": 11}
    assert site.verified()


def edit(site: Site, change: Callable[[Json], Json]) -> None:
    """Somebody else changes the total of the first record."""
    site.there.edit(name_of(site.of_record(FIRST)["total"]), change)


@everywhere(but=("no-versions",))
def test_what_a_run_put_itself_over_is_somebody_elses_again(site: Site) -> None:
    site.sync()
    edit(site, lambda body: {**body, "note": [{"text": "looked at"}]})
    before = contents(site)
    ran = site.sync("--take", "source")
    assert "note" not in site.of_record(FIRST)["total"]
    ran = site.command("undo", ran.json["run"])
    assert (ran.code, ran.json["undone"]) == (0, undone(removed=1, restored=1))
    assert contents(site) == before
    ran = site.sync("--reread")
    assert (ran.code, told(ran, "blocked")) == (7, ["changed-at-target"])


@everywhere(but=("no-versions",))
def test_what_a_run_took_over_is_somebody_elses_again(site: Site) -> None:
    site.sync()
    edit(site, lambda body: {k: v for k, v in body.items() if k != "extension"})
    site.forget()
    before = contents(site)
    run = site.sync("--adopt").json["run"]
    ran = site.command("undo", run)
    assert (ran.code, ran.json["undone"]) == (0, undone(removed=1, restored=1))
    assert contents(site) == before
    ran = site.sync("--reread")
    assert (ran.code, told(ran, "blocked")) == (7, ["not-ours"])


def test_a_ledger_that_was_lost_and_found_again_leaves_a_record_whole(site: Site) -> None:
    """It knows no Provenance: that is found by its tag, and tells of what is left."""
    first = site.sync().json["run"]
    site.forget()
    site.sync()
    place = where(site.of_record(FIRST)["total"])
    [total] = [body for body in site.server.everything if where(body) == place]
    site.server.put(**{**total, "note": [{"text": "looked at"}]})
    ran = site.command("undo", first)
    assert (ran.code, told(ran, "blocked")[0]) == (7, "changed-at-target")
    assert (len(site.of_record(FIRST)), site.counts()["Provenance"]) == (6, 1)


@pytest.mark.parametrize("kind", ["right", "read-and-compare"])
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_without_a_ledger_what_others_changed_since_is_not_put_back(site: Site, when: str) -> None:
    site.sync()
    site.write(CHANGED, SECOND)
    second = site.sync().json["run"]
    site.forget()
    place = where(site.of_record(FIRST)["total"])

    def edit() -> None:
        [total] = [body for body in site.server.everything if where(body) == place]
        site.server.put(**{**total, "note": [{"text": "looked at"}]})

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed()
        if request.path == f"{place}/_history":
            edit()
        return answer

    if when == "before":
        edit()
    else:
        site.server.between = between
    ran = site.command("undo", second)
    assert ran.code == 7
    assert {f["resource"]: f["rule"] for f in ran.json["blocked"]}[place] == "changed-at-target"
    total = site.of_record(FIRST)["total"]
    assert (total["valueQuantity"]["value"], bool(total["note"])) == (32, True)


@pytest.mark.parametrize(("item", "left"), [(4, 0), (1, 1)], ids=["all of it", "a part"])
def test_without_a_ledger_what_a_later_run_changed_is_not_put_back(
    site: Site, item: int, left: int
) -> None:
    """Of what was changed again, most servers take the earlier run's tag off."""
    site.sync()
    site.write(CHANGED, SECOND)
    second = site.sync().json["run"]
    site.write(CHANGED.with_item(item, "1"), SECOND)
    third = site.sync().json["run"]
    after = contents(site)
    tagged = [b for b in site.there.everything if tags(b, TOUCHED) == [second]]
    assert len(tagged) == left
    site.forget()
    ran = site.command("undo", second)
    assert (ran.code, set(told(ran, "blocked"))) == (7, {"changed-later"})
    assert contents(site) == after
    assert site.command("undo", third).code == 0
    assert site.of_record(FIRST)["total"]["valueQuantity"]["value"] == 32


@pytest.mark.parametrize("kind", ["right", "no-versions"])
def test_without_ledger_and_history_what_was_only_changed_is_told(site: Site) -> None:
    site.sync()
    site.write(CHANGED, SECOND)
    second = site.sync().json["run"]
    site.forget()
    site.server.conduct.lacks |= {"history"}
    after = contents(site)
    ran = site.command("undo", second)
    assert (ran.code, told(ran, "blocked")) == (7, ["not-restored"] * 3)
    assert "neither a ledger nor" in ran.json["blocked"][0]["remedy"]
    assert ran.json["undone"] == undone(left=4)  # with the Provenance, which is still true
    assert contents(site) == after


@pytest.mark.parametrize("ignored", ["history", "tags"])
def test_a_history_that_tells_something_else_is_not_believed(site: Site, ignored: str) -> None:
    """It has the last version alone; or every version bears the labels of the last."""

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed()
        if request.path.endswith("_history") and ignored == "tags":
            newest = answer.body["entry"][0]["resource"]["meta"]["tag"]
            for entry in answer.body["entry"]:
                entry["resource"]["meta"]["tag"] = newest
        return answer

    site.sync()
    site.write(CHANGED, SECOND)
    second = site.sync().json["run"]
    site.forget()
    site.server.between = between
    if ignored == "history":
        site.server.conduct.ignores = frozenset({"history"})
    after = contents(site)
    ran = site.command("undo", second)
    assert (ran.code, told(ran, "blocked")) == (7, ["not-restored"] * 3)
    assert contents(site) == after


def test_what_a_run_only_learnt_is_not_its_own(site: Site) -> None:
    site.sync()
    site.retract(KEY)
    site.forget()
    run = site.sync().json["run"]
    before = contents(site)
    ran = site.command("undo", run)
    assert (ran.code, ran.json["undone"], contents(site)) == (0, NOTHING, before)


@everywhere(main=True)
def test_without_its_ledger_it_goes_by_the_tags(site: Site) -> None:
    before = contents(site)
    first = site.sync().json["run"]
    site.forget()
    ran = site.command("undo", first)
    assert ran.code == 0
    assert contents(site) == before
    assert not site.ledger.exists()


@pytest.mark.parametrize("ledger", [True, False], ids=["ledger", "tags"])
def test_what_others_changed_since_is_left_with_its_whole_record(site: Site, ledger: bool) -> None:
    run = site.sync().json["run"]
    total = next(
        body
        for body in site.server.of_type("Observation")
        if body["id"] == site.of_record(FIRST)["total"]["id"]
    )
    site.server.put(**{**total, "valueQuantity": {**total["valueQuantity"], "value": 12}})
    kept = contents(site)
    if not ledger:
        site.forget()
    ran = site.command("undo", run)
    assert ran.code == 7
    assert told(ran, "blocked") == ["changed-at-target", "still-referenced", "still-referenced"]
    assert ran.json["blocked"][0]["resource"] == where(total)
    left = contents(site)
    assert {place for place in left if place in kept} == set(left)
    assert len(site.of_record(FIRST)) == 6
    assert site.of_record(SECOND) == {}
    assert site.of_record(FIRST)["total"]["valueQuantity"]["value"] == 12


@pytest.mark.parametrize("ledger", [True, False], ids=["ledger", "tags"])
def test_what_a_later_run_changed_is_left_until_that_is_undone(site: Site, ledger: bool) -> None:
    first = site.sync().json["run"]
    site.write(CHANGED, SECOND)
    second = site.sync().json["run"]
    if not ledger:
        site.forget()
    ran = site.command("undo", first)
    assert ran.code == 7
    assert "changed-later" in told(ran, "blocked")
    assert len(site.of_record(FIRST)) == 6
    if ledger:
        assert site.command("undo", second).code == 0
        assert site.command("undo", first).code == 0
        assert site.counts() == {"Patient": 2}


def test_what_others_need_is_left(site: Site) -> None:
    run = site.sync("--create-people").json["run"]
    site.write(FIRST, SECOND, FIRST.patient_of("1009"))
    site.write(replace(THIRD, patient="1009"))
    run = site.sync("--create-people").json["run"]
    [made] = [p for p in site.there.of_type("Patient") if tags(p, CREATED) == [run]]
    visit = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "questionnaire": "urn:example:other",
        "subject": {"reference": where(made)},
    }
    place = site.there.add(visit)
    ran = site.command("undo", run)
    assert (ran.code, told(ran, "blocked")) == (7, ["still-referenced"])
    assert ran.json["blocked"][0]["resource"] == where(made)
    site.server.delete(place)
    ran = site.command("undo", run)
    assert (ran.code, ran.json["undone"]) == (0, undone(removed=1))


def test_a_server_that_refuses_deletes_is_told_so(site: Site) -> None:
    run = site.sync().json["run"]
    before = contents(site)
    site.server.conduct.lacks = frozenset({"delete"})
    ran = site.command("undo", run)
    assert (ran.code, set(told(ran, "blocked"))) == (7, {"not-removed"} | {"still-referenced"})
    assert "retract" in ran.json["blocked"][0]["remedy"]
    assert contents(site) == before
    assert resources(site.sync()) == {"unchanged": 14}


def test_a_server_without_history_says_what_stays(site: Site) -> None:
    site.sync()
    site.write(CHANGED, SECOND)
    run = site.sync().json["run"]

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        return Answer(404) if "_history" in request.path else proceed()

    site.server.between = between
    ran = site.command("undo", run)
    assert (ran.code, told(ran, "blocked")) == (7, ["not-restored"] * 3)
    assert ran.json["undone"] == undone(left=4)  # with the Provenance, which is still true
    assert site.of_record(FIRST)["total"]["valueQuantity"]["value"] == 32
    assert site.verified()


@pytest.mark.long
@pytest.mark.parametrize("at", range(0, 16, 3))
@pytest.mark.parametrize("when", ["before", "after"])
def test_cut_off_and_run_again_it_is_done(site: Site, at: int, when: str) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if request.is_write:
            writes.append(request)
            if len(writes) > at:
                if when == "after" and len(writes) == at + 1:
                    proceed()
                raise Cut
        return proceed()

    site.sync()
    before = contents(site)
    site.write(CHANGED, SECOND, THIRD)
    run = site.sync().json["run"]
    writes: list[Request] = []
    site.server.between = between
    site.command("undo", run)
    site.server.between = lambda request, proceed: proceed()
    assert site.command("undo", run).code == 0
    assert contents(site) == before
    assert site.verified()
    assert resources(site.sync()) == {"updated": 3, "created": 8, "unchanged": 11}


def test_a_server_that_keeps_what_others_refer_to_sees_it_in_the_right_order(site: Site) -> None:
    before = contents(site)
    site.server.conduct.keeps_referenced = True
    run = site.sync("--create-people").json["run"]
    ran = site.command("undo", run)
    assert (ran.code, told(ran, "blocked")) == (0, [])
    assert contents(site) == before


@pytest.mark.parametrize("kind", ["right", "read-and-compare"])
def test_what_somebody_changes_in_between_is_not_removed(site: Site) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        looked = request.method == "GET" and request.path == where(total)
        if looked and site.server.conduct.lacks:
            changed.append(request)
            if len(changed) > 1:  # it is read for the order, and compared right before
                site.server.put(**{**total, "note": [{"text": "looked at"}]})
        guarded = not site.server.conduct.lacks
        if guarded and request.method == "DELETE" and request.path == where(total):
            site.server.put(**{**total, "note": [{"text": "looked at"}]})
        return proceed()

    run = site.sync().json["run"]
    place = where(site.of_record(FIRST)["total"])
    [total] = [body for body in site.server.of_type("Observation") if where(body) == place]
    changed: list[Request] = []
    site.server.between = between
    ran = site.command("undo", run)
    assert ran.code == 7
    assert {f["resource"]: f["rule"] for f in ran.json["blocked"]}[place] == "changed-at-target"
    assert site.of_record(FIRST)["total"]["note"]


def test_a_server_that_finds_everything_by_a_tag_loses_nothing_else(site: Site) -> None:
    run = site.sync().json["run"]
    site.forget()
    place = site.there.add(
        {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    )
    site.server.conduct.ignores = frozenset({"tags"})
    assert site.command("undo", run).code == 0
    assert [where(body) for body in site.there.of_type("Observation")] == [place]
    assert len(site.there.of_type("Patient")) == 2


def test_what_others_did_is_never_touched(site: Site) -> None:
    strangers = [site.there.add(patient("7777")), site.there.add(patient("8888"))]
    theirs = {"resourceType": "Observation", "status": "final", "code": {"text": "weight"}}
    strangers.append(site.there.add({**theirs, "subject": {"reference": strangers[0]}}))
    before = contents(site)
    run = site.sync().json["run"]
    assert site.command("undo", run).code == 0
    assert contents(site) == before


def test_without_a_run_the_runs_are_listed(site: Site) -> None:
    first, second = (site.sync().json["run"] for _ in range(2))
    ran = site.command("undo")
    assert {one["run"] for one in ran.json["runs"]} == {first, second}
    assert {one["command"] for one in ran.json["runs"]} == {"sync"}
    config = ("--config", site.folder / "alliance.toml")
    shown = site.run("undo", "--to", site.there.address, "--ledger", site.ledger, *config)
    assert first in shown.out


def test_slips_are_told(site: Site) -> None:
    site.sync()
    ran = site.command("undo", "0123456789abcdef")
    assert ran.code == 2
    assert "no run 0123456789abcdef is known" in ran.json["stopped"]
    folder = site.folder / "out"
    config = ("--config", site.folder / "alliance.toml")
    run = site.run("sync", site.folder / "assessments.csv", "--to", folder, "--json").json["run"]
    ran = site.run("undo", run, "--to", folder, *config)
    assert (ran.code, "is a folder" in ran.err) == (2, True)


@pytest.mark.skipif(sys.platform != "linux", reason="no such words elsewhere")
def test_a_run_that_is_no_text_is_none(site: Site) -> None:
    site.sync()
    ran = site.command("undo", os.fsdecode(b"\xfc"))
    assert (ran.code, ran.json["stopped"]) == (2, "RUN is no run: it is no text")
