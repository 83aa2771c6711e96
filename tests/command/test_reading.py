"""What is found out about a file by looking at it, and what a site says of its own files."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .books import book, typed
from .tables import (
    SECRET,
    Row,
    check_in,
    csq,
    finding,
    keeps_silent,
    long_rows,
    mapped,
    outcome,
    resources,
    said,
    site,
    srs,
    text,
    without_place,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

CLINIC: list[Row] = [
    srs("7.5", "8", "9.25", "10", language="en", mode="paper"),
    srs("7.5", "8", "", "10", session="2", completed_at="2026-03-10T09:30"),
    csq(clinician="urn:example:staff|kurtz", total="24"),
    check_in(appointment="urn:example:visit|8841"),
    {**srs("", "", "", "", session="3"), "total": "30.50"},
]
"""Records of several instruments, with and without answers, at a day and at a time."""
ZONE = 'zone = "Europe/Berlin"'


def base(command: Callable[..., Ran]) -> dict[str, bytes]:
    """The clinic's records as the plainest file gives them."""
    Path("plain").mkdir()
    write("plain/a.csv", *CLINIC)
    return mapped(command, "plain/a.csv", "--config", "alliance.toml", to="plain-out")


# --- one meaning, many files ----------------------------------------------------------------------

PLAIN = text(CLINIC)
SPELLINGS = {
    "semicolons": text(CLINIC, delimiter=";").encode(),
    "tabs": text(CLINIC, delimiter="\t").encode(),
    "a byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "CR and LF": text(CLINIC, ends="\r\n").encode(),
    "CR alone": text(CLINIC, ends="\r").encode(),
    "no line end at the end": PLAIN.rstrip("\n").encode(),
    "blank lines at the end": (PLAIN + "\n\n\n").encode(),
    "every cell in quotes": "".join(
        ",".join(f'"{cell}"' for cell in line.split(",")) + "\n" for line in PLAIN.splitlines()
    ).encode(),
    "UTF-16 with little ends first": PLAIN.encode("utf-16"),
    "UTF-16 with big ends first": b"\xfe\xff" + PLAIN.encode("utf-16-be"),
    "names in capitals, with blanks": (
        PLAIN.splitlines(keepends=True)[0].upper().replace(",", " , ")
        + "".join(PLAIN.splitlines(keepends=True)[1:])
    ).encode(),
    "items as item_01": PLAIN.replace("item_", "item_0", 8).encode(),
}
"""The same file, written otherwise: byte for byte the same comes out."""


@pytest.mark.parametrize("name", SPELLINGS)
def test_the_same_file_written_otherwise_gives_the_same_bytes(
    name: str, command: Callable[..., Ran]
) -> None:
    site(ZONE)
    plain = base(command)
    Path("a.csv").write_bytes(SPELLINGS[name])
    assert mapped(command, "a.csv") == plain


def test_empty_cells_at_the_ends_of_rows_change_nothing(command: Callable[..., Ran]) -> None:
    site(ZONE)
    plain = base(command)
    header, *lines = PLAIN.splitlines()
    Path("a.csv").write_text("\n".join([header, *(f"{line},,," for line in lines)]))
    assert mapped(command, "a.csv") == plain


def test_blanks_around_cells_change_nothing(command: Callable[..., Ran]) -> None:
    site(ZONE)
    plain = base(command)
    write("a.csv", *({name: f"  {cell}\t" for name, cell in row.items()} for row in CLINIC))
    assert without_place(mapped(command, "a.csv")) == without_place(plain)


def test_wide_long_and_workbook_give_the_same_bytes(command: Callable[..., Ran]) -> None:
    site(ZONE)
    plain = base(command)
    write("long.csv", *(row for wide in CLINIC for row in long_rows(wide)))
    book("book.xlsx", *CLINIC)
    from_long = mapped(command, "long.csv", to="from-long")
    from_book = mapped(command, "book.xlsx", to="from-book")
    assert from_book.keys() == from_long.keys() == plain.keys()
    for name in plain.keys() - {"Provenance.ndjson"}:  # they name file and row
        assert from_long[name] == plain[name]
        assert from_book[name] == plain[name]
    assert without_place(from_long) == without_place(plain)
    assert without_place(from_book) == without_place(plain)


