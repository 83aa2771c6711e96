"""Dead letters: what a server refused, in one file, and sent again after repair."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.config import Settings
from alliance_fhir.dead_letters import usual_place
from alliance_fhir.domain.keys import record_key
from alliance_fhir.testing import Answer, FhirServer, Request, outcome

from .conftest import FIRST, SECOND, Site, resources, told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Json = dict[str, Any]
WORDS = "answer 'seldom' of Mr Jones is not wanted here"


def refusing(*patients: str) -> Callable[[Request, Callable[[], Answer]], Answer]:
    """A server that declines the records of these patients, and repeats what it was sent."""

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        named = (f'"value":"{patient}"'.encode() in request.body for patient in patients)
        if request.method == "POST" and not request.path and any(named):
            return Answer(422, outcome("invariant", WORDS))
        return proceed()

    return between


def letters(path: Path) -> list[Json]:
    """The letters in a file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def refused(site: Site, *patients: str) -> None:
    """The records of these patients are refused; all else is at the server."""
    site.server.between = refusing(*patients)
    assert site.sync().code == (4 if patients else 0)
    site.server.between = refusing()


def resend(site: Site, file: Path | None = None) -> Any:
    """The dead letters are sent again."""
    return site.command("sync", "--dead-letters", file or site.letters)


def test_a_letter_says_what_was_refused_where_and_why(site: Site) -> None:
    site.server.between = refusing(FIRST.patient)
    ran = site.sync()
    [letter] = letters(site.letters)
    assert ran.json["dead_letters"] == str(site.letters)
    key = record_key("clinic-east", ("record", FIRST.record_id))
    kinds = ["QuestionnaireResponse", *["Observation"] * 5]
    ends = ["qr", "panel", "total", "goal", "task", "bond"]
    assert len(letter.pop("digest")) == 32
    assert letter.pop("when").endswith("Z")
    assert letter == {
        "key": key,
        "path": str(site.folder / "assessments.csv"),
        "beside": [],
        "row": 2,
        "rule": "refused",
        "remedy": ran.json["rejected"][0]["remedy"],
        "status": 422,
        "resources": [
            {"type": kind, "key": f"{key}-{end}"} for kind, end in zip(kinds, ends, strict=True)
        ],
        "target": site.there.address,
        "run": ran.json["run"],
        "outcome": outcome("invariant", WORDS),
    }
    assert stat.S_IMODE(site.letters.stat().st_mode) == 0o600
    assert WORDS not in ran.out + ran.err
    config = ("--config", site.folder / "alliance.toml")
    to = ("--to", site.there.address, "--ledger", site.ledger)
    site.server.between = refusing(FIRST.patient)
    shown = site.run("sync", site.folder / "assessments.csv", *to, *config)
    assert f"dead letters: {site.letters}" in shown.out


def test_a_folder_and_a_good_run_leave_no_file(site: Site, tmp_path: Path) -> None:
    ran = site.sync()
    assert "dead_letters" not in ran.json
    assert not site.letters.exists()
    site.run("sync", site.folder, "--to", tmp_path / "out")
    assert not list(site.folder.rglob("*dead*"))


def test_sent_again_after_repair_and_these_alone(site: Site) -> None:
    third = replace(FIRST, record_id="r-3", patient="1002", completed_at="2026-04-01")
    site.write(FIRST, SECOND, third)
    refused(site, FIRST.patient)
    site.write(SECOND, third.with_item(2, "4"), FIRST.with_item(4, "4"))  # it has moved, and more
    ran = resend(site)
    assert (ran.code, resources(ran)) == (0, {"created": 7, "unchanged": 2})
    assert ran.json["records"] == {"read": 1, "accepted": 1, "rejected": 0}
    assert site.of_record(FIRST)["total"]["valueQuantity"]["value"] == 32
    assert (letters(site.letters), site.letters.exists()) == ([], False)
    assert site.of_record(third)["qr"]["status"] == "completed"  # its change was not asked for
    assert resend(site).code == 2


def test_what_is_refused_again_stays_with_the_new_outcome(site: Site) -> None:
    refused(site, FIRST.patient, SECOND.patient)
    assert len(letters(site.letters)) == 2
    first = {letter["key"]: letter["run"] for letter in letters(site.letters)}
    site.server.between = refusing(SECOND.patient)
    ran = resend(site)
    assert (ran.code, told(ran, "rejected")) == (4, ["refused"])
    [left] = letters(site.letters)
    assert left["run"] == ran.json["run"] != first[left["key"]]


