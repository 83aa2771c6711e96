"""`retract`: entered in error wherever it is, with a reason, and never back by itself."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.domain.keys import record_key
from alliance_fhir.testing import Answer, Cut, FhirServer, Request
from contract.clinic import patient

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
    from pathlib import Path

Json = dict[str, Any]
KEY = record_key("clinic-east", ("record", FIRST.record_id))
PARTS = {"qr", "panel", "total", "goal", "task", "bond"}
WRONG = {"entered-in-error"}


def without(body: Json, *names: str) -> Json:
    """What is left of a resource, extensions without our seal."""
    left = {key: value for key, value in body.items() if key not in ("meta", *names)}
    left["extension"] = [e for e in body["extension"] if not e["url"].endswith("content-digest")]
    return left


@everywhere(main=True)
def test_the_whole_way_of_a_record_at_the_wrong_patient(site: Site) -> None:
    """Synced to the wrong one, corrected, held back, retracted, made at the right one."""
    assert site.sync().code == 0
    before = {part: body["id"] for part, body in site.of_record(FIRST).items()}
    right = replace(FIRST, patient="1003")
    site.there.add(patient("1003"))
    site.write(right, SECOND)
    assert told(site.sync(), "blocked") == ["patient-changed"]

    ran = site.retract(FIRST.record_id)
    assert (ran.code, resources(ran)) == (0, {"updated": 6, "created": 1})
    assert site.statuses(FIRST) == WRONG
    number = site.verified()
    assert number == 17

    ran = site.sync()
    assert (ran.code, told(ran, "blocked"), told(ran, "warnings")) == (0, [], [])
    assert resources(ran) == {"created": 7, "unchanged": 8}
    assert (
        site.verified() == number + 7 + 6
    )  # and a Provenance for each that gave up its identifier
    there = site.of_record(FIRST)
    for part in PARTS:
        old = there[f"{part}-retracted-{before[part]}"]
        new = there[part]
        assert (old["id"], old["status"]) == (before[part], "entered-in-error")
        assert old["subject"]["identifier"]["value"] == FIRST.patient
        assert new["subject"]["identifier"]["value"] == "1003"
        assert (new["status"] == "entered-in-error", new["id"] == old["id"]) == (False, False)
    assert resources(site.sync()) == {"unchanged": 14}
    assert resources(site.sync("--reread")) == {"unchanged": 14}
    site.forget()
    assert resources(site.sync()) == {"unchanged": 14}


@everywhere()
def test_a_withdrawn_answer_stays_withdrawn(site: Site) -> None:
    site.sync()
    before = site.of_record(FIRST)
    ran = site.retract(where(before["total"]))
    assert (ran.code, resources(ran)) == (0, {"updated": 6, "created": 1})
    after = site.of_record(FIRST)
    assert set(after) == PARTS
    for part, body in after.items():
        assert body["status"] == "entered-in-error"
        assert without(body, "status") == without(before[part], "status")
    assert site.statuses(SECOND) & WRONG == set()

    for words in ([], ["--reread"]):
        ran = site.sync(*words)
        assert (ran.code, told(ran, "warnings")) == (0, ["retracted"])
        assert resources(ran) == {"unchanged": 14}
    site.write(FIRST.with_item(4, "5"), SECOND)
    ran = site.sync()
    assert (ran.code, told(ran, "warnings")) == (0, ["retracted"])
    assert site.statuses(FIRST) == WRONG
    ran = site.retract(KEY)
    assert (ran.code, resources(ran)) == (0, {"unchanged": 6})
    assert site.verified()


@everywhere(but=("no-versions",))
def test_a_lost_ledger_resurrects_nothing(site: Site) -> None:
    site.sync()
    site.retract(KEY)
    before = site.there.versions()
    site.forget()
    site.write(FIRST.with_item(4, "5"), SECOND)
    ran = site.sync()
    assert (ran.code, told(ran, "warnings")) == (0, ["retracted"])
    assert site.there.versions() == before
    assert site.verified()
    ran = site.sync()
    assert (told(ran, "warnings"), site.there.versions()) == (["retracted"], before)


def test_a_retracted_record_that_leaves_its_source_has_not_disappeared(site: Site) -> None:
    site.sync()
    site.retract(KEY)
    site.write(SECOND)
    assert "disappeared" not in site.sync("--complete").json


def test_a_lost_ledger_makes_a_retracted_record_at_the_right_patient(site: Site) -> None:
    site.sync()
    site.retract(KEY)
    site.forget()
    site.there.add(patient("1003"))
    site.write(replace(FIRST, patient="1003"), SECOND)
    ran = site.sync()
    assert (ran.code, resources(ran)) == (0, {"created": 7, "unchanged": 8})
    assert len(site.of_record(FIRST)) == 12
    assert site.verified()
    assert resources(site.sync("--reread")) == {"unchanged": 14}


@everywhere()
def test_what_was_retracted_is_given_again_where_the_user_says_so(site: Site) -> None:
    site.sync()
    site.retract(KEY)
    site.write(FIRST.with_item(4, "5"), SECOND)
    ran = site.sync("--reinstate")
    assert (ran.code, told(ran, "warnings")) == (0, ["reinstated"])
    assert resources(ran) == {"updated": 6, "created": 1, "unchanged": 8}
    assert site.statuses(FIRST) == {"amended"}
    assert site.verified()
    assert resources(site.sync()) == {"unchanged": 14}


def test_the_reason_and_what_was_done_stand_in_a_provenance(site: Site) -> None:
    first = site.sync().json["run"]
    then = site.retract(KEY).json["run"]
    proofs = [p for p in site.there.of_type("Provenance") if tags(p, CREATED) == [then]]
    assert [p["activity"]["text"] for p in proofs] == ["It was the wrong patient."]
    assert proofs[0]["activity"]["coding"][0]["code"] == "NULLIFY"
    named = {target["reference"] for target in proofs[0]["target"]}
    assert named == {where(body) for body in site.of_record(FIRST).values()}
    for body in site.of_record(FIRST).values():
        assert (tags(body, CREATED), tags(body, TOUCHED)) == ([first], [then])


def test_what_somebody_changed_since_is_left_as_it_is_with_its_whole_record(site: Site) -> None:
    site.sync()
    total = site.of_record(FIRST)["total"]
    site.server.put(**{**total, "valueQuantity": {**total["valueQuantity"], "value": 12}})
    before = site.there.versions()
    ran = site.retract(KEY)
    assert (ran.code, told(ran, "blocked")) == (7, ["changed-at-target"])
    assert ran.json["blocked"][0]["resource"] == where(total)
    assert resources(ran) == {"conflict": 1, "blocked": 5}
    assert site.there.versions() == before


def test_what_somebody_changes_in_between_is_not_overwritten(site: Site) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if request.method == "POST" and not request.path:
            site.server.put(**{**total, "note": [{"text": "looked at"}]})
        return proceed()

    site.sync()
    total = site.of_record(FIRST)["total"]
    site.server.between = between
    ran = site.retract(KEY)
    assert (ran.code, set(told(ran, "blocked"))) == (7, {"changed-at-target"})
    assert site.of_record(FIRST)["total"]["note"]
    assert site.statuses(FIRST) & {"entered-in-error"} == set()


@pytest.mark.parametrize("name", ["r-9", "0" * 32, "Observation/9999", "Patient/1000"])
def test_a_key_that_names_nothing_is_an_error_and_nothing_is_done(site: Site, name: str) -> None:
    site.sync()
    before = site.there.versions()
    ran = site.retract(KEY, name)
    assert ran.code == 2
    assert "KEY 2 of 2 names nothing" in ran.json["stopped"]
    assert name not in ran.out + ran.err
    assert site.there.versions() == before


SCORED = replace(FIRST, answers="", scores=("48", "16", "16", "16"))
LESS = replace(SCORED, scores=("48", "16", "16", ""))


def test_what_a_corrected_row_no_longer_gives_is_retracted_alone(site: Site) -> None:
    site.write(SCORED, SECOND)
    site.sync()
    site.write(LESS, SECOND)
    assert told(site.sync(), "warnings") == ["no-longer-given"]
    ran = site.retract(f"{KEY}-bond", "--only")
    assert (ran.code, resources(ran)) == (0, {"updated": 1, "created": 1})
    there = site.of_record(FIRST)
    assert there[f"bond-retracted-{there_id(there)}"]["status"] == "entered-in-error"
    assert {b["status"] for part, b in there.items() if "retracted" not in part} & WRONG == set()
    assert site.verified()
    assert told(site.sync(), "warnings") == []
    site.write(SCORED, SECOND)  # given once more, it is another one
    ran = site.sync()
    assert (ran.code, told(ran, "warnings")) == (0, ["older-version"])
    ran = site.sync("--accept-older")
    assert ran.code == 0
    assert site.of_record(FIRST)["bond"]["status"] == "final"
    assert site.verified()


def test_two_of_one_record_are_retracted_alone(site: Site) -> None:
    site.sync()
    ran = site.retract(f"{KEY}-bond", f"{KEY}-goal", "--only")
    assert (ran.code, resources(ran)) == (0, {"updated": 2, "created": 2})
    there = site.of_record(FIRST)
    wrong = {part.partition("-")[0] for part, body in there.items() if body["status"] in WRONG}
    assert wrong == {"bond", "goal"}


def there_id(there: dict[str, Json]) -> str:
    """The id of what was retracted alone."""
    return next(body["id"] for part, body in there.items() if "-retracted-" in part)


def test_nothing_is_added_to_a_record_that_was_retracted(site: Site) -> None:
    site.write(LESS, SECOND)
    site.sync()
    site.retract(FIRST.record_id)
    site.write(SCORED, SECOND)
    for words in ([], ["--reread"]):
        ran = site.sync(*words)
        assert (ran.code, told(ran, "warnings")) == (0, ["retracted"])
        assert resources(ran) == {"unchanged": 12, "not_sent": 1}
    assert "bond" not in site.of_record(FIRST)


def test_a_whole_record_takes_along_what_it_once_gave(site: Site) -> None:
    site.write(SCORED, SECOND)
    site.sync()
    site.write(LESS, SECOND)
    site.sync()
    site.forget()  # so that no ledger knows of it
    assert told(site.sync(), "warnings") == []
    assert site.retract(FIRST.record_id).code == 0
    assert site.statuses(FIRST) == WRONG
    assert len(site.of_record(FIRST)) == 5


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["right", "single"])
@pytest.mark.parametrize("at", [0, 3])
def test_cut_off_and_run_again_it_is_done(site: Site, when: str, at: int) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if not request.is_write:
            return proceed()
        writes.append(request)
        if len(writes) <= at or (site.server.conduct.lacks == frozenset() and len(writes) > 1):
            return proceed()
        if when == "after":
            proceed()
        raise Cut

    writes: list[Request] = []
    site.sync()
    site.server.between = between
    cut = site.retract(KEY)
    assert cut.code in (0, 11)
    site.server.between = lambda request, proceed: proceed()
    assert site.retract(KEY).code == 0
    assert site.statuses(FIRST) == WRONG
    [proof] = [
        p
        for p in site.there.of_type("Provenance")
        if p["activity"].get("text") == "It was the wrong patient."
    ]
    assert len(proof["target"]) == len(PARTS)
    assert site.verified()
    ran = site.sync()
    assert (ran.code, told(ran, "warnings")) == (0, ["retracted"])
    assert site.statuses(FIRST) == WRONG


@pytest.mark.long
@pytest.mark.parametrize("write", range(6))
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_move_that_was_cut_off_is_gone_on_with(site: Site, write: int, when: str) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if request.is_write:
            writes.append(request)
            if len(writes) > write:
                if when == "after" and len(writes) == write + 1:
                    proceed()
                raise Cut
        return proceed()

    site.sync()
    site.retract(KEY)
    site.there.add(patient("1003"))
    site.write(replace(FIRST, patient="1003"), SECOND)
    writes: list[Request] = []
    site.server.between = between
    site.sync()
    site.server.between = lambda request, proceed: proceed()
    assert site.sync().code == 0
    there = site.of_record(FIRST)
    assert len(there) == 12
    assert {b["subject"]["identifier"]["value"] for p, b in there.items() if p in PARTS} == {"1003"}
    assert len(site.there.of_type("Observation")) == 15
    assert site.verified()
    assert resources(site.sync("--reread")) == {"unchanged": 14}


def test_at_every_place_that_it_reached(site: Site, tmp_path: Path) -> None:
    config = ("--config", site.folder / "alliance.toml")
    folder = tmp_path / "out"
    with FhirServer() as other:
        other.put(**patient(FIRST.patient))
        other.put(**patient(SECOND.patient))
        places = [site.there.address, other.url, str(folder)]
        for place in places:
            assert site.run("sync", site.folder, "--to", place).code == 0
        to = [word for place in places for word in ("--to", place)]
        ran = site.run("retract", KEY, *to, *config, "--reason", "Withdrawn.", "--json")
        assert (ran.code, resources(ran)) == (0, {"updated": 18, "created": 3})
        assert ran.json["target"] == ", ".join(places)
        for place in places:
            assert site.run("verify", "--to", place, *config).code == 0
            again = site.run("sync", site.folder, "--to", place, "--json")
            assert (again.code, told(again, "warnings")) == (0, ["retracted"])
        statuses = [o["status"] for o in other.of_type("Observation")]
        assert statuses.count("entered-in-error") == 5
        lines = next(folder.glob("Observation*")).read_text().splitlines()
        wrong = [line for line in lines if json.loads(line)["status"] == "entered-in-error"]
        assert (len(lines), len(wrong)) == (10, 5)
        ran = site.run("retract", "r-9", *to, *config, "--reason", "Withdrawn.", "--json")
        assert ran.code == 2


def test_a_folder_holds_a_record_back_that_was_retracted_at_another_patient(
    site: Site, tmp_path: Path
) -> None:
    to = ("--to", tmp_path / "out", "--json")
    site.run("sync", site.folder, *to)
    config = ("--config", site.folder / "alliance.toml")
    assert site.run("retract", KEY, *to, *config, "--reason", "Withdrawn.").code == 0
    site.write(replace(FIRST, patient="1003"), SECOND)
    assert told(site.run("sync", site.folder, *to), "blocked") == ["patient-changed"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--reason", " "), "--reason takes some words"),
        (("--reason", "x", "--to", "elsewhere", "--ledger", "l.sqlite"), "--ledger is of one"),
    ],
)
def test_slips_are_told(site: Site, words: tuple[str, ...], why: str) -> None:
    ran = site.run("retract", KEY, "--to", site.there.address, *words)
    assert (ran.code, why in ran.err) == (2, True)


def test_what_the_server_declines_is_told(site: Site) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if b"entered-in-error" in request.body:
            return Answer(
                422, {"resourceType": "OperationOutcome", "issue": [{"code": "invariant"}]}
            )
        return proceed()

    site.sync()
    site.server.between = between
    ran = site.retract(KEY)
    assert (ran.code, told(ran, "rejected")) == (4, ["refused"] * 6)
    assert "422" in ran.json["rejected"][0]["remedy"]
    site.server.between = lambda request, proceed: proceed()
    assert site.verified()