def test_a_workbook_of_numbers_and_dates_tells_the_same(command: Callable[..., Ran]) -> None:
    site(ZONE)
    rows = CLINIC[:-1]  # 30.50 as a number is 30.5
    write("a.csv", *rows)
    book("a.xlsx", *rows, like=typed)
    assert without_place(mapped(command, "a.xlsx", to="from-book")) == without_place(
        mapped(command, "a.csv", to="from-text")
    )


@pytest.mark.parametrize("seed", range(4))
def test_rows_and_columns_may_come_in_any_order(seed: int, command: Callable[..., Ran]) -> None:
    site(ZONE)
    plain = base(command)
    rows = list(CLINIC)
    names = list({name: None for row in rows for name in row})
    random.Random(seed).shuffle(rows)  # noqa: S311
    random.Random(seed).shuffle(names)  # noqa: S311
    write("a.csv", *({name: row.get(name, "") for name in names} for row in rows))
    assert without_place(mapped(command, "a.csv")) == without_place(plain)


def test_one_file_or_many_gives_the_same_records(command: Callable[..., Ran]) -> None:
    site(ZONE)
    plain = base(command)
    Path("many").mkdir()
    for number, row in enumerate(CLINIC):
        write(f"many/{number}.csv", row)
    ran = mapped(command, "many", "--config", "alliance.toml")
    assert without_place(ran) == without_place(plain)


# --- rows are numbered as a spreadsheet shows them ------------------------------------------------


def test_blank_lines_count_and_say_nothing(command: Callable[..., Ran]) -> None:
    site()
    header, good, bad = text([srs(), srs(session="0")]).splitlines()
    Path("a.csv").write_text("\n".join(["", "", header, "", good, "", "", bad, "", good]))
    ran = command("check", "a.csv", "--json")
    named = finding(8, "session", "not-a-session")
    doubles = [finding(10, "", "duplicate-equal")]
    assert said(ran) == outcome("check", (3, 1, 1), [named], code=4, warnings=doubles)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found_below_blank_lines(
    delimiter: str, command: Callable[..., Ran]
) -> None:
    site()
    Path("a.csv").write_text("\n\n" + text([srs()], delimiter=delimiter))
    assert said(command("check", "a.csv", "--json")) == outcome("check", (1, 1, 0))


def test_delimiters_inside_of_quoted_names_do_not_mislead(command: Callable[..., Ran]) -> None:
    site('columns.patient = "who; and where; in the file; of ours"')
    row = srs()
    renamed = {"who; and where; in the file; of ours": row.pop("patient"), **row}
    write("a.csv", renamed)
    assert said(command("check", "a.csv", "--json")) == outcome("check", (1, 1, 0))


# --- what a site says -----------------------------------------------------------------------------


def told(command: Callable[..., Ran], *toml: str, rows: list[Row], like: list[Row]) -> None:
    """A site's own file gives byte for byte what the canonical file gives."""
    site()
    write("a.csv", *like)
    canonical = mapped(command, "a.csv", to="canonical")
    site(*toml)
    write("a.csv", *rows)
    ours = mapped(command, "a.csv", to="ours")
    for name in canonical.keys() - {"Provenance.ndjson"}:  # they have a digest of the cells
        assert ours[name] == canonical[name]
    assert ours.keys() == canonical.keys()


def test_a_delimiter_may_be_set(command: Callable[..., Ran]) -> None:
    site('delimiter = "^"')
    write("a.csv", srs(), delimiter="^")
    assert said(command("check", "a.csv", "--json")) == outcome("check", (1, 1, 0))


def test_an_encoding_may_be_set(command: Callable[..., Ran]) -> None:
    rows = [srs(patient="urn:example:mrn|Zoë€1"), srs(session="2")]
    Path("a.csv").write_bytes(text(rows).encode("windows-1252"))
    site()
    ran = command("check", "a.csv", "--json")
    assert said(ran) == outcome("check", (2, 1, 1), [finding(2, "", "wrong-encoding")], code=4)
    site('encoding = "windows-1252"')
    mapped(command, "a.csv")
    patients = [
        r["subject"]["identifier"]["value"] for r in resources("out", "QuestionnaireResponse")
    ]
    assert patients == ["Zoë€1", "Aurelia-0815"]


@pytest.mark.parametrize("encoding", ["utf-8", "UTF_8", "utf8", "utf-8-sig"])
def test_a_byte_order_mark_is_none_of_the_first_name(
    encoding: str, command: Callable[..., Ran]
) -> None:
    site(f'encoding = "{encoding}"')
    Path("a.csv").write_bytes(b"\xef\xbb\xbf" + text([srs()]).encode())
    assert said(command("check", "a.csv", "--json")) == outcome("check", (1, 1, 0))


