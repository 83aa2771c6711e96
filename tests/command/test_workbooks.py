"""Workbooks, as spreadsheets save them and as no spreadsheet should."""

from __future__ import annotations

import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from openpyxl import Workbook

from alliance_fhir.sources.excel import as_text

from .books import bomb, book, edited, sheet, typed
from .tables import (
    SECRET,
    check_in,
    columns,
    csq,
    finding,
    keeps_silent,
    mapped,
    outcome,
    resources,
    said,
    site,
    srs,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conftest import Ran

    from .books import Cell
    from .tables import Row

BERLIN = 'zone = "Europe/Berlin"'
NO_WORKBOOK = "Save it again as .xlsx, or as CSV."
HEADER = columns([srs()])


def test_numbers_days_and_times_are_read_as_a_person_would_type_them(
    command: Callable[..., Ran],
) -> None:
    site(BERLIN)
    rows = [
        srs("7.5", "8", "9.25", "10"),
        srs(completed_at="2026-03-09T14:10", session="2"),
        csq(),
        check_in(),
    ]
    book("a.xlsx", *rows, like=typed)
    assert command("check", "a.xlsx", "--json").code == 0
    as_book = mapped(command, "a.xlsx", to="from-book")
    # what a spreadsheet shows of 8.0 is 8
    rows[1] = srs("7.5", "8", "9.25", "10", completed_at="2026-03-09T14:10", session="2")
    write("a.csv", *rows)
    as_text_file = mapped(command, "a.csv", to="from-text")
    assert as_book.keys() == as_text_file.keys()
    for name in as_book.keys() - {"Provenance.ndjson"}:  # those name the file
        assert as_book[name] == as_text_file[name]
    assert {r["authored"] for r in resources("from-book", "QuestionnaireResponse")} == {
        "2026-03-09",
        "2026-03-09T14:10:00+01:00",
    }


def test_the_first_sheet_counts_and_blank_rows_are_counted(command: Callable[..., Ran]) -> None:
    site()
    path = book("a.xlsx", srs(), srs(session="0"), like=typed)
    edited(path, rb'<row r="3"', b'<row r="7"')
    ran = command("check", "a.xlsx", "--json")
    named = finding(7, "session", "not-a-session", path="a.xlsx")
    assert said(ran) == outcome("check", (2, 1, 1), [named], code=4)


@pytest.mark.parametrize("dimension", [b"A1", b"A1:B2", b"A1:N2", b"A1:C3", b""])
def test_what_a_workbook_says_of_its_own_size_is_not_believed(
    dimension: bytes, command: Callable[..., Ran]
) -> None:
    site()
    path = book("a.xlsx", srs(), srs(session="2"), srs(session="3"))
    said_so = b'<dimension ref="%s"/>' % dimension if dimension else b""
    edited(path, rb"<dimension [^>]*/>", said_so)
    assert said(command("check", "a.xlsx", "--json")) == outcome("check", (3, 3, 0))


def test_empty_cells_at_the_end_of_a_row_need_not_be_there(command: Callable[..., Ran]) -> None:
    site()
    row: list[Cell] = [*srs().values()]
    cells = [[*HEADER, "total"], row, [*row[:6], "2", *row[7:-1]], [*row, None, "", "more"]]
    sheet("a.xlsx", cells, stream=True)
    ran = command("check", "a.xlsx", "--json")
    named = finding(4, "", "too-many-cells", path="a.xlsx")
    assert said(ran) == outcome("check", (3, 2, 1), [named], code=4)


def test_a_formula_rejects_its_row_and_no_other(command: Callable[..., Ran]) -> None:
    site()
    mine = f"urn:example:mrn|{SECRET}"
    book("a.xlsx", srs(), srs("=1+1", patient=mine), srs(patient="=cmd|'/C calc'!A0"), csq())
    ran = command("check", "a.xlsx", "--json")
    named = [finding(row, "", "formula", path="a.xlsx") for row in (3, 4)]
    assert said(ran) == outcome("check", (4, 2, 2), named, code=4)
    keeps_silent(ran)


def test_a_formula_over_many_cells_is_a_formula(command: Callable[..., Ran]) -> None:
    site()
    path = book("a.xlsx", srs(), srs(session="2"))
    edited(
        path, rb'<c r="K3"[^>]*>.*?</c>', b'<c r="K3"><f t="array" ref="K3">A1+1</f><v>7</v></c>'
    )
    ran = command("check", "a.xlsx", "--json")
    named = finding(3, "", "formula", path="a.xlsx")
    assert said(ran) == outcome("check", (2, 1, 1), [named], code=4)


def test_text_that_looks_like_a_formula_is_one(command: Callable[..., Ran]) -> None:
    site()
    path = book("a.xlsx", srs(), srs(clinician="'=1+1"))
    edited(path, rb"'=1\+1", b"=1+1")
    ran = command("check", "a.xlsx", "--json")
    named = finding(3, "", "formula", path="a.xlsx")
    assert said(ran) == outcome("check", (2, 1, 1), [named], code=4)


def not_a_zip(path: Path) -> None:
    path.write_bytes(f"{SECRET},1,2".encode())


def cut(path: Path) -> None:
    book(str(path), srs(patient=SECRET))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def another_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(SECRET, SECRET)


def broken_xml(path: Path) -> None:
    edited(book(str(path), srs(patient=SECRET)), rb"<sheetData>", b"<")


def laughing(path: Path) -> None:
    """Entities within entities: a billion laughs."""
    laughs = b'<!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><worksheet'
    edited(book(str(path), srs(patient=SECRET)), rb"<worksheet", laughs)


@pytest.mark.parametrize("make", [not_a_zip, cut, another_zip, broken_xml, laughing])
def test_what_is_no_workbook_is_named_and_other_files_go_on(
    make: Callable[[Path], None], command: Callable[..., Ran]
) -> None:
    site()
    make(Path("a.xlsx"))
    write("b.csv", srs())
    ran = command("check", "a.xlsx", "b.csv", "--json")
    named = finding(0, "", "not-a-spreadsheet", NO_WORKBOOK, path="a.xlsx")
    assert said(ran)["rejected"] == [named]
    assert (ran.code, ran.err, ran.json["records"]["accepted"]) == (3, "", 1)
    keeps_silent(ran)


def test_an_empty_sheet_is_an_empty_file(command: Callable[..., Ran]) -> None:
    site()
    sheet("a.xlsx", [])
    ran = command("check", "a.xlsx", "--json")
    named = finding(0, "", "empty-file", path="a.xlsx")
    assert said(ran) == outcome("check", (0, 0, 0), [named], code=3)


def test_a_bomb_is_not_unpacked(command: Callable[..., Ran]) -> None:
    site()
    bomb(Path("a.xlsx"), megabytes=40)
    assert Path("a.xlsx").stat().st_size < 40 * 1024**2 / 200
    ran = command("check", "a.xlsx", "--json")
    remedy = "It unpacks to far more than a workbook does."
    named = finding(0, "", "zip-bomb", remedy, path="a.xlsx")
    assert said(ran) == outcome("check", (0, 0, 0), [named], code=3)


def test_a_workbook_that_unpacks_to_more_than_memory_holds_is_left_alone(
    command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    site()
    book("a.xlsx", srs())
    monkeypatch.setattr("alliance_fhir.sources.excel.MOST_UNPACKED", 1_000)
    assert said(command("check", "a.xlsx", "--json"))["rejected"][0]["rule"] == "zip-bomb"


def test_a_cell_that_openpyxl_warns_of_is_not_shown(command: Callable[..., Ran]) -> None:
    """A number that no date is, in a cell with the format of dates: the warning has its value."""
    site()
    path = book("a.xlsx", srs(), srs(completed_at="2026-03-10", session="2"), like=typed)
    edited(path, rb"<v>46091</v>", b"<v>47114711</v>")
    ran = command("check", "a.xlsx", "--json")
    named = finding(3, "completed_at", "not-a-date", path="a.xlsx")
    assert said(ran) == outcome("check", (2, 1, 1), [named], code=4)
    assert "47114711" not in ran.out + ran.err
    assert ran.err == ""


def test_real_dates_are_read_whatever_the_date_format_says(command: Callable[..., Ran]) -> None:
    site('date_format = "%d.%m.%Y"')
    cells: list[list[Cell]] = [HEADER, [*srs().values()], [*srs(session="2").values()]]
    cells[1][5], cells[2][5] = date(2026, 3, 9), "09.03.2026"
    sheet("a.xlsx", cells)
    mapped(command, "a.xlsx")
    authored = [r["authored"] for r in resources("out", "QuestionnaireResponse")]
    assert authored == ["2026-03-09", "2026-03-09"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (3, "3"),
        (3.0, "3"),
        (-2.0, "-2"),
        (7.25, "7.25"),
        (datetime(2026, 3, 9), "2026-03-09"),
        (datetime(2026, 3, 9, 14, 10), "2026-03-09T14:10:00"),
        (date(2026, 3, 9), "2026-03-09"),
        (time(14, 10), "14:10:00"),
        ("  some ", "some"),
    ],
)
def test_a_cell_as_text(value: Cell, text: str) -> None:
    assert as_text(value) == text


# --- several sheets -------------------------------------------------------------------------------

ONE_MORE = (
    "1 other sheet holds something; the first was read. Name one as `sheet` in alliance.toml, or "
    "save each as a file."
)
TWO_MORE = ONE_MORE.replace("1 other sheet holds", "2 other sheets hold")


def sheets(**pages: Sequence[Sequence[Cell]]) -> None:
    """A workbook of these sheets."""
    whole = Workbook()
    whole.remove(whole.worksheets[0])
    for name, cells in pages.items():
        page = whole.create_sheet(name)
        for row in cells:
            page.append(row)
    whole.save("a.xlsx")


def cells_of(*rows: Row) -> list[list[Cell]]:
    """The cells of a sheet of these rows."""
    names = columns(rows)
    return [[*names], *([row.get(name) or None for name in names] for row in rows)]


FIRST, SECOND = cells_of(srs()), cells_of(srs(session="2"), srs(session="3"))


@pytest.mark.parametrize("name", ["check", "map"])
def test_sheets_that_were_not_read_are_told_by_their_number(
    command: Callable[..., Ran], name: str
) -> None:
    """Not by their names: those may be patients'. An empty sheet is none."""
    site()
    words = (name, "a.xlsx", *(("--out", "out") if name == "map" else ()))
    sheets(Ratings=FIRST, Sheet2=[], Sheet3=[])
    assert "warnings" not in said(command(*words, "--json"))
    sheets(Ratings=FIRST, **{SECRET: SECOND}, Sheet3=[])
    one = command(*words, "--json")
    assert one.code == 0
    assert one.json["records"]["read"] == 1
    assert one.json["warnings"] == [finding(0, "", "other-sheets", ONE_MORE, "a.xlsx")]
    sheets(Ratings=FIRST, **{SECRET: SECOND}, More=[[], [None, None, "x"]])
    two = command(*words)
    assert f"  a.xlsx: other-sheets. {TWO_MORE}" in two.out.splitlines()
    keeps_silent(one)
    assert SECRET not in two.out + two.err


def test_a_sheet_of_charts_alone_is_not_counted(command: Callable[..., Ran]) -> None:
    site()
    whole = Workbook()
    for row in FIRST:
        whole.worksheets[0].append(row)
    whole.create_chartsheet("Chart")
    whole.save("a.xlsx")
    assert "warnings" not in said(command("check", "a.xlsx", "--json"))


@pytest.mark.parametrize("first", [[], [["Read me first"]]])
def test_where_the_first_sheet_is_none_the_others_are_told_as_well(
    command: Callable[..., Ran], first: list[list[Cell]]
) -> None:
    site()
    sheets(Cover=first, Ratings=SECOND)
    ran = command("check", "a.xlsx", "--json")
    assert ran.code == 3
    assert ran.json["warnings"] == [finding(0, "", "other-sheets", ONE_MORE, "a.xlsx")]
    assert len(ran.json["rejected"]) == 1


@pytest.mark.parametrize("name", ["Ratings", " ratings "])
def test_the_sheet_that_is_named_is_read(command: Callable[..., Ran], name: str) -> None:
    site(f'sheet = "{name}"')
    sheets(Cover=[["Read me first"]], Ratings=SECOND)
    ran = command("check", "a.xlsx", "--json")
    assert said(ran) == outcome("check", (2, 2, 0))
    write("b.csv", srs())
    assert command("check", "b.csv").code == 0  # a text file has no sheets


def test_a_sheet_that_there_is_not_is_told_and_none_is_read(command: Callable[..., Ran]) -> None:
    site(f'sheet = "{SECRET}"')
    sheets(Ratings=FIRST)
    ran = command("check", "a.xlsx", "--json")
    assert ran.code == 3
    assert said(ran) == outcome(
        "check", (0, 0, 0), [finding(0, "", "missing-sheet", path="a.xlsx")], code=3
    )
    keeps_silent(ran)
