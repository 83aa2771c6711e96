"""A file, sent to a server and pulled back, is the same file; sent once more, nothing changes."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying

from alliance_fhir import Options, Settings, load, open_ledger, open_target, sync
from alliance_fhir.pulling import pull_table
from alliance_fhir.targets.reading import TABLE, Wish
from alliance_fhir.testing import FhirServer as LittleServer

from . import rows
from .shelf import Shelf

if TYPE_CHECKING:
    from alliance_fhir.result import Result

CLINIC = Path(__file__).parents[2] / "examples" / "clinic"
R4, R5 = (pytest.param(name, marks=pytest.mark.server) for name in ("hapi_r4", "hapi_r5"))


def sent(sources: Sequence[Path], to: str, settings: Settings, ledger: Path) -> dict[str, int]:
    """How many resources came to each state."""
    with (
        closing(open_target(to, settings)) as target,
        open_ledger(ledger, target, settings) as book,
    ):
        result = sync(sources, target, book, settings, Options(create_people=True))
    assert not result.stopped
    return {state: number for state, number in result.tally.resources.items() if number}


def pulled(back: Path, to: str, settings: Settings, *, everybody: bool = False) -> Result:
    """A table, pulled from there."""
    with closing(open_target(to, settings)) as target:
        return pull_table(target, back, settings, Wish(TABLE, everybody))


def unchanged(back: Path, to: str, settings: Settings, ledgers: Sequence[Path]) -> None:
    """What was pulled is sent again, by the ledger and without it: nothing is new."""
    for ledger in ledgers:
        assert sent([back], to, settings, ledger).keys() == {"unchanged"}


@pytest.mark.long
@trying(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=rows.tables())
def test_any_rows_come_back_as_they_were(
    naps: list[float], table: list[tuple[rows.Row, rows.Row]]
) -> None:
    with TemporaryDirectory() as name, LittleServer() as little:
        folder, shelf = Path(name), Shelf(little)
        settings, back = rows.settings(folder), folder / "back.csv"
        source = rows.write(folder / "rows.csv", [written for written, _ in table])
        assert sent([source], little.url, settings, folder / "a.sqlite").keys() == {"created"}
        result = pulled(back, little.url, settings)
        assert result.exit_code == 0
        assert (result.tally.warnings, result.tally.rejected) == ([], [])
        assert rows.read(back) == rows.canonical([expected for _, expected in table])
        ledgers = [folder / "a.sqlite", folder / "lost.sqlite"]
        unchanged(back, little.url, settings, ledgers)
        assert {path.name for path in folder.iterdir()} == {
            *("rows.csv", "back.csv", "a.sqlite", "lost.sqlite")
        }
        assert shelf.searches


@pytest.mark.parametrize("kind", ["folder", R4, R5])
def test_the_example_clinic_comes_back(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, naps: list[float]
) -> None:
    to = str(tmp_path / "out") if kind == "folder" else request.getfixturevalue(kind)
    settings = load(CLINIC / "alliance.toml").model_copy(update={"folder": tmp_path})
    sources, ledger = sorted(CLINIC.glob("*.csv")), tmp_path / "a.sqlite"
    assert sent(sources, to, settings, ledger).keys() == {"created", "rejected"} - {"rejected"}
    back = tmp_path / "back.csv"
    result = pulled(back, to, settings)
    assert (result.exit_code, result.tally.accepted) == (0, 600)
    assert all(told.complete for told in result.pull.values())
    unchanged(back, to, settings, [ledger, tmp_path / "lost.sqlite"])
    again = tmp_path / "again.csv"
    assert pulled(again, to, settings).exit_code == 0
    assert again.read_bytes() == back.read_bytes()


def one_row(**more: str) -> rows.Row:
    """A session rating."""
    return {
        "patient": f"{rows.MRN}|1001",
        "instrument": "srs@1",
        "rater": "patient",
        "completed_at": "2026-03-09",
        **{f"item_{n}": "7.5" for n in range(1, 5)},
        **more,
    }


class Back:
    """One row that was sent; what somebody does to it there; what comes back of it."""

    def __init__(self, folder: Path, little: LittleServer, *sent_: rows.Row) -> None:
        self.settings, self.little, self.folder = rows.settings(folder), little, folder
        self.shelf = Shelf(little)
        source = rows.write(folder / "rows.csv", sent_)
        sent([source], little.url, self.settings, folder / "a.sqlite")

    def edit(self, type_: str, **changes: Any) -> None:
        """Somebody changes the first resource of a type; None takes an element away."""
        body = {**self.little.of_type(type_)[0], **changes}
        self.little.put(**{name: value for name, value in body.items() if value is not None})

    def delete(self, type_: str, place: int = 0) -> None:
        """Somebody deletes a resource of a type."""
        self.little.delete(f"{type_}/{self.little.of_type(type_)[place]['id']}")

    def pull(self, *, everybody: bool = False) -> tuple[int, int, list[str]]:
        """The exit code, how many rows came, and the rules of what is told, as in its file."""
        back = self.folder / "back.csv"
        result = pulled(back, self.little.url, self.settings, everybody=everybody)
        told = [f.rule for f in (*result.tally.warnings, *result.tally.rejected)]
        notes = self.folder / "back.left-out.csv"
        listed: list[str] = []
        if notes.exists():
            with notes.open(newline="") as file:
                listed = [line["rule"] for line in csv.DictReader(file)]
        assert sorted(listed) == sorted(told)
        assert len(rows.read(back)) == result.tally.accepted
        return result.exit_code, result.tally.accepted, sorted(told)


@pytest.fixture
def back(tmp_path: Path, naps: list[float]) -> Any:
    """One session rating at a server."""
    with LittleServer() as little:
        yield Back(tmp_path, little, one_row())


RESPONSE = "QuestionnaireResponse"


def test_forms_of_others_are_told(back: Back) -> None:
    other = {"resourceType": RESPONSE, "questionnaire": "https://example.org/phq-9|1"}
    back.little.put(**other)
    assert back.pull() == (0, 1, [])
    assert back.pull(everybody=True) == (0, 1, ["questionnaire-not-ours"])


def test_what_others_made_with_our_form_is_read_where_it_names_its_patient(back: Back) -> None:
    body = back.little.of_type(RESPONSE)[0]
    theirs = {**body, "id": None, "identifier": [], "extension": []}
    who = {"identifier": {"system": rows.MRN, "value": "1009"}}
    back.little.put(**{**theirs, "id": "x-1", "subject": who, "source": who})
    back.little.put(**{**theirs, "id": "x-2", "subject": {"reference": "Patient/1"}, "source": {}})
    assert back.pull(everybody=True) == (0, 2, ["patient-not-named"])


@pytest.mark.parametrize(
    ("changes", "rule", "code", "count"),
    [
        ({"status": "entered-in-error"}, "withdrawn", 0, 0),
        ({"status": "in-progress"}, "not-readable", 4, 0),
        ({"status": "amended"}, "", 0, 1),
        ({"authored": "2026"}, "not-readable", 4, 0),
        ({"authored": None}, "not-readable", 4, 0),
        ({"authored": "2026-03-10"}, "key-differs", 0, 1),
        ({"subject": {"reference": "Patient/1"}}, "patient-not-named", 0, 0),
        ({"subject": "x"}, "not-readable", 4, 0),
        ({"item": []}, "not-readable", 4, 0),
        ({"item": [{"linkId": "mood", "answer": [{"valueString": "x"}]}]}, "not-readable", 4, 0),
        ({"item": [{"linkId": "item_1", "answer": [{}]}]}, "not-readable", 4, 0),
        ({"item": [{"linkId": "item_1", "answer": [{"valueDecimal": 99}]}]}, "out-of-range", 4, 1),
        ({"item": [{"linkId": "item_9", "answer": [{"valueDecimal": 9}]}]}, "unknown-item", 4, 1),
        ({"language": "tlh"}, "language-not-known", 4, 1),
    ],
)
def test_what_somebody_changed_there(
    back: Back, changes: dict[str, Any], rule: str, code: int, count: int
) -> None:
    back.edit(RESPONSE, **changes)
    got = back.pull()
    assert (got[0], got[1]) == (code, count)
    assert set(got[2]) >= ({rule} - {""})
    assert set(got[2]) <= {rule, "key-differs"}


def test_a_response_that_was_deleted_there(back: Back) -> None:
    back.delete(RESPONSE)
    assert back.pull() == (4, 0, ["response-missing"])


def test_two_of_one_record(back: Back) -> None:
    body = back.little.of_type(RESPONSE)[0]
    back.little.put(**{**body, "id": "double"})
    assert back.pull() == (4, 1, ["found-twice"])
    back.little.put(**{**body, "id": "double", "item": body["item"][:2]})
    assert back.pull() == (4, 0, ["found-twice", "found-twice"])


def test_a_score_that_was_deleted_there(tmp_path: Path, naps: list[float]) -> None:
    alone = {name: cell for name, cell in one_row(total="30").items() if "item" not in name}
    with LittleServer() as little:
        back = Back(tmp_path, little, alone)
        assert back.pull() == (0, 1, [])
        back.delete("Observation", 1)
        assert back.pull() == (4, 0, ["score-missing"])


def test_settings_that_read_the_file_in_another_way(back: Back) -> None:
    values = {"items": {"7.5": "5.7"}}
    back.settings = back.settings.model_copy(update={"values": values})
    assert back.pull() == (4, 1, ["reads-differently"])


def test_another_source_has_other_keys(back: Back) -> None:
    base = back.settings.root
    back.settings = back.settings.model_copy(update={"source": "other", "base": base})
    assert back.pull() == (0, 1, ["key-differs"])
