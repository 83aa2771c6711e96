"""`retract` and `undo` at a real server that does not delete, keeps no history, or no tags.

What can be done is done, what cannot is told, and nothing is left half done.
"""

from __future__ import annotations

from typing import Any

from alliance_fhir.domain.keys import record_key

from .conftest import FIRST, SECOND, Site, behind, resources, told, where

KEY = record_key("clinic-east", ("record", FIRST.record_id))
CHANGED = FIRST.with_item(4, "4")
WRONG = {"entered-in-error"}


def contents(site: Site) -> dict[str, Any]:
    """All that is there by where it is, without what servers count."""
    return {
        where(body): {k: v for k, v in body.items() if k != "meta"}
        for body in site.there.everything
    }


def retracted(site: Site, name: str) -> None:
    """The record is entered in error, the other one is as it was, and it stays so."""
    ran = site.retract(name)
    assert (ran.code, resources(ran)) == (0, {"updated": 6, "created": 1})
    assert (site.statuses(FIRST), site.statuses(SECOND) & WRONG) == (WRONG, set())
    again = site.retract(name)
    assert (again.code, resources(again)) == (0, {"unchanged": 6})


@behind("no-delete")
def test_where_nothing_is_deleted_undo_says_so_and_retract_is_the_way(site: Site) -> None:
    run = site.sync().json["run"]
    before = contents(site)
    ran = site.command("undo", run)
    assert (ran.code, ran.json["undone"]["removed"]) == (7, 0)
    assert set(told(ran, "blocked")) == {"not-removed", "still-referenced"}
    assert contents(site) == before
    assert site.verified()
    retracted(site, FIRST.record_id)
    assert site.verified()


@behind("no-delete")
def test_where_nothing_is_deleted_a_change_is_put_back_all_the_same(site: Site) -> None:
    """The Provenance of the change stays: that it was made is true."""
    site.sync()
    before = contents(site)
    site.write(CHANGED, SECOND)
    run = site.sync().json["run"]
    ran = site.command("undo", run)
    assert (ran.code, told(ran, "blocked")) == (7, ["not-removed"])
    assert (ran.json["undone"]["restored"], ran.json["undone"]["left"]) == (3, 1)
    after = contents(site)
    assert {place: after[place] for place in before} == before
    assert site.verified()


@behind("no-history")
def test_where_no_history_is_kept_a_change_stays_with_its_provenance(site: Site) -> None:
    first = site.sync().json["run"]
    site.write(CHANGED, SECOND)
    run = site.sync().json["run"]
    before = contents(site)
    for _ in ("with the ledger", "without it"):
        ran = site.command("undo", run)
        assert (ran.code, told(ran, "blocked")) == (7, ["not-restored"] * 3)
        assert contents(site) == before
        site.forget()
    site.sync()
    assert site.verified()
    retracted(site, FIRST.record_id)
    assert site.verified()
    assert site.command("undo", first).json["undone"]["removed"]


@behind("no-history")
def test_where_no_history_is_kept_what_a_run_made_is_removed(site: Site) -> None:
    before = contents(site)
    run = site.sync().json["run"]
    assert site.command("undo", run).code == 0
    assert contents(site) == before


def probed(site: Site) -> None:
    """It is known that the server keeps no tags: it declines what asks for them."""
    settings = ("--ledger", site.ledger, "--config", site.folder / "alliance.toml")
    assert site.run("probe", site.there.address, "--write", *settings).code == 0


@behind("no-tags")
def test_where_no_tags_are_kept_nothing_is_found_without_a_ledger(site: Site) -> None:
    """`retract` goes by the keys."""
    probed(site)
    ran = site.sync()
    before = contents(site)
    site.forget()
    undo = site.command("undo", ran.json["run"])
    assert (ran.code, undo.code, "bears its tag" in undo.json["stopped"]) == (0, 2, True)
    assert contents(site) == before
    probed(site)
    retracted(site, KEY)


@behind("no-tags")
def test_where_no_tags_are_kept_the_ledger_is_gone_by(site: Site) -> None:
    probed(site)
    before = contents(site)
    first = site.sync()
    middle = contents(site)
    site.write(CHANGED, SECOND)
    second = site.sync()
    assert (first.code, second.code, len(middle) - len(before)) == (0, 0, 16)
    assert (site.command("undo", second.json["run"]).code, contents(site)) == (0, middle)
    assert site.verified()
    assert (site.command("undo", first.json["run"]).code, contents(site)) == (0, before)
