"""What others do at the target: it is told, and never overwritten."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.errors import ConfigError

from .clinic import CHANGED, ROW, Clinic, counts, patient, rules
from .kinds import by_identifiers, everywhere
from .places import DIGEST, FolderPlace, Place, name_of

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
OTHER = replace(ROW, record_id="r-2", completed_at="2026-03-09")


def total_is_lower(body: Json) -> Json:
    return {**body, "valueQuantity": {**body["valueQuantity"], "value": 12}}


def total_is_again(body: Json) -> Json:
    return {**body, "valueQuantity": {**body["valueQuantity"], "value": 31}}


def without_seal(body: Json) -> Json:
    return {**body, "extension": [e for e in body["extension"] if e["url"] != DIGEST]}


def labelled(body: Json) -> Json:
    tag = {"system": "urn:example:tags", "code": "reviewed"}
    return {**body, "meta": {**body["meta"], "tag": [*body["meta"]["tag"], tag]}}


def with_their_identifier(body: Json) -> Json:
    theirs = {"system": "urn:example:theirs", "value": "77"}
    return {**body, "identifier": [theirs, *body["identifier"]]}


def moved_to(reference: str) -> Callable[[Json], Json]:
    return lambda body: {**body, "subject": {**body["subject"], "reference": reference}}


def edit(place: Place, part: str, *changes: Callable[[Json], Json]) -> str:
    """Somebody changes a part of the one record; the name of that."""
    name = place.the(part)
    for change in changes:
        place.edit(name, change)
    return name


def forget(clinic: Clinic) -> None:
    """The ledger is lost."""
    for file in clinic.folder.glob("ledger.sqlite*"):
        file.unlink()


def test_an_edit_is_seen_when_everything_is_read_again(clinic: Clinic) -> None:
    clinic.settled(ROW, OTHER)
    name = clinic.name(ROW, "total")
    clinic.place.edit(name, total_is_lower)
    before = clinic.place.versions()
    result = clinic.sync(reread=True)
    assert result.exit_code == 7
    assert [(f.row, f.rule) for f in result.tally.blocked] == [(2, "changed-at-target")]
    assert counts(result) == {"conflict": 1, "unchanged": 13}
    assert clinic.place.versions() == before


def test_verify_tells_what_was_edited(clinic: Clinic) -> None:
    clinic.settled(ROW)
    edit(clinic.place, "total", total_is_lower)
    result = clinic.verify()
    assert result.exit_code == 8
    assert result.verify
    [told] = result.verify.different
    assert told.startswith("Observation/")
    assert (result.verify.expected, result.verify.found, result.verify.equal) == (9, 9, 8)


def test_what_only_became_a_label_is_no_edit(clinic: Clinic) -> None:
    clinic.settled(ROW)
    edit(clinic.place, "total", labelled)
    assert counts(clinic.sync(reread=True)) == {"unchanged": 8}
    assert clinic.verified() == 9
    clinic.write(CHANGED)  # the server has another version than we know, of the same content
    assert counts(clinic.sync_alone()) == {"updated": 3, "created": 1, "unchanged": 5}
    assert clinic.verified() == 10


@everywhere
def test_a_change_does_not_overwrite_an_edit(clinic: Clinic) -> None:
    clinic.settled(ROW)
    edit(clinic.place, "total", total_is_lower)
    clinic.write(CHANGED)
    before = clinic.place.versions()
    result = clinic.sync_alone()
    assert result.exit_code == 7
    assert rules(result, "blocked") == ["changed-at-target"]
    assert counts(result) == {"unchanged": 5, "blocked": 2, "conflict": 1}
    assert clinic.place.versions() == before
    assert rules(clinic.sync(), "blocked") == ["changed-at-target"]


def test_what_was_moved_to_another_patient_is_told(server: Place, clinic: Clinic) -> None:
    """The identifier beside it still is of the right one."""
    clinic.settled(ROW)
    edit(server, "total", moved_to(server.add(patient("1002"))))
    verified = clinic.verify().verify
    assert verified
    [told] = verified.different
    assert told.startswith("Observation/")
    before = server.versions()
    for row in (ROW, CHANGED):
        clinic.write(row)
        result = clinic.sync(reread=True)
        assert rules(result, "blocked") == ["changed-at-target"]
        assert counts(result)["conflict"] == 1
    assert rules(clinic.sync_alone(), "blocked") == ["changed-at-target"]
    assert server.versions() == before


def test_what_a_merge_moved_is_where_it_belongs(server: Place, clinic: Clinic) -> None:
    clinic.settled(ROW)
    survivor = server.add(patient("1002"))
    link = [{"type": "replaced-by", "other": {"reference": survivor}}]
    server.edit(f"Patient/{ROW.patient}", lambda body: {**body, "link": link, "active": False})
    edit(server, "total", moved_to(survivor))
    assert clinic.verified() == 9
    assert counts(clinic.sync(reread=True)) == {"unchanged": 8}


def test_an_edit_to_what_the_source_says_too_is_no_conflict(clinic: Clinic) -> None:
    clinic.settled(ROW)
    edit(clinic.place, "total", total_is_lower, total_is_again)
    assert counts(clinic.sync(reread=True)) == {"unchanged": 8}
    assert clinic.verified() == 9


def test_what_was_deleted_is_told_and_not_made_again(clinic: Clinic) -> None:
    clinic.settled(ROW, OTHER)
    name = clinic.name(ROW, "total")
    clinic.place.delete(name)
    before = clinic.place.versions()
    result = clinic.sync(reread=True)
    assert result.exit_code == 7
    assert [(f.row, f.rule) for f in result.tally.blocked] == [(2, "deleted-at-target")]
    assert counts(result) == {"gone": 1, "unchanged": 13}
    assert clinic.place.versions() == before
    assert name not in before
    verified = clinic.verify()
    assert verified.exit_code == 8
    assert verified.verify
    assert len(verified.verify.missing) == 1


@everywhere
def test_a_change_does_not_bring_back_what_was_deleted(clinic: Clinic) -> None:
    clinic.settled(ROW)
    clinic.place.delete(clinic.place.the("total"))
    clinic.write(CHANGED)
    before = clinic.place.versions()
    result = clinic.sync_alone()
    assert result.exit_code == 7
    assert rules(result, "blocked") == ["deleted-at-target"]
    assert clinic.place.versions() == before


@by_identifiers
def test_what_is_there_twice_is_told_and_left_alone(clinic: Clinic) -> None:
    clinic.settled(ROW)
    total = clinic.place.by_short_name()["total"]
    clinic.place.add({key: value for key, value in total.items() if key != "id"})
    result = clinic.sync(reread=True)
    assert result.exit_code == 7
    assert rules(result, "blocked") == ["found-twice"]
    verified = clinic.verify()
    assert verified.verify
    assert len(verified.verify.duplicated) == 1
    assert verified.exit_code == 8
    forget(clinic)
    assert rules(clinic.sync(), "blocked") == ["found-twice"]


def test_a_lost_ledger_costs_a_look_and_nothing_else(clinic: Clinic) -> None:
    clinic.settled(ROW, OTHER)
    forget(clinic)
    before = clinic.place.versions()
    result = clinic.sync()
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 14})
    assert clinic.wire.writes == []
    assert clinic.place.versions() == before
    assert clinic.verified() == 14  # Provenances were in the ledger alone
    assert counts(clinic.sync()) == {"unchanged": 14}


@everywhere
def test_a_lost_ledger_and_a_response_that_was_deleted(clinic: Clinic) -> None:
    """Where a first look at the response says that nothing is there, the scores are all the same;
    and they point to another response from then on."""
    clinic.settled(ROW)
    name = next(n for n in clinic.place.versions() if n.startswith("QuestionnaireResponse"))
    clinic.place.delete(name)
    forget(clinic)
    result = clinic.sync()
    assert result.exit_code == 0
    folder = isinstance(clinic.place, FolderPlace)  # where nothing has an id to point to
    scores = {"unchanged": 7} if folder else {"updated": 5, "unchanged": 2}
    assert counts(result) == {"created": 2, **scores}
    assert len(clinic.place.of_type("QuestionnaireResponse")) == 1
    assert len(clinic.place.of_type("Observation")) == 5
    assert clinic.verified() == 9
    assert counts(clinic.sync()) == {"unchanged": 8}


@everywhere
def test_a_lost_ledger_and_a_changed_answer_is_a_change(clinic: Clinic) -> None:
    clinic.settled(ROW)
    forget(clinic)
    clinic.write(CHANGED)
    result = clinic.sync()
    assert (result.exit_code, counts(result)) == (0, {"updated": 3, "created": 1, "unchanged": 5})
    there = clinic.place.by_short_name()
    assert (there["total"]["valueQuantity"]["value"], there["total"]["status"]) == (32, "amended")
    assert len(clinic.place.of_type("QuestionnaireResponse")) == 1
    assert clinic.verified() == 9
    assert counts(clinic.sync()) == {"unchanged": 8}


def test_a_lost_ledger_and_an_edit_is_a_conflict(clinic: Clinic) -> None:
    clinic.settled(ROW)
    edit(clinic.place, "total", total_is_lower)
    forget(clinic)
    before = clinic.place.versions()
    result = clinic.sync()
    assert result.exit_code == 7
    assert rules(result, "blocked") == ["changed-at-target"]
    assert counts(result) == {"conflict": 1, "unchanged": 7}
    assert clinic.place.versions() == before


@by_identifiers
def test_a_lost_ledger_and_another_patient_is_held_back(clinic: Clinic) -> None:
    clinic.settled(ROW)
    forget(clinic)
    clinic.write(replace(ROW, patient="1002"))
    clinic.register("1002")
    before = clinic.place.versions()
    result = clinic.sync()
    assert rules(result, "blocked") == ["patient-changed"]
    assert clinic.place.versions() == before


def test_what_is_not_ours_is_told_and_left_alone(clinic: Clinic) -> None:
    clinic.settled(ROW)
    edit(clinic.place, "total", total_is_lower, without_seal)
    assert clinic.verify().exit_code == 8
    forget(clinic)
    before = clinic.place.versions()
    result = clinic.sync()
    assert result.exit_code == 7
    assert rules(result, "blocked") == ["not-ours"]
    assert counts(result) == {"foreign": 1, "unchanged": 7}
    assert clinic.place.versions() == before


def test_what_is_not_ours_and_says_the_same_is_taken_as_it_is(clinic: Clinic) -> None:
    clinic.settled(ROW)
    edit(clinic.place, "total", without_seal)
    forget(clinic)
    assert counts(clinic.sync()) == {"unchanged": 8}


def test_an_identifier_that_somebody_added_is_an_edit_like_others(clinic: Clinic) -> None:
    clinic.settled(ROW)
    edit(clinic.place, "total", with_their_identifier)
    result = clinic.sync(reread=True)
    assert rules(result, "blocked") == ["changed-at-target"]
    found = clinic.verify().verify
    assert found
    assert (len(found.missing), len(found.different)) == (0, 1)


def test_an_identifier_that_somebody_added_hides_nothing_from_a_lost_ledger(
    clinic: Clinic,
) -> None:
    clinic.settled(ROW)
    edit(clinic.place, "total", with_their_identifier)
    forget(clinic)
    assert rules(clinic.sync(), "blocked") == ["changed-at-target"]


def test_a_target_that_was_emptied_is_told(clinic: Clinic) -> None:
    clinic.settled(ROW)
    for name in clinic.place.versions():
        if not name.startswith("Patient"):
            clinic.place.delete(name)
    with pytest.raises(ConfigError, match="emptied"):
        clinic.sync_alone()
    forget(clinic)
    assert counts(clinic.sync()) == {"created": 9}
    assert clinic.verified() == 9


def test_a_source_or_member_that_was_moved_is_told(server: Place, clinic: Clinic) -> None:
    """The identifier beside it still is of the right one."""
    clinic.settled(ROW, OTHER)
    other = next(
        f"QuestionnaireResponse/{body['id']}"
        for body in server.of_type("QuestionnaireResponse")
        if name_of(body) == clinic.name(OTHER, "qr")
    )

    def moved(body: Json) -> Json:
        [source] = body["derivedFrom"]
        return {**body, "derivedFrom": [{**source, "reference": other}]}

    server.edit(clinic.name(ROW, "total"), moved)
    verified = clinic.verify().verify
    assert verified
    assert (len(verified.different), verified.missing) == (1, [])
    result = clinic.sync(reread=True)
    assert [(f.row, f.rule) for f in result.tally.blocked] == [(2, "changed-at-target")]
    assert clinic.sync(take="source").exit_code == 0
    clinic.verified()


def test_a_reference_that_somebody_took_away_is_told(server: Place, clinic: Clinic) -> None:
    def cut(body: Json) -> Json:
        subject = {key: value for key, value in body["subject"].items() if key != "reference"}
        return {**body, "subject": subject}

    clinic.settled(ROW)
    edit(server, "total", cut)
    verified = clinic.verify().verify
    assert verified
    assert len(verified.different) == 1


def test_our_digest_taken_off_alone_is_no_edit(clinic: Clinic) -> None:
    clinic.settled(ROW)
    edit(clinic.place, "total", without_seal)
    assert counts(clinic.sync(reread=True)) == {"unchanged": 8}
    assert clinic.verified() == 9
