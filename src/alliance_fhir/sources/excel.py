"""Rows of a sheet of an .xlsx workbook, as a stream, as text."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from alliance_fhir.config import Settings
from alliance_fhir.domain.receipt import RULES
from alliance_fhir.errors import InputError
from alliance_fhir.sources.cells import Cells, Spoilt, Tell, sound

FORMULA = "="
"""What stands for a cell that holds a formula; a text that looks like one is refused as well."""
_ONE = "the first was read. Name one as `sheet` in alliance.toml, or save each as a file."
MOST_UNPACKED = 2 * 1024**3
"""Bytes: a workbook of a million rows of assessments unpacks to about a quarter of it."""
MOST_RATIO = 200
"""How much smaller packed than unpacked; workbooks seen reach 30, bombs begin at 1,000."""


def rows(
    path: Path, settings: Settings, known: Callable[[str], bool], tell: Tell
) -> Iterator[Cells]:
    """A sheet's rows, cells as text: whole numbers without a point, times as ISO 8601.

    It is the sheet that the settings name, else the first; then others that hold something are
    told, by their number: what they are called may be a patient's name. A row that holds a formula
    comes as the rule `formula`. Raises InputError where the file is no workbook, has no such sheet,
    or unpacks to more than a workbook does.
    """
    _guard(path)
    # openpyxl warns of odd cells, with their values in it: those are for nobody's screen
    warnings.filterwarnings("ignore", module="openpyxl")
    from openpyxl import load_workbook  # takes 0.2 s, which other commands need not wait

    with ExitStack() as whole:
        try:
            # our own file, as openpyxl does not close one that is no workbook after all
            file = whole.enter_context(path.open("rb"))
            # read_only: a stream; data_only=False: a formula shows as one, not as old values
            book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
            whole.callback(book.close)
            yield from _rows(_sheet(book, path, settings.sheet, tell))
        except InputError:
            raise
        except Exception:  # openpyxl lets through whatever its parts raise on a broken workbook
            raise _no_workbook(path) from None


def _sheet(book: Any, path: Path, name: str, tell: Tell) -> Any:
    if name:
        for sheet in book.worksheets:
            if sheet.title.strip().casefold() == name.strip().casefold():  # as spreadsheets do
                return sheet
        raise InputError(path, "missing-sheet", RULES["missing-sheet"])
    first, *others = book.worksheets
    if count := sum(map(_holds_something, others)):
        what = "1 other sheet holds" if count == 1 else f"{count} other sheets hold"
        tell("other-sheets", f"{what} something; {_ONE}")
    return first


def _holds_something(sheet: Any) -> bool:
    sheet.reset_dimensions()
    return any(cell.value is not None for row in sheet.iter_rows() for cell in row)


def _rows(sheet: Any) -> Iterator[Cells]:
    sheet.reset_dimensions()  # what a workbook says of its own size is often wrong
    width = 0
    for number, row in enumerate(sheet.iter_rows(), 1):
        values = [(cell.value, cell.data_type) for cell in row]
        cells = [FORMULA if kind == "f" else as_text(value) for value, kind in values]
        cells += [""] * (width - len(cells))  # empty cells at the end need not be there
        if FORMULA in cells:
            yield number, Spoilt("formula", cells)
        elif any(cells):
            width = width or len(cells)
            yield number, sound(cells)


def _no_workbook(path: Path) -> InputError:
    return InputError(path, "not-a-spreadsheet", "Save it again as .xlsx, or as CSV.")


def _guard(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = [(part.file_size, part.compress_size) for part in archive.infolist()]
    except OSError as error:
        raise InputError(path, "unreadable-file", str(error.strerror)) from None
    except zipfile.BadZipFile:
        raise _no_workbook(path) from None
    unpacked = sum(size for size, _ in sizes)
    packed = max(sum(packed for _, packed in sizes), 1)
    if unpacked > MOST_UNPACKED or (unpacked > 10 * 1024**2 and unpacked / packed > MOST_RATIO):
        raise InputError(path, "zip-bomb", "It unpacks to far more than a workbook does.")


def as_text(value: object) -> str:
    """A cell's value as a person would have typed it into a CSV file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        # a spreadsheet keeps a day as midnight of that day
        return (value.date() if value.time() == time() else value).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value).strip()
