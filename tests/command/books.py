"""Workbooks for tests: made with openpyxl, and taken apart where no program would make them so."""

from __future__ import annotations

import re
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from openpyxl import Workbook

from .tables import columns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .tables import Row

Cell = str | int | float | bool | date | datetime | time | None


def book(name: str, *rows: Row, like: Callable[[str], Cell] = lambda text: text or None) -> Path:
    """A workbook of these rows; `like` says what a spreadsheet makes of a text."""
    names = columns(rows)
    return sheet(name, [names, *([like(row.get(n, "")) for n in names] for row in rows)])


def typed(text: str) -> Cell:
    """What a spreadsheet makes of what a person types: numbers, days and times."""
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return date.fromisoformat(text)
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d", text):
        return datetime.fromisoformat(text)
    return text or None


def sheet(name: str, cells: Sequence[Sequence[Cell]], *, stream: bool = False) -> Path:
    """A workbook of these cells; as a stream, it does not say how large it is."""
    whole = Workbook(write_only=stream)
    page = whole.create_sheet() if stream else whole.active
    assert page is not None
    for row in cells:
        page.append(row)  # pyright: ignore[reportAttributeAccessIssue]
    path = Path(name)
    whole.save(path)
    return path


def edited(path: Path, pattern: bytes, new: bytes) -> None:
    """Changes the XML of the first sheet."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    page = "xl/worksheets/sheet1.xml"
    parts[page], changes = re.subn(pattern, new, parts[page])
    assert changes == 1
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def bomb(path: Path, megabytes: int) -> None:
    """An archive that unpacks to so many megabytes of zeros."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as part,
    ):
        for _ in range(megabytes):
            part.write(bytes(1024**2))
