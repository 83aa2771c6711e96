"""The same by the command: its results and its exit codes."""

from __future__ import annotations

import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from .clinic import CHANGED, MRN, ROW, Clinic
from .kinds import by_the_ledger, everywhere

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

    from .places import FolderPlace, Place

TOML = f'source = "clinic-east"\npatient_system = "{MRN}"\nsynthetic = true\n'


@pytest.fixture
def said(clinic: Clinic) -> None:
    """The clinic's settings, as a file beside its source."""
    (clinic.folder / "alliance.toml").write_text(TOML)


@pytest.mark.usefixtures("said")
@everywhere
def test_the_story_of_a_sync_by_command(
    place: Place, clinic: Clinic, command: Callable[..., Ran]
) -> None:
    source = clinic.write(ROW, replace(ROW, record_id="bad", answers="9" * 12))
    clinic.register(ROW.patient)
    spoken = ("--fhir", place.fhir) if place.fhir else ()
    words = (source, "--to", place.address, "--json", *spoken)
    planned = command("plan", *words)
    assert planned.code == 4
    assert not (clinic.folder / ".alliance-fhir").exists()
    synced = command("sync", *words)
    assert (synced.code, synced.err) == (4, "")
    assert synced.json["resources"] == planned.json["resources"]
    assert synced.json["resources"]["created"] == 9
    assert synced.json["records"] == {"read": 2, "accepted": 1, "rejected": 1}
    [rejected] = synced.json["rejected"]
    assert (rejected["path"], rejected["row"], rejected["column"]) == (str(source), 3, "item_1")

    settings = ("--config", clinic.folder / "alliance.toml")
    verified = command("verify", "--to", place.address, "--json", *settings, *spoken)
    assert verified.code == 0
    assert verified.json["verify"]["equal"] == 9

    clinic.write(ROW)
    again = command("sync", *words)
    assert again.code == 0
    assert again.json["resources"] == {**dict.fromkeys(again.json["resources"], 0), "unchanged": 8}
    [ledger] = (clinic.folder / ".alliance-fhir").glob("*.sqlite")
    assert ledger.stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("said")
def test_what_people_see_names_place_and_remedy(
    folder: FolderPlace, clinic: Clinic, command: Callable[..., Ran]
) -> None:
    clinic.write(ROW)
    assert command("sync", clinic.folder, "--to", folder.address).code == 0
    clinic.write(CHANGED)
    command("sync", clinic.folder, "--to", folder.address)
    clinic.write(ROW)
    ran = command("sync", clinic.folder, "--to", folder.address)
    assert ran.code == 0
    assert f"{clinic.folder}/assessments.csv, row 2: older-version." in ran.out
    assert "--accept-older" in ran.out
    assert "unchanged" in ran.out
    assert str(folder.folder) in ran.out


@pytest.mark.usefixtures("said")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--since", "yesterday"], 2),
        (["--limit", "-1"], 2),
        (["--fhir", "R9"], 2),
        (["--config", "nowhere.toml"], 2),
    ],
)
def test_a_wrong_call_is_told_before_anything_is_written(
    folder: FolderPlace, clinic: Clinic, command: Callable[..., Ran], words: list[str], code: int
) -> None:
    source = clinic.write(ROW)
    assert command("sync", source, "--to", folder.address, *words).code == code
    assert not folder.folder.exists()


@pytest.mark.usefixtures("said")
@by_the_ledger
def test_ctrl_c_is_told_by_the_exit_code(
    place: Place,
    clinic: Clinic,
    command: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = clinic.write(ROW)
    clinic.register(ROW.patient)

    def interrupted(*told: object) -> None:
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr("alliance_fhir.running.Run._planned", interrupted)
        ran = command("sync", source, "--to", place.address)
    assert ran.code == 130
    assert "run it again" in ran.err
    assert command("sync", source, "--to", place.address).code == 0


@pytest.mark.usefixtures("said")
@by_the_ledger
def test_the_options_reach_the_run(
    server: Place, clinic: Clinic, command: Callable[..., Ran]
) -> None:
    source = clinic.write(ROW, replace(ROW, record_id="r-2", patient="1002"))
    words = ("sync", source, "--to", server.address, "--json")
    blocked = command(*words)
    assert blocked.code == 7
    assert [told["rule"] for told in blocked.json["blocked"]] == ["patient-not-found"] * 2
    made = command(*words, "--create-people", "--patient", "1002")
    assert made.code == 0
    assert made.json["resources"]["created"] == 8
    assert [body["identifier"][0]["value"] for body in server.of_type("Patient")] == ["1002"]
