"""The first sync, the second, and what is asked for."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir import map_to

from .clinic import FIRST_SYNC, PARTS, ROW, Clinic, counts, rules
from .kinds import by_the_ledger, everywhere, in_numbers, to_the_digit
from .places import DIGEST, FolderPlace, Place, bare, name_of

if TYPE_CHECKING:
    from pathlib import Path

    from .clinic import Row

TEXT_PACK = """
title = "Our own wording"
licence = "Licence 17"
holder = "The publisher"

[items]
1 = "The first thing we say"
"""


def types(place: Place) -> dict[str, int]:
    """How many resources of each type are there, but for people."""
    everything = Counter(body["resourceType"] for body in place.everything)
    return {name: n for name, n in everything.items() if name not in ("Patient", "Practitioner")}


def mapped(clinic: Clinic, folder: Path) -> list[dict[str, Any]]:
    """What `map` makes of the same sources."""
    with clinic.open() as (target, _):
        version = target.version
    map_to(clinic.sources, folder, clinic.settings, version)
    return [
        json.loads(line, parse_float=str)
        for file in sorted(folder.glob("*.ndjson"))
        for line in file.read_bytes().splitlines()
    ]


def comparable(bodies: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Resources by name, as they must be equal. A Provenance holds its own time, and its digest."""
    ready = {name_of(body): bare(body) for body in bodies if body["resourceType"] != "Patient"}
    for body in ready.values():
        if body["resourceType"] == "Provenance":
            assert body.pop("recorded")
            body["extension"] = [e for e in body["extension"] if e["url"] != DIGEST]
    return ready


def many(number: int) -> list[Row]:
    """Records of as many patients."""
    return [replace(ROW, record_id=f"r-{n}", patient=str(1000 + n)) for n in range(number)]


@to_the_digit
def test_the_first_sync_makes_exactly_what_map_writes(clinic: Clinic, tmp_path: Path) -> None:
    clinic.write(ROW, replace(ROW, record_id="r-2", completed_at="2026-03-09T09:30:00-05:00"))
    clinic.register(ROW.patient)
    result = clinic.sync()
    assert (result.exit_code, counts(result)) == (0, {"created": 16})
    assert types(clinic.place) == {
        "Device": 1,
        "Questionnaire": 1,
        "QuestionnaireResponse": 2,
        "Observation": 10,
        "Provenance": 2,
    }
    there = comparable(clinic.place.everything)
    assert there == comparable(mapped(clinic, tmp_path / "mapped"))


def test_everything_that_was_sent_is_found_equal(clinic: Clinic) -> None:
    clinic.settled(ROW)
    result = clinic.verify()
    assert result.exit_code == 0
    assert clinic.verified() == sum(FIRST_SYNC.values()) + 1
    assert clinic.wire.writes == []


def test_the_second_sync_sends_nothing(clinic: Clinic, place_kind: str) -> None:
    clinic.settled(ROW)
    before = clinic.place.versions()
    stamps = stamps_of(clinic.place)
    result = clinic.sync()
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 8})
    assert clinic.wire.writes == []
    # /metadata, and whether it is still the same target, by POST or else by GET; where nothing has
    # a version everything is looked at, type by type
    looked_at = 4 if place_kind.endswith("no-versions") else 0
    assert len(clinic.wire.requests) <= 3 + looked_at
    assert clinic.place.versions() == before
    assert stamps_of(clinic.place) == stamps


def stamps_of(place: Place) -> dict[str, tuple[int, bytes]]:
    """The files of a folder, to the byte and the nanosecond."""
    if not isinstance(place, FolderPlace):
        return {}
    files = list(place.folder.iterdir())
    assert files
    return {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in files}


@everywhere
def test_reading_everything_again_sends_nothing_either(clinic: Clinic) -> None:
    clinic.settled(ROW)
    assert counts(clinic.sync(reread=True)) == {"unchanged": 8}
    assert clinic.wire.writes == []


@everywhere
def test_references_lead_to_what_they_name(server: Place, clinic: Clinic) -> None:
    clinic.settled(ROW)
    there = server.by_short_name()
    where = {name: f"{body['resourceType']}/{body['id']}" for name, body in there.items()}
    patient = where[ROW.patient]
    assert {there[name]["subject"]["reference"] for name in PARTS} == {patient}
    assert {member["reference"] for member in there["panel"]["hasMember"]} == {
        where[name] for name in ("total", "goal", "task", "bond")
    }
    assert there["total"]["derivedFrom"][0]["reference"] == where["qr"]
    targets = {target["reference"] for target in there["Provenance"]["target"]}
    assert targets == {where[name] for name in PARTS}
    agents = [agent["who"]["reference"] for agent in there["Provenance"]["agent"]]
    assert agents == [patient, where["Device"]]


