"""Cells that break a rule: the row is named, its column and the remedy; the others go on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from alliance_fhir.instruments.catalog import Catalog

from .tables import (
    LATER,
    SECRET,
    Row,
    check_in,
    csq,
    finding,
    keeps_silent,
    mapped,
    outcome,
    said,
    site,
    srs,
    states,
    text,
    write,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

NEW_YORK = 'zone = "America/New_York"'
MINE = f"urn:example:mrn|{SECRET}"
STAFF = f"urn:example:staff|{SECRET}"
LISTED = "See `alliance-fhir instruments list`."
ALL = f"Known: {', '.join(Catalog().ids)}. {LISTED}"
OF_TWO = {
    "Device": 1,
    "Observation": 4,
    "Provenance": 2,
    "Questionnaire": 1,
    "QuestionnaireResponse": 2,
}
"""How many resources are written for two rows of the SRS."""
BY_SUM = "Ours is by the rule sum-complete-cases; correct one."


class Case(NamedTuple):
    """A row with one bad cell, and what is to be said of it."""

    row: Row
    column: str
    rule: str
    remedy: str = ""
    toml: str = ""


def bad(row: Row, column: str, rule: str, remedy: str = "", toml: str = "") -> Case:
    """The row is of the patient whose name is to be seen nowhere, unless it says otherwise."""
    return Case({**row, "patient": MINE}, column, rule, remedy, toml)


def nobody(value: str, rule: str) -> Case:
    """A row with this patient."""
    return Case(srs(patient=value), "patient", rule)


CASES = {
    "a patient who is not named": nobody("", "required"),
    "a patient without system": nobody(SECRET, "identifier-without-system"),
    "a patient whose value is empty": nobody("urn:example:mrn|", "not-an-identifier"),
    "a patient whose system is empty": nobody(f"|{SECRET}", "not-an-identifier"),
    "a patient with a blank before the value": nobody(
        f"urn:example:mrn| {SECRET}", "not-an-identifier"
    ),
    "a patient with a blank after the system": nobody(
        f"urn:example:mrn |{SECRET}", "not-an-identifier"
    ),
    "a patient with a blank in the system": nobody(f"urn:my mrn|{SECRET}", "not-an-identifier"),
    "a patient whose system is no URI": nobody(f"mrn|{SECRET}", "not-an-identifier"),
    "a patient whose system has a control character": nobody(
        f"urn:\x01mrn|{SECRET}", "not-an-identifier"
    ),
    "a patient with a control character": nobody(f"{MINE}\x1f0", "not-an-identifier"),
    "a patient on two lines": nobody(f"{MINE}\n0", "not-an-identifier"),
    "a clinician without system": bad(
        srs(clinician=SECRET), "clinician", "identifier-without-system"
    ),
    "a clinician whose value is empty": bad(
        srs(clinician="urn:example:staff|"), "clinician", "not-an-identifier"
    ),
    "a rater without system": bad(srs(rater_id=SECRET), "rater_id", "identifier-without-system"),
    "a caregiver in the numbering of clinicians": bad(
        {**srs(), "rater": "caregiver", "rater_id": SECRET, "instrument": "tasc-r"},
        "rater_id",
        "identifier-without-system",
        toml='clinician_system = "urn:example:staff"',
    ),
    "an appointment without system": bad(
        srs(appointment=SECRET), "appointment", "identifier-without-system"
    ),
    "no instrument": bad(srs(instrument=""), "instrument", "required"),
    "an unknown instrument": bad(srs(instrument=SECRET), "instrument", "unknown-instrument", ALL),
    "a mistyped instrument": bad(
        srs(instrument="wai-rs"),
        "instrument",
        "unknown-instrument",
        f"Nearest: wai-s, wai-sr, wai-36. {LISTED}",
    ),
    "an instrument of another version": bad(
        srs(instrument="wai-sr@2"),
        "instrument",
        "unknown-instrument",
        f"Nearest: wai-sr, wai-s, wai-36. {LISTED}",
    ),
    "no rater": bad(srs(rater=""), "rater", "required"),
    "an unknown rater": bad(srs(rater=SECRET), "rater", "unknown-rater"),
    "a rater for whom there is no form": bad(
        srs(rater="observer"), "rater", "rater-not-offered", "srs has forms for: patient."
    ),
    "a therapist who is not named": bad(
        {**srs(), "instrument": "haq-ii", "rater": "therapist"}, "rater_id", "rater-not-named"
    ),
    "no date": bad(srs(completed_at=""), "completed_at", "required"),
    "a date that is none": bad(srs(completed_at=SECRET), "completed_at", "not-a-date"),
    "a day that no month has": bad(srs(completed_at="2026-02-30"), "completed_at", "not-a-date"),
    "a date as people write it": bad(srs(completed_at="3/9/2026"), "completed_at", "not-a-date"),
    "a date in other digits": bad(
        srs(completed_at="\uff12\uff10\uff12\uff16-03-09"), "completed_at", "not-a-date"
    ),
    "a week of the year": bad(srs(completed_at="2026-W10-1"), "completed_at", "not-a-date"),
    "an hour that no day has": bad(
        srs(completed_at="2026-03-09T25:00Z"), "completed_at", "not-a-date"
    ),
    "a time before all time": bad(
        srs(completed_at="0001-01-01T00:00+14:00"), "completed_at", "not-a-date"
    ),
    "a time after all time": bad(
        srs(completed_at="9999-12-31T23:59:59-14:00"), "completed_at", "not-a-date"
    ),
    "an offset that no place on earth has": bad(
        srs(completed_at="2026-03-09T14:10+15:00"), "completed_at", "not-a-date"
    ),
    "an offset with seconds": bad(
        srs(completed_at="2026-03-09T14:10+05:30:15"), "completed_at", "not-a-date"
    ),
    "a zone's offset of old, with seconds": bad(
        srs(completed_at="1880-03-09T14:10"), "completed_at", "not-a-date", toml=NEW_YORK
    ),
    "a time without offset where no zone is set": bad(
        srs(completed_at="2026-03-09T14:10"), "completed_at", "no-zone"
    ),
    "a time that comes twice": bad(
        srs(completed_at="2026-11-01T01:30"), "completed_at", "clock-change", toml=NEW_YORK
    ),
    "a time that never comes": bad(
        srs(completed_at="2026-03-08T02:30"), "completed_at", "clock-change", toml=NEW_YORK
    ),
    "session 0": bad(srs(session="0"), "session", "not-a-session"),
    "session -1": bad(srs(session="-1"), "session", "not-a-session"),
    "session 1.0": bad(srs(session="1.0"), "session", "not-a-session"),
    "session in other digits": bad(srs(session="\u0661"), "session", "not-a-session"),
    "session as a word": bad(srs(session=SECRET), "session", "not-a-session"),
    "session beyond counting": bad(srs(session="100001"), "session", "not-a-session"),
    "session of 5,000 digits": bad(srs(session="1" * 5_000), "session", "not-a-session"),
    "a language that is no tag": bad(srs(language=SECRET), "language", "not-a-language"),
    "a language that is not known": bad(srs(language="de"), "language", "language-not-known"),
    "an unknown mode": bad(srs(mode=SECRET), "mode", "unknown-mode"),
    "a number above the range": bad(srs("7", "10.1", "7", "7"), "item_2", "out-of-range"),
    "a number below the range": bad(srs("7", "7", "-0.1", "7"), "item_3", "out-of-range"),
    "a word for a number": bad(srs(SECRET, "7", "7", "7"), "item_1", "not-a-number"),
    "a number with an exponent": bad(srs("7", "7", "7", "1e1"), "item_4", "not-a-number"),
    "a decimal comma where a point is set": bad(srs("7,5", "7"), "item_1", "not-a-number"),
    "a number with two marks": bad(
        srs("7", "1.234,5"), "item_2", "not-a-number", toml='decimal_mark = ","'
    ),
    "a code above the scale": bad(csq("3", "5"), "item_2", "out-of-range"),
    "a decimal where a code belongs": bad(csq("3", "3", "2.0"), "item_3", "not-a-code"),
    "a label that the scale has not": bad(csq(SECRET), "item_1", "unknown-answer"),
    "a label that the site maps to no code": bad(
        csq("Never", *"3333333"), "item_1", "unknown-answer", toml='values.items = {Never = "9"}'
    ),
    "a word that no doubt is": bad(
        check_in("5", "5", "6", "6", "some", SECRET, "none"), "item_6", "unknown-answer"
    ),
    "a fraction of a whole number": bad(check_in("4.5"), "item_1", "not-an-integer"),
    "a whole number out of range": bad(check_in("11"), "item_1", "out-of-range"),
    "an item beyond the instrument": bad(
        {**srs(), "item_5": "1"}, "item_5", "unknown-item", toml=""
    ),
    "a total that disagrees": bad(srs(total="34.76"), "total", "score-disagrees", BY_SUM),
    "a total where the rule gives none": bad(
        srs("7", "", "7", "7", total="21"), "total", "score-not-computable"
    ),
    "a total that is no number": bad(srs(total=SECRET), "total", "not-a-number"),
    "a total out of range": bad(srs(total="40.01"), "total", "out-of-range"),
    "a score of another instrument": bad(srs(bond="12"), "bond", "unknown-score"),
    "neither answers nor scores": bad(srs("", "", "", ""), "item_1", "no-answers"),
}
"""One of each rule about a cell, and of each way to break it."""


@pytest.mark.parametrize("name", CASES)
def test_a_bad_cell_is_named_and_the_rows_around_it_go_on_as_if_it_were_not_there(
    name: str, command: Callable[..., Ran]
) -> None:
    case = CASES[name]
    rows = [srs(), case.row, srs(session="3")]
    site(case.toml)
    write("a.csv", *rows)
    named = finding(3, case.column, case.rule, case.remedy)

    for_people = command("check", "a.csv")
    told = (
        f"rejected:\n  a.csv, row 3, column {case.column}: {case.rule}. {named['remedy']}\n"
        "check: 2 of 3 records, FHIR 4.0.1\n"
    )
    to_files = command("map", "a.csv", "--out", "with", "--recorded", LATER, "--json")

    assert for_people == (4, told, "")
    assert said(to_files) == outcome("map", (3, 2, 1), [named], code=4, target="with", files=OF_TWO)
    assert (to_files.code, to_files.err) == (4, "")
    keeps_silent(for_people, to_files)

    header, first, *_, last = text(rows).splitlines()
    Path("a.csv").write_text("\n".join([header, first, "", last]), "utf-8")
    assert written("with") == mapped(command, "a.csv", to="without")


def test_all_bad_rows_of_a_file_are_named_in_their_order(command: Callable[..., Ran]) -> None:
    cases = [case for case in CASES.values() if not case.toml]
    site()
    write("a.csv", *(case.row for case in cases), srs())
    named = [finding(row, case.column, case.rule, case.remedy) for row, case in enumerate(cases, 2)]
    records = (len(cases) + 1, 1, len(cases))

    checked = command("check", "a.csv", "--json")
    synced = command("sync", "a.csv", "--to", "folder", "--json")

    assert said(checked) == outcome("check", records, named, code=4)
    # a Questionnaire, a Device; of the last row a response, two scores and a Provenance
    made = states(created=6)
    assert said(synced) == outcome("sync", records, named, code=4, target="folder", resources=made)
    assert (checked.code, synced.code) == (4, 4)
    keeps_silent(checked, synced)
    assert SECRET.encode() not in b"".join(written("folder").values())


def test_every_rule_about_a_cell_has_a_case() -> None:
    """The rules that stand under `a cell` in the reference, from the first to the last."""
    from alliance_fhir.domain.receipt import RULES

    names = list(RULES)
    about_cells = set(names[names.index("required") : names.index("score-not-computable") + 1])
    assert {case.rule for case in CASES.values()} == {*about_cells, "no-answers"}


def test_a_column_that_the_instrument_needs_and_the_file_lacks_is_named(
    command: Callable[..., Ran],
) -> None:
    site()
    write("a.csv", srs(), csq("3", "3", "3", "3") | {"patient": MINE})
    ran = command("check", "a.csv", "--json")
    assert said(ran) == outcome(
        "check", (2, 1, 1), [finding(3, "item_5", "missing-column")], code=4
    )
    keeps_silent(ran)


def test_people_see_fifty_findings_and_a_count_of_the_rest(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", *[srs(patient=SECRET)] * 51, srs(session="0"), srs(session="0"))
    ran = command("check", "a.csv")
    lines = ran.out.splitlines()
    assert [line.count("identifier-without-system") for line in lines[1:51]] == [1] * 50
    assert lines[51:] == [
        "  and 3 more (2 not-a-session, 1 identifier-without-system); --json lists all of them",
        "check: 0 of 53 records, FHIR 4.0.1",
    ]
    assert len(said(command("check", "a.csv", "--json"))["rejected"]) == 53
    keeps_silent(ran)
