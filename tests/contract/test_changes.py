"""What changes in the source, and what that changes at the target."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from .clinic import CHANGED, MRN, PARTS, ROW, Clinic, counts, is_write, patient, rules, touched
from .kinds import by_the_ledger, everywhere, in_transactions, rungs

if TYPE_CHECKING:
    from collections.abc import Callable

    from .clinic import Row
    from .places import Place

OTHER = replace(ROW, record_id="r-2", patient="1002")
NEW = replace(ROW, record_id="r-3", completed_at="2026-03-09")


@everywhere
def test_a_changed_answer_changes_the_response_and_its_scores_alone(clinic: Clinic) -> None:
    clinic.settled(ROW, OTHER)
    clinic.write(CHANGED, OTHER)
    before = clinic.place.versions()
    result = clinic.sync()
    assert (result.exit_code, counts(result)) == (0, {"updated": 3, "created": 1, "unchanged": 11})
    assert touched(before, clinic.place.versions()) == ["Provenance", "goal", "qr", "total"]
    there = {short: body for short, body in clinic.of_record(ROW).items() if short in PARTS}
    assert {short: body["status"] for short, body in there.items()} == {
        "qr": "amended",
        "total": "amended",
        "goal": "amended",
        "panel": "final",
        "task": "final",
        "bond": "final",
    }
    assert there["total"]["valueQuantity"]["value"] == 32
    assert there["goal"]["valueQuantity"]["value"] == 13
    assert clinic.verified() == 17
    assert counts(clinic.sync()) == {"unchanged": 14}
    assert counts(clinic.sync(reread=True)) == {"unchanged": 14}


@everywhere
def test_a_plan_changes_nothing_there(clinic: Clinic) -> None:
    """By what all of it says there, where other tests look at what plans send."""
    clinic.settled(ROW, OTHER)
    clinic.place.edit(clinic.name(OTHER, "total"), lambda body: {**body, "status": "cancelled"})
    clinic.write(CHANGED, OTHER, NEW)
    before = clinic.place.versions()
    told = counts(clinic.plan())
    assert (told["created"], told["updated"]) == (8, 3)
    assert clinic.plan(reread=True).exit_code == 7
    assert clinic.place.versions() == before


def test_the_provenance_of_a_change_names_what_was_changed(clinic: Clinic) -> None:
    clinic.settled(ROW)
    [first] = clinic.place.of_type("Provenance")
    clinic.write(CHANGED)
    clinic.sync()
    [second] = [p for p in clinic.place.of_type("Provenance") if p != first]
    assert second["activity"]["coding"][0]["code"] == "UPDATE"
    named = {target["identifier"]["value"].partition("-")[2] for target in second["target"]}
    assert named == {"qr", "total", "goal"}
    assert first in clinic.place.of_type("Provenance")


def test_a_change_points_to_what_is_there_already(server: Place, clinic: Clinic) -> None:
    clinic.settled(ROW)
    clinic.write(CHANGED)
    clinic.sync()
    there = server.by_short_name()
    assert there["total"]["derivedFrom"][0]["reference"].endswith(f"/{there['qr']['id']}")
    assert there["qr"]["subject"]["reference"].endswith(f"/{there[ROW.patient]['id']}")


@by_the_ledger
def test_a_row_that_disappears_is_told_where_that_is_asked_for(clinic: Clinic) -> None:
    clinic.settled(ROW, OTHER)
    clinic.write(ROW)
    before = clinic.place.versions()
    assert clinic.sync().tally.disappeared == []
    result = clinic.sync(complete=True)
    [finding] = result.tally.disappeared
    assert (finding.row, finding.rule) == (3, "disappeared")
    assert result.exit_code == 0
    assert clinic.place.versions() == before
    assert clinic.verified() == 16


@pytest.mark.parametrize(
    "asked", [{"patients": frozenset({"1002"})}, {"since": "2026-03-03"}, {"limit": 1}]
)
@by_the_ledger
def test_what_was_not_asked_for_has_not_disappeared(
    clinic: Clinic, asked: dict[str, object]
) -> None:
    rows = (ROW, replace(OTHER, completed_at="2026-03-03"))
    clinic.settled(*rows)
    assert clinic.sync(complete=True, **asked).tally.disappeared == []


@by_the_ledger
def test_a_row_that_is_wrong_now_has_not_disappeared(clinic: Clinic) -> None:
    clinic.settled(ROW, OTHER)
    clinic.write(replace(ROW, answers="9" * 12), OTHER)
    result = clinic.sync(complete=True)
    assert rules(result, "rejected") == ["out-of-range"]
    assert result.tally.disappeared == []


@by_the_ledger
def test_a_file_that_cannot_be_read_says_nothing_about_its_rows(clinic: Clinic) -> None:
    clinic.register(OTHER.patient)
    other = clinic.write(OTHER, name="others.csv")
    clinic.sources.append(other)
    clinic.settled(ROW)
    clinic.write(ROW)
    other.write_text("nothing that we know\n1\n")
    result = clinic.sync(complete=True)
    assert result.exit_code == 3
    assert result.tally.disappeared == []
    assert rules(result, "warnings") == ["not-compared"]


@by_the_ledger
def test_an_older_file_does_not_undo_a_newer_one(clinic: Clinic) -> None:
    clinic.settled(ROW)
    clinic.write(CHANGED)
    clinic.sync()
    clinic.write(ROW)
    before = clinic.place.versions()
    result = clinic.sync()
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 8})
    assert rules(result, "warnings") == ["older-version"]
    assert clinic.place.versions() == before


def test_an_older_file_is_taken_where_the_user_says_so(clinic: Clinic) -> None:
    clinic.settled(ROW)
    clinic.write(CHANGED)
    clinic.sync()
    clinic.write(ROW)
    result = clinic.sync(accept_older=True)
    assert counts(result) == {"updated": 3, "created": 1, "unchanged": 5}
    assert rules(result, "warnings") == []
    assert clinic.place.by_short_name()["total"]["valueQuantity"]["value"] == 31
    assert counts(clinic.sync()) == {"unchanged": 8}
    assert clinic.verified() == 11


@by_the_ledger
def test_every_write_has_a_provenance_of_its_own(clinic: Clinic) -> None:
    clinic.settled(ROW)
    for row in (CHANGED, ROW, CHANGED):
        clinic.write(row)
        clinic.sync_alone(accept_older=True)
    assert len(clinic.place.of_type("Provenance")) == 4


@by_the_ledger
def test_a_record_whose_patient_changed_is_held_back(clinic: Clinic) -> None:
    clinic.settled(ROW)
    clinic.write(replace(CHANGED, patient="1002"), replace(OTHER, record_id="r-3"))
    clinic.register("1002")
    before = clinic.place.versions()
    result = clinic.sync()
    assert result.exit_code == 7
    assert [(f.row, f.rule) for f in result.tally.blocked] == [(2, "patient-changed")]
    assert counts(result) == {"unchanged": 2, "blocked": 6, "created": 7}
    assert {name.partition("-")[0] for name in touched(before, clinic.place.versions())} == {
        *PARTS,
        "Provenance",
    }
    assert {body["subject"]["identifier"]["value"] for body in clinic.of_record(ROW).values()} == {
        ROW.patient
    }


def rated_by_the_rater(clinic: Clinic) -> None:
    clinic.set(score_performer="rater")


def prorated(clinic: Clinic) -> None:
    clinic.set_missing("prorate")


RULES: list[Callable[[Clinic], None]] = [rated_by_the_rater, prorated]


def row_of(change: Callable[[Clinic], None]) -> Row:
    """A row for which the rule matters."""
    return replace(ROW, answers="23333323223 ") if change is prorated else ROW


@pytest.mark.parametrize("change", RULES)
@by_the_ledger
def test_a_changed_rule_alone_sends_nothing(
    clinic: Clinic, change: Callable[[Clinic], None]
) -> None:
    clinic.settled(row_of(change))
    change(clinic)
    before = clinic.place.versions()
    result = clinic.sync()
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 8})
    assert rules(result, "warnings") == ["rule-changed"]
    assert clinic.place.versions() == before


def test_a_changed_rule_is_applied_where_the_user_says_so(clinic: Clinic) -> None:
    clinic.settled(ROW)
    rated_by_the_rater(clinic)
    before = clinic.place.versions()
    result = clinic.sync(rescore=True)
    assert counts(result) == {"updated": 5, "created": 1, "unchanged": 3}
    assert touched(before, clinic.place.versions()) == [
        "Provenance",
        "bond",
        "goal",
        "panel",
        "task",
        "total",
    ]
    there = clinic.place.by_short_name()
    assert {there[part]["status"] for part in PARTS if part != "qr"} == {"corrected"}
    assert there["qr"]["status"] == "completed"
    assert there["bond"]["performer"][0]["identifier"]["value"] == ROW.patient
    assert clinic.verified() == 10
    assert counts(clinic.sync()) == {"unchanged": 8}
    assert counts(clinic.sync(reread=True)) == {"unchanged": 8}


@by_the_ledger
def test_a_changed_rule_sends_nothing_after_a_change_either(clinic: Clinic) -> None:
    clinic.settled(ROW)
    clinic.write(CHANGED)
    clinic.sync()
    rated_by_the_rater(clinic)
    before = clinic.place.versions()
    result = clinic.sync()
    assert counts(result) == {"unchanged": 8}
    assert rules(result, "warnings") == ["rule-changed"]
    assert clinic.place.versions() == before


@by_the_ledger
def test_a_row_that_moved_to_another_file_is_the_same(clinic: Clinic) -> None:
    clinic.settled(OTHER, ROW)
    clinic.sources = [clinic.write(ROW, OTHER, name="moved.csv")]
    result = clinic.sync(complete=True)
    assert counts(result) == {"unchanged": 14}
    assert result.tally.disappeared == []


def scores_of(clinic: Clinic, row: Row) -> dict[str, tuple[object, object]]:
    """The scores in the response of a record, and those of its Observations."""
    parts = clinic.of_record(row)
    items = {item["linkId"]: item["answer"][0] for item in parts["qr"]["item"]}
    named = ("total", "goal", "task", "bond")
    return {
        name: (items[name]["valueDecimal"], parts[name]["valueQuantity"]["value"]) for name in named
    }


@by_the_ledger
def test_a_score_may_be_again_what_it_was_once(clinic: Clinic) -> None:
    """Item 4 (goal) goes up; then that is taken back, and item 1 (task) is corrected instead."""
    clinic.settled(ROW)
    clinic.write(CHANGED)
    assert clinic.sync().exit_code == 0
    clinic.write(ROW.with_item(1, "5"))
    result = clinic.sync()
    assert rules(result, "warnings") == []
    assert counts(result) == {"updated": 4, "created": 1, "unchanged": 4}
    for told, shown in scores_of(clinic, ROW).values():
        assert told == shown
    clinic.write(CHANGED)
    assert rules(clinic.sync(), "warnings") == ["older-version"]


@by_the_ledger
def test_what_a_row_no_longer_gives_is_told(clinic: Clinic) -> None:
    scored = replace(ROW, answers="", scores=("48", "16", "16", "16"))
    clinic.settled(scored)
    clinic.write(replace(scored, scores=("48", "16", "16", "")))
    for _ in range(2):
        result = clinic.sync()
        assert (result.exit_code, rules(result, "warnings")) == (0, ["no-longer-given"])
    assert "bond" in clinic.of_record(ROW)


def test_a_patient_s_number_that_is_another_s_now_splits_no_record(
    server: Place, clinic: Clinic
) -> None:
    clinic.settled(ROW)
    mrn = {"system": MRN, "value": "9999"}
    server.edit(f"Patient/{ROW.patient}", lambda body: {**body, "identifier": [mrn]})
    server.add(patient(ROW.patient))
    clinic.write(CHANGED)
    before = server.versions()
    result = clinic.sync_alone()
    assert (result.exit_code, set(rules(result, "blocked"))) == (7, {"changed-at-target"})
    assert server.versions() == before


@in_transactions
def test_a_reverted_source_after_a_change_without_a_reply(server: Place, clinic: Clinic) -> None:
    clinic.settled(ROW)
    clinic.write(CHANGED)
    clinic.wire.after = lambda request: _die() if is_write(request) else None
    with pytest.raises(KeyboardInterrupt):
        clinic.sync_alone()
    clinic.wire.calm()
    clinic.write(ROW)
    for _ in range(2):
        assert rules(clinic.sync(), "warnings") == ["older-version"]
    assert "sent" not in clinic.states().values()
    assert counts(clinic.sync(accept_older=True))["updated"] == 3
    assert clinic.verified() == 11


@rungs
def test_a_reverted_source_after_half_a_change_is_whole_again(
    server: Place, clinic: Clinic
) -> None:
    clinic.settled(ROW)
    clinic.write(CHANGED)
    clinic.wire.after = lambda request: _die() if is_write(request) else None
    with pytest.raises(KeyboardInterrupt):
        clinic.sync_alone()
    clinic.wire.calm()
    clinic.write(ROW)
    assert clinic.sync_alone().exit_code == 0
    there = server.by_short_name()
    assert there["total"]["valueQuantity"]["value"] == 31
    assert there["qr"]["status"] == "amended"  # it was the one half
    clinic.verified()
    assert counts(clinic.sync(reread=True)) == {"unchanged": 8}


def _die() -> None:
    raise KeyboardInterrupt