def test_rows_of_empty_cells_are_no_rows(command: Callable[..., Ran]) -> None:
    """As spreadsheets write them; the rows after them keep their numbers."""
    site()
    path = write("a.csv", srs(), srs(session="2", patient=""))
    header, first, second = path.read_text(encoding="utf-8").splitlines()
    empty = "," * header.count(",")
    path.write_text("\n".join([header, empty, first, f" {empty} ", second]), encoding="utf-8")
    named = finding(5, "patient", "required")
    assert said(command("check", "a.csv", "--json")) == outcome("check", (2, 1, 1), [named], code=4)


def test_a_decimal_comma_may_be_set_and_points_are_understood_as_well(
    command: Callable[..., Ran],
) -> None:
    told(
        command,
        'decimal_mark = ","',
        rows=[srs("7,5", "8.0", "9,25", "10", total="34,75")],
        like=[srs("7.5", "8.0", "9.25", "10", total="34.75")],
    )


def test_columns_may_have_names_of_the_site(command: Callable[..., Ran]) -> None:
    row = csq(total="24")
    theirs = {
        "PatNr ": row["patient"],
        "FORM": row["instrument"],
        "Sicht": row["rater"],
        "Datum": row["completed_at"],
        "Sitzung": row["session"],
        "Summe": row["total"],
        **{f"csq.{n:02}(x)": row[f"item_{n}"] for n in range(1, 9)},
    }
    told(
        command,
        "[columns]",
        'patient = "patnr"',
        'instrument = "Form"',
        'rater = "Sicht"',
        'completed_at = "Datum"',
        'session = "Sitzung"',
        'total = "Summe"',
        '"item_*" = "CSQ.*(x)"',
        rows=[theirs],
        like=[row],
    )


def test_a_pattern_stands_for_numbers_only(command: Callable[..., Ran]) -> None:
    site('columns = {"item_*" = "q*"}')
    row = srs()
    for number in range(1, 5):
        row[f"q{number}"] = row.pop(f"item_{number}")
    write("a.csv", {**row, "quality": SECRET})
    ran = command("check", "a.csv", "--json")
    warnings = [finding(0, "quality", "unknown-column")]
    assert said(ran) == outcome("check", (1, 1, 0), warnings=warnings)
    keeps_silent(ran)


def test_columns_of_the_long_layout_may_be_renamed(command: Callable[..., Ran]) -> None:
    rows = [
        {"Frage" if k == "item" else "Antwort" if k == "value" else k: v for k, v in row.items()}
        for row in long_rows(srs())
    ]
    told(
        command,
        'columns = {item = "Frage", value = "Antwort"}',
        rows=rows,
        like=long_rows(srs()),
    )


def test_constants_stand_for_columns_and_for_empty_cells(command: Callable[..., Ran]) -> None:
    row = srs(session="")
    for name in ("instrument", "rater", "mode"):
        del row[name]
    told(
        command,
        "[constants]",
        'instrument = "srs"',
        'rater = "patient"',
        'mode = "paper"',
        'session = "4"',
        rows=[row, {**row, "session": "5"}],
        like=[srs(mode="paper", session="4"), srs(mode="paper", session="5")],
    )


def test_a_site_may_have_its_own_words(command: Callable[..., Ran]) -> None:
    theirs = check_in("ten", "5", "n/a", "6", "a bit", "SOME", "none", rater="Klient", mode="Bogen")
    told(
        command,
        'values.rater = {klient = "patient"}',
        'values.mode = {" Bogen " = "paper"}',
        'values.instrument = {"Check" = "check-in"}',
        'values.items = {"ten" = "10", "N/A" = "", "a bit" = "strong"}',
        'values.item_5 = {"A BIT" = "some"}',
        rows=[{**theirs, "instrument": "CHECK"}],
        like=[check_in("10", "5", "", "6", "some", "some", "none", mode="paper")],
    )


def test_a_word_for_not_answered_is_one_for_codes_as_well(command: Callable[..., Ran]) -> None:
    told(
        command,
        'values.items = {"NA" = "", "never" = "1"}',
        rows=[csq("NA", "Never", "3", "3", "3", "3", "3", "3")],
        like=[csq("", "1", "3", "3", "3", "3", "3", "3")],
    )


