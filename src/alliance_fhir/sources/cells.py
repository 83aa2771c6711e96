"""What every table reader yields, and what no cell of a table may hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

LONGEST_CELL = 32_767
"""Characters: the most that a cell of a spreadsheet holds (Excel's specification)."""


class Spoilt(NamedTuple):
    """The rule that a row breaks as a whole, and its cells as far as they could be told apart."""

    rule: str
    cells: list[str]


Cells = tuple[int, list[str] | Spoilt]
"""A row's number, counted from 1, and its cells; or what is wrong with the row as a whole."""


Tell = Callable[[str, str], None]
"""Takes a rule and a remedy, for what is to be told of a file as a whole although it is read."""


def sound(cells: list[str]) -> list[str] | Spoilt:
    """The cells, if they break no rule."""
    rule = problem(cells)
    return Spoilt(rule, cells) if rule else cells


def problem(cells: Sequence[str]) -> str:
    """The rule that a row of text cells breaks whatever its columns mean, or nothing."""
    text = "".join(cells)
    if "\0" in text:
        return "nul-byte"
    if len(text) > LONGEST_CELL and max(map(len, cells)) > LONGEST_CELL:
        return "cell-too-long"
    if not text.isascii() and any("\udc80" <= c <= "\udcff" for c in text):
        return "wrong-encoding"
    return "formula" if "=" in text and any(is_formula(cell) for cell in cells) else ""


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would run this cell instead of showing it."""
    return cell.lstrip()[:1] == "="