def test_an_ordinary_sync_that_delivers_takes_the_letter_out(site: Site) -> None:
    refused(site, FIRST.patient)
    assert site.sync().code == 0
    assert not site.letters.exists()


def test_a_letter_of_what_somebody_else_delivered_is_taken_out(site: Site) -> None:
    refused(site, FIRST.patient)
    copy = site.folder / "copy.jsonl"
    copy.write_bytes(site.letters.read_bytes())
    assert resend(site, copy).code == 0
    assert not copy.exists()
    assert site.letters.exists()  # of which that run knew nothing
    assert site.sync().code == 0
    assert not site.letters.exists()


def test_a_row_that_is_gone_from_its_file_is_told(site: Site) -> None:
    refused(site, FIRST.patient)
    site.write(SECOND)
    ran = resend(site)
    assert (ran.code, told(ran, "warnings")) == (0, ["letter-without-row"])
    assert ran.json["warnings"][0]["path"] == str(site.folder / "assessments.csv")
    assert ran.json["warnings"][0]["row"] == 2
    assert len(letters(site.letters)) == 1


def test_a_row_that_is_bad_now_is_told_and_the_letter_stays(site: Site) -> None:
    refused(site, FIRST.patient)
    site.write(replace(FIRST, session="none"), replace(SECOND, session="none"))
    ran = resend(site)
    assert (ran.code, told(ran, "rejected")) == (4, ["not-a-session"])
    assert told(ran, "warnings") == []
    assert len(letters(site.letters)) == 1


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "no JSON"),
        ("[]", "must be a table"),
        ('{"key": "k"}', "path: is missing; add it"),
        ('{"row": "two"}', "row:"),
    ],
)
def test_a_bad_line_is_told_by_its_number_before_anything_is_sent(
    site: Site, line: str, why: str
) -> None:
    refused(site, FIRST.patient)
    whole = site.letters.read_text()
    site.letters.write_text(f"{whole}\n{line}\n")
    before = len(site.server.writes)
    for run in (lambda: resend(site), site.sync):
        ran = run()
        assert ran.code == 2
        assert f"{site.letters}, line 3: is no dead letter" in ran.err
        assert "mend the line, or remove it" in ran.err
    assert len(site.server.writes) == before
    site.letters.write_text(whole)
    assert resend(site).code == 0


def test_slips_are_told(site: Site) -> None:
    ran = site.command("sync")
    assert (ran.code, "name a SOURCE" in ran.err) == (2, True)
    refused(site, FIRST.patient)
    ran = site.command("sync", site.folder, "--dead-letters", site.letters)
    assert (ran.code, "leave SOURCE out" in ran.err) == (2, True)
    ran = resend(site, site.folder / "none.jsonl")
    assert (ran.code, "there are no dead letters" in ran.err) == (2, True)


def test_letters_of_another_target_are_not_sent(site: Site) -> None:
    refused(site, FIRST.patient)
    with FhirServer() as other:
        to = ("--to", other.url, "--config", site.folder / "alliance.toml")
        ran = site.run("sync", "--dead-letters", site.letters, *to)
        assert (ran.code, "another target" in ran.err, other.writes) == (2, True, [])


def test_a_run_that_is_stopped_keeps_what_was_refused(site: Site) -> None:
    rows = [replace(FIRST, record_id=f"r-{n}", patient="1001") for n in range(3, 9)]
    site.write(*[replace(r, completed_at=f"2026-04-0{n}") for n, r in enumerate(rows, 1)])
    site.server.between = lambda request, proceed: (
        Answer(500, outcome("exception", WORDS))
        if request.method == "POST" and not request.path and b'"1001"' in request.body
        else proceed()
    )
    ran = site.sync()
    assert ran.code == 11
    assert len(letters(site.letters)) == 3


def test_with_a_ledger_that_is_no_file_they_lie_beside_the_settings(tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path, source="clinic-east")
    place = usual_place("postgresql://us@host/ledgers", "https://fhir.example/r4", settings)
    assert place.parent == tmp_path / ".alliance-fhir"
    assert place.name.startswith("fhir-example-r4-")
    assert place.name.endswith(".dead-letters.jsonl")
