"""Visits that were sent come back as the table that they came from; others' as far as they go."""

from __future__ import annotations

import csv
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir import Settings, load, open_target
from alliance_fhir.domain.keys import record_key
from alliance_fhir.pulling import pull_appointments
from alliance_fhir.sources.fhir.neighbours import TYPES as NAMED
from alliance_fhir.sources.layout import VISIT
from alliance_fhir.targets.reading import VISITS, Wish
from alliance_fhir.testing import FhirServer as LittleServer
from command.tables import text, write
from visits.rows import BESIDE, FULL, visit

from .test_assessments import sent

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.result import Result
    from conftest import Ran

Json = dict[str, Any]
EXAMPLE = Path(__file__).parents[2] / "examples" / "visits"
OURS = "https://alliance-fhir.github.io/id/clinic-east/identifier"
R4, R5 = (pytest.param(name, marks=pytest.mark.server) for name in ("hapi_r4", "hapi_r5"))


def pulled(back: Path, to: str, settings: Settings, *, everybody: bool = False) -> Result:
    """A table of visits, pulled from there."""
    types = (*VISITS, *(NAMED if everybody else ()))
    with closing(open_target(to, settings)) as target:
        return pull_appointments(target, back, settings, Wish(types, everybody))


def rows_of(table: Path) -> list[dict[str, str]]:
    """Its rows."""
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("kind", ["folder", "little", R4, R5])
def test_the_example_visits_come_back_and_sent_again_change_nothing(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, naps: list[float]
) -> None:
    there = str(tmp_path / "out") if kind == "folder" else request.getfixturevalue(kind)
    to = there.url if isinstance(there, LittleServer) else there
    settings = load(EXAMPLE / "alliance.toml").model_copy(update={"folder": tmp_path})
    source, ledger = EXAMPLE / "visits.csv", tmp_path / "a.sqlite"
    assert sent([source], to, settings, ledger).keys() == {"created"}
    back = tmp_path / "back.csv"
    result = pulled(back, to, settings)
    assert (result.exit_code, result.tally.accepted) == (0, 22)
    assert (result.tally.rejected, result.tally.warnings) == ([], [])
    assert all(told.complete for told in result.pull.values())
    assert [*rows_of(back)[0]] == list(VISIT)
    assert sent([back], to, settings, ledger).keys() == {"unchanged"}
    assert sent([back], to, settings, tmp_path / "lost.sqlite").keys() == {"unchanged"}
    again = tmp_path / "again.csv"
    assert pulled(again, to, settings).exit_code == 0
    assert again.read_bytes() == back.read_bytes()


@pytest.mark.parametrize("kind", ["folder", "little", R4, R5])
def test_what_is_beside_comes_back_and_where_it_was_before_in_its_order(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, naps: list[float]
) -> None:
    """More starts than there are marks for, one of them twice, and in no order of time."""
    there = str(tmp_path / "out") if kind == "folder" else request.getfixturevalue(kind)
    to = there.url if isinstance(there, LittleServer) else there
    settings = load(EXAMPLE / "alliance.toml").model_copy(update={"folder": tmp_path})
    before = [f"2026-03-{day:02}T09:30:00-05:00" for day in (5, 2, 5, 3, 6)]
    rows = [
        visit(n, rescheduled_from=";".join(some)) for n, some in enumerate((before, before[:2], []))
    ]
    beside = {name: told for name, told in FULL.items() if name in BESIDE and name != "missed"}
    rows.append(visit(3, clinician="urn:example:staff|kurtz", **beside))
    rows[0] |= {"missed": ";".join(before[3:])}
    source, back = tmp_path / "a.csv", tmp_path / "back.csv"
    source.write_text(text(rows), "utf-8", newline="")
    assert sent([source], to, settings, tmp_path / "a.sqlite").keys() == {"created"}
    assert pulled(back, to, settings).exit_code == 0
    names = ("rescheduled_from", *BESIDE)
    found = {row["appointment"]: [row[name] for name in names] for row in rows_of(back)}
    assert found == {row["appointment"]: [row[name] for name in names] for row in rows}
    assert sent([back], to, settings, tmp_path / "a.sqlite").keys() == {"unchanged"}