@by_the_ledger
def test_bad_rows_are_named_and_the_others_go_on(clinic: Clinic) -> None:
    clinic.write(replace(ROW, record_id="bad", answers="9" * 12), ROW)
    clinic.register(ROW.patient)
    result = clinic.sync()
    assert result.exit_code == 4
    [finding] = result.tally.rejected
    assert (finding.row, finding.column, finding.rule) == (2, "item_1", "out-of-range")
    assert counts(result) == {"created": 9}
    assert clinic.verified() == 9


@to_the_digit
def test_scores_without_answers_arrive_without_a_response(clinic: Clinic) -> None:
    clinic.write(replace(ROW, answers="", scores=("31.50", "", "", "11")))
    clinic.register(ROW.patient)
    assert counts(clinic.sync()) == {"created": 6}
    there = clinic.place.by_short_name()
    assert {"panel", "total", "bond"} < there.keys()
    assert not {"qr", "goal", "task"} & there.keys()
    assert there["total"]["valueQuantity"]["value"] == "31.50"
    assert clinic.verified() == 6
    assert counts(clinic.sync(reread=True)) == {"unchanged": 5}


@everywhere
def test_a_site_with_its_own_wording_has_its_own_questionnaire_once(clinic: Clinic) -> None:
    (clinic.folder / "instruments").mkdir()
    (clinic.folder / "instruments" / "wai-sr.en.toml").write_text(TEXT_PACK)
    clinic.write(ROW, replace(ROW, record_id="r-2", completed_at="2026-03-09"))
    clinic.register(ROW.patient)
    assert counts(clinic.sync())["created"] == 17
    ours, own = sorted(clinic.place.of_type("Questionnaire"), key=lambda body: len(body["url"]))
    assert own["derivedFrom"] == [f"{ours['url']}|{ours['version']}"]
    assert own["item"][0]["text"] == "The first thing we say"
    told = {body["questionnaire"] for body in clinic.place.of_type("QuestionnaireResponse")}
    assert told == {f"{own['url']}|{own['version']}"}
    assert counts(clinic.sync(reread=True)) == {"unchanged": 15}


@by_the_ledger
def test_no_more_records_go_than_asked_for(clinic: Clinic) -> None:
    rows = many(3)
    clinic.write(*rows)
    clinic.register(*(row.patient for row in rows))
    assert counts(clinic.sync(limit=2)) == {"created": 16}
    assert counts(clinic.sync()) == {"unchanged": 14, "created": 7}


@pytest.mark.parametrize("asked", ["1001", "urn:example:mrn|1001"])
@by_the_ledger
def test_one_patient_alone_may_be_asked_for(clinic: Clinic, asked: str) -> None:
    clinic.write(*many(3))
    clinic.register("1001")
    assert counts(clinic.sync(patients=frozenset({asked}))) == {"created": 9}


@by_the_ledger
def test_only_what_is_recent_may_be_asked_for(clinic: Clinic) -> None:
    old, new = (
        replace(ROW, record_id=day, completed_at=day) for day in ("2026-03-01", "2026-03-02")
    )
    clinic.write(old, new)
    clinic.register(ROW.patient)
    assert counts(clinic.sync(since="2026-03-02")) == {"created": 9}
    [response] = clinic.place.of_type("QuestionnaireResponse")
    assert response["authored"] == "2026-03-02"


@by_the_ledger
def test_two_sources_share_a_target_and_a_ledger(clinic: Clinic) -> None:
    clinic.set(base="https://example.org/clinics")
    clinic.settled(ROW)
    clinic.set(source="clinic-west")
    assert counts(clinic.sync(complete=True)) == {"created": 7, "unchanged": 2}
    assert clinic.verified() == 16
    clinic.write(replace(ROW, record_id="r-other"))
    assert rules(clinic.sync(complete=True), "disappeared") == ["disappeared"]


def test_two_sites_do_not_take_each_other_s_records_for_their_own(clinic: Clinic) -> None:
    clinic.settled(ROW)
    clinic.set(source="clinic-west")
    clinic.ledger = clinic.folder / "west.sqlite"
    # a Device of its own, and the Questionnaire is the same for all
    assert counts(clinic.sync()) == {"unchanged": 1, "created": 8}
    assert clinic.verified() == 9
    assert len(clinic.place.of_type("QuestionnaireResponse")) == 2


@pytest.mark.long
@in_numbers
def test_the_second_portion_of_records_is_no_different(clinic: Clinic) -> None:
    rows = [replace(ROW, record_id=f"r-{n}") for n in range(51)]
    clinic.settled(*rows)
    assert clinic.verified() == 2 + 7 * 51
    assert counts(clinic.sync(reread=True)) == {"unchanged": 2 + 6 * 51}
