"""What the user says of what others did at the target: whose side counts, what is made again."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from .clinic import CHANGED, ROW, Clinic, counts, patient, rules
from .test_strangers import edit, forget, moved_to, total_is_lower, without_seal

if TYPE_CHECKING:
    from .places import Place

Json = dict[str, Any]
CHANGED_AGAIN = CHANGED.with_item(1, "5")


def reasons(place: Place) -> list[str]:
    """Why, in the words of the Provenances that give a reason."""
    told = [body["activity"].get("text", "") for body in place.of_type("Provenance")]
    return [text for text in told if text]


def total(place: Place) -> Any:
    """The value of the total."""
    return place.by_short_name()["total"]["valueQuantity"]["value"]


def test_a_conflict_names_both_sides(clinic: Clinic) -> None:
    clinic.settled(ROW)
    edit(clinic.place, "total", total_is_lower)
    result = clinic.sync(reread=True)
    [finding] = result.tally.blocked
    assert finding.rule == "changed-at-target"
    assert finding.resource.startswith("Observation/")
    assert len({finding.ours, finding.theirs}) == 2
    assert {len(finding.ours), len(finding.theirs)} == {32}
    assert "--take" in finding.as_json()["remedy"]  # pyright: ignore[reportOperatorIssue]


def test_the_source_s_side(clinic: Clinic) -> None:
    clinic.settled(ROW)
    edit(clinic.place, "total", total_is_lower)
    result = clinic.sync(take="source")
    assert result.exit_code == 0
    assert counts(result) == {"updated": 1, "created": 1, "unchanged": 7}
    assert rules(result, "warnings") == ["source-taken"]
    assert total(clinic.place) == 31
    assert reasons(clinic.place) == ["Somebody's change at the target was overwritten, as asked."]
    assert clinic.verified() == 10
    assert counts(clinic.sync(reread=True)) == {"unchanged": 8}


def test_the_server_s_side(clinic: Clinic) -> None:
    clinic.settled(ROW)
    name = edit(clinic.place, "total", total_is_lower)
    before = clinic.place.versions()
    result = clinic.sync(take="server")
    assert result.exit_code == 0
    assert counts(result) == {"unchanged": 8, "created": 1}
    assert rules(result, "warnings") == ["server-kept"]
    assert clinic.place.versions()[name] == before[name]
    assert total(clinic.place) == 12
    [reason] = reasons(clinic.place)
    assert reason.startswith("Somebody's change at the target was kept")
    assert clinic.verified() == 10
    assert counts(clinic.sync(reread=True)) == {"unchanged": 8}


def test_the_server_s_side_holds_until_the_source_changes(clinic: Clinic) -> None:
    clinic.settled(ROW)
    edit(clinic.place, "total", total_is_lower)
    clinic.sync(take="server")
    clinic.write(CHANGED)
    result = clinic.sync()
    assert (result.exit_code, counts(result)["updated"]) == (0, 3)
    assert total(clinic.place) == 32
    clinic.verified()


def test_no_side_is_taken_by_itself(clinic: Clinic) -> None:
    clinic.settled(ROW)
    edit(clinic.place, "total", total_is_lower)
    clinic.write(CHANGED)
    before = clinic.place.versions()
    assert rules(clinic.sync_alone(), "blocked") == ["changed-at-target"]
    assert rules(clinic.sync(adopt=True, recreate=True), "blocked") == ["changed-at-target"]
    assert clinic.place.versions() == before
    assert clinic.sync(take="source").exit_code == 0
    assert total(clinic.place) == 32
    clinic.verified()


def test_a_lost_ledger_and_an_edit_are_settled_by_a_side(clinic: Clinic) -> None:
    clinic.settled(ROW)
    edit(clinic.place, "total", total_is_lower)
    forget(clinic)
    assert rules(clinic.sync(), "blocked") == ["changed-at-target"]
    assert clinic.sync(take="source").exit_code == 0
    assert total(clinic.place) == 31
    clinic.verified()


def test_a_record_that_was_moved_cannot_stay_there_as_ours(server: Place, clinic: Clinic) -> None:
    clinic.settled(ROW)
    edit(server, "total", moved_to(server.add(patient("1002"))))
    assert rules(clinic.sync(take="server"), "blocked") == ["changed-at-target"]
    assert clinic.sync(take="source").exit_code == 0
    clinic.verified()


def test_what_was_deleted_is_made_again_where_that_is_asked_for(clinic: Clinic) -> None:
    clinic.settled(ROW)
    clinic.place.delete(clinic.place.the("total"))
    assert rules(clinic.sync(reread=True), "blocked") == ["deleted-at-target"]
    result = clinic.sync(recreate=True)
    # the panel has another member to point to, where references lead somewhere
    rest = {"updated": 1, "unchanged": 6} if clinic.place.people else {"unchanged": 7}
    assert (result.exit_code, counts(result)) == (0, {"created": 2, **rest})
    assert rules(result, "warnings") == ["recreated"]
    assert total(clinic.place) == 31
    assert reasons(clinic.place) == [
        "What somebody deleted at the target was made again, as asked."
    ]
    assert clinic.verified() == 10
    assert counts(clinic.sync(reread=True)) == {"unchanged": 8}


def test_what_was_not_made_again_is_not_told_as_made(clinic: Clinic) -> None:
    """Another's change holds the record back, and with it what was to be made again."""
    clinic.settled(ROW)
    edit(clinic.place, "bond", total_is_lower)
    clinic.place.delete(clinic.place.the("total"))
    for result in (clinic.plan(recreate=True), clinic.sync(recreate=True)):
        assert rules(result, "blocked") == ["changed-at-target"]
        assert rules(result, "warnings") == []
    assert "total" not in clinic.place.by_short_name()


