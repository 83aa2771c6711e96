"""`pull` as a user calls it: what is wrong with the call, folders, and what a person reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.targets.lock import FolderLock
from alliance_fhir.testing import FhirServer as LittleServer

from .conftest import Pulling
from .shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

ROWS = (
    "record_id,patient,instrument,rater,completed_at,item_1,item_2,item_3,item_4\n"
    "a-1,1001,srs,patient,2026-03-09,7.5,8.0,9.25,10\n"
    "a-2,1002,srs,patient,2026-03-10,6,6,,6\n"
)
BACK = (
    "record_id,patient,clinician,instrument,rater,rater_id,completed_at,session,appointment,"
    "language,mode,item_1,item_2,item_3,item_4\n"
    "a-1,urn:example:mrn|1001,,srs@1,patient,,2026-03-09,,,,,7.5,8.0,9.25,10\n"
    "a-2,urn:example:mrn|1002,,srs@1,patient,,2026-03-10,,,,,6,6,,6\n"
)


@pytest.fixture
def folder(command: Callable[..., Ran]) -> str:
    """A folder to which two rows were synced, by the settings of this one."""
    Path("alliance.toml").write_text('source = "clinic-east"\npatient_system = "urn:example:mrn"\n')
    Path("rows.csv").write_text(ROWS)
    assert command("sync", "rows.csv", "--to", "there").code == 0
    return "there"


def names() -> set[str]:
    """All that lies here, besides what was there before."""
    return {path.name for path in Path().iterdir()} - {
        *("alliance.toml", "rows.csv", "there", ".alliance-fhir")
    }


def test_a_folder_is_read_as_it_is(command: Callable[..., Ran], folder: str) -> None:
    ran = command("pull", "--from", folder, "--out", "pulled", "--assessments", "back.csv")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "pull: 2 of 2 records, FHIR 4.0.1",
        "type                   resources",
        "Device                         1",
        "Questionnaire                  1",
        "QuestionnaireResponse          2",
        "Observation                    4",
        "Provenance                     2",
        "Device: counted 1, found 1",
        "Questionnaire: counted 1, found 1",
        "QuestionnaireResponse: counted 2, found 2",
        "Observation: counted 4, found 4",
        "Provenance: counted 2, found 2",
        "target: there",
    ]
    assert Path("back.csv").read_text() == BACK
    assert names() == {"pulled", "back.csv"}
    [file] = Path(folder).glob("Observation.*.ndjson")
    assert Path("pulled/Observation.ndjson").read_bytes() == file.read_bytes()


def test_a_table_alone_leaves_nothing_beside_it(command: Callable[..., Ran], folder: str) -> None:
    ran = command("pull", "--from", folder, "--assessments", "back.csv", "--json")
    assert ran.code == 0
    assert ran.json["records"] == {"read": 2, "accepted": 2, "rejected": 0}
    assert names() == {"back.csv"}


def test_a_folder_that_was_cut_off_is_told(command: Callable[..., Ran], folder: str) -> None:
    manifest = Path(folder, "manifest.json")
    told = json.loads(manifest.read_bytes())
    told["files"]["Observation"]["count"] = 5
    manifest.write_text(json.dumps(told))
    ran = command("pull", "--from", folder, "--out", "pulled")
    assert ran.code == 8
    assert "counted 5, found 4; 1 that the server counts were in none of its pages" in ran.out


@pytest.mark.parametrize("name", ["Observation", "QuestionnaireResponse"])
def test_a_file_of_a_folder_that_is_missing_or_no_json(
    command: Callable[..., Ran], folder: str, name: str
) -> None:
    [file] = Path(folder).glob(f"{name}.*.ndjson")
    file.write_bytes(b"{\n")
    ran = command("pull", "--from", folder, "--out", "pulled")
    assert ran.code == 15
    file.unlink()
    ran = command("pull", "--from", folder, "--out", "pulled")
    assert ran.code == 15
    assert not Path("pulled", f"{name}.ndjson").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "--out DIR"),
        (("--assessments", "back.xlsx"), "ends with .csv"),
        (("--assessments", "back.csv", "--since-last"), "--out DIR"),
        (("--out", "pulled", "--type", "../x"), "a type of FHIR"),
        (("--assessments", "back.csv", "--type", "Observation"), "QuestionnaireResponse"),
        (("--out", "there"), "a target of sync"),
        (("--out", "rows.csv"), "rows.csv"),
        (("--assessments", "no/such/back.csv", "--out", "pulled"), "cannot be written"),
    ],
)
def test_what_is_wrong_with_the_call(
    command: Callable[..., Ran], folder: str, words: tuple[str, ...], told: str
) -> None:
    ran = command("pull", "--from", folder, *words)
    assert ran.code == 2
    assert told in ran.err
    assert names() <= {"pulled"}


def test_a_folder_that_is_not_there(command: Callable[..., Ran], folder: str) -> None:
    ran = command("pull", "--from", "./nowhere", "--out", "pulled")
    assert ran.code == 2
    assert "nothing that was synced" in ran.err
    assert names() == set()


def test_a_state_that_somebody_changed(pulling: Pulling, shelf: Shelf) -> None:
    assert pulling.pull().code == 0
    (pulling.out / "pull.json").write_text("{")
    assert "pull everything" in pulling.pull().json["stopped"]


def test_what_was_pulled_of_us_is_not_the_beginning_of_everybody(
    pulling: Pulling, shelf: Shelf
) -> None:
    assert pulling.pull("--type", "Provenance").code == 0
    assert pulling.proof("--everybody")["found"] == 503
    state = json.loads((pulling.out / "pull.json").read_bytes())
    assert list(state["types"]) == ["Observation"]


def test_two_pulls_at_a_time_into_one_folder(pulling: Pulling, shelf: Shelf) -> None:
    other = FolderLock(pulling.out)
    other.take()
    ran = pulling.pull()
    assert ran.code == 2
    assert "another run" in ran.json["stopped"]
    other.release()
    assert pulling.pull().code == 0


def test_the_state_of_a_server_that_says_no_times(
    pulling: Pulling, little: LittleServer, shelf: Shelf
) -> None:
    def timeless(request: object, page: dict[str, object]) -> dict[str, object]:
        text = json.dumps(page).replace('"lastUpdated"', '"source"')
        return json.loads(text)

    shelf.told = timeless
    assert pulling.proof()["complete"] is True
    assert pulling.proof("--since-last")["since"] == ""
