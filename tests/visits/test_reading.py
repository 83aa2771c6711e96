"""What is read of a table of visits: its cells, a site's own words and columns, its doubles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.config import load
from alliance_fhir.domain.receipt import Finding
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.sources.supply import Sources
from command.books import book, sheet, typed
from command.tables import finding, keeps_silent, outcome, said, states, text, write

from .rows import AS_RECORD, BESIDE, FULL, MINE, as_row, site, visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.domain.visit import Visit
    from conftest import Ran


def records(name: str) -> list[object]:
    """The records of a file, by the settings beside it; none of its rows breaks a rule."""
    sources = Sources([Path(name)], load("alliance.toml"), Catalog())
    every = list(sources.records())
    assert not [one for one in every if isinstance(one, Finding) and one.row]
    return [one.record for one in every if not isinstance(one, Finding)]


def as_rows(name: str) -> list[dict[str, str]]:
    """The same as rows of our own layout."""
    found: list[Visit] = records(name)  # pyright: ignore[reportAssignmentType]
    return [as_row(record) for record in found]


def test_a_full_row_is_a_visit_with_all_of_it() -> None:
    site()
    write("a.csv", FULL)
    assert records("a.csv") == [AS_RECORD]
    assert as_rows("a.csv") == [FULL]


def test_what_is_not_required_need_not_be_a_column() -> None:
    site()
    needed = ("appointment", "patient", "start", "status")
    write("a.csv", {name: FULL[name] for name in needed})
    usual = {"end": FULL["end"]}  # 50 minutes
    told = {name: FULL[name] if name in needed else "" for name in FULL}
    assert as_rows("a.csv") == [{**told, **usual}]


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        # some systems have the first start of every visit, moved or not
        ("2026-03-16T18:00:00Z", ""),
        ("2026-03-09T14:00:00-04:00;2026-03-09T18:00Z", "2026-03-09T14:00:00-04:00"),
        # there and back again
        (
            "2026-03-09T14:00:00-04:00; 2026-03-16T14:00:00-04:00 ;2026-03-12T09:30:00-04:00;",
            "2026-03-09T14:00:00-04:00;2026-03-16T14:00:00-04:00;2026-03-12T09:30:00-04:00",
        ),
    ],
)
def test_a_start_that_only_says_the_next_one_again_is_none(told: str, meant: str) -> None:
    site()
    write("a.csv", {**FULL, "rescheduled_from": told, "missed": ""})
    assert as_rows("a.csv") == [{**FULL, "rescheduled_from": meant, "missed": ""}]


@pytest.mark.parametrize(("suffix", "delimiter"), [("csv", ","), ("txt", ";"), ("tsv", "\t")])
def test_delimiters_are_found_out_by_the_names_of_visits(suffix: str, delimiter: str) -> None:
    site()
    write(f"a.{suffix}", FULL, delimiter=delimiter)
    assert records(f"a.{suffix}") == [AS_RECORD]


def test_a_name_with_commas_between_semicolons_misleads_nobody() -> None:
    site('constants.patient = "urn:example:mrn|17"')
    header = "old,patient,names;appointment;start;status"
    Path("a.csv").write_text(f"{header}\nx;urn:example:visits|1;2026-03-09T14:00-04:00;booked\n")
    ends = "2026-03-09T14:50:00-04:00"
    assert as_rows("a.csv") == [visit(patient="urn:example:mrn|17", end=ends)]


def test_a_workbook_says_the_same(command: Callable[..., Ran]) -> None:
    site('zone = "Europe/Berlin"')
    row = {**FULL, "start": "2026-03-16T14:00", "end": "2026-03-16T14:50"}
    book("a.xlsx", row, like=typed)
    berlin = {"start": "2026-03-16T14:00:00+01:00", "end": "2026-03-16T14:50:00+01:00"}
    assert as_rows("a.xlsx") == [{**row, **berlin}]
    # a spreadsheet keeps midnight as a day
    book("b.xlsx", {**row, "start": "2026-03-16T00:00"}, like=typed)
    named = finding(2, "start", "not-a-time", path="b.xlsx")
    assert said(command("check", "b.xlsx", "--json")) == outcome(
        "check", (1, 0, 1), [named], code=4
    )


SITE = """
patient_system = "urn:example:mrn"
clinician_system = "urn:example:staff"
appointment_system = "urn:example:visits"
referrer_system = "urn:example:gp"
referral_system = "urn:example:orders"
zone = "America/New_York"
date_format = "%d.%m.%Y %H:%M"