def test_labels_of_a_scale_are_understood_in_any_case(command: Callable[..., Ran]) -> None:
    items = {f"item_{n}": "5" for n in range(1, 13)}
    row = {**srs(), "instrument": "wai-sr", **items}
    told(
        command,
        rows=[{**row, "item_1": "always", "item_2": "SELDOM", "item_3": " Always "}],
        like=[{**row, "item_2": "1"}],
    )


def test_a_code_for_no_answer_is_no_answer(command: Callable[..., Ran]) -> None:
    row = {**srs(), "instrument": "dialog", **{f"item_{n}": "4" for n in range(1, 12)}}
    told(command, rows=[{**row, "item_3": "8"}], like=[{**row, "item_3": ""}])


@pytest.mark.parametrize(
    ("pattern", "theirs", "ours"),
    [
        ("%d.%m.%Y", "09.03.2026", "2026-03-09"),
        ("%d.%m.%Y %H:%M", "09.03.2026 14:10", "2026-03-09T14:10:00+01:00"),
        ("%m/%d/%y %I:%M %p", "03/09/26 02:10 PM", "2026-03-09T14:10:00+01:00"),
        ("%d.%m.%Y %X", "09.03.2026 14:10:05", "2026-03-09T14:10:05+01:00"),
        ("%x %X", "03/09/26 14:10:05", "2026-03-09T14:10:05+01:00"),
        ("%c", "Mon Mar  9 14:10:05 2026", "2026-03-09T14:10:05+01:00"),
        ("%j of %Y, %H h", "068 of 2026, 14 h", "2026-03-09T14:00:00+01:00"),
        ("%G-W%V-%u", "2026-W11-1", "2026-03-09"),
        ("%d.%m.%Y %%H", "09.03.2026 %H", "2026-03-09"),
        ("%d.%m.%Y %H:%M %z", "09.03.2026 14:10 +0300", "2026-03-09T14:10:00+03:00"),
        ("%d.%m.%Y %H:%M", "09.03.2026", "2026-03-09"),
        ("%Y-%m-%dT%H:%M", "2026-03-09", "2026-03-09"),
        ("%d.%m.%Y", "2026-03-09", "2026-03-09"),
        ("%d.%m.%Y", "2026-03-09T14:10", "2026-03-09T14:10:00+01:00"),
    ],
)
def test_dates_may_have_a_format_of_the_site(
    pattern: str, theirs: str, ours: str, command: Callable[..., Ran]
) -> None:
    site(f'date_format = "{pattern}"', ZONE)
    write("a.csv", srs(completed_at=theirs))
    mapped(command, "a.csv")
    assert [r["authored"] for r in resources("out", "QuestionnaireResponse")] == [ours]


def test_a_date_that_does_not_fit_the_format_is_none(command: Callable[..., Ran]) -> None:
    site('date_format = "%d.%m.%Y"')
    write("a.csv", srs(completed_at="31.02.2026"), srs(completed_at="3/9/2026"))
    named = [finding(row, "completed_at", "not-a-date") for row in (2, 3)]
    ran = command("check", "a.csv", "--json")
    assert said(ran) == outcome("check", (2, 0, 2), named, code=4)


@pytest.mark.parametrize("pattern", ["%H:%M %d.%m.%Y", "%d. %H:%M %m/%Y", "%d.%m. %H:%M %Y"])
def test_no_day_is_made_of_part_of_one(pattern: str, command: Callable[..., Ran]) -> None:
    site(f'date_format = "{pattern}"', ZONE)
    days = ("09.03.2026", "09.", "09.03.")
    write("a.csv", *(srs(completed_at=day) for day in days))
    named = [finding(row, "completed_at", "not-a-date") for row in (2, 3, 4)]
    ran = command("check", "a.csv", "--json")
    assert said(ran) == outcome("check", (3, 0, 3), named, code=4)


def test_bare_identifiers_take_the_systems_of_the_site(command: Callable[..., Ran]) -> None:
    told(
        command,
        'patient_system = "urn:example:mrn"',
        'clinician_system = "https://clinic.example/staff"',
        'appointment_system = "urn:oid:1.2.3"',
        rows=[srs(patient="Aurelia-0815", clinician="kurtz", rater_id="m 7", appointment="8841")],
        like=[
            srs(
                clinician="https://clinic.example/staff|kurtz",
                rater_id="https://clinic.example/staff|m 7",
                appointment="urn:oid:1.2.3|8841",
            )
        ],
    )