class There:
    """Visits at a server; what somebody does to them; what comes back of it."""

    def __init__(self, folder: Path, little: LittleServer) -> None:
        self.folder, self.little = folder, little
        self.settings = Settings(
            source="clinic-east",
            folder=folder,
            patient_system="urn:example:mrn",
            clinician_system="urn:example:staff",
            visit_minutes=50,
        )
        self.back = folder / "back.csv"

    def send(self, *rows: dict[str, str]) -> None:
        """Visits of ours."""
        source = self.folder / "visits.csv"
        source.write_text(text(rows), "utf-8", newline="")
        sent([source], self.little.url, self.settings, self.folder / "a.sqlite")

    def edit(self, **changes: Any) -> None:
        """Somebody changes the first Appointment."""
        self.little.put(**{**self.little.of_type("Appointment")[0], **changes})

    def pull(self, *, everybody: bool = False) -> tuple[list[dict[str, str]], set[tuple[str, ...]]]:
        """The rows that came, and place, element and rule of what was told beside."""
        result = pulled(self.back, self.little.url, self.settings, everybody=everybody)
        told = [*result.tally.warnings, *result.tally.rejected]
        beside = self.back.with_name("back.left-out.csv")
        left_out = rows_of(beside) if beside.exists() else []
        places = [(f"{f.path} row {f.row}" if f.row else f.path, f.rule) for f in told]
        assert sorted((one["resource"], one["rule"]) for one in left_out) == sorted(places)
        return rows_of(self.back), {(one.path, one.column, one.rule) for one in told}


@pytest.fixture
def there(tmp_path: Path, little: LittleServer, naps: list[float]) -> There:
    """A server that holds nothing yet."""
    return There(tmp_path, little)


def test_a_status_that_somebody_changed_there_comes_as_it_is(there: There) -> None:
    there.send(visit(1, status="attended"))
    there.edit(status="noshow")
    [row], told = there.pull()
    assert (row["status"], told) == ("no-show", set())


def test_what_we_withdrew_gives_no_row(there: There) -> None:
    there.send(visit(1), visit(2, status="entered-in-error"))
    [first, second] = sorted(
        there.little.of_type("Appointment"), key=lambda body: body["identifier"][1]["value"]
    )
    there.little.put(**{**first, "status": "entered-in-error"})
    [row], told = there.pull()
    assert row["status"] == "entered-in-error"
    assert row["appointment"].endswith("|2")
    assert told == {(f"Appointment/{first['id']}", "", "withdrawn")}
    assert second["status"] == "entered-in-error"


def test_of_one_that_is_there_twice_no_row_is_guessed(there: There) -> None:
    there.send(visit(1), visit(2))
    mine = next(
        b for b in there.little.of_type("Appointment") if b["identifier"][1]["value"] == "1"
    )
    there.little.put(**{**mine, "id": "twin", "status": "noshow"})
    [row], told = there.pull()
    assert row["appointment"].endswith("|2")
    assert told == {(f"Appointment/{i}", "", "found-twice") for i in ("twin", mine["id"])}
    there.little.put(**{**mine, "id": "twin"})  # now both say the same
    rows, told = there.pull()
    assert len(rows) == 2
    assert len(told) == 1


def test_what_would_be_another_record_is_told(there: There) -> None:
    there.send(visit(1))
    key = record_key("clinic-west", ("visit", "urn:example:visits", "1"))
    [mine] = there.little.of_type("Appointment")
    other = [{"system": OURS, "value": f"{key}-appointment"}, mine["identifier"][1]]
    there.edit(identifier=other)
    [_], told = there.pull()
    assert told == {(f"Appointment/{mine['id']}", "", "key-differs")}


def test_a_row_that_reads_as_something_else_is_told(there: There) -> None:
    there.send(visit(1, service="Psychotherapy"))
    there.settings = there.settings.model_copy(
        update={"values": {"service": {"psychotherapy": "Something else"}}}
    )
    _, told = there.pull()
    assert told == {(str(there.back), "", "reads-differently")}