def test_what_was_made_again_is_changed_like_others(clinic: Clinic) -> None:
    clinic.settled(ROW)
    clinic.place.delete(clinic.place.the("total"))
    clinic.sync(recreate=True)
    clinic.write(CHANGED)
    assert clinic.sync().exit_code == 0
    assert total(clinic.place) == 32
    clinic.verified()


def test_what_exists_without_us_is_taken_over_where_that_is_asked_for(clinic: Clinic) -> None:
    clinic.settled(ROW)
    edit(clinic.place, "total", total_is_lower, without_seal)
    forget(clinic)
    assert rules(clinic.sync(), "blocked") == ["not-ours"]
    result = clinic.sync(adopt=True)
    assert (result.exit_code, rules(result, "warnings")) == (0, ["adopted"])
    assert total(clinic.place) == 31
    [reason] = reasons(clinic.place)
    assert "is ours now" in reason
    clinic.verified()
    assert counts(clinic.sync(reread=True)) == {"unchanged": 8}


def test_a_ledger_from_a_backup_is_behind_and_nothing_is_lost(clinic: Clinic) -> None:
    clinic.settled(ROW)
    old = clinic.folder / "ledger.backup"
    shutil.copy(clinic.ledger, old)
    clinic.write(CHANGED)
    assert clinic.sync().exit_code == 0
    restore(clinic, old)
    again = clinic.sync_alone()
    assert (again.exit_code, total(clinic.place)) == (0, 32)
    assert counts(again) == {"unchanged": 8}
    clinic.verified()


def test_a_ledger_from_a_backup_and_a_newer_source(clinic: Clinic) -> None:
    clinic.settled(ROW)
    old = clinic.folder / "ledger.backup"
    shutil.copy(clinic.ledger, old)
    clinic.write(CHANGED)
    assert clinic.sync().exit_code == 0
    restore(clinic, old)
    clinic.write(CHANGED_AGAIN)
    assert clinic.sync_alone().exit_code == 0
    assert total(clinic.place) == 35
    clinic.verified()


def test_a_backup_of_ledger_and_source_does_not_undo_what_is_newer(clinic: Clinic) -> None:
    clinic.settled(ROW)
    old = clinic.folder / "ledger.backup"
    shutil.copy(clinic.ledger, old)
    clinic.write(CHANGED)
    assert clinic.sync().exit_code == 0
    restore(clinic, old)
    clinic.write(ROW)
    result = clinic.sync(reread=True)
    assert rules(result, "warnings") == ["older-version"]
    assert total(clinic.place) == 32


def restore(clinic: Clinic, backup: Any) -> None:
    """The ledger is the one of the backup again."""
    forget(clinic)
    shutil.copy(backup, clinic.ledger)


@pytest.mark.parametrize("side", ["source", "server"])
def test_a_side_by_command(
    side: str, place: Place, clinic: Clinic, request: pytest.FixtureRequest
) -> None:
    command = request.getfixturevalue("command")
    clinic.settled(ROW)
    edit(place, "total", total_is_lower)
    (clinic.folder / "alliance.toml").write_text(
        'source = "clinic-east"\norganization = "urn:example:org|east"\n'
        'patient_system = "urn:example:mrn"\nclinician_system = "urn:example:staff"\n'
        "synthetic = true\n"
    )
    words = ("--to", place.address, "--ledger", clinic.ledger, "--json", "--take", side)
    spoken = ("--fhir", place.fhir) if place.fhir else ()
    ran = command("sync", *clinic.sources, *words, *spoken)
    assert ran.code == 0, ran.out
    assert total(place) == {"source": 31, "server": 12}[side]
