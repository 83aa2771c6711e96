"""Shared plans pulled back by command: as documents, ours and others'."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.testing import FhirServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

EXAMPLES = Path(__file__).parents[2] / "examples" / "plans"
ALL = ("CarePlan", "CommunicationRequest", "MedicationRequest", "ServiceRequest", "Task", "Goal",
       "CareTeam", "QuestionnaireResponse", "Observation")  # fmt: skip


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of a clinic that has the plans of the examples."""
    shutil.copytree(EXAMPLES, tmp_path / "site")
    monkeypatch.chdir(tmp_path / "site")
    return tmp_path / "site"


def pulled(command: Callable[..., Ran], *words: str) -> dict[str, Any]:
    """What `pull --plans back` says."""
    shape = command("pull", "--plans", "back", "--json", *words).json
    assert shape.pop("seconds") >= 0
    return shape


def test_plans_are_written_each_to_a_document(site: Path, command: Callable[..., Ran]) -> None:
    command("sync", ".", "--to", "there")
    told = pulled(command, "--from", "there")
    assert told["records"] == {"read": 2, "accepted": 2, "rejected": 0}
    assert told["exit_code"] == 0
    assert (told["rejected"], told["blocked"]) == ([], [])
    assert "warnings" not in told
    assert tuple(told["pull"]) == ALL
    assert all(one["counted"] == one["found"] for one in told["pull"].values())
    assert sorted(path.name for path in Path("back").iterdir()) == [
        "adolescent-2026-1.plan.yaml",
        "jones-2026-3.plan.yaml",
    ]
    shutil.copy("alliance.toml", "back")
    os.chdir("back")
    assert command("check", ".").code == 0


def test_nothing_that_somebody_may_have_changed_is_written_over(
    site: Path, command: Callable[..., Ran]
) -> None:
    command("sync", ".", "--to", "there")
    pulled(command, "--from", "there")
    written = Path("back/jones-2026-3.plan.yaml")
    written.write_text("mine", "utf-8")
    ran = command("pull", "--plans", "back", "--from", "there")
    message = "error: back holds plan documents already; name a new folder\n"
    assert (ran.code, ran.err) == (2, message)
    assert written.read_text("utf-8") == "mine"


NOWHERE = (
    "name --out DIR, where what is pulled goes, --assessments FILE, --plans DIR or "
    "--appointments FILE"
)
BOTH = "--assessments and --plans are pulls of their own: one after the other"
LESS = "plans are made from CarePlan, and others: leave out --type"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), NOWHERE),
        (("--plans", "b", "--since-last"), NOWHERE),
        (("--plans", "b", "--assessments", "a.csv"), BOTH),
        (("--plans", "b", "--type", "Goal"), LESS),
    ],
)
def test_slips_in_the_call_are_told(
    words: tuple[str, ...], message: str, site: Path, command: Callable[..., Ran]
) -> None:
    command("sync", ".", "--to", "there")
    ran = command("pull", "--from", "there", *words)
    assert (ran.code, ran.err) == (2, f"error: {message}\n")


def where(body: dict[str, Any]) -> str:
    """A resource as `Type/id`."""
    return f"{body['resourceType']}/{body['id']}"


def test_of_others_what_cannot_be_a_plan_and_what_has_no_place_is_told(
    site: Path, command: Callable[..., Ran]
) -> None:
    """One of nobody, and one whose `addresses` a document has no place for."""
    mrn = [{"system": "urn:example:mrn", "value": "7"}]
    staff = [{"system": "urn:example:staff", "value": "lee"}]
    careplan = {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "title": "Coming back to work",
        "created": "2026-05-04",
    }
    with FhirServer() as server:
        patient = where(server.put(resourceType="Patient", identifier=mrn))
        lee = where(server.put(resourceType="Practitioner", identifier=staff))
        server.put(**careplan, subject={"reference": "Patient/gone"})
        server.put(
            **careplan,
            subject={"reference": patient},
            contributor=[{"reference": lee}],
            addresses=[{"display": "Somebody's-secret"}],
        )
        ran = command("pull", "--plans", "back", "--from", server.url, "--everybody")
    assert ran.code == 4
    assert "secret" not in (ran.out + ran.err)
    with Path("back/plans.left-out.csv").open(newline="") as file:
        left = [(row["resource"].split("/")[0], row["rule"]) for row in csv.DictReader(file)]
    assert ("CarePlan", "no-plan") in left
    assert ("CarePlan", "not-carried") in left
    [written] = Path("back").glob("*.plan.yaml")
    text = written.read_text("utf-8")
    assert "patient: urn:example:mrn|7" in text
    assert "urn:example:staff|lee" in text
    assert "secret" not in text


ACCEPTANCE = "http://hl7.org/fhir/StructureDefinition/goal-acceptance"


def barely_accepted(body: dict[str, Any]) -> dict[str, Any]:
    """A goal as a portal leaves it that knows nothing of the day on which somebody agreed."""
    told = [
        {**one, "extension": one["extension"][:2]} if one["url"] == ACCEPTANCE else one
        for one in body["extension"]
    ]
    return {**body, "extension": told}


def test_a_day_that_was_assumed_is_told_as_that_with_the_place_of_the_agreement(
    site: Path, command: Callable[..., Ran]
) -> None:
    command("sync", "jones-1.plan.yaml", "--to", "there")
    [file] = Path("there").glob("Goal.*.ndjson")
    bodies = [json.loads(line, parse_float=str) for line in file.read_text("utf-8").splitlines()]
    sleep = next(body for body in bodies if body["identifier"][0]["value"].endswith("-goal-sleep"))
    bodies[bodies.index(sleep)] = barely_accepted(sleep)
    file.write_text("".join(f"{json.dumps(body)}\n" for body in bodies), "utf-8")
    told = pulled(command, "--from", "there")
    name = f"Goal/{sleep['identifier'][0]['value']}"
    remedy = "It is in the document, with a day that is not its own; look at it there."
    parts = [
        f"extension[{n}]" for n, one in enumerate(sleep["extension"]) if one["url"] == ACCEPTANCE
    ]
    assert len(parts) == 2
    assert told["warnings"] == [
        {"path": name, "column": part, "rule": "day-assumed", "remedy": remedy} for part in parts
    ]
    assert told["exit_code"] == 0
    with Path("back/plans.left-out.csv").open(newline="") as file:
        listed = list(csv.reader(file))
    assert listed == [
        ["resource", "element", "rule", "remedy"],
        *([name, part, "day-assumed", remedy] for part in parts),
    ]
    text = Path("back/jones-2026-1.plan.yaml").read_text("utf-8")
    given, day = Path("jones-1.plan.yaml").read_text("utf-8"), "on: 2026-03-02"
    assert text.count(day) == given.count(day) > 0
