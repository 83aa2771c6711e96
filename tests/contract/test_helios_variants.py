"""A real server that is set up otherwise than most: Helios, by its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .clinic import CHANGED, MRN, ROW, Clinic, Row, Wire, counts
from .places import ServerPlace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Ran
    from helios import Helios

pytestmark = [pytest.mark.server, pytest.mark.helios]

ROWS = (ROW, Row(record_id="r-2", patient="1002"))
FORM = "https://alliance-fhir.github.io/ig/Questionnaire/wai-sr-patient|1.0.0"
VARIANTS: dict[str, dict[str, Any]] = {
    "validating": {"HFS_VALIDATION_MODE": "enforce"},
    "if-match required": {"HFS_REQUIRE_IF_MATCH": "true"},
    "without ETags": {"HFS_ENABLE_VERSIONING": "false"},
    "small requests": {"HFS_MAX_BODY_SIZE": "6000"},
    "without search parameters": {"parameters": False},
}
COPED_WITH = ["validating", "if-match required", "without ETags"]


@pytest.fixture
def place(variant: str, helios_with: Callable[..., Helios]) -> Iterator[ServerPlace]:
    """The server with this setting, empty."""
    there = ServerPlace(helios_with(**VARIANTS[variant]).empty())
    yield there
    there.close()


@pytest.fixture
def clinic(tmp_path: Path, place: ServerPlace, wire: Wire) -> Clinic:
    """A clinic with nothing sent yet, whose patients are there."""
    folder = tmp_path / "clinic"
    folder.mkdir()
    clinic = Clinic(folder, place, wire)
    clinic.write(*ROWS)
    clinic.register("1001", "1002")
    return clinic


@pytest.mark.parametrize("variant", COPED_WITH)
def test_what_is_set_up_otherwise_is_coped_with(clinic: Clinic) -> None:
    assert clinic.sync_alone().exit_code == 0
    assert clinic.verified() == 16
    assert counts(clinic.sync(reread=True)) == {"unchanged": 14}
    assert clinic.wire.writes == []
    clinic.write(CHANGED, ROWS[1])
    assert counts(clinic.sync()) == {"updated": 3, "created": 1, "unchanged": 11}
    assert clinic.verified() == 17
    assert len(clinic.place.everything) == 2 + 17


@pytest.mark.parametrize("variant", COPED_WITH)
def test_a_run_is_undone(clinic: Clinic, command: Callable[..., Ran]) -> None:
    run = clinic.sync_alone().run
    (clinic.folder / "alliance.toml").write_text(
        f'source = "clinic-east"\npatient_system = "{MRN}"\n'
    )
    to = ("--to", clinic.place.address, "--ledger", clinic.ledger)
    config = ("--config", clinic.folder / "alliance.toml")
    ran = command("undo", run, *to, *config, "--json")
    assert (ran.code, ran.json.get("blocked")) == (0, [])
    assert [body["resourceType"] for body in clinic.place.everything] == ["Patient", "Patient"]


@pytest.mark.parametrize("variant", ["small requests"])
def test_what_is_too_large_goes_in_pieces_and_what_cannot_is_told(clinic: Clinic) -> None:
    """A record goes in requests of its parts; the Questionnaire is one resource, and too large."""
    for states in ({"created": 15, "rejected": 1}, {"unchanged": 13, "rejected": 1}):
        result = clinic.sync_alone()
        assert (result.exit_code, counts(result)) == (4, states)
        [told] = result.tally.rejected
        assert (told.column, told.rule) == (FORM, "refused")
        assert "413, too-long" in told.remedy
        assert clinic.verified() == 15
    assert {body["resourceType"] for body in clinic.place.everything} == {
        *("Device", "Patient", "QuestionnaireResponse", "Observation", "Provenance")
    }


@pytest.mark.parametrize("variant", ["without search parameters"])
def test_where_nobody_can_be_found_nothing_is_sent_of_anybody(clinic: Clinic) -> None:
    """Its search by identifier finds everybody, unless it is asked to be strict."""
    for states in ({"created": 2, "not_sent": 12}, {"unchanged": 2, "not_sent": 12}):
        result = clinic.sync_alone()
        assert (result.exit_code, counts(result)) == (13, states)
        assert "Patient/_search answered 400 (invalid)" in result.stopped
    assert {body["resourceType"] for body in clinic.place.everything} == {
        *("Device", "Patient", "Questionnaire")
    }
    assert clinic.verified() == 2


@pytest.mark.parametrize("variant", ["validating"])
def test_all_of_the_example_is_valid_there(place: ServerPlace, command: Callable[..., Ran]) -> None:
    ran = command("demo", "--to", place.address, "--json")
    told = ran.json["verify"]
    assert (ran.code, ran.json["resources"]["rejected"]) == (0, 0)
    assert told["expected"] == told["found"] == told["equal"] == len(place.everything)
    # the plans and the visits are beside what the first sync created
    assert told["equal"] > ran.json["resources"]["created"] > 3000
