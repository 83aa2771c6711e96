"""Every resource says by which run it was made, and by which it was changed."""

from __future__ import annotations

from .conftest import CREATED, FIRST, SECOND, TOUCHED, Site, everywhere, tags


@everywhere()
def test_what_a_run_makes_and_changes_bears_its_tags(site: Site) -> None:
    first = site.sync().json["run"]
    ours = [body for body in site.there.everything if body["resourceType"] != "Patient"]
    assert ours
    assert {tuple(tags(body, CREATED)) for body in ours} == {(first,)}
    assert {tuple(tags(body, TOUCHED)) for body in ours} == {()}
    before = site.there.everything
    site.write(FIRST.with_item(4, "4"), SECOND)
    second = site.sync().json["run"]
    known = {body["id"]: body for body in before}
    new = [b for b in site.there.everything if b["id"] not in known]
    changed = [
        b for b in site.there.everything if b["id"] in known and b["meta"] != known[b["id"]]["meta"]
    ]
    assert [tags(body, CREATED) for body in new] == [[second]]
    assert {(*tags(b, CREATED), *tags(b, TOUCHED)) for b in changed} == {(first, second)}
    assert len(changed) == 3
    assert site.verified()


def test_people_and_what_is_shared_bear_them_too(site: Site) -> None:
    site.write(FIRST, SECOND, FIRST.patient_of("1009"))
    site.write(SECOND.patient_of("1009"))
    run = site.sync("--create-people").json["run"]
    made = [body for body in site.there.everything if tags(body, CREATED) == [run]]
    assert {body["resourceType"] for body in made} >= {"Patient", "Questionnaire", "Device"}


def test_a_tag_that_is_no_run_of_ours_counts_for_nothing(site: Site) -> None:
    site.sync()
    for body in site.server.of_type("Observation"):
        strange = [{"system": CREATED, "code": "x" * 100}]
        site.server.put(**{**body, "meta": {**body["meta"], "tag": strange}})
    site.forget()
    assert site.sync().code == 0
    rows = site.entries("SELECT DISTINCT made_by FROM entry WHERE type = 'Observation'")
    assert rows == [("",)]