def others(little: LittleServer) -> None:
    """What an EHR has: people by reference, some of whom nobody knows."""
    who = [{"system": "urn:example:mrn", "value": "1001"}]
    staff = [{"system": "urn:example:staff", "value": "kurtz"}]
    little.put(resourceType="Patient", id="p1", identifier=who)
    little.put(resourceType="Patient", id="p2")
    little.put(resourceType="Practitioner", id="k", identifier=staff)
    little.put(
        resourceType="PractitionerRole", id="r", practitioner={"reference": "Practitioner/k"}
    )
    times = {"start": "2026-03-09T14:00:00-04:00", "end": "2026-03-09T14:50:00-04:00"}

    def put(id_: str, patient: str, **more: Any) -> None:
        actors = [{"reference": f"Patient/{patient}"}, {"reference": "PractitionerRole/r"}]
        people = [{"actor": actor, "status": "accepted"} for actor in actors]
        number = [{"system": "urn:example:visits", "value": id_}]
        told = {"identifier": number, "status": "fulfilled", "participant": people, **times, **more}
        there = {name: value for name, value in told.items() if value}
        little.put(resourceType="Appointment", id=id_, **there)

    put("e1", "p1")
    put("e2", "p2")
    put("e3", "p1", status="waitlist", start=None)
    put("e4", "p1", end=None)
    little.put(resourceType="Observation", id="o")


def test_those_of_others_come_as_far_as_they_go(there: There) -> None:
    there.settings = there.settings.model_copy(update={"visit_minutes": 0})
    there.send({**FULL, "appointment": "urn:example:visits|1"})
    others(there.little)
    rows, told = there.pull(everybody=True)
    assert [{name: value for name, value in row.items() if value} for row in rows] == [
        {
            "appointment": "urn:example:visits|e1",
            "patient": "urn:example:mrn|1001",
            "clinician": "urn:example:staff|kurtz",
            "start": "2026-03-09T14:00:00-04:00",
            "end": "2026-03-09T14:50:00-04:00",
            "status": "attended",
        },
        # a no-show of which a patient gave notice the day before is a cancellation
        {**FULL, "appointment": "urn:example:visits|1", "status": "cancelled"},
    ]
    assert told == {
        ("Appointment/e2", "Appointment.participant[0].actor", "patient-not-named"),
        ("Appointment/e3", "Appointment.start", "no-time-yet"),
        ("Appointment/e4", "Appointment.end", "no-end"),
    }
    [ours], _ = there.pull()
    assert ours["appointment"] == "urn:example:visits|1"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--appointments", "a.xlsx"), "--appointments takes the name of a file that ends with"),
        (("--appointments", "a.csv", "--plans", "p"), "--plans and --appointments are pulls"),
        (("--appointments", "a.csv", "--type", "Task"), "made from Appointment and ServiceRequest"),
    ],
)
def test_a_call_that_cannot_be_meant_is_told(
    words: tuple[str, ...], message: str, command: Callable[..., Ran]
) -> None:
    Path("alliance.toml").write_text('source = "clinic-east"\nvisit_minutes = 50\n')
    write("visits.csv", visit(1))
    assert command("sync", "visits.csv", "--to", "there").code == 0
    ran = command("pull", "--from", "there", *words)
    assert ran.code == 2
    assert message in ran.err


def test_the_command_says_what_came(command: Callable[..., Ran]) -> None:
    Path("alliance.toml").write_text('source = "clinic-east"\nvisit_minutes = 50\n')
    write("visits.csv", visit(1))
    assert command("sync", "visits.csv", "--to", "there").code == 0
    ran = command("pull", "--from", "there", "--appointments", "back.csv", "--everybody")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[0] == "pull: 1 of 1 records, FHIR 4.0.1"
    assert {path.name for path in Path().iterdir()} == {
        *("alliance.toml", "visits.csv", "there", ".alliance-fhir", "back.csv")
    }


def test_a_folder_that_was_pulled_is_a_source(command: Callable[..., Ran]) -> None:
    Path("alliance.toml").write_text('source = "clinic-east"\nvisit_minutes = 50\n')
    write("visits.csv", FULL)
    assert command("sync", "visits.csv", "--to", "there").code == 0
    assert command("pull", "--from", "there", "--out", "pulled").code == 0
    ran = command("sync", "pulled", "--to", "there", "--config", "alliance.toml", "--json")
    assert (ran.code, ran.json["records"]["accepted"]) == (0, 1)
    assert {s for s, n in ran.json["resources"].items() if n} == {"unchanged"}
    assert {one["rule"] for one in ran.json["warnings"]} == {"other-resources", "no-resources"}
