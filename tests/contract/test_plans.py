"""Shared plans: versions together or one by one, older ones, lost ledgers, lost replies."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from alliance_fhir import map_to
from alliance_fhir.fhir.canonical import sealed
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.plan.careplan import careplan
from alliance_fhir.pulling import pull_plans

from .clinic import Clinic, counts, edited, give, is_write, rows_of, rules
from .kinds import by_the_ledger, everywhere, rungs
from .places import bare, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alliance_fhir.fhir.plan.facts import Facts

    from .places import Place

JONES = ("jones-1", "jones-2", "jones-3")
ALL = (*JONES, "adolescent-1")
CHANGED = (
    "Somebody changed the plan there (changed goals[0].text, removed goals[0].agreement[0], "
    "removed goals[0].agreement[1]); choose --merge, or --take source or server."
)
"""What was said to other words is said to these no more."""
IG = "https://alliance-fhir.github.io/ig"
WRITTEN = f"{IG}/StructureDefinition/plan-written"
DIGEST = f"{IG}/StructureDefinition/content-digest"
FORM = "Questionnaire/https://alliance-fhir.github.io/ig/Questionnaire/plan-review|1.0.0"


def content(place: Place) -> dict[str, Any]:
    """What is there, but for people, for what servers add, for the Provenances of writes, and for
    how often something was corrected."""
    told: dict[str, Any] = {}
    for body in place.everything:
        if body["resourceType"] in ("Patient", "Practitioner") or "-prov-" in name_of(body):
            continue
        plain = told[name_of(body)] = bare(body)
        plain.pop("text", None)
        if plain.get("status") == "amended":
            final = body["resourceType"] == "Observation"
            plain["status"] = "final" if final else "completed"
    return told


def mapped(clinic: Clinic, folder: Path) -> dict[str, Any]:
    """The same of what `map` writes."""
    with clinic.open() as (target, _):
        version = target.version
    map_to(clinic.sources, folder, clinic.settings, version)
    bodies = [
        json.loads(line, parse_float=str)
        for file in sorted(folder.glob("*.ndjson"))
        for line in file.read_bytes().splitlines()
    ]
    told = {name_of(body): bare(body) for body in bodies if "-prov-" not in name_of(body)}
    for body in told.values():
        body.pop("text", None)
    return told


@everywhere
def test_plans_arrive_as_map_writes_them_and_a_second_sync_sends_nothing(
    site: Clinic, tmp_path: Path
) -> None:
    give(site, *ALL)
    result = site.sync()
    assert (result.exit_code, result.tally.read, result.tally.accepted) == (0, 4, 4)
    assert content(site.place) == mapped(site, tmp_path / "mapped")
    site.verified()
    again = site.sync()
    assert counts(again).keys() == {"unchanged"}
    assert site.wire.writes == []


def test_versions_that_come_one_by_one_end_as_those_that_come_together(
    site: Clinic, tmp_path: Path
) -> None:
    for name in JONES:
        give(site, name)
        assert site.sync().exit_code == 0
    one_by_one = content(site.place)
    give(site, *JONES)
    assert one_by_one == mapped(site, tmp_path / "mapped")
    assert counts(site.sync()).keys() == {"unchanged"}
    site.verified()


@by_the_ledger
@pytest.mark.parametrize("late", [("jones-1",), ("jones-2", "jones-1")])
def test_an_older_document_by_itself_takes_nothing_back(
    late: tuple[str, ...], site: Clinic
) -> None:
    give(site, *JONES)
    site.sync()
    before = site.place.versions()
    give(site, *late)
    again = site.sync()
    assert (again.exit_code, counts(again).keys()) == (0, {"unchanged"})
    assert site.place.versions() == before


@by_the_ledger
@pytest.mark.parametrize("order", [*permutations(JONES), ("jones-2", "jones-1", "jones-2")])
def test_in_whatever_order_versions_come_they_end_alike(
    order: tuple[str, ...], site: Clinic, tmp_path: Path
) -> None:
    for name in order:
        give(site, name)
        assert site.sync().exit_code == 0
    late = content(site.place)
    give(site, *order)
    assert late == mapped(site, tmp_path / "mapped")


@by_the_ledger
def test_words_to_which_somebody_spoke_need_a_new_version(site: Clinic) -> None:
    give(site, *JONES)
    site.sync()
    before = site.place.versions()
    edited(site, "jones-3", lambda text: text.replace("nights a week", "nights every week"))
    told = site.sync()
    [finding] = told.tally.rejected
    assert (finding.rule, told.exit_code) == ("version-not-raised", 4)
    assert finding.column == "goals[0].text"
    lines = (site.folder / "plans" / "jones-3.plan.yaml").read_text("utf-8").splitlines()
    assert "nights every week" in lines[finding.row - 1]
    assert (told.tally.read, told.tally.accepted) == (3, 2)
    assert site.place.versions() == before


@by_the_ledger
def test_what_nobody_spoke_to_may_be_corrected(site: Clinic, tmp_path: Path) -> None:
    give(site, *JONES)
    site.sync()
    edited(site, "jones-3", lambda text: text.replace("hopes:", "hopes:\n  - Read again"))
    assert counts(site.sync())["updated"]
    assert content(site.place) == mapped(site, tmp_path / "mapped")


@by_the_ledger
def test_a_version_that_contradicts_one_that_was_sent_is_named(site: Clinic) -> None:
    give(site, *JONES)
    site.sync()
    before = site.place.versions()
    give(site, "jones-3", "adolescent-1")
    edited(site, "jones-3", lambda text: text.replace("version: 3", "version: 4"))
    edited(
        site,
        "jones-3",
        lambda text: "\n".join(
            "written: 2026-01-01" if line.startswith("written:") else line
            for line in text.splitlines()
        ),
    )
    told = site.sync()
    assert set(rules(told, "rejected")) == {"version-goes-back"}
    there = site.place.versions()
    assert {name: there[name] for name in before} == before
    assert len(there) > len(before)  # the other plan went on


def test_a_lost_ledger_changes_nothing_where_all_versions_are_given(site: Clinic) -> None:
    give(site, *ALL)
    site.sync()
    before = site.place.versions()
    site.ledger.unlink()
    assert counts(site.sync()).keys() == {"unchanged"}
    assert site.place.versions() == before
    site.verified()


def test_a_lost_ledger_lets_no_older_version_take_the_place_of_a_newer_one(site: Clinic) -> None:
    give(site, *JONES)
    site.sync()
    before = site.place.versions()
    site.ledger.unlink()
    give(site, "jones-1")
    told = site.sync()
    assert (rules(told, "blocked"), told.exit_code) == (["newer-at-target"], 7)
    assert site.place.versions() == before
    give(site, *JONES)
    assert counts(site.sync()).keys() == {"unchanged"}


def test_what_somebody_changed_there_is_told_and_holds_the_plan_back(site: Clinic) -> None:
    give(site, "jones-1")
    site.sync()
    name = site.place.the("goal-sleep")
    site.place.edit(name, lambda body: {**body, "description": {"text": "Sleep well"}})
    before = site.place.versions()
    give(site, "jones-1", "jones-2")
    told = site.sync(reread=True)
    [finding] = told.tally.blocked
    assert (finding.rule, finding.remedy) == ("changed-at-target", CHANGED)
    there = site.place.versions()
    assert {name for name in there if there[name] != before.get(name)} == {FORM}  # of all plans
    assert rows_of(site.ledger, "SELECT version FROM document") == [(1,)]
    assert site.sync(take="source").exit_code == 0
    site.verified()


@by_the_ledger
@pytest.mark.parametrize(
    ("name", "status", "told"),
    [
        ("goal-sleep", "completed", "Goal.lifecycleStatus of goals[0]"),
        ("goal-job", "on-hold", "Goal.lifecycleStatus of goals[1]"),
        ("task-sleep-hygiene", "cancelled", "Task.status of tasks[1]"),
        ("contact-urgent", "completed", "CommunicationRequest.status"),
    ],
)
def test_that_a_status_alone_was_changed_there_is_told_as_that(
    name: str, status: str, told: str, site: Clinic
) -> None:
    give(site, "jones-1")
    site.sync()
    element = "lifecycleStatus" if told.startswith("Goal") else "status"
    site.place.edit(site.place.the(name), lambda body: {**body, element: status})
    [finding] = site.sync(reread=True).tally.blocked
    assert finding.remedy == (
        f"Somebody changed the plan there (changed {told}); choose --take source or server."
    )


@by_the_ledger
def test_what_somebody_changed_of_one_plan_is_told_once(site: Clinic) -> None:
    give(site, "jones-1", "adolescent-1")
    site.sync()
    for name in ("goal-sleep", "goal-job"):
        changed = {"description": {"text": "Sleep well"}}
        site.place.edit(site.place.the(name), lambda body, changed=changed: {**body, **changed})
    name = site.place.the("task-sleep-hygiene")
    site.place.edit(name, lambda body: {**body, "note": [{"text": "In the garden"}]})
    told = site.sync(reread=True)
    assert counts(told)["conflict"] == 3
    [finding] = told.tally.blocked
    assert finding.remedy == (
        "Somebody changed the plan there (changed goals[0].text, removed goals[0].agreement[0], "
        "removed goals[0].agreement[1], changed goals[1].text, removed goals[1].agreement[0], "
        "removed goals[1].agreement[1]); choose --merge, or --take source or server."
    )


@pytest.mark.parametrize("place_kind", ["little-r4"])
@pytest.mark.parametrize("whole", [True, False])
def test_a_plan_that_somebody_deleted_there_is_told_once(whole: bool, site: Clinic) -> None:
    give(site, "jones-1")
    site.sync()
    kept = {"Device", "Questionnaire", "Patient", "Provenance"}
    parts = [body for body in site.place.everything if body["resourceType"] not in kept]
    order = ("CarePlan", "Observation", "QuestionnaireResponse", "Task")  # what refers to others
    parts.sort(key=lambda body: [*order, body["resourceType"]].index(body["resourceType"]))
    for body in parts if whole else parts[:2]:
        site.place.delete(name_of(body))
    told = site.sync(reread=True)
    assert counts(told)["gone"] == (18 if whole else 2)
    if not whole:
        assert rules(told, "blocked") == ["deleted-at-target"] * 2
        return
    [finding] = told.tally.blocked
    assert finding.resource.startswith("CarePlan/")
    assert finding.remedy == (
        "Somebody deleted the plan there; it was not made again: --recreate does."
    )


@pytest.mark.parametrize("place_kind", ["little-r4"])
def test_whoever_is_not_there_is_told_with_the_line_that_names_them(site: Clinic) -> None:
    give(site, "jones-1")
    edited(site, "jones-1", lambda text: text.replace('patient: "1001"', 'patient: "4711"'))
    lines = (site.folder / "plans" / "jones-1.plan.yaml").read_text("utf-8").splitlines()
    told = site.sync()
    [finding] = told.tally.blocked
    assert (finding.rule, finding.column) == ("patient-not-found", "patient")
    assert lines[finding.row - 1] == 'patient: "4711"'
    [warning] = told.tally.warnings
    assert (warning.rule, warning.column) == ("clinician-not-found", "clinicians")
    assert lines[warning.row - 1] == "clinicians: [kurtz]"


def sync_as_an_earlier_release(clinic: Clinic) -> None:
    """What a release sends that did not tell when a version was written."""

    def without(facts: Facts, *parts: Sequence[Resource]) -> Resource:
        made = careplan(facts, *parts)
        kept = [one for one in made.body["extension"] if one["url"] not in (WRITTEN, DIGEST)]
        return Resource("CarePlan", made.key, *sealed({**made.body, "extension": kept}))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("alliance_fhir.fhir.plan.mapper.careplan", without)
        assert clinic.sync_alone(check="none").exit_code == 0


def written(place: Place) -> list[str]:
    """When the plan was written, as its CarePlan says."""
    there = place.of_type("CarePlan")[0]["extension"]
    return [one["valueDateTime"] for one in there if one["url"] == WRITTEN]


@by_the_ledger
def test_what_an_earlier_release_sent_stays_until_somebody_says_so(site: Clinic) -> None:
    give(site, *JONES[:2])
    sync_as_an_earlier_release(site)
    assert written(site.place) == []
    before = site.place.versions()
    again = site.sync()
    assert (again.exit_code, counts(again).keys()) == (0, {"unchanged"})
    assert rules(again, "warnings") == ["rule-changed"]
    assert site.place.versions() == before
    assert counts(site.sync(rescore=True))["updated"] == 1
    assert written(site.place) == ["2026-03-09T15:20:00-04:00"]
    site.verified()
    again = site.sync()
    assert (counts(again).keys(), rules(again, "warnings")) == ({"unchanged"}, [])


@pytest.mark.parametrize("lost", [False, True])
def test_what_an_earlier_release_sent_is_brought_up_by_the_next_version(
    lost: bool, site: Clinic, tmp_path: Path
) -> None:
    give(site, *JONES[:2])
    sync_as_an_earlier_release(site)
    if lost:
        site.ledger.unlink()
    give(site, *JONES)
    assert site.sync().exit_code == 0
    assert content(site.place) == mapped(site, tmp_path / "mapped")
    site.verified()
    again = site.sync()
    assert (counts(again).keys(), rules(again, "warnings")) == ({"unchanged"}, [])


def test_that_an_earlier_release_told_less_is_no_change_of_somebody_s(site: Clinic) -> None:
    give(site, *JONES[:2])
    second = site.folder / "plans" / "jones-2.plan.yaml"
    third = second.read_text("utf-8").replace("version: 2", "version: 3")
    third = third.replace("written: 2026-03-09", "written: 2026-03-10")  # nothing else tells of it
    second.with_name("jones-3.plan.yaml").write_text(third, "utf-8")
    sync_as_an_earlier_release(site)
    name = site.place.the("goal-sleep")
    site.place.edit(name, lambda body: {**body, "description": {"text": "Sleep well"}})
    [finding] = site.sync(reread=True).tally.blocked
    assert finding.remedy == CHANGED


def test_plans_come_back_as_documents_that_change_nothing(site: Clinic, tmp_path: Path) -> None:
    give(site, *ALL)
    site.sync()
    back = tmp_path / "back"
    with site.open() as (target, _):
        result = pull_plans(target, back, site.settings)
    assert (result.exit_code, result.tally.read, result.tally.accepted) == (0, 2, 2)
    assert (result.tally.rejected, result.tally.warnings) == ([], [])
    names = sorted(path.name for path in back.iterdir())
    assert names == ["adolescent-2026-1.plan.yaml", "jones-2026-3.plan.yaml"]
    assert {path.stat().st_mode & 0o077 for path in back.iterdir()} == {0}
    site.sources = [back]
    assert counts(site.sync()).keys() == {"unchanged"}


@rungs
@pytest.mark.parametrize("number", [1, 2, 4, 6])
def test_a_plan_of_which_a_reply_gets_lost_is_made_whole(
    number: int, server: Place, site: Clinic, tmp_path: Path
) -> None:
    give(site, "jones-1")
    writes = 0

    def cut(request: httpx.Request) -> None:
        nonlocal writes
        writes += is_write(request)
        if writes == number and is_write(request):
            raise httpx.ReadError("cut")

    site.wire.after = cut
    site.sync_alone()
    site.wire.calm()
    assert site.sync_alone().exit_code == 0
    assert writes >= number
    assert content(site.place) == mapped(site, tmp_path / "mapped")
    assert len(site.place.of_type("Provenance")) == len(
        {*map(name_of, site.place.of_type("Provenance"))}
    )
    site.verified()
    assert counts(site.sync()).keys() == {"unchanged"}


@by_the_ledger
def test_documents_are_kept_as_they_were_sent(site: Clinic) -> None:
    give(site, *JONES)
    site.sync()
    kept = rows_of(site.ledger, "SELECT version, text FROM document ORDER BY version")
    assert [version for version, _ in kept] == [1, 2, 3]
    assert [json.loads(text)["version"] for _, text in kept] == [1, 2, 3]
    assert site.ledger.stat().st_mode & 0o077 == 0