def test_a_value_may_hold_a_bar_only_where_a_system_stands_before_it(
    command: Callable[..., Ran],
) -> None:
    """What stands before the last bar is the system: so this is no URI."""
    site('patient_system = "urn:example:mrn"')
    write("a.csv", srs(patient="a|b"))
    ran = command("check", "a.csv", "--json")
    assert ran.json["rejected"] == [finding(2, "patient", "not-an-identifier")]


def test_a_language_of_the_site_is_accepted_for_its_instrument(command: Callable[..., Ran]) -> None:
    site('instruments.srs = {languages = ["es"]}')
    rows = [srs(language=tag, session=str(n)) for n, tag in enumerate(("es", "es-MX", "ES"), 1)]
    write("a.csv", *rows, srs(language="de"), csq(language="es"))
    ran = command("map", "a.csv", "--out", "out", "--json")
    named = [finding(row, "language", "language-not-known") for row in (5, 6)]
    assert ran.json["rejected"] == named
    languages = [r["language"] for r in resources("out", "QuestionnaireResponse")]
    assert languages == ["es", "es-MX", "es"]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        *(("DE", "de"), ("de_DE", "de-DE"), ("de-de", "de-DE"), ("pt-br", "pt-BR")),
        *(("ZH_hant_tw", "zh-Hant-TW"), ("es-419", "es-419"), ("De-1996", "de-1996")),
    ],
)
def test_a_language_is_written_as_the_standard_recommends(
    theirs: str, ours: str, command: Callable[..., Ran]
) -> None:
    """RFC 5646, 2.1.1."""
    site('instruments.srs = {languages = ["DE", "pt_br", "zh-hant", "es"]}')
    write("a.csv", srs(language=theirs))
    mapped(command, "a.csv")
    assert [r["language"] for r in resources("out", "QuestionnaireResponse")] == [ours]


@pytest.mark.parametrize("tag", ["de_DE.UTF-8", "german", "de-", "d", "de--DE", "x-klingon"])
def test_what_is_no_language_tag_is_told_in_rows_and_settings(
    tag: str, command: Callable[..., Ran]
) -> None:
    site()
    write("a.csv", srs(language=tag))
    assert command("check", "a.csv", "--json").json["rejected"] == [
        finding(2, "language", "not-a-language")
    ]
    site(f'instruments.srs = {{languages = ["es", "{tag}"]}}')
    message = "alliance.toml: instruments.srs.languages.1: use tags such as en or pt-BR"
    assert command("check", "a.csv") == (2, "", f"error: {message}\n")


def test_instruments_raters_and_modes_are_told_in_any_case(command: Callable[..., Ran]) -> None:
    words = {"instrument": " SRS@1.0 ", "rater": " Patient ", "mode": " PAPER"}
    told(command, rows=[{**srs(), **words}], like=[srs(mode="paper")])
    told(
        command,
        'constants = {instrument = " Srs ", rater = " PATIENT", mode = "Paper "}',
        rows=[srs(instrument="", rater="")],
        like=[srs(mode="paper")],
    )
    told(
        command,
        'values = {instrument = {x = " SRS "}, rater = {y = "Patient "}, mode = {z = "Paper "}}',
        rows=[srs(instrument="X", rater="Y", mode="Z")],
        like=[srs(mode="paper")],
    )
    for name in ("WAI_SR", "wai sr", "wai-sr @ 2"):
        write("a.csv", srs(instrument=name))
        (named,) = command("check", "a.csv", "--json").json["rejected"]
        assert (named["column"], named["rule"]) == ("instrument", "unknown-instrument")


def test_a_rule_for_missing_answers_may_be_chosen(command: Callable[..., Ran]) -> None:
    write("a.csv", srs("7", "8", "9", ""))
    site('instruments.srs = {missing = "prorate"}')
    mapped(command, "a.csv")
    totals = [o.get("valueQuantity", {}).get("value") for o in resources("out", "Observation")]
    assert "32.00" in totals
    site('instruments.check-in = {missing = "prorate"}')
    write("a.csv", check_in())
    ran = command("check", "a.csv")
    assert (ran.code, ran.out) == (5, "")
    assert ran.err == "error: check-in: only sums and means can be prorated\n"
