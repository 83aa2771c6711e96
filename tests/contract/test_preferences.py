"""Preferences of shared plans at targets: left out, changed there, added there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .clinic import Clinic, counts, edited, give
from .merging import change, given, held_back, merged_is, said_in, text_of
from .places import bare, name_of

if TYPE_CHECKING:
    from .places import Place

Json = dict[str, Any]
pytestmark = pytest.mark.usefixtures("march")
WANTED = (
    "No medicine that affects sexual function",
    "To be asked, and not to be told what he feels",
)
OTHERWISE = "No medicine in the morning"
"""It is in no message."""
main = pytest.mark.parametrize("place_kind", ["folder", "little-r4", "little-r5", "singles"])


def preferences(place: Place) -> dict[str, Json]:
    """Those that are there, by their words."""
    there = [one for one in place.of_type("Observation") if "-preference-" in name_of(one)]
    return {one["valueString"]: one for one in there}


def listed(place: Place) -> list[str]:
    """The words of those to which the plan refers, in their order."""
    by_key = {one["identifier"][0]["value"]: words for words, one in preferences(place).items()}
    [careplan] = place.of_type("CarePlan")
    keys = [one.get("identifier", {}).get("value") for one in careplan["supportingInfo"]]
    return [by_key[key] for key in keys if key in by_key]


@main
def test_what_a_later_version_leaves_out_stays_and_is_referred_to_no_more(site: Clinic) -> None:
    give(site, "jones-1")
    assert site.sync().exit_code == 0
    before = preferences(site.place)
    assert listed(site.place) == [*WANTED]
    give(site, "jones-1", "jones-2")
    edited(site, "jones-2", lambda text: text.replace(WANTED[0], OTHERWISE))
    assert site.sync().exit_code == 0
    after = preferences(site.place)
    assert {*after} == {*WANTED, OTHERWISE}
    assert {words: bare(after[words]) for words in WANTED} == {
        words: bare(one) for words, one in before.items()
    }
    assert after[OTHERWISE]["effectiveDateTime"] == "2026-03-09T15:20:00-04:00"
    assert listed(site.place) == [OTHERWISE, WANTED[1]]
    site.verified()
    assert counts(site.sync()).keys() == {"unchanged"}


@main
def test_what_somebody_changed_there_is_told_and_merged(site: Clinic) -> None:
    give(site, "jones-1")
    assert site.sync().exit_code == 0
    name = f"preference-{name_of(preferences(site.place)[WANTED[1]]).rpartition('-')[2]}"
    change(site, name, lambda body: {**body, "valueString": OTHERWISE})
    [blocked] = site.sync(reread=True).tally.blocked
    assert blocked.remedy == (
        "Somebody changed the plan there (removed preferences[1], added preferences[1]); choose "
        "--merge, or --take source or server."
    )
    assert merged_is(site) == (
        "Merged with what somebody changed there (removed preferences[1], added preferences[1]). "
        "It stands in jones-2.plan.yaml."
    )
    expected = given(site, "jones-1")
    expected["preferences"][1]["text"] = OTHERWISE
    merged = said_in(text_of(site, "jones-2.plan.yaml"))
    assert merged["preferences"] == expected["preferences"]
    assert listed(site.place) == [WANTED[0], OTHERWISE]
    assert {*preferences(site.place)} == {*WANTED, OTHERWISE}


@pytest.mark.parametrize("place_kind", ["little-r4", "singles"])
def test_what_a_portal_added_is_not_overwritten(site: Clinic) -> None:
    give(site, "jones-1")
    assert site.sync().exit_code == 0
    there = preferences(site.place)[WANTED[0]]
    kept = ("resourceType", "status", "category", "code", "subject", "effectiveDateTime")
    where = site.place.add({**{key: there[key] for key in kept}, "valueString": OTHERWISE})
    refer = {"reference": where}
    change(site, "plan", lambda body: {**body, "supportingInfo": [*body["supportingInfo"], refer]})
    assert "supportingInfo" in held_back(site)
    assert refer in site.place.of_type("CarePlan")[0]["supportingInfo"]