[columns]
appointment = "TerminNr"
patient = "PatNr"
clinician = "Behandler"
start = "Beginn"
end = "Ende"
status = "Ausgang"
cancelled_at = "Abgesagt"
cancelled_by = "Von"
reason = "Grund"
modality = "Art"
referrer = "Arzt"
referral = "Überweisung"
first = "Erst"
rescheduled_from = "Davor"

[constants]
service = "Psychotherapy"
modality = "vor Ort"
rater = "patient"            # of other tables

[values.status]
"nicht erschienen" = "no-show"
"erschienen" = "attended"

[values.cancelled_by]
"Patient*in" = "patient"
"Praxis" = "provider"

[values.modality]
"vor Ort" = "in-person"
"Video" = "video"

[values.first]
"J" = "yes"
"N" = "no"
"?" = ""
"""
OWN = """TerminNr;Davor;PatNr;Behandler;Beginn;Ende;Ausgang;Abgesagt;Von;Grund;Art;Arzt;\
Überweisung;Erst
2;"09.03.2026 14:00; 12.03.2026 09:30";17;kurtz;16.03.2026 14:00;16.03.2026 14:50;Nicht Erschienen;\
15.03.2026;PATIENT*IN;Schlaf;;lee;77;j
3;;17;kurtz;17.03.2026 14:00;;erschienen;;;;VIDEO;;;?
4;;17;;18.03.2026 14:00;;BOOKED;;provider;;phone;;;no
"""


def test_a_sites_own_columns_words_systems_and_dates_are_brought_to_ours() -> None:
    site(SITE)
    Path("a.csv").write_text(OWN, "utf-8")
    own = {**FULL, "patient": "urn:example:mrn|17", "service": "Psychotherapy"}
    own |= dict.fromkeys(BESIDE, "")
    same = {"referrer": "", "referral": "", "cancelled_at": "", "cancelled_by": "", "reason": ""}
    same["rescheduled_from"] = ""
    assert as_rows("a.csv") == [
        {**own, "reason": "Schlaf"},
        {
            **own,
            **same,
            "appointment": "urn:example:visits|3",
            "start": "2026-03-17T14:00:00-04:00",
            "end": "2026-03-17T14:50:00-04:00",
            "status": "attended",
            "modality": "video",
            "first": "",
        },
        {
            **own,
            **same,
            "appointment": "urn:example:visits|4",
            "clinician": "",
            "start": "2026-03-18T14:00:00-04:00",
            "end": "2026-03-18T14:50:00-04:00",
            "status": "booked",
            "cancelled_by": "provider",
            "modality": "phone",
            "first": "no",
        },
    ]


def test_a_word_that_is_not_mapped_is_rejected_whatever_else_is(
    command: Callable[..., Ran],
) -> None:
    site(SITE)
    Path("a.csv").write_text(OWN.replace("erschienen;;", "abgesagt;;"), "utf-8")
    named = finding(3, "status", "unknown-status")
    assert said(command("check", "a.csv", "--json")) == outcome("check", (3, 2, 1), [named], code=4)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('columns.stats = "x"', "columns.stats: nothing has this name; did you mean status?"),
        ('constants.strat = "x"', "constants.strat: nothing has this name; did you mean start?"),
        (
            'values.modalty = {x = "y"}',
            "values.modalty: nothing has this name; did you mean modality?",
        ),
        (
            'referrer_system = "gp"',
            "referrer_system: must be a URI, such as urn:oid:1.2.3 or https://clinic.org/mrn",
        ),
        (
            'referral_system = "1|2"',
            "referral_system: must be a URI, such as urn:oid:1.2.3 or https://clinic.org/mrn",
        ),
    ],
)
def test_a_slip_in_the_settings_of_visits_is_told(
    line: str, reason: str, command: Callable[..., Ran]
) -> None:
    site(line)
    write("a.csv", visit())
    assert command("check", "a.csv") == (2, "", f"error: alliance.toml: {reason}\n")


# --- the file as a whole --------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["appointment", "patient"])
def test_a_column_that_visits_need_is_missed(column: str, command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", {name: cell for name, cell in FULL.items() if name != column})
    remedy = f"{column}: add it, or name it in alliance.toml."
    named = finding(0, "", "missing-column", remedy)
    assert said(command("check", "a.csv", "--json")) == outcome("check", (0, 0, 0), [named], code=3)


def test_a_constant_may_stand_for_a_column(command: Callable[..., Ran]) -> None:
    site('constants.patient = "urn:example:mrn|17"')
    write("a.csv", {name: cell for name, cell in FULL.items() if name != "patient"})
    assert as_rows("a.csv") == [{**FULL, "patient": "urn:example:mrn|17"}]


def test_two_columns_of_one_meaning_and_columns_of_none_are_told(
    command: Callable[..., Ran],
) -> None:
    site('columns.start = "Beginn"')
    write("a.csv", {**FULL, "Beginn": ""})
    named = finding(0, "", "duplicate-column", "Two columns mean start; rename or remove one.")
    assert said(command("check", "a.csv", "--json")) == outcome("check", (0, 0, 0), [named], code=3)
    write("b.csv", {**FULL, "Note": "x", "item_1": "3", "total": "", "rater": "patient"})
    warnings = [
        finding(0, column, "unknown-column", path="b.csv")
        for column in ("Note", "item_1", "total", "rater")
    ]
    shape = outcome("check", (1, 1, 0), warnings=warnings)
    assert said(command("check", "b.csv", "--json")) == shape


def test_rows_that_are_none_are_told_as_in_any_table(command: Callable[..., Ran]) -> None:
    site()
    header = text([FULL]).splitlines()[0]
    cells = ",".join(visit().values())
    lines = [header, cells + ",x", "1,2", cells.replace("booked", "=A1"), "", cells]
    Path("a.csv").write_text("\n".join(lines))
    named = [
        finding(2, "", "too-many-cells"),
        finding(3, "", "too-few-cells"),
        finding(4, "", "formula"),
    ]
    shape = outcome("check", (4, 1, 3), named, code=4)
    assert said(command("check", "a.csv", "--json")) == shape
    Path("b.csv").write_text(header)
    empty = finding(0, "", "header-only", path="b.csv")
    assert said(command("check", "b.csv", "--json")) == outcome("check", (0, 0, 0), [empty], code=3)


@pytest.mark.parametrize("column", ["instrument", "completed_at"])
def test_a_table_with_a_column_of_assessments_is_none_of_visits(
    column: str, command: Callable[..., Ran]
) -> None:
    site()
    write("a.csv", {**FULL, column: "x"})
    missed = "rater" if column == "instrument" else "instrument"  # the first that is not there
    named = finding(0, "", "missing-column", f"{missed}: add it, or name it in alliance.toml.")
    assert said(command("check", "a.csv", "--json")) == outcome("check", (0, 0, 0), [named], code=3)


@pytest.mark.parametrize("theirs", ["start", "status"])
def test_a_table_of_visits_is_told_which_of_their_columns_it_lacks(
    theirs: str, command: Callable[..., Ran]
) -> None:
    site()
    write("a.csv", {"Unmapped" if name == theirs else name: told for name, told in FULL.items()})
    remedy = f"{theirs}: add it, or name it in alliance.toml."
    named = finding(0, "", "missing-column", remedy)
    assert said(command("check", "a.csv", "--json")) == outcome("check", (0, 0, 0), [named], code=3)


def test_a_table_without_a_header_shows_nothing_of_its_first_row(
    command: Callable[..., Ran],
) -> None:
    site()
    sheet("a.xlsx", [[*visit(patient=MINE, status="no-show").values()]])
    remedy = "The first row must name the columns."
    named = finding(0, "", "unknown-layout", remedy, path="a.xlsx")
    ran = command("check", "a.xlsx", "--json")
    assert said(ran) == outcome("check", (0, 0, 0), [named], code=3)
    keeps_silent(ran)


# --- doubles --------------------------------------------------------------------------------------

DIFFERS = "What is said of one appointment differs; keep what is right."


def test_an_appointment_that_stands_twice_is_taken_once_or_not_at_all(
    command: Callable[..., Ran],
) -> None:
    site()
    write("a.csv", visit(1), visit(2), visit(1), visit(3), visit(3, status="no-show"))
    write("b.csv", visit(2), visit(4))
    warnings = [
        finding(4, "", "duplicate-equal"),
        finding(2, "", "duplicate-equal", path="b.csv"),
    ]
    rejected = [finding(row, "", "duplicate-different", DIFFERS) for row in (5, 6)]
    shape = outcome("check", (7, 3, 2), rejected, code=4, warnings=warnings)
    assert said(command("check", "a.csv", "b.csv", "--json")) == shape
    # a pass over the keys comes first, where not all is asked for
    limited = said(command("check", "a.csv", "b.csv", "--limit", "9", "--json"))
    assert limited == shape


def test_what_contradicts_itself_is_rejected_by_sync_too_and_is_no_history_of_others(
    command: Callable[..., Ran],
) -> None:
    site("history_from = 2024-01-01")
    write("a.csv", visit(1), visit(1, start="2026-03-10T14:00:00-04:00"), visit(2))
    rejected = [finding(row, "", "duplicate-different", DIFFERS) for row in (2, 3)]
    told = said(command("sync", "a.csv", "--to", "out", "--json"))
    made = states(created=3)  # the Appointment, its Provenance, the Device
    assert told == outcome("sync", (3, 1, 2), rejected, code=4, target="out", resources=made)
    # what was sent of a visit still counts when two rows fall out over it
    write("b.csv", visit(3, start="2026-03-01T14:00:00-05:00", status="attended"))
    assert said(command("sync", "b.csv", "--to", "out", "--json"))["exit_code"] == 0
    other = visit(3, start="2026-03-02T14:00:00-05:00", status="no-show")
    write("c.csv", visit(3, start="2026-03-01T15:00:00-05:00", status="no-show"), other)
    assert said(command("sync", "c.csv", "--to", "out", "--json"))["exit_code"] == 4
    write("d.csv", visit(4))
    assert said(command("sync", "d.csv", "--to", "out", "--json"))["exit_code"] == 0
    at = json.loads(Path("out/manifest.json").read_text())["files"]["Appointment"]["path"]
    lines = Path("out", at).read_text(encoding="utf-8").splitlines()
    kinds = {
        body["identifier"][1]["value"]: body.get("appointmentType", {}).get("coding", [{}])[0]
        for body in map(json.loads, lines)
    }
    assert {number: one.get("code") for number, one in kinds.items()} == {
        "2": "first",
        "3": "first",
        "4": "follow-up",
    }


def test_one_number_of_two_systems_is_two_appointments(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", visit(), visit(appointment="urn:example:other|1"))
    assert said(command("check", "a.csv", "--json")) == outcome("check", (2, 2, 0))


def test_a_row_that_breaks_a_rule_is_known_by_its_appointment_alone() -> None:
    site('appointment_system = "urn:example:visits"')
    write("a.csv", visit(1), visit(1, appointment="1", patient="", status="gone"))
    write("b.csv", visit(1, appointment="", status="gone"), visit(1, appointment="x|1"))
    paths = [Path("a.csv"), Path("b.csv")]
    sources = Sources(paths, load("alliance.toml"), Catalog())
    good, wrong, *unknown = sources.records()
    assert wrong.key == good.key != ""
    assert [one.key for one in unknown] == ["", ""]


def test_a_row_that_breaks_a_rule_spoils_no_other_of_its_appointment(
    command: Callable[..., Ran],
) -> None:
    site()
    write("a.csv", visit(1), visit(1, status="gone"))
    shape = outcome("check", (2, 1, 1), [finding(3, "status", "unknown-status")], code=4)
    for more in ((), ("--limit", "9")):
        assert said(command("check", "a.csv", *more, "--json")) == shape


CODES = "http://terminology.hl7.org/CodeSystem/v2-"
OF_SITE = "https://alliance-fhir.github.io/id/clinic-east/code/"


@pytest.mark.parametrize(
    ("column", "told", "meant"),
    [
        # HL7's own tables, in upper or lower case; a site's codes where these do not have one
        ("status_code", "noSHOW", f"{CODES}0278|Noshow"),
        ("status_code", "DNA", f"{OF_SITE}status|DNA"),
        ("reason_code", "followup", f"{CODES}0276|FOLLOWUP"),
        ("reason_code", "F32.9", f"{OF_SITE}reason|F32.9"),
        ("appointment_type_code", "NORMAL", f"{CODES}0277|Normal"),
        ("service_code", "Normal", f"{OF_SITE}service|Normal"),
        ("event_reason_code", "BOOK", f"{OF_SITE}event_reason|BOOK"),
        ("service_code", "http://snomed.info/sct|228557008", "http://snomed.info/sct|228557008"),
    ],
)
def test_the_system_of_a_code(column: str, told: str, meant: str) -> None:
    site()
    write("a.csv", {**FULL, column: told})
    assert as_rows("a.csv") == [{**FULL, column: meant}]


def test_a_code_without_words_stands_for_them() -> None:
    site()
    words = ("service", "reason", "appointment_type", "event_reason")
    write("a.csv", FULL | dict.fromkeys(words, ""))
    codes = {name: FULL[f"{name}_code"].partition("|")[2] for name in words}
    assert as_rows("a.csv") == [FULL | codes]


@pytest.mark.parametrize(
    ("clinician", "others", "meant"),
    [
        ("kurtz", "lindqvist; kurtz ;lindqvist;", ("kurtz", "lindqvist")),
        ("", "lindqvist;park", ("lindqvist", "park")),
        ("kurtz", "kurtz", ("kurtz", "")),
        ("kurtz", "urn:x|lee;park", ("kurtz", "urn:x|lee;urn:example:staff|park")),
    ],
)
def test_who_else_is_there(clinician: str, others: str, meant: tuple[str, str]) -> None:
    site('clinician_system = "urn:example:staff"')
    write("a.csv", {**FULL, "clinician": clinician, "other_clinicians": others})
    full = [f"urn:example:staff|{one}" if one and "|" not in one else one for one in meant]
    assert as_rows("a.csv") == [{**FULL, "clinician": full[0], "other_clinicians": full[1]}]


def test_a_number_of_whoever_asked_that_is_the_appointments_own_says_nothing() -> None:
    site()
    write("a.csv", {**FULL, "placer": FULL["appointment"]})
    assert as_rows("a.csv") == [{**FULL, "placer": ""}]


def test_a_missed_start_is_the_one_that_it_was_moved_from() -> None:
    """However its time is written; and each once."""
    site()
    write("a.csv", {**FULL, "missed": "2026-03-12T13:30Z; 2026-03-12T09:30:00-04:00;"})
    assert as_rows("a.csv") == [{**FULL, "missed": "2026-03-12T09:30:00-04:00"}]
